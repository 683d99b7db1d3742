//! Matchers: what a value of an answer has to be, written as JSON.
//!
//! A value stands for itself; an object with one member that begins with `$` is a rule.

#[cfg(test)]
mod tests;

use regex::Regex;

use crate::json::{Json, difference};

/// Why the value does not meet the matcher; nothing when it does.
pub fn mismatch(matcher: &Json, value: Option<&Json>) -> Option<String> {
    let Some((rule, argument)) = rule_of(matcher) else {
        return match value {
            Some(value) => difference(matcher, value),
            None => Some(format!("absent, expected {matcher}")),
        };
    };
    if rule == "$absent" {
        return value.map(|value| format!("{value}, expected absent"));
    }
    let Some(value) = value else {
        return Some(format!("absent, expected {matcher}"));
    };
    let met = match rule {
        "$present" => true,
        "$regex" => return against_pattern(argument, value),
        "$length" => Json::Number(value.items().len().to_string()) == *argument,
        "$any" => argument
            .items()
            .iter()
            .any(|m| mismatch(m, Some(value)).is_none()),
        "$all" => argument
            .items()
            .iter()
            .all(|m| mismatch(m, Some(value)).is_none()),
        "$not" => mismatch(argument, Some(value)).is_some(),
        "$each" => value
            .items()
            .iter()
            .all(|item| mismatch(argument, Some(item)).is_none()),
        "$contains" => contains(argument, value),
        "$lacks" => !contains(argument, value),
        "$like" => like(argument, value),
        "$set" => same_set(argument.items(), value.items()),
        _ => return Some(format!("no rule `{rule}`")),
    };
    (!met).then(|| format!("{}, expected {matcher}", shortened(value)))
}

fn rule_of(matcher: &Json) -> Option<(&str, &Json)> {
    match matcher {
        Json::Object(members) => match members.as_slice() {
            [(name, argument)] if name.starts_with('$') => Some((name, argument)),
            _ => None,
        },
        _ => None,
    }
}

fn against_pattern(pattern: &Json, value: &Json) -> Option<String> {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match pattern.as_str().map(Regex::new) {
        Some(Ok(regex)) if regex.is_match(&text) => None,
        Some(Ok(regex)) => Some(format!("{value}, expected {regex}")),
        _ => Some(format!("{pattern} is no pattern")),
    }
}

/// A text contains a text, an array an element that meets the matcher.
fn contains(matcher: &Json, value: &Json) -> bool {
    match value {
        Json::String(text) => matcher.as_str().is_some_and(|part| text.contains(part)),
        _ => value
            .items()
            .iter()
            .any(|item| mismatch(matcher, Some(item)).is_none()),
    }
}

/// The members named are there and meet their matchers; others may be too.
fn like(matcher: &Json, value: &Json) -> bool {
    match matcher {
        Json::Object(members) => members.iter().all(|(name, matcher)| {
            let member = value.get(name);
            match (rule_of(matcher), matcher) {
                (None, Json::Object(_)) => member.is_some_and(|member| like(matcher, member)),
                _ => mismatch(matcher, member).is_none(),
            }
        }),
        _ => mismatch(matcher, Some(value)).is_none(),
    }
}

/// Every matcher meets an element of its own, and none is left; the order does not matter.
fn same_set(matchers: &[Json], items: &[Json]) -> bool {
    let mut left: Vec<&Json> = items.iter().collect();
    let all_met = matchers.iter().all(|matcher| {
        let met = left
            .iter()
            .position(|item| mismatch(matcher, Some(item)).is_none());
        met.map(|at| left.swap_remove(at)).is_some()
    });
    all_met && left.is_empty()
}

fn shortened(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
