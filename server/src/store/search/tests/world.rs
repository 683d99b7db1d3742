//! A few resources of two types with every kind of value, written through the store.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use fhir::ids::{ResourceKey, ResourceType};
use fhir::resource::Resource;
use fhir::search::hash;
use fhir::search::index_values::{DateValue, IndexValues, NumberValue, PositionValue, StringValue};
use jiff::{SignedDuration, Timestamp};

use super::super::Searching;
use super::super::path::{Tuning, Way};
use crate::auth::{Access, Reason};
use crate::context::{Handling, Limits, RequestContext, ReturnPreference, SearchLimits};
use crate::definitions::FoundBy;
use crate::store::testing::TestDatabase;
use crate::store::{PreparedDelete, PreparedWrite, Store, Verb, WriteCondition};

/// Numbers that look random and are the same in every run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    pub(super) fn number(&mut self, sides: i64) -> i64 {
        i64::try_from(self.roll(u64::try_from(sides).unwrap())).unwrap()
    }

    pub(super) fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[usize::try_from(self.roll(items.len() as u64)).unwrap()]
    }
}

/// What is known of one resource.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) key: ResourceKey,
    /// Its place in the order of creation.
    pub(super) number: i64,
    pub(super) last_updated: Timestamp,
    pub(super) values: IndexValues,
    pub(super) gender: Option<&'static str>,
}

/// The database and what is in it.
pub(super) struct World {
    _database: TestDatabase,
    pub(super) store: Store,
    pub(super) cx: RequestContext,
    pub(super) known: Vec<Known>,
}

/// Seeds imply a type: the first two are of patients, the others of observations.
pub(super) const STRINGS: [i64; 4] = [101, 102, 103, 104];
pub(super) const DATES: [i64; 4] = [201, 202, 203, 204];
pub(super) const NUMBERS: [i64; 4] = [301, 302, 303, 304];
pub(super) const POSITIONS: [i64; 4] = [401, 401, 402, 402];
pub(super) const SUBJECT: i64 = 7_000_001;
pub(super) const PARTNER: i64 = 7_000_002;
/// Of canonical references.
pub(super) const CITED: i64 = 7_000_004;
pub(super) const WORDS: [&str; 5] = ["fever", "cough", "feverish", "no", "pain"];

pub(super) fn resource_type(name: &str) -> ResourceType {
    ResourceType::parse(name).unwrap()
}

pub(super) fn types() -> [ResourceType; 2] {
    [resource_type("Observation"), resource_type("Patient")]
}

/// The seeds of a type.
pub(super) fn seeds_of(seeds: &[i64; 4], resource_type: ResourceType) -> &[i64] {
    match resource_type.name() {
        "Patient" => &seeds[..2],
        _ => &seeds[2..],
    }
}

/// One of a few elements. Those that are listed say the type, as all elements of a parameter do.
pub(super) fn element(number: i64, resource_type: ResourceType) -> i64 {
    match resource_type.name() {
        "Patient" if hash::is_listed(number) => number + 100,
        _ => number,
    }
}

/// The seed of a reference of a type: it says the type, and whether what it makes is listed.
pub(super) fn reference_of(seed: i64, resource_type: ResourceType) -> i64 {
    match resource_type.name() {
        "Patient" => seed,
        _ => seed + (1 << 33),
    }
}

/// A day of January 2020.
pub(super) fn day(number: i64) -> Timestamp {
    let first: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(24 * number)
}

pub(super) fn context() -> RequestContext {
    let limits = Limits {
        parse: fhir::json::ParseLimits::default(),
        bundle_entries: 10,
        page_size: 10,
        page_size_max: 10,
        conditional_delete: 1,
        delete_referenced: true,
        expansion: 10_000,
        fhirpath_steps: 5_000_000,
        self_booked: 5,
        waiting: 10,
        slots: 50,
        slots_read: 20_000,
        published: crate::context::Published::default(),
        search: SearchLimits::default(),
    };
    RequestContext::new(
        Access::system(Reason::Job),
        "test".into(),
        "http://localhost/fhir".into(),
        Handling::Strict,
        ReturnPreference::Unsaid,
        Arc::new(limits),
    )
}

impl World {
    /// Writes so many resources; some are updated, some deleted.
    pub(super) async fn of(resources: i64) -> Self {
        let database = TestDatabase::new().await;
        let store = database.store().await;
        let cx = context();
        let mut world = Self {
            _database: database,
            store,
            cx,
            known: Vec::new(),
        };
        let mut dice = Dice::new(17);
        for number in 0..resources {
            world.write(number, &mut dice).await;
            if dice.one_in(6) {
                world.known.pop();
                world.write(number, &mut dice).await;
            }
        }
        for number in 0..resources {
            if dice.one_in(10) {
                world.delete(number).await;
            }
        }
        world
    }

    fn key_of(number: i64) -> ResourceKey {
        let name = if number % 2 == 0 {
            "Patient"
        } else {
            "Observation"
        };
        // Numbered backwards in part, so that ids have an order of their own.
        format!(
            "{name}/{}{number}",
            (b'a' + (number * 7 % 26) as u8) as char
        )
        .parse()
        .unwrap()
    }

    pub(super) async fn write(&mut self, number: i64, dice: &mut Dice) {
        let key = Self::key_of(number);
        let (values, gender) = self.values(number, dice);
        let gender_text = gender.map_or(String::new(), |code| format!(r#","gender":"{code}""#));
        let text = format!(
            r#"{{"resourceType":"{}","id":"{}"{gender_text}}}"#,
            key.resource_type, key.id
        );
        let resource = Resource::parse(text).unwrap();
        let write = PreparedWrite::new(
            key.clone(),
            Verb::Put,
            &resource,
            FoundBy::at_first(values.clone()),
            self.cx.now,
        );
        let written = self.store.put(&self.cx, write).await.unwrap();
        self.known.push(Known {
            key,
            number,
            last_updated: written.last_updated,
            values,
            gender,
        });
    }

    async fn delete(&mut self, number: i64) {
        let key = Self::key_of(number);
        let delete =
            PreparedDelete::new(key.clone(), WriteCondition::default(), false, self.cx.now);
        self.store.delete(&self.cx, delete).await.unwrap();
        self.known.retain(|known| known.key != key);
    }

    fn values(&self, number: i64, dice: &mut Dice) -> (IndexValues, Option<&'static str>) {
        let mut values = IndexValues::default();
        let own = |seeds: &'static [i64; 4]| seeds_of(seeds, Self::key_of(number).resource_type);
        for number_of in 1..=8 {
            if dice.one_in(u64::try_from(number_of).unwrap()) {
                let own = element(number_of, Self::key_of(number).resource_type);
                values.tokens.push(own);
            }
        }
        for seed in [SUBJECT, PARTNER] {
            let target = Self::key_of(dice.number(number + 2));
            let seed = reference_of(seed, Self::key_of(number).resource_type);
            values
                .tokens
                .push(hash::reference(seed, hash::key_hash(&target)));
        }
        let named = hash::named_seed(Self::key_of(number).resource_type);
        for (seed, url) in [(named, number % 7), (CITED, dice.number(9))] {
            values.tokens.push(hash::canonical(seed, &url.to_string()));
        }
        for _ in 0..dice.roll(3) {
            values.strings.push(StringValue {
                parameter: *dice.pick(own(&STRINGS)),
                folded: text(dice).into(),
            });
            let begin = day(dice.number(20));
            let length = *dice.pick(&[1, 24, 24 * 9]);
            let (lower, upper) = match dice.roll(10) {
                0 => (Timestamp::MIN, begin),
                1 => (begin, Timestamp::MAX),
                _ => (begin, begin + SignedDuration::from_hours(length)),
            };
            values.dates.push(DateValue {
                parameter: *dice.pick(own(&DATES)),
                lower,
                upper,
            });
            let lower = decimal(dice);
            let upper = match dice.one_in(3) {
                true => &lower + decimal(dice).abs(),
                false => lower.clone(),
            };
            values.numbers.push(NumberValue {
                parameter: *dice.pick(own(&NUMBERS)),
                lower,
                upper,
                units: vec![dice.number(3)],
            });
        }
        if dice.one_in(3) {
            values.positions.push(PositionValue {
                parameter: own(&POSITIONS)[0],
                latitude: BigDecimal::from(dice.number(3)),
                longitude: BigDecimal::from(dice.number(3) + 179),
            });
        }
        if dice.one_in(2) {
            let words: Vec<&str> = (0..dice.roll(5) + 1).map(|_| *dice.pick(&WORDS)).collect();
            values.content = words.join(" ").into();
            if dice.one_in(2) {
                values.narrative = words[..1].join(" ").into();
            }
        }
        values.normalise();
        let gender = *dice.pick(&[None, Some("male"), Some("female"), Some("other")]);
        (values, gender)
    }

    /// The same store with other bounds.
    pub(super) fn tuned(&self, tuning: Tuning) -> Store {
        Store {
            searching: Arc::new(Searching {
                tuning,
                ..Searching::default()
            }),
            ..self.store.clone()
        }
    }

    /// Each way alone, the usual decision, and the usual one with bounds that hold for nothing.
    pub(super) fn stores(&self) -> Vec<(&'static str, Store)> {
        let only = |way| Tuning {
            only: Some(way),
            ..Tuning::default()
        };
        let hasty = Tuning {
            looked_max: 3,
            candidates_max: 2,
            set_max: 3,
            only: None,
        };
        vec![
            ("usual", self.tuned(Tuning::default())),
            ("value first", self.tuned(only(Way::ValueFirst))),
            ("walk", self.tuned(only(Way::Walk))),
            (
                "recent",
                self.tuned(Tuning {
                    looked_max: 20,
                    ..only(Way::Recent)
                }),
            ),
            ("listed", self.tuned(only(Way::Listed))),
            ("hasty", self.tuned(hasty)),
        ]
    }
}

pub(super) fn text(dice: &mut Dice) -> String {
    let mut out = String::new();
    for _ in 0..dice.roll(5) + 1 {
        out.push(*dice.pick(&['a', 'b', 'ö', ' ', '日']));
    }
    if dice.one_in(8) {
        out = out.repeat(60);
    }
    // Alike as far as their index goes.
    if dice.one_in(8) {
        out = format!("{}{out}", "aö".repeat(70));
    }
    let out = out.trim();
    if out.is_empty() {
        "a".to_owned()
    } else {
        out.to_owned()
    }
}

pub(super) fn decimal(dice: &mut Dice) -> BigDecimal {
    BigDecimal::new((dice.number(21) - 10).into(), dice.number(3) - 1)
}
