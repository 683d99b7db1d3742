//! Operations for which a person must have proved who they are a short while ago, with a second factor: their
//! definition says so (<https://www.rfc-editor.org/rfc/rfc9470>).

use fhir::json::Value;
use jiff::{SignedDuration, Timestamp};

use crate::auth::Access;
use crate::error::{Error, ErrorKind, Result};

/// The extension of an OperationDefinition that says how many seconds ago at most.
const URL: &str = "https://vesta.example/fhir/StructureDefinition/operation-step-up";
/// The most that is asked for: a day.
const SECONDS_MAX: u32 = 86_400;

/// How many seconds ago somebody may have proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepUp(u32);

impl StepUp {
    /// What is asked of whoever says who may do what: five minutes.
    pub const OF_ROLES: Self = Self(300);

    /// What a definition asks for, if it does.
    pub(super) fn of(definition: Value<'_>) -> std::result::Result<Option<Self>, String> {
        let extensions = definition.get("extension").into_iter();
        let mut named = extensions
            .flat_map(Value::items)
            .filter(|one| one.get("url").and_then(Value::string).as_deref() == Some(URL));
        let Some(one) = named.next() else {
            return Ok(None);
        };
        let seconds = one.get("valueUnsignedInt").and_then(Value::number);
        let seconds = seconds.and_then(|digits| digits.parse().ok());
        match (seconds, named.next()) {
            (Some(seconds @ 1..=SECONDS_MAX), None) => Ok(Some(Self(seconds))),
            _ => Err(format!(
                "{URL} is there once, with 1 to {SECONDS_MAX} seconds"
            )),
        }
    }

    /// Refuses whoever has proved it longer ago, or with one factor. A client that acts by itself has no second one.
    pub fn permit(self, access: &Access, now: Timestamp) -> Result<()> {
        let Some(grant) = access.grant() else {
            return Ok(());
        };
        let age = now.duration_since(grant.authentication.at);
        let is_fresh = age <= SignedDuration::from_secs(self.0.into());
        let is_strong = grant.user.is_none() || grant.authentication.has_second_factor();
        match is_fresh && is_strong {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::StepUp { max_age_s: self.0 },
                format!(
                    "for this, log in with your second factor once more: it must have been shown within {} seconds",
                    self.0
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use fhir::json::Document;

    use super::*;
    use crate::auth::{Authentication, Grant, LaunchContext, Rights, Scopes};

    #[test]
    fn a_definition_says_how_fresh_a_login_must_be() {
        let check = |extensions: &str, expected: std::result::Result<Option<u32>, ()>| {
            let text = format!(r#"{{"extension":[{extensions}]}}"#);
            let definition = Document::parse(text).unwrap();
            let read = StepUp::of(definition.root()).map_err(|_| ());
            assert_eq!(
                read,
                expected.map(|seconds| seconds.map(StepUp)),
                "{extensions}"
            );
        };
        let one = |value: &str| format!(r#"{{"url":"{URL}",{value}}}"#);
        check("", Ok(None));
        check(r#"{"url":"urn:other","valueUnsignedInt":300}"#, Ok(None));
        check(&one(r#""valueUnsignedInt":300"#), Ok(Some(300)));
        check(&one(r#""valueUnsignedInt":0"#), Err(()));
        check(&one(r#""valueUnsignedInt":86401"#), Err(()));
        check(&one(r#""valueUnsignedInt":-1"#), Err(()));
        check(&one(r#""valueString":"300""#), Err(()));
        let one = one(r#""valueUnsignedInt":300"#);
        check(&format!("{one},{one}"), Err(()));
    }

    #[test]
    fn a_login_is_fresh_and_of_two_factors() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let check = |user: Option<&str>, method: &str, age: i64, expected: bool| {
            let grant = Grant {
                id: uuid::Uuid::nil(),
                client_id: "app".into(),
                user: user.map(|user| user.parse().unwrap()),
                login: None,
                scopes: Scopes::default(),
                launch: LaunchContext::default(),
                purpose: None,
                authentication: Authentication {
                    at: now - SignedDuration::from_secs(age),
                    methods: vec!["pwd".into(), method.into()],
                    acr: None,
                },
                expires: now,
            };
            let access = Access::granted(grant, Rights::default());
            let permitted = StepUp(300).permit(&access, now);
            assert_eq!(permitted.is_ok(), expected, "{user:?} {method} {age}");
            if let Err(error) = permitted {
                assert_eq!(error.kind(), ErrorKind::StepUp { max_age_s: 300 });
            }
        };
        check(Some("Practitioner/a"), "otp", 300, true);
        check(Some("Practitioner/a"), "otp", 301, false);
        check(Some("Practitioner/a"), "pwd", 0, false);
        check(Some("Patient/a"), "pwd", 0, false);
        check(None, "swk", 300, true);
        check(None, "swk", 301, false);
    }
}
