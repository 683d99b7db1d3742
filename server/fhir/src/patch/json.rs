//! JSON Patch (RFC 6902): operations one after the other, each by splicing the text.

use super::equal::equal;
use super::pointer::{Pointer, index};
use super::{PatchError, PatchErrorKind, Reason, WORK_BYTES_MAX, error, reason, same_identity};
use crate::json::{Document, Kind, Value, edit};

/// Applies a JSON Patch; answers the new JSON text. All operations hold or none does.
pub fn apply_json_patch(resource: &Document, patch: &Document) -> Result<String, PatchError> {
    apply_within(resource, patch, WORK_BYTES_MAX)
}

/// The same with another bound on the bytes all operations go through.
pub(super) fn apply_within(
    resource: &Document,
    patch: &Document,
    work_bytes_max: usize,
) -> Result<String, PatchError> {
    let operations = operations(patch)?;
    let mut document = resource.clone();
    let mut work = 0;
    for (place, operation) in operations.iter().enumerate() {
        let fail = |why: Reason| error(Some(place), &operation.path.text, why);
        work += document.bytes().len();
        if work > work_bytes_max {
            let sentence = "the patch is too much work for a resource of this size";
            return Err(fail(reason(PatchErrorKind::Costly, sentence)));
        }
        let Some(text) = apply(&document, operation).map_err(fail)? else {
            continue;
        };
        document = Document::parse(text)
            .map_err(|fault| fail(reason(PatchErrorKind::Result, fault.kind.to_string())))?;
    }
    same_identity(resource.root(), document.root())?;
    Ok(document.text().to_owned())
}

struct Operation<'a> {
    path: Pointer<'a>,
    action: Action<'a>,
}

enum Action<'a> {
    Add(Value<'a>),
    Remove,
    Replace(Value<'a>),
    Move(Pointer<'a>),
    Copy(Pointer<'a>),
    Test(Value<'a>),
}

/// Reads the whole patch before any of it is applied.
fn operations(patch: &Document) -> Result<Vec<Operation<'_>>, PatchError> {
    if patch.root().kind() != Kind::Array {
        let sentence = "a JSON Patch is an array of operations";
        return Err(error(None, "", reason(PatchErrorKind::Malformed, sentence)));
    }
    patch
        .root()
        .items()
        .enumerate()
        .map(|(place, one)| operation(one).map_err(|why| error(Some(place), "", why)))
        .collect()
}

fn operation(one: Value<'_>) -> Result<Operation<'_>, Reason> {
    let malformed = |sentence: &str| reason(PatchErrorKind::Malformed, sentence);
    let pointer = |name: &str| {
        let text = one
            .get(name)
            .and_then(Value::string)
            .ok_or_else(|| malformed(&format!("'{name}' is missing or not a string")))?;
        Pointer::parse(text).ok_or_else(|| malformed(&format!("'{name}' is not a JSON Pointer")))
    };
    let value = || {
        one.get("value")
            .ok_or_else(|| malformed("'value' is missing"))
    };
    if one.kind() != Kind::Object {
        return Err(malformed("an operation is an object"));
    }
    let name = one
        .get("op")
        .and_then(Value::string)
        .ok_or_else(|| malformed("'op' is missing or not a string"))?;
    let path = pointer("path")?;
    let action = match &*name {
        "add" => Action::Add(value()?),
        "remove" => Action::Remove,
        "replace" => Action::Replace(value()?),
        "move" => Action::Move(pointer("from")?),
        "copy" => Action::Copy(pointer("from")?),
        "test" => Action::Test(value()?),
        _ => return Err(malformed("'op' is none of RFC 6902's six")),
    };
    if let Action::Move(from) = &action
        && path.is_inside(from)
    {
        return Err(malformed("a value cannot be moved into itself"));
    }
    Ok(Operation { path, action })
}

/// The new text, or `None` where nothing changes.
fn apply(document: &Document, operation: &Operation<'_>) -> Result<Option<String>, Reason> {
    let root = document.root();
    let path = &operation.path;
    match &operation.action {
        Action::Add(value) => add(document, path, value.raw()).map(Some),
        Action::Remove => remove(document, path).map(Some),
        Action::Replace(value) => {
            let old = path.find(root).ok_or_else(nowhere)?;
            Ok(Some(edit::replace(old, value.raw())))
        }
        Action::Move(from) => {
            let value = from.find(root).ok_or_else(from_nowhere)?;
            if path.is_same(from) {
                return Ok(None);
            }
            let shorter = Document::parse(remove(document, from)?)
                .map_err(|fault| reason(PatchErrorKind::Result, fault.kind.to_string()))?;
            add(&shorter, path, value.raw()).map(Some)
        }
        Action::Copy(from) => {
            let value = from.find(root).ok_or_else(from_nowhere)?;
            add(document, path, value.raw()).map(Some)
        }
        Action::Test(expected) => {
            let value = path.find(root).ok_or_else(nowhere)?;
            match equal(value, *expected) {
                true => Ok(None),
                false => Err(reason(
                    PatchErrorKind::Test,
                    "the value is not the one tested for",
                )),
            }
        }
    }
}

fn nowhere() -> Reason {
    reason(PatchErrorKind::Place, "there is no such place")
}

fn from_nowhere() -> Reason {
    reason(PatchErrorKind::Place, "there is nothing at 'from'")
}

fn add(document: &Document, path: &Pointer<'_>, json: &str) -> Result<String, Reason> {
    let root = document.root();
    let Some((parent, token)) = path.split() else {
        return Ok(edit::replace(root, json));
    };
    let container = parent.find(root).ok_or_else(nowhere)?;
    match container.kind() {
        Kind::Object => Ok(edit::set_member(container, token, json)),
        Kind::Array => {
            let place = match token {
                "-" => Some(container.items().count()),
                _ => index(token),
            };
            place
                .and_then(|place| edit::insert_item(container, place, json))
                .ok_or_else(nowhere)
        }
        Kind::String | Kind::Number | Kind::Boolean | Kind::Null => Err(nowhere()),
    }
}

fn remove(document: &Document, path: &Pointer<'_>) -> Result<String, Reason> {
    let root = document.root();
    let Some((parent, token)) = path.split() else {
        let sentence = "the resource itself cannot be removed";
        return Err(reason(PatchErrorKind::Identity, sentence));
    };
    path.find(root).ok_or_else(nowhere)?;
    let container = parent.find(root).ok_or_else(nowhere)?;
    match index(token).filter(|_| container.kind() == Kind::Array) {
        Some(place) => edit::remove_item(container, place).ok_or_else(nowhere),
        None => Ok(edit::remove_member(container, token)),
    }
}
