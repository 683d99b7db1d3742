//! FHIRPath for R4 (<http://hl7.org/fhirpath/N1/>, <https://hl7.org/fhir/R4/fhirpath.html>).
//!
//! An [`Expression`] is parsed once and shared. [`evaluate`] walks a document's tape and copies nothing of it:
//! a result holds places ([`Node`]) and the system's own values. What an evaluation may know comes with the
//! [`Environment`], what it may cost is bounded by [`Limits`], and what it cannot know is an error.

mod check;
mod collection;
mod comparison;
mod durations;
mod environment;
mod equality;
mod evaluation;
mod functions;
mod item;
mod lexer;
mod members;
mod memo;
mod navigation;
mod operators;
mod outside;
mod parser;
mod pattern;
mod quantity;
mod seen;
mod signatures;
mod temporal;
#[cfg(test)]
mod tests;
mod tree;
mod types;
mod units;

use std::fmt;

pub use check::SemanticError;
pub use collection::{Collection, IntoItems};
pub use environment::{
    Canonical, Conforms, Environment, Hooks, HtmlChecks, Limits, Member, Subsumes, Trace,
};
pub use evaluation::{condition, condition_within, evaluate, evaluate_within};
pub use item::{Elsewhere, Item, Node, TypeInfo};
pub use quantity::{Calendar, Quantity, Unit};
pub use temporal::{Date, DateTime, Time};
pub use units::canonical_quantity;

/// The longest expression, in bytes.
pub const MAX_LENGTH: usize = 32 * 1024;
/// The deepest expression, in nested operations.
pub const MAX_DEPTH: u16 = 128;

/// A parsed expression: immutable, to be shared between threads.
#[derive(Debug)]
pub struct Expression {
    tree: tree::Tree,
    text: Box<str>,
}

impl Expression {
    /// Parses; unknown functions and wrong numbers of arguments are syntax errors.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Ok(Self {
            tree: parser::parse(text)?,
            text: text.into(),
        })
    }

    /// The text it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is no expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {offset} of the expression)")]
pub struct SyntaxError {
    /// A sentence without the text's content.
    pub message: &'static str,
    /// The byte of the expression.
    pub offset: usize,
}

impl SyntaxError {
    fn new(message: &'static str, offset: usize) -> Self {
        Self { message, offset }
    }
}

/// Why an evaluation has no result. An error tells nothing of the data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The evaluation costs more than [`Limits`] allow.
    #[error("the evaluation needs more {0} than it may")]
    Limit(&'static str),
    /// More than one item where one is allowed.
    #[error("'{0}' takes a single item")]
    Singleton(&'static str),
    /// An item of a type that has no meaning there.
    #[error("'{0}' does not take items of this type")]
    Type(&'static str),
    /// A variable nobody supplied.
    #[error("the variable '%{0}' is unknown")]
    UnknownVariable(Box<str>),
    /// A type the element table does not know.
    #[error("the type '{0}' is unknown")]
    UnknownType(Box<str>),
    /// A regular expression that is made while evaluating, and is none.
    #[error("the regular expression is not valid")]
    Pattern,
    /// A question only a service from outside can answer, and none was supplied.
    #[error("'{0}' is not supported here")]
    NotSupported(&'static str),
}
