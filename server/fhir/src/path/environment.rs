//! What an evaluation may know beside the resource, and how much it may cost
//! (<https://hl7.org/fhir/R4/fhirpath.html#variables>).

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::item::{Item, Node};
use super::temporal::DateTime;
use crate::definitions::structure::Structures;

/// How much one evaluation may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Evaluated nodes, visited elements and compared items, together.
    pub steps: u32,
    /// Items of any one collection.
    pub items: u32,
    /// Bytes of any one string an expression makes.
    pub string_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 2_000_000,
            items: 100_000,
            string_bytes: 1 << 20,
        }
    }
}

/// Tells whether a node conforms to the profile of a URL; `None` where the URL is unknown.
pub type Conforms<'h> = dyn for<'i> Fn(Node<'i>, &str) -> Option<bool> + 'h;
/// Tells whether a code, Coding or CodeableConcept is in the value set of a URL; `None` where the URL is unknown.
pub type Member<'h> = dyn for<'i> Fn(&Item<'i>, &str) -> Option<bool> + 'h;
/// Tells whether the first of two codes, Codings or CodeableConcepts subsumes the second; `None` where it is unknown.
pub type Subsumes<'h> = dyn for<'i> Fn(&Item<'i>, &Item<'i>) -> Option<bool> + 'h;
/// Tells whether an XHTML fragment keeps the rules of narratives.
pub type HtmlChecks<'h> = dyn for<'i> Fn(Node<'i>) -> bool + 'h;
/// A value and its UCUM unit in canonical units; `None` where the unit is not UCUM's.
pub type Canonical<'h> = dyn Fn(Decimal, &str) -> Option<(Decimal, String)> + 'h;
/// Takes note of the name and the items of a trace.
pub type Trace<'h> = dyn for<'i> Fn(&str, &[Item<'i>]) + 'h;

/// Services from outside; a function without its service is an error, never a guess.
#[derive(Clone, Copy, Default)]
pub struct Hooks<'a> {
    /// `conformsTo()`
    pub conforms_to: Option<&'a Conforms<'a>>,
    /// `memberOf()`
    pub member_of: Option<&'a Member<'a>>,
    /// `subsumes()` and `subsumedBy()`
    pub subsumes: Option<&'a Subsumes<'a>>,
    /// `htmlChecks()`
    pub html_checks: Option<&'a HtmlChecks<'a>>,
    /// Comparing and computing with quantities of different units: [`canonical_quantity`](super::canonical_quantity).
    pub canonical: Option<&'a Canonical<'a>>,
    /// `trace()`
    pub trace: Option<&'a Trace<'a>>,
}

/// Everything an evaluation may know.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The element table.
    pub structures: &'a Structures,
    /// How much the evaluation may cost.
    pub limits: Limits,
    /// The instant of `now()`, `today()` and `timeOfDay()`.
    pub now: Option<DateTime>,
    /// `%resource`: the resource that holds the focus; without it, the focus where that is a resource.
    pub resource: Option<Node<'a>>,
    /// `%rootResource`: the resource that contains `%resource`; without it the document's outermost, or `%resource`
    /// itself in a Bundle or Parameters.
    pub root_resource: Option<Node<'a>>,
    /// `resolve()`: resources at hand beside the contained ones, by the text of references to them, as in a Bundle.
    pub resources: Option<&'a HashMap<Box<str>, Node<'a>>>,
    /// Variables beyond those the specification names.
    pub variables: &'a [(&'a str, Vec<Item<'a>>)],
    /// Services from outside.
    pub hooks: Hooks<'a>,
    /// Whether `as` refuses more than one item. R4's own search parameters and invariants need it not to.
    pub as_is_singular: bool,
}

impl<'a> Environment<'a> {
    /// An environment with nothing but the table.
    pub fn new(structures: &'a Structures) -> Self {
        Self {
            structures,
            limits: Limits::default(),
            now: None,
            resource: None,
            root_resource: None,
            resources: None,
            variables: &[],
            hooks: Hooks::default(),
            as_is_singular: false,
        }
    }
}
