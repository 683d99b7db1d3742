//! Which modifiers each search type has, and what is answered (<https://hl7.org/fhir/R4/search.html#modifiers>).

use super::super::error::SearchError;
use super::super::resolve::Resolved;
use crate::definitions::search_parameters::SearchType;

/// Whether a modifier is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Support {
    /// It is.
    Answered,
    /// It asks for a walk through a tree of resources.
    Hierarchy,
}

use Support::{Answered, Hierarchy};

/// Modifiers by search type; that references take names of types as well is not in the table.
const MODIFIERS: [(SearchType, &[(&str, Support)]); 9] = [
    (
        SearchType::String,
        &[
            ("missing", Answered),
            ("exact", Answered),
            ("contains", Answered),
        ],
    ),
    (
        SearchType::Token,
        &[
            ("missing", Answered),
            ("not", Answered),
            ("of-type", Answered),
            ("text", Answered),
            ("in", Answered),
            ("not-in", Answered),
            ("above", Answered),
            ("below", Answered),
        ],
    ),
    (
        SearchType::Reference,
        &[
            ("missing", Answered),
            ("identifier", Answered),
            ("above", Hierarchy),
            ("below", Hierarchy),
        ],
    ),
    (
        SearchType::Uri,
        &[
            ("missing", Answered),
            ("above", Answered),
            ("below", Answered),
        ],
    ),
    (SearchType::Date, &[("missing", Answered)]),
    (SearchType::Number, &[("missing", Answered)]),
    (SearchType::Quantity, &[("missing", Answered)]),
    (SearchType::Composite, &[]),
    (SearchType::Special, &[("missing", Answered)]),
];

/// Names of parameters that only look like strings: no modifier fits them.
const PLAIN: [&str; 2] = ["_text", "_content"];

fn modifiers(search_type: SearchType) -> &'static [(&'static str, Support)] {
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

/// Refuses a modifier that there is not, is not declared, or is not answered.
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
    let support = match of_type.iter().find(|one| one.0 == modifier) {
        Some(one) => one.1,
        None if is_type => return declared(resolved, modifier, "type"),
        None => return Err(unknown(resolved, modifier, of_type)),
    };
    match support {
        Answered => declared(resolved, modifier, declared_code(modifier)),
        Hierarchy => {
            let message = format!(
                "the modifier ':{modifier}' of references asks for a walk through a hierarchy of resources, or for the \
                 versions of a canonical, and is not supported"
            );
            Err(resolved.not_supported(message).essential())
        }
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

fn unknown(
    resolved: &Resolved<'_>,
    modifier: &str,
    of_type: &[(&'static str, Support)],
) -> SearchError {
    let kind = resolved.search_type.code();
    let mut names: Vec<&str> = of_type.iter().map(|one| one.0).collect();
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
