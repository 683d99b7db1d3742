//! Random searches: of values that occur in the data, of values that nearly do, and of nonsense.

mod contained;
mod filter;
mod include;
mod literal;

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::definitions::Parameter;
use super::dice::Dice;
use super::query::{Clause, Contained, Query, Scope};
use super::value::Value;
use super::world::World;

/// What a search can ask for, as `--features` names it: search types, and what goes beyond them.
pub const FEATURES: [&str; 25] = [
    "token",
    "string",
    "uri",
    "date",
    "reference",
    "number",
    "quantity",
    "composite",
    "special",
    "chain",
    "has",
    "list",
    "system",
    "compartment",
    "sort",
    "include",
    "total",
    "post",
    "text",
    "below",
    "filter",
    "_text",
    "_content",
    "_contained",
    "_summary",
];

/// What proptest makes and shrinks: seeds of parts, so that what remains of a failure are the parts that matter.
#[derive(Clone, Debug)]
pub struct Raw {
    scope: u64,
    clauses: Vec<RawClause>,
    sort: Vec<u64>,
    includes: Vec<u64>,
    count: Option<usize>,
    total: bool,
    post: bool,
    contained: Option<bool>,
    counts: bool,
}

#[derive(Clone, Debug)]
struct RawClause {
    seed: u64,
    is_plain: bool,
    values: Vec<u64>,
}

/// All raw searches.
pub fn raw() -> impl Strategy<Value = Raw> {
    let seed = || any::<u64>().no_shrink();
    let clause = (seed(), proptest::bool::weighted(0.3), vec(seed(), 1..4)).prop_map(
        |(seed, is_plain, values)| RawClause {
            seed,
            is_plain,
            values,
        },
    );
    let several = |often: f64, seeds: std::ops::Range<usize>| {
        proptest::option::weighted(often, vec(seed(), seeds)).prop_map(Option::unwrap_or_default)
    };
    let parts = (
        seed(),
        vec(clause, 0..4),
        several(0.35, 1..4),
        several(0.2, 1..4),
        proptest::option::weighted(0.3, 1..12_usize),
        proptest::bool::weighted(0.3),
        proptest::bool::weighted(0.1),
        proptest::option::weighted(0.06, any::<bool>()),
        proptest::bool::weighted(0.05),
    );
    parts.prop_map(
        |(scope, clauses, sort, includes, count, total, post, contained, counts)| Raw {
            scope,
            clauses,
            sort,
            includes,
            count,
            total,
            post,
            contained,
            counts,
        },
    )
}

/// Makes searches of raw ones.
pub struct Maker<'w> {
    /// What is searched.
    pub world: &'w World,
    /// What may be asked for.
    pub features: BTreeSet<String>,
}

impl Maker<'_> {
    fn has(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }

    /// The search that a raw one means.
    pub fn query(&self, raw: &Raw) -> Query {
        let mut dice = Dice::new(raw.scope);
        if let Some(both) = raw.contained.filter(|_| self.has("_contained")) {
            return self.within(&mut dice, raw, both);
        }
        let kind = self.kind(&mut dice);
        let scope = self.scope(&mut dice, &kind);
        let is_system = matches!(scope, Scope::System(_));
        let clauses = raw.clauses.iter().map(|one| match is_system {
            true => self.shared(one),
            false => self.clause(&kind, one),
        });
        let mut sort: Vec<(String, bool)> = Vec::new();
        for seed in &raw.sort {
            let mut dice = Dice::new(*seed);
            let code = if is_system {
                "_lastUpdated".to_owned()
            } else {
                self.sort_code(&mut dice, &kind)
            };
            if sort.iter().all(|(known, _)| *known != code) {
                sort.push((code, dice.chance(50)));
            }
        }
        let includes = raw
            .includes
            .iter()
            .filter(|_| self.has("include") && !is_system);
        Query {
            clauses: clauses.collect(),
            scope,
            sort,
            includes: includes
                .filter_map(|seed| self.include(&mut Dice::new(*seed), &kind))
                .collect(),
            count: raw.count,
            total: raw.total && self.has("total"),
            contained: Contained::Outside,
            counts: raw.counts && self.has("_summary"),
            post: raw.post && self.has("post"),
        }
    }

    /// A type, those with many resources more often.
    fn kind(&self, dice: &mut Dice) -> String {
        let kinds: Vec<(&String, usize)> = self
            .world
            .kinds()
            .iter()
            .map(|(kind, places)| (kind, places.len().min(60)))
            .collect();
        let all: usize = kinds.iter().map(|(_, weight)| weight).sum();
        let mut rest = dice.roll(all);
        for (kind, weight) in kinds {
            if rest < weight {
                return kind.clone();
            }
            rest -= weight;
        }
        "Patient".to_owned()
    }

    fn scope(&self, dice: &mut Dice, kind: &str) -> Scope {
        let roll = dice.roll(100);
        if roll < 7 && self.has("system") {
            let mut kinds = vec![kind.to_owned(), self.kind(dice)];
            kinds.sort();
            kinds.dedup();
            return Scope::System(kinds);
        }
        let compartments = [
            "Patient",
            "Encounter",
            "Practitioner",
            "RelatedPerson",
            "Device",
        ];
        if (7..14).contains(&roll) && self.has("compartment") {
            let compartment = dice.pick(&compartments);
            let is_member = (compartment.to_owned(), kind.to_owned());
            let places = self.world.of_kind(compartment);
            if self.world.definitions.compartments.contains_key(&is_member) && !places.is_empty() {
                let id = &self.world.resources[places[dice.roll(places.len())]].id;
                return Scope::Compartment(compartment.to_owned(), id.clone(), kind.to_owned());
            }
        }
        Scope::Type(kind.to_owned())
    }

    /// A condition that every type knows.
    fn shared(&self, raw: &RawClause) -> Clause {
        let mut dice = Dice::new(raw.seed);
        let code = dice.pick(&["_id", "_lastUpdated", "_tag", "_source"]);
        let kinds: Vec<&String> = self.world.kinds().keys().collect();
        let kind = kinds
            .get(dice.roll(kinds.len()))
            .map_or("Patient", |one| one.as_str());
        self.plain(&mut dice, kind, code, &raw.values)
    }

    fn clause(&self, kind: &str, raw: &RawClause) -> Clause {
        let mut dice = Dice::new(raw.seed);
        let roll = if raw.is_plain { 100 } else { dice.roll(100) };
        let found = match roll {
            0..=16 if self.has("chain") => self.chain(&mut dice, kind, &raw.values),
            17..=28 if self.has("has") => self.referred(&mut dice, kind, &raw.values),
            29..=32 if self.has("list") => self.list(&mut dice),
            33..=37 if self.has("filter") => self.filter(&mut dice, kind, 2),
            38..=40 if self.has("_text") => self.words(&mut dice, kind, "_text"),
            41..=43 if self.has("_content") => self.words(&mut dice, kind, "_content"),
            44..=50 => {
                let code = dice.pick(&["_id", "_lastUpdated", "_tag", "_profile", "_source"]);
                Some(self.plain(&mut dice, kind, code, &raw.values))
            }
            _ => None,
        };
        found.unwrap_or_else(|| {
            let code = self.code(&mut dice, kind, |one| self.has(&one.kind));
            self.plain(&mut dice, kind, &code, &raw.values)
        })
    }

    /// A parameter of a type, more often one that has values.
    fn code(&self, dice: &mut Dice, kind: &str, fits: impl Fn(&Parameter) -> bool) -> String {
        let all: Vec<&Parameter> = self
            .world
            .definitions
            .of(kind)
            .filter(|one| !one.expression.is_empty() && one.code != "phonetic" && fits(one))
            .collect();
        let mut code = "_id".to_owned();
        for _ in 0..12 {
            let Some(one) = all.get(dice.roll(all.len())) else {
                return code;
            };
            code.clone_from(&one.code);
            if dice.chance(8) || self.some_value(dice, kind, &code).is_some() {
                return code;
            }
        }
        code
    }

    /// A value of a parameter of some resource of a type.
    fn some_value(&self, dice: &mut Dice, kind: &str, code: &str) -> Option<(usize, Value)> {
        let places = self.world.of_kind(kind);
        for _ in 0..8 {
            let place = *places.get(dice.roll(places.len()))?;
            let values = self.world.values(place, code);
            if let Some(value) = values.get(dice.roll(values.len())) {
                return Some((place, value.clone()));
            }
        }
        None
    }

    /// The same, of some contained resource now and then.
    fn any_value(&self, dice: &mut Dice, kind: &str, code: &str) -> Option<(usize, Value)> {
        let contained = match dice.chance(15) {
            true => self.contained_value(dice, kind, code),
            false => None,
        };
        contained.or_else(|| self.some_value(dice, kind, code))
    }

    /// A condition on a parameter of the type itself.
    fn plain(&self, dice: &mut Dice, kind: &str, code: &str, seeds: &[u64]) -> Clause {
        let parameter = self
            .world
            .definitions
            .find(kind, code)
            .cloned()
            .unwrap_or_default();
        let modifier = self.modifier(dice, kind, &parameter);
        let mut clause = Clause {
            code: code.to_owned(),
            modifier,
            ..Clause::default()
        };
        if clause.modifier.as_deref() == Some("missing") {
            clause.values = vec![dice.pick(&["true", "false"]).to_owned()];
            return clause;
        }
        let seeds_max = if parameter.multiple_or {
            seeds.len()
        } else {
            1
        };
        for seed in seeds.iter().take(seeds_max) {
            let mut dice = Dice::new(*seed);
            let value = self.any_value(&mut dice, kind, code);
            let text = literal::text(
                self.world,
                &mut dice,
                &parameter,
                clause.modifier.as_deref(),
                value,
            );
            if !text.is_empty() && !clause.values.contains(&text) {
                clause.values.push(text);
            }
        }
        if clause.values.is_empty() {
            clause.values.push("1".to_owned());
        }
        clause
    }

    fn modifier(&self, dice: &mut Dice, kind: &str, parameter: &Parameter) -> Option<String> {
        if parameter.code == "_id" || dice.chance(50) {
            return None;
        }
        if parameter.kind != "composite" && parameter.kind != "special" && dice.chance(25) {
            return Some("missing".to_owned());
        }
        match parameter.kind.as_str() {
            "token" => Some(dice.pick(&["not", "not", "of-type", "text"]).to_owned())
                .filter(|modifier| modifier != "text" || self.has("text")),
            "string" => Some(dice.pick(&["exact", "contains"]).to_owned()),
            "uri" if self.has("below") => Some(dice.pick(&["above", "below"]).to_owned()),
            "reference" => {
                if dice.chance(30) {
                    return Some("identifier".to_owned());
                }
                let (_, value) = self.some_value(dice, kind, &parameter.code)?;
                match value {
                    Value::Local(target, _, _) => {
                        Some(target).filter(|one| points_at(parameter, one))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
        .filter(|modifier| modifier != "of-type" || parameter.code.contains("identifier"))
    }

    fn chain(&self, dice: &mut Dice, kind: &str, seeds: &[u64]) -> Option<Clause> {
        let code = self.code(dice, kind, |one| one.kind == "reference");
        let (place, _) = self.some_value(dice, kind, &code)?;
        let targets = self.world.led_to(place, &code);
        let target = self.world.resources.get(*targets.first()?)?.kind.clone();
        let parameter = self.world.definitions.find(kind, &code)?;
        if !points_at(parameter, &target) {
            return None;
        }
        // Without a type, what follows must mean the same whatever the reference points at.
        let is_single = parameter.targets.len() == 1;
        let narrowed = (!is_single || dice.chance(50)).then(|| target.clone());
        let inner = match dice.chance(20) {
            true => self.chain(dice, &target, seeds),
            false => None,
        };
        let mut inner = inner.unwrap_or_else(|| {
            let code = self.code(dice, &target, |one| self.has(&one.kind));
            self.plain(dice, &target, &code, seeds)
        });
        inner.chain.insert(0, (code, narrowed));
        Some(inner)
    }

    fn referred(&self, dice: &mut Dice, kind: &str, seeds: &[u64]) -> Option<Clause> {
        for _ in 0..20 {
            let source = self.kind(dice);
            let code = self.code(dice, &source, |one| one.kind == "reference");
            let Some((place, _)) = self.some_value(dice, &source, &code) else {
                continue;
            };
            let targets = self.world.targets(place, &code);
            let parameter = self.world.definitions.find(&source, &code);
            let is_named = parameter.is_some_and(|one| points_at(one, kind));
            let mut kinds = targets.iter().map(|one| &self.world.resources[*one].kind);
            if !is_named || !kinds.any(|one| one == kind) {
                continue;
            }
            let roll = dice.roll(100);
            let inner = match roll {
                0..=14 => self.referred(dice, &source, seeds),
                15..=29 if self.has("chain") => self.chain(dice, &source, seeds),
                _ => None,
            };
            let mut inner = inner.unwrap_or_else(|| {
                let code = self.code(dice, &source, |one| self.has(&one.kind));
                self.plain(dice, &source, &code, seeds)
            });
            inner.has.insert(0, (source, code));
            return Some(inner);
        }
        None
    }

    fn list(&self, dice: &mut Dice) -> Option<Clause> {
        let lists = self.world.of_kind("List");
        let list = lists.get(dice.roll(lists.len()))?;
        let id = match dice.chance(10) {
            true => "nonsense".to_owned(),
            false => self.world.resources[*list].id.clone(),
        };
        Some(Clause {
            code: "_list".to_owned(),
            values: vec![id],
            ..Clause::default()
        })
    }

    fn sort_code(&self, dice: &mut Dice, kind: &str) -> String {
        if dice.chance(40) || !self.has("sort") {
            return dice.pick(&["_id", "_lastUpdated"]).to_owned();
        }
        let sortable = ["string", "date", "token", "reference", "uri", "number"];
        let code = self.code(dice, kind, |one| {
            // A computed truth stands nowhere in the content to be ordered by.
            let is_computed = one.expression.contains(".exists()");
            sortable.contains(&one.kind.as_str()) && self.has(&one.kind) && !is_computed
        });
        // What is unsaid has no order; of contained resources the specification does not say any.
        let has_order = |place: &usize| {
            let texts = self.world.reference_texts(*place, &code);
            let is_contained = texts.iter().any(|one| one.starts_with('#'));
            !is_contained && !self.world.values(*place, &code).contains(&Value::Unsaid)
        };
        match self.world.of_kind(kind).iter().all(has_order) {
            true => code,
            false => "_id".to_owned(),
        }
    }
}

/// Whether a reference may be asked to be of a type: one that the parameter names and its expression lets through.
fn points_at(parameter: &Parameter, kind: &str) -> bool {
    let is_filtered = parameter.expression.contains("resolve() is ");
    let passes = format!("resolve() is {kind})");
    let is_named = parameter.targets.iter().any(|one| one == kind);
    kind != "Resource" && is_named && (!is_filtered || parameter.expression.contains(&passes))
}
