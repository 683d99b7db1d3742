//! The part of `_filter` whose meaning the specification settles (<https://hl7.org/fhir/R4/search_filter.html>).

use std::fmt;

use super::compare::{Comparison, Truth, and, any, not};
use super::folding::fold;
use super::value::Value;
use super::world::World;

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `code operator value`
    Test {
        /// The parameter.
        code: String,
        /// `eq`, `co`, …
        operator: String,
        /// Without quotes.
        value: String,
        /// Whether it is written in quotes.
        quoted: bool,
    },
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// One of them.
    Or(Box<Filter>, Box<Filter>),
    /// Not this.
    Not(Box<Filter>),
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test {
                code,
                operator,
                value,
                quoted: true,
            } => {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "{code} {operator} \"{value}\"")
            }
            Self::Test {
                code,
                operator,
                value,
                quoted: false,
            } => write!(f, "{code} {operator} {value}"),
            Self::And(left, right) => write!(f, "({left}) and ({right})"),
            Self::Or(left, right) => write!(f, "({left}) or ({right})"),
            Self::Not(inner) => write!(f, "not ({inner})"),
        }
    }
}

/// Whether a filter holds for a resource.
pub fn holds(world: &World, place: usize, filter: &Filter, now: i128) -> Truth {
    let of = |filter: &Filter| holds(world, place, filter, now);
    match filter {
        Filter::And(left, right) => and(of(left), of(right)),
        Filter::Or(left, right) => any([of(left), of(right)]),
        Filter::Not(inner) => not(of(inner)),
        Filter::Test {
            code,
            operator,
            value,
            ..
        } => test(world, place, code, operator, value, now),
    }
}

fn test(world: &World, place: usize, code: &str, operator: &str, value: &str, now: i128) -> Truth {
    let parameter = world.definitions.find(&world.resources[place].kind, code)?;
    let values = world.values(place, code);
    if operator == "pr" {
        let unsaid = values.contains(&Value::Unsaid);
        return (!unsaid).then(|| values.is_empty() != (value == "true"));
    }
    let sought = fold(value);
    let passes = |one: &Value| match (one, operator) {
        (Value::Unsaid, _) => None,
        (Value::Text(text), "co") => Some(fold(text).contains(&sought)),
        (Value::Text(text), "sw") => Some(fold(text).starts_with(&sought)),
        (Value::Text(text), "ew") => Some(fold(text).ends_with(&sought)),
        (Value::Text(_), _) => Some(false),
        _ => {
            let prefix = match (parameter.kind.as_str(), operator) {
                // "overlaps with the implied period in the value"
                ("date", "po") => return overlaps(one, value),
                ("date" | "number", _) => operator,
                _ => "",
            };
            let raw = format!("{prefix}{value}");
            let reading = world.reading();
            Comparison {
                reading,
                parameter,
                modifier: None,
                raw: &raw,
                now,
                is_filter: true,
            }
            .passes(one)
        }
    };
    any(values.iter().map(passes))
}

fn overlaps(value: &Value, sought: &str) -> Truth {
    let Value::Span(span) = value else {
        return Some(false);
    };
    let sought = super::moment::span(sought)?;
    Some(span.lower < sought.upper && sought.lower < span.upper)
}
