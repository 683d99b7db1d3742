//! Tests of periods and moments (<https://hl7.org/fhir/R4/search.html#date>).

use fhir::search::period_test::{PeriodTest, Prefix};

use super::statement::Statement;

/// A period `[lower, upper)` of a row passes.
pub(super) fn push_period_test(statement: &mut Statement, test: &PeriodTest, value: &str) {
    let (lower, upper) = (format!("{value}.lower"), format!("{value}.upper"));
    let within = |statement: &mut Statement| {
        statement
            .push(&lower)
            .push(" >= ")
            .instant(test.lower)
            .push(" and ")
            .push(&upper)
            .push(" <= ")
            .instant(test.upper);
    };
    statement.push("(");
    match test.prefix {
        Prefix::Eq => within(statement),
        Prefix::Ne => {
            statement.push("not (");
            within(statement);
            statement.push(")");
        }
        Prefix::Gt => {
            statement.push(&upper).push(" > ").instant(test.upper);
        }
        Prefix::Lt => {
            statement.push(&lower).push(" < ").instant(test.lower);
        }
        Prefix::Ge => {
            statement.push(&upper).push(" > ").instant(test.upper);
            statement.push(" or (");
            within(statement);
            statement.push(")");
        }
        Prefix::Le => {
            statement.push(&lower).push(" < ").instant(test.lower);
            statement.push(" or (");
            within(statement);
            statement.push(")");
        }
        Prefix::Sa => {
            statement.push(&lower).push(" >= ").instant(test.upper);
        }
        Prefix::Eb => {
            statement.push(&upper).push(" <= ").instant(test.lower);
        }
        Prefix::Ap => {
            statement.push(&lower).push(" < ").instant(test.upper);
            statement
                .push(" and ")
                .push(&upper)
                .push(" > ")
                .instant(test.lower);
        }
    }
    statement.push(")");
}

/// A moment passes: it is a period that ends right after it begins.
pub(super) fn push_instant_test(statement: &mut Statement, test: &PeriodTest, moment: &str) {
    statement.push("(").push(moment);
    match test.prefix {
        Prefix::Eq | Prefix::Ap => statement
            .push(" >= ")
            .instant(test.lower)
            .push(" and ")
            .push(moment)
            .push(" < ")
            .instant(test.upper),
        Prefix::Ne => statement
            .push(" < ")
            .instant(test.lower)
            .push(" or ")
            .push(moment)
            .push(" >= ")
            .instant(test.upper),
        Prefix::Gt | Prefix::Sa => statement.push(" >= ").instant(test.upper),
        Prefix::Lt | Prefix::Eb => statement.push(" < ").instant(test.lower),
        Prefix::Ge => statement.push(" >= ").instant(test.lower),
        Prefix::Le => statement.push(" < ").instant(test.upper),
    };
    statement.push(")");
}
