//! The order of the results (<https://hl7.org/fhir/R4/search.html#sort>).

use super::combine;
use super::error::SearchError;
use super::plan::{Sort, SortKey};
use super::planner::Planner;
use super::resolve;
use crate::definitions::search_parameters::SearchType;
use crate::ids::ResourceType;

/// The keys of `_sort`; no type searched is all of them.
pub(super) fn sort(
    planner: &Planner<'_>,
    searched: &[ResourceType],
    value: &str,
) -> Result<Vec<Sort>, SearchError> {
    let types = match searched {
        [] => ResourceType::all().collect(),
        some => some.to_vec(),
    };
    let mut keys: Vec<Sort> = Vec::new();
    let mut codes: Vec<&str> = Vec::new();
    for name in value.split(',') {
        let (code, descending) = direction(planner, &types, name);
        let key = named(planner, &types, code)?;
        if codes.contains(&code) {
            let message = "it names the same parameter twice";
            return Err(SearchError::malformed("_sort", message));
        }
        codes.push(code);
        // Two parameters may be two names of one element: the second orders nothing that the first has not.
        if keys.iter().all(|one| one.key != key) {
            keys.push(Sort { key, descending });
        }
        if codes.len() > planner.limits.sort_keys_max {
            let message = format!(
                "more than {} keys, the limit of an order",
                planner.limits.sort_keys_max
            );
            return Err(SearchError::too_costly("_sort", message));
        }
    }
    Ok(keys)
}

/// The names of an order that are keys, and why the others are none where a lenient search leaves them out.
pub(super) fn usable<'n>(
    planner: &Planner<'_>,
    searched: &[ResourceType],
    value: &'n str,
) -> (Vec<&'n str>, Vec<SearchError>) {
    let types = match searched {
        [] => ResourceType::all().collect(),
        some => some.to_vec(),
    };
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for name in value.split(',') {
        match named(planner, &types, direction(planner, &types, name).0) {
            Err(fault) if fault.can_be_dropped() => dropped.push(fault),
            // What cannot be read is refused with the rest.
            _ => kept.push(name),
        }
    }
    (kept, dropped)
}

fn named(
    planner: &Planner<'_>,
    types: &[ResourceType],
    code: &str,
) -> Result<SortKey, SearchError> {
    if code.is_empty() {
        let message = "a name between commas is empty";
        return Err(SearchError::malformed("_sort", message));
    }
    key(planner, types, code).map_err(|error| match error {
        KeyError::Unknown => unknown(planner, types, code),
        KeyError::NotReady(error) => error,
        KeyError::NotSupported(reason) => {
            let message = format!("sorting by '{code}' is not supported: {reason}");
            SearchError::not_supported("_sort", message)
        }
    })
}

/// A code and whether it is sorted downwards: `-date` is, but where `-date` is itself a code, and `date` is none.
fn direction<'n>(planner: &Planner<'_>, types: &[ResourceType], name: &'n str) -> (&'n str, bool) {
    let is_code = |code: &str| {
        types
            .iter()
            .all(|one| planner.definition(*one, code).is_some())
    };
    match name.strip_prefix('-') {
        Some(code) if is_code(code) || !is_code(name) => (code, true),
        _ => (name, false),
    }
}

/// Why a name is no key.
enum KeyError {
    Unknown,
    NotSupported(&'static str),
    NotReady(SearchError),
}

fn key(planner: &Planner<'_>, types: &[ResourceType], code: &str) -> Result<SortKey, KeyError> {
    match code {
        "_id" => return Ok(SortKey::Id),
        "_lastUpdated" => return Ok(SortKey::LastUpdated),
        "_score" => return Ok(SortKey::Score),
        _ => {}
    }
    let mut search_type = None;
    for resource_type in types {
        let definition = planner.definition(*resource_type, code);
        let definition = definition.ok_or(KeyError::Unknown)?;
        let ready = planner.check_ready("_sort", *resource_type, code);
        ready.map_err(KeyError::NotReady)?;
        let differs = |one: SearchType| one != definition.search_type;
        if search_type.is_some_and(differs) {
            let reason = "its search type differs between the types searched";
            return Err(KeyError::NotSupported(reason));
        }
        search_type = Some(definition.search_type);
    }
    if types.iter().any(|one| planner.seeds(*one, code).is_empty()) {
        let reason = "it has no values of its own that are indexed";
        return Err(KeyError::NotSupported(reason));
    }
    let seeds = || {
        let seeds = types.iter().flat_map(|one| planner.seeds(*one, code));
        combine::sorted(seeds.map(|one| one.seed))
    };
    match search_type {
        Some(SearchType::String) => Ok(SortKey::String(seeds())),
        Some(SearchType::Date) => Ok(SortKey::Date(seeds())),
        Some(SearchType::Number | SearchType::Quantity) => Ok(SortKey::Number(seeds())),
        Some(SearchType::Token | SearchType::Reference | SearchType::Uri) => {
            let paths = types.iter().map(|one| planner.index.sort_paths(*one, code));
            let mut paths: Vec<_> = paths.collect::<Option<_>>().ok_or(KeyError::NotSupported(
                "its values are computed, and stand nowhere in the content",
            ))?;
            paths.dedup();
            match (paths.pop(), paths.is_empty()) {
                (Some(paths), true) => Ok(SortKey::Text(paths)),
                _ => Err(KeyError::NotSupported(
                    "its values stand elsewhere in each of the types searched",
                )),
            }
        }
        Some(SearchType::Composite | SearchType::Special) | None => {
            Err(KeyError::NotSupported("its values have no order"))
        }
    }
}

fn unknown(planner: &Planner<'_>, types: &[ResourceType], code: &str) -> SearchError {
    let can_sort = |name: &&str| key(planner, types, name).is_ok();
    let names = planner.common_codes(types).into_iter().chain(["_score"]);
    let names: Vec<&str> = names.filter(can_sort).collect();
    let place = format!("there is no parameter '{code}' to sort by");
    SearchError::unknown(
        "_sort",
        resolve::list(&place, code, &combine::sorted(names)),
    )
}

#[cfg(test)]
mod tests;
