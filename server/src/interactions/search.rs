//! search of a type, of all, or of a compartment (<https://hl7.org/fhir/R4/http.html#search>).

#[cfg(test)]
mod chained_tests;
#[cfg(test)]
mod coded_tests;
mod contained;
#[cfg(test)]
mod hierarchy_tests;
mod own;
mod scope;
#[cfg(test)]
mod tests;

use contained::ContainedSearch;
use fhir::search::plan::{Contained, Plan, Summary, Total};
use http::StatusCode;
use own::OwnMatches;

use super::perform::Interactions;
use super::{Outcome, SearchScope, paging, permission};
use crate::context::RequestContext;
use crate::error::{Error, Result};
use crate::searchset::{PageLinks, Searchset};
use crate::store::{SearchPage, Source};
use crate::terminology::planned;

/// A searchset Bundle: one page of matches and what is included with them, with links to the other pages.
pub(super) async fn search(
    interactions: &Interactions,
    cx: &RequestContext,
    source: &mut Source<'_>,
    scope: &SearchScope,
    query: &str,
) -> Result<Outcome> {
    let definitions = &interactions.definitions;
    let searched = scope::searched(cx, scope, query);
    let plan = planned(cx, &interactions.store, definitions, &searched).await?;
    if matches!(scope, SearchScope::System) {
        permission::permit_types(cx, &plan.resource_types)?;
    }
    let path = scope::path(cx, scope);
    let cursor = paging::cursor(query)?;
    let mut understood = plan.understood.clone();
    understood.extend(paging::formats(query)?);
    let limits = &cx.limits;
    let count = plan
        .count
        .unwrap_or(limits.page_size)
        .min(limits.page_size_max);
    let counts_only = plan.summary == Summary::Count || count == 0;
    let is_place = |of: fn(&str) -> bool| cursor.as_deref().is_some_and(of);
    let is_within = plan.contained != Contained::False && is_place(contained::is_place);
    let is_own = is_place(own::is_place);
    let is_elsewhere = counts_only || is_within || is_own || plan.contained == Contained::True;
    let from = cursor.as_deref();
    let mut page = match is_elsewhere {
        true => SearchPage::default(),
        false => source.search(cx, &plan, count, &path, from).await?,
    };
    let mut warnings = plan.warnings.clone();
    let mut within = Vec::new();
    if plan.contained != Contained::False && page.next.is_none() {
        let from = from.filter(|_| is_within || plan.contained == Contained::True);
        let search = ContainedSearch::new(definitions, cx, &plan, &path);
        let found = search.find(source, room(count, &page), from).await?;
        page.matches.extend(found.matches);
        page.next = found.next;
        within = found.contained;
        warnings.extend(found.warnings);
    }
    let own = OwnMatches::of(interactions, cx, source, &plan).await?;
    if !counts_only {
        own.fill(source, (&plan, &path), (count, from), &mut page)?;
    }
    let shown = page.matches.len() + within.len();
    let is_all = page.next.is_none() && cursor.is_none();
    let included = source.included(cx, definitions, &plan.includes, &page.matches);
    let included = included.await?;
    let known = (is_all.then_some(shown), own.count());
    let total = total(cx, source, &plan, known, counts_only).await?;
    let searchset = Searchset {
        base_url: &cx.base_url,
        links: PageLinks {
            path: &path,
            understood: &understood,
            cursor: cursor.as_deref(),
            previous: page.previous.as_deref(),
            next: page.next.as_deref(),
        },
        total,
        matches: &page.matches,
        contained: &within,
        scores: &page.scores,
        included: &included,
        warnings: &warnings,
    };
    Ok(Outcome::body(StatusCode::OK, searchset.json()))
}

/// How many matches more a page has room for.
fn room(count: u32, page: &SearchPage) -> usize {
    (count as usize).saturating_sub(page.matches.len())
}

/// The total: counted when asked for, own definitions beside what is stored, or known anyway when all matches are on this
/// page.
async fn total(
    cx: &RequestContext,
    source: &mut Source<'_>,
    plan: &Plan,
    (all, own): (Option<usize>, usize),
    counts_only: bool,
) -> Result<Option<u64>> {
    match plan.total {
        Total::None | Total::Unasked if !counts_only => match plan.total {
            Total::None => Ok(None),
            _ => Ok(all.and_then(|all| u64::try_from(all).ok())),
        },
        _ => {
            let own = u64::try_from(own).map_err(Error::internal)?;
            Ok(Some(source.count(cx, plan).await? + own))
        }
    }
}
