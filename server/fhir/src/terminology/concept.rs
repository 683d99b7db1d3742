//! A concept of a code system (<https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.concept>).

use crate::json::Value;

/// A concept with its place in the hierarchy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concept {
    /// The code.
    pub code: Box<str>,
    /// The display, in the language of the code system.
    pub display: Option<Box<str>>,
    /// What it means.
    pub definition: Option<Box<str>>,
    /// Other texts for it.
    pub designations: Vec<Designation>,
    /// What else is said of it.
    pub properties: Vec<Property>,
    /// Extensions.
    pub extensions: Vec<Extension>,
    /// The codes right above it.
    pub parents: Vec<Box<str>>,
    /// The codes above it, all of them.
    pub ancestors: Vec<Box<str>>,
    /// Whether any is below it.
    pub has_children: bool,
}

/// Another text for a concept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Designation {
    /// Its language.
    pub language: Option<Box<str>>,
    /// What it is for.
    pub usage: Option<Coding>,
    /// The text.
    pub value: Box<str>,
    /// Extensions.
    pub extensions: Vec<Extension>,
}

/// System, version, code and display.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Coding {
    /// The code system.
    pub system: Option<Box<str>>,
    /// Its version.
    pub version: Option<Box<str>>,
    /// The code.
    pub code: Option<Box<str>>,
    /// The text for it.
    pub display: Option<Box<str>>,
}

/// What is said of a concept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The code of the property.
    pub code: Box<str>,
    /// `valueCode`, `valueString` …
    pub member: Box<str>,
    /// The value as JSON.
    pub json: Box<str>,
    /// The value as text; of a Coding its code.
    pub text: Box<str>,
}

/// An extension with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// What it is.
    pub url: Box<str>,
    /// `valueCode`, `valueString` …; nothing where it has parts.
    pub member: Box<str>,
    /// The value as JSON.
    pub value: Box<str>,
    /// The value as text.
    pub text: Box<str>,
    /// The extension as JSON.
    pub json: Box<str>,
}

impl Concept {
    /// Reads a concept; nothing above or below it. `None` without a code.
    pub fn read(concept: Value<'_>) -> Option<Self> {
        Some(Self {
            code: text(concept, "code")?,
            display: text(concept, "display"),
            definition: text(concept, "definition"),
            designations: items(concept, "designation")
                .filter_map(Designation::read)
                .collect(),
            properties: items(concept, "property").filter_map(property).collect(),
            extensions: Extension::list(concept),
            ..Self::default()
        })
    }

    /// The code, and all texts for it.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let designations = self.designations.iter().map(|one| &*one.value);
        let display = self.display.as_deref().into_iter();
        std::iter::once(&*self.code)
            .chain(display)
            .chain(designations)
    }

    /// The values of a property, as text.
    pub fn values<'a>(&'a self, property: &'a str) -> impl Iterator<Item = &'a str> {
        self.properties
            .iter()
            .filter(move |one| &*one.code == property)
            .map(|one| &*one.text)
    }

    /// The text of an extension.
    pub fn extension(&self, url: &str) -> Option<&str> {
        extension(&self.extensions, url)
    }
}

impl Designation {
    /// Reads a designation of a concept or of a value set.
    pub fn read(designation: Value<'_>) -> Option<Self> {
        Some(Self {
            language: text(designation, "language"),
            usage: designation.get("use").map(Coding::read),
            value: text(designation, "value")?,
            extensions: Extension::list(designation),
        })
    }

    /// Whether it is a display in another language: it has no use, or one that says so.
    pub fn is_display(&self) -> bool {
        self.usage.as_ref().is_none_or(|usage| {
            matches!(
                usage.code.as_deref(),
                Some("display" | "preferredForLanguage")
            )
        })
    }
}

impl Coding {
    /// Reads a Coding.
    pub fn read(coding: Value<'_>) -> Self {
        Self {
            system: text(coding, "system"),
            version: text(coding, "version"),
            code: text(coding, "code"),
            display: text(coding, "display"),
        }
    }
}

impl Extension {
    /// The extensions of an element.
    pub fn list(element: Value<'_>) -> Vec<Self> {
        items(element, "extension").filter_map(Self::read).collect()
    }

    fn read(extension: Value<'_>) -> Option<Self> {
        let value = extension
            .members()
            .find(|(name, _)| name.starts_with("value"));
        let primitive = value.as_ref().and_then(|(_, value)| value.primitive());
        Some(Self {
            url: text(extension, "url")?,
            text: primitive.unwrap_or_default().into(),
            value: value.as_ref().map_or("", |(_, value)| value.raw()).into(),
            member: value
                .map_or_else(String::new, |(name, _)| name.into_owned())
                .into(),
            json: extension.raw().into(),
        })
    }
}

/// The text of the extension of that URL.
pub(super) fn extension<'a>(extensions: &'a [Extension], url: &str) -> Option<&'a str> {
    let found = extensions.iter().find(|one| &*one.url == url);
    found.map(|one| &*one.text)
}

fn property(property: Value<'_>) -> Option<Property> {
    let (member, value) = property
        .members()
        .find(|(name, _)| name.starts_with("value"))?;
    let of_coding = || value.get("code").and_then(Value::string);
    Some(Property {
        code: text(property, "code")?,
        text: value
            .primitive()
            .or_else(of_coding)
            .unwrap_or_default()
            .into(),
        json: value.raw().into(),
        member: member.into(),
    })
}

/// The text of a member.
pub(super) fn text(object: Value<'_>, name: &str) -> Option<Box<str>> {
    object.get(name).and_then(Value::string).map(Into::into)
}

/// The items of a list.
pub(super) fn items<'a>(object: Value<'a>, name: &str) -> impl Iterator<Item = Value<'a>> {
    object.get(name).into_iter().flat_map(Value::items)
}
