//! What matches are ordered by (<https://hl7.org/fhir/R4/search.html#sort>).

use std::cmp::Ordering;

use bigdecimal::BigDecimal;

use super::folding::fold;
use super::value::Value;
use super::world::World;

/// What two resources are compared by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A moment.
    Moment(i128),
    /// A number; without a lower bound it is less than all.
    Number(Option<BigDecimal>),
    /// A text, letter by letter.
    Text(String),
}

/// The keys of a resource; `None` has no value, and comes last in both directions.
pub fn keys(world: &World, place: usize, sort: &[(String, bool)]) -> Vec<Option<Key>> {
    sort.iter()
        .map(|(code, descending)| key(world, place, code, *descending))
        .collect()
}

/// Of several values, the least counts in ascending order, and the greatest in descending order.
fn key(world: &World, place: usize, code: &str, descending: bool) -> Option<Key> {
    let resource = &world.resources[place];
    match code {
        "_id" => return Some(Key::Text(resource.id.clone())),
        "_lastUpdated" => return Some(Key::Moment(resource.updated)),
        _ => {}
    }
    if world
        .definitions
        .find(&resource.kind, code)
        .is_some_and(|one| one.kind == "reference")
    {
        let texts = world
            .reference_texts(place, code)
            .into_iter()
            .map(Key::Text);
        return if descending { texts.max() } else { texts.min() };
    }
    let values = world.values(place, code);
    let keys = values.iter().filter_map(of_value);
    if descending { keys.max() } else { keys.min() }
}

fn of_value(value: &Value) -> Option<Key> {
    match value {
        Value::Token(token) => token.code.clone().map(Key::Text),
        Value::Text(text) => Some(Key::Text(fold(text))),
        Value::Uri(text, _) => Some(Key::Text(text.clone())),
        Value::Span(span) => Some(Key::Moment(span.lower)),
        Value::Number(range) => Some(Key::Number(range.lower.clone())),
        Value::Amount(amount) => Some(Key::Number(amount.range.lower.clone())),
        Value::Display(_)
        | Value::Local(..)
        | Value::Elsewhere(..)
        | Value::Logical(_)
        | Value::Position(..)
        | Value::Present
        | Value::Unsaid => None,
    }
}

/// Which of two resources comes first.
pub fn compare(left: &[Option<Key>], right: &[Option<Key>], sort: &[(String, bool)]) -> Ordering {
    for ((left, right), (_, descending)) in left.iter().zip(right).zip(sort) {
        let ordering = match (left, right) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(left), Some(right)) if *descending => right.cmp(left),
            (Some(left), Some(right)) => left.cmp(right),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}
