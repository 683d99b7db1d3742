//! Where the check stands, and what it has found.

use std::fmt;

use crate::json::Value;
use crate::outcome::{Issue, IssueType, Severity};

/// How many findings are listed.
pub const ISSUES_MAX: usize = 100;

/// The place the check has come to; written out only when there is something to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
    /// The type that stands for a choice.
    chosen: Option<&'a str>,
    index: Option<usize>,
}

impl<'a> Path<'a> {
    pub(super) fn root(name: &'a str) -> Self {
        Self {
            parent: None,
            name,
            chosen: None,
            index: None,
        }
    }

    pub(super) fn member(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            ..Self::root(name)
        }
    }

    /// One type of a choice: `value.ofType(Quantity)`.
    pub(super) fn choice(&'a self, name: &'a str, chosen: &'a str) -> Self {
        Self {
            chosen: Some(chosen),
            ..self.member(name)
        }
    }

    pub(super) fn item(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    /// The names of the steps to it, the outermost resource's not included.
    pub(super) fn names(&self) -> Vec<&'a str> {
        let mut names = self.parent.map(Path::names).unwrap_or_default();
        if self.parent.is_some() {
            names.push(self.name);
        }
        names
    }

    /// The JSON member the place is in.
    pub(super) fn name(&self) -> &'a str {
        self.name
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)?;
        if let Some(chosen) = self.chosen {
            write!(f, ".ofType({chosen})")?;
        }
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

/// The findings, up to [`ISSUES_MAX`] errors, as many warnings and as many of what is less, each with its place in the text.
#[derive(Debug, Default)]
pub(super) struct Findings {
    issues: Vec<(u32, Issue)>,
    errors: usize,
    warnings: usize,
    more: bool,
    is_full: bool,
    /// How many profiles lead to what is being checked; none where it is the specification itself.
    pub(super) profiles: usize,
    breaks_base: bool,
}

impl Findings {
    pub(super) fn add(
        &mut self,
        path: &Path<'_>,
        value: Value<'_>,
        code: IssueType,
        text: impl Into<Box<str>>,
    ) {
        self.note(Severity::Error, path, value, (code, text.into()));
    }

    /// Adds a finding of any severity.
    pub(super) fn note(
        &mut self,
        severity: Severity,
        path: &Path<'_>,
        value: Value<'_>,
        (code, text): (IssueType, Box<str>),
    ) {
        let is_error = severity <= Severity::Error;
        self.breaks_base |= is_error && self.profiles == 0;
        // What is less never takes the place of what is worse.
        let count = match severity {
            Severity::Fatal | Severity::Error => self.errors,
            Severity::Warning => self.warnings,
            Severity::Information => self.issues.len() - self.errors - self.warnings,
        };
        let expression = path.to_string();
        let is_same = |(_, other): &(u32, Issue)| {
            other.severity == severity
                && other.diagnostics == text
                && other
                    .expression
                    .first()
                    .is_some_and(|one| **one == *expression)
        };
        if self.issues.iter().any(is_same) {
            return;
        }
        if count >= ISSUES_MAX {
            self.more = true;
            self.is_full |= is_error;
            return;
        }
        self.errors += usize::from(is_error);
        self.warnings += usize::from(severity == Severity::Warning);
        let issue = Issue::new(severity, code, text)
            .at(expression)
            .positioned(value.position());
        self.issues.push((value.index(), issue));
    }

    /// Whether there is an error.
    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether there is an error by the specification itself, not by a profile alone.
    pub(super) fn breaks_base(&self) -> bool {
        self.breaks_base
    }

    /// Whether no more errors would be listed.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The findings in the order they were made.
    pub(super) fn into_issues(self) -> Vec<Issue> {
        let more = self.more;
        let mut issues: Vec<_> = self.issues.into_iter().map(|(_, issue)| issue).collect();
        if more {
            issues.push(Issue::new(
                Severity::Information,
                IssueType::Informational,
                "there are more findings than are listed",
            ));
        }
        issues
    }

    /// The findings in the order of the text.
    pub(super) fn into_sorted(mut self) -> Vec<Issue> {
        self.issues.sort_by_key(|(index, _)| *index);
        self.into_issues()
    }
}
