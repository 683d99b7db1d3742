//! Random plans: every way finds what the values say, in the order they say, page by page in both directions.

use bigdecimal::BigDecimal;
use fhir::ids::ResourceType;
use fhir::search::hash;
use fhir::search::period_test::{PeriodTest, Prefix};
use fhir::search::plan::{
    Clause, Criteria, NearTest, NumberTest, Plan, Sort, SortKey, StringOrder, StringTest, TextPart,
    TextQuery,
};

use super::oracle;
use super::world::{
    CITED, DATES, Dice, NUMBERS, PARTNER, POSITIONS, STRINGS, SUBJECT, WORDS, World, day, decimal,
    element, reference_of, seeds_of, text, types,
};
use crate::store::{Source, Store};

const PREFIXES: [Prefix; 9] = [
    Prefix::Eq,
    Prefix::Ne,
    Prefix::Gt,
    Prefix::Lt,
    Prefix::Ge,
    Prefix::Le,
    Prefix::Sa,
    Prefix::Eb,
    Prefix::Ap,
];

const ORDERS: [StringOrder; 6] = [
    StringOrder::Equal,
    StringOrder::NotEqual,
    StringOrder::Greater,
    StringOrder::Less,
    StringOrder::GreaterOrEqual,
    StringOrder::LessOrEqual,
];

fn some<T: Clone + Ord>(dice: &mut Dice, items: &[T]) -> Vec<T> {
    let mut chosen: Vec<T> = (0..dice.roll(3) + 1)
        .map(|_| dice.pick(items).clone())
        .collect();
    chosen.sort();
    chosen.dedup();
    chosen
}

/// Some elements, at times among many that nothing has, as codes of a value set may be.
fn few_or_many(dice: &mut Dice, elements: &[i64]) -> Vec<i64> {
    let mut chosen = some(dice, elements);
    if dice.one_in(4) {
        chosen.extend(10_000..10_100);
    }
    chosen
}

fn several<T: Ord>(dice: &mut Dice, mut make: impl FnMut(&mut Dice) -> T) -> Vec<T> {
    let mut made: Vec<T> = (0..dice.roll(2) + 1).map(|_| make(dice)).collect();
    made.sort();
    made
}

fn period(dice: &mut Dice) -> PeriodTest {
    let first = dice.number(22);
    PeriodTest {
        prefix: *dice.pick(&PREFIXES),
        lower: day(first),
        upper: day(first + dice.number(4) + 1),
    }
}

fn number(dice: &mut Dice, types: &[ResourceType]) -> NumberTest {
    let second = dice.one_in(4).then(|| Box::new(number(dice, types)));
    let exact = decimal(dice);
    let width = decimal(dice).abs() + BigDecimal::from(1);
    NumberTest {
        second,
        beside: Vec::new(),
        parameters: seeds(dice, &NUMBERS, types),
        unit: dice.one_in(2).then(|| dice.number(3)),
        prefix: *dice.pick(&PREFIXES),
        lower: &exact - &width,
        upper: &exact + &width,
        exact,
    }
}

fn words(dice: &mut Dice, depth: u32) -> TextQuery {
    let word = |dice: &mut Dice| Box::<str>::from(*dice.pick(&WORDS));
    match dice.roll(if depth == 0 { 3 } else { 6 }) {
        0 => TextQuery::Word(word(dice)),
        1 => TextQuery::Prefix("fe".into()),
        2 => TextQuery::Phrase(vec![word(dice), word(dice)]),
        3 => TextQuery::All(vec![words(dice, depth - 1), words(dice, depth - 1)]),
        4 => TextQuery::Any(vec![words(dice, depth - 1), words(dice, depth - 1)]),
        _ => TextQuery::Not(Box::new(words(dice, depth - 1))),
    }
}

fn criteria(world: &World, dice: &mut Dice, depth: u32) -> Criteria {
    let types = some(dice, &types());
    let clauses = (0..dice.roll(3))
        .map(|_| clause(world, dice, &types, depth))
        .collect();
    Criteria {
        resource_types: types,
        clauses,
    }
}

/// Some seeds of these types.
fn seeds(dice: &mut Dice, all: &'static [i64; 4], types: &[ResourceType]) -> Vec<i64> {
    let own: Vec<i64> = types
        .iter()
        .flat_map(|one| seeds_of(all, *one))
        .copied()
        .collect();
    some(dice, &own)
}

/// Some seeds of references of these types.
fn references(dice: &mut Dice, types: &[ResourceType]) -> Vec<i64> {
    let own = |one: &ResourceType| [PARTNER, SUBJECT].map(|seed| reference_of(seed, *one));
    some(dice, &types.iter().flat_map(own).collect::<Vec<_>>())
}

fn referred_by(world: &World, dice: &mut Dice, depth: u32) -> Clause {
    let source = criteria(world, dice, depth);
    Clause::ReferredBy {
        seeds: references(dice, &source.resource_types),
        source,
    }
}

fn clause(world: &World, dice: &mut Dice, types: &[ResourceType], depth: u32) -> Clause {
    let elements: Vec<i64> = types
        .iter()
        .copied()
        .flat_map(|one| (1..=9).map(move |number| element(number, one)))
        .collect();
    let ids: Vec<_> = world.known.iter().map(|one| one.key.id.clone()).collect();
    match dice.roll(if depth == 0 { 12 } else { 17 }) {
        0..=2 => Clause::AnyToken(few_or_many(dice, &elements)),
        3 => Clause::NoToken(few_or_many(dice, &elements)),
        4 => Clause::Ids(some(dice, &ids)),
        5 => Clause::NotIds(some(dice, &ids)),
        6 => Clause::LastUpdated(several(dice, |dice| {
            let at = dice.pick(&world.known).last_updated;
            PeriodTest {
                prefix: *dice.pick(&PREFIXES),
                lower: at,
                upper: at + jiff::SignedDuration::from_millis(dice.number(9) + 1),
            }
        })),
        7 => Clause::String {
            parameters: seeds(dice, &STRINGS, types),
            tests: several(dice, |dice| match dice.roll(5) {
                0 | 1 => StringTest::StartsWith(text(dice).into()),
                2 => StringTest::EndsWith(text(dice).into()),
                3 => StringTest::Compares(*dice.pick(&ORDERS), text(dice).into()),
                _ => StringTest::Contains(text(dice).into()),
            }),
        },
        8 => Clause::Date {
            parameters: seeds(dice, &DATES, types),
            tests: several(dice, period),
            single: false,
        },
        9 => Clause::Number(several(dice, |dice| number(dice, types))),
        10 => Clause::Near {
            parameters: seeds(dice, &POSITIONS, types),
            tests: several(dice, |dice| NearTest {
                latitude: BigDecimal::from(dice.number(3)),
                longitude: BigDecimal::from(dice.number(3) - 181),
                distance: dice
                    .pick(&["20000", "120000", "170000", "230000"])
                    .parse()
                    .unwrap(),
            }),
        },
        11 => Clause::Text {
            part: *dice.pick(&[TextPart::Narrative, TextPart::Content]),
            query: words(dice, 2),
        },
        12 => Clause::RefersTo {
            seeds: references(dice, types),
            target: criteria(world, dice, depth - 1),
        },
        13 => referred_by(world, dice, depth - 1),
        14 => Clause::All(several(dice, |dice| clause(world, dice, types, depth - 1))),
        15 => Clause::Any(several(dice, |dice| clause(world, dice, types, depth - 1))),
        _ => match dice.roll(9) {
            0 => Clause::Nothing,
            1 => Clause::Types(some(dice, &super::world::types())),
            2 | 3 => Clause::Names {
                ways: some(dice, &canonical_ways()),
                other: criteria(world, dice, depth - 1),
            },
            _ => Clause::Not(Box::new(clause(world, dice, types, depth - 1))),
        },
    }
}

fn canonical_ways() -> Vec<i64> {
    let types = types().into_iter();
    types.map(|one| hash::canonical_way(CITED, one)).collect()
}

fn sort(dice: &mut Dice, types: &[ResourceType]) -> Sort {
    Sort {
        key: match dice.roll(6) {
            0 => SortKey::Id,
            1 => SortKey::LastUpdated,
            2 => SortKey::String(seeds(dice, &STRINGS, types)),
            3 => SortKey::Date(seeds(dice, &DATES, types)),
            4 => SortKey::Number(seeds(dice, &NUMBERS, types)),
            _ => SortKey::Text(vec!["$.gender".into()]),
        },
        descending: dice.one_in(2),
    }
}

fn plan(world: &World, dice: &mut Dice) -> Plan {
    let searched = some(dice, &types());
    let clauses = (0..dice.roll(4))
        .map(|_| clause(world, dice, &searched, 2))
        .collect();
    let sort = (0..dice.roll(3)).map(|_| sort(dice, &searched)).collect();
    Plan {
        // All of them may go without saying.
        resource_types: match searched.len() == types().len() && dice.one_in(2) {
            true => Vec::new(),
            false => searched,
        },
        clauses,
        sort,
        ..Plan::default()
    }
}

/// All pages, from the first to the last and back again.
pub(super) async fn walk(
    world: &World,
    store: &Store,
    plan: &Plan,
    count: u32,
) -> Vec<Vec<String>> {
    let mut source = Source::Committed(store);
    let mut pages = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = source
            .search(&world.cx, plan, count, "", cursor.as_deref())
            .await
            .unwrap();
        let keys: Vec<String> = page.matches.iter().map(|one| one.key.to_string()).collect();
        if page.matches.is_empty() && pages.is_empty() {
            return pages;
        }
        pages.push(keys);
        match page.next {
            Some(next) => cursor = Some(next),
            None => {
                back(world, store, plan, count, &pages, page.previous).await;
                return pages;
            }
        }
    }
}

async fn back(
    world: &World,
    store: &Store,
    plan: &Plan,
    count: u32,
    pages: &[Vec<String>],
    mut cursor: Option<String>,
) {
    let mut source = Source::Committed(store);
    for expected in pages.iter().rev().skip(1) {
        let page = source
            .search(&world.cx, plan, count, "", cursor.as_deref())
            .await
            .unwrap();
        let keys: Vec<String> = page.matches.iter().map(|one| one.key.to_string()).collect();
        assert_eq!(keys, *expected, "back: {plan:?}");
        assert!(page.next.is_some());
        cursor = page.previous;
    }
    assert_eq!(cursor, None, "nothing comes before the first page");
}

async fn check(world: &World, stores: &[(&str, Store)], plan: &Plan, count: u32) {
    let expected = oracle::matches(&world.known, plan);
    for (name, store) in stores {
        let pages = walk(world, store, plan, count).await;
        assert_eq!(pages.concat(), expected, "{name}, by {count}: {plan:?}");
        let counted = Source::Committed(store)
            .count(&world.cx, plan)
            .await
            .unwrap();
        assert_eq!(counted, expected.len() as u64, "{name}: {plan:?}");
    }
}

#[tokio::test]
async fn every_way_finds_what_the_values_say() {
    let world = World::of(60).await;
    let stores = world.stores();
    let mut dice = Dice::new(4711);
    for _ in 0..150 {
        let plan = plan(&world, &mut dice);
        let count = u32::try_from(dice.roll(30) + 1).unwrap();
        check(&world, &stores, &plan, count).await;
    }
}

/// Several clauses about the one date that a resource has: their tests are asked of one row.
#[tokio::test]
async fn clauses_about_one_period_are_one_range() {
    let mut world = World::of(40).await;
    let single: Vec<_> = world
        .known
        .iter()
        .filter(|one| {
            one.values
                .dates
                .iter()
                .filter(|date| date.parameter == DATES[0])
                .count()
                <= 1
        })
        .cloned()
        .collect();
    let ids: Vec<_> = single.iter().map(|one| one.key.id.clone()).collect();
    world.known = single;
    let stores = world.stores();
    let mut dice = Dice::new(99);
    for _ in 0..60 {
        let date = |dice: &mut Dice| Clause::Date {
            parameters: vec![DATES[0]],
            tests: several(dice, period),
            single: true,
        };
        let mut sorted = ids.clone();
        sorted.sort();
        let plan = Plan {
            clauses: vec![date(&mut dice), date(&mut dice), Clause::Ids(sorted)],
            ..Plan::default()
        };
        check(&world, &stores, &plan, 100).await;
    }
}
