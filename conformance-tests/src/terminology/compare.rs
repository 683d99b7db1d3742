//! An answer beside the response a test has, which is a pattern: members that begin with `$` say what may differ.

use crate::json::Json;

/// Where an answer does not fit a pattern.
pub(super) fn difference(expected: &Json, actual: &Json) -> Option<String> {
    differ(expected, actual, "")
}

fn differ(expected: &Json, actual: &Json, place: &str) -> Option<String> {
    match (expected, actual) {
        (Json::Object(_), Json::Object(_)) => objects(expected, actual, place),
        (Json::Array(expected), Json::Array(actual)) => arrays(expected, actual, place),
        (Json::String(expected), Json::String(actual)) => (!text_fits(expected, actual))
            .then(|| format!("{place}: '{actual}', expected '{expected}'")),
        (Json::Number(one), Json::Number(other)) if same_number(one, other) => None,
        _ => (expected != actual)
            .then(|| format!("{place}: {}, expected {}", short(actual), short(expected))),
    }
}

fn objects(expected: &Json, actual: &Json, place: &str) -> Option<String> {
    let names = |name: &str| -> Vec<&str> {
        let list = expected.get(name).map(Json::items).unwrap_or_default();
        list.iter().filter_map(Json::as_str).collect()
    };
    let (optional, counted) = (names("$optional-properties$"), names("$count-arrays$"));
    let (Json::Object(wanted), Json::Object(members)) = (expected, actual) else {
        return Some(format!("{place}: not an object"));
    };
    // `location` says the same as `expression`, for older clients; some responses have it and some have not.
    let is_told = |name: &str| !(name == "location" && actual.get("expression").is_some());
    let named = wanted
        .iter()
        .filter(|(name, _)| !name.starts_with('$') && is_told(name));
    for (name, value) in named {
        let here = format!("{place}.{name}");
        match actual.get(name) {
            None if optional.contains(&name.as_str()) || is_nothing(value) => {}
            None if is_optional(value) => {}
            None => return Some(format!("{here} is missing: {}", short(value))),
            Some(found) if counted.contains(&name.as_str()) => {
                if value.items().len() != found.items().len() {
                    return Some(format!("{here} has {} items", found.items().len()));
                }
            }
            Some(found) => {
                if let Some(difference) = differ(value, found, &here) {
                    return Some(difference);
                }
            }
        }
    }
    let is_unexpected = |(name, _): &&(String, Json)| {
        expected.get(name).is_none() && !optional.contains(&name.as_str()) && is_told(name)
    };
    let (name, value) = members.iter().find(is_unexpected)?;
    Some(format!("{place}.{name} is not expected: {}", short(value)))
}

/// Nothing in these answers has an order that is promised, but issues and codes of an expansion are all to be there.
fn arrays(expected: &[Json], actual: &[Json], place: &str) -> Option<String> {
    let mut left: Vec<&Json> = actual.iter().collect();
    let needed = expected.iter().filter(|item| !is_optional(item));
    let optional = expected.iter().filter(|item| is_optional(item));
    for item in needed.chain(optional) {
        let found = left
            .iter()
            .position(|one| differ(item, one, place).is_none());
        match found {
            Some(found) => {
                left.remove(found);
            }
            None if is_optional(item) => {}
            None => {
                let nearest = left.iter().filter_map(|one| differ(item, one, place));
                let nearest = nearest.max_by_key(|difference| difference.matches('.').count());
                let nearest =
                    nearest.map_or(String::new(), |nearest| format!(" (nearest: {nearest})"));
                return Some(format!("{place} lacks {}{nearest}", short(item)));
            }
        }
    }
    let surplus = left.first()?;
    Some(format!("{place} has besides {}", short(surplus)))
}

fn is_optional(item: &Json) -> bool {
    match item.get("$optional$") {
        // What only another version of FHIR may leave out has to be there.
        Some(Json::String(when)) => when != "version:5",
        Some(Json::Bool(is_optional)) => *is_optional,
        _ => false,
    }
}

/// Items that all may be absent make an array that may be absent.
fn is_nothing(value: &Json) -> bool {
    matches!(value, Json::Array(items) if items.iter().all(is_optional))
}

fn text_fits(expected: &str, actual: &str) -> bool {
    let Some(inner) = expected
        .strip_prefix('$')
        .and_then(|rest| rest.strip_suffix('$'))
    else {
        return match expected.split_once("$version$") {
            Some((before, after)) => actual.starts_with(before) && actual.ends_with(after),
            None => expected == actual,
        };
    };
    match inner.split_once(':') {
        None => !actual.is_empty(),
        Some(("choice", choices)) => choices.split('|').any(|choice| choice == actual),
        Some(("fragments", fragments)) => fragments.split('|').all(|one| actual.contains(one)),
        // Words that servers choose themselves, which name something.
        Some(("external", rest)) => rest
            .split_once(':')
            .is_none_or(|(_, named)| named.split(':').all(|part| actual.contains(part))),
        Some(_) => expected == actual,
    }
}

fn same_number(one: &str, other: &str) -> bool {
    one.parse::<f64>().ok() == other.parse::<f64>().ok()
}

fn short(value: &Json) -> String {
    value.to_string().chars().take(260).collect()
}

const R5: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion";

/// Puts elements of R5 in the place of the extensions that R4 has for them, as the responses have them.
pub(super) fn as_r5(resource: &mut Json) {
    if let Json::Object(members) = resource {
        for (name, value) in members {
            if name == "expansion" {
                unfold(value, &format!("{R5}.property"));
            }
        }
    }
}

fn unfold(element: &mut Json, url: &str) {
    let Json::Object(members) = element else {
        return;
    };
    let mut properties = Vec::new();
    for (name, value) in members.iter_mut() {
        match (name.as_str(), value) {
            ("contains", Json::Array(items)) => {
                for item in items {
                    unfold(item, &format!("{R5}.contains.property"));
                }
            }
            ("extension", Json::Array(items)) => items.retain(|item| {
                let is_it = item.get("url").and_then(Json::as_str) == Some(url);
                if is_it {
                    properties.push(property(item));
                }
                !is_it
            }),
            _ => {}
        }
    }
    members.retain(|(name, value)| name != "extension" || !value.items().is_empty());
    if !properties.is_empty() {
        members.push(("property".to_owned(), Json::Array(properties)));
    }
}

/// `code` and `uri`, or `code` and `value[x]`.
fn property(extension: &Json) -> Json {
    let parts = extension
        .get("extension")
        .map(Json::items)
        .unwrap_or_default();
    let mut members = Vec::new();
    for part in parts {
        let name = part.get("url").and_then(Json::as_str).unwrap_or_default();
        if let Json::Object(inside) = part {
            let value = inside.iter().find(|(name, _)| name.starts_with("value"));
            if let Some((member, value)) = value {
                let name = if name == "value" { member } else { name };
                members.push((name.to_owned(), value.clone()));
            }
        }
    }
    Json::Object(members)
}
