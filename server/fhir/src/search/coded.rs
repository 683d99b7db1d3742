//! What searches ask of terminology: which codes belong to a value set, which are at and below another, which at and
//! above it (<https://hl7.org/fhir/R4/search.html#token>).
//!
//! Planning does not wait: it notes what it asks, and is done again when the answers are there.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::error::{SearchError, SearchErrorKind, SearchLimit};
use super::hierarchy::KnownParts;

/// Which codes are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CodesAsked {
    /// Those of a value set: where it is, or its canonical URL, as it was written.
    In(Box<str>),
    /// Those that a code subsumes, itself among them.
    Below {
        /// Its code system.
        system: Box<str>,
        /// It.
        code: Box<str>,
    },
    /// Those that subsume a code, itself among them.
    Above {
        /// Its code system.
        system: Box<str>,
        /// It.
        code: Box<str>,
    },
}

/// A code of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCode {
    /// The system.
    pub system: Box<str>,
    /// The code.
    pub code: Box<str>,
    /// Whether the system says that capital and small letters are the same.
    pub is_uncased: bool,
}

/// What was found.
pub type FoundCodes = Arc<[FoundCode]>;

/// Why codes cannot be told: a sentence about what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodesRefusal {
    /// It names something that is not here, or what nobody can tell the codes of.
    Undefined(String),
    /// There are more than a limit.
    TooMany(String),
    /// Nobody can list them.
    Endless(String),
}

/// The answer to what was asked.
pub type CodesAnswer = Result<FoundCodes, CodesRefusal>;

/// What has been asked while searches were planned, and the answers there are.
#[derive(Debug, Default)]
pub struct KnownAnswers {
    known: HashMap<CodesAsked, CodesAnswer>,
    asked: RefCell<BTreeSet<CodesAsked>>,
    /// What is above and below resources.
    pub parts: KnownParts,
}

impl KnownAnswers {
    /// The codes; `None` where there is no answer yet, and then it is noted.
    pub(super) fn codes(
        &self,
        parameter: &str,
        asked: CodesAsked,
    ) -> Result<Option<FoundCodes>, SearchError> {
        match self.known.get(&asked) {
            Some(Ok(codes)) => Ok(Some(Arc::clone(codes))),
            Some(Err(refusal)) => Err(refusal.error(parameter)),
            None => {
                self.asked.borrow_mut().insert(asked);
                Ok(None)
            }
        }
    }

    /// What has been noted since the last time: a plan that was made meanwhile is none.
    pub fn take_asked(&mut self) -> BTreeSet<CodesAsked> {
        std::mem::take(self.asked.get_mut())
    }

    /// Learns answers.
    pub fn learn(&mut self, answers: impl IntoIterator<Item = (CodesAsked, CodesAnswer)>) {
        self.known.extend(answers);
    }
}

impl CodesRefusal {
    fn error(&self, parameter: &str) -> SearchError {
        match self {
            Self::Undefined(sentence) => {
                SearchError::new(SearchErrorKind::Undefined, parameter, sentence.as_str())
            }
            Self::Endless(sentence) => {
                SearchError::not_supported(parameter, sentence.as_str()).essential()
            }
            Self::TooMany(sentence) => {
                SearchError::beyond(SearchLimit::ExpansionCodes, parameter, sentence.as_str())
            }
        }
    }
}
