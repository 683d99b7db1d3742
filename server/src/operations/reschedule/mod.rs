//! `Appointment/[id]/$reschedule`: a visit moves to another time, or stays where it is.

#[cfg(test)]
mod tests;

use fhir::json::Document;
use jiff::{SignedDuration, Timestamp};

use super::visits::series::{Scope, at, index_of, members, moved, place, zone_of};
use super::visits::{Current, Draft, answer_all, no_way};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::Status;
use crate::store::Transaction;

/// The operation.
pub(super) struct Reschedule;

/// What it takes.
pub(super) struct RescheduleParams {
    start: String,
    end: String,
    reason: Option<Document>,
    scope: Option<String>,
}

impl Params for RescheduleParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            start: arguments.required("start")?,
            end: arguments.required("end")?,
            reason: arguments.optional("reason")?,
            scope: arguments.optional("scope")?,
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
        match Scope::read(params.scope.as_deref())? {
            Scope::This => {}
            scope => return params.move_all(cx, tx, current, scope, (start, end)).await,
        }
        let mut draft = params.draft(cx, &current, end.duration_since(start))?;
        draft.set_text("start", &params.start)?;
        draft.set_text("end", &params.end)?;
        current.change(cx, tx, &draft).await?.answer(cx)
    }
}

impl RescheduleParams {
    /// The visit as it is when it has been moved, but for its time.
    fn draft(
        &self,
        cx: OperationContext<'_>,
        current: &Current,
        length: SignedDuration,
    ) -> Result<Draft> {
        let mut draft = Draft::of(&current.resource);
        current.note_moved(cx, &mut draft, self.reason.as_ref())?;
        draft.set_overbooked(false)?;
        draft.set("minutesDuration", &length.as_mins().to_string())?;
        Ok(draft)
    }

    /// Moves several visits of a series, each by as much on the clock of their zone: all of them, or none.
    async fn move_all(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        current: Current,
        scope: Scope,
        (start, end): (Timestamp, Timestamp),
    ) -> Result<OperationAnswer> {
        let zone = zone_of(&current.resource)?;
        let from = current.visit.start;
        let from = from.ok_or_else(|| Error::internal("a visit that is booked has a time"))?;
        let length = end.duration_since(start);
        let mut visits = members(cx, tx, current, scope, "booked").await?;
        let is_later = start > from;
        if is_later {
            // Whoever goes first makes room for whoever comes after.
            visits.reverse();
        }
        let mut done = Vec::with_capacity(visits.len());
        for (number, visit) in (1..).zip(&visits) {
            let begins = moved(visit, (from, start), &zone)?;
            let ends = begins.checked_add(length).map_err(Error::internal)?;
            let mut draft = self.draft(cx, visit, length)?;
            place(&mut draft, (begins, ends), &zone)?;
            match visit.change(cx, tx, &draft).await {
                Err(refused) if refused.kind() == ErrorKind::Conflict => {
                    // Those that come next would meet this one where it was, which says nothing.
                    let index = index_of(&visit.resource).unwrap_or(number);
                    let sentence = "not every visit of the series can be moved, and none was";
                    let first = [OpError::SeriesConflict.issue(sentence)];
                    let issues = refused.issues().iter().map(|issue| at(issue, index));
                    let issues = first.into_iter().chain(issues).collect();
                    return Err(Error::with_issues(ErrorKind::Conflict, issues));
                }
                one => done.push(one?),
            }
        }
        if is_later {
            done.reverse();
        }
        answer_all(cx, done)
    }
}

/// A moment: a date without a time is none.
fn instant(text: &str) -> Result<Timestamp> {
    text.parse()
        .map_err(|_| bad("start and end are moments, with seconds and an offset"))
}

fn bad(sentence: &str) -> Error {
    Error::new(ErrorKind::BadValue, sentence)
}
