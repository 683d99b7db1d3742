//! search of a type, of all, or of a compartment (<https://hl7.org/fhir/R4/http.html#search>).

mod scope;
#[cfg(test)]
mod tests;

use fhir::search::plan::{Plan, Summary, Total};
use http::StatusCode;

use super::perform::Interactions;
use super::{Outcome, SearchScope, paging};
use crate::context::RequestContext;
use crate::error::Result;
use crate::searchset::{PageLinks, Searchset};
use crate::store::{SearchPage, Source};

/// A searchset Bundle: one page of matches and what is included with them, with links to the other pages.
pub(super) async fn search(
    interactions: &Interactions,
    cx: &RequestContext,
    source: &mut Source<'_>,
    scope: &SearchScope,
    query: &str,
) -> Result<Outcome> {
    let definitions = &interactions.definitions;
    let plan = scope::plan(definitions, cx, scope, query)?;
    let path = scope::path(cx, scope);
    let cursor = paging::cursor(query)?;
    let mut understood = plan.understood.clone();
    understood.extend(paging::formats(query)?);
    let count = plan
        .count
        .unwrap_or(cx.limits.page_size)
        .min(cx.limits.page_size_max);
    let counts_only = plan.summary == Summary::Count || count == 0;
    let page = match counts_only {
        true => SearchPage::default(),
        false => {
            source
                .search(cx, &plan, count, &path, cursor.as_deref())
                .await?
        }
    };
    let included = source
        .included(cx, definitions, &plan.includes, &page.matches)
        .await?;
    let searchset = Searchset {
        base_url: &cx.base_url,
        links: PageLinks {
            path: &path,
            understood: &understood,
            cursor: cursor.as_deref(),
            previous: page.previous.as_deref(),
            next: page.next.as_deref(),
        },
        total: total(cx, source, &plan, &page, counts_only, cursor.is_some()).await?,
        matches: &page.matches,
        scores: &[],
        included: &included,
        warnings: &plan.warnings,
    };
    Ok(Outcome::body(StatusCode::OK, searchset.json()))
}

/// The total: counted when asked for, or known anyway when all matches are on this page.
async fn total(
    cx: &RequestContext,
    source: &mut Source<'_>,
    plan: &Plan,
    page: &SearchPage,
    counts_only: bool,
    is_later_page: bool,
) -> Result<Option<u64>> {
    match plan.total {
        Total::None if !counts_only => Ok(None),
        Total::Accurate | Total::Estimate => Ok(Some(source.count(cx, plan).await?)),
        Total::None | Total::Unasked if counts_only => Ok(Some(source.count(cx, plan).await?)),
        Total::None | Total::Unasked => Ok(match page.next.is_none() && !is_later_page {
            true => u64::try_from(page.matches.len()).ok(),
            false => None,
        }),
    }
}
