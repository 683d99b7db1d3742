//! The expansion as a ValueSet. What R5 has as elements R4 has as extensions of the same meaning.

use std::collections::BTreeMap;

use crate::json::{ObjectWriter, Writer};
use crate::terminology::code_system::PROPERTIES;
use crate::terminology::concept::{Designation, Extension, extension};
use crate::terminology::settings::Settings;
use crate::terminology::value_set::ValueSet;

use super::tree::Tree;
use super::uses::Uses;
use super::{Entry, Expansion};

/// An expansion and what is asked of it.
pub(super) struct Page<'a> {
    pub(super) value_set: &'a ValueSet,
    pub(super) settings: &'a Settings,
    pub(super) asked: &'a Expansion,
    pub(super) uses: Uses,
    /// The codes that are answered, and those that are known to be in the value set.
    pub(super) shown: &'a [Entry],
    pub(super) entries: &'a [Entry],
    /// How many there are, where anybody knows.
    pub(super) total: Option<usize>,
}

const R5: &str = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion";
const UNCLOSED: &str = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed";

/// What names a value set; the rest is its definition.
const NAMING: [&str; 14] = [
    "resourceType",
    "modifierExtension",
    "implicitRules",
    "language",
    "url",
    "identifier",
    "version",
    "name",
    "title",
    "status",
    "experimental",
    "date",
    "publisher",
    "copyright",
];

/// Extensions that go with a code, and those that go with a text for it.
const OF_CODES: [&str; 6] = [
    "http://hl7.org/fhir/StructureDefinition/valueset-deprecated",
    "http://hl7.org/fhir/StructureDefinition/valueset-concept-definition",
    "http://hl7.org/fhir/StructureDefinition/valueset-concept-comments",
    "http://hl7.org/fhir/StructureDefinition/valueset-supplement",
    "http://hl7.org/fhir/StructureDefinition/rendering-style",
    "http://hl7.org/fhir/StructureDefinition/rendering-xhtml",
];
const OF_TEXTS: [&str; 2] = [
    "http://hl7.org/fhir/StructureDefinition/coding-sctdescid",
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status",
];

/// Extensions that are properties by another name: of a code system, of a value set, and the property.
const AS_PROPERTIES: [(&str, &str, &str, &str); 3] = [
    ("codesystem-label", "valueset-label", "label", "label"),
    (
        "codesystem-conceptOrder",
        "valueset-conceptOrder",
        "order",
        "order",
    ),
    ("itemWeight", "itemWeight", "weight", "itemWeight"),
];

/// A property of a code: its name, the member of its value, the value as JSON.
type Said = (String, String, String);

impl Page<'_> {
    pub(super) fn write(&self) -> String {
        let mut writer = Writer::with_capacity(1024 + 128 * self.entries.len());
        let with_definition = self.asked.include_definition == Some(true);
        writer.object(|resource| {
            for (name, value) in self.value_set.resource.root().members() {
                let is_left_out = match &*name {
                    "expansion" | "id" | "meta" | "text" => true,
                    "contained" => !with_definition && self.value_set.contained.is_empty(),
                    _ => !with_definition && !NAMING.contains(&&*name),
                };
                if !is_left_out {
                    resource.raw(&name, value.raw());
                }
            }
            resource.object("expansion", |expansion| self.expansion(expansion));
        });
        writer.finish()
    }

    fn expansion(&self, expansion: &mut ObjectWriter<'_>) {
        let shown: Vec<&Entry> = self.shown.iter().collect();
        let properties: Vec<Vec<Said>> = self.entries.iter().map(|one| self.said(one)).collect();
        self.extensions(expansion, &properties);
        expansion.string("identifier", &self.asked.identifier);
        expansion.string("timestamp", &self.asked.timestamp);
        let number = |number| i64::try_from(number).unwrap_or(i64::MAX);
        if let Some(total) = self.total {
            expansion.number("total", number(total));
        }
        if self.asked.offset.is_some() || self.asked.count.is_some() {
            expansion.number("offset", number(self.asked.offset.unwrap_or_default()));
        }
        let mut parameters = Writer::default();
        parameters.array(|list| self.parameters(list));
        let parameters = parameters.finish();
        if parameters != "[]" {
            expansion.raw("parameter", &parameters);
        }
        if shown.is_empty() {
            return;
        }
        let tree = Tree::of(&shown, self.is_nested());
        expansion.array("contains", |list| {
            for &root in &tree.roots {
                self.contains(list, &shown, &tree, root);
            }
        });
    }

    /// Codes stand below others where all come from one place that has an order of its own.
    fn is_nested(&self) -> bool {
        let is_plain = self.asked.exclude_nested != Some(true)
            && self.asked.filter.is_none()
            && self.asked.count.is_none()
            && self.asked.offset.is_none();
        let compose = self.value_set.compose.as_ref();
        is_plain
            && compose.is_some_and(|compose| match compose.include.as_slice() {
                [only] => {
                    only.concepts.is_empty()
                        && only.value_sets.is_empty()
                        && compose.exclude.is_empty()
                }
                _ => false,
            })
    }

    fn extensions(&self, expansion: &mut ObjectWriter<'_>, properties: &[Vec<Said>]) {
        let mut names: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for (entry, said) in self.entries.iter().zip(properties) {
            for (name, _, _) in said {
                names.entry(name).or_insert_with(|| uri(entry, name));
            }
        }
        if names.is_empty() && self.uses.fragments.is_empty() {
            return;
        }
        expansion.array("extension", |list| {
            for url in &self.uses.fragments {
                list.object(|one| {
                    one.string("url", UNCLOSED);
                    one.boolean("valueBoolean", true);
                });
                list.object(|one| {
                    one.string("url", &format!("{UNCLOSED}-reason"));
                    let sentence =
                        format!("This extension is based on a fragment of the code system {url}");
                    one.string("valueString", &sentence);
                });
            }
            for (name, uri) in names {
                list.object(|one| {
                    one.string("url", &format!("{R5}.property"));
                    one.array("extension", |parts| {
                        part(parts, "code", "valueCode", &crate::json::quoted(name));
                        if let Some(uri) = uri {
                            part(parts, "uri", "valueUri", &crate::json::quoted(&uri));
                        }
                    });
                });
            }
        });
    }

    fn parameters(&self, list: &mut Writer) {
        let asked = self.asked;
        let flags = [
            ("activeOnly", asked.active_only),
            ("excludeNested", asked.exclude_nested),
            ("includeDefinition", asked.include_definition),
            ("includeDesignations", asked.include_designations),
            ("versionsMatch", self.uses.merged.then_some(true)),
        ];
        for (name, value) in flags {
            if let Some(value) = value {
                parameter(list, name, |one| one.boolean("valueBoolean", value));
            }
        }
        for (name, value) in [("count", asked.count), ("offset", asked.offset)] {
            if let Some(value) = value {
                let value = i64::try_from(value).unwrap_or(i64::MAX);
                parameter(list, name, |one| one.number("valueInteger", value));
            }
        }
        if let Some(filter) = &asked.filter {
            parameter(list, "filter", |one| one.string("valueString", filter));
        }
        for designation in &asked.designations {
            parameter(list, "designation", |one| {
                one.string("valueString", designation)
            });
        }
        if !self.settings.languages.is_empty() {
            let text = self.settings.languages.text();
            parameter(list, "displayLanguage", |one| one.string("valueCode", text));
        }
        for canonical in &self.settings.versions.force {
            let text = canonical.to_string();
            parameter(list, "force-system-version", |one| {
                one.string("valueUri", &text)
            });
        }
        for (name, canonical) in &self.uses.parameters {
            parameter(list, name, |one| one.string("valueUri", canonical));
        }
    }

    fn contains(&self, list: &mut Writer, shown: &[&Entry], tree: &Tree, place: usize) {
        let Some(&entry) = shown.get(place) else {
            return;
        };
        list.object(|contains| {
            self.entry_extensions(contains, entry);
            contains.string("system", &entry.system);
            if entry.is_abstract {
                contains.boolean("abstract", true);
            }
            if entry.is_inactive {
                contains.boolean("inactive", true);
            }
            if self.has_versions(entry) {
                contains.optional("version", entry.version.as_deref());
            }
            contains.string("code", entry.code());
            let display = self.display(entry);
            contains.optional("display", display.map(|(text, _)| text));
            self.designations(contains, entry, display.is_some_and(|(_, is_base)| is_base));
            let children = tree.children.get(&place);
            if let Some(children) = children {
                contains.array("contains", |list| {
                    for &child in children {
                        self.contains(list, shown, tree, child);
                    }
                });
            }
        });
    }

    /// The text for a code: of the value set, or of the code system.
    fn display<'a>(&self, entry: &'a Entry) -> Option<(&'a str, bool)> {
        let listed = entry.listed.as_deref();
        let own = listed.and_then(|listed| listed.display.as_deref());
        let language = self.value_set.language.as_deref();
        let more = listed.map_or(&[][..], |listed| &listed.designations);
        let languages = &self.settings.languages;
        if let Some(own) = own.filter(|_| languages.accept(language)) {
            // A text whose language nobody tells steps back behind one that is in a language that is wanted.
            let system = entry.code_system.as_deref().filter(|_| language.is_none());
            let said = system.and_then(|system| languages.said(system, &entry.concept, more));
            return said.filter(|_| !languages.is_empty()).or(Some((own, true)));
        }
        let base = entry.concept.display.as_deref();
        match &entry.code_system {
            None => base.map(|text| (text, true)),
            Some(system) => languages.display(system, &entry.concept, more),
        }
    }

    fn designations(&self, contains: &mut ObjectWriter<'_>, entry: &Entry, is_base: bool) {
        let asked = self.asked;
        if asked.include_designations != Some(true) && asked.designations.is_empty() {
            return;
        }
        let display = self.display(entry).map(|(text, _)| text);
        let listed = entry.listed.as_deref();
        let own = listed.into_iter().flat_map(|listed| &listed.designations);
        let mut all: Vec<Designation> = entry
            .concept
            .designations
            .iter()
            .chain(own)
            .cloned()
            .collect();
        if !is_base {
            // The display is one of them; that of the code system takes its place.
            let is_display = |one: &Designation| one.is_display() && Some(&*one.value) == display;
            if let Some(place) = all.iter().position(is_display) {
                all.remove(place);
            }
            let language = entry
                .code_system
                .as_ref()
                .and_then(|one| one.language.clone());
            all.extend(entry.concept.display.clone().map(|value| Designation {
                language,
                value,
                ..Designation::default()
            }));
        }
        all.retain(|one| {
            let wanted = &asked.designations;
            wanted.is_empty() || wanted.iter().any(|token| is_wanted(one, token))
        });
        if all.is_empty() {
            return;
        }
        contains.array("designation", |list| {
            for one in &all {
                list.object(|designation| write_designation(designation, one));
            }
        });
    }

    fn entry_extensions(&self, contains: &mut ObjectWriter<'_>, entry: &Entry) {
        let listed = entry.listed.as_deref();
        let own: &[Extension] = listed.map_or(&[], |listed| &listed.extensions);
        let is_new = |one: &&Extension| extension(own, &one.url).is_none();
        let inherited = entry.concept.extensions.iter().filter(is_new);
        let kept = |one: &&Extension| OF_CODES.contains(&&*one.url);
        let kept: Vec<&Extension> = own.iter().chain(inherited).filter(kept).collect();
        let said = self.said(entry);
        if kept.is_empty() && said.is_empty() {
            return;
        }
        contains.array("extension", |list| {
            for one in kept {
                list.raw(&one.json);
            }
            for (name, member, json) in &said {
                list.object(|one| {
                    one.string("url", &format!("{R5}.contains.property"));
                    one.array("extension", |parts| {
                        part(parts, "code", "valueCode", &crate::json::quoted(name));
                        part(parts, "value", member, json);
                    });
                });
            }
        });
    }

    /// The properties that are answered for a code: those asked for, and those that change what it is good for.
    fn said(&self, entry: &Entry) -> Vec<Said> {
        let concept = &entry.concept;
        let mut said: Vec<Said> = Vec::new();
        let listed = entry.listed.as_deref();
        let own: &[Extension] = listed.map_or(&[], |listed| &listed.extensions);
        for (of_system, of_value_set, name, _) in AS_PROPERTIES {
            let url = |name| format!("http://hl7.org/fhir/StructureDefinition/{name}");
            let found = own.iter().find(|one| *one.url == *url(of_value_set));
            let inherited = || {
                concept
                    .extensions
                    .iter()
                    .find(|one| *one.url == *url(of_system))
            };
            if let Some(found) = found.or_else(inherited) {
                let member = match &*found.member {
                    "valueInteger" => "valueDecimal",
                    member => member,
                };
                said.push((name.to_owned(), member.to_owned(), found.value.to_string()));
            }
        }
        let status = entry
            .code_system
            .as_ref()
            .and_then(|one| one.status(concept));
        for name in &self.asked.properties {
            if &**name == "definition" {
                let definition = concept.definition.as_deref().map(crate::json::quoted);
                said.extend(
                    definition.map(|json| ("definition".into(), "valueString".into(), json)),
                );
            }
            let wanted = |one: &&crate::terminology::concept::Property| {
                (&**name == "*" || one.code == *name)
                    && (&*one.code != "status" || status.is_none())
            };
            for one in concept.properties.iter().filter(wanted) {
                said.push((
                    one.code.to_string(),
                    one.member.to_string(),
                    one.json.to_string(),
                ));
            }
        }
        if let Some(status) = status {
            let json = crate::json::quoted(&status);
            said.push(("status".to_owned(), "valueCode".to_owned(), json));
        }
        said
    }

    /// Whether codes of that system come from several versions of it.
    fn has_versions(&self, entry: &Entry) -> bool {
        let used = self.uses.parameters.iter();
        let prefix = format!("{}|", entry.system);
        let of_it = used.filter(|(name, canonical)| {
            name == "used-codesystem" && canonical.starts_with(&prefix)
        });
        of_it.count() > 1
    }
}

/// Properties that FHIR defines for concepts of any code system.
const STANDARD: [&str; 13] = [
    "inactive",
    "deprecated",
    "deprecationDate",
    "retirementDate",
    "effectiveDate",
    "notSelectable",
    "status",
    "parent",
    "child",
    "partOf",
    "synonym",
    "comment",
    "definition",
];

/// Where a property is defined, as far as anybody says.
fn uri(entry: &Entry, name: &str) -> Option<String> {
    let known = AS_PROPERTIES
        .iter()
        .find(|(_, _, property, _)| *property == name);
    if let Some((_, _, _, meaning)) = known {
        return Some(format!("{PROPERTIES}{meaning}"));
    }
    let system = entry.code_system.as_ref();
    let defined = system.and_then(|system| system.properties.iter().find(|one| *one.code == *name));
    match defined.and_then(|one| one.uri.as_deref()) {
        Some(uri) => Some(uri.to_owned()),
        None => STANDARD
            .contains(&name)
            .then(|| format!("{PROPERTIES}{name}")),
    }
}

/// Whether a token names a text by its language or its use.
fn is_wanted(designation: &Designation, token: &str) -> bool {
    let (system, code) = token.split_once('|').unwrap_or(("", token));
    if system == "urn:ietf:bcp:47" || system.is_empty() {
        let language = designation.language.as_deref();
        if language == Some(code) || !system.is_empty() {
            return language == Some(code);
        }
    }
    let usage = designation.usage.as_ref();
    usage.is_some_and(|usage| {
        usage.code.as_deref() == Some(code)
            && (system.is_empty() || usage.system.as_deref() == Some(system))
    })
}

fn write_designation(designation: &mut ObjectWriter<'_>, one: &Designation) {
    let kept = |extension: &&Extension| OF_TEXTS.contains(&&*extension.url);
    let kept: Vec<&Extension> = one.extensions.iter().filter(kept).collect();
    if !kept.is_empty() {
        designation.array("extension", |list| {
            for extension in kept {
                list.raw(&extension.json);
            }
        });
    }
    designation.optional("language", one.language.as_deref());
    if let Some(usage) = &one.usage {
        designation.object("use", |coding| {
            coding.optional("system", usage.system.as_deref());
            coding.optional("version", usage.version.as_deref());
            coding.optional("code", usage.code.as_deref());
            coding.optional("display", usage.display.as_deref());
        });
    }
    designation.string("value", &one.value);
}

fn parameter(list: &mut Writer, name: &str, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
    list.object(|one| {
        one.string("name", name);
        fill(one);
    });
}

fn part(parts: &mut Writer, url: &str, member: &str, json: &str) {
    parts.object(|one| {
        one.string("url", url);
        one.raw(member, json);
    });
}
