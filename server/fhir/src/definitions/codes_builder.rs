//! ValueSets and CodeSystems become code sets: from the expansion where there is a complete one, else from the
//! definition, as far as it lists codes.

use std::collections::{BTreeMap, HashMap};

use super::codes::{CodeSet, CodeSets, Codes, SystemCodes};
use crate::json::Value;

/// Collects ValueSets and CodeSystems.
#[derive(Debug, Default)]
pub(crate) struct CodeSetsBuilder {
    expansions: HashMap<String, Draft>,
    composes: HashMap<String, Compose>,
    versions: HashMap<String, Box<str>>,
    systems: HashMap<String, Vec<Box<str>>>,
}

/// Codes by system, and whether that is all.
#[derive(Clone, Debug, Default)]
struct Draft {
    systems: BTreeMap<String, Codes>,
    is_open: bool,
}

#[derive(Debug, Default)]
struct Compose {
    includes: Vec<Include>,
    excludes: Vec<Include>,
}

#[derive(Debug)]
struct Include {
    system: Option<String>,
    concepts: Option<Vec<Box<str>>>,
    has_filter: bool,
    value_sets: Vec<String>,
}

fn text(value: Value<'_>, name: &str) -> Option<String> {
    value.get(name)?.string().map(Into::into)
}

impl CodeSetsBuilder {
    /// Adds one ValueSet; the first definition and the first complete expansion of a URL count.
    pub(crate) fn add_value_set(&mut self, value_set: Value<'_>) {
        let Some(url) = text(value_set, "url") else {
            return;
        };
        if let Some(version) = text(value_set, "version") {
            let own = self.versions.entry(url.clone());
            own.or_insert_with(|| version.into());
        }
        if let Some(expansion) = value_set.get("expansion") {
            let mut draft = Draft::default();
            let count = contained(expansion, &mut draft);
            if count > 0 && !is_limited(expansion, count) {
                self.expansions.entry(url.clone()).or_insert(draft);
            }
        }
        if let Some(compose) = value_set.get("compose") {
            let list = |name| compose.get(name).into_iter().flat_map(Value::items);
            self.composes.entry(url).or_insert_with(|| Compose {
                includes: list("include").map(include).collect(),
                excludes: list("exclude").map(include).collect(),
            });
        }
    }

    /// Adds one CodeSystem, if it lists all its codes.
    pub(crate) fn add_code_system(&mut self, code_system: Value<'_>) {
        if text(code_system, "content").as_deref() != Some("complete") {
            return;
        }
        if let Some(url) = text(code_system, "url") {
            let mut codes = Vec::new();
            concepts(code_system, &mut codes);
            self.systems.entry(url).or_insert(codes);
        }
    }

    /// The sets of these URLs. One that nobody defines is open.
    pub(crate) fn build(&self, urls: impl Iterator<Item = Box<str>>) -> CodeSets {
        let sets: Vec<(CodeSet, Option<Box<str>>)> = urls
            .map(|url| {
                let draft = self.resolve(&url, 0);
                let version = self.versions.get(&*url).cloned();
                let systems = draft.systems.into_iter();
                let systems = systems.map(|(system, codes)| SystemCodes {
                    system: system.into(),
                    codes: codes.sorted(),
                });
                let set = CodeSet {
                    url,
                    is_open: draft.is_open,
                    systems: systems.collect(),
                };
                (set, version)
            })
            .collect();
        sets.into()
    }

    fn resolve(&self, url: &str, depth: usize) -> Draft {
        let open = Draft {
            is_open: true,
            ..Draft::default()
        };
        if let Some(draft) = self.expansions.get(url) {
            return draft.clone();
        }
        // R4's `maxValueSet` of expression languages names the registry itself.
        if url.ends_with("bcp/bcp13.txt") {
            return Draft {
                systems: [("urn:ietf:bcp:13".to_owned(), Codes::MimeTypes)].into(),
                is_open: false,
            };
        }
        let Some(compose) = self.composes.get(url).filter(|_| depth < 8) else {
            return open;
        };
        let mut draft = Draft::default();
        for include in &compose.includes {
            draft.add(self.included(include, depth));
        }
        for exclude in &compose.excludes {
            draft.remove(exclude);
        }
        draft
    }

    fn included(&self, include: &Include, depth: usize) -> Draft {
        let mut draft = Draft::default();
        match (&include.system, &*include.value_sets) {
            (Some(system), []) => {
                let codes = match (&include.concepts, include.has_filter) {
                    (Some(listed), _) => Codes::Listed(listed.clone()),
                    (None, true) => Codes::All,
                    (None, false) => self.whole(system),
                };
                draft.systems.insert(system.clone(), codes);
            }
            (None, [one]) => return self.resolve(one, depth + 1),
            // Intersections are not worked out here; saying "open" refuses nothing that is valid.
            _ => draft.is_open = true,
        }
        draft
    }

    fn whole(&self, system: &str) -> Codes {
        match system {
            "urn:ietf:bcp:47" => Codes::LanguageTags,
            "urn:ietf:bcp:13" => Codes::MimeTypes,
            _ => self
                .systems
                .get(system)
                .map_or(Codes::All, |codes| Codes::Listed(codes.clone())),
        }
    }
}

impl Draft {
    fn add(&mut self, other: Self) {
        self.is_open |= other.is_open;
        for (system, codes) in other.systems {
            match (self.systems.get_mut(&system), codes) {
                (Some(Codes::Listed(mine)), Codes::Listed(more)) => mine.extend(more),
                (_, codes) => {
                    self.systems.insert(system, codes);
                }
            }
        }
    }

    fn remove(&mut self, exclude: &Include) {
        let Some(Codes::Listed(mine)) = exclude
            .system
            .as_ref()
            .and_then(|system| self.systems.get_mut(system))
        else {
            return;
        };
        if let (Some(listed), false) = (&exclude.concepts, exclude.has_filter) {
            mine.retain(|code| !listed.contains(code));
        }
    }
}

impl Codes {
    fn sorted(self) -> Self {
        match self {
            Self::Listed(mut list) => {
                list.sort();
                list.dedup();
                Self::Listed(list)
            }
            other => other,
        }
    }
}

/// Whether the expansion is only a part. HL7's server says that it may be one, and cuts each system at 1 000 codes.
fn is_limited(expansion: Value<'_>, count: usize) -> bool {
    let parameters = expansion.get("parameter").into_iter();
    let may_be_cut = parameters
        .flat_map(Value::items)
        .any(|parameter| text(parameter, "name").as_deref() == Some("limitedExpansion"));
    let extensions = expansion.get("extension").into_iter();
    let too_costly = extensions.flat_map(Value::items).any(|extension| {
        text(extension, "url").is_some_and(|url| url.ends_with("valueset-toocostly"))
    });
    too_costly || (may_be_cut && count >= 1000)
}

/// Adds the codes below an expansion or one of its codes; answers how many.
fn contained(parent: Value<'_>, draft: &mut Draft) -> usize {
    let mut count = 0;
    for item in parent.get("contains").into_iter().flat_map(Value::items) {
        let is_abstract = item.get("abstract").and_then(Value::boolean) == Some(true);
        if let (Some(system), Some(code), false) =
            (text(item, "system"), text(item, "code"), is_abstract)
        {
            count += 1;
            let codes = draft
                .systems
                .entry(system)
                .or_insert_with(|| Codes::Listed(Vec::new()));
            if let Codes::Listed(list) = codes {
                list.push(code.into());
            }
        }
        count += contained(item, draft);
    }
    count
}

fn concepts(parent: Value<'_>, codes: &mut Vec<Box<str>>) {
    for concept in parent.get("concept").into_iter().flat_map(Value::items) {
        codes.extend(text(concept, "code").map(Box::from));
        concepts(concept, codes);
    }
}

fn include(item: Value<'_>) -> Include {
    Include {
        system: text(item, "system"),
        concepts: item.get("concept").map(|list| {
            list.items()
                .filter_map(|concept| text(concept, "code").map(Box::from))
                .collect()
        }),
        has_filter: item.get("filter").is_some(),
        value_sets: item
            .get("valueSet")
            .into_iter()
            .flat_map(Value::items)
            .filter_map(|url| url.string())
            .map(|url| url.split('|').next().unwrap_or_default().to_owned())
            .collect(),
    }
}
