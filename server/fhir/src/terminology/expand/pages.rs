//! Pages of value sets that have too many codes to be put together: of each part it is known how many codes it has, and
//! only those of the page are fetched (server/decisions/0041-pages-of-expansions.md).

use std::collections::HashMap;
use std::sync::Arc;

use crate::terminology::code_system::CodeSystem;
use crate::terminology::condition::{Condition, Words};
use crate::terminology::fault::{FaultKind, Finding, Stop};
use crate::terminology::filter::Filters;
use crate::terminology::grammar;
use crate::terminology::knowledge::{Selection, Slice};
use crate::terminology::rule::Rule;
use crate::terminology::sources::Way;
use crate::terminology::value_set::{Compose, ConceptSet, Identity, ValueSet};

use super::codes::Expander;
use super::parts::{Halt, Part, Parted, Table, of_one_version};
use super::{Entry, Expansion};

/// One page.
pub(super) struct Paged {
    pub(super) entries: Vec<Entry>,
    /// How many codes there are, where that was counted.
    pub(super) total: Option<usize>,
}

/// Parts that a value set may have, and codes that may be listed for each that an expansion may have.
const PARTS_MAX: usize = 50;
const LISTED_MAX: usize = 5;

/// What value sets that others include came to; nothing where something is missing.
type Known = HashMap<Identity, Option<Vec<Part>>>;

impl Expander<'_> {
    /// A page of a value set that has, or may have, too many codes to be put together; `None` where it is put together,
    /// or cannot be paged, and the advice says why.
    pub(super) fn page(
        &mut self,
        value_set: &Arc<ValueSet>,
        asked: &Expansion,
    ) -> Result<Option<Paged>, Stop> {
        self.advice = "narrow it down by 'filter'".to_owned();
        self.uses.borrow_mut().value_set(value_set, None);
        // Words narrow down what is asked for in the end.
        self.is_whole.set(true);
        let parts = self.of_value_set_in_parts(value_set, &[], &mut Known::new());
        self.is_whole.set(false);
        let parts = match parts.and_then(|parts| self.wanted(parts, asked)) {
            Ok(parts) => parts,
            Err(Halt::Stop(stop)) => return Err(stop),
            Err(Halt::Obstacle(why)) => {
                self.advice = format!("pages of it cannot be answered: {why}; {}", self.advice);
                return Ok(None);
            }
        };
        let most = |part: &Part| match part {
            Part::Listed(entries) => entries.len(),
            Part::Table(table) => table.system.concept_count,
        };
        let codes = parts
            .iter()
            .map(most)
            .sum::<usize>()
            .max(self.looked_at.get());
        match codes > self.sources.settings.codes_max {
            true => self.of_parts(value_set, &parts, asked).map(Some),
            false => Ok(None),
        }
    }

    fn of_value_set_in_parts(
        &self,
        value_set: &Arc<ValueSet>,
        way: Way<'_>,
        known: &mut Known,
    ) -> Parted<Vec<Part>> {
        let Some(compose) = &value_set.compose else {
            return Ok(vec![Part::Listed(self.of_expansion(value_set)?)]);
        };
        let mut way = way.to_vec();
        way.push(Arc::clone(value_set));
        let mut parts = self.of_sets(value_set, (compose, &compose.include), &way, known)?;
        let without = Compose::default();
        let excluded = self.of_sets(value_set, (&without, &compose.exclude), &way, known)?;
        let by_version = compose.versions_match() == Some(false);
        if compose.versions_match() == Some(true) || !excluded.is_empty() && !by_version {
            of_one_version(&parts)?;
        }
        if !excluded.is_empty() {
            for part in &mut parts {
                part.hold(&excluded, by_version, false)?;
            }
        }
        Ok(parts)
    }

    fn of_sets(
        &self,
        value_set: &Arc<ValueSet>,
        (compose, sets): (&Compose, &[ConceptSet]),
        way: Way<'_>,
        known: &mut Known,
    ) -> Parted<Vec<Part>> {
        let mut parts = Vec::new();
        let mut is_missing = false;
        for set in sets {
            match self.of_set_in_parts(value_set, (compose, set), way, known) {
                Ok(more) => {
                    parts.extend(more);
                    self.limit(&parts)?;
                }
                // What is missing here does not keep from noting what is missing elsewhere.
                Err(Halt::Stop(Stop::Missing)) => is_missing = true,
                Err(halt) => return Err(halt),
            }
        }
        match is_missing {
            true => Err(Stop::Missing.into()),
            false => Ok(parts),
        }
    }

    fn limit(&self, parts: &[Part]) -> Parted<()> {
        let listed = parts.iter().map(Part::listed).sum::<usize>();
        let listed_max = LISTED_MAX.saturating_mul(self.sources.settings.codes_max);
        match parts.len() > PARTS_MAX || listed > listed_max {
            true => Err(Halt::Obstacle("it has too many parts".to_owned())),
            false => Ok(()),
        }
    }

    /// Worked out once, however many include it.
    fn of_included_in_parts(
        &self,
        value_set: &ValueSet,
        reference: &str,
        way: Way<'_>,
        known: &mut Known,
    ) -> Parted<Vec<Part>> {
        let other = self.sources.included(way, value_set, reference)?;
        if value_set.inside(reference).is_none() {
            self.uses.borrow_mut().value_set(&other, Some(value_set));
        }
        let Some(identity) = value_set.identity_of(reference, &other) else {
            return self.of_value_set_in_parts(&other, way, known);
        };
        if let Some(parts) = known.get(&identity) {
            return parts.clone().ok_or(Halt::Stop(Stop::Missing));
        }
        let parts = match self.of_value_set_in_parts(&other, way, known) {
            Ok(parts) => Some(parts),
            Err(Halt::Stop(Stop::Missing)) => None,
            Err(halt) => return Err(halt),
        };
        known.insert(identity, parts.clone());
        parts.ok_or(Halt::Stop(Stop::Missing))
    }

    fn of_set_in_parts(
        &self,
        value_set: &Arc<ValueSet>,
        (compose, set): (&Compose, &ConceptSet),
        way: Way<'_>,
        known: &mut Known,
    ) -> Parted<Vec<Part>> {
        let mut parts = match &set.system {
            Some(url) => Some(vec![self.of_system_in_parts(value_set, url, set)?]),
            None => None,
        };
        for reference in &set.value_sets {
            let more = self.of_included_in_parts(value_set, reference, way, known)?;
            parts = Some(match parts {
                None => more,
                Some(mut parts) => {
                    for part in &mut parts {
                        part.hold(&more, false, true)?;
                    }
                    parts
                }
            });
        }
        let mut parts = parts.unwrap_or_default();
        if compose.inactive == Some(false) || self.sources.settings.active_only {
            for part in &mut parts {
                part.keep(
                    |entry| !entry.is_inactive,
                    |system| Condition::inactive(system).negated(),
                )?;
            }
        }
        Ok(parts)
    }

    fn of_system_in_parts(
        &self,
        value_set: &Arc<ValueSet>,
        url: &str,
        set: &ConceptSet,
    ) -> Parted<Part> {
        let (knowledge, settings) = (self.sources.knowledge, self.sources.settings);
        let version = settings.versions.version(url, set.version.as_deref());
        let system = knowledge.code_system(url, version.as_deref())?;
        let is_of_tables = |system: &Arc<CodeSystem>| {
            set.concepts.is_empty() && system.given.is_none() && !grammar::is_one(system)
        };
        let Some(system) = system.filter(is_of_tables) else {
            return Ok(Part::Listed(self.of_system(value_set, url, set)?));
        };
        let filters = Filters::of(knowledge, &system, set, "ValueSet.compose")?;
        let condition = match filters.condition(&system) {
            Ok(condition) => condition,
            Err(_) if system.concept_count <= settings.codes_max => {
                return Ok(Part::Listed(self.of_system(value_set, url, set)?));
            }
            Err(op) => {
                let why = format!("a filter '{op}' looks at each concept of {url}");
                return Err(Halt::Obstacle(why));
            }
        };
        if let Some(finding) = settings.versions.check(&system) {
            return Err(finding.stop(FaultKind::Unprocessable).into());
        }
        let looked_at = self.looked_at.get().saturating_add(system.concept_count);
        self.looked_at.set(looked_at);
        let mut uses = self.uses.borrow_mut();
        uses.code_system(&system, value_set);
        let supplements = self.sources.supplements(&system, Some(value_set))?;
        for supplement in &supplements {
            uses.supplement(supplement);
        }
        Ok(Part::Table(Table {
            value_set: Arc::clone(value_set),
            system,
            condition,
            is_supplemented: !supplements.is_empty(),
        }))
    }

    /// What of the parts is asked for: each code once, at its first place.
    fn wanted(&self, mut parts: Vec<Part>, asked: &Expansion) -> Parted<Vec<Part>> {
        if !self.words.is_empty() {
            let words = Words::of(&self.words).ok_or_else(|| {
                Halt::Obstacle("'filter' has a sigma, which has two forms".to_owned())
            })?;
            let holds = Condition::Words(words);
            for part in &mut parts {
                part.keep(|entry| entry.has_words(&self.words), |_| holds.clone())?;
            }
        }
        let all = parts.clone();
        for (place, part) in parts.iter_mut().enumerate() {
            part.hold(all.get(..place).unwrap_or_default(), true, false)?;
        }
        parts.retain(|part| match part {
            Part::Listed(_) => true,
            Part::Table(table) => {
                !asked.leaves_out(&table.system.url, table.system.version.as_deref())
            }
        });
        for part in &mut parts {
            match asked.exclude_abstract == Some(true) {
                true => part.keep(
                    |entry| asked.takes(entry),
                    |system| Condition::not_selectable(system).negated(),
                )?,
                false => part.retain(|entry| asked.takes(entry)),
            }
        }
        Ok(parts)
    }

    fn of_parts(
        &self,
        value_set: &ValueSet,
        parts: &[Part],
        asked: &Expansion,
    ) -> Result<Paged, Stop> {
        let counts: Vec<Result<Option<usize>, Stop>> =
            parts.iter().map(|part| self.count(part)).collect();
        let counts: Vec<Option<usize>> = counts.into_iter().collect::<Result<_, Stop>>()?;
        let most = self.sources.settings.codes_max;
        let wanted = asked.count.unwrap_or(most).min(most.saturating_add(1));
        let mut skipped = asked.offset.unwrap_or_default();
        let mut entries: Vec<Entry> = Vec::new();
        for (place, (part, count)) in parts.iter().zip(&counts).enumerate() {
            let left = wanted - entries.len();
            let there = count.map_or(usize::MAX, |count| count.saturating_sub(skipped));
            if left > 0 && there > 0 {
                entries.extend(self.slice(part, skipped, left.min(there))?);
            }
            match count {
                Some(count) => skipped = skipped.saturating_sub(*count),
                None if entries.len() == wanted => break,
                // Where the next part begins, nobody knows.
                None if place + 1 < parts.len() => return Err(too_far(value_set)),
                None => {}
            }
        }
        if entries.len() > most {
            let sentence = format!(
                "A page of the value set '{}' has at most {most} codes: 'count' is more",
                value_set.named()
            );
            return Err(Finding::of(Rule::TooCostly, sentence).stop(FaultKind::TooCostly));
        }
        Ok(Paged {
            entries,
            total: counts.into_iter().sum(),
        })
    }

    fn count(&self, part: &Part) -> Result<Option<usize>, Stop> {
        match part {
            Part::Listed(entries) => Ok(Some(entries.len())),
            Part::Table(table) => self
                .sources
                .knowledge
                .count(&table.system, &table.condition),
        }
    }

    fn slice(&self, part: &Part, offset: usize, count: usize) -> Result<Vec<Entry>, Stop> {
        let table = match part {
            Part::Listed(entries) => {
                let entries = entries.iter().skip(offset).take(count);
                return Ok(entries.cloned().collect());
            }
            Part::Table(table) => table,
        };
        let slice = Slice {
            condition: table.condition.clone(),
            offset,
            count,
        };
        let found = self.sources.knowledge.slice(&table.system, slice)?;
        let mut concepts = found.list.clone();
        if table.is_supplemented {
            let codes = concepts.iter().map(|one| one.code.clone()).collect();
            let selection = Selection::Codes(codes);
            self.add_supplements(&table.value_set, &table.system, &selection, &mut concepts)?;
        }
        let entry = |concept| Entry::of(&table.system, concept);
        Ok(concepts.iter().map(entry).collect())
    }
}

fn too_far(value_set: &ValueSet) -> Stop {
    let sentence = format!(
        "The value set '{}' has too many codes to be counted that far",
        value_set.named()
    );
    Finding::of(Rule::TooCostly, sentence).stop(FaultKind::TooCostly)
}
