//! The shape of a literal reference (<https://hl7.org/fhir/R4/references.html#literal>).

use crate::ids::{ResourceId, ResourceType};
use crate::json::Value;

/// What is wrong with the text of a Reference. Whether it may point at that type is for profiles to say.
pub(super) fn fault(reference: Value<'_>) -> Option<&'static str> {
    let text = reference.get("reference").and_then(Value::string)?;
    if text.starts_with('#') || has_scheme(&text) {
        return None;
    }
    let fault = "a relative reference is 'Type/id', 'Type/id/_history/version' or 'Type?search'";
    (!is_relative(&text)).then_some(fault)
}

/// Whether it begins as an absolute URI does.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn is_relative(text: &str) -> bool {
    if let Some((name, _)) = text.split_once('?') {
        return ResourceType::parse(name).is_some();
    }
    let (path, version) = match text.split_once("/_history/") {
        Some((path, version)) => (path, Some(version)),
        None => (text, None),
    };
    path.split_once('/').is_some_and(|(name, id)| {
        ResourceType::parse(name).is_some()
            && ResourceId::is_valid(id)
            && version.is_none_or(ResourceId::is_valid)
    })
}
