//! What value sets are made of, found: code systems in the right version, value sets they include, supplements.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::canonical::{Canonical, version_matches};
use super::code_system::CodeSystem;
use super::concept::Concept;
use super::fault::{FaultKind, Finding, Stop};
use super::filter::Filters;
use super::grammar;
use super::import::{loinc, snomed};
use super::knowledge::{Concepts, Knowledge, Selection};
use super::rule::Rule;
use super::settings::Settings;
use super::value_set::{ConceptSet, Filter, Identity, ValueSet};

/// How deep value sets may include each other.
const DEPTH_MAX: usize = 32;

/// Knowledge, asked as the settings want it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'k> {
    pub(super) knowledge: &'k Knowledge,
    pub(super) settings: &'k Settings,
}

/// The way from the value set that is evaluated to the one that is looked at, both included.
pub(super) type Way<'w> = &'w [Arc<ValueSet>];

impl Sources<'_> {
    /// The value set of a canonical; also one that a code system or a URL implies.
    pub(super) fn value_set(&self, canonical: &Canonical) -> Result<Option<Arc<ValueSet>>, Stop> {
        if let Some(found) = self.knowledge.value_set(canonical)? {
            return Ok(Some(found));
        }
        let url = &*canonical.url;
        if let Some((system, filters)) = implied(url)? {
            return Ok(ValueSet::implicit(url, &system, filters).map(Arc::new));
        }
        let all = self.knowledge.code_systems(url)?;
        let names_it = |one: &&Arc<CodeSystem>| {
            one.value_set
                .as_ref()
                .is_some_and(|named| *named.url == *url)
                && !one.is_supplement()
        };
        let system = all.iter().find(names_it);
        let implicit = |one: &Arc<CodeSystem>| {
            ValueSet::implicit(url, &Canonical::of(&one.url, None), Vec::new())
        };
        Ok(system.and_then(implicit).map(Arc::new))
    }

    /// A value set that another includes; a circle is refused.
    pub(super) fn included(
        &self,
        way: Way<'_>,
        from: &ValueSet,
        reference: &str,
    ) -> Result<Arc<ValueSet>, Stop> {
        if let Some(inside) = from.inside(reference) {
            return Ok(Arc::new(inside.clone()));
        }
        let canonical = self.settings.versions.value_set(reference);
        let found = self
            .value_set(&canonical)?
            .ok_or_else(|| unknown_value_set(&canonical.to_string()))?;
        let is_same = |one: &Arc<ValueSet>| one.url == found.url && one.version == found.version;
        if !way.iter().any(is_same) && way.len() >= DEPTH_MAX {
            let first = way.first().map_or_else(String::new, |one| one.named());
            let sentence = format!(
                "The value set {first} includes others, and these others again, more than {DEPTH_MAX} deep"
            );
            return Err(Finding::of(Rule::TooCostly, sentence).stop(FaultKind::TooCostly));
        }
        if way.iter().any(is_same) {
            let names: Vec<String> = way.iter().map(|one| one.named()).collect();
            let sentence = format!(
                "Cyclic reference detected when including {} via [{}]",
                found.named(),
                names.join(", ")
            );
            let finding = Finding::of(Rule::CyclicValueSet, sentence);
            return Err(finding.stop(FaultKind::Unprocessable));
        }
        Ok(found)
    }

    /// Sees to it that everything a value set is made of is there and understood, so that what is wrong is said whatever
    /// code is asked for.
    pub(super) fn prepare(&self, value_set: &Arc<ValueSet>) -> Result<(), Stop> {
        self.prepare_on(value_set, &[], &mut HashSet::new())
    }

    /// Each value set once, however many include it.
    fn prepare_on(
        &self,
        value_set: &Arc<ValueSet>,
        way: Way<'_>,
        prepared: &mut HashSet<Identity>,
    ) -> Result<(), Stop> {
        let Some(compose) = &value_set.compose else {
            return Ok(());
        };
        let mut way = way.to_vec();
        way.push(Arc::clone(value_set));
        let include = compose.include.iter().enumerate();
        let include = include.map(|(n, set)| (format!("ValueSet.compose.include[{n}]"), set));
        let exclude = compose.exclude.iter().enumerate();
        let exclude = exclude.map(|(n, set)| (format!("ValueSet.compose.exclude[{n}]"), set));
        let mut is_missing = false;
        for (place, set) in include.chain(exclude) {
            // What is missing in one place does not keep from noting what is missing in others.
            match self.prepare_set(value_set, &way, &place, set, prepared) {
                Err(Stop::Missing) => is_missing = true,
                other => other?,
            }
        }
        match is_missing {
            true => Err(Stop::Missing),
            false => Ok(()),
        }
    }

    fn prepare_set(
        &self,
        value_set: &ValueSet,
        way: Way<'_>,
        place: &str,
        set: &ConceptSet,
        prepared: &mut HashSet<Identity>,
    ) -> Result<(), Stop> {
        for reference in &set.value_sets {
            let included = self.included(way, value_set, reference)?;
            let identity = value_set.identity_of(reference, &included);
            if identity.is_none_or(|identity| prepared.insert(identity)) {
                self.prepare_on(&included, way, prepared)?;
            }
        }
        if let Some(url) = &set.system {
            let version = self.settings.versions.version(url, set.version.as_deref());
            if let Some(system) = self.knowledge.code_system(url, version.as_deref())? {
                Filters::of(self.knowledge, &system, set, place)?;
            }
        }
        Ok(())
    }

    /// Sees to it that the supplements that are needed are there.
    pub(super) fn check_supplements(&self, value_set: &Arc<ValueSet>) -> Result<(), Stop> {
        let needed: BTreeSet<&Canonical> = self.needed_supplements(value_set).collect();
        if needed.is_empty() {
            return Ok(());
        }
        let systems = self.systems(value_set)?;
        self.find_supplements(needed.into_iter(), systems.iter().map(|url| &**url))
    }

    /// The code systems that a value set and those it includes name.
    pub(super) fn systems(&self, value_set: &Arc<ValueSet>) -> Result<BTreeSet<Box<str>>, Stop> {
        let mut systems = BTreeSet::new();
        self.gather_systems(value_set, &[], &mut systems, &mut HashSet::new())?;
        Ok(systems)
    }

    /// Refuses where one of these supplements is not to be had for any of these systems.
    pub(super) fn find_supplements<'a>(
        &self,
        needed: impl Iterator<Item = &'a Canonical>,
        systems: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), Stop> {
        for canonical in needed {
            let mut is_found = false;
            for url in systems.clone() {
                let all = self.knowledge.code_systems(url)?;
                is_found |= all.iter().any(|one| is_supplement(one, canonical));
            }
            if !is_found {
                let sentence = format!("Required supplement not found: {canonical}");
                let finding = Finding::of(Rule::MissingSupplement, sentence);
                return Err(finding.stop(FaultKind::Unprocessable));
            }
        }
        Ok(())
    }

    fn gather_systems(
        &self,
        value_set: &Arc<ValueSet>,
        way: Way<'_>,
        systems: &mut BTreeSet<Box<str>>,
        gathered: &mut HashSet<Identity>,
    ) -> Result<(), Stop> {
        let Some(compose) = &value_set.compose else {
            systems.extend(value_set.expansion.iter().map(|one| one.system.clone()));
            return Ok(());
        };
        let mut way = way.to_vec();
        way.push(Arc::clone(value_set));
        for set in &compose.include {
            systems.extend(set.system.clone());
            for reference in &set.value_sets {
                let included = self.included(&way, value_set, reference)?;
                let identity = value_set.identity_of(reference, &included);
                if identity.is_none_or(|identity| gathered.insert(identity)) {
                    self.gather_systems(&included, &way, systems, gathered)?;
                }
            }
        }
        Ok(())
    }

    fn needed_supplements<'a>(
        &'a self,
        value_set: &'a ValueSet,
    ) -> impl Iterator<Item = &'a Canonical> {
        value_set
            .supplements
            .iter()
            .chain(&self.settings.supplements)
    }

    /// The supplements to a code system that a request or a value set asks for.
    pub(super) fn supplements(
        &self,
        system: &CodeSystem,
        value_set: Option<&ValueSet>,
    ) -> Result<Vec<Arc<CodeSystem>>, Stop> {
        let of_value_set = value_set.map_or(&[][..], |one| &one.supplements);
        let needed: Vec<&Canonical> = of_value_set
            .iter()
            .chain(&self.settings.supplements)
            .collect();
        if needed.is_empty() {
            return Ok(Vec::new());
        }
        let all = self.knowledge.code_systems(&system.url)?;
        // One to a version says nothing of others.
        let is_of_version = |one: &CodeSystem| {
            let of = one
                .supplements
                .as_ref()
                .and_then(|of| of.version.as_deref());
            of.is_none_or(|of| version_matches(of, system.version.as_deref().unwrap_or_default()))
        };
        let is_needed = |one: &Arc<CodeSystem>| {
            is_of_version(one) && needed.iter().any(|it| is_supplement(one, it))
        };
        Ok(all.into_iter().filter(is_needed).collect())
    }

    /// Concepts of a code system; of one that a grammar makes only those that are named by their codes.
    pub(super) fn concepts(
        &self,
        system: &CodeSystem,
        selection: Selection,
    ) -> Result<Arc<Concepts>, Stop> {
        if !grammar::is_one(system) {
            return self.knowledge.concepts(system, selection);
        }
        let Selection::Codes(codes) = selection else {
            let sentence = format!(
                "The codes of {} cannot be enumerated: a grammar makes them, and there is no end of them. A value set that is to be expanded lists those that it takes",
                system.url
            );
            return Err(Finding::of(Rule::Endless, sentence).stop(FaultKind::TooCostly));
        };
        let made = codes
            .iter()
            .filter_map(|code| grammar::concept(system, code));
        Ok(Arc::new(Concepts {
            list: made.map(Arc::new).collect(),
            is_cut: false,
        }))
    }

    /// The concept of a code, with what supplements add to it.
    pub(super) fn concept(
        &self,
        system: &CodeSystem,
        code: &str,
        value_set: Option<&ValueSet>,
    ) -> Result<Option<Arc<Concept>>, Stop> {
        if grammar::is_one(system) {
            return Ok(grammar::concept(system, code).map(Arc::new));
        }
        let selection = Selection::Codes(vec![code.into()]);
        let found = self.knowledge.concepts(system, selection.clone())?;
        let exact = found.list.iter().find(|one| *one.code == *code);
        let near = || {
            found
                .list
                .iter()
                .find(|one| system.same_code(&one.code, code))
        };
        let Some(concept) = exact.or_else(near).cloned() else {
            return Ok(None);
        };
        let mut whole = concept;
        for supplement in self.supplements(system, value_set)? {
            let found = self.knowledge.concepts(&supplement, selection.clone())?;
            if let Some(more) = found.list.iter().find(|one| one.code == whole.code) {
                whole = Arc::new(supplemented(&whole, more));
            }
        }
        Ok(Some(whole))
    }
}

/// A concept with what a supplement says of it.
pub(super) fn supplemented(concept: &Concept, more: &Concept) -> Concept {
    let mut whole = concept.clone();
    whole.designations.extend(more.designations.iter().cloned());
    whole.properties.extend(more.properties.iter().cloned());
    whole.extensions.extend(more.extensions.iter().cloned());
    whole
}

fn is_supplement(system: &CodeSystem, canonical: &Canonical) -> bool {
    let version = canonical.version.as_deref();
    system.is_supplement()
        && system.url == canonical.url
        && version.is_none_or(|version| system.version.as_deref() == Some(version))
}

/// A value set that is not there.
pub fn unknown_value_set(canonical: &str) -> Stop {
    let sentence = format!("A definition for the value Set '{canonical}' could not be found");
    Finding::of(Rule::UnknownValueSet, sentence).stop(FaultKind::NotFound)
}

/// The code system that the URL of a value set implies, and what its codes must be: `?fhir_vs`, `?fhir_vs=isa/138875005`
/// (<https://hl7.org/fhir/R4/snomedct.html#implicit>).
fn implied(url: &str) -> Result<Option<(Canonical, Vec<Filter>)>, Stop> {
    if url == "http://loinc.org/vs" {
        return Ok(Some((Canonical::of(loinc::URL, None), Vec::new())));
    }
    let filter = |property: &str, op: &str, value: &str| {
        vec![Filter {
            property: property.into(),
            op: op.into(),
            value: value.into(),
        }]
    };
    if let Some(list) = url.strip_prefix("http://loinc.org/vs/LL") {
        let filters = filter(loinc::ANSWER_LIST, "=", &format!("LL{list}"));
        return Ok(Some((Canonical::of(loinc::URL, None), filters)));
    }
    let Some((base, rest)) = url.split_once("?fhir_vs") else {
        return Ok(None);
    };
    let edition = base.strip_prefix(snomed::URL);
    let is_snomed = edition.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let system = match edition {
        Some(edition) if is_snomed && !edition.is_empty() => Canonical::of(snomed::URL, Some(base)),
        _ => Canonical::of(base, None),
    };
    let (form, value) = rest.split_once('/').unwrap_or((rest, ""));
    let filters = match form {
        "" if rest.is_empty() => Vec::new(),
        "=isa" => filter("concept", "is-a", value),
        "=refset" if is_snomed && !value.is_empty() => filter(snomed::MEMBER_OF, "=", value),
        "=refset" | "=ecl" if is_snomed => {
            let sentence = format!(
                "The value set '{url}' cannot be expanded: of the value sets that SNOMED CT implies, ?fhir_vs, ?fhir_vs=isa/[code] and ?fhir_vs=refset/[code] are supported"
            );
            let finding = Finding::of(Rule::UnknownFilter, sentence);
            return Err(finding.stop(FaultKind::NotSupported));
        }
        _ => return Ok(None),
    };
    Ok(Some((system, filters)))
}
