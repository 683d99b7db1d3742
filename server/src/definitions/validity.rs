//! What resources are held to (<https://hl7.org/fhir/R4/validation.html>): the specification always, the profiles they
//! claim as far as they are known, and those that the clinic asks of each type where that is switched on.

use std::sync::Arc;

use fhir::outcome::{Issue, Severity};
use fhir::path::{DateTime, SyntaxError};
use fhir::resource::Resource;
use fhir::validation::{self, CodeQuestion, Report, Strictness, Validator};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use super::clinic::ClinicProfiles;
use super::own::OWN;
use super::rules::Definitions;
use super::targets::RequiredTargets;
use crate::config::{Profiles, References, Unknown, ValidationSettings};
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};

/// How strict this server is.
#[derive(Clone, Debug)]
pub(super) struct Validity {
    unknown_profile: Severity,
    best_practice: bool,
    references: References,
    clinic: Arc<ClinicProfiles>,
}

impl Default for Validity {
    fn default() -> Self {
        Self {
            unknown_profile: Severity::Warning,
            best_practice: false,
            references: References::Ignore,
            clinic: Arc::default(),
        }
    }
}

impl Definitions {
    /// The same, as strict as settings say; a condition of one of our profiles that is no FHIRPath stops the start.
    pub fn with_validation(
        mut self,
        settings: &ValidationSettings,
    ) -> std::result::Result<Self, SyntaxError> {
        self.validity = Validity {
            unknown_profile: match settings.unknown_profiles {
                Unknown::Warning => Severity::Warning,
                Unknown::Error => Severity::Error,
            },
            best_practice: settings.best_practice,
            references: settings.references,
            clinic: match settings.profiles {
                Profiles::Base => Arc::default(),
                Profiles::Clinic => Arc::new(ClinicProfiles::read(OWN)?),
            },
        };
        Ok(self)
    }

    /// Refuses a resource that breaks R4, 400, or a profile that it must meet, 422.
    pub fn validate(&self, resource: &Resource) -> Result<()> {
        refuse(self.examine(resource, &[], "", None)).map(drop)
    }

    /// Refuses in the same way what is to be written, and tells what must exist besides, and what is left open of codes.
    pub fn check_write(
        &self,
        cx: &RequestContext,
        resource: &Resource,
    ) -> Result<(RequiredTargets, Vec<CodeQuestion>)> {
        let report = refuse(self.examine(resource, &[], &cx.base_url, None))?;
        Ok((RequiredTargets::new(report.references), report.questions))
    }

    /// Refuses what is not of the structure that R4 gives it: Parameters of an operation.
    pub fn validate_structure(&self, resource: &Resource) -> Result<()> {
        let issues = validation::validate(resource, self.registries());
        refuse_errors(ErrorKind::Malformed, issues)
    }

    /// Refuses a batch or transaction Bundle that is not one; the resources of its entries are looked at where they are
    /// written.
    pub fn validate_request_bundle(&self, bundle: &Resource) -> Result<()> {
        let issues = validation::validate_request_bundle(bundle, self.registries());
        refuse_errors(ErrorKind::Malformed, issues)
    }

    /// Everything there is to say of a resource, by the profiles it must meet and others that are asked for.
    pub fn report(
        &self,
        cx: &RequestContext,
        resource: &Resource,
        profiles: &[&str],
        questionnaires: &[&Resource],
    ) -> Report {
        let asking = Asking {
            now: DateTime::parse(&cx.now.to_string()),
            questionnaires,
        };
        self.examine(resource, profiles, &cx.base_url, Some(asking))
    }

    /// Errors alone, unless somebody asks for more.
    fn examine(
        &self,
        resource: &Resource,
        profiles: &[&str],
        base_url: &str,
        asking: Option<Asking<'_>>,
    ) -> Report {
        let clinic = self.validity.clinic.of(resource, self.structures());
        let all: Vec<&str> = clinic.chain(profiles.iter().copied()).collect();
        let validator = Validator::new(self.registries());
        let strictness = Strictness {
            unknown_profile: self.validity.unknown_profile,
            best_practice: self.validity.best_practice,
            warnings: asking.is_some(),
            implied: asking.is_some(),
            references: self.validity.references == References::Existing,
            ..Strictness::default()
        };
        let questionnaires = asking
            .as_ref()
            .map_or(&[][..], |asking| asking.questionnaires);
        let validator = Validator {
            strictness,
            profiles: &self.profiles,
            questionnaires,
            base_url,
            now: asking.as_ref().and_then(|asking| asking.now),
            ..validator
        };
        examine_aside(&validator, resource, &all)
    }
}

/// Texts of this size and less, and rules that cost no more than these steps, are a matter of milliseconds.
const QUICK_BYTES: usize = 64 * 1024;
const QUICK_STEPS: u32 = 1_000_000;

/// Validates; what takes longer is done where it holds up no other request.
fn examine_aside(validator: &Validator<'_>, resource: &Resource, profiles: &[&str]) -> Report {
    if resource.text().len() <= QUICK_BYTES {
        let quick = Validator {
            steps: QUICK_STEPS.min(validator.steps),
            ..*validator
        };
        let report = quick.validate(resource, profiles);
        if !report.is_exhausted || quick.steps == validator.steps {
            return report;
        }
    }
    aside(|| validator.validate(resource, profiles))
}

/// Does what takes long where it holds up no other request.
fn aside<T>(whole: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(whole),
        // There is one thread alone, or none that answers requests.
        _ => whole(),
    }
}

/// What is at hand where somebody asks for a report.
struct Asking<'a> {
    now: Option<DateTime>,
    questionnaires: &'a [&'a Resource],
}

/// The report of a resource that is valid.
fn refuse(report: Report) -> Result<Report> {
    if report.is_valid() {
        return Ok(report);
    }
    let kind = match report.breaks_base {
        true => ErrorKind::Malformed,
        false => ErrorKind::Invalid,
    };
    Err(Error::with_issues(kind, report.issues))
}

pub(super) fn refuse_errors(kind: ErrorKind, issues: Vec<Issue>) -> Result<()> {
    match issues.iter().any(|issue| issue.severity <= Severity::Error) {
        true => Err(Error::with_issues(kind, issues)),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;
    use crate::definitions::own::OwnFile;
    use crate::operations::testing::{context, definitions};

    const PROFILE: OwnFile = (
        "profiles/clinic/StructureDefinition-final.json",
        r#"{"resourceType":"StructureDefinition","type":"Observation","derivation":"constraint",
            "extension":[{"url":"https://vesta.example/fhir/StructureDefinition/profile-applies-when",
                "valueExpression":{"language":"text/fhirpath","expression":"status = 'final'"}}],
            "url":"http://hl7.org/fhir/StructureDefinition/vitalsigns"}"#,
    );

    const OBSERVATION: &str =
        r#""resourceType":"Observation","status":"final","code":{"text":"a"}"#;

    /// Status and first sentence of what a write of these members is refused with.
    fn check(definitions: &Definitions, members: &str, expected: &str) {
        let resource = Resource::parse(format!("{{{members}}}")).unwrap();
        let refused = definitions.validate(&resource).err();
        let said = refused.map_or("ok".to_owned(), |error| {
            format!("{} {error}", error.status().as_u16())
        });
        assert!(said.starts_with(expected), "{members}: {said}");
    }

    #[test]
    fn the_specification_is_400_and_a_profile_is_422() {
        let Some(base) = definitions() else { return };
        check(&base, OBSERVATION, "ok");
        let absent =
            format!(r#"{OBSERVATION},"valueString":"a","dataAbsentReason":{{"text":"none"}}"#);
        check(&base, &absent, "400");
        let claims = |url: &str| format!(r#"{OBSERVATION},"meta":{{"profile":["{url}"]}}"#);
        let vital = claims("http://hl7.org/fhir/StructureDefinition/vitalsigns");
        check(&base, &vital, "422");
        check(&base, &claims("http://nobody.example/knows"), "ok");
        let mut strict = Definitions::clone(&base);
        strict.validity.unknown_profile = Severity::Error;
        check(&strict, &claims("http://nobody.example/knows"), "422");
        let mut clinic = Definitions::clone(&base);
        clinic.validity.clinic = Arc::new(ClinicProfiles::read(&[PROFILE]).unwrap());
        check(&clinic, OBSERVATION, "422");
        let preliminary = OBSERVATION.replace("final", "preliminary");
        check(&clinic, &preliminary, "ok");
        check(&clinic, r#""resourceType":"Patient""#, "ok");
    }

    #[test]
    fn a_report_says_more_than_a_refusal() {
        let Some(definitions) = definitions() else {
            return;
        };
        let resource = Resource::parse(format!(
            r#"{{{OBSERVATION},"meta":{{"profile":["http://nobody.example/knows"]}}}}"#
        ))
        .unwrap();
        let report = definitions.report(&context(), &resource, &["http://other.example"], &[]);
        let said: Vec<String> = report
            .issues
            .iter()
            .map(|issue| format!("{:?} {}", issue.severity, issue.expression[0]))
            .collect();
        assert_eq!(
            said,
            ["Error Observation", "Warning Observation.meta.profile[0]",]
        );
    }

    /// With one thread for all requests, another is answered while this one takes its time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_takes_long_holds_up_nobody() {
        let (answered, answer) = mpsc::channel();
        let (begun, begins) = oneshot::channel();
        let long = tokio::spawn(async move {
            aside(|| {
                begun.send(()).unwrap();
                answer.recv_timeout(Duration::from_secs(60))
            })
        });
        let other = tokio::spawn(async move {
            begins.await.unwrap();
            answered.send("meanwhile").unwrap();
        });
        assert_eq!(long.await.unwrap(), Ok("meanwhile"));
        other.await.unwrap();
    }
}
