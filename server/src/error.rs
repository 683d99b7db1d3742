//! What can go wrong, by what the client can do about it, and the one table that maps it to FHIR
//! (<https://hl7.org/fhir/R4/http.html#Status-Codes>).

mod op_error;

use std::fmt;

use fhir::ids::ResourceType;
use fhir::outcome::{Issue, IssueType};
use http::StatusCode;

pub use op_error::{OP_ERROR, OpError};

/// The answer of everything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Kinds of failure. Choose by what the client can do, not by where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Unreadable, or breaks base R4.
    Malformed,
    /// A parameter or value of the request is wrong.
    BadValue,
    /// Known to FHIR, but not supported here.
    NotSupported,
    /// Not authenticated.
    Unauthenticated,
    /// Authenticated too long ago, or by one factor: whoever asks has to log in once more, so many seconds before at most.
    StepUp {
        /// The seconds.
        max_age_s: u32,
    },
    /// Authenticated, but not allowed.
    Forbidden,
    /// No such resource type or operation.
    UnknownEndpoint,
    /// No such resource, or none the caller may know of.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// No format the client accepts.
    NotAcceptable,
    /// The resource has been deleted.
    Gone,
    /// The state of the server stands against it.
    Conflict,
    /// A version or existence condition of the request failed.
    PreconditionFailed,
    /// A condition that must select one resource selects several.
    MultipleMatches,
    /// The body is larger than allowed.
    TooLarge,
    /// A format or charset this server does not read.
    UnsupportedMediaType,
    /// Breaks a profile or rule of validation.
    Invalid,
    /// Breaks a rule of the business.
    BusinessRule,
    /// More work than one request may ask for.
    TooCostly,
    /// Too many requests: whoever asks shall rest so many seconds.
    Throttled {
        /// The seconds.
        retry_after_s: u32,
    },
    /// The database or another part is away; try again.
    Unavailable,
    /// The request took longer than it may.
    Timeout,
    /// A fault of the server.
    Internal,
}

impl ErrorKind {
    /// The HTTP status and the issue code of this kind: the only table there is.
    pub fn fhir(self) -> (StatusCode, IssueType) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, IssueType::Structure),
            Self::BadValue => (StatusCode::BAD_REQUEST, IssueType::Value),
            Self::NotSupported => (StatusCode::BAD_REQUEST, IssueType::NotSupported),
            Self::Unauthenticated | Self::StepUp { .. } => {
                (StatusCode::UNAUTHORIZED, IssueType::Login)
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, IssueType::Forbidden),
            Self::UnknownEndpoint => (StatusCode::NOT_FOUND, IssueType::NotSupported),
            Self::NotFound => (StatusCode::NOT_FOUND, IssueType::NotFound),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, IssueType::NotSupported),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, IssueType::NotSupported),
            Self::Gone => (StatusCode::GONE, IssueType::Deleted),
            Self::Conflict => (StatusCode::CONFLICT, IssueType::Conflict),
            Self::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, IssueType::Conflict),
            Self::MultipleMatches => (StatusCode::PRECONDITION_FAILED, IssueType::MultipleMatches),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, IssueType::TooLong),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, IssueType::NotSupported)
            }
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, IssueType::Invalid),
            Self::BusinessRule => (StatusCode::UNPROCESSABLE_ENTITY, IssueType::BusinessRule),
            Self::TooCostly => (StatusCode::UNPROCESSABLE_ENTITY, IssueType::TooCostly),
            Self::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, IssueType::Throttled),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, IssueType::Transient),
            Self::Timeout => (StatusCode::SERVICE_UNAVAILABLE, IssueType::Timeout),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, IssueType::Exception),
        }
    }
}

/// A failure: its kind, the issues the client sees, and the cause the log sees.
pub struct Error {
    kind: ErrorKind,
    issues: Vec<Issue>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A place within another. A path of a resource begins with its type, which is no element of what the resource stands in.
fn joined(prefix: &str, place: &str) -> String {
    let (first, rest) = match place.find(['.', '[']) {
        Some(end) => place.split_at(end),
        None => (place, ""),
    };
    if ResourceType::parse(first).is_none() {
        return format!("{prefix}.{place}");
    }
    match prefix.ends_with(']') {
        true => format!("{prefix}.resource{rest}"),
        false => format!("{prefix}{rest}"),
    }
}

impl Error {
    /// A failure with one sentence for the client. The sentence holds no patient data and no SQL.
    pub fn new(kind: ErrorKind, diagnostics: impl Into<Box<str>>) -> Self {
        Self::with_issues(kind, vec![Issue::error(kind.fhir().1, diagnostics)])
    }

    /// A failure with several findings.
    pub fn with_issues(kind: ErrorKind, issues: Vec<Issue>) -> Self {
        Self {
            kind,
            issues,
            cause: None,
        }
    }

    /// A fault of the server: the client learns nothing but that, the log learns the cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(
            ErrorKind::Internal,
            "the server failed; the log has the details under this request id",
        )
        .caused_by(cause)
    }

    /// The same failure, with a cause for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same failure, with a FHIRPath place on every issue that has none.
    #[must_use]
    pub fn at(mut self, expression: impl Into<Box<str>>) -> Self {
        let expression = expression.into();
        for issue in self
            .issues
            .iter_mut()
            .filter(|issue| issue.expression.is_empty())
        {
            issue.expression.push(expression.clone());
        }
        self
    }

    /// The same failure of a part, with `prefix` put before every place: `Bundle.entry[3]`.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        for issue in &mut self.issues {
            if issue.expression.is_empty() {
                issue.expression.push(prefix.into());
                continue;
            }
            for expression in &mut issue.expression {
                *expression = joined(prefix, expression).into();
            }
        }
        self
    }

    /// What kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.kind.fhir().0
    }

    /// What the client sees.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// What the log sees.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("issues", &self.issues)
            .field("cause", &self.cause)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.issues.first() {
            Some(issue) => f.write_str(&issue.diagnostics),
            None => write!(f, "{:?}", self.kind),
        }
    }
}

impl std::error::Error for Error {}
