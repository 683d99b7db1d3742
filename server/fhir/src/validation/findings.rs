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
    index: Option<usize>,
}

impl<'a> Path<'a> {
    pub(super) fn root(name: &'a str) -> Self {
        Self {
            parent: None,
            name,
            index: None,
        }
    }

    pub(super) fn member(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            name,
            index: None,
        }
    }

    pub(super) fn item(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
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
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

/// The findings, up to [`ISSUES_MAX`].
#[derive(Debug, Default)]
pub(super) struct Findings {
    issues: Vec<Issue>,
    more: bool,
}

impl Findings {
    pub(super) fn add(
        &mut self,
        path: &Path<'_>,
        value: Value<'_>,
        code: IssueType,
        text: impl Into<Box<str>>,
    ) {
        if self.issues.len() < ISSUES_MAX {
            let issue = Issue::error(code, text)
                .at(path.to_string())
                .positioned(value.position());
            self.issues.push(issue);
        } else {
            self.more = true;
        }
    }

    /// Whether nothing more would be listed.
    pub(super) fn is_full(&self) -> bool {
        self.more
    }

    pub(super) fn into_issues(mut self) -> Vec<Issue> {
        if self.more {
            self.issues.push(Issue::new(
                Severity::Information,
                IssueType::Informational,
                "there are more findings than are listed",
            ));
        }
        self.issues
    }
}
