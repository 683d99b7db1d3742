//! Consents that patients change: they withdraw what they have agreed to, and nothing else of it is theirs to write
//! (server/ACCESS.md).

use fhir::ids::VersionId;
use fhir::json::{Document, Kind, ParseLimits, Value};
use jiff::Timestamp;

use super::PreparedWrite;
use crate::auth::Access;
use crate::error::{Error, ErrorKind, Result};

const SCOPES: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
/// Scopes of Consents that are about what is done with a patient, not about who sees what.
const OTHER_SCOPES: [&str; 3] = ["treatment", "research", "adr"];

/// Refuses a patient's update of a Consent unless it withdraws the patient's own and changes nothing else.
pub(super) fn refuse_unless_withdrawn(
    access: &Access,
    write: &PreparedWrite,
    before: Option<&str>,
) -> Result<()> {
    let parse =
        |text: String| Document::parse_with(text, ParseLimits::STORED).map_err(Error::internal);
    let before = before.ok_or_else(|| Error::internal("a Consent was not looked at"))?;
    let before = parse(before.to_owned())?;
    let after = write.stamp.content(VersionId::FIRST, Timestamp::UNIX_EPOCH);
    let after = parse(after)?;
    match access.may_withdraw() && is_withdrawn(before.root(), after.root()) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Forbidden,
            "patients set the status of a privacy Consent of their own from active to inactive, and change nothing else of it",
        )
        .at("Consent")),
    }
}

/// Whether a privacy Consent was active, is inactive now, and is otherwise the same.
fn is_withdrawn(before: Value<'_>, after: Value<'_>) -> bool {
    let has_status = |consent: Value<'_>, status: &str| {
        consent.get("status").and_then(Value::string).as_deref() == Some(status)
    };
    is_about_privacy(before)
        && has_status(before, "active")
        && has_status(after, "inactive")
        && is_same(before, after, &["status", "meta"])
        && match (before.get("meta"), after.get("meta")) {
            (Some(before), Some(after)) => is_same(before, after, &["versionId", "lastUpdated"]),
            // What is stored has one.
            _ => false,
        }
}

/// Whether it says who sees what: as where consents decide.
fn is_about_privacy(consent: Value<'_>) -> bool {
    let codings = consent.at(&["scope", "coding"]);
    let codings = codings.into_iter().flat_map(Value::items);
    let codes = codings.filter_map(|coding| {
        let system = coding.get("system").and_then(Value::string);
        (system.as_deref() == Some(SCOPES)).then(|| coding.get("code")?.string())?
    });
    let codes: Vec<_> = codes.collect();
    let is_privacy = codes.iter().any(|code| code == "patient-privacy");
    is_privacy || !codes.iter().any(|code| OTHER_SCOPES.contains(&&**code))
}

/// Whether two values say the same, but for some members; the order of members does not count, digits do.
fn is_same(one: Value<'_>, other: Value<'_>, but_for: &[&str]) -> bool {
    if one.kind() != other.kind() {
        return false;
    }
    match one.kind() {
        Kind::Object => {
            let counted = |value: Value<'_>| {
                let members = value.members();
                members
                    .filter(|(name, _)| !but_for.contains(&&**name))
                    .count()
            };
            let mut members = one
                .members()
                .filter(|(name, _)| !but_for.contains(&&**name));
            counted(one) == counted(other)
                && members.all(|(name, value)| {
                    other
                        .get(&name)
                        .is_some_and(|other| is_same(value, other, &[]))
                })
        }
        Kind::Array => {
            one.items().count() == other.items().count()
                && one
                    .items()
                    .zip(other.items())
                    .all(|(one, other)| is_same(one, other, &[]))
        }
        Kind::String => one.string() == other.string(),
        Kind::Number | Kind::Boolean | Kind::Null => one.raw() == other.raw(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSENT: &str = r#"{"resourceType":"Consent","id":"a","meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00Z","tag":[{"code":"t"}]},
        "status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
        "patient":{"reference":"Patient/a"},"provision":{"type":"permit","purpose":[{"code":"TREAT"}]}}"#;

    #[test]
    fn the_status_alone_changes_and_only_to_inactive() {
        let check = |before: &str, after: &str, expected: bool| {
            let parse = |text: &str| Document::parse(text.to_owned()).unwrap();
            let found = is_withdrawn(parse(before).root(), parse(after).root());
            assert_eq!(found, expected, "{after}");
        };
        let withdrawn = CONSENT.replace(r#""active""#, r#""inactive""#);
        check(CONSENT, &withdrawn, true);
        check(&withdrawn, CONSENT, false);
        check(CONSENT, CONSENT, false);
        check(
            CONSENT,
            &CONSENT.replace(r#""active""#, r#""rejected""#),
            false,
        );
        let newer = withdrawn.replace(r#""versionId":"1""#, r#""versionId":"7""#);
        check(CONSENT, &newer, true);
        for (from, to) in [
            ("permit", "deny"),
            ("Patient/a", "Patient/b"),
            (r#"{"code":"t"}"#, r#"{"code":"u"}"#),
            (
                r#"{"code":"TREAT"}"#,
                r#"{"code":"TREAT"},{"code":"HPAYMT"}"#,
            ),
            (r#""id":"a","#, r#""id":"a","language":"en","#),
            (r#","tag":[{"code":"t"}]"#, ""),
        ] {
            assert!(withdrawn.contains(from));
            check(CONSENT, &withdrawn.replace(from, to), false);
        }
        let text = r#"{"provision":{"purpose":[{"code":"TREAT"}],"type":"permit"},"#;
        let moved = withdrawn.replace(
            r#","provision":{"type":"permit","purpose":[{"code":"TREAT"}]}"#,
            "",
        );
        check(CONSENT, &moved.replacen('{', text, 1), true);
        for scope in OTHER_SCOPES {
            let of = |text: &str| text.replace("patient-privacy", scope);
            check(&of(CONSENT), &of(&withdrawn), false);
        }
    }
}
