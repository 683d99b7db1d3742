//! `Appointment/[id]/$cancel`: a visit does not take place, and everybody's time is free again.

#[cfg(test)]
mod tests;

use fhir::json::Document;

use super::book;
use super::visits::Current;
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::error::Result;
use crate::store::Transaction;

/// The operation.
pub(super) struct Cancel;

/// What it takes.
pub(super) struct CancelParams {
    reason: Document,
    comment: Option<String>,
    notify: Option<bool>,
}

impl Params for CancelParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            reason: arguments.required("reason")?,
            comment: arguments.optional("comment")?,
            notify: arguments.optional("notify")?,
        })
    }
}

impl Change for Cancel {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = CancelParams;

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &CancelParams,
    ) -> Result<OperationAnswer> {
        let current = Current::of(cx, tx, cx.instance()?).await?;
        let comment = params.comment.as_deref();
        if params.notify == Some(false) {
            tx.tell_nobody();
        }
        let done = book::cancel(cx, tx, current, params.reason.text(), comment);
        done.await?.answer(cx)
    }
}
