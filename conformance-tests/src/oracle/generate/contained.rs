//! Random searches of what resources contain.

use super::super::dice::Dice;
use super::super::query::{Contained, Query, Scope};
use super::super::value::Value;
use super::{Maker, Raw};

impl Maker<'_> {
    /// A search of what resources contain, of which nothing can be asked that leads elsewhere.
    pub(super) fn within(&self, dice: &mut Dice, raw: &Raw, both: bool) -> Query {
        let kind = self.contained_kind(dice);
        let clauses = raw.clauses.iter().map(|one| {
            let mut dice = Dice::new(one.seed);
            let code = self.code(&mut dice, &kind, |one| self.has(&one.kind));
            self.plain(&mut dice, &kind, &code, &one.values)
        });
        Query {
            clauses: clauses.collect(),
            scope: Scope::Type(kind.clone()),
            sort: Vec::new(),
            includes: Vec::new(),
            count: raw.count,
            total: false,
            contained: match both {
                true => Contained::Both,
                false => Contained::Inside,
            },
            counts: false,
            post: raw.post && self.has("post"),
        }
    }

    /// A type of something that is contained.
    fn contained_kind(&self, dice: &mut Dice) -> String {
        let contained = &self.world.resources[self.world.stored..];
        let one = contained.get(dice.roll(contained.len()));
        one.map_or_else(|| "Patient".to_owned(), |one| one.kind.clone())
    }

    /// A value of a parameter of some contained resource of a type.
    pub(super) fn contained_value(
        &self,
        dice: &mut Dice,
        kind: &str,
        code: &str,
    ) -> Option<(usize, Value)> {
        let all = self.world.stored..self.world.resources.len();
        let fits = |place: &usize| self.world.resources[*place].kind == kind;
        let places: Vec<usize> = all.filter(fits).collect();
        let place = *places.get(dice.roll(places.len()))?;
        let values = self.world.values(place, code);
        let value = values.get(dice.roll(values.len()))?;
        Some((place, value.clone()))
    }
}
