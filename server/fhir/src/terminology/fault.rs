//! What stops an evaluation, and what is said of codes (<https://hl7.org/fhir/R4/operationoutcome.html>).

use crate::json::{ObjectWriter, Writer};
use crate::outcome::Severity;

use super::rule::Rule;

/// Codes for what terminology finds, beyond those of OperationOutcome.
pub const ISSUE_TYPES: &str = "http://hl7.org/fhir/tools/CodeSystem/tx-issue-type";

/// The extension that names a sentence.
pub const MESSAGE_ID: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id";

/// Why an evaluation ended without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Something has to be fetched first; the knowledge has noted what.
    Missing,
    /// There is no answer.
    Fault(Box<Fault>),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the client can do.
    pub kind: FaultKind,
    /// What is wrong.
    pub issue: Finding,
}

/// What a client can do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Name something that is known.
    NotFound,
    /// Mend the request or the definition.
    Invalid,
    /// Ask otherwise.
    NotSupported,
    /// Ask for less.
    TooCostly,
    /// Mend the definition, or ask by another one.
    Unprocessable,
}

/// One finding of terminology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What is broken.
    pub rule: Rule,
    /// The sentence.
    pub text: String,
    /// Where, as FHIRPath; nothing where it is about the whole.
    pub place: Option<String>,
}

impl Finding {
    /// An error.
    pub fn of(rule: Rule, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            rule,
            text: text.into(),
            place: None,
        }
    }

    /// The same finding, otherwise bad.
    #[must_use]
    pub fn graded(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same finding at a place.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// The same finding as what ends the evaluation.
    pub fn stop(self, kind: FaultKind) -> Stop {
        Stop::Fault(Box::new(Fault { kind, issue: self }))
    }

    pub(super) fn write(&self, issue: &mut ObjectWriter<'_>) {
        issue.array("extension", |list| {
            list.object(|one| {
                one.string("url", MESSAGE_ID);
                one.string("valueString", self.rule.message());
            });
        });
        issue.string("severity", self.severity.code());
        issue.string("code", self.rule.code().code());
        issue.object("details", |details| {
            details.array("coding", |codings| {
                codings.object(|coding| {
                    coding.string("system", ISSUE_TYPES);
                    coding.string("code", self.rule.kind());
                });
            });
            details.string("text", &self.text);
        });
        if let Some(place) = &self.place {
            // Both, because clients of R4 read the older one.
            issue.array("location", |list| list.string(place));
            issue.array("expression", |list| list.string(place));
        }
    }
}

/// An OperationOutcome of findings.
pub(super) fn write_outcome(findings: &[Finding], outcome: &mut ObjectWriter<'_>) {
    outcome.string("resourceType", "OperationOutcome");
    outcome.array("issue", |list: &mut Writer| {
        for finding in findings {
            list.object(|issue| finding.write(issue));
        }
    });
}
