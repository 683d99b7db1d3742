//! The CodeSystem that an import is published by: all that is said of it but its concepts
//! (<https://hl7.org/fhir/R4/codesystem.html>).

use crate::json::Writer;

use super::columns::Mapping;
use super::{icd_10_cm, icd_categories, loinc, snomed, snomed_names};

/// Most letters of an id.
const ID_MAX: usize = 64;

/// A code system that is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The id of the CodeSystem.
    pub id: String,
    /// Its canonical URL.
    pub url: String,
    /// Its version.
    pub version: String,
    /// Its name for machines.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Whether all its codes are imported.
    pub is_complete: bool,
    case_sensitive: bool,
    language: Option<&'static str>,
    value_set: Option<&'static str>,
    has_hierarchy: bool,
    properties: Vec<Property>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Property {
    code: String,
    uri: Option<String>,
    kind: &'static str,
}

fn strings<'a>(names: impl Iterator<Item = &'a str>, uri: Option<&str>) -> Vec<Property> {
    let property = |name: &str| Property {
        code: name.to_owned(),
        uri: uri.map(|uri| format!("{uri}{name}")),
        kind: "string",
    };
    names.map(property).collect()
}

fn known(code: &str, meaning: &str, kind: &'static str) -> Property {
    Property {
        code: code.to_owned(),
        uri: Some(format!("http://hl7.org/fhir/concept-properties#{meaning}")),
        kind,
    }
}

fn own(code: &str, kind: &'static str) -> Property {
    Property {
        code: code.to_owned(),
        uri: None,
        kind,
    }
}

impl Head {
    /// LOINC in a version.
    pub fn loinc(version: &str, has_hierarchy: bool) -> Self {
        let mut properties = strings(loinc::properties(), Some("http://loinc.org/property/"));
        properties.push(known("inactive", "inactive", "boolean"));
        properties.push(own(loinc::ANSWER_LIST, "code"));
        Self {
            id: id("loinc", version),
            url: loinc::URL.to_owned(),
            version: version.to_owned(),
            name: "LOINC".to_owned(),
            title: "LOINC".to_owned(),
            is_complete: true,
            case_sensitive: false,
            language: Some("en"),
            value_set: Some("http://loinc.org/vs"),
            has_hierarchy,
            properties,
        }
    }

    /// SNOMED CT in the version of that URI.
    pub fn snomed(version: &str) -> Self {
        Self {
            id: id("snomed-ct", &snomed_names::short_version(version)),
            url: snomed::URL.to_owned(),
            version: version.to_owned(),
            name: "SNOMED_CT".to_owned(),
            title: "SNOMED CT".to_owned(),
            is_complete: true,
            case_sensitive: false,
            language: Some("en"),
            value_set: Some("http://snomed.info/sct?fhir_vs"),
            has_hierarchy: true,
            properties: vec![
                known("inactive", "inactive", "boolean"),
                own("sufficientlyDefined", "boolean"),
                own("moduleId", "code"),
                own(snomed::MEMBER_OF, "code"),
            ],
        }
    }

    /// ICD-10-CM of a year.
    pub fn icd_10_cm(version: &str) -> Self {
        let mut properties = strings(icd_categories::properties(), None);
        properties.push(known("notSelectable", "notSelectable", "boolean"));
        properties.push(own("billable", "boolean"));
        Self {
            id: id("icd-10-cm", version),
            url: icd_10_cm::URL.to_owned(),
            version: version.to_owned(),
            name: "ICD_10_CM".to_owned(),
            title: "ICD-10-CM".to_owned(),
            is_complete: true,
            case_sensitive: true,
            language: Some("en-US"),
            value_set: None,
            has_hierarchy: true,
            properties,
        }
    }

    /// Codes in a CSV file.
    pub fn columns(url: &str, version: &str, title: Option<&str>, mapping: &Mapping) -> Self {
        let last = url.trim_end_matches('/').rsplit(['/', ':']).next();
        let last = last.unwrap_or_default();
        Self {
            id: id(last, version),
            url: url.to_owned(),
            version: version.to_owned(),
            name: name(title.unwrap_or(last)),
            title: title.unwrap_or(last).to_owned(),
            is_complete: true,
            case_sensitive: true,
            language: None,
            value_set: None,
            has_hierarchy: true,
            properties: strings(mapping.properties(), None),
        }
    }

    /// What is imported of the code system, as a CodeSystem would say it that carries it.
    pub fn content(&self) -> &'static str {
        match self.is_complete {
            true => "complete",
            false => "fragment",
        }
    }

    /// The CodeSystem; its concepts stand elsewhere.
    pub fn resource(&self, concepts: u32) -> String {
        let mut writer = Writer::with_capacity(1024);
        writer.object(|resource| {
            resource.string("resourceType", "CodeSystem");
            resource.string("id", &self.id);
            resource.optional("language", self.language);
            resource.string("url", &self.url);
            if !self.version.is_empty() {
                resource.string("version", &self.version);
            }
            resource.string("name", &self.name);
            resource.string("title", &self.title);
            resource.string("status", "active");
            resource.boolean("caseSensitive", self.case_sensitive);
            resource.optional("valueSet", self.value_set);
            if self.has_hierarchy {
                resource.string("hierarchyMeaning", "is-a");
            }
            resource.string("content", "not-present");
            resource.number("count", concepts);
            if !self.properties.is_empty() {
                resource.array("property", |list| {
                    for property in &self.properties {
                        list.object(|one| {
                            one.string("code", &property.code);
                            one.optional("uri", property.uri.as_deref());
                            one.string("type", property.kind);
                        });
                    }
                });
            }
        });
        writer.finish()
    }
}

/// An id of a name and a version; what an id cannot have becomes a hyphen.
pub fn id(name: &str, version: &str) -> String {
    let whole = match version.is_empty() {
        true => name.to_owned(),
        false => format!("{name}-{version}"),
    };
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '.');
    let signs = whole
        .chars()
        .map(|sign| if is_sign(sign) { sign } else { '-' });
    signs.take(ID_MAX).collect::<String>().to_lowercase()
}

/// A name for machines: letters, digits and underscores, a capital first.
fn name(text: &str) -> String {
    let sign = |sign: char| match sign.is_ascii_alphanumeric() {
        true => sign,
        false => '_',
    };
    let mut name: String = text.chars().map(sign).collect();
    if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
        let first = name.chars().next().filter(char::is_ascii_lowercase);
        name = match first {
            Some(first) => format!("{}{}", first.to_ascii_uppercase(), &name[1..]),
            None => format!("C{name}"),
        };
    }
    name
}
