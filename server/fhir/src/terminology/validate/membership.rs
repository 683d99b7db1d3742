//! Whether a coding belongs to a value set.

use std::sync::Arc;

use crate::outcome::Severity;
use crate::terminology::canonical::compare_versions;
use crate::terminology::code_system::{CodeSystem, STANDARDS_STATUS};
use crate::terminology::concept::{Coding, Concept, Designation, extension};
use crate::terminology::fault::{Finding, Stop};
use crate::terminology::filter::Filters;
use crate::terminology::rule::Rule;
use crate::terminology::value_set::{Compose, ConceptSet, ListedConcept, ValueSet};

use super::trail::Seen;
use super::{Validation, at};

/// The answer to whether a code belongs somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Its code system, or the version of it, is not here.
    Unknown,
}

/// What was found of a coding in a value set, and said of it.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    verdict: Verdict,
    seen: Seen,
    findings: Vec<Finding>,
    messages: Vec<String>,
}

/// Way of value sets that include each other.
type Way<'w> = &'w [Arc<ValueSet>];

impl Validation<'_> {
    /// Whether a coding with a system belongs to a value set.
    pub(super) fn check(
        &mut self,
        value_set: &Arc<ValueSet>,
        way: Way<'_>,
        coding: &Coding,
        path: &str,
        seen: &mut Seen,
    ) -> Result<Verdict, Stop> {
        let Some(compose) = &value_set.compose else {
            return self.listed(value_set, coding, path, seen);
        };
        let mut way = way.to_vec();
        way.push(Arc::clone(value_set));
        let verdict = self.included_by_any(value_set, &way, compose, coding, path, seen)?;
        if verdict != Verdict::Yes {
            return Ok(verdict);
        }
        for set in &compose.exclude {
            if self.excluded(value_set, &way, set, coding, path, seen)? {
                return Ok(Verdict::No);
            }
        }
        Ok(Verdict::Yes)
    }

    /// Whether a coding belongs to a value set that another includes by a reference: found out once, however many
    /// include it.
    #[expect(
        clippy::too_many_arguments,
        reason = "what check takes, and who includes it"
    )]
    fn check_included(
        &mut self,
        from: &ValueSet,
        reference: &str,
        other: &Arc<ValueSet>,
        way: Way<'_>,
        coding: &Coding,
        path: &str,
        seen: &mut Seen,
    ) -> Result<Verdict, Stop> {
        let Some(identity) = from.identity_of(reference, other) else {
            return self.check(other, way, coding, path, seen);
        };
        let key = (identity, path.to_owned(), coding.clone());
        let checked = match self.known.get(&key) {
            Some(known) => known.clone(),
            None => {
                let findings = std::mem::take(&mut self.trail.findings);
                let messages = std::mem::take(&mut self.trail.messages);
                let verdict = self.check(other, way, coding, path, seen)?;
                let checked = Checked {
                    verdict,
                    seen: seen.clone(),
                    findings: std::mem::replace(&mut self.trail.findings, findings),
                    messages: std::mem::replace(&mut self.trail.messages, messages),
                };
                self.known.insert(key, checked.clone());
                checked
            }
        };
        *seen = checked.seen;
        self.trail.messages.extend(checked.messages);
        for finding in checked.findings {
            self.trail.note_finding(finding);
        }
        Ok(checked.verdict)
    }

    /// Whether one of the sets of a value set has a coding. Of several versions of a code system the latest goes before,
    /// unless the coding names another, or is right as a whole only in another; the other ones then say nothing.
    fn included_by_any(
        &mut self,
        value_set: &Arc<ValueSet>,
        way: Way<'_>,
        compose: &Compose,
        coding: &Coding,
        path: &str,
        seen: &mut Seen,
    ) -> Result<Verdict, Stop> {
        let (findings, messages) = (self.trail.findings.len(), self.trail.messages.len());
        let mut wrong: Option<(Seen, Vec<Finding>)> = None;
        let mut refused: Vec<Finding> = Vec::new();
        for set in in_order(&compose.include, coding) {
            let verdict = self.included(value_set, way, set, coding, path, seen)?;
            if verdict == Verdict::Unknown {
                return Ok(verdict);
            }
            if verdict == Verdict::Yes && self.has_display(coding, seen) {
                return Ok(verdict);
            }
            let said = self.trail.take_from(findings, messages);
            match verdict {
                Verdict::Yes if wrong.is_none() => wrong = Some((std::mem::take(seen), said)),
                _ if refused.is_empty() => refused = said,
                _ => {}
            }
        }
        let (verdict, said) = match wrong {
            Some((found, said)) => {
                *seen = found;
                (Verdict::Yes, said)
            }
            None => (Verdict::No, refused),
        };
        for finding in said {
            self.trail.note(finding, false);
        }
        Ok(verdict)
    }

    fn included(
        &mut self,
        value_set: &Arc<ValueSet>,
        way: Way<'_>,
        set: &ConceptSet,
        coding: &Coding,
        path: &str,
        seen: &mut Seen,
    ) -> Result<Verdict, Stop> {
        let mut verdict = match &set.system {
            None => Verdict::Yes,
            Some(system) if coding.system.as_ref() != Some(system) => Verdict::No,
            Some(url) => {
                let version = self.version(path, set, coding)?;
                let knowledge = self.sources.knowledge;
                let Some(system) = knowledge.code_system(url, version.as_deref())? else {
                    self.unknown_system(path, url, version.as_deref())?;
                    return Ok(Verdict::Unknown);
                };
                if let Some(finding) = self.sources.settings.versions.check(&system) {
                    self.trail.note(finding.at(at(path, "version")), true);
                }
                if !self.is_system {
                    let named = system.canonical().to_string();
                    let user = Some(&value_set.standing);
                    self.trail
                        .standing(&system.standing, "CodeSystem", &named, user);
                }
                seen.version.clone_from(&system.version);
                self.in_set(value_set, &system, set, coding, path, seen)?
            }
        };
        for reference in &set.value_sets {
            if verdict != Verdict::Yes {
                break;
            }
            let other = self.sources.included(way, value_set, reference)?;
            let (user, named) = (value_set.standing.clone(), other.named());
            self.trail
                .standing(&other.standing, "ValueSet", &named, Some(&user));
            verdict = self.check_included(value_set, reference, &other, way, coding, path, seen)?;
        }
        Ok(verdict)
    }

    fn excluded(
        &mut self,
        value_set: &Arc<ValueSet>,
        way: Way<'_>,
        set: &ConceptSet,
        coding: &Coding,
        path: &str,
        seen: &mut Seen,
    ) -> Result<bool, Stop> {
        // What is said of a code on the way out of a value set is said to nobody.
        let (findings, messages) = (self.trail.findings.len(), self.trail.messages.len());
        let mut aside = Seen::default();
        let mut is_out = match &set.system {
            None => true,
            Some(system) if coding.system.as_ref() != Some(system) => false,
            Some(url) => {
                let knowledge = self.sources.knowledge;
                let version = self
                    .sources
                    .settings
                    .versions
                    .version(url, set.version.as_deref());
                let compose = value_set.compose.as_ref();
                let by_version = compose.and_then(Compose::versions_match) == Some(false);
                let is_meant = !by_version || version.is_none() || seen.version == version;
                let version = version.or_else(|| seen.version.clone());
                match knowledge.code_system(url, version.as_deref())? {
                    Some(system) if is_meant => {
                        let verdict =
                            self.in_set(value_set, &system, set, coding, path, &mut aside)?;
                        verdict == Verdict::Yes
                    }
                    _ => false,
                }
            }
        };
        for reference in &set.value_sets {
            if is_out {
                let other = self.sources.included(way, value_set, reference)?;
                let aside = &mut aside;
                let verdict =
                    self.check_included(value_set, reference, &other, way, coding, path, aside)?;
                is_out = verdict == Verdict::Yes;
            }
        }
        self.trail.findings.truncate(findings);
        self.trail.messages.truncate(messages);
        Ok(is_out)
    }

    /// Whether a code is in what a set takes of a code system.
    fn in_set(
        &mut self,
        value_set: &ValueSet,
        system: &Arc<CodeSystem>,
        set: &ConceptSet,
        coding: &Coding,
        path: &str,
        seen: &mut Seen,
    ) -> Result<Verdict, Stop> {
        let code = coding.code.as_deref().unwrap_or_default();
        let found = self.sources.concept(system, code, Some(value_set))?;
        let is_all = set.concepts.is_empty() && set.filters.is_empty();
        let Some(concept) = found else {
            return Ok(match is_all {
                true => self.in_fragment(system, code, path),
                false => Verdict::No,
            });
        };
        let listed = set
            .concepts
            .iter()
            .find(|listed| system.same_code(&listed.code, code));
        let is_named = set.concepts.is_empty() || listed.is_some();
        let filters = Filters::of(self.sources.knowledge, system, set, "ValueSet.compose")?;
        if !is_named || !filters.pass(system, &concept) {
            return Ok(Verdict::No);
        }
        seen.texts.clear();
        if let Some(listed) = listed {
            self.say_deprecated(value_set, system, listed, path);
            seen.texts.extend(texts(value_set, listed));
        }
        Ok(self.usable(value_set, system, concept, code, path, seen))
    }

    /// Whether a concept of a value set may be used: not abstract, not inactive, where that is asked for.
    fn usable(
        &mut self,
        value_set: &ValueSet,
        system: &Arc<CodeSystem>,
        concept: Arc<Concept>,
        code: &str,
        path: &str,
        seen: &mut Seen,
    ) -> Verdict {
        seen.system = Some(Arc::clone(system));
        let settings = self.sources.settings;
        let is_inactive = system.is_inactive(&concept);
        let is_abstract = system.is_abstract(&concept);
        seen.status = system.status(&concept);
        seen.inactive_at = is_inactive.then(|| path.to_owned());
        let code_differs = *concept.code != *code;
        let normal_form = concept.code.clone();
        seen.concept = Some(concept);
        let wants_active = value_set
            .compose
            .as_ref()
            .is_some_and(|compose| compose.inactive == Some(false));
        let refusal = if is_abstract && !settings.abstract_allowed {
            let sentence = format!(
                "Code '{}#{code}' is abstract, and not allowed in this context",
                system.url
            );
            Some((Rule::AbstractConcept, sentence))
        } else if is_inactive && (wants_active || settings.active_only) {
            let sentence = format!("The concept '{code}' is valid but is not active");
            Some((Rule::NotActive, sentence))
        } else {
            None
        };
        if let Some((rule, sentence)) = refusal {
            let finding = Finding::of(rule, sentence);
            self.trail.note(finding.at(at(path, "code")), true);
            return Verdict::No;
        }
        if code_differs {
            let sentence = format!(
                "The code '{code}' differs from the correct code '{normal_form}' by case. Although the code system '{}' is case insensitive, implementers are strongly encouraged to use the correct case anyway",
                system.canonical()
            );
            let finding = Finding::of(Rule::OtherCase, sentence);
            let finding = finding.graded(Severity::Information).at(at(path, "code"));
            self.trail.note(finding, false);
            seen.normal_form = Some(normal_form);
        }
        Verdict::Yes
    }

    fn say_deprecated(
        &mut self,
        value_set: &ValueSet,
        system: &CodeSystem,
        listed: &ListedConcept,
        path: &str,
    ) {
        let standards = extension(&listed.extensions, STANDARDS_STATUS);
        let is_deprecated = extension(&listed.extensions, DEPRECATED).is_some();
        let status = match standards {
            Some(status @ ("withdrawn" | "deprecated")) => status,
            _ if is_deprecated => "deprecated",
            _ => return,
        };
        let sentence = format!(
            "The presence of the concept '{}' in the system '{}' in the value set {} is marked with a status of {status} and its use should be reviewed",
            listed.code,
            system.url,
            value_set.named()
        );
        let finding = Finding::of(Rule::DeprecatedInValueSet, sentence);
        let finding = finding.graded(Severity::Warning).at(at(path, "code"));
        self.trail.note(finding, false);
    }

    /// Whether a coding is in an expansion that stands in the value set.
    fn listed(
        &mut self,
        value_set: &ValueSet,
        coding: &Coding,
        path: &str,
        seen: &mut Seen,
    ) -> Result<Verdict, Stop> {
        let version_fits = |version: &Option<Box<str>>| {
            version.is_none() || coding.version.is_none() || *version == coding.version
        };
        let found = value_set.expansion.iter().find(|one| {
            coding.system.as_ref() == Some(&one.system)
                && coding.code.as_ref() == Some(&one.code)
                && version_fits(&one.version)
        });
        let Some(found) = found else {
            return Ok(Verdict::No);
        };
        let version = coding.version.as_deref().or(found.version.as_deref());
        let Some(system) = self.sources.knowledge.code_system(&found.system, version)? else {
            self.unknown_system(path, &found.system, version)?;
            return Ok(Verdict::Unknown);
        };
        seen.version.clone_from(&system.version);
        let concept = self
            .sources
            .concept(&system, &found.code, Some(value_set))?;
        Ok(match concept {
            Some(concept) => self.usable(value_set, &system, concept, &found.code, path, seen),
            None => Verdict::No,
        })
    }
}

/// The sets a coding is looked for in: of each code system in its latest version first, or in that which the coding names.
fn in_order<'s>(sets: &'s [ConceptSet], coding: &Coding) -> Vec<&'s ConceptSet> {
    let of_it = |set: &&ConceptSet| set.system.is_some() && set.system == coding.system;
    let versions = sets
        .iter()
        .filter(of_it)
        .filter(|set| set.version.is_some());
    let mut order: Vec<&ConceptSet> = sets.iter().collect();
    if versions.count() < 2 {
        return order;
    }
    let is_named = |set: &ConceptSet| set.version.is_some() && set.version == coding.version;
    if sets.iter().filter(of_it).any(is_named) {
        order.retain(|set| !of_it(set) || is_named(set));
    }
    let version = |set: &ConceptSet| set.version.clone().unwrap_or_default();
    order.sort_by(|one, other| {
        let both = of_it(one) && of_it(other);
        match both {
            true => compare_versions(&version(other), &version(one)),
            false => std::cmp::Ordering::Equal,
        }
    });
    order
}

const DEPRECATED: &str = "http://hl7.org/fhir/StructureDefinition/valueset-deprecated";

/// The texts a value set has for a code.
fn texts(value_set: &ValueSet, listed: &ListedConcept) -> Vec<Designation> {
    let display = listed.display.iter().map(|text| Designation {
        language: value_set.language.clone(),
        value: text.clone(),
        ..Designation::default()
    });
    display.chain(listed.designations.iter().cloned()).collect()
}
