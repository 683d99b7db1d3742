//! Which version of a code system is meant, where several rules say something
//! (<https://hl7.org/fhir/R4/valueset-operation-expand.html>: `system-version`, `check-system-version`,
//! `force-system-version`).

use std::sync::Arc;

use super::canonical::{Canonical, version_matches};
use super::code_system::CodeSystem;
use super::fault::{Finding, Stop};
use super::grammar;
use super::knowledge::Knowledge;
use super::rule::Rule;

/// What a request says of versions.
#[derive(Clone, Debug, Default)]
pub struct VersionRules {
    /// Where nothing else says one.
    pub default: Vec<Canonical>,
    /// Another one is an error.
    pub check: Vec<Canonical>,
    /// Whatever else says.
    pub force: Vec<Canonical>,
    /// Of value sets, where nothing else says one.
    pub value_sets: Vec<Canonical>,
}

impl VersionRules {
    /// The version of a code system that is meant where a value set names one, or none.
    pub fn version(&self, system: &str, named: Option<&str>) -> Option<Box<str>> {
        rule(&self.force, system)
            .or(named.filter(|named| !named.is_empty()))
            .or_else(|| rule(&self.default, system))
            .or_else(|| rule(&self.check, system))
            .map(Into::into)
    }

    /// What is said of a version that was come to, and is not allowed.
    pub fn check(&self, system: &CodeSystem) -> Option<Finding> {
        let wanted = rule(&self.check, &system.url)?;
        let version = system.version.as_deref().unwrap_or_default();
        (!version_matches(wanted, version)).then(|| {
            let sentence = format!(
                "The version '{version}' is not allowed for system '{}': required to be '{wanted}' by a version-check parameter",
                system.url
            );
            Finding::of(Rule::VersionCheck, sentence)
        })
    }

    /// The canonical of a value set, with the version a rule gives it.
    pub fn value_set(&self, canonical: &str) -> Canonical {
        let mut canonical = Canonical::parse(canonical);
        if canonical.version.is_none() {
            canonical.version = rule(&self.value_sets, &canonical.url).map(Into::into);
        }
        canonical
    }
}

fn rule<'a>(rules: &'a [Canonical], url: &str) -> Option<&'a str> {
    let found = rules.iter().find(|one| *one.url == *url);
    found.and_then(|one| one.version.as_deref())
}

impl Knowledge {
    /// The code system of that URL in that version, or in its latest one. One of which nothing is here but the name is
    /// none.
    pub fn code_system(
        &self,
        url: &str,
        version: Option<&str>,
    ) -> Result<Option<Arc<CodeSystem>>, Stop> {
        let all = self.code_systems(url)?;
        let is_here = |one: &&Arc<CodeSystem>| {
            *one.url == *url
                && !one.is_supplement()
                && (&*one.content != "not-present" || one.concept_count > 0)
        };
        let fits = |one: &&Arc<CodeSystem>| {
            let actual = one.version.as_deref().unwrap_or_default();
            version.is_none_or(|wanted| version_matches(wanted, actual))
        };
        let found = all.iter().filter(is_here).find(fits).cloned();
        Ok(found.or_else(|| grammar::code_system(url, version).map(Arc::new)))
    }

    /// The versions of a code system there are, the earliest first.
    pub fn versions(&self, url: &str) -> Result<Vec<Box<str>>, Stop> {
        let all = self.code_systems(url)?;
        let own = all
            .iter()
            .filter(|one| *one.url == *url && !one.is_supplement());
        let mut versions: Vec<Box<str>> = own.filter_map(|one| one.version.clone()).collect();
        versions.reverse();
        versions.dedup();
        Ok(versions)
    }
}

/// Versions for a sentence: `1.0.0 or 1.2.0`.
pub(super) fn listed(versions: &[Box<str>]) -> String {
    match versions {
        [] => String::new(),
        [only] => only.to_string(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
