//! What stands beside primitives: `_birthDate` with its id and extensions, and `null` where arrays are padded
//! (<https://hl7.org/fhir/R4/json.html#primitive>).

use super::elements::{Known, Walker};
use super::findings::Path;
use crate::definitions::primitive::PrimitiveType;
use crate::definitions::structure::Shape;
use crate::json::{Items, Kind, Value};
use crate::outcome::IssueType;

/// The companion of an array of primitives, looked up at the first `null` and walked along with the array.
#[derive(Default)]
pub(super) struct Beside<'v> {
    items: Option<Items<'v>>,
    next: usize,
}

impl<'v> Beside<'v> {
    /// The item at an index; indexes must rise.
    fn item(&mut self, object: Value<'v>, name: &str, index: usize) -> Option<Value<'v>> {
        let items = self.items.get_or_insert_with(|| {
            let companion = object
                .members()
                .find(|(other, _)| other.strip_prefix('_') == Some(name));
            // An object has no items: without a companion there is nothing beside.
            companion.map_or(object.items(), |(_, list)| list.items())
        });
        let item = items.nth(index.checked_sub(self.next)?);
        self.next = index + 1;
        item
    }
}

impl<'d> Walker<'d> {
    /// Whether a `null` among primitives is filled by the companion beside it.
    pub(super) fn is_padding<'v>(
        &self,
        object: Value<'v>,
        known: Known<'_, '_>,
        index: usize,
        beside: &mut Beside<'v>,
    ) -> bool {
        let shape = self.definition(known.chosen.type_id).shape;
        let item = matches!(shape, Shape::Primitive(_))
            .then(|| beside.item(object, known.name, index))
            .flatten();
        item.is_some_and(|item| !item.is_null())
    }

    /// What stands beside a primitive: its id and extensions. Answers whether it makes the element present.
    pub(super) fn companion(
        &mut self,
        object: Value<'_>,
        value: Value<'_>,
        known: Known<'d, '_>,
        path: &Path<'_>,
    ) -> bool {
        let Known {
            element, chosen, ..
        } = known;
        let fault = match self.definition(chosen.type_id).shape {
            Shape::Primitive(PrimitiveType::Xhtml) => Some("xhtml has no extensions"),
            Shape::Primitive(_) if element.is_xml_attribute => {
                Some("an attribute in XML has no id and extensions")
            }
            Shape::Primitive(_) => None,
            _ => Some("a leading underscore is for the id and extensions of primitives only"),
        };
        if let Some(text) = fault {
            self.fault(path, value, IssueType::Structure, text);
            return false;
        }
        let main = object.get(known.name);
        if !element.is_list() {
            return self.one_companion(value, main, path);
        }
        if value.kind() != Kind::Array {
            let text = "must be a JSON array: the element may repeat";
            self.fault(path, value, IssueType::Structure, text);
            return false;
        }
        let mut mains = main.map(Value::items);
        let mut any = false;
        for (index, item) in value.items().enumerate() {
            let main = mains.as_mut().and_then(Iterator::next);
            let main = main.filter(|main| !main.is_null());
            let here = path.item(index);
            if !item.is_null() {
                any |= self.one_companion(item, main, &here);
            } else if main.is_none() {
                let text = "null in both arrays: the element has neither value nor extensions";
                self.fault(&here, item, IssueType::Structure, text);
            }
        }
        if value.items().next().is_none() {
            let text = "an array must not be empty";
            self.fault(path, value, IssueType::Structure, text);
        }
        any
    }

    fn one_companion(
        &mut self,
        value: Value<'_>,
        main: Option<Value<'_>>,
        path: &Path<'_>,
    ) -> bool {
        let Some(id) = self.companion_type else {
            return false;
        };
        if value.kind() != Kind::Object {
            let text = "must be a JSON object with id and extensions";
            self.fault(path, value, IssueType::Structure, text);
            return false;
        }
        let seen = self.members(value, id, path, false);
        let has_id = value.get("id").is_some();
        if !seen.has_content && (main.is_none() || !has_id) {
            let text = "must have a value or extensions (ele-1)";
            self.fault(path, value, IssueType::Structure, text);
        }
        seen.has_content
    }
}
