//! Regular expressions that profiles hold texts to (<https://hl7.org/fhir/R4/extension-regex.html>).

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// A compiled expression may not grow beyond this.
const BYTES_MAX: usize = 512 << 10;

/// A regular expression that a text must match as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TextPattern {
    text: Box<str>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl TextPattern {
    /// An expression; whether it is one shows when it is used.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            compiled: OnceLock::new(),
        }
    }

    /// The expression.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a text matches it; `None` where the expression is none, or is too large.
    pub fn matches(&self, text: &str) -> Option<bool> {
        Some(self.regex()?.is_match(text))
    }

    /// Whether texts can be held to it.
    pub fn is_usable(&self) -> bool {
        self.regex().is_some()
    }

    fn regex(&self) -> Option<&Regex> {
        let compile = || {
            let mut builder = RegexBuilder::new(&format!("^(?:{})$", self.text));
            builder.size_limit(BYTES_MAX).dfa_size_limit(BYTES_MAX);
            builder.build().ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}
