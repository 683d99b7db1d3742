//! What is known of a code system beside its concepts (<https://hl7.org/fhir/R4/codesystem.html>).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::json::Value;

use super::canonical::Canonical;
use super::concept::{Concept, Extension, extension, items, text};

/// What stands for one version of one code system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SystemKey(pub i64);

/// A version of a code system, or a supplement to one.
#[derive(Clone, Debug)]
pub struct CodeSystem {
    /// What its concepts are asked for by.
    pub key: SystemKey,
    /// The canonical URL.
    pub url: Box<str>,
    /// The version.
    pub version: Option<Box<str>>,
    /// The name for machines.
    pub name: Option<Box<str>>,
    /// Its state.
    pub standing: Standing,
    /// `complete`, `fragment`, `supplement` …
    pub content: Box<str>,
    /// Whether codes that differ by case are different ones; they are where it is not said.
    pub case_sensitive: bool,
    /// The language of displays and definitions.
    pub language: Option<Box<str>>,
    /// What standing below another code means.
    pub hierarchy_meaning: Option<Box<str>>,
    /// The value set of all its codes.
    pub value_set: Option<Canonical>,
    /// What it supplements.
    pub supplements: Option<Canonical>,
    /// Whether a code means something only together with the version.
    pub version_needed: bool,
    /// The properties its concepts have.
    pub properties: Vec<PropertyDefinition>,
    /// The properties that it says filters may ask for.
    pub filters: Vec<Box<str>>,
    /// How many concepts there are.
    pub concept_count: usize,
    /// The concepts, where they came with the request.
    pub given: Option<Arc<Vec<Concept>>>,
}

/// The state of a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// `draft`, `active`, `retired` …
    pub status: Box<str>,
    /// Whether it is only tried out.
    pub is_experimental: bool,
    /// `deprecated`, `withdrawn` …: the standards status.
    pub standards_status: Option<Box<str>>,
}

impl Standing {
    /// Reads it off a definition.
    pub fn read(definition: Value<'_>) -> Self {
        let extensions = Extension::list(definition);
        Self {
            status: text(definition, "status").unwrap_or_default(),
            is_experimental: definition.get("experimental").and_then(Value::boolean) == Some(true),
            standards_status: extension(&extensions, STANDARDS_STATUS).map(Into::into),
        }
    }
}

impl Standing {
    /// What is to be said of a definition that is used: that it is withdrawn, or less settled than the one that uses it.
    pub fn warning(&self, user: Option<&Self>) -> Option<&str> {
        let is_draft = |one: &Self| {
            &*one.status == "draft" || one.standards_status.as_deref() == Some("draft")
        };
        match (self.standards_status.as_deref(), &*self.status, user) {
            (Some(status @ ("deprecated" | "withdrawn")), _, _) => Some(status),
            (_, "retired", _) => Some("retired"),
            (_, _, Some(user)) if self.is_experimental && !user.is_experimental => {
                Some("experimental")
            }
            (_, _, Some(user)) if is_draft(self) && !is_draft(user) => Some("draft"),
            _ => None,
        }
    }
}

/// The extension that says how settled something is.
pub const STANDARDS_STATUS: &str =
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status";

/// A property that concepts of a code system have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyDefinition {
    /// Its code.
    pub code: Box<str>,
    /// What it means, wherever it is defined.
    pub uri: Option<Box<str>>,
}

impl CodeSystem {
    /// Reads a code system without its concepts.
    pub fn read(key: SystemKey, head: Value<'_>, concept_count: usize) -> Option<Self> {
        let canonical = |name| text(head, name).map(|text| Canonical::parse(&text));
        Some(Self {
            key,
            url: text(head, "url")?,
            version: text(head, "version"),
            name: text(head, "name"),
            standing: Standing::read(head),
            content: text(head, "content").unwrap_or_else(|| "complete".into()),
            case_sensitive: head.get("caseSensitive").and_then(Value::boolean) != Some(false),
            language: text(head, "language"),
            hierarchy_meaning: text(head, "hierarchyMeaning"),
            value_set: canonical("valueSet"),
            supplements: canonical("supplements"),
            version_needed: head.get("versionNeeded").and_then(Value::boolean) == Some(true),
            properties: items(head, "property").filter_map(definition).collect(),
            filters: items(head, "filter")
                .filter_map(|filter| text(filter, "code"))
                .collect(),
            concept_count,
            given: None,
        })
    }

    /// Reads a code system with its concepts.
    pub fn read_whole(key: SystemKey, resource: Value<'_>) -> Option<Self> {
        let mut system = Self::read(key, resource, 0)?;
        let concepts = concepts(resource, &system);
        system.concept_count = concepts.len();
        system.given = Some(Arc::new(concepts));
        Some(system)
    }

    /// URL and version.
    pub fn canonical(&self) -> Canonical {
        Canonical::of(&self.url, self.version.as_deref())
    }

    /// Whether it adds to another one and has no codes of its own.
    pub fn is_supplement(&self) -> bool {
        &*self.content == "supplement"
    }

    /// Whether a code that stands below another one means something of what that one means: as `is-a`, and where nobody
    /// tells. Parts, members of groups and what is classified with something do not
    /// (<https://hl7.org/fhir/R4/valueset-codesystem-hierarchy-meaning.html>).
    pub fn has_subsumption(&self) -> bool {
        let meaning = self.hierarchy_meaning.as_deref();
        !matches!(meaning, Some("part-of" | "grouped-by" | "classified-with"))
    }

    /// Whether all its codes are here.
    pub fn is_complete(&self) -> bool {
        &*self.content == "complete"
    }

    /// Whether two codes are the same one.
    pub fn same_code(&self, one: &str, other: &str) -> bool {
        one == other || !self.case_sensitive && one.eq_ignore_ascii_case(other)
    }

    /// What the property of that meaning is called here. Without a definition it has the name of its meaning.
    pub fn property_for(&self, meaning: &'static str) -> &str {
        let uri = |one: &PropertyDefinition| {
            one.uri
                .as_deref()
                .and_then(|uri| uri.strip_prefix(PROPERTIES))
                == Some(meaning)
        };
        let found = self.properties.iter().find(|one| uri(one));
        found.map_or(meaning, |one| &one.code)
    }

    /// Whether a concept groups others and is not meant to be chosen.
    pub fn is_abstract(&self, concept: &Concept) -> bool {
        let property = self.property_for("notSelectable");
        concept.values(property).any(|value| value == "true")
    }

    /// Whether a concept is no longer to be used.
    pub fn is_inactive(&self, concept: &Concept) -> bool {
        let inactive = self.property_for("inactive");
        let status = self.property_for("status");
        let is_old = |value: &str| matches!(value, "retired" | "inactive" | "withdrawn");
        concept.values(inactive).any(|value| value == "true")
            || concept.values(status).any(is_old)
            || concept.extension(STANDARDS_STATUS) == Some("withdrawn")
    }

    /// The state of a concept, where it is other than active.
    pub fn status(&self, concept: &Concept) -> Option<Box<str>> {
        let status = self.property_for("status");
        let said = concept.values(status).next();
        let deprecated = || {
            let property = self.property_for("deprecated");
            let value = concept.values(property).next()?;
            (value != "false").then_some("deprecated")
        };
        let standards = || concept.extension(STANDARDS_STATUS);
        let old = || self.is_inactive(concept).then_some("inactive");
        let found = said.or_else(deprecated).or_else(standards).or_else(old)?;
        (!matches!(found, "active" | "" | "normative" | "trial-use")).then(|| found.into())
    }
}

/// Where FHIR defines what properties mean.
pub(super) const PROPERTIES: &str = "http://hl7.org/fhir/concept-properties#";

fn definition(property: Value<'_>) -> Option<PropertyDefinition> {
    Some(PropertyDefinition {
        code: text(property, "code")?,
        uri: text(property, "uri"),
    })
}

/// All concepts in the order of the resource, with what is above them.
fn concepts(resource: Value<'_>, system: &CodeSystem) -> Vec<Concept> {
    let mut list: Vec<Concept> = Vec::new();
    let mut waiting: Vec<(Value<'_>, Option<Box<str>>)> = items(resource, "concept")
        .map(|concept| (concept, None))
        .collect();
    waiting.reverse();
    while let Some((value, parent)) = waiting.pop() {
        let Some(mut concept) = Concept::read(value) else {
            continue;
        };
        concept.parents.extend(parent);
        let children: Vec<Value<'_>> = items(value, "concept").collect();
        let below = children.into_iter().rev();
        waiting.extend(below.map(|child| (child, Some(concept.code.clone()))));
        list.push(concept);
    }
    close(&mut list, system);
    list
}

/// Gives each concept its parents by properties, and all that is above them.
fn close(list: &mut [Concept], system: &CodeSystem) {
    let mut parents: BTreeMap<Box<str>, BTreeSet<Box<str>>> = BTreeMap::new();
    let upward = [system.property_for("parent"), "subsumedBy"];
    let downward = system.property_for("child");
    for concept in list.iter() {
        let mut add = |child: &str, parent: &str| {
            if child != parent {
                parents
                    .entry(child.into())
                    .or_default()
                    .insert(parent.into());
            }
        };
        for parent in &concept.parents {
            add(&concept.code, parent);
        }
        for parent in upward.iter().flat_map(|name| concept.values(name)) {
            add(&concept.code, parent);
        }
        for child in concept.values(downward) {
            add(child, &concept.code);
        }
    }
    let with_children: BTreeSet<Box<str>> = parents.values().flatten().cloned().collect();
    for concept in list {
        let mut above: BTreeSet<Box<str>> = BTreeSet::new();
        let mut waiting: Vec<&Box<str>> =
            parents.get(&concept.code).into_iter().flatten().collect();
        concept.parents = waiting.iter().map(|code| (*code).clone()).collect();
        while let Some(code) = waiting.pop() {
            if *code != concept.code && above.insert(code.clone()) {
                waiting.extend(parents.get(code).into_iter().flatten());
            }
        }
        concept.ancestors = above.into_iter().collect();
        concept.has_children = with_children.contains(&concept.code);
    }
}
