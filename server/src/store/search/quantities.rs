//! Tests of numbers, quantities and positions (<https://hl7.org/fhir/R4/search.html#number>).

use fhir::search::near::EARTH_RADIUS_METRES;
use fhir::search::period_test::Prefix;
use fhir::search::plan::{NearTest, NumberTest};

use super::conditions::push_seeds;
use super::statement::Statement;

/// A range `lower ..= upper` of a row passes, and its unit is the one asked for; or both numbers of a row do.
pub(super) fn push_number_test(statement: &mut Statement, test: &NumberTest, value: &str) {
    statement.push("(");
    push_seeds(statement, value, &test.parameters);
    if let Some(unit) = test.unit {
        statement
            .push(format!(" and {value}.units @> "))
            .elements(&[unit]);
    }
    statement.push(" and ");
    let (lower, upper) = (format!("{value}.lower"), format!("{value}.upper"));
    match &test.second {
        Some(second) => {
            push_comparison(statement, test, &lower, &lower);
            statement.push(" and ");
            push_comparison(statement, second, &upper, &upper);
        }
        None => push_comparison(statement, test, &lower, &upper),
    }
    statement.push(")");
}

/// The range between two columns passes.
fn push_comparison(statement: &mut Statement, test: &NumberTest, lower: &str, upper: &str) {
    let compare = |statement: &mut Statement, column: &str, operator: &str| {
        statement.push(column).push(operator).decimal(&test.exact);
    };
    let within = |statement: &mut Statement| {
        statement
            .push(lower)
            .push(" >= ")
            .decimal(&test.lower)
            .push(" and ")
            .push(upper)
            .push(" < ")
            .decimal(&test.upper);
    };
    match test.prefix {
        Prefix::Eq => within(statement),
        Prefix::Ne => {
            statement.push("not (");
            within(statement);
            statement.push(")");
        }
        Prefix::Gt => compare(statement, upper, " > "),
        Prefix::Lt => compare(statement, lower, " < "),
        Prefix::Ge => compare(statement, upper, " >= "),
        Prefix::Le => compare(statement, lower, " <= "),
        Prefix::Sa => compare(statement, lower, " > "),
        Prefix::Eb => compare(statement, upper, " < "),
        Prefix::Ap => {
            statement
                .push(lower)
                .push(" < ")
                .decimal(&test.upper)
                .push(" and ")
                .push(upper)
                .push(" >= ")
                .decimal(&test.lower);
        }
    }
}

/// A position is within the distance, on a sphere of the earth's mean radius.
pub(super) fn push_near_test(statement: &mut Statement, test: &NearTest, value: &str) {
    statement.push("(");
    // A degree of latitude is nowhere shorter than 110 km: no position outside the belt is near enough.
    statement
        .push(format!("{value}.latitude between "))
        .decimal(&test.latitude)
        .push(" - ")
        .decimal(&test.distance)
        .push(" / 110000 and ")
        .decimal(&test.latitude)
        .push(" + ")
        .decimal(&test.distance)
        .push(" / 110000 and ");
    push_distance(statement, test, value);
    statement
        .push(" <= ")
        .decimal(&test.distance)
        .push("::float8)");
}

/// The distance in metres between a position and the one asked for.
pub(super) fn push_distance(statement: &mut Statement, test: &NearTest, value: &str) {
    let latitude = format!("radians({value}.latitude::float8)");
    let longitude = format!("radians({value}.longitude::float8)");
    statement.push(format!(
        "({} * asin(least(1, sqrt(sin(({latitude} - radians(",
        u64::from(EARTH_RADIUS_METRES) * 2
    ));
    statement.decimal(&test.latitude);
    statement.push(format!(
        "::float8)) / 2) ^ 2 + cos({latitude}) * cos(radians("
    ));
    statement.decimal(&test.latitude);
    statement.push(format!("::float8)) * sin(({longitude} - radians("));
    statement.decimal(&test.longitude);
    statement.push("::float8)) / 2) ^ 2))))");
}
