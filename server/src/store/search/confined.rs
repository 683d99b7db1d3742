//! A plan that says only what whoever asks may learn. No statement of a search is made of any other: what is hidden is to
//! each way, each chain and each count as if it were not there.

use std::borrow::Cow;

use fhir::search::plan::{Clause, Criteria, Plan, Total};

use crate::auth::{Access, Permission, Rows};

/// A plan within an access.
#[derive(Debug)]
pub(in super::super) struct ConfinedPlan<'a>(Cow<'a, Plan>);

impl<'a> ConfinedPlan<'a> {
    /// The plan as it is where everything may be seen. Else it asks of its matches what searching asks, and at each step
    /// of a chain what reading asks.
    pub(in super::super) fn of(access: &Access, plan: &'a Plan) -> Self {
        if access.reason().is_some() {
            return Self(Cow::Borrowed(plan));
        }
        let mut confined = plan.clone();
        let clauses = confined.clauses.iter();
        confined.clauses = clauses.map(|one| confine(access, one)).collect();
        let found = |one| access.rows(Permission::Search, one);
        if let Some(rows) = Rows::of_types(&plan.resource_types, found) {
            confined.clauses.extend(known(rows, &plan.compartments()));
        }
        // Statistics know of what is hidden.
        if confined.total == Total::Estimate {
            confined.total = Total::Accurate;
        }
        Self(Cow::Owned(confined))
    }

    /// What is searched.
    pub(super) fn plan(&self) -> &Plan {
        &self.0
    }
}

/// The same condition, where it asks about other resources of those alone that may be read.
fn confine(access: &Access, clause: &Clause) -> Clause {
    let each = |clauses: &[Clause]| clauses.iter().map(|one| confine(access, one)).collect();
    match clause {
        Clause::RefersTo { seeds, target } => Clause::RefersTo {
            seeds: seeds.clone(),
            target: criteria(access, target),
        },
        Clause::ReferredBy { seeds, source } => Clause::ReferredBy {
            seeds: seeds.clone(),
            source: criteria(access, source),
        },
        Clause::Names { ways, other } => Clause::Names {
            ways: ways.clone(),
            other: criteria(access, other),
        },
        Clause::All(clauses) => Clause::All(each(clauses)),
        Clause::Any(clauses) => Clause::Any(each(clauses)),
        Clause::Not(clause) => Clause::Not(Box::new(confine(access, clause))),
        Clause::AnyToken(_)
        | Clause::NoToken(_)
        | Clause::Ids(_)
        | Clause::NotIds(_)
        | Clause::Types(_)
        | Clause::LastUpdated(_)
        | Clause::String { .. }
        | Clause::Date { .. }
        | Clause::Number(_)
        | Clause::Near { .. }
        | Clause::Text { .. }
        | Clause::Nothing => clause.clone(),
    }
}

fn criteria(access: &Access, asked: &Criteria) -> Criteria {
    let clauses = asked.clauses.iter();
    let mut clauses: Vec<Clause> = clauses.map(|one| confine(access, one)).collect();
    let read = |one| access.rows(Permission::Read, one);
    clauses.extend(Rows::of_types(&asked.resource_types, read));
    Criteria {
        resource_types: asked.resource_types.clone(),
        clauses,
    }
}

/// What is left to ask of rows that have some elements for certain; nothing where all of them pass. Whoever may see hundreds of patients
/// and asks for one is not compared with all of them.
fn known(clause: Clause, elements: &[i64]) -> Option<Clause> {
    let has_one = |some: &[i64]| elements.iter().any(|one| some.binary_search(one).is_ok());
    match clause {
        Clause::AnyToken(some) if has_one(&some) => None,
        Clause::NoToken(some) if has_one(&some) => Some(Clause::Nothing),
        Clause::All(parts) => {
            let left = parts.into_iter().filter_map(|one| known(one, elements));
            let mut left: Vec<Clause> = left.collect();
            match left.len() {
                0 | 1 => left.pop(),
                _ if left.contains(&Clause::Nothing) => Some(Clause::Nothing),
                _ => Some(Clause::All(left)),
            }
        }
        Clause::Any(parts) => {
            let parts: Option<Vec<Clause>> =
                parts.into_iter().map(|one| known(one, elements)).collect();
            let mut left = parts?;
            left.retain(|one| *one != Clause::Nothing);
            match left.len() {
                0 => Some(Clause::Nothing),
                1 => left.pop(),
                _ => Some(Clause::Any(left)),
            }
        }
        Clause::Not(part) => match known(*part, elements) {
            None => Some(Clause::Nothing),
            Some(Clause::Nothing) => None,
            Some(left) => Some(Clause::Not(Box::new(left))),
        },
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certain_is_not_asked() {
        let any = |some: &[i64]| Clause::AnyToken(some.to_vec());
        let none = |some: &[i64]| Clause::NoToken(some.to_vec());
        let not = |one: Clause| Clause::Not(Box::new(one));
        let (all, or) = (Clause::All, Clause::Any);
        for (clause, expected) in [
            (any(&[3, 5, 9]), None),
            (any(&[3, 9]), Some(any(&[3, 9]))),
            (none(&[5]), Some(Clause::Nothing)),
            (none(&[6]), Some(none(&[6]))),
            (all(vec![any(&[5]), none(&[6])]), Some(none(&[6]))),
            (all(vec![any(&[5]), any(&[4, 5])]), None),
            (
                all(vec![any(&[1]), any(&[2]), none(&[5])]),
                Some(Clause::Nothing),
            ),
            (or(vec![any(&[1]), any(&[5])]), None),
            (or(vec![any(&[1]), none(&[5])]), Some(any(&[1]))),
            (or(vec![none(&[5]), none(&[4, 5])]), Some(Clause::Nothing)),
            (not(any(&[5])), Some(Clause::Nothing)),
            (not(none(&[5])), None),
            (not(any(&[6])), Some(not(any(&[6])))),
        ] {
            assert_eq!(known(clause.clone(), &[5, 7]), expected, "{clause:?}");
            assert_eq!(known(clause.clone(), &[]), Some(clause));
        }
    }
}
