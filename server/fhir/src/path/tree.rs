//! The tree an expression is parsed into: names and functions are looked up once, here.

use rust_decimal::Decimal;

use super::functions::Function;
use super::item::Item;
use super::pattern::Pattern;
use super::temporal::{Date, DateTime, Time};

/// One node of the tree.
#[derive(Debug)]
pub(super) enum Tree {
    /// `{}`
    Empty,
    Literal(Literal),
    /// `%name`
    Variable(Box<str>),
    /// `$this`
    This,
    /// `$index`
    Index,
    /// `$total`
    Total,
    /// Members one below the other; without a base they begin at the focus.
    Path {
        base: Option<Box<Tree>>,
        steps: Vec<Step>,
    },
    Call(Box<Call>),
    /// `base[index]`
    Indexer(Box<Tree>, Box<Tree>),
    /// `-x`, or `+x` when `false`.
    Polarity(bool, Box<Tree>),
    Binary(Operator, Box<Tree>, Box<Tree>),
    /// What gives the same for all items of the list it stands in, by the place where that is kept.
    Once(u16, Box<Tree>),
    /// The operators `is` (`true`) and `as`.
    TypeOperator {
        is: bool,
        base: Box<Tree>,
        name: TypeName,
    },
}

/// A function and what it is called on and with.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: &'static Function,
    pub(super) base: Option<Tree>,
    pub(super) arguments: Vec<Tree>,
    /// The argument of `is`, `as` and `ofType`.
    pub(super) type_name: Option<TypeName>,
    /// The argument of `matches` and its like, compiled while parsing when it is a literal.
    pub(super) pattern: Option<Pattern>,
}

/// One member name of a path.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: Box<str>,
    /// The first step may name the type of the focus: `Patient.name`.
    pub(super) may_be_type: bool,
}

/// `Patient`, `FHIR.Patient`, `System.String`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypeName {
    pub(super) namespace: Option<Namespace>,
    pub(super) name: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Namespace {
    Fhir,
    System,
}

#[derive(Clone, Debug)]
pub(super) enum Literal {
    Boolean(bool),
    Integer(i32),
    Decimal(Decimal),
    String(Box<str>),
    Date(Date),
    DateTime(DateTime),
    Time(Time),
    Quantity(Decimal, Box<str>),
    Calendar(Decimal, super::quantity::Calendar),
}

impl Literal {
    pub(super) fn item(&self) -> Item<'_> {
        use super::quantity::{Quantity, Unit};
        match self {
            Self::Boolean(value) => Item::Boolean(*value),
            Self::Integer(value) => Item::Integer(*value),
            Self::Decimal(value) => Item::Decimal(*value),
            Self::String(value) => Item::String(value.as_ref().into()),
            Self::Date(value) => Item::Date(*value),
            Self::DateTime(value) => Item::DateTime(*value),
            Self::Time(value) => Item::Time(*value),
            Self::Quantity(value, unit) => Item::Quantity(Quantity {
                value: *value,
                unit: Unit::Ucum(unit.as_ref().into()),
            }),
            Self::Calendar(value, unit) => Item::Quantity(Quantity {
                value: *value,
                unit: Unit::Calendar(*unit),
            }),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Implies,
    Or,
    Xor,
    And,
    In,
    Contains,
    Equal,
    NotEqual,
    Equivalent,
    NotEquivalent,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Union,
    Add,
    Subtract,
    Concatenate,
    Multiply,
    Divide,
    Div,
    Mod,
}

impl Operator {
    /// The operator of a symbol or keyword, and how strongly it binds; `is` and `as` bind with 8.
    pub(super) fn of(text: &str) -> Option<(Self, u8)> {
        Some(match text {
            "implies" => (Self::Implies, 1),
            "or" => (Self::Or, 2),
            "xor" => (Self::Xor, 2),
            "and" => (Self::And, 3),
            "in" => (Self::In, 4),
            "contains" => (Self::Contains, 4),
            "=" => (Self::Equal, 5),
            "!=" => (Self::NotEqual, 5),
            "~" => (Self::Equivalent, 5),
            "!~" => (Self::NotEquivalent, 5),
            "<" => (Self::Less, 6),
            "<=" => (Self::LessOrEqual, 6),
            ">" => (Self::Greater, 6),
            ">=" => (Self::GreaterOrEqual, 6),
            "|" => (Self::Union, 7),
            "+" => (Self::Add, 9),
            "-" => (Self::Subtract, 9),
            "&" => (Self::Concatenate, 9),
            "*" => (Self::Multiply, 10),
            "/" => (Self::Divide, 10),
            "div" => (Self::Div, 10),
            "mod" => (Self::Mod, 10),
            _ => return None,
        })
    }
}
