//! Which modifiers each search type has, and what is answered (<https://hl7.org/fhir/R4/search.html#modifiers>).

use super::super::error::SearchError;
use super::super::resolve::Resolved;
use crate::definitions::search_parameters::SearchType;

/// Modifiers by search type; that references take names of types as well is not in the table.
const MODIFIERS: [(SearchType, &[&str]); 9] = [
    (SearchType::String, &["missing", "exact", "contains"]),
    (
        SearchType::Token,
        &[
            "missing", "not", "of-type", "text", "in", "not-in", "above", "below",
        ],
    ),
    (
        SearchType::Reference,
        &["missing", "identifier", "above", "below"],
    ),
    (SearchType::Uri, &["missing", "above", "below"]),
    (SearchType::Date, &["missing"]),
    (SearchType::Number, &["missing"]),
    (SearchType::Quantity, &["missing"]),
    (SearchType::Composite, &[]),
    (SearchType::Special, &["missing"]),
];

/// Names of parameters that only look like strings: no modifier fits them.
const PLAIN: [&str; 2] = ["_text", "_content"];

fn modifiers(search_type: SearchType) -> &'static [&'static str] {
    let found = MODIFIERS.iter().find(|one| one.0 == search_type);
    found.map_or(&[], |one| one.1)
}

/// The code of a modifier in `SearchParameter.modifier`.
fn declared_code(modifier: &str) -> &str {
    match modifier {
        "of-type" => "ofType",
        other => other,
    }
}

/// Refuses a modifier that there is not, or that is not declared.
pub(super) fn check(resolved: &Resolved<'_>) -> Result<(), SearchError> {
    let Some(modifier) = resolved.modifier else {
        return Ok(());
    };
    let of_type = match PLAIN.contains(&resolved.code) {
        true => &[],
        false => modifiers(resolved.search_type),
    };
    let is_type = resolved.search_type == SearchType::Reference
        && crate::ids::ResourceType::parse(modifier).is_some();
    match of_type.contains(&modifier) {
        true => declared(resolved, modifier, declared_code(modifier)),
        false if is_type => declared(resolved, modifier, "type"),
        false => Err(unknown(resolved, modifier, of_type)),
    }
}

fn declared(resolved: &Resolved<'_>, modifier: &str, code: &str) -> Result<(), SearchError> {
    let declares = |list: &[Box<str>]| list.is_empty() || list.iter().any(|one| **one == *code);
    let mut definitions = resolved.definitions.iter();
    if definitions.all(|one| declares(&one.1.modifiers)) {
        return Ok(());
    }
    let message = format!("there is no modifier ':{modifier}' for it: its definition names others");
    Err(resolved.unknown(message).essential())
}

fn unknown(resolved: &Resolved<'_>, modifier: &str, of_type: &[&'static str]) -> SearchError {
    let kind = resolved.search_type.code();
    let mut names: Vec<&str> = of_type.to_vec();
    if resolved.search_type == SearchType::Reference {
        names.push("a resource type");
    }
    let message = if names.is_empty() {
        format!("there is no modifier ':{modifier}' for it; it takes none")
    } else {
        format!(
            "there is no modifier ':{modifier}' for it; {kind} parameters have: {}",
            names.join(", ")
        )
    };
    resolved.unknown(message).essential()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_search_type_is_in_the_table_once() {
        let types = [
            SearchType::Number,
            SearchType::Date,
            SearchType::String,
            SearchType::Token,
            SearchType::Reference,
            SearchType::Composite,
            SearchType::Quantity,
            SearchType::Uri,
            SearchType::Special,
        ];
        for search_type in types {
            let rows = MODIFIERS.iter().filter(|one| one.0 == search_type).count();
            assert_eq!(rows, 1, "{search_type:?}");
        }
    }
}
