//! What the evaluation knows of R4: elements, search parameters and compartments, read from HL7's package.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tokio::sync::mpsc;

use crate::examples::archive::{Entry, read_entries};
use crate::json::{self, Json};

/// An element of a type.
#[derive(Debug, Default)]
pub struct Element {
    /// Codes of its types.
    pub types: Vec<String>,
    /// The element whose content it shares, as a path.
    pub content_reference: Option<String>,
    /// The value set that its code must come from.
    pub required: Option<String>,
}

/// A search parameter of a type.
#[derive(Clone, Debug, Default)]
pub struct Parameter {
    /// Its name in queries.
    pub code: String,
    /// `token`, `string`, …
    pub kind: String,
    /// FHIRPath; empty where there is none.
    pub expression: String,
    /// The types a reference may point at.
    pub targets: Vec<String>,
    /// Whether several values may stand between commas.
    pub multiple_or: bool,
    /// Of a composite: the URL of the component's parameter, and the expression below the composite's own.
    pub components: Vec<(String, String)>,
}

/// One part of a value set: a system, and the codes of it; none is all.
pub type SystemPart = (String, Option<BTreeSet<String>>);

/// All of it.
#[derive(Debug, Default)]
pub struct Definitions {
    /// Elements by path; a choice is there as `Observation.value[x]`.
    pub elements: BTreeMap<String, Element>,
    /// Parameters by URL.
    pub parameters: BTreeMap<String, Parameter>,
    /// By type and code, as the server lists them.
    pub by_code: BTreeMap<(String, String), Parameter>,
    /// Parts of value sets that need no other value set to be known.
    pub value_sets: BTreeMap<String, Vec<SystemPart>>,
    /// Compartment, member type, parameters that put it there.
    pub compartments: BTreeMap<(String, String), Vec<String>>,
    /// The types of resources.
    pub resource_types: BTreeSet<String>,
}

impl Definitions {
    /// Reads the definitions, and the examples beside them.
    pub async fn read(package: &Path) -> Result<(Self, Vec<(String, Json)>), String> {
        let (sender, mut entries) = mpsc::channel::<Entry>(64);
        let package = package.to_owned();
        let reader = tokio::task::spawn_blocking(move || read_entries(&package, "", &sender));
        let (mut definitions, mut examples) = (Self::default(), Vec::new());
        while let Some(entry) = entries.recv().await {
            if matches!(entry.kind.as_str(), "ConceptMap" | "CodeSystem") {
                continue;
            }
            let json = json::read(&entry.text).map_err(|e| format!("{}: {e}", entry.name))?;
            definitions.add(&json);
            if !matches!(
                entry.kind.as_str(),
                "StructureDefinition" | "SearchParameter" | "ValueSet" | "OperationDefinition"
            ) {
                examples.push((entry.key, json));
            }
        }
        reader.await.map_err(|error| error.to_string())??;
        Ok((definitions, examples))
    }

    /// Takes a definition; anything else is left alone.
    pub fn add(&mut self, json: &Json) {
        match text(json, "resourceType") {
            Some("StructureDefinition") => self.structure(json),
            Some("SearchParameter") => self.parameter(json),
            Some("ValueSet") => self.value_set(json),
            Some("CompartmentDefinition") => self.compartment(json),
            _ => {}
        }
    }

    /// Takes the list of parameters from the capability statement of the server.
    pub fn listed(&mut self, capabilities: &Json) -> Result<(), String> {
        let Some(rest) = capabilities
            .get("rest")
            .and_then(|rest| rest.items().first())
        else {
            return Err("the capability statement has no rest".to_owned());
        };
        let shared = members(rest, "searchParam");
        for resource in members(rest, "resource") {
            let kind = text(resource, "type").unwrap_or_default();
            for listed in members(resource, "searchParam").iter().chain(shared) {
                let url = text(listed, "definition").unwrap_or_default();
                let url = url.split('|').next().unwrap_or_default();
                let (Some(known), Some(code)) = (self.parameters.get(url), text(listed, "name"))
                else {
                    continue;
                };
                let parameter = Parameter {
                    code: code.to_owned(),
                    ..known.clone()
                };
                let key = (kind.to_owned(), code.to_owned());
                self.by_code.insert(key, parameter);
            }
        }
        match self.by_code.is_empty() {
            true => Err("the capability statement lists no search parameter".to_owned()),
            false => Ok(()),
        }
    }

    /// A parameter of a type.
    pub fn find(&self, resource_type: &str, code: &str) -> Option<&Parameter> {
        self.by_code
            .get(&(resource_type.to_owned(), code.to_owned()))
    }

    /// The parameters of a type.
    pub fn of<'d>(&'d self, resource_type: &str) -> impl Iterator<Item = &'d Parameter> {
        let from = (resource_type.to_owned(), String::new());
        let resource_type = resource_type.to_owned();
        self.by_code
            .range(from..)
            .take_while(move |(key, _)| key.0 == resource_type)
            .map(|(_, parameter)| parameter)
    }

    fn structure(&mut self, json: &Json) {
        if text(json, "derivation") == Some("constraint") {
            return;
        }
        if text(json, "kind") == Some("resource")
            && json.get("abstract") == Some(&Json::Bool(false))
            && let Some(name) = text(json, "type")
        {
            self.resource_types.insert(name.to_owned());
        }
        let Some(snapshot) = json.get("snapshot") else {
            return;
        };
        for element in members(snapshot, "element") {
            let Some(path) = text(element, "path") else {
                continue;
            };
            let types = members(element, "type")
                .iter()
                .filter_map(|one| text(one, "code"));
            let types = types.map(|code| code.rsplit('.').next().unwrap_or(code).to_owned());
            let reference = text(element, "contentReference");
            let reference = reference.and_then(|one| one.rsplit('#').next());
            let binding = element.get("binding");
            let binding = binding.filter(|one| text(one, "strength") == Some("required"));
            let required = binding.and_then(|one| text(one, "valueSet"));
            let required = required.and_then(|url| url.split('|').next());
            let made = Element {
                types: types.collect(),
                content_reference: reference.map(str::to_owned),
                required: required.map(str::to_owned),
            };
            self.elements.insert(path.to_owned(), made);
        }
    }

    fn parameter(&mut self, json: &Json) {
        let of = |name: &str| text(json, name).unwrap_or_default().to_owned();
        let targets = members(json, "target").iter().filter_map(Json::as_str);
        let component = |one: &Json| {
            let of = |name: &str| text(one, name).unwrap_or_default().to_owned();
            (of("definition"), of("expression"))
        };
        let parameter = Parameter {
            code: of("code"),
            kind: of("type"),
            expression: of("expression"),
            targets: targets.map(str::to_owned).collect(),
            multiple_or: json.get("multipleOr") != Some(&Json::Bool(false)),
            components: members(json, "component").iter().map(component).collect(),
        };
        let mut parameter = parameter;
        // The definitions of its components are exchanged: the first is a code, the second a reference.
        if let ("DocumentReference-relationship", [(first, _), (second, _)]) =
            (of("id").as_str(), parameter.components.as_mut_slice())
        {
            std::mem::swap(first, second);
        }
        self.parameters.insert(of("url"), parameter);
    }

    fn value_set(&mut self, json: &Json) {
        let (Some(url), Some(compose)) = (text(json, "url"), json.get("compose")) else {
            return;
        };
        if compose.get("exclude").is_some() {
            return;
        }
        let mut parts = Vec::new();
        for include in members(compose, "include") {
            let plain = include.get("filter").is_none() && include.get("valueSet").is_none();
            let (true, Some(system)) = (plain, text(include, "system")) else {
                return;
            };
            let concepts = include.get("concept").map(|concepts| {
                let codes = concepts.items().iter().filter_map(|one| text(one, "code"));
                codes.map(str::to_owned).collect()
            });
            parts.push((system.to_owned(), concepts));
        }
        self.value_sets.insert(url.to_owned(), parts);
    }

    fn compartment(&mut self, json: &Json) {
        let official = text(json, "url").is_some_and(|url| !url.ends_with("/example"));
        let (true, Some(code)) = (official, text(json, "code")) else {
            return;
        };
        for member in members(json, "resource") {
            let parameters = members(member, "param").iter().filter_map(Json::as_str);
            let parameters: Vec<_> = parameters.map(str::to_owned).collect();
            if let (Some(name), false) = (text(member, "code"), parameters.is_empty()) {
                let key = (code.to_owned(), name.to_owned());
                self.compartments.insert(key, parameters);
            }
        }
    }
}

/// A member that is a string.
pub fn text<'j>(json: &'j Json, name: &str) -> Option<&'j str> {
    json.get(name).and_then(Json::as_str)
}

/// A member that is an array.
pub fn members<'j>(json: &'j Json, name: &str) -> &'j [Json] {
    json.get(name).map(Json::items).unwrap_or_default()
}
