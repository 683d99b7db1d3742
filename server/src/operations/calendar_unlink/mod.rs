//! `Practitioner/[id]/$calendar-unlink`: the secret link to somebody's calendar leads nowhere any more.

#[cfg(test)]
mod tests;

use super::calendar_link::permit;
use super::{Change, OperationAnswer, OperationContext};
use crate::error::Result;
use crate::store::Transaction;

/// The operation.
pub(super) struct CalendarUnlink;

impl Change for CalendarUnlink {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = ();

    fn permit(cx: &OperationContext<'_>) -> Result<()> {
        permit(cx)
    }

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        _: &(),
    ) -> Result<OperationAnswer> {
        let was_there = tx.drop_calendar_link(cx.instance()?).await?;
        let json = if was_there { "true" } else { "false" };
        Ok(OperationAnswer::returned("valueBoolean", json))
    }
}
