//! Which items were met before: `distinct()` and its like without comparing each with each.
//!
//! Equal items have equal hashes. What may equal something written otherwise (dates with offsets, quantities) has
//! none, and is compared with all.

use std::collections::HashMap;

use rust_decimal::Decimal;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::EvaluationError;
use super::equality::equal;
use super::evaluation::Evaluation;
use super::item::{Item, decimal};
use crate::json::{Kind, Value};

/// Below this, comparing is cheaper than hashing.
const FEW: usize = 12;

/// What a hash costs, in steps.
const HASHING: usize = 4;
/// What it costs to keep an item in mind, in steps.
const KEEPING: usize = 4;

/// Items met so far.
#[derive(Default)]
pub(super) struct Seen<'a> {
    items: Vec<Item<'a>>,
    by_hash: HashMap<u64, Vec<usize>>,
    without_hash: Vec<usize>,
    is_hashed: bool,
}

impl<'a> Seen<'a> {
    /// A list, to be looked into many times.
    pub(super) fn of(
        items: &[Item<'a>],
        evaluation: &Evaluation<'_, 'a>,
    ) -> Result<Self, EvaluationError> {
        let mut seen = Self::default();
        for item in items {
            seen.add(item.clone(), evaluation)?;
        }
        Ok(seen)
    }

    /// Adds an item, equal to another or not.
    fn add(
        &mut self,
        item: Item<'a>,
        evaluation: &Evaluation<'_, 'a>,
    ) -> Result<(), EvaluationError> {
        if !self.is_hashed && self.items.len() >= FEW {
            self.is_hashed = true;
            for place in 0..self.items.len() {
                let key = hash(&self.items[place], evaluation)?;
                self.note(key, place);
            }
        }
        evaluation.charge(KEEPING)?;
        if self.is_hashed {
            let key = hash(&item, evaluation)?;
            self.note(key, self.items.len());
        }
        self.items.push(item);
        Ok(())
    }

    fn note(&mut self, key: Option<u64>, place: usize) {
        match key {
            Some(key) => self.by_hash.entry(key).or_default().push(place),
            None => self.without_hash.push(place),
        }
    }

    /// Whether an equal item is among them.
    pub(super) fn holds(
        &self,
        item: &Item<'a>,
        evaluation: &Evaluation<'_, 'a>,
    ) -> Result<bool, EvaluationError> {
        let key = if self.is_hashed {
            hash(item, evaluation)?
        } else {
            None
        };
        let Some(key) = key else {
            return super::equality::holds(&self.items, item, evaluation);
        };
        let same = self.by_hash.get(&key).into_iter().flatten();
        for place in same.chain(&self.without_hash) {
            if equal(&self.items[*place], item, evaluation)? == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds an item unless an equal one is there; whether it was new.
    pub(super) fn insert(
        &mut self,
        item: &Item<'a>,
        evaluation: &Evaluation<'_, 'a>,
    ) -> Result<bool, EvaluationError> {
        if self.holds(item, evaluation)? {
            return Ok(false);
        }
        self.add(item.clone(), evaluation)?;
        Ok(true)
    }
}

fn hash<'a>(
    item: &Item<'a>,
    evaluation: &Evaluation<'_, 'a>,
) -> Result<Option<u64>, EvaluationError> {
    evaluation.charge(HASHING)?;
    let structures = evaluation.environment.structures;
    Ok(match item.system(structures) {
        Some(Item::String(text)) => {
            evaluation.charge(text.len() / 64)?;
            Some(xxh3_64(text.as_bytes()))
        }
        Some(Item::Boolean(value)) => Some(u64::from(value)),
        Some(Item::Integer(value)) => Some(hash_number(Decimal::from(value))),
        Some(Item::Decimal(value)) => Some(hash_number(value)),
        Some(_) => None,
        None => match item.node() {
            Some(node) => {
                let value = node.value.map(|value| hash_value(value, evaluation));
                let companion = node.companion.map(|value| hash_value(value, evaluation));
                let pair = (value.transpose()?, companion.transpose()?);
                Some(
                    pair.0
                        .unwrap_or(3)
                        .wrapping_mul(31)
                        .wrapping_add(pair.1.unwrap_or(5)),
                )
            }
            None => None,
        },
    })
}

fn hash_number(value: Decimal) -> u64 {
    xxh3_64(&value.normalize().serialize())
}

/// Members in any order, numbers without their trailing zeros: as equality sees them.
fn hash_value(value: Value<'_>, evaluation: &Evaluation<'_, '_>) -> Result<u64, EvaluationError> {
    evaluation.charge(1)?;
    Ok(match value.kind() {
        Kind::Object => value.members().try_fold(7u64, |sum, (key, value)| {
            let inner = hash_value(value, evaluation)?;
            Ok(sum.wrapping_add(xxh3_64_with_seed(key.as_bytes(), inner)))
        })?,
        Kind::Array => value.items().try_fold(11u64, |sum, value| {
            Ok(sum
                .wrapping_mul(31)
                .wrapping_add(hash_value(value, evaluation)?))
        })?,
        Kind::String => xxh3_64(value.string().unwrap_or_default().as_bytes()),
        Kind::Number => match value.number().and_then(decimal) {
            Some(number) => hash_number(number),
            None => xxh3_64(value.raw().as_bytes()),
        },
        Kind::Boolean | Kind::Null => xxh3_64(value.raw().as_bytes()),
    })
}
