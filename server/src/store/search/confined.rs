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
        confined
            .clauses
            .extend(Rows::of_types(&plan.resource_types, found));
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
