//! Privacy consents (<https://hl7.org/fhir/R4/consent.html>): what the provisions that are about somebody make of the rows
//! of resources (server/decisions/0027-consents-in-rows.md).
//!
//! A more specific provision beats a less specific one, an exception what it is an exception of, and a denial a permission
//! that is as specific.

use std::collections::BTreeMap;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::search::hash;
use fhir::search::index_values::IndexValues;
use fhir::search::plan::Clause;

use super::purposes::{certainly_covers, may_cover};
use super::rows::Rows;

/// Seeds of the parameters that find codes, by type.
pub type CodeSeeds = BTreeMap<ResourceType, Box<[i64]>>;

/// Whether what a provision is about may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It may.
    Permit,
    /// It may not.
    Deny,
}

/// A provision that is about somebody now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provision {
    /// The Consent.
    pub consent: ResourceKey,
    /// Where in it; an exception's place begins with that of what it is an exception of.
    pub place: Vec<i32>,
    /// Whose consent.
    pub patient: ResourceKey,
    /// `None` where it only bounds its exceptions.
    pub effect: Option<Effect>,
    /// Whether all that it says is said here.
    pub is_exact: bool,
    /// Whether it names somebody, rather than being about everybody.
    pub names_actor: bool,
    /// What for; empty is for whatever.
    pub purposes: Vec<Box<str>>,
    /// What it is about; all must be met.
    pub terms: Vec<Term>,
}

/// What a provision asks of a resource; one of the values must be met.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// Its type.
    Class(Vec<ResourceType>),
    /// A code that stands in it: system and code.
    Code(Vec<(Box<str>, Box<str>)>),
    /// A security label: system and code.
    Label(Vec<(Box<str>, Box<str>)>),
    /// Itself; with `true` also what refers to it.
    Data(Vec<(ResourceKey, bool)>),
}

/// A provision with what it inherits.
#[derive(Clone, Debug)]
struct Rule<'p> {
    of: &'p Provision,
    effect: Effect,
    rank: u8,
    terms: Vec<Term>,
}

/// What is denied of a record: what meets the terms, but nothing that meets those of an exception.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Denial {
    terms: Vec<Term>,
    exceptions: Vec<Vec<Term>>,
}

/// What consents make of the records of all patients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consents {
    /// Denials, and the compartments of the patients who say exactly these.
    denied: Vec<(Vec<i64>, Vec<Denial>)>,
    /// What is permitted, likewise.
    permitted: Vec<(Vec<i64>, Vec<Vec<Term>>)>,
}

/// For whom provisions are judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Use<'u> {
    /// What for, where it is known.
    pub purpose: Option<&'u str>,
    /// Whether only those count that name somebody: a patient's own record is closed to nobody who speaks for the patient
    /// but by name.
    pub only_by_name: bool,
}

impl Consents {
    /// What some provisions make of the records of their patients, for a use.
    pub fn of(provisions: &[Provision], used: Use<'_>) -> Self {
        let mut by_patient: BTreeMap<&ResourceKey, Vec<&Provision>> = BTreeMap::new();
        for one in provisions {
            by_patient.entry(&one.patient).or_default().push(one);
        }
        let mut denied: BTreeMap<Vec<Denial>, Vec<i64>> = BTreeMap::new();
        let mut permitted: BTreeMap<Vec<Vec<Term>>, Vec<i64>> = BTreeMap::new();
        for (patient, provisions) in by_patient {
            let rules = rules(&provisions, used);
            let record = hash::compartment(patient);
            let denials = denials(&rules);
            if !denials.is_empty() {
                denied.entry(denials).or_default().push(record);
            }
            let permits = rules.iter().filter(|rule| rule.effect == Effect::Permit);
            let mut permits: Vec<Vec<Term>> = permits.map(|rule| rule.terms.clone()).collect();
            permits.sort_unstable();
            permits.dedup();
            if !permits.is_empty() {
                permitted.entry(permits).or_default().push(record);
            }
        }
        Self {
            denied: in_order(denied),
            permitted: in_order(permitted),
        }
    }

    /// The resources of a type that are denied, save those of records that are opened.
    pub(super) fn denied(
        &self,
        resource_type: ResourceType,
        codes: &CodeSeeds,
        opened: &[i64],
    ) -> Rows {
        let each = self.denied.iter().map(|(records, denials)| {
            let is_closed = |record: &&i64| opened.binary_search(record).is_err();
            let records: Vec<i64> = records.iter().filter(is_closed).copied().collect();
            let denials = denials.iter();
            let denied = denials
                .map(|denial| denial.rows(resource_type, codes))
                .fold(Rows::None, Rows::or);
            Rows::with_one_of(&records).and(denied)
        });
        each.fold(Rows::None, Rows::or)
    }

    /// The resources of a type that are permitted.
    pub(super) fn permitted(&self, resource_type: ResourceType, codes: &CodeSeeds) -> Rows {
        let each = self.permitted.iter().map(|(records, permits)| {
            let permits = permits.iter();
            let permitted = permits
                .map(|terms| meeting(terms, resource_type, codes))
                .fold(Rows::None, Rows::or);
            Rows::with_one_of(records).and(permitted)
        });
        each.fold(Rows::None, Rows::or)
    }
}

fn in_order<T: Ord>(grouped: BTreeMap<T, Vec<i64>>) -> Vec<(Vec<i64>, T)> {
    let sorted = |(said, mut records): (T, Vec<i64>)| {
        records.sort_unstable();
        (records, said)
    };
    grouped.into_iter().map(sorted).collect()
}

/// The Consents that deny a resource with these values, each once.
pub fn deciding(
    provisions: &[Provision],
    used: Use<'_>,
    codes: &CodeSeeds,
    key: &ResourceKey,
    values: &IndexValues,
) -> Vec<ResourceKey> {
    let mut found = Vec::new();
    for patient in provisions.iter().map(|one| &one.patient) {
        let element = hash::compartment(patient);
        if values.tokens.binary_search(&element).is_err() {
            continue;
        }
        let own = provisions.iter().filter(|one| one.patient == *patient);
        let rules = rules(&own.collect::<Vec<_>>(), used);
        let denying = rules.iter().filter(|rule| rule.effect == Effect::Deny);
        let denying = denying.filter(|rule| {
            let denied = rule.denial(&rules).rows(key.resource_type, codes);
            denied.admit(key, values)
        });
        found.extend(denying.map(|rule| rule.of.consent.clone()));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What the provisions of one patient say of a use, each with what it inherits.
fn rules<'p>(provisions: &[&'p Provision], used: Use<'_>) -> Vec<Rule<'p>> {
    let mut rules = Vec::new();
    for of in provisions {
        let within =
            |other: &&&Provision| other.consent == of.consent && of.place.starts_with(&other.place);
        let path: Vec<&Provision> = provisions.iter().filter(within).copied().collect();
        // Where what it is an exception of says nothing to whoever asks now, it says nothing either.
        let (Some(effect), true) = (of.effect, path.len() == of.place.len() + 1) else {
            continue;
        };
        let is_named = path.iter().any(|one| one.names_actor);
        let is_meant = |one: &&Provision| {
            let mut purposes = one.purposes.iter();
            let covers = match effect {
                Effect::Permit => certainly_covers,
                Effect::Deny => may_cover,
            };
            one.purposes.is_empty() || purposes.any(|said| covers(said, used.purpose))
        };
        let is_sure = effect == Effect::Deny || path.iter().all(|one| one.is_exact);
        if !is_sure || !path.iter().all(is_meant) || used.only_by_name && !is_named {
            continue;
        }
        let terms = path.iter().flat_map(|one| one.terms.iter().cloned());
        let mut terms: Vec<Term> = terms.collect();
        terms.sort_unstable();
        terms.dedup();
        // What a denial says beside what is understood may be as specific as anything.
        let rank = match path.iter().all(|one| one.is_exact) {
            true => path.iter().map(|one| one.rank()).max().unwrap_or_default(),
            false => RANK_OF_DATA,
        };
        rules.push(Rule {
            of,
            effect,
            rank,
            terms,
        });
    }
    rules
}

fn denials(rules: &[Rule<'_>]) -> Vec<Denial> {
    let denying = rules.iter().filter(|rule| rule.effect == Effect::Deny);
    let mut denials: Vec<Denial> = denying.map(|rule| rule.denial(rules)).collect();
    denials.sort_unstable();
    denials.dedup();
    denials
}

/// The rank of what is most specific.
const RANK_OF_DATA: u8 = 4;

impl Provision {
    /// How specific it is: data, then what a resource is, then who asks, then what for.
    fn rank(&self) -> u8 {
        let is_data = |term: &Term| matches!(term, Term::Data(_));
        if self.terms.iter().any(is_data) {
            return RANK_OF_DATA;
        }
        match (self.terms.is_empty(), self.names_actor) {
            (false, _) => 3,
            (true, true) => 2,
            (true, false) => u8::from(!self.purposes.is_empty()),
        }
    }
}

impl Rule<'_> {
    /// What it denies beside what others permit.
    fn denial(&self, rules: &[Rule<'_>]) -> Denial {
        let beats = |other: &&Rule<'_>| {
            let is_exception =
                other.of.consent == self.of.consent && other.of.place.starts_with(&self.of.place);
            other.effect == Effect::Permit && (other.rank > self.rank || is_exception)
        };
        let exceptions = rules.iter().filter(beats);
        let mut exceptions: Vec<Vec<Term>> = exceptions.map(|one| one.terms.clone()).collect();
        exceptions.sort_unstable();
        exceptions.dedup();
        Denial {
            terms: self.terms.clone(),
            exceptions,
        }
    }
}

impl Denial {
    fn rows(&self, resource_type: ResourceType, codes: &CodeSeeds) -> Rows {
        let exceptions = self.exceptions.iter();
        let permitted = exceptions
            .map(|terms| meeting(terms, resource_type, codes))
            .fold(Rows::None, Rows::or);
        meeting(&self.terms, resource_type, codes).and(permitted.others())
    }
}

/// The resources of a type that meet all terms.
fn meeting(terms: &[Term], resource_type: ResourceType, codes: &CodeSeeds) -> Rows {
    let each = terms.iter().map(|term| term.rows(resource_type, codes));
    each.fold(Rows::All, Rows::and)
}

impl Term {
    fn rows(&self, resource_type: ResourceType, codes: &CodeSeeds) -> Rows {
        let one_of = |mut elements: Vec<i64>| {
            elements.sort_unstable();
            elements.dedup();
            Rows::with_one_of(&elements)
        };
        match self {
            Self::Class(types) if types.contains(&resource_type) => Rows::All,
            Self::Class(_) => Rows::None,
            Self::Code(said) => {
                let seeds = codes.get(&resource_type).map_or(&[][..], |seeds| seeds);
                let elements = said.iter().flat_map(|(system, code)| {
                    let seeds = seeds.iter();
                    seeds.map(|seed| hash::token(*seed, system, code))
                });
                one_of(elements.collect())
            }
            Self::Label(said) => {
                let labels = said.iter();
                one_of(
                    labels
                        .map(|(system, code)| hash::label(system, code))
                        .collect(),
                )
            }
            Self::Data(said) => {
                let own = said.iter().map(|(key, _)| key);
                let own = own.filter(|key| key.resource_type == resource_type);
                let mut ids: Vec<_> = own.map(|key| key.id.clone()).collect();
                ids.sort_unstable();
                ids.dedup();
                let itself = match ids.is_empty() {
                    true => Rows::None,
                    false => Rows::Such(Clause::Ids(ids)),
                };
                let referred = said.iter().filter(|(_, with_dependents)| *with_dependents);
                let referring = referred
                    .map(|(key, _)| hash::reference(hash::ANY_REFERENCE, hash::key_hash(key)));
                itself.or(one_of(referring.collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests;
