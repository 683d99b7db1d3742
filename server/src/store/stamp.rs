//! The parts of a stored text: id, version and instant are spliced into the text that was sent, which is never
//! serialised anew (<https://hl7.org/fhir/R4/resource.html#Meta>).

use fhir::ids::{ResourceKey, VersionId};
use fhir::json::{Kind, Value, quoted};
use fhir::resource::Resource;
use jiff::Timestamp;

/// A resource's text with two holes: head, version, middle, instant, tail.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) head: String,
    pub(super) middle: &'static str,
    pub(super) tail: String,
    /// Whether `jsonb` would give some number back otherwise than it was written.
    pub(super) is_exact: bool,
}

impl Stamp {
    /// Takes a resource apart; whatever it says of its own id, version and instant is replaced.
    pub(super) fn of(key: &ResourceKey, resource: &Resource) -> Self {
        let head = format!(
            "{{\"resourceType\":\"{}\",\"id\":\"{}\",\"meta\":{{\"versionId\":\"",
            key.resource_type, key.id
        );
        let mut tail = String::with_capacity(resource.text().len() + 16);
        tail.push('"');
        for (name, value) in resource.get("meta").into_iter().flat_map(Value::members) {
            if !matches!(name.as_ref(), "versionId" | "lastUpdated") {
                push_member(&mut tail, &name, value);
            }
        }
        tail.push('}');
        for (name, value) in resource.root().members() {
            if !matches!(name.as_ref(), "resourceType" | "id" | "meta") {
                push_member(&mut tail, &name, value);
            }
        }
        tail.push('}');
        Self {
            head,
            middle: "\",\"lastUpdated\":\"",
            tail,
            is_exact: needs_exact_text(resource.root()),
        }
    }

    /// The whole text.
    pub(super) fn content(&self, version: VersionId, last_updated: Timestamp) -> String {
        let mut out = String::with_capacity(self.head.len() + self.tail.len() + 72);
        out.push_str(&self.head);
        out.push_str(&version.to_string());
        out.push_str(self.middle);
        out.push_str(&instant(last_updated));
        out.push_str(&self.tail);
        out
    }
}

/// An instant in milliseconds, as `meta.lastUpdated` shows it.
pub(super) fn instant(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn push_member(out: &mut String, name: &str, value: Value<'_>) {
    out.push(',');
    out.push_str(&quoted(name));
    out.push(':');
    out.push_str(value.raw());
}

/// `jsonb` keeps digits and trailing zeros, but writes `1.0e2` as `100` and drops the sign of `-0.0`.
fn needs_exact_text(value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Number => value.number().is_some_and(|text| {
            text.contains(['e', 'E'])
                || (text.starts_with('-')
                    && text.bytes().all(|byte| !(b'1'..=b'9').contains(&byte)))
        }),
        Kind::Object => value.members().any(|(_, member)| needs_exact_text(member)),
        Kind::Array => value.items().any(needs_exact_text),
        Kind::String | Kind::Boolean | Kind::Null => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(text: &str) -> (String, bool) {
        let key: ResourceKey = "Patient/a".parse().unwrap();
        let stamp = Stamp::of(&key, &Resource::parse(text.to_owned()).unwrap());
        (
            stamp.content(VersionId::FIRST, Timestamp::UNIX_EPOCH),
            stamp.is_exact,
        )
    }

    #[test]
    fn id_version_and_instant_are_ours_and_all_else_is_theirs() {
        let check = |text: &str, expected: &str| assert_eq!(stamped(text).0, expected);
        check(
            r#"{"resourceType":"Patient"}"#,
            r#"{"resourceType":"Patient","id":"a","meta":{"versionId":"1","lastUpdated":"1970-01-01T00:00:00.000Z"}}"#,
        );
        check(
            r#"{"active" : true, "id":"b","meta":{"versionId":"7","tag":[{"code":"x"}],"lastUpdated":"2020"},"resourceType":"Patient","_active":{"id":"q"}}"#,
            r#"{"resourceType":"Patient","id":"a","meta":{"versionId":"1","lastUpdated":"1970-01-01T00:00:00.000Z","tag":[{"code":"x"}]},"active":true,"_active":{"id":"q"}}"#,
        );
    }

    #[test]
    fn numbers_that_jsonb_would_rewrite_ask_for_the_text() {
        let check = |number: &str, exact: bool| {
            assert_eq!(
                stamped(&format!(
                    r#"{{"resourceType":"Patient","a":[{{"b":{number}}}]}}"#
                ))
                .1,
                exact,
                "{number}"
            );
        };
        check("1.10", false);
        check("0.00", false);
        check("-1", false);
        check("1.0e2", true);
        check("1E-3", true);
        check("-0.0", true);
        check("-0", true);
    }
}
