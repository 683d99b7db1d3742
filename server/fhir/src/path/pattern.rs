//! Regular expressions (<http://hl7.org/fhirpath/N1/#matchesregex-string-boolean>): matched in linear time, and
//! charged by what they may cost.

use regex::{Regex, RegexBuilder};

use super::EvaluationError;
use super::evaluation::Evaluation;

/// A compiled pattern of at most this size is charged as a search for a text is.
const SMALL_BYTES: usize = 16 << 10;
/// A compiled pattern may not grow beyond this: what R4's own longest needs.
const LARGE_BYTES: usize = 512 << 10;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    is_large: bool,
}

impl Pattern {
    /// Compiles a pattern as FHIRPath means it: `.` meets line ends too.
    pub(super) fn compile(text: &str, whole: bool) -> Option<Self> {
        let anchored = if whole {
            format!("^(?:{text})$")
        } else {
            text.to_owned()
        };
        let mut builder = RegexBuilder::new(&anchored);
        builder
            .dot_matches_new_line(true)
            .dfa_size_limit(LARGE_BYTES);
        let small = builder.size_limit(SMALL_BYTES).build().ok();
        let is_large = small.is_none();
        let regex = small.or_else(|| builder.size_limit(LARGE_BYTES).build().ok())?;
        Some(Self { regex, is_large })
    }

    /// The expression, once matching it against a text is paid for.
    pub(super) fn on(
        &self,
        text: &str,
        evaluation: &Evaluation<'_, '_>,
    ) -> Result<&Regex, EvaluationError> {
        let cost = if self.is_large {
            text.len().saturating_mul(32)
        } else {
            text.len() / 16
        };
        evaluation.charge(cost)?;
        Ok(&self.regex)
    }
}
