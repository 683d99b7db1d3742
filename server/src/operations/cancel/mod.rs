//! `Appointment/[id]/$cancel`: a visit does not take place, and everybody's time is free again.

#[cfg(test)]
mod tests;

use fhir::json::Document;

use super::book;
use super::visits::series::{Scope, members};
use super::visits::{Current, answer_all};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::store::Transaction;

/// The states of what does not take place when a series is cancelled.
const TO_COME: &str = "proposed,pending,booked";

/// The operation.
pub(super) struct Cancel;

/// What it takes.
pub(super) struct CancelParams {
    reason: Document,
    comment: Option<String>,
    scope: Option<String>,
    notify: Option<bool>,
    override_cutoff: Option<bool>,
}

impl Params for CancelParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            reason: arguments.required("reason")?,
            comment: arguments.optional("comment")?,
            scope: arguments.optional("scope")?,
            notify: arguments.optional("notify")?,
            override_cutoff: arguments.optional("override-cutoff")?,
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
        let scope = Scope::read(params.scope.as_deref())?;
        if params.override_cutoff == Some(true) && cx.request.access.is_patients() {
            return Err(Error::new(
                ErrorKind::Forbidden,
                "how late a visit may be cancelled all the same is for those to say who work here",
            ));
        }
        let current = Current::of(cx, tx, cx.instance()?).await?;
        let comment = params.comment.as_deref();
        if params.notify == Some(false) {
            tx.tell_nobody();
        }
        let visits = members(cx, tx, current, scope, TO_COME).await?;
        let mut done = Vec::with_capacity(visits.len());
        for visit in visits {
            let reason = params.reason.text();
            done.push(book::cancel(cx, tx, visit, reason, comment).await?);
        }
        answer_all(cx, done)
    }
}
