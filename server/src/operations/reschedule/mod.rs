//! `Appointment/[id]/$reschedule`: a visit moves to another time, or stays where it is.

#[cfg(test)]
mod tests;

use fhir::json::Document;
use fhir::resource::Resource;
use jiff::Timestamp;

use super::visits::series::{Scope, at, index_of, members, moved, place, zone_of};
use super::visits::{Current, Draft, answer_all, no_way, offered, referred, visit_of};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::Status;
use crate::store::Transaction;

/// The operation.
pub(super) struct Reschedule;

/// What it takes.
pub(super) struct RescheduleParams {
    reference: Option<Document>,
    start: Option<String>,
    end: Option<String>,
    keep_actors: Option<bool>,
    reason: Option<Document>,
    scope: Option<String>,
}

impl Params for RescheduleParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            reference: arguments.optional("appointment-reference")?,
            start: arguments.optional("start")?,
            end: arguments.optional("end")?,
            keep_actors: arguments.optional("keep-actors")?,
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
        let scope = Scope::read(params.scope.as_deref())?;
        let offered = params.offered(cx, tx).await?;
        let (start, end) = params.times(offered.as_ref())?;
        if end <= start {
            return Err(bad("a visit ends after it begins"));
        }
        let changes_actors = params.keep_actors == Some(false);
        if changes_actors && (offered.is_none() || scope != Scope::This) {
            return Err(bad(
                "who else comes to this one visit says what $find has offered: appointment-reference",
            ));
        }
        if scope != Scope::This {
            return params.move_all(cx, tx, current, scope, (start, end)).await;
        }
        let mut draft = params.draft(cx, &current, (start, end))?;
        match &offered {
            Some(offered) => {
                draft.take(offered, &["start", "_start", "end", "_end"])?;
                if changes_actors {
                    draft.set_overbooked(false)?;
                    draft.take(offered, &["serviceType"])?;
                    draft.take_actors(offered, &cx.request.base_url)?;
                }
            }
            None => {
                let given = [("start", &params.start), ("end", &params.end)];
                for (name, text) in given {
                    draft.set_text(name, text.as_deref().unwrap_or_default())?;
                }
                draft.tell_zone(tx).await?;
            }
        }
        current.change(cx, tx, &draft).await?.answer(cx)
    }
}

impl RescheduleParams {
    /// What `$find` has offered whoever calls, where that says when the visit is to be.
    async fn offered(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
    ) -> Result<Option<Resource>> {
        let Some(reference) = &self.reference else {
            return Ok(None);
        };
        let key = referred(reference, &["Appointment"], "appointment-reference", cx)?;
        let found = offered(cx, tx, &key).await?;
        let sentence = "appointment-reference is what $find has offered whoever calls";
        found.ok_or_else(|| bad(sentence)).map(Some)
    }

    /// From when to when the visit is to be.
    fn times(&self, offered: Option<&Resource>) -> Result<(Timestamp, Timestamp)> {
        match (offered, &self.start, &self.end) {
            (Some(offered), None, None) => {
                let visit = visit_of(offered)?;
                let times = visit.start.zip(visit.end);
                times.ok_or_else(|| Error::internal("what is offered has a time"))
            }
            (None, Some(start), Some(end)) => Ok((instant(start)?, instant(end)?)),
            _ => Err(bad(
                "a visit is moved to start and end, or to what appointment-reference offers",
            )),
        }
    }

    /// The visit as it is when it has been moved, but for its time.
    fn draft(
        &self,
        cx: OperationContext<'_>,
        current: &Current,
        (start, end): (Timestamp, Timestamp),
    ) -> Result<Draft> {
        let mut draft = Draft::of(&current.resource);
        current.note_moved(cx, &mut draft, self.reason.as_ref())?;
        if (current.visit.start, current.visit.end) != (Some(start), Some(end)) {
            draft.set_overbooked(false)?;
        }
        let length = end.duration_since(start);
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
            let mut draft = self.draft(cx, visit, (begins, ends))?;
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
