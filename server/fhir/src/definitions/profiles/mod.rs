//! Profiles and extensions in compact form: trees of what a StructureDefinition says beyond the type it constrains
//! (<https://hl7.org/fhir/R4/profiling.html>). What the profiles below it say is merged in; what the type says stands
//! in the element table alone. Together they are the snapshot, which is kept nowhere.

mod builder;
mod checking;
#[cfg(test)]
mod checking_tests;
mod lines;
mod merging;
mod narrowing;
#[cfg(test)]
mod narrowing_tests;
mod reading;
pub(crate) mod samples;
#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod tests;
mod text_pattern;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::structure::{Binding, Constraint, TypeId};
use crate::json::{Document, Value};

pub use builder::{Faults, ProfileDraft, ProfileError, ProfilesBuilder};
pub use checking::{faults, faults_of};
pub use text_pattern::TextPattern;

/// All profiles, extensions among them, by canonical URL.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Arc<Profile>>", into = "Vec<Arc<Profile>>")]
pub struct Profiles {
    list: Vec<Arc<Profile>>,
    by_url: HashMap<Box<str>, usize>,
}

/// One profile of a type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// The canonical URL, without version.
    pub url: Box<str>,
    /// The business version.
    pub version: Option<Box<str>>,
    /// The type it constrains.
    pub type_id: TypeId,
    /// The canonical URL of what it is derived from, without version.
    pub base: Box<str>,
    /// What it says of the type itself and of the elements below.
    pub root: ProfileElement,
    /// Where it may stand, for a profile of `Extension`.
    pub extension: Option<ExtensionUse>,
}

/// Where an extension may stand (<https://hl7.org/fhir/R4/defining-extensions.html#context>).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ExtensionUse {
    /// The contexts: one of them must fit. None allows every place.
    pub contexts: Vec<ExtensionContext>,
    /// What must hold where it stands.
    pub invariants: Vec<Constraint>,
    /// Whether it is a modifier extension.
    pub is_modifier: bool,
}

/// One place where an extension may stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExtensionContext {
    /// An element's path, or the name of a type.
    Element(Box<str>),
    /// Another extension, by URL.
    Extension(Box<str>),
    /// What an expression finds in the resource.
    FhirPath(Box<str>),
}

/// What a profile says of one element, or of one slice of it, and of what is below.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ProfileElement {
    /// The element's name without `[x]`; empty at the root.
    pub name: Box<str>,
    /// The slice's name, where it is one.
    pub slice: Option<Box<str>>,
    /// What it says.
    pub rules: ElementRules,
    /// How the element is sliced.
    pub slicing: Option<Slicing>,
    /// The slices, in order.
    pub slices: Vec<ProfileElement>,
    /// The elements below.
    pub children: Vec<ProfileElement>,
}

/// What a profile says of one element beyond what its type says; what is absent stays as it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ElementRules {
    /// Fewest occurrences.
    pub min: Option<u32>,
    /// Most occurrences.
    pub max: Option<Occurrences>,
    /// The types that are left; empty where they stay as they were.
    pub types: Vec<AllowedType>,
    /// The value itself (`fixed[x]`).
    pub fixed: Option<Sample>,
    /// What must be part of the value (`pattern[x]`).
    pub pattern: Option<Sample>,
    /// The least value.
    pub least: Option<Sample>,
    /// The greatest value.
    pub greatest: Option<Sample>,
    /// What its text must match.
    pub regex: Option<TextPattern>,
    /// The longest text, in characters.
    pub max_length: Option<u32>,
    /// Where its codes come from.
    pub binding: Option<Binding>,
    /// Further value sets it is bound to (R5's `additional`, as an extension).
    pub more_bindings: Vec<Binding>,
    /// What must hold.
    pub constraints: Vec<Constraint>,
    /// Whether an extension will not do in place of the value (R5's `mustHaveValue`, as an extension).
    pub must_have_value: bool,
    /// The extensions one of which will do in place of the value (R5's `valueAlternatives`, as an extension).
    pub value_alternatives: Vec<Box<str>>,
    /// Whether the extension defined here changes the meaning of the rest.
    pub is_modifier: Option<bool>,
}

/// Most occurrences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Occurrences {
    /// So many.
    AtMost(u32),
    /// `*`
    Unbounded,
}

/// A type that is left of an element's types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedType {
    /// The type's name.
    pub name: Box<str>,
    /// Profiles one of which the element must meet; empty is any.
    pub profiles: Vec<Box<str>>,
    /// Profiles one of which the target of the reference must meet; empty is any.
    pub targets: Vec<Box<str>>,
    /// How the reference may be made: `contained`, `referenced`, `bundled`; empty is any.
    pub aggregation: Vec<Box<str>>,
}

/// A value a profile gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Its type: `CodeableConcept` of `patternCodeableConcept`, in lower case at the beginning for primitives.
    pub type_name: Box<str>,
    json: Box<str>,
    #[serde(skip)]
    parsed: OnceLock<Option<Document>>,
}

/// How an element is sliced (<https://hl7.org/fhir/R4/profiling.html#slicing>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slicing {
    /// What tells the slices apart.
    pub discriminators: Vec<Discriminator>,
    /// What may stand beside the slices.
    pub rules: SlicingRules,
    /// Whether the slices stand in the order of their definition.
    pub ordered: bool,
}

/// What may stand beside the slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlicingRules {
    /// Nothing.
    Closed,
    /// Anything.
    Open,
    /// Anything, behind the slices.
    OpenAtEnd,
}

/// What tells slices apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discriminator {
    /// How.
    pub kind: DiscriminatorKind,
    /// Where: `$this`, `code`, `resolve()`, `extension('http://…').value`.
    pub path: Box<str>,
}

/// How slices are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiscriminatorKind {
    /// By a value, pattern or required binding.
    Value,
    /// By whether there is something.
    Exists,
    /// As `Value`.
    Pattern,
    /// By the type.
    Type,
    /// By the profile that is met.
    Profile,
}

impl From<Vec<Arc<Profile>>> for Profiles {
    fn from(list: Vec<Arc<Profile>>) -> Self {
        let mut profiles = Self::default();
        profiles.extend(list);
        profiles
    }
}

impl From<Profiles> for Vec<Arc<Profile>> {
    fn from(profiles: Profiles) -> Self {
        profiles.list
    }
}

impl Profiles {
    /// The profile of a canonical URL; a version behind `|` must be the profile's own.
    pub fn get(&self, canonical: &str) -> Option<&Profile> {
        if let Some(place) = self.by_url.get(canonical) {
            return self.list.get(*place).map(|profile| &**profile);
        }
        let (url, version) = canonical.split_once('|')?;
        let profile = &**self.list.get(*self.by_url.get(url)?)?;
        profile.has_version(version).then_some(profile)
    }

    /// All of them, in no order that means anything.
    pub fn all(&self) -> impl Iterator<Item = &Profile> {
        self.list.iter().map(|profile| &**profile)
    }

    /// Adds profiles; one of a URL and version that are known takes the place of the other. Of several versions the last
    /// is meant where none is asked for.
    pub(crate) fn extend(&mut self, more: impl IntoIterator<Item = Arc<Profile>>) {
        for profile in more {
            let versioned = profile.canonical();
            let place = *self.by_url.entry(versioned).or_insert(self.list.len());
            self.by_url.insert(profile.url.clone(), place);
            match self.list.get_mut(place) {
                Some(same) => *same = profile,
                None => self.list.push(profile),
            }
        }
    }

    /// Visits all bindings.
    pub(crate) fn each_binding(&self, visit: &mut dyn FnMut(&Binding)) {
        for profile in self.all() {
            bindings(&profile.root, visit);
        }
    }
}

fn bindings(element: &ProfileElement, visit: &mut dyn FnMut(&Binding)) {
    let rules = &element.rules;
    rules
        .binding
        .iter()
        .chain(&rules.more_bindings)
        .for_each(&mut *visit);
    for below in element.slices.iter().chain(&element.children) {
        bindings(below, visit);
    }
}

impl Profile {
    /// The canonical URL with the version.
    pub fn canonical(&self) -> Box<str> {
        match &self.version {
            Some(version) => format!("{}|{version}", self.url).into(),
            None => self.url.clone(),
        }
    }

    /// Whether a version that is asked for is this one; `4.0` is also `4.0.1`.
    fn has_version(&self, version: &str) -> bool {
        self.version.as_deref().is_none_or(|own| {
            let rest = own.strip_prefix(version);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

impl ProfileElement {
    /// What it says of the element of that name below it.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| &*child.name == name)
    }
}

impl Sample {
    pub(crate) fn new(type_name: &str, json: &str) -> Self {
        Self {
            type_name: type_name.into(),
            json: json.into(),
            parsed: OnceLock::new(),
        }
    }

    /// The value.
    pub fn value(&self) -> Option<Value<'_>> {
        let parsed = self
            .parsed
            .get_or_init(|| Document::parse(self.json.as_bytes().to_vec()).ok());
        parsed.as_ref().map(Document::root)
    }

    /// Its JSON text.
    pub fn json(&self) -> &str {
        &self.json
    }
}
