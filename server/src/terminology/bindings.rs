//! What a validation leaves open: whether codes belong to the value sets they are bound to
//! (<https://hl7.org/fhir/R4/terminologies.html#strength>).

use std::collections::{BTreeSet, HashMap};

use fhir::outcome::{Issue, IssueType, Severity};
use fhir::terminology::concept::Coding;
use fhir::terminology::membership::{self, MemberQuestion, Membership, faults};
use fhir::validation::{CodeQuestion, FoundCoding};

use super::{Given, Terminology};
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;

/// The answers to questions of one resource or of many.
#[derive(Debug, Default)]
pub struct CodeAnswers(HashMap<MemberQuestion, Membership>);

impl CodeAnswers {
    /// Asks all that several resources leave open at once; nothing is asked where nothing is open.
    pub async fn to(
        cx: &RequestContext,
        store: &Store,
        questions: impl Iterator<Item = &CodeQuestion>,
    ) -> Result<Self> {
        Self::beside(cx, store, questions, &Given::default()).await
    }

    /// The same where value sets are at hand that are named by `#id`: nobody else means the same by that, so that nothing
    /// of it is remembered.
    pub async fn beside(
        cx: &RequestContext,
        store: &Store,
        questions: impl Iterator<Item = &CodeQuestion>,
        given: &Given,
    ) -> Result<Self> {
        let asked: BTreeSet<MemberQuestion> = questions.flat_map(members).collect();
        let (inside, asked): (BTreeSet<_>, BTreeSet<_>) = asked
            .into_iter()
            .partition(|one| one.value_set.starts_with('#'));
        let terminology = Terminology {
            store,
            given,
            concepts_max: cx.limits.expansion,
        };
        let mut answers = HashMap::new();
        if !asked.is_empty() {
            answers.extend(terminology.members(&asked).await?);
        }
        if !inside.is_empty() {
            let settings = terminology.settings();
            let found = terminology
                .evaluate(|knowledge| membership::members(knowledge, &settings, &inside))
                .await?;
            answers.extend(found);
        }
        Ok(Self(answers))
    }

    /// What is to be said of a resource: what the validation would have said where a code does not belong, and where
    /// nobody knows, that it has not been checked.
    pub fn issues(&self, questions: &[CodeQuestion]) -> Vec<Issue> {
        questions.iter().filter_map(|one| self.issue(one)).collect()
    }

    /// Refuses, 422, a resource whose codes do not belong where they must.
    pub fn refuse(&self, questions: &[CodeQuestion]) -> Result<()> {
        let mut issues = self.issues(questions);
        issues.retain(|issue| issue.severity <= Severity::Error);
        match issues.is_empty() {
            true => Ok(()),
            false => Err(Error::with_issues(ErrorKind::Invalid, issues)),
        }
    }

    fn issue(&self, question: &CodeQuestion) -> Option<Issue> {
        let mut answer = Membership::NotMember;
        for member in members(question) {
            match self.0.get(&member) {
                Some(Membership::Member) => return None,
                Some(Membership::NotMember) => {}
                Some(Membership::Unknown | Membership::Noted) | None => {
                    answer = Membership::Unknown
                }
            }
        }
        match answer {
            Membership::NotMember => Some(question.issue.clone()),
            // What is only recommended need not be known.
            _ if question.issue.severity == Severity::Information => None,
            _ => Some(Issue {
                severity: Severity::Warning,
                code: IssueType::NotFound,
                diagnostics: format!(
                    "whether the code belongs to the value set {} could not be found out: it, or the code system, is not \
                     known here, or cannot be evaluated",
                    question.value_set
                )
                .into(),
                ..question.issue.clone()
            }),
        }
    }
}

/// What is to be said of codings whose code systems are here, and do not have the code or have another text for it.
pub async fn coding_faults(
    cx: &RequestContext,
    store: &Store,
    codings: &[FoundCoding],
) -> Result<Vec<Issue>> {
    if codings.is_empty() {
        return Ok(Vec::new());
    }
    let given = Given::default();
    let terminology = Terminology {
        store,
        given: &given,
        concepts_max: cx.limits.expansion,
    };
    let settings = terminology.settings();
    let asked: Vec<&Coding> = codings.iter().map(|one| &one.coding).collect();
    let told = terminology
        .evaluate(|knowledge| faults(knowledge, &settings, &asked))
        .await?;
    let with_text = |(one, text): (&FoundCoding, Option<String>)| {
        text.map(|text| Issue {
            diagnostics: text.into(),
            ..one.issue.clone()
        })
    };
    Ok(codings.iter().zip(told).filter_map(with_text).collect())
}

/// A coding without a system belongs to none.
fn members(question: &CodeQuestion) -> impl Iterator<Item = MemberQuestion> {
    let codings = question.codings.iter();
    let codings = codings.filter(|(system, _)| system.as_deref() != Some(""));
    codings.map(|(system, code)| MemberQuestion {
        value_set: question.value_set.clone(),
        system: system.clone(),
        version: None,
        code: code.clone(),
    })
}

#[cfg(test)]
mod tests;
