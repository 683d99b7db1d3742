//! The elements of references, canonicals and URIs, for index and search alike
//! (<https://hl7.org/fhir/R4/search.html#reference>).

use super::hash;
use super::index_plan::ParameterSeed;
use crate::definitions::search_parameters::SearchParameter;
use crate::ids::{Reference, ResourceId, ResourceType};

/// The types a reference parameter of a type may point at. Where its expressions for the type all end in
/// `where(resolve() is T)`, only those: fewer elements to look for.
pub(super) fn targets(
    definition: &SearchParameter,
    resource_type: ResourceType,
) -> Vec<ResourceType> {
    let filtered = filtered_targets(definition, resource_type);
    if let Some(filtered) = filtered.filter(|types| !types.is_empty()) {
        return filtered;
    }
    let named: Vec<ResourceType> = definition
        .targets
        .iter()
        .filter_map(|name| ResourceType::parse(name))
        .collect();
    // None named, or an abstract one: any.
    if named.is_empty() || named.len() < definition.targets.len() {
        return ResourceType::all().collect();
    }
    named
}

fn filtered_targets(
    definition: &SearchParameter,
    resource_type: ResourceType,
) -> Option<Vec<ResourceType>> {
    let filter = |part: &str| {
        let (path, filter) = part.split_once(".where(resolve() is ")?;
        let target = ResourceType::parse(filter.strip_suffix(')')?)?;
        path.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
            .then_some(target)
    };
    let parts = definition.expression.as_deref()?.split('|').map(str::trim);
    let mut targets: Vec<ResourceType> = parts
        .filter(|part| {
            let elsewhere = part
                .split_once('.')
                .and_then(|(name, _)| ResourceType::parse(name));
            elsewhere.is_none_or(|named| named == resource_type)
        })
        .map(filter)
        .collect::<Option<_>>()?;
    targets.sort_unstable();
    targets.dedup();
    Some(targets)
}

/// Elements of the text of a `Reference.reference`; nothing for a contained resource, which no search names.
pub(super) fn reference_elements(seed: i64, text: &str, reference: &Reference, out: &mut Vec<i64>) {
    match reference {
        Reference::Local { key, version } => {
            let target = hash::key_hash(key);
            out.push(hash::reference(seed, target));
            if let Some(version) = version {
                out.push(hash::versioned_reference(seed, target, version));
            }
        }
        Reference::Contained(_) => {}
        Reference::Urn(_) | Reference::Conditional { .. } | Reference::External(_) => {
            out.push(hash::url(seed, text));
            if let Some((unversioned, _)) = text.split_once("/_history/") {
                out.push(hash::url(seed, unversioned));
            }
        }
    }
}

/// Elements of a canonical: with its version, and without version and fragment.
pub(super) fn canonical_elements(seed: i64, text: &str, base_url: &str, out: &mut Vec<i64>) {
    if text.starts_with('#') {
        return;
    }
    let (whole, _fragment) = text.split_once('#').unwrap_or((text, ""));
    out.push(hash::canonical(seed, whole));
    match whole.rsplit_once('|') {
        Some((url, version)) => {
            reference_elements(seed, url, &Reference::parse(url, base_url), out);
            out.push(versioned_canonical(seed, url, version, base_url));
        }
        None => reference_elements(seed, whole, &Reference::parse(whole, base_url), out),
    }
    if whole.len() < text.len() {
        out.push(hash::url(seed, text));
    }
}

/// Elements of the canonical URL that a resource has: what canonical references to it are joined with.
pub(super) fn named_elements(
    resource_type: ResourceType,
    url: &str,
    version: Option<&str>,
    out: &mut Vec<i64>,
) {
    let seed = hash::named_seed(resource_type);
    out.push(hash::canonical(seed, url));
    if let Some(version) = version {
        out.push(hash::canonical(seed, &format!("{url}|{version}")));
    }
}

/// Elements of a canonical as the value of a uri parameter: letter by letter, and without its version.
pub(super) fn canonical_uri_elements(seed: i64, text: &str, out: &mut Vec<i64>) {
    out.push(hash::url(seed, text));
    if let Some((url, _)) = text.rsplit_once('|') {
        out.push(hash::url(seed, url));
    }
}

fn versioned_canonical(seed: i64, url: &str, version: &str, base_url: &str) -> i64 {
    match Reference::parse(url, base_url) {
        Reference::Local { key, .. } => hash::url(seed, &format!("{key}|{version}")),
        _ => hash::url(seed, &format!("{url}|{version}")),
    }
}

/// What a search value of a reference parameter may name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought<'a> {
    /// The value, without escapes.
    pub(super) text: &'a str,
    /// This server's base URL.
    pub(super) base_url: &'a str,
    /// The type of a modifier.
    pub(super) narrowed: Option<ResourceType>,
    /// The types a bare id may be of.
    pub(super) targets: &'a [ResourceType],
    /// Whether values may be canonicals: texts of any form, those of an id as well.
    pub(super) is_canonical: bool,
}

/// Elements any of which a resource has that refers to what a search value names.
pub(super) fn search_elements(parameter: ParameterSeed, sought: Sought<'_>, out: &mut Vec<i64>) {
    let ParameterSeed { seed, target } = parameter;
    let Sought {
        text,
        base_url,
        narrowed,
        ..
    } = sought;
    let fits = |resource_type: ResourceType| {
        narrowed.is_none_or(|one| one == resource_type)
            && target.is_none_or(|one| one == resource_type)
    };
    match Reference::parse(text, base_url) {
        Reference::Local { key, version } if fits(key.resource_type) => {
            let target = hash::key_hash(&key);
            out.push(match version {
                Some(version) => hash::versioned_reference(seed, target, &version),
                None => hash::reference(seed, target),
            });
        }
        Reference::Local { .. } | Reference::Contained(_) => {}
        Reference::External(_) if ResourceId::is_valid(text) => {
            let target = |one: ResourceType| hash::target_hash(one, text);
            let targets = sought.targets.iter().copied().filter(|one| fits(*one));
            out.extend(targets.map(|one| hash::reference(seed, target(one))));
            if sought.is_canonical && narrowed.is_none() {
                out.push(hash::url(parameter.own(), text));
            }
        }
        Reference::External(_) if narrowed.is_some_and(|one| !names_type(text, one)) => {}
        Reference::Urn(_) | Reference::Conditional { .. } | Reference::External(_) => {
            out.push(match text.rsplit_once('|') {
                Some((url, version)) => {
                    versioned_canonical(parameter.own(), url, version, base_url)
                }
                None => hash::url(parameter.own(), text),
            });
        }
    }
}

/// Whether a URL of another server says that its resource is of a type.
fn names_type(url: &str, resource_type: ResourceType) -> bool {
    let path = url.split_once("/_history/").map_or(url, |(path, _)| path);
    let mut segments = path.rsplit('/');
    segments.next().is_some_and(ResourceId::is_valid)
        && segments.next() == Some(resource_type.name())
}
