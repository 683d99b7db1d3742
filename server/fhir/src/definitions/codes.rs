//! The codes of value sets that bindings hold instances to (<https://hl7.org/fhir/R4/valueset.html>).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::terminology::canonical::{Canonical, version_matches};

/// A value set's place in [`CodeSets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CodeSetId(pub(crate) u16);

/// The value sets whose codes are known here.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Versioned>", into = "Vec<Versioned>")]
pub struct CodeSets {
    sets: Vec<CodeSet>,
    /// The version of each.
    versions: Vec<Option<Box<str>>>,
    by_url: HashMap<Box<str>, CodeSetId>,
}

/// A value set and its version.
pub(crate) type Versioned = (CodeSet, Option<Box<str>>);

/// The codes of one value set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSet {
    /// The canonical URL, without version.
    pub url: Box<str>,
    /// What each code system contributes, by system.
    pub systems: Vec<SystemCodes>,
    /// Whether codes of other systems, or more codes of these, may belong to it too: it could not be enumerated.
    pub is_open: bool,
}

/// What one code system contributes to a value set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemCodes {
    /// The system's URI.
    pub system: Box<str>,
    /// Its codes.
    pub codes: Codes,
}

/// Codes of one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Codes {
    /// These, sorted.
    Listed(Vec<Box<str>>),
    /// All of a system that is not enumerated here: UCUM.
    All,
    /// Language tags by the shape of BCP 47.
    LanguageTags,
    /// MIME types by the shape of BCP 13.
    MimeTypes,
}

impl From<Vec<Versioned>> for CodeSets {
    fn from(sets: Vec<Versioned>) -> Self {
        let (sets, versions): (Vec<CodeSet>, Vec<_>) = sets.into_iter().unzip();
        let by_url = sets
            .iter()
            .zip(0u16..)
            .map(|(set, place)| (set.url.clone(), CodeSetId(place)))
            .collect();
        Self {
            sets,
            versions,
            by_url,
        }
    }
}

impl From<CodeSets> for Vec<Versioned> {
    fn from(sets: CodeSets) -> Self {
        sets.sets.into_iter().zip(sets.versions).collect()
    }
}

impl CodeSets {
    /// The value set of that canonical URL.
    pub fn by_url(&self, url: &str) -> Option<&CodeSet> {
        self.by_url.get(url).map(|id| self.get(*id))
    }

    /// The value set of a canonical URL, and of the version behind `|` where it names one.
    pub fn by_canonical(&self, canonical: &str) -> Option<&CodeSet> {
        let Canonical { url, version } = Canonical::parse(canonical);
        let id = self.by_url.get(&url)?;
        let own = self.versions.get(usize::from(id.0))?.as_deref();
        let is_it = |wanted: &str| {
            // R4 was corrected twice; its value sets are the same ones.
            let is_r4 = |version: &str| matches!(version, "4.0" | "4.0.0" | "4.0.1");
            own.is_some_and(|own| version_matches(wanted, own) || is_r4(wanted) && is_r4(own))
        };
        let fits = version.as_deref().is_none_or(is_it);
        fits.then(|| self.get(*id))
    }

    /// The value set at a place.
    pub fn get(&self, id: CodeSetId) -> &CodeSet {
        &self.sets[usize::from(id.0)]
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &CodeSet> {
        self.sets.iter()
    }

    pub(crate) fn id(&self, url: &str) -> Option<CodeSetId> {
        self.by_url.get(url).copied()
    }
}

/// Whether a code belongs to a value set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// It does.
    In,
    /// It does not.
    Out,
    /// The value set, or the part of it that counts, is not enumerated here.
    Unknown,
}

impl CodeSet {
    /// Whether a code belongs to it, as far as that is known; without a system, a code of any system.
    pub fn membership(&self, system: Option<&str>, code: &str) -> Membership {
        let mut parts = self
            .systems
            .iter()
            .filter(|part| system.is_none_or(|system| *part.system == *system));
        let mut unknown = self.is_open;
        let found = parts.any(|part| match part.codes {
            Codes::All => {
                unknown = true;
                false
            }
            _ => part.codes.contain(code),
        });
        match (found, unknown) {
            (true, _) => Membership::In,
            (false, true) => Membership::Unknown,
            (false, false) => Membership::Out,
        }
    }

    /// Whether a code of any of its systems is this one: the question for elements of type `code`.
    pub fn has_code(&self, code: &str) -> bool {
        self.is_open || self.systems.iter().any(|one| one.codes.contain(code))
    }

    /// Whether a code of that system belongs to it: the question for `Coding`.
    pub fn has(&self, system: &str, code: &str) -> bool {
        self.is_open
            || self
                .systems
                .iter()
                .any(|one| *one.system == *system && one.codes.contain(code))
    }
}

impl Codes {
    fn contain(&self, code: &str) -> bool {
        match self {
            Self::Listed(list) => list.binary_search_by(|listed| (**listed).cmp(code)).is_ok(),
            Self::All => true,
            Self::LanguageTags => is_language_tag(code),
            Self::MimeTypes => is_mime_type(code),
        }
    }
}

/// Subtags of letters and digits, 1 to 8 long, the first of letters only (<https://www.rfc-editor.org/rfc/rfc5646#section-2.1>).
pub(crate) fn is_language_tag(text: &str) -> bool {
    let mut subtags = text.split('-');
    let first = subtags.next().unwrap_or_default();
    let within = |subtag: &str| (1..=8).contains(&subtag.len());
    let begins = match first.len() {
        1 => matches!(first, "x" | "X" | "i" | "I") && text.len() > 2,
        _ => within(first),
    };
    begins
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && subtags.all(|subtag| within(subtag) && subtag.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// `type/subtype` of restricted names, parameters behind `;` (<https://www.rfc-editor.org/rfc/rfc6838#section-4.2>);
/// and FHIR's short names of its own formats (<https://hl7.org/fhir/R4/http.html#mime-type>).
pub(crate) fn is_mime_type(text: &str) -> bool {
    if matches!(text, "xml" | "json" | "ttl") {
        return true;
    }
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let Some((major, minor)) = essence.split_once('/') else {
        return false;
    };
    let name = |name: &str| {
        (1..=127).contains(&name.len())
            && name
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_alphanumeric())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    name(major) && name(minor)
}
