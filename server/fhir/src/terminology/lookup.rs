//! `$lookup` and `$subsumes`: what a code system says of a code (<https://hl7.org/fhir/R4/codesystem-operation-lookup.html>,
//! <https://hl7.org/fhir/R4/codesystem-operation-subsumes.html>).

use std::sync::Arc;

use crate::json::{ObjectWriter, Writer, quoted};

use super::canonical::Canonical;
use super::code_system::CodeSystem;
use super::concept::{Coding, Concept};
use super::fault::{FaultKind, Finding, Stop};
use super::grammar;
use super::knowledge::{Knowledge, Selection};
use super::rule::Rule;
use super::settings::Settings;
use super::sources::Sources;
use super::validate::sentences;

/// A code that is looked up.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Its code system.
    pub system: Canonical,
    /// The code.
    pub code: Box<str>,
}

/// What is answered of a code: the text of the Parameters.
pub fn lookup(
    knowledge: &Knowledge,
    settings: &Settings,
    looked: &Looked,
    properties: &[Box<str>],
) -> Result<String, Stop> {
    let sources = Sources {
        knowledge,
        settings,
    };
    let (system, concept) = find(sources, looked)?;
    let selection = Selection::RightBelow(concept.code.clone());
    let children = match wants(properties, "child") && concept.has_children {
        true => knowledge.concepts(&system, selection)?.list.clone(),
        false => Vec::new(),
    };
    let parents = match wants(properties, "parent") && !concept.parents.is_empty() {
        true => {
            let selection = Selection::Codes(concept.parents.clone());
            knowledge.concepts(&system, selection)?.list.clone()
        }
        false => Vec::new(),
    };
    let answer = Answer {
        settings,
        system: &system,
        concept: &concept,
        properties,
        children,
        parents,
    };
    Ok(answer.write())
}

/// The code system and the concept of a code; 404 where one is not here.
fn find(sources: Sources<'_>, looked: &Looked) -> Result<(Arc<CodeSystem>, Arc<Concept>), Stop> {
    let url = &*looked.system.url;
    sources.find_supplements(sources.settings.supplements.iter(), std::iter::once(url))?;
    let rules = &sources.settings.versions;
    let version = rules.version(url, looked.system.version.as_deref());
    let Some(system) = sources.knowledge.code_system(url, version.as_deref())? else {
        let known = sources.knowledge.versions(url)?;
        let finding = match version {
            Some(version) => {
                let sentence = sentences::unknown_version(url, &version, &known);
                Finding::of(Rule::UnknownVersion, sentence)
            }
            None => Finding::of(Rule::UnknownSystem, sentences::unknown_system(url)),
        };
        return Err(finding.stop(FaultKind::NotFound));
    };
    if let Some(finding) = rules.check(&system) {
        return Err(finding.stop(FaultKind::Unprocessable));
    }
    match sources.concept(&system, &looked.code, None)? {
        Some(concept) => Ok((system, concept)),
        None => {
            let version = system.version.as_deref();
            let sentence = sentences::unknown_code(&looked.code, url, version);
            let finding = Finding::of(Rule::UnknownCode, sentence).at("code");
            Err(finding.stop(FaultKind::NotFound))
        }
    }
}

/// Whether a property is asked for; everything is where nothing is said.
fn wants(properties: &[Box<str>], name: &str) -> bool {
    properties.is_empty()
        || properties
            .iter()
            .any(|one| matches!(&**one, "*") || **one == *name)
}

struct Answer<'a> {
    settings: &'a Settings,
    system: &'a CodeSystem,
    concept: &'a Concept,
    properties: &'a [Box<str>],
    children: Vec<Arc<Concept>>,
    parents: Vec<Arc<Concept>>,
}

impl Answer<'_> {
    fn write(&self) -> String {
        let mut writer = Writer::with_capacity(1024);
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| {
                self.names(list);
                self.designations(list);
                self.properties(list);
            });
        });
        writer.finish()
    }

    fn names(&self, list: &mut Writer) {
        let (system, concept) = (self.system, self.concept);
        let name = system.name.as_deref().unwrap_or(&system.url);
        parameter(list, "name", |one| one.string("valueString", name));
        if let Some(version) = &system.version {
            parameter(list, "version", |one| one.string("valueString", version));
        }
        parameter(list, "system", |one| one.string("valueUri", &system.url));
        parameter(list, "code", |one| one.string("valueCode", &concept.code));
        let display = self.settings.languages.display(system, concept, &[]);
        let display = display.map(|(text, _)| text).or(concept.display.as_deref());
        // It must be answered, so a concept without a text is shown by its code.
        let display = display.unwrap_or(&concept.code);
        parameter(list, "display", |one| one.string("valueString", display));
        if let Some(definition) = concept
            .definition
            .as_ref()
            .filter(|_| self.wants("definition"))
        {
            parameter(list, "definition", |one| {
                one.string("valueString", definition)
            });
        }
        let is_abstract = system.is_abstract(concept);
        parameter(list, "abstract", |one| {
            one.boolean("valueBoolean", is_abstract)
        });
    }

    fn designations(&self, list: &mut Writer) {
        for one in &self.concept.designations {
            let language = one.language.as_deref().unwrap_or_default();
            if !self.wants("designation") && !self.wants(&format!("lang.{language}")) {
                continue;
            }
            parameter(list, "designation", |parameter| {
                parameter.array("part", |parts| {
                    if let Some(language) = &one.language {
                        part(parts, "language", "valueCode", &quoted(language));
                    }
                    if let Some(usage) = &one.usage {
                        part(parts, "use", "valueCoding", &coding(usage));
                    }
                    part(parts, "value", "valueString", &quoted(&one.value));
                });
            });
        }
    }

    fn properties(&self, list: &mut Writer) {
        let (system, concept) = (self.system, self.concept);
        for (name, related) in [("parent", &self.parents), ("child", &self.children)] {
            for other in related {
                let text = other.display.as_deref();
                property(list, name, "valueCode", &quoted(&other.code), text);
            }
        }
        let is_said = |name: &str| concept.values(name).next().is_some();
        if self.wants("inactive") && !is_said(system.property_for("inactive")) {
            let is_inactive = system.is_inactive(concept).to_string();
            property(list, "inactive", "valueBoolean", &is_inactive, None);
        }
        let related = ["parent", "child", "subsumedBy"];
        for one in &concept.properties {
            if self.wants(&one.code) && !related.contains(&&*one.code) {
                property(list, &one.code, &one.member, &one.json, None);
            }
        }
    }

    fn wants(&self, name: &str) -> bool {
        wants(self.properties, name)
    }
}

fn property(list: &mut Writer, name: &str, member: &str, json: &str, text: Option<&str>) {
    parameter(list, "property", |parameter| {
        parameter.array("part", |parts| {
            part(parts, "code", "valueCode", &quoted(name));
            part(parts, "value", member, json);
            if let Some(text) = text {
                part(parts, "description", "valueString", &quoted(text));
            }
        });
    });
}

pub(super) fn coding(coding: &Coding) -> String {
    let mut writer = Writer::default();
    writer.object(|one| {
        one.optional("system", coding.system.as_deref());
        one.optional("version", coding.version.as_deref());
        one.optional("code", coding.code.as_deref());
        one.optional("display", coding.display.as_deref());
    });
    writer.finish()
}

pub(super) fn parameter(list: &mut Writer, name: &str, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
    list.object(|one| {
        one.string("name", name);
        fill(one);
    });
}

pub(super) fn part(parts: &mut Writer, name: &str, member: &str, json: &str) {
    parts.object(|one| {
        one.string("name", name);
        one.raw(member, json);
    });
}

/// How one code is related to another (<https://hl7.org/fhir/R4/valueset-concept-subsumption-outcome.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subsumption {
    /// They are the same.
    Equivalent,
    /// The first is above the second.
    Subsumes,
    /// The first is below the second.
    SubsumedBy,
    /// Neither.
    NotSubsumed,
}

impl Subsumption {
    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Equivalent => "equivalent",
            Self::Subsumes => "subsumes",
            Self::SubsumedBy => "subsumed-by",
            Self::NotSubsumed => "not-subsumed",
        }
    }
}

/// How two codes of a code system are related.
pub fn subsumes(
    knowledge: &Knowledge,
    settings: &Settings,
    one: &Looked,
    other: &Looked,
) -> Result<Subsumption, Stop> {
    let sources = Sources {
        knowledge,
        settings,
    };
    let (system, first) = find(sources, one)?;
    let (_, second) = find(sources, other)?;
    Ok(match () {
        () if first.code == second.code => Subsumption::Equivalent,
        () if !system.has_subsumption() => Subsumption::NotSubsumed,
        () if second.ancestors.contains(&first.code) => Subsumption::Subsumes,
        () if first.ancestors.contains(&second.code) => Subsumption::SubsumedBy,
        () => Subsumption::NotSubsumed,
    })
}

fn found(
    knowledge: &Knowledge,
    settings: &Settings,
    looked: &Looked,
) -> Result<(Arc<CodeSystem>, Arc<Concept>), Stop> {
    let sources = Sources {
        knowledge,
        settings,
    };
    find(sources, looked)
}

/// The codes at and below a code.
pub fn below(
    knowledge: &Knowledge,
    settings: &Settings,
    looked: &Looked,
) -> Result<Vec<Box<str>>, Stop> {
    let (system, concept) = found(knowledge, settings, looked)?;
    if grammar::is_one(&system) {
        return Ok(vec![concept.code.clone()]);
    }
    let found = knowledge.concepts(
        &system,
        Selection::Below {
            code: concept.code.clone(),
            with_itself: true,
            words: Vec::new(),
        },
    )?;
    if found.is_cut || found.list.len() > settings.codes_max {
        let (code, most) = (&looked.code, settings.codes_max);
        let sentence = format!("More than {most} codes are below the code '{code}'");
        return Err(Finding::of(Rule::TooCostly, sentence).stop(FaultKind::TooCostly));
    }
    Ok(found.list.iter().map(|one| one.code.clone()).collect())
}

/// The codes at and above a code.
pub fn above(
    knowledge: &Knowledge,
    settings: &Settings,
    looked: &Looked,
) -> Result<Vec<Box<str>>, Stop> {
    let (_, concept) = found(knowledge, settings, looked)?;
    let mut codes = concept.ancestors.clone();
    codes.push(concept.code.clone());
    Ok(codes)
}
