//! A value set: what it includes and what it leaves out (<https://hl7.org/fhir/R4/valueset.html>).

use crate::json::Value;
use crate::resource::Resource;

use super::canonical::Canonical;
use super::code_system::Standing;
use super::concept::{Designation, Extension, extension, items, text};

/// A version of a value set.
#[derive(Clone, Debug)]
pub struct ValueSet {
    /// The resource itself.
    pub resource: Resource,
    /// The canonical URL; one that came with a request may have none.
    pub url: Option<Box<str>>,
    /// The version.
    pub version: Option<Box<str>>,
    /// Its state.
    pub standing: Standing,
    /// The language it is written in.
    pub language: Option<Box<str>>,
    /// The supplements it needs.
    pub supplements: Vec<Canonical>,
    /// What it is made of.
    pub compose: Option<Compose>,
    /// Its codes, where they were listed beforehand.
    pub expansion: Vec<Listed>,
    /// Value sets inside it, by `#id`.
    pub contained: Vec<(Box<str>, ValueSet)>,
}

/// What a value set is made of.
#[derive(Clone, Debug, Default)]
pub struct Compose {
    /// Whether codes that are no longer used belong to it; they do where it is not said.
    pub inactive: Option<bool>,
    /// What belongs to it.
    pub include: Vec<ConceptSet>,
    /// What does not.
    pub exclude: Vec<ConceptSet>,
    /// How it wants to be expanded: names and values of parameters.
    pub parameters: Vec<(Box<str>, Box<str>)>,
}

/// Codes of one system, or of other value sets, or of both.
#[derive(Clone, Debug, Default)]
pub struct ConceptSet {
    /// The code system.
    pub system: Option<Box<str>>,
    /// Its version.
    pub version: Option<Box<str>>,
    /// These codes.
    pub concepts: Vec<ListedConcept>,
    /// Those that pass all of these.
    pub filters: Vec<Filter>,
    /// Those that are in all of these.
    pub value_sets: Vec<Box<str>>,
}

/// A code that a value set names.
#[derive(Clone, Debug, Default)]
pub struct ListedConcept {
    /// The code.
    pub code: Box<str>,
    /// The text for it in this value set.
    pub display: Option<Box<str>>,
    /// Other texts.
    pub designations: Vec<Designation>,
    /// Extensions.
    pub extensions: Vec<Extension>,
}

/// A condition on concepts (<https://hl7.org/fhir/R4/valueset.html#compositions>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// What is asked.
    pub property: Box<str>,
    /// How.
    pub op: Box<str>,
    /// The value it is asked against.
    pub value: Box<str>,
}

/// A code of an expansion that was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The system.
    pub system: Box<str>,
    /// Its version.
    pub version: Option<Box<str>>,
    /// The code.
    pub code: Box<str>,
    /// The text for it.
    pub display: Option<Box<str>>,
    /// Whether it is not to be chosen.
    pub is_abstract: bool,
    /// Whether it is no longer used.
    pub is_inactive: bool,
}

impl Compose {
    /// The value of a parameter that the value set wants to be expanded with.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(one, _)| &**one == name);
        found.map(|(_, value)| &**value)
    }

    /// Whether a code is the same one in all versions of its code system.
    pub fn versions_match(&self) -> Option<bool> {
        self.parameter("versionsMatch").map(|value| value == "true")
    }
}

/// URL and version of a value set.
pub(super) type Identity = (Box<str>, Option<Box<str>>);

impl ValueSet {
    /// What one that this value set includes by a reference is known by; one that is contained in it by nothing.
    pub(super) fn identity_of(&self, reference: &str, included: &Self) -> Option<Identity> {
        let url = included.url.clone();
        let url = url.filter(|_| self.inside(reference).is_none())?;
        Some((url, included.version.clone()))
    }

    /// Reads a value set.
    pub fn read(resource: Resource) -> Self {
        let root = resource.root();
        let mut read = Self::of(resource.clone(), root);
        for contained in items(root, "contained") {
            let id = text(contained, "id");
            let inner = Resource::parse(contained.raw().to_owned());
            if let (Some(id), Ok(inner)) = (id, inner)
                && inner.resource_type().name() == "ValueSet"
            {
                let root = inner.root();
                let value_set = Self::of(inner.clone(), root);
                read.contained.push((format!("#{id}").into(), value_set));
            }
        }
        read
    }

    fn of(resource: Resource, root: Value<'_>) -> Self {
        let extensions = Extension::list(root);
        let mut expansion = Vec::new();
        if let Some(listed) = root.get("expansion") {
            list(listed, &mut expansion);
        }
        Self {
            url: text(root, "url"),
            version: text(root, "version"),
            standing: Standing::read(root),
            language: text(root, "language"),
            supplements: extensions
                .iter()
                .filter(|one| &*one.url == SUPPLEMENT)
                .map(|one| Canonical::parse(&one.text))
                .collect(),
            compose: root.get("compose").map(compose),
            expansion,
            contained: Vec::new(),
            resource,
        }
    }

    /// A value set of all codes of a system, or of those below one.
    pub fn implicit(url: &str, system: &Canonical, filters: Vec<Filter>) -> Option<Self> {
        let text = format!(
            r#"{{"resourceType":"ValueSet","url":{},"status":"active"}}"#,
            crate::json::quoted(url)
        );
        let mut read = Self::read(Resource::parse(text).ok()?);
        let include = ConceptSet {
            system: Some(system.url.clone()),
            version: system.version.clone(),
            filters,
            ..ConceptSet::default()
        };
        read.compose = Some(Compose {
            include: vec![include],
            ..Compose::default()
        });
        Some(read)
    }

    /// URL and version, or what stands for a value set without.
    pub fn named(&self) -> String {
        match &self.url {
            Some(url) => Canonical::of(url, self.version.as_deref()).to_string(),
            None => "(unidentified)".to_owned(),
        }
    }

    /// The value set inside it of that `#id`.
    pub fn inside(&self, reference: &str) -> Option<&ValueSet> {
        let found = self.contained.iter().find(|(id, _)| &**id == reference);
        found.map(|(_, value_set)| value_set)
    }
}

const SUPPLEMENT: &str = "http://hl7.org/fhir/StructureDefinition/valueset-supplement";
const EXPANSION_PARAMETER: [&str; 2] = [
    "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter",
    "http://hl7.org/fhir/tools/StructureDefinition/valueset-expansion-parameter",
];

fn compose(compose: Value<'_>) -> Compose {
    let parameter = |value: Value<'_>| {
        let url = text(value, "url")?;
        let parts = Extension::list(value);
        EXPANSION_PARAMETER.contains(&&*url).then(|| {
            Some((
                extension(&parts, "name")?.into(),
                extension(&parts, "value")?.into(),
            ))
        })?
    };
    Compose {
        inactive: compose.get("inactive").and_then(Value::boolean),
        include: items(compose, "include").map(concept_set).collect(),
        exclude: items(compose, "exclude").map(concept_set).collect(),
        parameters: items(compose, "extension").filter_map(parameter).collect(),
    }
}

fn concept_set(set: Value<'_>) -> ConceptSet {
    let concept = |value: Value<'_>| {
        Some(ListedConcept {
            code: text(value, "code")?,
            display: text(value, "display"),
            designations: items(value, "designation")
                .filter_map(Designation::read)
                .collect(),
            extensions: Extension::list(value),
        })
    };
    let filter = |value: Value<'_>| Filter {
        property: text(value, "property").unwrap_or_default(),
        op: text(value, "op").unwrap_or_default(),
        value: text(value, "value").unwrap_or_default(),
    };
    ConceptSet {
        system: text(set, "system"),
        version: text(set, "version"),
        concepts: items(set, "concept").filter_map(concept).collect(),
        filters: items(set, "filter").map(filter).collect(),
        value_sets: items(set, "valueSet")
            .filter_map(Value::string)
            .map(Into::into)
            .collect(),
    }
}

/// The codes of an expansion, those below others after them.
fn list(expansion: Value<'_>, codes: &mut Vec<Listed>) {
    let flag = |value: Value<'_>, name| value.get(name).and_then(Value::boolean) == Some(true);
    let mut waiting: Vec<Value<'_>> = items(expansion, "contains").collect();
    waiting.reverse();
    while let Some(value) = waiting.pop() {
        if let (Some(system), Some(code)) = (text(value, "system"), text(value, "code")) {
            codes.push(Listed {
                system,
                code,
                version: text(value, "version"),
                display: text(value, "display"),
                is_abstract: flag(value, "abstract"),
                is_inactive: flag(value, "inactive"),
            });
        }
        let below: Vec<Value<'_>> = items(value, "contains").collect();
        waiting.extend(below.into_iter().rev());
    }
}
