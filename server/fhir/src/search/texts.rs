//! The texts that go with codes: what `:text` looks at (<https://hl7.org/fhir/R4/search.html#token>).

use super::fold::fold;
use super::hash;
use super::index_values::StringValue;
use super::value_kind::ValueKind;
use super::values::Sink;
use crate::json::Value;

impl Sink<'_> {
    /// Adds `CodeableConcept.text`, `Coding.display` and `Identifier.type.text`.
    pub(super) fn texts(&mut self, value: Value<'_>, kind: ValueKind) {
        match kind {
            ValueKind::CodeableConcept => {
                self.text_of(value.get("text"));
                let codings = value.get("coding").into_iter().flat_map(Value::items);
                for coding in codings {
                    self.text_of(coding.get("display"));
                }
            }
            ValueKind::Coding => self.text_of(value.get("display")),
            ValueKind::Identifier => self.text_of(value.at(&["type", "text"])),
            _ => {}
        }
    }

    fn text_of(&mut self, text: Option<Value<'_>>) {
        let folded = text.and_then(Value::string).map(|text| fold(&text));
        if let Some(folded) = folded.filter(|folded| !folded.is_empty()) {
            self.values.strings.push(StringValue {
                parameter: hash::text_seed(self.seed),
                folded: folded.into(),
            });
        }
    }
}
