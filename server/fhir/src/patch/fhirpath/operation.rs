//! From a Parameters resource to operations: all of it is read before any of it is applied
//! (<https://hl7.org/fhir/R4/fhirpatch.html#format>).

use crate::definitions::structure::Structures;
use crate::json::{Document, Value};
use crate::patch::{PatchError, PatchErrorKind, Reason, error, reason};
use crate::path::Expression;

use super::content;

/// One operation.
pub(super) struct Operation<'a> {
    pub(super) path: Expression,
    pub(super) action: Action<'a>,
}

/// What is done where the path leads. A value is the part that gives it.
pub(super) enum Action<'a> {
    /// Append an element of that name.
    Add(Box<str>, Value<'a>),
    /// Put an element before the one at an index, or at the end.
    Insert(usize, Value<'a>),
    /// Take one element away, if it is there.
    Delete,
    /// Put another in its place.
    Replace(Value<'a>),
    /// Take an element of a list from one index to another.
    Move(usize, usize),
}

/// The parts an operation may have.
const PARTS: [&str; 7] = [
    "type",
    "path",
    "name",
    "value",
    "index",
    "source",
    "destination",
];

pub(super) fn read<'a>(
    parameters: &'a Document,
    structures: &Structures,
) -> Result<Vec<Operation<'a>>, PatchError> {
    let root = parameters.root();
    let name = root.get("resourceType").and_then(Value::string);
    if name.as_deref() != Some("Parameters") {
        let why = malformed("a FHIRPath Patch is a Parameters resource");
        return Err(error(None, "", why));
    }
    let operations = root.get("parameter").into_iter().flat_map(Value::items);
    operations
        .enumerate()
        .map(|(index, one)| operation(one, structures).map_err(|why| error(Some(index), "", why)))
        .collect()
}

fn operation<'a>(one: Value<'a>, structures: &Structures) -> Result<Operation<'a>, Reason> {
    if one.get("name").and_then(Value::string).as_deref() != Some("operation") {
        return Err(malformed("every parameter is named 'operation'"));
    }
    let parts = Parts::read(one)?;
    let path = parts.text("path", "valueString")?;
    let path = Expression::parse(&path).map_err(|fault| malformed(fault.to_string()))?;
    let kind = parts.text("type", "valueCode")?;
    let (action, wanted): (_, &[&str]) = match &*kind {
        "add" => {
            let name = parts.text("name", "valueString")?;
            (
                Action::Add(name, parts.value(structures)?),
                &["name", "value"],
            )
        }
        "insert" => {
            let index = parts.index("index")?;
            let action = Action::Insert(index, parts.value(structures)?);
            (action, &["index", "value"])
        }
        "delete" => (Action::Delete, &[]),
        "replace" => (Action::Replace(parts.value(structures)?), &["value"]),
        "move" => {
            let action = Action::Move(parts.index("source")?, parts.index("destination")?);
            (action, &["source", "destination"])
        }
        _ => {
            let sentence = "'type' is none of add, insert, delete, replace and move";
            return Err(malformed(sentence));
        }
    };
    parts.only(&kind, wanted)?;
    Ok(Operation { path, action })
}

/// The parts of an operation, each given once.
struct Parts<'a>([Option<Value<'a>>; PARTS.len()]);

impl<'a> Parts<'a> {
    fn read(operation: Value<'a>) -> Result<Self, Reason> {
        let mut parts = Self([None; PARTS.len()]);
        for part in operation.get("part").into_iter().flat_map(Value::items) {
            let name = part.get("name").and_then(Value::string).unwrap_or_default();
            let slot = PARTS
                .iter()
                .position(|known| *known == name)
                .ok_or_else(|| malformed(format!("an operation has no part '{name}'")))?;
            if parts.0[slot].replace(part).is_some() {
                return Err(malformed(format!("the part '{name}' is given twice")));
            }
        }
        Ok(parts)
    }

    fn get(&self, name: &str) -> Result<Value<'a>, Reason> {
        let slot = PARTS.iter().position(|known| *known == name);
        slot.and_then(|slot| self.0[slot])
            .ok_or_else(|| malformed(format!("the part '{name}' is missing")))
    }

    fn text(&self, name: &str, member: &str) -> Result<Box<str>, Reason> {
        let text = self.get(name)?.get(member).and_then(Value::string);
        text.map(Into::into)
            .ok_or_else(|| malformed(format!("the part '{name}' has a {member}")))
    }

    fn index(&self, name: &str) -> Result<usize, Reason> {
        let digits = self.get(name)?.get("valueInteger").and_then(Value::number);
        digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| malformed(format!("the part '{name}' has a valueInteger from 0 on")))
    }

    fn value(&self, structures: &Structures) -> Result<Value<'a>, Reason> {
        let part = self.get("value")?;
        content::check_part(part, structures)?;
        Ok(part)
    }

    /// Refuses parts that the operation has no use for: whoever sent them means something else.
    fn only(&self, kind: &str, wanted: &[&str]) -> Result<(), Reason> {
        let extra = PARTS.iter().zip(&self.0).find(|(name, part)| {
            part.is_some() && !matches!(**name, "type" | "path") && !wanted.contains(*name)
        });
        match extra {
            Some((name, _)) => Err(malformed(format!("'{kind}' has no part '{name}'"))),
            None => Ok(()),
        }
    }
}

pub(super) fn malformed(sentence: impl Into<Box<str>>) -> Reason {
    reason(PatchErrorKind::Malformed, sentence)
}
