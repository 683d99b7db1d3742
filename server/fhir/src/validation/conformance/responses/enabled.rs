//! Whether a question is asked at all (<https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen>).

use std::cmp::Ordering;

use super::{choice, list, text};
use crate::definitions::profiles::Sample;
use crate::definitions::profiles::samples;
use crate::json::{Kind, Value};

/// Whether its conditions hold with these answers.
pub(super) fn is_enabled(question: Value<'_>, response: Value<'_>) -> bool {
    let mut conditions = list(question, "enableWhen")
        .map(|condition| holds(condition, response))
        .peekable();
    if conditions.peek().is_none() {
        return true;
    }
    match text(question, "enableBehavior").as_deref() {
        Some("all") => conditions.all(|holds| holds),
        _ => conditions.any(|holds| holds),
    }
}

fn holds(condition: Value<'_>, response: Value<'_>) -> bool {
    let (Some(link), Some(operator)) = (text(condition, "question"), text(condition, "operator"))
    else {
        return true;
    };
    let Some((name, wanted)) = choice(condition, "answer") else {
        return true;
    };
    let mut answers = Vec::new();
    collect(response, &link, &mut answers);
    if operator == "exists" {
        return wanted.boolean() == Some(!answers.is_empty());
    }
    let type_name = name.strip_prefix("answer").unwrap_or_default();
    answers.iter().any(|answer| {
        let order = compare(*answer, wanted, type_name);
        match &*operator {
            "=" => order == Some(Ordering::Equal),
            "!=" => order != Some(Ordering::Equal),
            ">" => order == Some(Ordering::Greater),
            "<" => order == Some(Ordering::Less),
            ">=" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            _ => true,
        }
    })
}

/// The answers to a question, anywhere in the response.
fn collect<'v>(place: Value<'v>, link: &str, found: &mut Vec<Value<'v>>) {
    for item in list(place, "item") {
        let is_it = text(item, "linkId").as_deref() == Some(link);
        for answer in list(item, "answer") {
            if is_it {
                found.extend(choice(answer, "value").map(|(_, value)| value));
            }
            collect(answer, link, found);
        }
        collect(item, link, found);
    }
}

/// How an answer stands to a value; codings are equal or not.
pub(super) fn compare(answer: Value<'_>, wanted: Value<'_>, type_name: &str) -> Option<Ordering> {
    if is_equal(answer, wanted) {
        return Some(Ordering::Equal);
    }
    let mut letters = type_name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let primitive: String = first.into_iter().chain(letters).collect();
    let name = match wanted.kind() {
        Kind::Object => type_name,
        _ => &primitive,
    };
    samples::compare(answer, &Sample::new(name, wanted.raw()))
        .filter(|order| *order != Ordering::Equal || wanted.kind() != Kind::Object)
}

/// The same value; a coding by system and code, a quantity by value and unit.
pub(super) fn is_equal(answer: Value<'_>, wanted: Value<'_>) -> bool {
    match (answer.kind(), wanted.kind()) {
        (Kind::Object, Kind::Object) if wanted.get("code").is_some() => ["system", "code", "value"]
            .into_iter()
            .all(|name| match (answer.get(name), wanted.get(name)) {
                (Some(answer), Some(wanted)) => samples::is_fixed(answer, wanted),
                (None, Some(_)) => false,
                (_, None) => true,
            }),
        _ => samples::has_pattern(answer, wanted),
    }
}
