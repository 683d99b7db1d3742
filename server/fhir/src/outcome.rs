//! Issues and the OperationOutcome that carries them (<https://hl7.org/fhir/R4/operationoutcome.html>).

use crate::json::{Position, Writer};

/// How bad an issue is (<https://hl7.org/fhir/R4/valueset-issue-severity.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The action failed and no further checking was possible.
    Fatal,
    /// The action failed.
    Error,
    /// The action went on, with a doubt.
    Warning,
    /// Nothing is wrong.
    Information,
}

impl Severity {
    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

macro_rules! issue_types {
    ($($(#[$doc:meta])* $name:ident => $code:literal,)*) => {
        /// What kind of issue (<https://hl7.org/fhir/R4/valueset-issue-type.html>).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum IssueType { $($(#[$doc])* $name,)* }

        impl IssueType {
            /// The code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

issue_types! {
    /// Content invalid against the specification or a profile.
    Invalid => "invalid",
    /// A structural issue such as wrong nesting or an unknown element.
    Structure => "structure",
    /// A required element is missing.
    Required => "required",
    /// An element or header value is invalid.
    Value => "value",
    /// A content validation rule failed.
    Invariant => "invariant",
    /// Authentication is needed.
    Login => "login",
    /// The caller may not do this.
    Forbidden => "forbidden",
    /// Information was withheld.
    Suppressed => "suppressed",
    /// Processing failed.
    Processing => "processing",
    /// Known, but not supported here.
    NotSupported => "not-supported",
    /// The same thing exists already.
    Duplicate => "duplicate",
    /// More than one match where one was meant.
    MultipleMatches => "multiple-matches",
    /// Not found.
    NotFound => "not-found",
    /// Found, but deleted.
    Deleted => "deleted",
    /// Larger than allowed.
    TooLong => "too-long",
    /// A code is not in its value set or system.
    CodeInvalid => "code-invalid",
    /// An extension is not acceptable.
    Extension => "extension",
    /// Too much work was asked for.
    TooCostly => "too-costly",
    /// A business rule forbids it.
    BusinessRule => "business-rule",
    /// What was offered or held for some time is so no more.
    Expired => "expired",
    /// Version conflict.
    Conflict => "conflict",
    /// A passing fault.
    Transient => "transient",
    /// A lock could not be had.
    LockError => "lock-error",
    /// The store is unavailable.
    NoStore => "no-store",
    /// An unexpected internal error.
    Exception => "exception",
    /// Took too long.
    Timeout => "timeout",
    /// Too many requests.
    Throttled => "throttled",
    /// Nothing is wrong.
    Informational => "informational",
}

/// One finding. Its texts hold no patient data and no SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// What kind.
    pub code: IssueType,
    /// A code of our own system, where one exists: system and code.
    pub detail: Option<(Box<str>, Box<str>)>,
    /// A sentence for whoever asked, beside that code.
    pub text: Option<Box<str>>,
    /// A sentence for a developer.
    pub diagnostics: Box<str>,
    /// FHIRPath expressions of the places concerned.
    pub expression: Vec<Box<str>>,
    /// Line and column of the place concerned, in the text sent.
    pub position: Option<Position>,
    /// The JSON text of an extension that says more.
    pub extension: Option<Box<str>>,
}

impl Issue {
    /// An error with a sentence.
    pub fn error(code: IssueType, diagnostics: impl Into<Box<str>>) -> Self {
        Self::new(Severity::Error, code, diagnostics)
    }

    /// An issue with a sentence.
    pub fn new(severity: Severity, code: IssueType, diagnostics: impl Into<Box<str>>) -> Self {
        Self {
            severity,
            code,
            detail: None,
            text: None,
            diagnostics: diagnostics.into(),
            expression: Vec::new(),
            position: None,
            extension: None,
        }
    }

    /// The same issue, at a place given as FHIRPath.
    #[must_use]
    pub fn at(mut self, expression: impl Into<Box<str>>) -> Self {
        self.expression.push(expression.into());
        self
    }

    /// The same issue, at a place of the text.
    #[must_use]
    pub fn positioned(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }
}

/// The JSON of an OperationOutcome with these issues. There must be at least one; none makes an `informational` one.
pub fn operation_outcome(issues: &[Issue]) -> String {
    let mut writer = Writer::with_capacity(256);
    writer.object(|outcome| {
        outcome.string("resourceType", "OperationOutcome");
        outcome.array("issue", |list| {
            if issues.is_empty() {
                write_issue(
                    list,
                    &Issue::new(Severity::Information, IssueType::Informational, "All OK"),
                );
            }
            for issue in issues {
                write_issue(list, issue);
            }
        });
    });
    writer.finish()
}

/// Extensions for the place of an issue in the text.
const LINE: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line";
const COLUMN: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col";

fn number(list: &mut Writer, url: &str, value: u32) {
    list.object(|extension| {
        extension.string("url", url);
        extension.number("valueInteger", i64::from(value));
    });
}

fn write_issue(list: &mut Writer, issue: &Issue) {
    list.object(|object| {
        if issue.extension.is_some() || issue.position.is_some() {
            object.array("extension", |list| {
                if let Some(extension) = &issue.extension {
                    list.raw(extension);
                }
                if let Some(Position { line, column }) = issue.position {
                    number(list, LINE, line);
                    number(list, COLUMN, column);
                }
            });
        }
        object.string("severity", issue.severity.code());
        object.string("code", issue.code.code());
        if issue.detail.is_some() || issue.text.is_some() {
            object.object("details", |details| {
                if let Some((system, code)) = &issue.detail {
                    details.array("coding", |codings| {
                        codings.object(|coding| {
                            coding.string("system", system);
                            coding.string("code", code);
                        });
                    });
                }
                details.optional("text", issue.text.as_deref());
            });
        }
        if !issue.diagnostics.is_empty() {
            match issue.position {
                Some(position) => object.string(
                    "diagnostics",
                    &format!("{} ({position})", issue.diagnostics),
                ),
                None => object.string("diagnostics", &issue.diagnostics),
            }
        }
        if !issue.expression.is_empty() {
            object.array("expression", |list| {
                for expression in &issue.expression {
                    list.string(expression);
                }
            });
        }
    });
}
