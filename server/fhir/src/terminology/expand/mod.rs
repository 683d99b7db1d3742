//! `$expand`: the codes of a value set (<https://hl7.org/fhir/R4/valueset-operation-expand.html>).

mod codes;
mod pages;
mod parts;
mod tree;
mod uses;
mod write;

use std::sync::Arc;

use super::canonical::Canonical;
use super::fault::Stop;
use super::knowledge::Knowledge;
use super::language::Languages;
use super::settings::Settings;
use super::sources::Sources;
use super::value_set::ValueSet;

pub use codes::Entry;
pub(super) use codes::Expander;

/// What is asked of an expansion.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// Words that the codes or texts have.
    pub filter: Option<Box<str>>,
    /// How many are passed over.
    pub offset: Option<usize>,
    /// Most that are answered.
    pub count: Option<usize>,
    /// Whether other texts are answered.
    pub include_designations: Option<bool>,
    /// Which: `urn:ietf:bcp:47|de`, or the system and code of their use.
    pub designations: Vec<Box<str>>,
    /// Whether the whole definition is answered.
    pub include_definition: Option<bool>,
    /// Properties that are answered.
    pub properties: Vec<Box<str>>,
    /// Whether codes stand below others: they do not where it is true.
    pub exclude_nested: Option<bool>,
    /// Whether codes that only group others are left out.
    pub exclude_abstract: Option<bool>,
    /// Code systems whose codes are left out.
    pub exclude_systems: Vec<Canonical>,
    /// Only codes that are still used.
    pub active_only: Option<bool>,
    /// What identifies the expansion.
    pub identifier: Box<str>,
    /// When it is made.
    pub timestamp: Box<str>,
}

/// Expands a value set: the text of the ValueSet that carries the expansion.
pub fn expand(
    knowledge: &Knowledge,
    settings: &Settings,
    value_set: &Arc<ValueSet>,
    asked: &Expansion,
) -> Result<String, Stop> {
    let settings = wished(settings, value_set, asked);
    let sources = Sources {
        knowledge,
        settings: &settings,
    };
    sources.prepare(value_set)?;
    sources.check_supplements(value_set)?;
    let words = words(asked.filter.as_deref().unwrap_or_default());
    let mut expander = Expander::new(sources).searching(words.clone());
    let written = |uses, shown: &[Entry], entries: &[Entry], total| {
        let page = write::Page {
            value_set,
            settings: &settings,
            asked,
            uses,
            shown,
            entries,
            total,
        };
        page.write()
    };
    if asked.count.is_some()
        && let Some(page) = expander.page(value_set, asked)?
    {
        let shown = &page.entries;
        return Ok(written(expander.uses(), shown, shown, page.total));
    }
    let mut entries = expander.codes(value_set)?;
    entries.retain(|entry| asked.takes(entry) && entry.has_words(&words));
    let begin = asked.offset.unwrap_or_default().min(entries.len());
    let rest = entries.len() - begin;
    let end = begin + asked.count.map_or(rest, |count| count.min(rest));
    let (shown, total) = (&entries[begin..end], Some(entries.len()));
    Ok(written(expander.uses(), shown, &entries, total))
}

impl Expansion {
    /// Whether a code is wanted, as far as that is not said by the settings.
    fn takes(&self, entry: &Entry) -> bool {
        let is_group = self.exclude_abstract == Some(true) && entry.is_abstract;
        !is_group && !self.leaves_out(&entry.system, entry.version.as_deref())
    }

    /// Whether the codes of a code system are left out.
    fn leaves_out(&self, system: &str, version: Option<&str>) -> bool {
        self.exclude_systems.iter().any(|one| {
            *one.url == *system && (one.version.is_none() || one.version.as_deref() == version)
        })
    }
}

/// All codes of a value set.
pub fn codes(
    knowledge: &Knowledge,
    settings: &Settings,
    value_set: &Arc<ValueSet>,
) -> Result<Vec<Entry>, Stop> {
    let sources = Sources {
        knowledge,
        settings,
    };
    sources.prepare(value_set)?;
    Expander::new(sources).codes(value_set)
}

/// The settings, with what the value set itself wishes where the request says nothing.
fn wished(settings: &Settings, value_set: &ValueSet, asked: &Expansion) -> Settings {
    let mut settings = settings.clone();
    settings.active_only |= asked.active_only == Some(true);
    let compose = value_set.compose.as_ref();
    let wish = |name| compose.and_then(|compose| compose.parameter(name));
    if settings.languages.is_empty() {
        let language = wish("displayLanguage").or(value_set.language.as_deref());
        if let Some(languages) = language.and_then(Languages::parse) {
            settings.languages = languages;
        }
    }
    settings
}

/// The words of a filter, in lower case.
fn words(filter: &str) -> Vec<Box<str>> {
    let words = filter.split_whitespace();
    words.map(|word| word.to_lowercase().into()).collect()
}
