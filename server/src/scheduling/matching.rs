//! Who meets which need of a visit: each person one, in one of the roles in which they take part.

use std::collections::{BTreeMap, BTreeSet};

use fhir::ids::ResourceKey;

/// For each need the place of whoever is given to it. `fitting` says for each the places of those who would do, in order, and
/// `persons` who is busy at each place. The first need is given the first who meets it, as far as that leaves all others theirs.
pub(super) fn matching(fitting: &[Vec<usize>], persons: &[ResourceKey]) -> Vec<Option<usize>> {
    let mut matching = Matching {
        fitting,
        persons,
        given: BTreeMap::new(),
        met: vec![None; fitting.len()],
    };
    for need in 0..fitting.len() {
        matching.give(need, &mut BTreeSet::new());
    }
    matching.met
}

/// Needs, and who is given to them.
struct Matching<'a> {
    /// For each need, the places of those who would do, in order.
    fitting: &'a [Vec<usize>],
    /// Who is busy, by place.
    persons: &'a [ResourceKey],
    /// Which need a person was given to.
    given: BTreeMap<&'a ResourceKey, usize>,
    met: Vec<Option<usize>>,
}

impl<'a> Matching<'a> {
    /// Gives a need whoever is free, or whoever another need can be without. Each person is asked for once, in whichever role.
    fn give(&mut self, need: usize, tried: &mut BTreeSet<&'a ResourceKey>) -> bool {
        let fitting = &self.fitting[need];
        let persons = self.persons;
        let person = |place: usize| persons.get(place);
        let free = fitting
            .iter()
            .find(|place| person(**place).is_some_and(|one| !self.given.contains_key(one)));
        let mut found = free.copied();
        for place in fitting {
            if found.is_some() {
                break;
            }
            let Some(person) = person(*place).filter(|one| tried.insert(one)) else {
                continue;
            };
            let Some(holder) = self.given.get(person).copied() else {
                continue;
            };
            if holder != need && self.give(holder, tried) {
                found = Some(*place);
            }
        }
        let Some((place, person)) = found.and_then(|place| Some((place, person(place)?))) else {
            return false;
        };
        self.given.insert(person, need);
        if let Some(met) = self.met.get_mut(need) {
            *met = Some(place);
        }
        true
    }
}
