//! Expectations against an answer: every one that is not met is a sentence.

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

use crate::case::{Expect, OneOrMany, Outcome, TextRule};
use crate::json::{self, Json};
use crate::matcher::mismatch;
use crate::template::Variables;
use crate::wire::Answer;
use crate::xml;

/// What of the expectation the answer to a request of this method does not meet.
///
/// An error is itself a mistake in the case, such as a name that nobody gave.
pub fn unmet(
    expect: &Expect,
    method: &str,
    answer: &Answer,
    variables: &Variables,
) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let allowed = expect.status.as_slice();
    if !allowed.contains(&answer.status) {
        let outcome = answer.excerpt();
        return Ok(vec![format!(
            "status {}, expected {allowed:?}: {outcome}",
            answer.status
        )]);
    }
    for (name, rule) in &expect.headers {
        let value = answer.header(name);
        let unmet = match (rule, value) {
            (None, None) => None,
            (None, Some(value)) => Some(format!("{value}, expected absent")),
            (Some(_), None) => Some("absent".to_owned()),
            (Some(rule), Some(value)) => against_text(rule, &value, variables)?,
        };
        found.extend(unmet.map(|unmet| format!("header {name}: {unmet}")));
    }
    if answer.status >= 400 && method != "HEAD" && !expect.no_outcome {
        let rules = expect
            .outcome
            .as_ref()
            .map(|rules| filled(rules, variables));
        found.extend(against_outcome(rules.transpose()?.as_ref(), answer));
    }
    against_body(expect, answer, variables, &mut found)?;
    Ok(found)
}

fn against_body(
    expect: &Expect,
    answer: &Answer,
    variables: &Variables,
    found: &mut Vec<String>,
) -> Result<(), String> {
    if expect.empty && !answer.body.is_empty() {
        found.push(format!("a body, expected none: {}", answer.excerpt()));
    }
    if let Some(encoded) = &expect.base64
        && decoded(encoded)? != answer.body
    {
        found.push("other bytes".to_owned());
    }
    if let Some(encoded) = &expect.base64_start
        && !answer.body.starts_with(&decoded(encoded)?)
    {
        found.push("begins with other bytes".to_owned());
    }
    if let Some(rule) = &expect.text {
        match answer.text() {
            Ok(text) => found.extend(against_text(rule, &text, variables)?),
            Err(error) => found.push(error),
        }
    }
    if !expect.json.is_empty() || expect.resource.is_some() || expect.same_as.is_some() {
        match answer.json() {
            Ok(body) => against_json(expect, &body, variables, found)?,
            Err(error) => found.push(format!("{error}: {}", answer.excerpt())),
        }
    }
    if !expect.xml.is_empty() || expect.xml_resource.is_some() {
        match answer.text() {
            Ok(text) => against_xml(expect, &text, variables, found)?,
            Err(error) => found.push(error),
        }
    }
    Ok(())
}

fn against_json(
    expect: &Expect,
    body: &Json,
    variables: &Variables,
    found: &mut Vec<String>,
) -> Result<(), String> {
    for (path, matcher) in &expect.json {
        let path = variables.fill(path)?;
        let matcher = parsed(&variables.fill(matcher.get())?)?;
        let unmet = mismatch(&matcher, json::select(body, &path).as_ref());
        found.extend(unmet.map(|unmet| format!("{path}: {unmet}")));
    }
    let same_as = expect.same_as.iter().map(|name| format!("${{{name}}}"));
    let resource = expect.resource.iter().map(|raw| raw.get().to_owned());
    for template in resource.chain(same_as) {
        let expected = json::without_version(parsed(&variables.fill(&template)?)?);
        let unmet = json::difference(&expected, &json::without_version(body.clone()));
        found.extend(unmet.map(|unmet| format!("another resource: {unmet}")));
    }
    Ok(())
}

fn against_xml(
    expect: &Expect,
    text: &str,
    variables: &Variables,
    found: &mut Vec<String>,
) -> Result<(), String> {
    let document = match xml::read(text) {
        Ok(document) => document,
        Err(error) => {
            found.push(error);
            return Ok(());
        }
    };
    for (path, matcher) in &expect.xml {
        let matcher = parsed(&variables.fill(matcher.get())?)?;
        let unmet = mismatch(&matcher, xml::select(&document, path).as_ref());
        found.extend(unmet.map(|unmet| format!("{path}: {unmet}")));
    }
    if let Some(template) = &expect.xml_resource {
        let expected = variables.fill(template)?;
        let unmet = xml::difference(&xml::read(&expected)?, &document);
        found.extend(unmet.map(|unmet| format!("another resource: {unmet}")));
    }
    Ok(())
}

fn against_text(
    rule: &TextRule,
    text: &str,
    variables: &Variables,
) -> Result<Option<String>, String> {
    let rules = match rule {
        TextRule::Exact(exact) => {
            let exact = variables.fill(exact)?;
            return Ok((exact != text).then(|| format!("{text}, expected {exact}")));
        }
        TextRule::Rule(rules) => rules,
    };
    if let Some(pattern) = &rules.regex {
        let regex = Regex::new(&variables.fill(pattern)?).map_err(|error| error.to_string())?;
        if !regex.is_match(text) {
            return Ok(Some(format!("{text}, expected {regex}")));
        }
    }
    let wanted = [(&rules.contains, true), (&rules.lacks, false)];
    for (parts, contained) in wanted {
        for part in parts.iter().flat_map(OneOrMany::as_slice) {
            let part = variables.fill(part)?;
            if text.contains(&part) != contained {
                let verb = if contained { "lacks" } else { "contains" };
                let text: String = text.chars().take(200).collect();
                return Ok(Some(format!("{verb} `{part}`: {text}")));
            }
        }
    }
    Ok(None)
}

fn filled(rules: &Outcome, variables: &Variables) -> Result<Outcome, String> {
    let fill = |texts: &Option<OneOrMany<String>>| -> Result<_, String> {
        let Some(texts) = texts else {
            return Ok(None);
        };
        let texts = texts.as_slice().iter().map(|text| variables.fill(text));
        Ok(Some(OneOrMany::Many(texts.collect::<Result<Vec<_>, _>>()?)))
    };
    Ok(Outcome {
        code: fill(&rules.code)?,
        at: fill(&rules.at)?,
        mentions: fill(&rules.mentions)?,
    })
}

/// Every error carries an OperationOutcome with an error in it (R4 http.html, "Status Codes").
fn against_outcome(rules: Option<&Outcome>, answer: &Answer) -> Option<String> {
    let text = match answer.text() {
        Ok(text) => text,
        Err(error) => return Some(error),
    };
    if text.trim_start().starts_with('<') {
        return against_xml_outcome(rules, &text);
    }
    let Ok(body) = json::read(&text) else {
        return Some(format!("no OperationOutcome: {}", answer.excerpt()));
    };
    let kind = body.get("resourceType").and_then(Json::as_str);
    let issues = body.get("issue").map(Json::items).unwrap_or_default();
    let grave = |issue: &Json| {
        let severity = issue.get("severity").and_then(Json::as_str);
        matches!(severity, Some("error" | "fatal")) && issue.get("code").is_some()
    };
    if kind != Some("OperationOutcome") || !issues.iter().any(grave) {
        return Some(format!(
            "no OperationOutcome with an error: {}",
            answer.excerpt()
        ));
    }
    let codes = texts(&body, "/issue/*/code");
    let places = texts(&body, "/issue/*/expression/*");
    against_outcome_rules(rules?, &codes, &places, &text)
}

fn against_xml_outcome(rules: Option<&Outcome>, text: &str) -> Option<String> {
    let document = match xml::read(text) {
        Ok(document) => document,
        Err(error) => return Some(error),
    };
    let all = |path: &str| match xml::select(&document, path) {
        Some(Json::Array(items)) => items,
        other => other.into_iter().collect(),
    };
    let strings = |values: Vec<Json>| -> Vec<String> {
        values
            .iter()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect()
    };
    let codes = strings(all("OperationOutcome/issue/code/@value"));
    if codes.is_empty() {
        return Some("no OperationOutcome".to_owned());
    }
    let places = strings(all("OperationOutcome/issue/expression/@value"));
    against_outcome_rules(rules?, &codes, &places, text)
}

fn texts(body: &Json, path: &str) -> Vec<String> {
    let found = json::select(body, path);
    let items = found.as_ref().map(Json::items).unwrap_or_default();
    items
        .iter()
        .filter_map(Json::as_str)
        .map(str::to_owned)
        .collect()
}

fn against_outcome_rules(
    rules: &Outcome,
    codes: &[String],
    places: &[String],
    text: &str,
) -> Option<String> {
    if let Some(wanted) = &rules.code
        && !codes.iter().any(|code| wanted.as_slice().contains(code))
    {
        return Some(format!(
            "issue codes {codes:?}, expected {:?}",
            wanted.as_slice()
        ));
    }
    if let Some(wanted) = &rules.at {
        let wanted = wanted.as_slice();
        if !places
            .iter()
            .any(|place| wanted.iter().any(|at| is_at(place, at)))
        {
            return Some(format!("names the places {places:?}, expected {wanted:?}"));
        }
    }
    let mentioned = rules.mentions.iter().flat_map(OneOrMany::as_slice);
    let missing = mentioned
        .into_iter()
        .find(|part| !text.contains(part.as_str()));
    missing.map(|part| format!("does not mention `{part}`"))
}

/// Whether a place is the wanted one or inside it; indexes count only where the wanted place has one.
fn is_at(place: &str, wanted: &str) -> bool {
    let plain = |text: &str| {
        let parts = text
            .split('[')
            .map(|part| part.split_once(']').map_or(part, |(_, rest)| rest));
        parts.collect::<String>()
    };
    let place = if wanted.contains('[') {
        place.to_owned()
    } else {
        plain(place)
    };
    place
        .strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn parsed(text: &str) -> Result<Json, String> {
    json::read(text).map_err(|error| error.to_string())
}

fn decoded(encoded: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(encoded).map_err(|error| error.to_string())
}
