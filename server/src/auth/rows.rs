//! [`Rows`]: which resources of a type somebody may touch, as a condition that is asked of the row itself: its elements
//! and its id. So it costs next to nothing in a statement, and can be asked of a text before it is stored.

use fhir::ids::{ResourceKey, ResourceType};
use fhir::search::index_values::IndexValues;
use fhir::search::matches::ResourceFacts;
use fhir::search::plan::{Clause, Plan};
use jiff::Timestamp;

/// Resources of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// All.
    All,
    /// None.
    None,
    /// Those that pass; a clause about elements and ids alone.
    Such(Clause),
}

impl Rows {
    /// Those that have one of some elements.
    pub fn with_one_of(elements: &[i64]) -> Self {
        match elements {
            [] => Self::None,
            some => Self::Such(Clause::AnyToken(some.to_vec())),
        }
    }

    /// Those that pass all of some clauses; nothing where one is about more than elements and ids.
    pub fn passing(clauses: Vec<Clause>) -> Option<Self> {
        if !clauses.iter().all(is_about_the_row) {
            return None;
        }
        let each = clauses.into_iter().map(Self::Such);
        Some(each.fold(Self::All, Self::and))
    }

    /// What both have.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::All, other) => other,
            (own, Self::All) => own,
            (Self::Such(own), Self::Such(other)) if own == other => Self::Such(own),
            (Self::Such(own), Self::Such(other)) => Self::Such(Clause::All(vec![own, other])),
        }
    }

    /// What either has.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::None, other) => other,
            (own, Self::None) => own,
            (Self::Such(own), Self::Such(other)) if own == other => Self::Such(own),
            (Self::Such(Clause::AnyToken(mut own)), Self::Such(Clause::AnyToken(other))) => {
                own.extend(other);
                own.sort_unstable();
                own.dedup();
                Self::Such(Clause::AnyToken(own))
            }
            (Self::Such(own), Self::Such(other)) => Self::Such(Clause::Any(vec![own, other])),
        }
    }

    /// All others.
    #[must_use]
    pub fn others(self) -> Self {
        match self {
            Self::All => Self::None,
            Self::None => Self::All,
            Self::Such(Clause::AnyToken(elements)) => Self::Such(Clause::NoToken(elements)),
            Self::Such(Clause::Not(clause)) => Self::Such(*clause),
            Self::Such(clause) => Self::Such(Clause::Not(Box::new(clause))),
        }
    }

    /// Whether a resource with these values is one of them.
    pub fn admit(&self, key: &ResourceKey, values: &IndexValues) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Such(clause) => {
                let plan = Plan {
                    clauses: vec![clause.clone()],
                    ..Plan::default()
                };
                let facts = ResourceFacts {
                    resource_type: key.resource_type,
                    id: &key.id,
                    last_updated: Timestamp::UNIX_EPOCH,
                    values,
                };
                plan.matches(facts) == Some(true)
            }
        }
    }

    /// What is true of those among resources of several types that are admitted; nothing where all are. No type is all
    /// types.
    pub fn of_types(types: &[ResourceType], rows: impl Fn(ResourceType) -> Self) -> Option<Clause> {
        if let [only] = types {
            return match rows(*only) {
                Self::All => None,
                Self::None => Some(Clause::Nothing),
                Self::Such(clause) => Some(clause),
            };
        }
        let every: Vec<ResourceType>;
        let types = match types {
            [] => {
                every = ResourceType::all().collect();
                &every
            }
            some => some,
        };
        let mut groups: Vec<(Self, Vec<ResourceType>)> = Vec::new();
        for one in types {
            let admitted = rows(*one);
            match groups.iter_mut().find(|(known, _)| *known == admitted) {
                Some((_, of_group)) => of_group.push(*one),
                None => groups.push((admitted, vec![*one])),
            }
        }
        if let [(Self::All, _)] = groups.as_slice() {
            return None;
        }
        let mut parts = Vec::new();
        for (admitted, mut types) in groups {
            types.sort_unstable();
            match admitted {
                Self::None => {}
                Self::All => parts.push(Clause::Types(types)),
                Self::Such(clause) => parts.push(Clause::All(vec![Clause::Types(types), clause])),
            }
        }
        match parts.is_empty() {
            true => Some(Clause::Nothing),
            false => Some(Clause::Any(parts)),
        }
    }
}

fn is_about_the_row(clause: &Clause) -> bool {
    match clause {
        Clause::AnyToken(_)
        | Clause::NoToken(_)
        | Clause::Ids(_)
        | Clause::NotIds(_)
        | Clause::Types(_)
        | Clause::Nothing => true,
        Clause::All(parts) | Clause::Any(parts) => parts.iter().all(is_about_the_row),
        Clause::Not(part) => is_about_the_row(part),
        Clause::LastUpdated(_)
        | Clause::String { .. }
        | Clause::Date { .. }
        | Clause::Number(_)
        | Clause::Near { .. }
        | Clause::Text { .. }
        | Clause::RefersTo { .. }
        | Clause::ReferredBy { .. }
        | Clause::Names { .. } => false,
    }
}

#[cfg(test)]
mod tests;
