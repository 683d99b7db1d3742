//! Numbers and quantities (<https://hl7.org/fhir/R4/search.html#number>,
//! <https://hl7.org/fhir/R4/search.html#quantity>).

use super::super::combine;
use super::super::error::SearchError;
use super::super::hash;
use super::super::number_test::{self, SearchNumber};
use super::super::period_test::Prefix;
use super::super::plan::{Clause, NumberTest};
use super::super::query::split_unescaped;
use super::super::resolve::Resolved;
use super::super::ucum::{self, CanonicalUnit};
use super::{check_prefix, plain};

pub(super) fn number(resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    each(resolved, numbers)
}

pub(super) fn quantity(resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    each(resolved, quantities)
}

type Compare = fn(&Resolved<'_>, &[i64], Prefix, &str) -> Result<NumberTest, SearchError>;

fn each(resolved: &Resolved<'_>, compare: Compare) -> Result<Clause, SearchError> {
    let seeds = resolved.seeds();
    let mut tests = Vec::new();
    for value in &resolved.values {
        let (prefix, text) = Prefix::split(value);
        check_prefix(resolved, prefix)?;
        tests.push(compare(resolved, &seeds, prefix, text)?);
    }
    combine::sort(&mut tests);
    Ok(Clause::Number(tests))
}

/// A comparison of the numbers under some seeds.
pub(in super::super) fn numbers(
    resolved: &Resolved<'_>,
    seeds: &[i64],
    prefix: Prefix,
    text: &str,
) -> Result<NumberTest, SearchError> {
    let message = "a value is a number like 100, 0.8 or 8e-1, with a prefix or without";
    let number = read(resolved, text, message)?;
    Ok(test(number, seeds.to_vec(), None, prefix))
}

/// A comparison of the quantities under some seeds.
pub(in super::super) fn quantities(
    resolved: &Resolved<'_>,
    seeds: &[i64],
    prefix: Prefix,
    text: &str,
) -> Result<NumberTest, SearchError> {
    let message =
        "a value is 'number', 'number|system|code' or 'number||unit', with a prefix or without";
    let parts: Vec<&str> = split_unescaped(text, '|').collect();
    let (number, system, code) = match *parts.as_slice() {
        [number] => (number, "", ""),
        [number, system, code] if !code.is_empty() => (number, system, code),
        _ => return Err(resolved.malformed(message)),
    };
    let number = read(resolved, number, message)?;
    let (system, code) = (plain(resolved, system)?, plain(resolved, code)?);
    if code.is_empty() {
        return Ok(test(number, seeds.to_vec(), None, prefix));
    }
    if system == ucum::SYSTEM
        && let Some(unit) = CanonicalUnit::of(&code)
    {
        let seed = |seed: &i64| hash::canonical_seed(*seed, unit.name());
        let seeds = combine::sorted(seeds.iter().map(seed));
        let mut test = test(number, seeds, None, prefix);
        for bound in [&mut test.exact, &mut test.lower, &mut test.upper] {
            *bound = unit.value(bound);
        }
        return Ok(test);
    }
    let unit = unit(&system, &code);
    Ok(test(number, seeds.to_vec(), Some(unit), prefix))
}

/// A number, or the message of what a value is; one that is not searched for is told the range.
fn read(
    resolved: &Resolved<'_>,
    text: &str,
    message: &'static str,
) -> Result<SearchNumber, SearchError> {
    SearchNumber::parse(text).ok_or_else(|| match number_test::is_beyond(text) {
        true => resolved.malformed(number_test::range()),
        false => resolved.malformed(message),
    })
}

fn test(
    number: SearchNumber,
    mut parameters: Vec<i64>,
    unit: Option<i64>,
    prefix: Prefix,
) -> NumberTest {
    let number = match prefix {
        Prefix::Ap => number.approximate(),
        Prefix::Eq | Prefix::Ne => number,
        // Only the number itself counts: equal searches are equal, whatever digits they are written with.
        Prefix::Gt | Prefix::Lt | Prefix::Ge | Prefix::Le | Prefix::Sa | Prefix::Eb => {
            SearchNumber {
                lower: number.exact.clone(),
                upper: number.exact.clone(),
                ..number
            }
        }
    };
    combine::sort(&mut parameters);
    NumberTest {
        parameters,
        unit,
        prefix,
        exact: number.exact,
        lower: number.lower,
        upper: number.upper,
        second: None,
        beside: Vec::new(),
    }
}

/// The unit as it is written, by its code or its text.
fn unit(system: &str, code: &str) -> i64 {
    match system {
        "" => hash::unit(code),
        system => hash::system_unit(system, code),
    }
}
