//! Why a search is refused: always by the name of the parameter, never by its value.

use crate::outcome::{Issue, IssueType, Severity};

/// What is wrong with a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchErrorKind {
    /// Unreadable, or not a value of the parameter's type: 400.
    Malformed,
    /// No such parameter, modifier or type: 400; a parameter is dropped by a lenient search.
    Unknown,
    /// Defined by FHIR, but not answered here: 400, or dropped by a lenient search.
    NotSupported,
    /// It names a value set, a code system or a code that is not known here, or not well enough: 400.
    Undefined,
    /// More than a limit of this server: 422.
    TooCostly,
    /// The type is never in the compartment that is searched: there is no such place, 404.
    NotInCompartment,
}

/// The limits of a search that are told to [`QueryLimits`] and [`PlanLimits`], as settings of a server.
///
/// [`QueryLimits`]: super::query::QueryLimits
/// [`PlanLimits`]: super::planner::PlanLimits
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchLimit {
    /// Parameters of a search.
    Parameters,
    /// Values between commas.
    OrValues,
    /// Steps of a chain or `_has`.
    ChainDepth,
    /// Inclusions of a search.
    Includes,
    /// `_count`
    PageSize,
    /// Codes of a value set, or above or below another.
    ExpansionCodes,
}

/// A search, or one parameter of it, that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("search parameter '{parameter}': {message}")]
pub struct SearchError {
    /// What is wrong.
    pub kind: SearchErrorKind,
    /// The parameter's name as it was written, modifier and chain included.
    pub parameter: Box<str>,
    /// A sentence for a developer; never holds the value, which may be a patient's name.
    pub message: Box<str>,
    /// The limit that was exceeded, where it is one that can be set.
    pub limit: Option<SearchLimit>,
    /// Whether it is about a modifier or a named query, which no server may leave out.
    pub is_essential: bool,
}

impl SearchError {
    /// An error about a parameter.
    pub fn new(kind: SearchErrorKind, parameter: &str, message: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            parameter: parameter.into(),
            message: message.into(),
            limit: None,
            is_essential: false,
        }
    }

    pub(super) fn malformed(parameter: &str, message: impl Into<Box<str>>) -> Self {
        Self::new(SearchErrorKind::Malformed, parameter, message)
    }

    pub(super) fn unknown(parameter: &str, message: impl Into<Box<str>>) -> Self {
        Self::new(SearchErrorKind::Unknown, parameter, message)
    }

    pub(super) fn not_supported(parameter: &str, message: impl Into<Box<str>>) -> Self {
        Self::new(SearchErrorKind::NotSupported, parameter, message)
    }

    pub(super) fn too_costly(parameter: &str, message: impl Into<Box<str>>) -> Self {
        Self::new(SearchErrorKind::TooCostly, parameter, message)
    }

    pub(super) fn beyond(
        limit: SearchLimit,
        parameter: &str,
        message: impl Into<Box<str>>,
    ) -> Self {
        Self {
            limit: Some(limit),
            ..Self::too_costly(parameter, message)
        }
    }

    /// The same about a modifier or a named query.
    pub(super) fn essential(self) -> Self {
        Self {
            is_essential: true,
            ..self
        }
    }

    /// Whether a lenient search leaves the parameter out instead
    /// (<https://hl7.org/fhir/R4/search.html#errors>).
    pub fn can_be_dropped(&self) -> bool {
        match self.kind {
            SearchErrorKind::Unknown | SearchErrorKind::NotSupported => !self.is_essential,
            SearchErrorKind::Malformed
            | SearchErrorKind::Undefined
            | SearchErrorKind::TooCostly
            | SearchErrorKind::NotInCompartment => false,
        }
    }

    /// The issue code.
    pub fn issue_type(&self) -> IssueType {
        match self.kind {
            SearchErrorKind::Malformed => IssueType::Value,
            SearchErrorKind::Unknown => IssueType::Invalid,
            SearchErrorKind::NotSupported => IssueType::NotSupported,
            SearchErrorKind::TooCostly => IssueType::TooCostly,
            SearchErrorKind::Undefined | SearchErrorKind::NotInCompartment => IssueType::NotFound,
        }
    }

    /// The error as an issue.
    pub fn issue(&self) -> Issue {
        Issue::error(self.issue_type(), self.to_string())
    }

    /// The warning of a lenient search that left the parameter out.
    pub fn dropped(&self) -> Issue {
        Issue::new(
            Severity::Warning,
            self.issue_type(),
            format!("{self}; the parameter was left out"),
        )
    }
}
