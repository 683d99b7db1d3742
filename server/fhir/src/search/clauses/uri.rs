//! URIs, letter by letter or along their path (<https://hl7.org/fhir/R4/search.html#uri>).

use super::super::combine;
use super::super::error::SearchError;
use super::super::hash;
use super::super::plan::Clause;
use super::super::planner::Planner;
use super::super::query::split_unescaped;
use super::super::resolve::Resolved;
use super::super::url_path;
use super::{elements, plain};
use crate::definitions::search_parameters::SearchType;

pub(super) fn uri(planner: &Planner<'_>, resolved: &Resolved<'_>) -> Result<Clause, SearchError> {
    let seeds = resolved.seeds();
    let mut found = Vec::new();
    match resolved.modifier {
        Some("below") => {
            for value in &resolved.values {
                let text = hierarchical(resolved, value)?;
                let text = text.trim_end_matches('/');
                found.extend(seeds.iter().map(|seed| hash::url_below(*seed, text)));
            }
        }
        Some("above") => {
            for value in &resolved.values {
                let text = hierarchical(resolved, value)?;
                for above in url_path::ancestors(&text) {
                    let with_slash = format!("{above}/");
                    found.extend(
                        seeds.iter().flat_map(|seed| {
                            [hash::url(*seed, above), hash::url(*seed, &with_slash)]
                        }),
                    );
                }
            }
        }
        _ => return uris(planner, resolved),
    }
    elements(planner, resolved, found, Clause::AnyToken)
}

/// Whole URIs. The canonical URL of a resource may have a business version behind it.
pub(in super::super) fn uris(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Clause, SearchError> {
    let seeds = resolved.seeds();
    let mut conditions = Vec::new();
    for value in &resolved.values {
        let mut parts = split_unescaped(value, '|');
        let versioned = match (parts.next(), parts.next(), parts.next()) {
            (Some(url), Some(version), None) if has_version(planner, resolved) => {
                Some((plain(resolved, url)?, plain(resolved, version)?))
            }
            _ => None,
        };
        let whole = plain(resolved, value)?;
        let whole = seeds.iter().map(|seed| hash::url(*seed, &whole)).collect();
        conditions.push(Some(elements(planner, resolved, whole, Clause::AnyToken)?));
        if let Some((url, version)) = versioned {
            let urls = seeds.iter().map(|seed| hash::url(*seed, &url)).collect();
            let types = resolved.types();
            let version_seeds = types.iter().flat_map(|one| planner.seeds(*one, "version"));
            let versions = version_seeds
                .map(|one| hash::code(one.seed, &version))
                .collect();
            conditions.push(combine::all([
                Some(elements(planner, resolved, urls, Clause::AnyToken)?),
                Some(elements(planner, resolved, versions, Clause::AnyToken)?),
            ]));
        }
    }
    Ok(combine::any(conditions).unwrap_or(Clause::Nothing))
}

/// Whether the parameter is the canonical URL of its resources, which have a version beside it.
fn has_version(planner: &Planner<'_>, resolved: &Resolved<'_>) -> bool {
    let is_token = |one: &crate::ids::ResourceType| {
        let version = planner.definition(*one, "version");
        version.is_some_and(|version| version.search_type == SearchType::Token)
    };
    resolved.code == "url" && resolved.types().iter().all(is_token)
}

/// Only URLs have something above and below them.
fn hierarchical(resolved: &Resolved<'_>, value: &str) -> Result<String, SearchError> {
    let text = plain(resolved, value)?;
    if url_path::ancestors(&text).next().is_none() {
        let message = "':above' and ':below' compare URLs by their path; a value is not such a URL";
        return Err(resolved.malformed(message));
    }
    Ok(text)
}
