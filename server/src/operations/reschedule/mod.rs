//! `Appointment/[id]/$reschedule`: a visit moves to another time, or stays where it is.

#[cfg(test)]
mod tests;

use fhir::json::Document;

use super::visits::{Current, Draft, no_way};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::scheduling::Status;
use crate::store::Transaction;

/// The operation.
pub(super) struct Reschedule;

/// What it takes.
pub(super) struct RescheduleParams {
    start: String,
    end: String,
    reason: Option<Document>,
}

impl Params for RescheduleParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            start: arguments.required("start")?,
            end: arguments.required("end")?,
            reason: arguments.optional("reason")?,
        })
    }
}

impl Change for Reschedule {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = RescheduleParams;

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &RescheduleParams,
    ) -> Result<OperationAnswer> {
        let current = Current::of(cx, tx, cx.instance()?).await?;
        if current.visit.status != Some(Status::Booked) {
            return Err(no_way(&current.visit, "moved"));
        }
        let (start, end) = (instant(&params.start)?, instant(&params.end)?);
        if end <= start {
            return Err(bad("a visit ends after it begins"));
        }
        let mut draft = Draft::of(&current.resource);
        current.note_moved(cx, &mut draft, params.reason.as_ref())?;
        draft.set_overbooked(false)?;
        draft.set_text("start", &params.start)?;
        draft.set_text("end", &params.end)?;
        let minutes = end.duration_since(start).as_mins();
        draft.set("minutesDuration", &minutes.to_string())?;
        current.change(cx, tx, &draft).await?.answer(cx)
    }
}

/// A moment: a date without a time is none.
fn instant(text: &str) -> Result<jiff::Timestamp> {
    text.parse()
        .map_err(|_| bad("start and end are moments, with seconds and an offset"))
}

fn bad(sentence: &str) -> Error {
    Error::new(ErrorKind::BadValue, sentence)
}
