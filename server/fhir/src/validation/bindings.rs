//! Whether coded values come from the value sets they must come from
//! (<https://hl7.org/fhir/R4/terminologies.html#strength>).

use crate::definitions::codes::CodeSet;
use crate::definitions::structure::{BindingStrength, Shape};
use crate::json::Value;

/// Whether a value keeps a binding.
///
/// A `CodeableConcept` needs one coding of a required set, text alone does not do; where the set is only the bound of
/// a weaker binding, text alone does. A value with extensions only says why there is no concept.
pub(super) fn holds(
    value: Value<'_>,
    shape: Shape,
    strength: BindingStrength,
    set: &CodeSet,
) -> bool {
    match shape {
        Shape::Primitive(_) => value.string().is_none_or(|code| set.has_code(&code)),
        Shape::Coding | Shape::Quantity => {
            let says_nothing = value
                .members()
                .all(|(name, _)| matches!(&*name, "id" | "extension"));
            says_nothing || is_in(value, set)
        }
        Shape::CodeableConcept => {
            let codings = value.get("coding");
            let without = || strength != BindingStrength::Required || value.get("text").is_none();
            match codings {
                None => without(),
                Some(codings) => codings.items().any(|coding| is_in(coding, set)),
            }
        }
        Shape::Plain | Shape::AnyResource | Shape::Extension | Shape::Reference => true,
    }
}

/// Whether a system and code stand there and belong to the set.
fn is_in(coding: Value<'_>, set: &CodeSet) -> bool {
    let text = |name| coding.get(name).and_then(Value::string);
    match (text("system"), text("code")) {
        (Some(system), Some(code)) => set.has(&system, &code),
        _ => false,
    }
}
