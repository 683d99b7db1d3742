//! The codes that searches ask for (<https://hl7.org/fhir/R4/search.html#token>).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::canonical::Canonical;
use super::expand::codes;
use super::fault::{Fault, FaultKind, Stop};
use super::knowledge::Knowledge;
use super::lookup::{Looked, above, below};
use super::rule::Rule;
use super::settings::Settings;
use super::value_set::ValueSet;
use super::{unknown_value_set, value_set};
use crate::search::coded::{CodesAnswer, CodesAsked, CodesRefusal, FoundCode, FoundCodes};

/// Answers questions, all of them as far as something is lacking, so that it is fetched at once. `here` are the value
/// sets that were named by where they are.
pub fn searched(
    knowledge: &Knowledge,
    settings: &Settings,
    asked: &BTreeSet<CodesAsked>,
    here: &HashMap<Box<str>, Arc<ValueSet>>,
) -> Result<Vec<(CodesAsked, CodesAnswer)>, Stop> {
    let mut answers = Vec::with_capacity(asked.len());
    let mut is_missing = false;
    for one in asked {
        match answer(knowledge, settings, one, here) {
            Ok(codes) => answers.push((one.clone(), Ok(codes))),
            Err(Stop::Missing) => is_missing = true,
            Err(Stop::Fault(fault)) => answers.push((one.clone(), Err(refusal(one, &fault)))),
        }
    }
    match is_missing {
        true => Err(Stop::Missing),
        false => Ok(answers),
    }
}

fn answer(
    knowledge: &Knowledge,
    settings: &Settings,
    asked: &CodesAsked,
    here: &HashMap<Box<str>, Arc<ValueSet>>,
) -> Result<FoundCodes, Stop> {
    let mut uncased = HashMap::new();
    let mut coded = |system: &str, code: Box<str>| {
        let is_uncased = match uncased.get(system) {
            Some(is_uncased) => *is_uncased,
            None => {
                let systems = knowledge.code_systems(system)?;
                let is_uncased = systems.iter().any(|one| !one.case_sensitive);
                uncased.insert(Box::<str>::from(system), is_uncased);
                is_uncased
            }
        };
        Ok::<_, Stop>(FoundCode {
            system: system.into(),
            code,
            is_uncased,
        })
    };
    let mut related = |system: &str, codes: Vec<Box<str>>| {
        let codes = codes.into_iter().map(|code| coded(system, code));
        codes.collect::<Result<FoundCodes, Stop>>()
    };
    match asked {
        CodesAsked::In(named) => {
            let canonical = Canonical::parse(named);
            let found = match here.get(named) {
                Some(found) => Some(Arc::clone(found)),
                None => value_set(knowledge, &canonical)?,
            };
            let found = found.ok_or_else(|| unknown_value_set(named))?;
            let entries = codes(knowledge, settings, &found)?.into_iter();
            entries
                .map(|one| coded(&one.system, one.concept.code.clone()))
                .collect()
        }
        CodesAsked::Below { system, code } => {
            let codes = below(knowledge, settings, &looked(system, code))?;
            related(system, codes)
        }
        CodesAsked::Above { system, code } => {
            let codes = above(knowledge, settings, &looked(system, code))?;
            related(system, codes)
        }
    }
}

fn looked(system: &str, code: &str) -> Looked {
    Looked {
        system: Canonical::of(system, None),
        code: code.into(),
    }
}

fn refusal(asked: &CodesAsked, fault: &Fault) -> CodesRefusal {
    match (fault.kind, asked) {
        (_, CodesAsked::In(value_set)) if fault.issue.rule == Rule::Endless => {
            CodesRefusal::Endless(format!(
                "the value set '{value_set}' takes all codes that a grammar makes: there is no list of them that could be \
                 searched for; ask for 'system|', or for a value set that lists those it takes"
            ))
        }
        (FaultKind::TooCostly, _) => CodesRefusal::TooMany(match asked {
            CodesAsked::In(value_set) => {
                format!(
                    "the value set '{value_set}' has more codes than can be searched for at once"
                )
            }
            CodesAsked::Below { system, code } | CodesAsked::Above { system, code } => {
                format!("more codes are below '{system}|{code}' than can be searched for at once")
            }
        }),
        (
            FaultKind::NotFound
            | FaultKind::Invalid
            | FaultKind::NotSupported
            | FaultKind::Unprocessable,
            _,
        ) => CodesRefusal::Undefined(fault.issue.text.clone()),
    }
}
