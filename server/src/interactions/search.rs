//! search of a type or of all (<https://hl7.org/fhir/R4/http.html#search>).

use fhir::ids::ResourceType;
use fhir::json::{ObjectWriter, Writer};
use fhir::outcome::operation_outcome;
use fhir::search::plan::{Plan, Summary, Total};
use http::StatusCode;

use super::perform::Interactions;
use super::{Outcome, SearchScope, paging};
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{SearchPage, Source};

/// A searchset Bundle: one page of matches, with links to the next.
pub(super) async fn search(
    interactions: &Interactions,
    cx: &RequestContext,
    source: &mut Source<'_>,
    scope: &SearchScope,
    query: &str,
) -> Result<Outcome> {
    let (types, path) = match scope {
        SearchScope::Type(resource_type) => (
            vec![*resource_type],
            format!("{}/{resource_type}", cx.base_url),
        ),
        SearchScope::System => (Vec::<ResourceType>::new(), cx.base_url.to_string()),
        SearchScope::Compartment(..) => {
            return Err(Error::new(
                ErrorKind::NotSupported,
                "this server does not search compartments yet",
            ));
        }
    };
    let plan = interactions
        .definitions
        .plan(cx, &types, query, cx.handling)?;
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
    let total = total(cx, source, &plan, &page, counts_only, cursor.is_some()).await?;
    let mut writer = Writer::with_capacity(4096);
    writer.object(|bundle| {
        bundle.string("resourceType", "Bundle");
        bundle.string("type", "searchset");
        if let Some(total) = total {
            bundle.number("total", total);
        }
        paging::write_links(
            bundle,
            &path,
            &understood,
            cursor.as_deref(),
            page.next.as_deref(),
        );
        write_entries(cx, bundle, &plan, &page);
    });
    Ok(Outcome::body(StatusCode::OK, writer.finish()))
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

fn write_entries(
    cx: &RequestContext,
    bundle: &mut ObjectWriter<'_>,
    plan: &Plan,
    page: &SearchPage,
) {
    if page.matches.is_empty() && plan.warnings.is_empty() {
        return;
    }
    bundle.array("entry", |entries| {
        for version in &page.matches {
            let Some(content) = version
                .content
                .as_deref()
                .and_then(|content| std::str::from_utf8(content).ok())
            else {
                continue;
            };
            entries.object(|entry| {
                entry.string("fullUrl", &format!("{}/{}", cx.base_url, version.key));
                entry.raw("resource", content);
                entry.object("search", |search| search.string("mode", "match"));
            });
        }
        if !plan.warnings.is_empty() {
            entries.object(|entry| {
                entry.raw("resource", &operation_outcome(&plan.warnings));
                entry.object("search", |search| search.string("mode", "outcome"));
            });
        }
    });
}
