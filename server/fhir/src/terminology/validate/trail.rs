//! What is found on the way: findings, messages, and the concept that was met last.

use std::sync::Arc;

use crate::outcome::Severity;
use crate::terminology::code_system::{CodeSystem, Standing};
use crate::terminology::concept::{Concept, Designation};
use crate::terminology::fault::Finding;
use crate::terminology::rule::Rule;
use crate::terminology::settings::Settings;

/// Findings and what is told of them.
#[derive(Debug, Default)]
pub(super) struct Trail {
    pub(super) findings: Vec<Finding>,
    pub(super) messages: Vec<String>,
    /// Code systems, or versions of them, that are not here.
    pub(super) unknown: Vec<String>,
    /// Codes that have been said to be unknown.
    pub(super) unknown_codes: Vec<String>,
}

/// What a coding was found to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) system: Option<Arc<CodeSystem>>,
    pub(super) concept: Option<Arc<Concept>>,
    /// Texts that the value set has for it.
    pub(super) texts: Vec<Designation>,
    pub(super) version: Option<Box<str>>,
    pub(super) normal_form: Option<Box<str>>,
    pub(super) inactive_at: Option<String>,
    pub(super) status: Option<Box<str>>,
}

impl Trail {
    /// Notes a finding once; what is told stands in the message, too.
    pub(super) fn note(&mut self, finding: Finding, is_told: bool) {
        if is_told || finding.severity == Severity::Error {
            self.messages.push(finding.text.clone());
        }
        self.note_finding(finding);
    }

    /// Notes a finding once; what is told of it has been noted.
    pub(super) fn note_finding(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Takes back what was noted since there were so many findings and messages.
    pub(super) fn take_from(&mut self, findings: usize, messages: usize) -> Vec<Finding> {
        self.messages.truncate(messages);
        self.findings.split_off(findings.min(self.findings.len()))
    }

    /// Notes a system that is not here; true the first time.
    pub(super) fn unknown(&mut self, name: String) -> bool {
        let is_new = !self.unknown.contains(&name);
        if is_new {
            self.unknown.push(name);
        }
        is_new
    }

    /// Says of a definition that is used how settled it is, unless the one that uses it is no better.
    pub(super) fn standing(
        &mut self,
        standing: &Standing,
        kind: &str,
        named: &str,
        user: Option<&Standing>,
    ) {
        let Some(word) = standing.warning(user) else {
            return;
        };
        let rule = match word {
            "withdrawn" => Rule::Withdrawn,
            "deprecated" => Rule::Deprecated,
            "retired" => Rule::Retired,
            "experimental" => Rule::Experimental,
            _ => Rule::Draft,
        };
        let sentence = format!("Reference to {word} {kind} {named}");
        let finding = Finding::of(rule, sentence);
        self.note(finding.graded(Severity::Information), false);
    }

    /// All that is told, in order and once.
    pub(super) fn message(&self) -> Option<String> {
        let mut messages = self.messages.clone();
        messages.sort();
        messages.dedup();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    pub(super) fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity <= Severity::Error)
    }
}

impl Seen {
    /// Forgets the coding before; what was said of codes that are inactive stays.
    pub(super) fn next(&mut self) {
        let before = std::mem::take(self);
        self.inactive_at = before.inactive_at;
        self.status = before.status;
        self.normal_form = before.normal_form;
    }

    /// The text for the concept, in the languages that are asked for, or else that of the code system.
    pub(super) fn display(&self, settings: &Settings) -> Option<Box<str>> {
        let (system, concept) = (self.system.as_ref()?, self.concept.as_ref()?);
        let found = settings.languages.display(system, concept, &self.texts);
        let text = found.map(|(text, _)| text).or(concept.display.as_deref());
        text.map(Into::into)
    }
}
