//! Filters as conditions that the tables of concepts can answer.

use super::{Filters, Test, is_code};
use crate::terminology::code_system::CodeSystem;
use crate::terminology::condition::Condition;
use crate::terminology::import::snomed;
use crate::terminology::value_set::Filter;

impl Filters {
    /// The same as a condition; what is asked of each concept alone is named instead.
    pub(in crate::terminology) fn condition(&self, system: &CodeSystem) -> Result<Condition, &str> {
        let conditions = self
            .tests
            .iter()
            .map(|(filter, test)| condition(test, filter, system).ok_or(&*filter.op));
        let conditions: Result<Vec<Condition>, &str> = conditions.collect();
        conditions.map(Condition::all)
    }
}

fn condition(test: &Test, filter: &Filter, system: &CodeSystem) -> Option<Condition> {
    let below = |with_itself| Condition::Below {
        code: filter.value.clone(),
        with_itself,
    };
    let value = || std::slice::from_ref(&filter.value);
    Some(match test {
        Test::IsA => below(true),
        Test::Below => below(false),
        Test::RightBelow => right_below(value(), false),
        Test::IsNotA => below(true).negated(),
        Test::Leaf => Condition::all([below(false), Condition::HasBelow.negated()]),
        Test::Above(codes) | Test::HasBelow(codes) => named(codes, false),
        Test::HasNotBelow(codes) => named(codes, false).negated(),
        Test::HasChildren(true) => Condition::HasBelow,
        Test::HasChildren(false) => Condition::HasBelow.negated(),
        Test::Member => Condition::Said(snomed::MEMBER_OF.into(), Some(value().to_vec())),
        Test::Is => one_of(filter, system, value()),
        Test::In(values) => one_of(filter, system, values),
        Test::NotIn(values) => one_of(filter, system, values).negated(),
        // Whether it is inactive, every concept says.
        Test::Exists(wanted) if *filter.property == *"inactive" => match wanted {
            true => Condition::EVERY,
            false => Condition::NONE,
        },
        Test::Exists(true) => has(filter),
        Test::Exists(false) => has(filter).negated(),
        Test::Matches(_) => return None,
    })
}

fn named(codes: &[Box<str>], is_uncased: bool) -> Condition {
    Condition::codes(codes.iter().map(|code| &**code), is_uncased)
}

fn right_below(codes: &[Box<str>], is_uncased: bool) -> Condition {
    Condition::RightBelow(Some(Box::new(named(codes, is_uncased))))
}

/// A property has one of these values.
fn one_of(filter: &Filter, system: &CodeSystem, values: &[Box<str>]) -> Condition {
    let said = || Condition::Said(filter.property.clone(), Some(values.to_vec()));
    match &*filter.property {
        _ if is_code(filter) => named(values, !system.case_sensitive),
        "display" => Condition::Text("display", Some(values.to_vec())),
        "definition" => Condition::Text("definition", Some(values.to_vec())),
        "parent" => right_below(values, !system.case_sensitive),
        "inactive" => {
            let is_one = |wanted: &str| values.iter().any(|one| **one == *wanted);
            let old = Condition::inactive(system);
            let follows = match (is_one("true"), is_one("false")) {
                (true, true) => Condition::EVERY,
                (true, false) => old,
                (false, true) => old.negated(),
                (false, false) => Condition::NONE,
            };
            Condition::any([said(), Condition::all([has(filter).negated(), follows])])
        }
        _ => said(),
    }
}

/// A concept says something of a property.
fn has(filter: &Filter) -> Condition {
    match &*filter.property {
        _ if is_code(filter) => Condition::EVERY,
        "display" => Condition::Text("display", None),
        "definition" => Condition::Text("definition", None),
        "parent" => Condition::RightBelow(None),
        _ => Condition::Said(filter.property.clone(), None),
    }
}
