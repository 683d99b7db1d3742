//! Random includes: what comes beside the matches.

use super::super::dice::Dice;
use super::super::query::Include;
use super::super::value::Value;
use super::{Maker, points_at};

impl Maker<'_> {
    /// Whether a resource of a type refers to another that is there, by parameters that are all known.
    fn refers(&self, kind: &str) -> bool {
        if self.world.definitions.has_others.contains(kind) {
            return false;
        }
        let mut codes = self
            .world
            .definitions
            .of(kind)
            .filter(|one| one.kind == "reference");
        codes.any(|one| {
            let mut places = self.world.of_kind(kind).iter();
            places.any(|place| !self.world.targets(*place, &one.code).is_empty())
        })
    }

    pub(super) fn include(&self, dice: &mut Dice, kind: &str) -> Option<Include> {
        let mut include = Include {
            reverse: dice.chance(50),
            iterate: dice.chance(30),
            source: kind.to_owned(),
            code: "*".to_owned(),
            target: None,
        };
        if include.reverse {
            let mut dice = dice.clone();
            let clause = self.referred(&mut dice, kind, &[1])?;
            let (source, code) = clause.has.first()?.clone();
            return Some(Include {
                source,
                code,
                ..include
            });
        }
        if include.iterate {
            include.source = self.kind(dice);
        }
        match dice.roll(10) {
            0 if !include.iterate && self.refers(kind) => include.source = "*".to_owned(),
            1 if self.refers(&include.source) => {}
            _ => {
                include.code = self.code(dice, &include.source, |one| one.kind == "reference");
                // Canonicals are not followed.
                let value = self.some_value(dice, &include.source, &include.code);
                if matches!(
                    value,
                    None | Some((_, Value::Elsewhere(_, true) | Value::Present))
                ) {
                    return None;
                }
            }
        }
        // What a Bundle refers to stands in it.
        if include.code == "_id" || include.source == "Bundle" {
            return None;
        }
        let parameter = self.world.definitions.find(&include.source, &include.code);
        if let Some(parameter) = parameter.filter(|_| dice.chance(20)) {
            let target = parameter.targets.get(dice.roll(parameter.targets.len()));
            include.target = target.filter(|one| points_at(parameter, one)).cloned();
        }
        Some(include)
    }
}
