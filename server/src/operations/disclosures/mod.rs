//! `Patient/[id]/$disclosures`: the accounting of disclosures, from the audit trail (server/AUDIT.md).

#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::verify::moment;
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, Result};
use crate::searchset::{PageLinks, Searchset};

/// How far back an accounting reaches that names no beginning.
const YEARS: i64 = 6;

/// The operation.
pub(super) struct Disclosures;

/// What it takes.
pub(super) struct DisclosuresParams {
    start: Option<String>,
    end: Option<String>,
    count: Option<i32>,
}

impl Params for DisclosuresParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            start: arguments.optional("start")?,
            end: arguments.optional("end")?,
            count: arguments.optional("_count")?,
        })
    }
}

impl Operation for Disclosures {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = DisclosuresParams;

    async fn invoke(
        cx: OperationContext<'_>,
        params: DisclosuresParams,
    ) -> Result<OperationAnswer> {
        cx.store.audit_key()?;
        let patient = cx.instance()?;
        let from = match moment("start", params.start)? {
            Some(start) => start.lower(),
            None => years_before(cx.request.now)?,
        };
        let until = moment("end", params.end)?.map(|end| end.upper());
        let limits = &cx.request.limits;
        let asked = params.count.and_then(|count| u32::try_from(count).ok());
        let count = asked.unwrap_or(limits.page_size).min(limits.page_size_max);
        let events = cx
            .store
            .disclosures(cx.request, &patient.id, (from, until), count)
            .await?;
        let matches = cx.store.shown_events(events).await?;
        let path = format!("{}/{patient}/$disclosures", cx.request.base_url);
        let searchset = Searchset {
            base_url: &cx.request.base_url,
            links: PageLinks {
                path: &path,
                understood: cx.formats,
                cursor: None,
                previous: None,
                next: None,
            },
            total: None,
            matches: &matches,
            contained: &[],
            scores: &[],
            included: &[],
            warnings: &[],
        };
        Ok(OperationAnswer::resource(searchset.json()))
    }
}

fn years_before(now: Timestamp) -> Result<Timestamp> {
    let there = now.to_zoned(TimeZone::UTC);
    let before = there.checked_sub(Span::new().years(YEARS));
    before
        .map(|before| before.timestamp())
        .map_err(Error::internal)
}
