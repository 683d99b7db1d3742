//! What keeps a value set from ever being evaluated, as far as it says so itself
//! (<https://hl7.org/fhir/R4/valueset.html#compositions>).

use super::canonical::Canonical;
use super::concept::{items, text};
use super::filter;
use super::value_set::Filter;
use crate::json::Value;
use crate::outcome::{Issue, IssueType};
use crate::resource::Resource;

/// What is wrong with a value set, in the order of its text; nothing where it is none.
pub fn faults(resource: &Resource) -> Vec<Issue> {
    let mut issues = Vec::new();
    if resource.resource_type().name() != "ValueSet" {
        return issues;
    }
    let root = resource.root();
    let own = text(root, "url");
    let version = text(root, "version");
    let is_itself = |reference: &str| {
        let named = Canonical::parse(reference);
        let is_version = named.version.is_none() || named.version == version;
        own.as_deref() == Some(&*named.url) && is_version
    };
    let mut add = |value: Value<'_>, place: String, sentence: String| {
        let issue = Issue::error(IssueType::Invalid, sentence);
        issues.push(issue.at(place).positioned(value.position()));
    };
    for list in ["include", "exclude"] {
        let sets = root.get("compose").into_iter();
        for (number, set) in sets.flat_map(|compose| items(compose, list)).enumerate() {
            let here = format!("ValueSet.compose.{list}[{number}]");
            for (number, item) in items(set, "filter").enumerate() {
                let part = |name| text(item, name).unwrap_or_default();
                let asked = Filter {
                    property: part("property"),
                    op: part("op"),
                    value: part("value"),
                };
                // That a value is missing is R4's own to say.
                let fault = filter::fault(&asked).filter(|_| !asked.value.is_empty());
                if let Some(sentence) = fault {
                    add(item, format!("{here}.filter[{number}]"), sentence);
                }
            }
            for (number, item) in items(set, "valueSet").enumerate() {
                if item.string().is_some_and(|reference| is_itself(&reference)) {
                    let place = format!("{here}.valueSet[{number}]");
                    add(item, place, "The value set includes itself".to_owned());
                }
            }
        }
    }
    issues
}
