//! `:in`, `:not-in`, `:above` and `:below` of tokens: what codes mean (<https://hl7.org/fhir/R4/search.html#token>).

use super::super::coded::{CodesAsked, FoundCodes};
use super::super::combine;
use super::super::error::SearchError;
use super::super::hash;
use super::super::plan::Clause;
use super::super::planner::Planner;
use super::super::resolve::Resolved;
use super::super::values::media_type;
use super::token::{add, parts};
use super::{elements, elements_within, plain};

/// How a code is related to what is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    In,
    NotIn,
    Above,
    Below,
}

impl Relation {
    /// What a modifier asks for, where it asks what codes mean.
    pub(super) fn of(modifier: Option<&str>) -> Option<Self> {
        match modifier? {
            "in" => Some(Self::In),
            "not-in" => Some(Self::NotIn),
            "above" => Some(Self::Above),
            "below" => Some(Self::Below),
            _ => None,
        }
    }

    fn asked(self, resolved: &Resolved<'_>, value: &str) -> Result<CodesAsked, SearchError> {
        if matches!(self, Self::In | Self::NotIn) {
            return match plain(resolved, value)? {
                none if none.is_empty() => Err(resolved.malformed("a value is a value set")),
                value_set => Ok(CodesAsked::In(value_set.into())),
            };
        }
        let (system, code) = match parts(resolved, value)? {
            (Some(system), code) if !system.is_empty() && !code.is_empty() => (system, code),
            _ => {
                let message =
                    "what is above and below a code, its system says: a value is 'system|code'";
                return Err(resolved.malformed(message));
            }
        };
        let system = plain(resolved, system)?.into();
        let code = plain(resolved, code)?.into();
        Ok(match self {
            Self::Above => CodesAsked::Above { system, code },
            Self::In | Self::NotIn | Self::Below => CodesAsked::Below { system, code },
        })
    }
}

/// Resources with a code of those asked for; for `:not-in` those with none, as for `:not`.
pub(super) fn coded(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
    relation: Relation,
) -> Result<Option<Clause>, SearchError> {
    let Some(known) = planner.codes else {
        let message = "it asks what codes mean, which is not asked here";
        return Err(resolved.not_supported(message).essential());
    };
    if relation == Relation::Below
        && let Some(found) = below_media_type(planner, resolved)?
    {
        return elements(planner, resolved, found, Clause::AnyToken).map(Some);
    }
    let mut found = Vec::new();
    for value in &resolved.values {
        let asked = relation.asked(resolved, value)?;
        // What is not known yet is asked, and all of this planned again.
        if let Some(codes) = known.codes(resolved.text, asked)? {
            found.extend(tokens(planner, resolved, &codes));
        }
    }
    let most = planner.limits.coded_elements_max;
    let one_of = elements_within(most, resolved, found, Clause::AnyToken)?;
    Ok(match relation {
        Relation::NotIn => combine::not(Some(one_of)),
        Relation::In | Relation::Above | Relation::Below => Some(one_of),
    })
}

/// The elements of codes. An element of type `code` whose system nothing tells has one if any system has it.
fn tokens(planner: &Planner<'_>, resolved: &Resolved<'_>, codes: &FoundCodes) -> Vec<i64> {
    let bare = resolved.types().into_iter();
    let bare = bare.flat_map(|one| planner.index.bare_codes(one, resolved.code));
    let bare = combine::sorted(bare.copied());
    let seeds = resolved.seeds();
    let mut found = Vec::with_capacity(codes.len());
    for one in codes.iter() {
        let (system, code) = (Some(&*one.system), &*one.code);
        for seed in &seeds {
            add(&mut found, *seed, system, code, one.is_uncased);
        }
        for seed in &bare {
            add(&mut found, *seed, Some(""), code, one.is_uncased);
        }
    }
    found
}

/// Finds a media type whatever its parameters (<https://hl7.org/fhir/R4/search.html#token>); nothing where not all values
/// of the parameter are media types.
fn below_media_type(
    planner: &Planner<'_>,
    resolved: &Resolved<'_>,
) -> Result<Option<Vec<i64>>, SearchError> {
    let types = resolved.types().into_iter();
    let seeds = types.flat_map(|one| planner.index.media_types(one, resolved.code));
    let seeds = combine::sorted(seeds.copied());
    if seeds.is_empty() || seeds != resolved.seeds() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for value in &resolved.values {
        let (None, code) = parts(resolved, value)? else {
            return Err(resolved
                .malformed("what is above and below a media type, it says itself: 'text/xml'"));
        };
        let small = media_type(&plain(resolved, code)?);
        found.extend(seeds.iter().map(|seed| hash::media_type(*seed, &small)));
    }
    Ok(Some(found))
}
