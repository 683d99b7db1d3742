//! Static statements that give resources, or tell that they exist, have a slot for what whoever asks may see of them:
//!
//! ```sql
//! where r.id = $1 /* confined: and <rows of r> */
//! ```
//!
//! Where everything may be seen that is a comment, and the statement runs as it stands in its file. Else what is in the
//! comment becomes part of the statement, with the conditions on the row `r` in the place it says.

use fhir::ids::ResourceType;
use fhir::search::plan::Clause;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

use super::conditions::push_all;
use super::statement::Statement;
use crate::auth::{Access, Permission, Rows};

/// A statement with slots. There is no way to its text but through a [`RowFilter`].
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Slotted(&'static str);

/// What a statement is asked within.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct RowFilter(Option<Clause>);

/// A statement with its values, ready to run.
pub(in super::super) enum Asked {
    Whole(&'static str, PgArguments),
    Confined(Statement),
}

/// Where a slot begins.
const BEGIN: &str = "/* confined: ";
/// Where it ends.
const END: &str = " */";

impl RowFilter {
    /// All rows: for whoever may see everything, and for what the caller judges in another way.
    pub(in super::super) fn everything() -> Self {
        Self(None)
    }

    /// The rows of some types with which something may be done. No type is all types.
    pub(in super::super) fn of(
        access: &Access,
        permission: Permission,
        types: &[ResourceType],
    ) -> Self {
        match access.reason() {
            Some(_) => Self::everything(),
            None => Self(Rows::of_types(types, |one| access.rows(permission, one))),
        }
    }

    /// The rows of some types of which it is no secret that they exist.
    pub(in super::super) fn referable(access: &Access, types: &[ResourceType]) -> Self {
        match access.reason() {
            Some(_) => Self::everything(),
            None => Self(Rows::of_types(types, |one| access.referable(one))),
        }
    }
}

impl Slotted {
    /// A statement whose text has a slot; a test looks.
    pub(in super::super) const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// The statement with its values, within a filter.
    pub(in super::super) fn within(self, filter: &RowFilter, arguments: PgArguments) -> Asked {
        let Some(clause) = &filter.0 else {
            return Asked::Whole(self.0, arguments);
        };
        let mut statement = Statement::with_arguments(arguments);
        let mut rest = self.0;
        while let Some((before, slot, after)) = slot(rest) {
            statement.push(before);
            let mut condition = slot;
            while let Some((before, alias, after)) = rows_of(condition) {
                statement.push(before).push("(");
                push_all(&mut statement, alias, [clause]);
                statement.push(")");
                condition = after;
            }
            statement.push(condition);
            rest = after;
        }
        statement.push(rest);
        Asked::Confined(statement)
    }

    /// The text as it runs where everything may be seen.
    #[cfg(test)]
    pub(in super::super) const fn whole(self) -> &'static str {
        self.0
    }
}

/// What stands before the first slot, in it, and behind it.
fn slot(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (slot, after) = rest.split_once(END)?;
    Some((before, slot, after))
}

/// What stands before the first conditions of a slot, the name of the row they are asked of, and what stands behind.
fn rows_of(slot: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = slot.split_once("<rows of ")?;
    let (alias, after) = rest.split_once('>')?;
    Some((before, alias, after))
}

impl Asked {
    /// The statement.
    pub(in super::super) fn query(&mut self) -> Query<'_, Postgres, PgArguments> {
        match self {
            Self::Whole(text, arguments) => sqlx::query_with(*text, std::mem::take(arguments)),
            Self::Confined(statement) => statement.build(),
        }
    }
}

/// The values of a static statement, in order.
macro_rules! arguments {
    ($($value:expr),* $(,)?) => {{
        let mut arguments = sqlx::postgres::PgArguments::default();
        $(
            sqlx::Arguments::add(&mut arguments, $value)
                .map_err($crate::error::Error::internal)?;
        )*
        arguments
    }};
}
pub(in super::super) use arguments;

#[cfg(test)]
mod tests;
