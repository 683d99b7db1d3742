//! Code systems of codings: found out where none is given, in the version that is meant, and said where unknown.

use std::sync::Arc;

use crate::outcome::Severity;
use crate::terminology::canonical::{Canonical, version_matches};
use crate::terminology::code_system::CodeSystem;
use crate::terminology::concept::Coding;
use crate::terminology::expand::Expander;
use crate::terminology::fault::{FaultKind, Finding, Stop};
use crate::terminology::rule::Rule;
use crate::terminology::value_set::ConceptSet;

use super::membership::Verdict;
use super::trail::Seen;
use super::{Sum, Validation, at, sentences};

impl Validation<'_> {
    /// Gives a coding the system that the value set implies, where that is asked for. False where there is none.
    pub(super) fn with_system(
        &mut self,
        coding: &mut Coding,
        path: &str,
        sum: &mut Sum,
    ) -> Result<bool, Stop> {
        if coding.system.is_some() {
            return Ok(true);
        }
        if !self.sources.settings.infer_system {
            let sentence = "Coding has no system. A code with no system has no defined meaning, and it cannot be validated. A system should be provided";
            let finding = Finding::of(Rule::WithoutSystem, sentence);
            let mut finding = finding.graded(Severity::Warning);
            finding.place = (!path.is_empty()).then(|| path.to_owned());
            self.trail.note(finding, true);
            return Ok(false);
        }
        let code = coding.code.clone().unwrap_or_default();
        let systems = self.systems_with(coding, &code, path)?;
        if let [only] = systems.as_slice() {
            sum.implied_system = Some(only.clone());
            coding.system = Some(only.clone());
            return Ok(true);
        }
        let named = self.value_set.named();
        let mut sentence = format!(
            "The System URI could not be determined for the code '{code}' in the ValueSet '{named}'"
        );
        let mut rule = Rule::NoSystemFound;
        if systems.is_empty() {
            let known = self.systems();
            sentence.push_str(&format!(": it is none of {}", known.join(", ")));
        } else {
            rule = Rule::SeveralSystemsFound;
            let several = systems.join(",");
            sentence.push_str(&format!(
                ": value set expansion has multiple matches: [{several}]"
            ));
        }
        let finding = Finding::of(rule, sentence).at("code");
        self.trail.note(finding, true);
        Ok(false)
    }

    /// The systems in which a code without one belongs to the value set.
    fn systems_with(
        &mut self,
        coding: &Coding,
        code: &str,
        path: &str,
    ) -> Result<Vec<Box<str>>, Stop> {
        let mut systems: Vec<Box<str>> = Vec::new();
        match Expander::new(self.sources).codes(&self.value_set) {
            Ok(entries) => {
                for entry in entries {
                    if entry.code() == code && !systems.contains(&entry.system) {
                        systems.push(entry.system);
                    }
                }
                return Ok(systems);
            }
            Err(Stop::Fault(fault)) if fault.kind == FaultKind::TooCostly => {}
            Err(other) => return Err(other),
        }
        // Codes that are too many to be listed are asked one by one. What that tells of the others is told to nobody.
        let value_set = Arc::clone(&self.value_set);
        let trail = std::mem::take(&mut self.trail);
        for system in self.sources.systems(&value_set)? {
            let meant = Coding {
                system: Some(system.clone()),
                ..coding.clone()
            };
            let verdict = self.check(&value_set, &[], &meant, path, &mut Seen::default())?;
            systems.extend((verdict == Verdict::Yes).then_some(system));
        }
        self.trail = trail;
        self.known.clear();
        Ok(systems)
    }

    /// The code systems that the value set names.
    fn systems(&self) -> Vec<&str> {
        let compose = self.value_set.compose.iter();
        let sets = compose.flat_map(|compose| &compose.include);
        let mut systems: Vec<&str> = sets.filter_map(|set| set.system.as_deref()).collect();
        systems.dedup();
        systems
    }

    /// The version in which a code is looked up: of the rules, of the set that includes the system, and of the coding.
    /// Says where they contradict each other.
    pub(super) fn version(
        &mut self,
        path: &str,
        set: &ConceptSet,
        coding: &Coding,
    ) -> Result<Option<Box<str>>, Stop> {
        let url = set.system.as_deref().unwrap_or_default();
        let (knowledge, settings) = (self.sources.knowledge, self.sources.settings);
        let mut version = settings.versions.version(url, set.version.as_deref());
        let Some(given) = &coding.version else {
            return Ok(version);
        };
        match &version {
            Some(wanted) if version_matches(wanted, given) => version = Some(given.clone()),
            Some(_) => {}
            None => {
                let known = knowledge.versions(url)?;
                if known.iter().any(|one| version_matches(given, one)) {
                    version = Some(given.clone());
                }
            }
        }
        let found = knowledge.code_system(url, version.as_deref())?;
        let Some(system) = found else {
            if version.as_ref() != Some(given) {
                let wanted = version.as_deref().unwrap_or_default();
                let how = format!("version '{wanted}'");
                self.mismatch(path, url, &how, given, Rule::VersionMismatch);
            }
            return Ok(version);
        };
        let actual = system.version.clone().unwrap_or_default();
        if actual == *given || version_matches(given, &actual) {
            return Ok(version);
        }
        let named = set.version.as_deref().unwrap_or_default();
        let (how, rule) = match &version {
            None => (
                format!("version '{actual}' for the versionless include"),
                match system.version_needed {
                    true => Rule::VersionMismatch,
                    false => Rule::VersionMismatchByDefault,
                },
            ),
            Some(version) if **version != *named => (
                format!("version '{version}' resulting from the version '{named}'"),
                Rule::VersionMismatchByRule,
            ),
            Some(version) => (format!("version '{version}'"), Rule::VersionMismatch),
        };
        self.mismatch(path, url, &how, given, rule);
        if knowledge.code_system(url, Some(given))?.is_none() {
            self.unknown_version(path, url, given)?;
        }
        Ok(version)
    }

    fn mismatch(&mut self, path: &str, url: &str, how: &str, given: &str, rule: Rule) {
        let severity = match rule {
            Rule::VersionMismatchByDefault => Severity::Warning,
            _ => Severity::Error,
        };
        let sentence = format!(
            "The code system '{url}' {how} in the ValueSet include is different to the one in the value ('{given}')"
        );
        let finding = Finding::of(rule, sentence);
        let finding = finding.graded(severity).at(at(path, "version"));
        self.trail.note(finding, false);
    }

    /// Says that a code system is unknown, or a version of it.
    pub(super) fn unknown_system(
        &mut self,
        path: &str,
        url: &str,
        version: Option<&str>,
    ) -> Result<(), Stop> {
        if let Some(version) = version {
            return self.unknown_version(path, url, version);
        }
        if self.trail.unknown(url.to_owned()) {
            let sentence = sentences::unknown_system(url);
            let finding = Finding::of(Rule::UnknownSystem, sentence);
            self.trail.note(finding.at(at(path, "system")), true);
        }
        Ok(())
    }

    fn unknown_version(&mut self, path: &str, url: &str, version: &str) -> Result<(), Stop> {
        let known = self.sources.knowledge.versions(url)?;
        let name = match known.is_empty() {
            true => url.to_owned(),
            false => format!("{url}|{version}"),
        };
        let rule = match known.is_empty() {
            true => Rule::NoVersion,
            false => Rule::UnknownVersion,
        };
        if self.trail.unknown(name) {
            let sentence = sentences::unknown_version(url, version, &known);
            let finding = Finding::of(rule, sentence);
            self.trail.note(finding.at(at(path, "system")), true);
        }
        Ok(())
    }

    /// Says of a coding that does not belong to the value set what it is by its code system.
    pub(super) fn explain(
        &mut self,
        coding: &Coding,
        path: &str,
        sum: &mut Sum,
        seen: &mut Seen,
    ) -> Result<(), Stop> {
        let (Some(url), Some(code)) = (&coding.system, &coding.code) else {
            return Ok(());
        };
        if !url.contains(':') {
            let sentence = "Coding.system must be an absolute reference, not a local reference";
            let finding = Finding::of(Rule::RelativeSystem, sentence);
            self.trail.note(finding.at(at(path, "system")), true);
        }
        let knowledge = self.sources.knowledge;
        let version = coding.version.as_deref().or_else(|| self.own_version());
        let meant = self.sources.settings.versions.version(url, version);
        let Some(system) = knowledge.code_system(url, meant.as_deref())? else {
            return self.explain_system(url, path, meant.as_deref());
        };
        let named = self.value_set.standing.clone();
        if !self.is_system {
            let canonical = system.canonical().to_string();
            self.trail
                .standing(&system.standing, "CodeSystem", &canonical, Some(&named));
        }
        let value_set = Arc::clone(&self.value_set);
        match self.sources.concept(&system, code, Some(&value_set))? {
            None => self.unknown_code(&system, code, path),
            Some(concept) => {
                seen.concept = Some(concept);
                seen.system = Some(Arc::clone(&system));
                let display = seen.display(self.sources.settings);
                sum.display = sum.display.take().or(display);
                self.check_display(coding, path, seen);
            }
        }
        if sum.good.is_none() && sum.version.is_none() {
            sum.version = system.version.clone();
        }
        Ok(())
    }

    /// The version of the code system that is asked itself, where one is named.
    fn own_version(&self) -> Option<&str> {
        let compose = self.value_set.compose.as_ref().filter(|_| self.is_system)?;
        compose.include.first()?.version.as_deref()
    }

    fn explain_system(&mut self, url: &str, path: &str, version: Option<&str>) -> Result<(), Stop> {
        let knowledge = self.sources.knowledge;
        let supplements = knowledge.code_systems(url)?;
        let is_supplement = |one: &&Arc<CodeSystem>| *one.url == *url && one.is_supplement();
        let (rule, sentence) = if knowledge.value_set(&Canonical::of(url, None))?.is_some() {
            let sentence =
                format!("The Coding references a value set, not a code system ('{url}')");
            (Rule::SystemIsValueSet, sentence)
        } else if let Some(one) = supplements.iter().find(is_supplement) {
            let named = one.canonical();
            let sentence = format!(
                "CodeSystem {named} is a supplement, so can't be used as a value in Coding.system"
            );
            (Rule::SystemIsSupplement, sentence)
        } else {
            return self.unknown_system(path, url, version);
        };
        let finding = Finding::of(rule, sentence);
        self.trail.note(finding.at(at(path, "system")), true);
        Ok(())
    }

    /// Says that a code is not in its code system; in a fragment that is only a warning.
    pub(super) fn unknown_code(&mut self, system: &CodeSystem, code: &str, path: &str) {
        let version = system.version.as_deref();
        let name = format!("{}#{code}", system.canonical());
        if self.trail.unknown_codes.contains(&name) {
            return;
        }
        self.trail.unknown_codes.push(name);
        let (rule, sentence, severity) = match system.is_complete() {
            true => (
                Rule::UnknownCode,
                sentences::unknown_code(code, &system.url, version),
                Severity::Error,
            ),
            false => (
                Rule::UnknownCodeInFragment,
                sentences::unknown_in_fragment(code, &system.url, version),
                Severity::Warning,
            ),
        };
        let finding = Finding::of(rule, sentence);
        let finding = finding.graded(severity).at(at(path, "code"));
        self.trail.note(finding, false);
    }

    /// Whether a coding belongs to a code system of which not all codes are here.
    pub(super) fn in_fragment(&mut self, system: &CodeSystem, code: &str, path: &str) -> Verdict {
        self.unknown_code(system, code, path);
        match system.is_complete() {
            true => Verdict::No,
            false => Verdict::Yes,
        }
    }
}
