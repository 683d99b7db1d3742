//! The answer of `$validate-code`, as Parameters.

use crate::json::{ObjectWriter, Writer};
use crate::terminology::concept::Coding;
use crate::terminology::fault::{Finding, write_outcome};

use super::membership::Verdict;
use super::trail::Seen;
use super::{Form, Sum, Validation};

/// Whether codes are valid, and all that is said of them.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Whether they are.
    pub result: bool,
    /// Whether a code belongs to the value set, whatever else is wrong; nothing where that is not known.
    pub belongs: Option<bool>,
    /// The code that was found, or else asked for.
    pub code: Option<Box<str>>,
    /// Its system.
    pub system: Option<Box<str>>,
    /// The version it was looked up in.
    pub version: Option<Box<str>>,
    /// The text for it.
    pub display: Option<Box<str>>,
    /// The code in the case that its system has it in.
    pub normalized_code: Option<Box<str>>,
    /// Whether it is no longer used.
    pub is_inactive: bool,
    /// Its state, where that says more.
    pub status: Option<Box<str>>,
    /// Systems that are not here.
    pub unknown_systems: Vec<String>,
    /// Whether the answer hangs on those.
    pub is_caused_by_unknown: bool,
    /// All that is told, in one text.
    pub message: Option<String>,
    /// All findings.
    pub findings: Vec<Finding>,
    /// The CodeableConcept that was given.
    pub codeable_concept: Option<Box<str>>,
}

impl Validation<'_> {
    pub(super) fn answer(&mut self, sum: Sum, seen: Seen) -> Answer {
        let concept = match &self.question.form {
            Form::CodeableConcept(json) => Some(json.clone()),
            Form::Code | Form::Coding => None,
        };
        let is_good = sum.verdict == Some(Verdict::Yes);
        // Of a CodeableConcept nothing is answered for that does not belong to the value set.
        let named = concept.is_none().then_some(&sum.named);
        let answered = sum.good.as_ref().or(named);
        let implied = sum.implied_system.clone().filter(|_| is_good);
        let code = answered.and_then(|coding| coding.code.clone());
        let status = seen.status.filter(|status| {
            seen.inactive_at.is_some() && &**status != "inactive"
                || status.eq_ignore_ascii_case("deprecated")
        });
        Answer {
            result: is_good && !self.trail.has_errors(),
            belongs: match sum.verdict {
                Some(Verdict::Yes) => Some(true),
                Some(Verdict::No) => Some(false),
                Some(Verdict::Unknown) | None => None,
            },
            system: answered
                .and_then(|coding| coding.system.clone())
                .or(implied),
            version: sum
                .version
                .filter(|_| concept.is_none() || sum.good.is_some())
                .or_else(|| named.and_then(|one| one.version.clone())),
            display: sum.display.filter(|_| code.is_some()),
            code,
            normalized_code: seen.normal_form,
            is_inactive: seen.inactive_at.is_some(),
            status,
            is_caused_by_unknown: sum.verdict != Some(Verdict::No),
            unknown_systems: std::mem::take(&mut self.trail.unknown),
            message: self.trail.message(),
            findings: std::mem::take(&mut self.trail.findings),
            codeable_concept: concept,
        }
    }
}

impl Answer {
    /// The answer where a part of the value set is not here.
    pub(super) fn unfinished(finding: Finding, coding: Coding, form: &Form) -> Self {
        let concept = match form {
            Form::CodeableConcept(json) => Some(json.clone()),
            Form::Code | Form::Coding => None,
        };
        let is_single = concept.is_none();
        Self {
            code: coding.code.filter(|_| is_single),
            system: coding.system.filter(|_| is_single),
            message: Some(finding.text.clone()),
            findings: vec![finding],
            codeable_concept: concept,
            ..Self::default()
        }
    }

    /// The Parameters resource.
    pub fn parameters(&self) -> String {
        let mut writer = Writer::with_capacity(512);
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| self.write(list));
        });
        writer.finish()
    }

    fn write(&self, list: &mut Writer) {
        parameter(list, "result", |one| {
            one.boolean("valueBoolean", self.result)
        });
        let mut text = |name: &str, member: &str, value: Option<&str>| {
            if let Some(value) = value {
                parameter(list, name, |one| one.string(member, value));
            }
        };
        text("code", "valueCode", self.code.as_deref());
        text("system", "valueUri", self.system.as_deref());
        text("version", "valueString", self.version.as_deref());
        text("display", "valueString", self.display.as_deref());
        text(
            "normalized-code",
            "valueCode",
            self.normalized_code.as_deref(),
        );
        text("status", "valueCode", self.status.as_deref());
        text("message", "valueString", self.message.as_deref());
        let unknown = match self.is_caused_by_unknown {
            true => "x-caused-by-unknown-system",
            false => "x-unknown-system",
        };
        for system in &self.unknown_systems {
            text(unknown, "valueCanonical", Some(system));
        }
        if self.is_inactive {
            parameter(list, "inactive", |one| one.boolean("valueBoolean", true));
        }
        if let Some(concept) = &self.codeable_concept {
            parameter(list, "codeableConcept", |one| {
                one.raw("valueCodeableConcept", concept)
            });
        }
        if !self.findings.is_empty() {
            parameter(list, "issues", |one| {
                one.object("resource", |outcome| write_outcome(&self.findings, outcome));
            });
        }
    }
}

fn parameter(list: &mut Writer, name: &str, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
    list.object(|one| {
        one.string("name", name);
        fill(one);
    });
}
