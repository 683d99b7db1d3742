//! Whether codes belong to value sets, for whoever cannot wait for the answer: the validator asks, goes on without, and
//! is run again when the answers are there.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::canonical::Canonical;
use super::concept::Coding;
use super::expand::codes;
use super::fault::{FaultKind, Finding, Stop};
use super::knowledge::Knowledge;
use super::rule::Rule;
use super::settings::Settings;
use super::validate::{Against, Form, Question, validate};
use super::value_set;
use super::value_set::ValueSet;

/// Is this code in that value set?
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberQuestion {
    /// The value set: `url` or `url|version`.
    pub value_set: Box<str>,
    /// The code system; none for an element of type `code`, which may be of any.
    pub system: Option<Box<str>>,
    /// The version of the code system.
    pub version: Option<Box<str>>,
    /// The code.
    pub code: Box<str>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// It is.
    Member,
    /// It is not.
    NotMember,
    /// Nobody knows here: the value set or the code system is not here, or the value set cannot be evaluated.
    Unknown,
    /// Nobody has asked yet; the question is noted.
    Noted,
}

/// Questions that have been asked, and the answers there are.
#[derive(Debug, Default)]
pub struct Memberships {
    known: HashMap<MemberQuestion, Membership>,
    asked: RefCell<BTreeSet<MemberQuestion>>,
}

impl Memberships {
    /// The answer, or [`Membership::Noted`] where there is none yet.
    pub fn member(&self, question: &MemberQuestion) -> Membership {
        match self.known.get(question) {
            Some(answer) => *answer,
            None => {
                self.asked.borrow_mut().insert(question.clone());
                Membership::Noted
            }
        }
    }

    /// The questions that have been noted since the last time.
    pub fn take_asked(&mut self) -> BTreeSet<MemberQuestion> {
        std::mem::take(self.asked.get_mut())
    }

    /// Learns answers.
    pub fn learn(&mut self, answers: impl IntoIterator<Item = (MemberQuestion, Membership)>) {
        self.known.extend(answers);
    }
}

/// Answers questions, all of them as far as something is lacking, so that it is fetched at once.
pub fn members(
    knowledge: &Knowledge,
    settings: &Settings,
    questions: &BTreeSet<MemberQuestion>,
) -> Result<Vec<(MemberQuestion, Membership)>, Stop> {
    let mut answers = Vec::with_capacity(questions.len());
    let mut is_missing = false;
    for question in questions {
        match member(knowledge, settings, question) {
            Ok(answer) => answers.push((question.clone(), answer)),
            Err(Stop::Missing) => is_missing = true,
            // A value set that cannot be evaluated says nothing of the code.
            Err(Stop::Fault(_)) => answers.push((question.clone(), Membership::Unknown)),
        }
    }
    match is_missing {
        true => Err(Stop::Missing),
        false => Ok(answers),
    }
}

/// What is wrong with codings by their own code systems: a code that is none, or a text that is another's. Nothing where
/// nobody knows.
pub fn faults(
    knowledge: &Knowledge,
    settings: &Settings,
    codings: &[&Coding],
) -> Result<Vec<Option<String>>, Stop> {
    let mut told = Vec::with_capacity(codings.len());
    let mut is_missing = false;
    for coding in codings {
        let url = coding.system.as_deref().unwrap_or_default();
        let against = Against::CodeSystem(Canonical::of(url, None));
        let asked = Question {
            codings: vec![(*coding).clone()],
            form: Form::Coding,
        };
        match validate(knowledge, settings, &against, &asked) {
            Ok(answer) => {
                let is_fault = |one: &&Finding| {
                    matches!(
                        one.rule,
                        Rule::UnknownCode | Rule::WrongDisplay | Rule::NoDisplayInLanguage
                    )
                };
                let fault = answer.findings.iter().find(is_fault);
                told.push(fault.map(|one| one.text.clone()));
            }
            Err(Stop::Missing) => is_missing = true,
            Err(Stop::Fault(_)) => told.push(None),
        }
    }
    match is_missing {
        true => Err(Stop::Missing),
        false => Ok(told),
    }
}

fn member(
    knowledge: &Knowledge,
    settings: &Settings,
    question: &MemberQuestion,
) -> Result<Membership, Stop> {
    let canonical = Canonical::parse(&question.value_set);
    let Some(value_set) = value_set(knowledge, &canonical)? else {
        return Ok(Membership::Unknown);
    };
    if question.system.is_none() {
        let all = match codes(knowledge, settings, &value_set) {
            Err(Stop::Fault(fault)) if fault.kind == FaultKind::TooCostly => {
                return inferred(knowledge, settings, question, value_set);
            }
            all => all?,
        };
        let is_there = all.iter().any(|entry| entry.code() == &*question.code);
        return Ok(match is_there {
            true => Membership::Member,
            false => Membership::NotMember,
        });
    }
    let asked = Question {
        codings: vec![Coding {
            system: question.system.clone(),
            version: question.version.clone(),
            code: Some(question.code.clone()),
            display: None,
        }],
        form: Form::Coding,
    };
    let answer = validate(knowledge, settings, &Against::ValueSet(value_set), &asked)?;
    Ok(match answer.belongs {
        Some(true) => Membership::Member,
        Some(false) if answer.unknown_systems.is_empty() => Membership::NotMember,
        _ => Membership::Unknown,
    })
}

/// Whether a code without a system is in a value set whose codes are too many to be listed.
fn inferred(
    knowledge: &Knowledge,
    settings: &Settings,
    question: &MemberQuestion,
    value_set: Arc<ValueSet>,
) -> Result<Membership, Stop> {
    let settings = Settings {
        infer_system: true,
        ..settings.clone()
    };
    let asked = Question {
        codings: vec![Coding {
            code: Some(question.code.clone()),
            ..Coding::default()
        }],
        form: Form::Code,
    };
    let against = Against::ValueSet(value_set);
    let answer = validate(knowledge, &settings, &against, &asked)?;
    let is_several = |one: &Finding| one.rule == Rule::SeveralSystemsFound;
    Ok(match answer.belongs {
        Some(true) => Membership::Member,
        _ if answer.findings.iter().any(is_several) => Membership::Member,
        Some(false) if answer.unknown_systems.is_empty() => Membership::NotMember,
        _ => Membership::Unknown,
    })
}
