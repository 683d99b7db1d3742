//! What an evaluation may know beside the resource, and how much it may cost
//! (<https://hl7.org/fhir/R4/fhirpath.html#variables>).

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

/// Where a reference leads.
#[derive(Clone, Copy, Debug)]
pub enum Resolved<'a> {
    /// To a resource at hand.
    Node(Node<'a>),
    /// Nowhere this hook knows.
    Unknown,
}

/// Tells whether an item has to do with a URL; `None` where the URL is unknown.
pub type Check<'a, T> = dyn Fn(T, &str) -> Option<bool> + 'a;
/// Tells how two items relate; `None` where that is unknown.
pub type Relation<'a> = dyn Fn(&Item<'a>, &Item<'a>) -> Option<bool> + 'a;
/// A value and its UCUM unit in canonical units; `None` where the unit is not UCUM's.
pub type Canonical<'a> = dyn Fn(Decimal, &str) -> Option<(Decimal, String)> + 'a;
/// Takes note of the items of a trace.
pub type Trace<'a> = dyn Fn(&str, &[Item<'a>]) + 'a;

/// Services from outside; a function without its service is an error, never a guess.
#[derive(Clone, Copy, Default)]
pub struct Hooks<'a> {
    /// `resolve()` for what is not contained: a reference's text to a resource at hand.
    pub resolve: Option<&'a dyn Fn(&str) -> Resolved<'a>>,
    /// `conformsTo()`: whether a node conforms to the profile of that URL; `None` where it is unknown.
    pub conforms_to: Option<&'a Check<'a, Node<'a>>>,
    /// `memberOf()`: whether a code, Coding or CodeableConcept is in the value set of that URL.
    pub member_of: Option<&'a Check<'a, Item<'a>>>,
    /// `subsumes()`: whether the first code, Coding or CodeableConcept subsumes the second.
    pub subsumes: Option<&'a Relation<'a>>,
    /// `htmlChecks()`: whether an XHTML fragment keeps the rules of narratives.
    pub html_checks: Option<&'a dyn Fn(Node<'a>) -> bool>,
    /// A value and its UCUM unit in canonical units; `None` where the unit is not UCUM's.
    pub canonical: Option<&'a Canonical<'a>>,
    /// `trace()`: is told the name and the items.
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
    /// `%rootResource`: the resource that holds `%resource`; without it, the document's outermost.
    pub root_resource: Option<Node<'a>>,
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
            variables: &[],
            hooks: Hooks::default(),
            as_is_singular: false,
        }
    }
}
