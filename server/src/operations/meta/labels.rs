//! Profiles, tags and security labels as sets: what adding and taking off leave of a Meta
//! (<https://hl7.org/fhir/R4/resource.html#Meta>).

use fhir::json::{Value, Writer};

/// The lists of a Meta that are sets, and what makes two of their items the same.
const SETS: [&str; 3] = ["profile", "security", "tag"];

/// Why a Meta cannot be added or taken off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::operations) enum LabelError {
    /// It says something about the resource that is no label.
    #[error("only profiles, tags and security labels can be added or taken off, not '{0}'")]
    NoLabel(Box<str>),
    /// A tag or label has nothing it could be told by.
    #[error("a tag or security label is told by its system and code, and this one has no code")]
    NoCode,
    /// The tag says that the resource is incomplete, and such a resource is never stored.
    #[error("SUBSETTED tags an answer with parts left out, and what is stored has none left out")]
    Subsetted,
}

/// What to do with the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operations) enum Change {
    /// Add those that are missing.
    Add,
    /// Take off those that are there.
    Delete,
}

/// An item of a set and the companion of a primitive (`_profile`), as JSON text.
struct Item<'a> {
    json: &'a str,
    companion: &'a str,
}

impl Change {
    /// The JSON text of `meta` after the change; `None` where it stays as it is.
    pub(in crate::operations) fn apply(
        self,
        meta: Option<Value<'_>>,
        labels: Value<'_>,
    ) -> Result<Option<String>, LabelError> {
        check(labels)?;
        if self == Self::Add && items(Some(labels), "tag").any(is_subsetted) {
            return Err(LabelError::Subsetted);
        }
        let sets: Vec<(&str, Option<Vec<Item<'_>>>)> = SETS
            .iter()
            .map(|name| (*name, self.changed(name, meta, labels)))
            .collect();
        if sets.iter().all(|(_, items)| items.is_none()) {
            return Ok(None);
        }
        let is_changed = |member: &str| {
            let name = member.strip_prefix('_').unwrap_or(member);
            sets.iter()
                .any(|(set, items)| *set == name && items.is_some())
        };
        let mut writer = Writer::default();
        writer.object(|object| {
            for (name, value) in meta.into_iter().flat_map(Value::members) {
                if !is_changed(&name) {
                    object.raw(&name, value.raw());
                }
            }
            for (name, items) in &sets {
                let items = items.as_deref().unwrap_or_default();
                if items.is_empty() {
                    continue;
                }
                object.array(name, |list| {
                    items.iter().for_each(|item| list.raw(item.json))
                });
                if items.iter().any(|item| item.companion != "null") {
                    object.array(&format!("_{name}"), |list| {
                        items.iter().for_each(|item| list.raw(item.companion));
                    });
                }
            }
        });
        Ok(Some(writer.finish()))
    }

    /// The items of one set after the change; `None` where they stay.
    fn changed<'a>(
        self,
        name: &str,
        meta: Option<Value<'a>>,
        labels: Value<'a>,
    ) -> Option<Vec<Item<'a>>> {
        let present: Vec<Value<'a>> = items(meta, name).collect();
        let mut companions = items(meta, &format!("_{name}"));
        let mut kept: Vec<Item<'a>> = Vec::new();
        for value in &present {
            let companion = companions.next().map_or("null", Value::raw);
            let goes = self == Self::Delete
                && items(Some(labels), name).any(|label| is_same(*value, label));
            if !goes {
                kept.push(Item {
                    json: value.raw(),
                    companion,
                });
            }
        }
        if self == Self::Add {
            let mut known = present.clone();
            for label in items(Some(labels), name) {
                if !known.iter().any(|value| is_same(*value, label)) {
                    known.push(label);
                    kept.push(Item {
                        json: label.raw(),
                        companion: "null",
                    });
                }
            }
        }
        (kept.len() != present.len()).then_some(kept)
    }
}

/// Refuses what could only be done in part: `source`, extensions, codings without a code. Version and instant are the
/// server's own and are passed over, as in every write.
fn check(labels: Value<'_>) -> Result<(), LabelError> {
    for (name, _) in labels.members() {
        match name.as_ref() {
            "profile" | "security" | "tag" | "versionId" | "lastUpdated" => {}
            other => return Err(LabelError::NoLabel(other.into())),
        }
    }
    let mut codings = items(Some(labels), "security").chain(items(Some(labels), "tag"));
    match codings.all(|coding| coding.get("code").is_some()) {
        true => Ok(()),
        false => Err(LabelError::NoCode),
    }
}

/// See <https://hl7.org/fhir/R4/search.html#summary>: an update of such a resource would be refused ever after.
fn is_subsetted(tag: Value<'_>) -> bool {
    let is =
        |name: &str, text: &str| tag.get(name).and_then(Value::string).as_deref() == Some(text);
    is(
        "system",
        "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    ) && is("code", "SUBSETTED")
}

/// Profiles are told by their URL, codings by system and code; version and display do not count.
fn is_same(a: Value<'_>, b: Value<'_>) -> bool {
    let text = |coding: Value<'_>, name: &str| {
        coding
            .get(name)
            .and_then(Value::string)
            .map(|text| text.into_owned())
    };
    match (a.string(), b.string()) {
        (Some(a), Some(b)) => a == b,
        (None, None) => ["system", "code"]
            .iter()
            .all(|name| text(a, name) == text(b, name)),
        _ => false,
    }
}

fn items<'a>(meta: Option<Value<'a>>, name: &str) -> impl Iterator<Item = Value<'a>> + use<'a> {
    meta.and_then(|meta| meta.get(name))
        .into_iter()
        .flat_map(Value::items)
}
