//! `$translate`: what concept maps make of a code (<https://hl7.org/fhir/R4/conceptmap-operation-translate.html>).

use std::collections::BTreeSet;

use crate::json::{Value, Writer, quoted};

use super::canonical::{Canonical, version_matches};
use super::concept::{Coding, items, text};
use super::fault::Stop;
use super::knowledge::{Knowledge, Selection};
use super::lookup::{coding, parameter, part};

/// A step of a concept map from one code to another, or to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The concept map.
    pub map: Canonical,
    /// What is mapped.
    pub source: Coding,
    /// What it is mapped to; without a code where there is nothing.
    pub target: Coding,
    /// How the target is related to the source (<https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html>).
    pub equivalence: Box<str>,
    /// What is said of it.
    pub comment: Option<Box<str>>,
    /// What else must be so.
    pub depends_on: Vec<Dependency>,
    /// What else follows.
    pub products: Vec<Dependency>,
}

/// An element beside the code that is mapped, and its code or text
/// (<https://hl7.org/fhir/R4/conceptmap-definitions.html#ConceptMap.group.element.target.dependsOn>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    /// The element.
    pub property: Box<str>,
    /// The code system of the value, where it is a code.
    pub system: Option<Box<str>>,
    /// The value.
    pub value: Box<str>,
    /// The text for it.
    pub display: Option<Box<str>>,
}

/// A code that is translated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translated {
    /// Codes; one that is mapped is enough.
    pub codings: Vec<Coding>,
    /// The code system that is wanted.
    pub wanted_system: Option<Box<str>>,
    /// Whether it is mapped back.
    pub is_reverse: bool,
    /// What is known of other elements: each with all the codes it has.
    pub dependencies: Vec<Dependency>,
    /// Code systems of the codes that have the same codes in any case.
    pub any_case: BTreeSet<Box<str>>,
    /// The codes as these write them.
    pub spellings: Vec<Box<str>>,
}

/// What is translated, with what the code systems of the codes say of them, where they are here: whether the case of codes
/// matters.
pub fn spelled(knowledge: &Knowledge, asked: &Translated) -> Result<Translated, Stop> {
    let mut spelled = asked.clone();
    for coding in &asked.codings {
        let (Some(url), Some(code)) = (&coding.system, &coding.code) else {
            continue;
        };
        let system = knowledge.code_system(url, None)?;
        let Some(system) = system.filter(|system| !system.case_sensitive) else {
            continue;
        };
        spelled.any_case.insert(url.clone());
        let found = knowledge.concepts(&system, Selection::Codes(vec![code.clone()]))?;
        let codes = found.list.iter().map(|one| one.code.clone());
        spelled.spellings.extend(codes);
    }
    Ok(spelled)
}

/// The steps of a concept map that came with a request.
pub fn mappings(map: Value<'_>) -> Vec<Mapping> {
    let canonical = Canonical::of(
        &text(map, "url").unwrap_or_default(),
        text(map, "version").as_deref(),
    );
    let mut list = Vec::new();
    for group in items(map, "group") {
        let between = Between::of(group);
        for element in items(group, "element") {
            for one in items(element, "target") {
                list.push(mapping(&canonical, &between, element, one));
            }
        }
    }
    list
}

/// The code systems that a group of a concept map is between, each with its version where it says one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Between {
    /// What is mapped.
    pub source: Option<Canonical>,
    /// What it is mapped to.
    pub target: Option<Canonical>,
}

impl Between {
    fn of(group: Value<'_>) -> Self {
        let side = |system, version| Self::side(text(group, system), text(group, version));
        Self {
            source: side("source", "sourceVersion"),
            target: side("target", "targetVersion"),
        }
    }

    /// One side. A version stands behind the URL where R5 has it.
    pub fn side(system: Option<Box<str>>, version: Option<Box<str>>) -> Option<Canonical> {
        let mut side = Canonical::parse(&system?);
        side.version = version.or(side.version);
        Some(side)
    }
}

/// Whether a concept map is between these value sets, in these versions where it says one.
pub fn is_between(
    map: Value<'_>,
    (source, target): (Option<&Canonical>, Option<&Canonical>),
) -> bool {
    let is = |wanted: Option<&Canonical>, names: [&str; 2]| {
        let said = names.iter().find_map(|name| text(map, name));
        let said = said.map(|said| Canonical::parse(&said));
        wanted.is_none_or(|wanted| {
            said.is_some_and(|said| {
                let is_any = wanted.version.is_none() || said.version.is_none();
                said.url == wanted.url && (is_any || said.version == wanted.version)
            })
        })
    };
    is(source, ["sourceUri", "sourceCanonical"]) && is(target, ["targetUri", "targetCanonical"])
}

/// One step: an element of a group, and one of its targets.
pub fn mapping(
    map: &Canonical,
    between: &Between,
    element: Value<'_>,
    target: Value<'_>,
) -> Mapping {
    let side = |system: &Option<Canonical>, value: Value<'_>| Coding {
        system: system.as_ref().map(|one| one.url.clone()),
        version: system.as_ref().and_then(|one| one.version.clone()),
        code: text(value, "code"),
        display: text(value, "display"),
    };
    let dependencies = |name| items(target, name).map(dependency).collect();
    Mapping {
        map: map.clone(),
        source: side(&between.source, element),
        target: side(&between.target, target),
        equivalence: text(target, "equivalence")
            .or_else(|| text(target, "relationship").map(|code| as_r4(&code).into()))
            .unwrap_or_else(|| "relatedto".into()),
        comment: text(target, "comment"),
        depends_on: dependencies("dependsOn"),
        products: dependencies("product"),
    }
}

fn dependency(value: Value<'_>) -> Dependency {
    Dependency {
        property: text(value, "property").unwrap_or_default(),
        system: text(value, "system").map(|system| Canonical::parse(&system).url),
        value: text(value, "value").unwrap_or_default(),
        display: text(value, "display"),
    }
}

/// What R5 calls a relationship, as R4's equivalence.
fn as_r4(relationship: &str) -> &str {
    match relationship {
        "equivalent" => "equivalent",
        "source-is-narrower-than-target" => "wider",
        "source-is-broader-than-target" => "narrower",
        "not-related-to" => "disjoint",
        _ => "relatedto",
    }
}

/// The Parameters that answer a translation by these steps, of which those that do not fit are left out.
pub fn answer(asked: &Translated, mappings: &[Mapping]) -> String {
    let mut seen = BTreeSet::new();
    let fitting = || mappings.iter().filter(|mapping| fits(asked, mapping));
    let is_conditional = fitting().any(|mapping| !is_met(asked, mapping));
    let fitting: Vec<&Mapping> = fitting()
        .filter(|mapping| is_met(asked, mapping))
        .filter(|one| seen.insert((one.map.clone(), key(&one.source), key(&one.target))))
        .collect();
    let is_match = |one: &&&Mapping| {
        one.target.code.is_some() && !matches!(&*one.equivalence, "unmatched" | "disjoint")
    };
    let is_found = fitting.iter().any(|one| is_match(&one));
    let mut writer = Writer::with_capacity(512);
    writer.object(|parameters| {
        parameters.string("resourceType", "Parameters");
        parameters.array("parameter", |list| {
            parameter(list, "result", |one| one.boolean("valueBoolean", is_found));
            if !is_found {
                let sentence = match fitting.is_empty() {
                    true if is_conditional => {
                        "what the concept maps that are known here make of this code depends on other elements: say by 'dependency' what they have"
                    }
                    true => "no concept map that is known here says anything of this code",
                    false => {
                        "the concept maps that are known here have nothing that means the same"
                    }
                };
                parameter(list, "message", |one| one.string("valueString", sentence));
            }
            for mapping in fitting {
                write(list, asked, mapping);
            }
        });
    });
    writer.finish()
}

fn key(coding: &Coding) -> (Option<Box<str>>, Option<Box<str>>) {
    (coding.system.clone(), coding.code.clone())
}

fn fits(asked: &Translated, mapping: &Mapping) -> bool {
    let (from, to) = match asked.is_reverse {
        true => (&mapping.target, &mapping.source),
        false => (&mapping.source, &mapping.target),
    };
    let wants = asked.wanted_system.is_none() || asked.wanted_system == to.system;
    let is_given = |given: &Coding| {
        let of_system = given.system.is_none() || given.system == from.system;
        let of_version = is_of_version(given, from.version.as_deref());
        let is_any_case = from
            .system
            .as_ref()
            .is_some_and(|system| asked.any_case.contains(system));
        let of_code = match (&given.code, &from.code) {
            (Some(one), Some(other)) if is_any_case => one.eq_ignore_ascii_case(other),
            (one, other) => one == other,
        };
        of_system && of_version && of_code
    };
    wants && asked.codings.iter().any(is_given)
}

/// Whether a code may be of that version of its code system: where both say one they are the same.
fn is_of_version(given: &Coding, version: Option<&str>) -> bool {
    let given = given.version.as_deref();
    given.is_none_or(|given| version.is_none_or(|version| version_matches(given, version)))
}

/// Whether all that a step depends on is given. On the way back all is answered that may have been the source.
fn is_met(asked: &Translated, mapping: &Mapping) -> bool {
    let is_given = |needed: &Dependency| {
        asked.dependencies.iter().any(|given| {
            given.property == needed.property
                && given.value == needed.value
                && (needed.system.is_none() || given.system == needed.system)
        })
    };
    asked.is_reverse || mapping.depends_on.iter().all(is_given)
}

fn write(list: &mut Writer, asked: &Translated, mapping: &Mapping) {
    parameter(list, "match", |one| {
        one.array("part", |parts| {
            part(
                parts,
                "equivalence",
                "valueCode",
                &quoted(&mapping.equivalence),
            );
            // R4 answers the other side of the map, also on the way back.
            let (found, from) = match asked.is_reverse {
                true => (&mapping.source, &mapping.target),
                false => (&mapping.target, &mapping.source),
            };
            if found.code.is_some() {
                part(parts, "concept", "valueCoding", &coding(found));
            }
            for product in mapping.products.iter().filter(|_| !asked.is_reverse) {
                parts.object(|one| {
                    one.string("name", "product");
                    one.array("part", |parts| {
                        part(parts, "element", "valueUri", &quoted(&product.property));
                        let concept = Coding {
                            system: product.system.clone(),
                            version: None,
                            code: Some(product.value.clone()),
                            display: product.display.clone(),
                        };
                        part(parts, "concept", "valueCoding", &coding(&concept));
                    });
                });
            }
            if asked.is_reverse {
                part(parts, "source", "valueCoding", &coding(from));
            }
            if !mapping.map.url.is_empty() {
                let url = mapping.map.to_string();
                part(parts, "originMap", "valueCanonical", &quoted(&url));
            }
            if let Some(comment) = &mapping.comment {
                part(parts, "comment", "valueString", &quoted(comment));
            }
        });
    });
}

/// What a concept map says of codes that none of its elements is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unmapped {
    /// The code itself, or one that it has for all.
    pub mappings: Vec<Mapping>,
    /// The concept maps that are to be asked instead.
    pub others: Vec<Canonical>,
}

/// What a concept map has for codes of which it has found this
/// (<https://hl7.org/fhir/R4/valueset-conceptmap-unmapped-mode.html>).
pub fn unmapped(map: Value<'_>, asked: &Translated, found: &[Mapping]) -> Unmapped {
    let mut all = Unmapped::default();
    if asked.is_reverse || found.iter().any(|mapping| fits(asked, mapping)) {
        return all;
    }
    let canonical = Canonical::of(
        &text(map, "url").unwrap_or_default(),
        text(map, "version").as_deref(),
    );
    for group in items(map, "group") {
        let Some(unmapped) = group.get("unmapped") else {
            continue;
        };
        let Between { source, target } = Between::of(group);
        let (source, target) = (source.unwrap_or_default(), target.unwrap_or_default());
        let wants = asked
            .wanted_system
            .as_ref()
            .is_none_or(|wanted| *wanted == target.url);
        let of_it = |one: &&Coding| {
            one.system
                .as_ref()
                .is_none_or(|system| *system == source.url)
                && is_of_version(one, source.version.as_deref())
        };
        for given in asked.codings.iter().filter(of_it).filter(|_| wants) {
            let (code, display, equivalence) = match text(unmapped, "mode").as_deref() {
                Some("provided") => (given.code.clone(), given.display.clone(), "equal"),
                Some("fixed") => (text(unmapped, "code"), text(unmapped, "display"), "inexact"),
                Some("other-map") => {
                    let other = text(unmapped, "url").map(|url| Canonical::parse(&url));
                    all.others.extend(other);
                    continue;
                }
                _ => continue,
            };
            all.mappings.push(Mapping {
                map: canonical.clone(),
                source: given.clone(),
                target: Coding {
                    system: Some(target.url.clone()).filter(|url| !url.is_empty()),
                    version: target.version.clone(),
                    code,
                    display,
                },
                equivalence: equivalence.into(),
                comment: None,
                depends_on: Vec::new(),
                products: Vec::new(),
            });
        }
    }
    all
}
