//! `$validate-code`: whether codes belong to a value set or a code system, and what is wrong with them
//! (<https://hl7.org/fhir/R4/valueset-operation-validate-code.html>,
//! <https://hl7.org/fhir/R4/codesystem-operation-validate-code.html>).

mod answer;
mod display;
mod membership;
pub(super) mod sentences;
mod system;
mod trail;

use std::collections::HashMap;
use std::sync::Arc;

use crate::outcome::Severity;

use super::canonical::Canonical;
use super::concept::Coding;
use super::fault::{FaultKind, Finding, Stop};
use super::knowledge::Knowledge;
use super::rule::Rule;
use super::settings::Settings;
use super::sources::Sources;
use super::value_set::{Identity, ValueSet};

pub use answer::Answer;
use membership::{Checked, Verdict};
use trail::{Seen, Trail};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The codes; a CodeableConcept has several.
    pub codings: Vec<Coding>,
    /// How they were given.
    pub form: Form,
}

/// How codes were given, which decides how places are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// As `code`, `system`, `display`.
    Code,
    /// As a Coding.
    Coding,
    /// As a CodeableConcept: its JSON.
    CodeableConcept(Box<str>),
}

/// Against what codes are validated.
#[derive(Clone, Debug)]
pub enum Against {
    /// A value set.
    ValueSet(Arc<ValueSet>),
    /// All codes of a code system.
    CodeSystem(Canonical),
}

/// Validates codes.
pub fn validate(
    knowledge: &Knowledge,
    settings: &Settings,
    against: &Against,
    question: &Question,
) -> Result<Answer, Stop> {
    let sources = Sources {
        knowledge,
        settings,
    };
    let (value_set, is_system) = match against {
        Against::ValueSet(value_set) => (Arc::clone(value_set), false),
        Against::CodeSystem(canonical) => (all_codes(canonical)?, true),
    };
    let mut validation = Validation {
        sources,
        value_set,
        is_system,
        question,
        trail: Trail::default(),
        known: HashMap::new(),
    };
    match validation.run() {
        Err(Stop::Fault(fault)) if fault.kind == FaultKind::NotFound => {
            // A part of the value set is missing: the code cannot be said to belong to it.
            let coding = question.codings.first().cloned().unwrap_or_default();
            Ok(Answer::unfinished(fault.issue, coding, &question.form))
        }
        other => other,
    }
}

fn all_codes(canonical: &Canonical) -> Result<Arc<ValueSet>, Stop> {
    let value_set = ValueSet::implicit(&canonical.url, canonical, Vec::new());
    let broken = || {
        let sentence = "the URL of the code system cannot be written as JSON";
        Finding::of(Rule::BadUrl, sentence).stop(FaultKind::Invalid)
    };
    value_set.map(Arc::new).ok_or_else(broken)
}

pub(super) struct Validation<'k> {
    sources: Sources<'k>,
    value_set: Arc<ValueSet>,
    /// Whether it stands for a code system, so that nobody is told of value sets.
    is_system: bool,
    question: &'k Question,
    trail: Trail,
    /// What was found of codings in value sets that others include.
    known: HashMap<(Identity, String, Coding), Checked>,
}

/// What the codings of a question came to.
#[derive(Debug, Default)]
struct Sum {
    verdict: Option<Verdict>,
    /// The last coding that belongs to the value set.
    good: Option<Coding>,
    /// The coding that is answered for where none does.
    named: Coding,
    version: Option<Box<str>>,
    display: Option<Box<str>>,
    implied_system: Option<Box<str>>,
    provided: Vec<String>,
}

impl Validation<'_> {
    fn run(&mut self) -> Result<Answer, Stop> {
        self.sources.prepare(&self.value_set)?;
        self.sources.check_supplements(&self.value_set)?;
        if !self.is_system {
            let standing = self.value_set.standing.clone();
            let named = self.value_set.named();
            self.trail.standing(&standing, "ValueSet", &named, None);
        }
        let mut sum = Sum::default();
        let mut seen = Seen::default();
        for (n, coding) in self.question.codings.iter().enumerate() {
            let path = match self.question.form {
                Form::Code => String::new(),
                Form::Coding => "Coding".to_owned(),
                Form::CodeableConcept(_) => format!("CodeableConcept.coding[{n}]"),
            };
            self.coding(coding, &path, &mut sum, &mut seen)?;
        }
        if sum.verdict == Some(Verdict::No) && !self.is_system {
            self.not_in_value_set(&sum.provided);
        }
        self.say_inactive(&seen, &sum);
        Ok(self.answer(sum, seen))
    }

    fn coding(
        &mut self,
        coding: &Coding,
        path: &str,
        sum: &mut Sum,
        seen: &mut Seen,
    ) -> Result<(), Stop> {
        let mut coding = coding.clone();
        seen.next();
        let verdict = match self.with_system(&mut coding, path, sum)? {
            true => self.check(&Arc::clone(&self.value_set), &[], &coding, path, seen)?,
            false => Verdict::No,
        };
        let is_concept = matches!(self.question.form, Form::CodeableConcept(_));
        let provided = sentences::provided(&coding);
        if verdict == Verdict::No && !self.is_system && is_concept {
            let sentence = sentences::not_in_value_set(&provided, &self.value_set.named());
            let finding = Finding::of(Rule::ThisNotInValueSet, sentence);
            let finding = finding.graded(Severity::Information);
            self.trail.note(finding.at(at(path, "code")), false);
        }
        sum.provided.push(provided);
        if sum.named.code.is_none() || verdict == Verdict::Yes && sum.good.is_none() {
            sum.named = coding.clone();
        }
        match (sum.verdict, verdict) {
            (None | Some(Verdict::No), _) => sum.verdict = Some(verdict),
            (Some(Verdict::Unknown), Verdict::Yes) => sum.verdict = Some(verdict),
            _ => {}
        }
        match verdict {
            Verdict::Yes => {
                self.check_display(&coding, path, seen);
                if sum.good.is_some() {
                    return Ok(());
                }
                sum.version = seen.version.clone();
                sum.display = seen.display(self.sources.settings).or(sum.display.take());
                sum.good = Some(coding);
            }
            Verdict::No | Verdict::Unknown => self.explain(&coding, path, sum, seen)?,
        }
        Ok(())
    }

    fn not_in_value_set(&mut self, provided: &[String]) {
        let named = self.value_set.named();
        let finding = match &self.question.form {
            Form::CodeableConcept(_) => {
                let sentence = format!("No valid coding was found for the value set '{named}'");
                Finding::of(Rule::NoneInValueSet, sentence)
            }
            form => {
                let sentence = sentences::not_in_value_set(&provided.join("', '"), &named);
                let place = if *form == Form::Code {
                    "code"
                } else {
                    "Coding.code"
                };
                Finding::of(Rule::NotInValueSet, sentence).at(place)
            }
        };
        self.trail.note(finding, true);
    }

    fn say_inactive(&mut self, seen: &Seen, sum: &Sum) {
        let code = sum.named.code.as_deref().unwrap_or_default();
        let status = seen.status.as_deref().unwrap_or_default();
        let (rule, what) = match &seen.inactive_at {
            Some(_) if matches!(status, "" | "inactive") => {
                (Rule::InactiveConcept, "has a status of inactive".to_owned())
            }
            Some(_) => {
                let what = format!("has a status of {status} and inactive");
                (Rule::InactiveConcept, what)
            }
            None if status.eq_ignore_ascii_case("deprecated") => {
                (Rule::DeprecatedConcept, "is deprecated".to_owned())
            }
            None => return,
        };
        let sentence = format!("The concept '{code}' {what} and its use should be reviewed");
        let finding = Finding::of(rule, sentence);
        let mut finding = finding.graded(Severity::Warning);
        let place = seen
            .inactive_at
            .as_deref()
            .filter(|place| !place.is_empty());
        let place = place.unwrap_or(match self.question.form {
            Form::Code => "code",
            Form::Coding => "Coding",
            Form::CodeableConcept(_) => "CodeableConcept",
        });
        finding.place = Some(place.to_owned());
        self.trail.note(finding, true);
    }
}

/// A member of what stands at a path.
fn at(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    }
}
