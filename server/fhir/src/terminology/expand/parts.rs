//! The parts of a value set that is answered in pages.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::terminology::code_system::CodeSystem;
use crate::terminology::condition::Condition;
use crate::terminology::fault::Stop;
use crate::terminology::value_set::ValueSet;

use super::Entry;

/// Conditions that a part may be made of.
const CLAUSES_MAX: usize = 200;

/// Codes that stand side by side in a value set. Parts have no code in common in the end.
#[derive(Clone)]
pub(super) enum Part {
    /// Codes that are few.
    Listed(Vec<Entry>),
    /// Codes that the tables know.
    Table(Table),
}

/// The concepts of a code system that a condition holds for.
#[derive(Clone)]
pub(super) struct Table {
    /// The value set that names them.
    pub(super) value_set: Arc<ValueSet>,
    pub(super) system: Arc<CodeSystem>,
    pub(super) condition: Condition,
    /// Whether supplements say more of them.
    pub(super) is_supplemented: bool,
}

/// Why there are no parts.
pub(super) enum Halt {
    Stop(Stop),
    /// The value set has something that cannot be answered in pages.
    Obstacle(String),
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

pub(super) type Parted<T> = Result<T, Halt>;

impl Part {
    /// Keeps codes of which something is known: by a test, or by a condition. What supplements say of concepts no table
    /// knows.
    pub(super) fn keep(
        &mut self,
        test: impl Fn(&Entry) -> bool,
        condition: impl Fn(&CodeSystem) -> Condition,
    ) -> Parted<()> {
        match self {
            Self::Listed(entries) => entries.retain(test),
            Self::Table(table) if table.is_supplemented => {
                let why = format!("{} is supplemented", table.system.url);
                return Err(Halt::Obstacle(why));
            }
            Self::Table(table) => table.restrict(condition(&table.system))?,
        }
        Ok(())
    }

    pub(super) fn listed(&self) -> usize {
        match self {
            Self::Listed(entries) => entries.len(),
            Self::Table(_) => 0,
        }
    }

    pub(super) fn retain(&mut self, test: impl Fn(&Entry) -> bool) {
        if let Self::Listed(entries) = self {
            entries.retain(test);
        }
    }

    /// Keeps codes that others have, or those that they do not have.
    pub(super) fn hold(&mut self, others: &[Part], by_version: bool, wanted: bool) -> Parted<()> {
        match self {
            Self::Table(table) => {
                let condition = table.shared(others, by_version)?;
                table.restrict(match wanted {
                    true => condition,
                    false => condition.negated(),
                })?;
            }
            Self::Listed(entries) => {
                let mut kept = Vec::with_capacity(entries.len());
                let mut listed = HashSet::new();
                for part in others {
                    if let Self::Listed(others) = part {
                        listed.extend(others.iter().map(|entry| entry.key(by_version)));
                    }
                }
                let mut own = HashSet::new();
                for entry in entries.drain(..) {
                    let is_there = listed.contains(&entry.key(by_version))
                        || is_in_table(&entry, others, by_version)?;
                    // Each code once.
                    if is_there == wanted && own.insert(entry.key(true)) {
                        kept.push(entry);
                    }
                }
                *entries = kept;
            }
        }
        Ok(())
    }
}

impl Table {
    fn restrict(&mut self, condition: Condition) -> Parted<()> {
        let own = std::mem::replace(&mut self.condition, Condition::EVERY);
        self.condition = Condition::all([own, condition]);
        match self.condition.clauses() > CLAUSES_MAX {
            true => Err(Halt::Obstacle("it has too many parts".to_owned())),
            false => Ok(()),
        }
    }

    /// What holds for the codes that others have, too.
    fn shared(&self, others: &[Part], by_version: bool) -> Parted<Condition> {
        let mut conditions = Vec::new();
        for part in others {
            match part {
                Part::Listed(entries) => {
                    let is_of = |entry: &&Entry| {
                        entry.system == self.system.url
                            && (!by_version || entry.version == self.system.version)
                    };
                    let codes = entries.iter().filter(is_of).map(Entry::code);
                    conditions.push(Condition::codes(codes, false));
                }
                Part::Table(other) if other.system.key == self.system.key => {
                    conditions.push(other.condition.clone());
                }
                Part::Table(other) if other.system.url == self.system.url && !by_version => {
                    return Err(several_versions(&self.system.url));
                }
                Part::Table(_) => {}
            }
        }
        Ok(Condition::any(conditions))
    }
}

/// Whether a table has a code.
fn is_in_table(entry: &Entry, others: &[Part], by_version: bool) -> Parted<bool> {
    for part in others {
        let Part::Table(table) = part else {
            continue;
        };
        if table.system.url != entry.system {
            continue;
        }
        let of_table = entry.code_system.as_ref();
        match of_table.is_some_and(|one| one.key == table.system.key) {
            true if table.condition.holds(&entry.concept) => return Ok(true),
            false if !by_version => return Err(several_versions(&entry.system)),
            _ => {}
        }
    }
    Ok(false)
}

/// Refuses parts that are of several versions of one code system.
pub(super) fn of_one_version(parts: &[Part]) -> Parted<()> {
    let mut versions: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for part in parts {
        let of_part: Vec<(&str, Option<&str>)> = match part {
            Part::Listed(entries) => entries
                .iter()
                .map(|entry| (&*entry.system, entry.version.as_deref()))
                .collect(),
            Part::Table(table) => {
                let version = table.system.version.as_deref();
                vec![(&*table.system.url, version)]
            }
        };
        for (system, version) in of_part {
            if *versions.entry(system).or_insert(version) != version {
                return Err(several_versions(system));
            }
        }
    }
    Ok(())
}

fn several_versions(system: &str) -> Halt {
    Halt::Obstacle(format!("it compares several versions of {system}"))
}
