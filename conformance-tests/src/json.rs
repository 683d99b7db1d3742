//! JSON with number tokens as text and members in order, by <https://www.rfc-editor.org/rfc/rfc8259>.
//!
//! The tests must not share a reader with the server they judge, and must see `1.10` and `1.1` as different.

mod path;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;

pub use path::select;
pub use read::{Malformed, read};

/// One JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object; members in the order of the text.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The member of an object, or nothing.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text of a string, or nothing.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of an array; of anything else none.
    pub fn items(&self) -> &[Json] {
        match self {
            Json::Array(items) => items,
            _ => &[],
        }
    }
}

/// Where two values differ first: nothing when they are equal but for the order of members.
pub fn difference(expected: &Json, actual: &Json) -> Option<String> {
    differ(expected, actual, &mut String::new())
}

fn differ(expected: &Json, actual: &Json, place: &mut String) -> Option<String> {
    match (expected, actual) {
        (Json::Array(left), Json::Array(right)) => {
            if left.len() != right.len() {
                return Some(format!(
                    "{}: {} elements, expected {}",
                    named(place),
                    right.len(),
                    left.len()
                ));
            }
            left.iter()
                .zip(right)
                .enumerate()
                .find_map(|(i, (l, r))| within(place, &i.to_string(), |place| differ(l, r, place)))
        }
        (Json::Object(left), Json::Object(_)) => differ_members(left, actual, place),
        _ if expected == actual => None,
        _ => Some(format!("{}: {actual}, expected {expected}", named(place))),
    }
}

fn differ_members(left: &[(String, Json)], actual: &Json, place: &mut String) -> Option<String> {
    for (name, value) in left {
        let found = match actual.get(name) {
            Some(other) => within(place, name, |place| differ(value, other, place)),
            None => Some(format!("{}: no member `{name}`", named(place))),
        };
        if found.is_some() {
            return found;
        }
    }
    let Json::Object(right) = actual else {
        return None;
    };
    let surplus = right
        .iter()
        .find(|(name, _)| !left.iter().any(|(n, _)| n == name));
    if let Some((name, _)) = surplus {
        return Some(format!("{}: surplus member `{name}`", named(place)));
    }
    (left.len() != right.len()).then(|| format!("{}: a member occurs twice", named(place)))
}

fn within<T>(place: &mut String, segment: &str, look: impl FnOnce(&mut String) -> T) -> T {
    let length = place.len();
    place.push('/');
    place.push_str(segment);
    let found = look(place);
    place.truncate(length);
    found
}

fn named(place: &str) -> &str {
    if place.is_empty() { "/" } else { place }
}

/// The resource without what a server assigns: `meta.versionId` and `meta.lastUpdated`.
///
/// A `meta` that held nothing else goes with them.
pub fn without_version(resource: Json) -> Json {
    let Json::Object(mut members) = resource else {
        return resource;
    };
    members.retain_mut(|(name, value)| match value {
        Json::Object(meta) if name == "meta" => {
            meta.retain(|(n, _)| n != "versionId" && n != "lastUpdated");
            !meta.is_empty()
        }
        _ => true,
    });
    Json::Object(members)
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(text) => f.write_str(text),
            Json::String(text) => write_string(f, text),
            Json::Array(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Json::Object(members) => {
                f.write_str("{")?;
                for (i, (name, value)) in members.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { "," })?;
                    write_string(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}
