//! What a plan matches, and in which order, by asking each resource in turn.

use std::cmp::Ordering;

use bigdecimal::BigDecimal;
use fhir::search::hash;
use fhir::search::index_values::NumberValue;
use fhir::search::period_test::Prefix;
use fhir::search::plan::{
    Clause, Criteria, NearTest, NumberTest, Plan, Sort, SortKey, StringOrder, StringTest, TextPart,
    TextQuery,
};
use jiff::Timestamp;

use super::super::order::TEXT_MAX;
use super::world::Known;

/// The keys of all matches, in order.
pub(super) fn matches(world: &[Known], plan: &Plan) -> Vec<String> {
    let mut found: Vec<&Known> = world
        .iter()
        .filter(|one| plan.covers(one.key.resource_type))
        .filter(|one| plan.clauses.iter().all(|clause| holds(world, one, clause)))
        .collect();
    found.sort_by(|one, other| {
        let mut order = Ordering::Equal;
        for sort in &plan.sort {
            order = order.then_with(|| compare(sort, one, other));
        }
        order.then_with(|| other.number.cmp(&one.number))
    });
    found.iter().map(|one| one.key.to_string()).collect()
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Value {
    Text(String),
    Moment(Timestamp),
    Number(BigDecimal),
}

fn compare(sort: &Sort, one: &Known, other: &Known) -> Ordering {
    match (value(sort, one), value(sort, other)) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(one), Some(other)) if sort.descending => other.cmp(&one),
        (Some(one), Some(other)) => one.cmp(&other),
    }
}

fn value(sort: &Sort, one: &Known) -> Option<Value> {
    let values = &one.values;
    let all: Vec<Value> = match &sort.key {
        SortKey::Id => vec![Value::Text(one.key.id.to_string())],
        SortKey::LastUpdated => vec![Value::Moment(one.last_updated)],
        SortKey::String(seeds) => values
            .strings
            .iter()
            .filter(|value| seeds.contains(&value.parameter))
            .map(|value| Value::Text(value.folded.chars().take(TEXT_MAX).collect()))
            .collect(),
        SortKey::Date(seeds) => values
            .dates
            .iter()
            .filter(|value| seeds.contains(&value.parameter))
            .map(|value| Value::Moment(value.lower))
            .collect(),
        SortKey::Number(seeds) => values
            .numbers
            .iter()
            .filter(|value| seeds.contains(&value.parameter))
            .map(|value| Value::Number(value.lower.clone()))
            .collect(),
        SortKey::Text(_) => one
            .gender
            .map(|code| Value::Text(code.to_owned()))
            .into_iter()
            .collect(),
        SortKey::Score => Vec::new(),
    };
    match sort.descending {
        true => all.into_iter().max(),
        false => all.into_iter().min(),
    }
}

fn holds(world: &[Known], one: &Known, clause: &Clause) -> bool {
    let values = &one.values;
    match clause {
        Clause::AnyToken(elements) => elements.iter().any(|one| values.tokens.contains(one)),
        Clause::NoToken(elements) => !elements.iter().any(|one| values.tokens.contains(one)),
        Clause::Ids(ids) => ids.contains(&one.key.id),
        Clause::NotIds(ids) => !ids.contains(&one.key.id),
        Clause::Types(types) => types.contains(&one.key.resource_type),
        Clause::LastUpdated(tests) => tests
            .iter()
            .any(|test| test.matches_instant(one.last_updated)),
        Clause::String { parameters, tests } => values.strings.iter().any(|value| {
            parameters.contains(&value.parameter)
                && tests.iter().any(|test| string(&value.folded, test))
        }),
        Clause::Date {
            parameters, tests, ..
        } => values.dates.iter().any(|value| {
            parameters.contains(&value.parameter)
                && tests
                    .iter()
                    .any(|test| test.matches_period(value.lower, value.upper))
        }),
        Clause::Number(tests) => tests
            .iter()
            .any(|test| values.numbers.iter().any(|value| number(value, test))),
        Clause::Near { parameters, tests } => values.positions.iter().any(|value| {
            parameters.contains(&value.parameter)
                && tests
                    .iter()
                    .any(|test| near(&value.latitude, &value.longitude, test))
        }),
        Clause::Text { part, query } => {
            let words = match part {
                TextPart::Narrative => &values.narrative,
                TextPart::Content => &values.content,
            };
            text(&words.split_whitespace().collect::<Vec<_>>(), query)
        }
        Clause::RefersTo { seeds, target } => world.iter().any(|other| {
            let hash = hash::key_hash(&other.key);
            meets(world, other, target)
                && seeds
                    .iter()
                    .any(|seed| values.tokens.contains(&hash::reference(*seed, hash)))
        }),
        Clause::Names { ways, other } => world.iter().any(|far| {
            let has = |element: i64| far.values.tokens.contains(&element);
            let mut own = values.tokens.iter();
            meets(world, far, other) && own.any(|one| ways.iter().any(|way| has(one ^ way)))
        }),
        Clause::ReferredBy { seeds, source } => world.iter().any(|other| {
            let hash = hash::key_hash(&one.key);
            meets(world, other, source)
                && seeds
                    .iter()
                    .any(|seed| other.values.tokens.contains(&hash::reference(*seed, hash)))
        }),
        Clause::All(clauses) => clauses.iter().all(|clause| holds(world, one, clause)),
        Clause::Any(clauses) => clauses.iter().any(|clause| holds(world, one, clause)),
        Clause::Not(clause) => !holds(world, one, clause),
        Clause::Nothing => false,
    }
}

fn meets(world: &[Known], one: &Known, criteria: &Criteria) -> bool {
    criteria.resource_types.contains(&one.key.resource_type)
        && criteria
            .clauses
            .iter()
            .all(|clause| holds(world, one, clause))
}

fn string(folded: &str, test: &StringTest) -> bool {
    match test {
        StringTest::StartsWith(text) => folded.starts_with(&**text),
        StringTest::Contains(text) => folded.contains(&**text),
        StringTest::EndsWith(text) => folded.ends_with(&**text),
        StringTest::Compares(order, text) => {
            let compared = folded.cmp(&**text);
            match order {
                StringOrder::Equal => compared.is_eq(),
                StringOrder::NotEqual => compared.is_ne(),
                StringOrder::Greater => compared.is_gt(),
                StringOrder::Less => compared.is_lt(),
                StringOrder::GreaterOrEqual => compared.is_ge(),
                StringOrder::LessOrEqual => compared.is_le(),
            }
        }
    }
}

fn number(value: &NumberValue, test: &NumberTest) -> bool {
    let (lower, upper) = (&value.lower, &value.upper);
    test.parameters.contains(&value.parameter)
        && test.unit.is_none_or(|unit| value.units.contains(&unit))
        && match &test.second {
            Some(second) => range(lower, lower, test) && range(upper, upper, second),
            None => range(lower, upper, test),
        }
}

fn range(lower: &BigDecimal, upper: &BigDecimal, test: &NumberTest) -> bool {
    let within = test.lower <= *lower && *upper < test.upper;
    match test.prefix {
        Prefix::Eq => within,
        Prefix::Ne => !within,
        Prefix::Gt => *upper > test.exact,
        Prefix::Lt => *lower < test.exact,
        Prefix::Ge => *upper >= test.exact,
        Prefix::Le => *lower <= test.exact,
        Prefix::Sa => *lower > test.exact,
        Prefix::Eb => *upper < test.exact,
        Prefix::Ap => *lower < test.upper && *upper >= test.lower,
    }
}

/// Positions of this world are whole degrees around 0° and 180°: so far apart that coarse distances tell them apart.
fn near(latitude: &BigDecimal, longitude: &BigDecimal, test: &NearTest) -> bool {
    let full: BigDecimal = BigDecimal::from(360);
    let mut east = (longitude - &test.longitude).abs() % &full;
    if &east + &east > full {
        east = full - east;
    }
    let north = (latitude - &test.latitude).abs();
    // The square of the distance in degrees is a whole number: a limit between two of them parts them.
    let degrees = &test.distance / BigDecimal::from(111_195);
    &north * &north + &east * &east <= &degrees * &degrees
}

fn text(words: &[&str], query: &TextQuery) -> bool {
    match query {
        TextQuery::Word(word) => words.contains(&&**word),
        TextQuery::Prefix(word) => words.iter().any(|one| one.starts_with(&**word)),
        TextQuery::Phrase(phrase) => words
            .windows(phrase.len())
            .any(|part| part.iter().zip(phrase).all(|(one, other)| *one == &**other)),
        TextQuery::All(parts) => parts.iter().all(|part| text(words, part)),
        TextQuery::Any(parts) => parts.iter().any(|part| text(words, part)),
        TextQuery::Not(part) => !text(words, part),
    }
}
