//! Terminology, driven: evaluations of [`fhir::terminology`] are given what they lack until they have an answer.

mod bindings;
mod given;
mod parameters;
mod search;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use fhir::outcome::Issue;
use fhir::terminology::fault::{Fault, FaultKind, Finding, ISSUE_TYPES, Stop};
use fhir::terminology::knowledge::Knowledge;
use fhir::terminology::membership::{MemberQuestion, Membership, members};
use fhir::terminology::rule::Rule;
use fhir::terminology::settings::Settings;

use crate::error::{Error, ErrorKind, Result};
use crate::store::{Moment, Store, raced};

pub use bindings::{CodeAnswers, coding_faults};
pub use given::Given;
pub use parameters::Wanted;
pub use search::planned;

/// How often an evaluation lets itself be disturbed by changes of what it works on.
const TRIES: usize = 10;

/// How often an evaluation may lack something: each time it goes at least one step further.
const ROUNDS: usize = 10_000;

/// Where evaluations find what they need.
#[derive(Clone, Copy, Debug)]
pub struct Terminology<'a> {
    /// The tables.
    pub store: &'a Store,
    /// What came with the request.
    pub given: &'a Given,
    /// Most concepts that one question may bring.
    pub concepts_max: usize,
}

impl Terminology<'_> {
    /// Evaluates, and fetches what is lacking, until there is an answer. All of it is of one state of the tables.
    pub async fn evaluate<T: Send>(
        self,
        evaluate: impl Fn(&Knowledge) -> std::result::Result<T, Stop> + Send + Sync,
    ) -> Result<T> {
        for _ in 0..TRIES {
            let mut moment = Moment::default();
            if let Some(answer) = self.attempt(&evaluate, &mut moment).await? {
                return answer.map_err(|fault| refused(&fault));
            }
        }
        Err(raced())
    }

    /// `None` where the tables have changed under the evaluation.
    async fn attempt<T: Send>(
        self,
        evaluate: &(impl Fn(&Knowledge) -> std::result::Result<T, Stop> + Send + Sync),
        moment: &mut Moment,
    ) -> Result<Option<std::result::Result<T, Box<Fault>>>> {
        let mut knowledge = self.given.knowledge();
        for _ in 0..ROUNDS {
            let answer = match evaluate(&knowledge) {
                Err(Stop::Missing) => {
                    let needs = knowledge.take_missing();
                    if needs.is_empty() {
                        return Err(Error::internal("an evaluation lacks nothing, and ended"));
                    }
                    let learned =
                        self.store
                            .learn(&mut knowledge, needs, self.concepts_max, moment);
                    match learned.await? {
                        true => continue,
                        false => return Ok(None),
                    }
                }
                Err(Stop::Fault(fault)) => Err(fault),
                Ok(answer) => Ok(answer),
            };
            return Ok(self.store.confirm(moment).await?.then_some(answer));
        }
        Err(Error::internal("an evaluation never has enough"))
    }

    /// Whether codes belong to value sets: what the validator asks. Answers are remembered as long as the tables stay as
    /// they are.
    pub async fn members(
        self,
        questions: &BTreeSet<MemberQuestion>,
    ) -> Result<Vec<(MemberQuestion, Membership)>> {
        let settings = self.settings();
        for _ in 0..TRIES {
            let mut moment = Moment::default();
            let (mut answers, open) = self.store.remembered_members(questions, &mut moment);
            let found = self
                .attempt(
                    &|knowledge| members(knowledge, &settings, &open),
                    &mut moment,
                )
                .await?;
            let Some(found) = found else {
                continue;
            };
            let found = found.map_err(|fault| refused(&fault))?;
            self.store.keep_members(&found, &moment);
            answers.extend(found);
            return Ok(answers);
        }
        Err(raced())
    }

    fn settings(self) -> Settings {
        Settings {
            codes_max: self.concepts_max,
            ..Settings::default()
        }
    }
}

fn refused(fault: &Fault) -> Error {
    let kind = match fault.kind {
        FaultKind::NotFound => ErrorKind::NotFound,
        FaultKind::Invalid => ErrorKind::BadValue,
        FaultKind::NotSupported => ErrorKind::NotSupported,
        FaultKind::TooCostly => ErrorKind::TooCostly,
        FaultKind::Unprocessable => ErrorKind::Invalid,
    };
    Error::with_issues(kind, vec![issue(&fault.issue)])
}

/// A finding as an issue of a refusal.
fn issue(finding: &Finding) -> Issue {
    let mut issue = Issue::new(finding.severity, finding.rule.code(), "");
    issue.detail = Some((ISSUE_TYPES.into(), finding.rule.kind().into()));
    issue.text = Some(finding.text.as_str().into());
    issue.expression = finding
        .place
        .iter()
        .map(|place| place.as_str().into())
        .collect();
    issue
}

/// A parameter that cannot be used.
fn unusable(rule: Rule, sentence: String) -> Error {
    let finding = Finding::of(rule, sentence);
    Error::with_issues(ErrorKind::BadValue, vec![issue(&finding)])
}
