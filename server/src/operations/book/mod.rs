//! `Appointment/$book`: a visit is booked, changed or cancelled, with all whose time it takes, or nothing is.

mod series;
#[cfg(test)]
mod tests;

use fhir::json::{Document, Value};
use fhir::outcome::Severity;
use fhir::resource::Resource;

use self::series::Recurring;
use super::hold::{one_of_two, patients};
use super::visits::{Current, Done, Draft, no_way, offered, referred, visit_of};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params, offer, waitlist};
use crate::auth::Act;
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::Status;
use crate::store::Transaction;

/// The system of the identifier that visits share which belong together, whoever they are of.
const GROUP: &str = "https://vesta.example/fhir/NamingSystem/visit-group";

/// The operation.
pub(super) struct Book;

/// What it takes.
pub(super) struct BookParams {
    reference: Option<Document>,
    resource: Option<Resource>,
    patients: Vec<Document>,
    comment: Option<String>,
    reasons: Vec<Document>,
    based_on: Vec<Document>,
    on_clash: Option<String>,
    overbook: Option<bool>,
    group: Option<String>,
    recurrence: Option<Recurring>,
}

impl Params for BookParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            reference: arguments.optional("appointment-reference")?,
            resource: arguments.optional("appointment-resource")?,
            patients: arguments.list("patient-reference")?,
            comment: arguments.optional("comment")?,
            reasons: arguments.list("reason")?,
            based_on: arguments.list("based-on")?,
            on_clash: arguments.optional("on-clash")?,
            overbook: arguments.optional("overbook")?,
            group: arguments.optional("visit-group")?,
            recurrence: arguments.parts("recurrence")?.pop(),
        })
    }
}

impl Change for Book {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = BookParams;

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &BookParams,
    ) -> Result<OperationAnswer> {
        let waits = match params.on_clash.as_deref() {
            None | Some("fail") => false,
            Some("waitlist") => true,
            Some(_) => return Err(bad("on-clash is fail or waitlist")),
        };
        params.permit_overbook(&cx)?;
        if let Some(recurring) = &params.recurrence {
            return params.series(recurring, cx, tx, waits).await;
        }
        match (&params.reference, &params.resource) {
            (Some(reference), None) => {
                let key = referred(reference, &["Appointment"], "appointment-reference", cx)?;
                if let Some(offered) = offered(cx, tx, &key).await? {
                    return params.new_visit(cx, tx, &offered, waits).await;
                }
                let current = Current::of(cx, tx, &key).await?;
                let mut draft = Draft::of(&current.resource);
                match current.visit.status {
                    Some(Status::Proposed) => need_all(&mut draft, cx)?,
                    Some(Status::Pending) => {
                        current.refuse_others(cx, tx).await.map(drop)?;
                        current.refuse_expired(cx.request.now)?;
                    }
                    _ => return Err(no_way(&current.visit, "booked")),
                }
                let waited = offer::entry_of(cx, tx, &current.key).await?;
                params.booked(&mut draft, cx)?;
                let done = params.write(cx, tx, Some(&current), &mut draft).await?;
                offer::end(cx, tx, waited).await?;
                done.answer(cx)
            }
            (None, Some(resource)) => {
                let visit = visit_of(resource)?;
                match visit.status {
                    Some(Status::Pending) => params.new_visit(cx, tx, resource, waits).await,
                    Some(Status::Booked) => params.changed(cx, tx, resource).await?.answer(cx),
                    Some(Status::Cancelled) => {
                        let key = own_key(resource)?;
                        let current = Current::of(cx, tx, &key).await?;
                        let reason = resource.get("cancelationReason").map(Value::raw);
                        let reason = reason.ok_or_else(|| {
                            bad("a visit that is cancelled says why (cancelationReason)")
                        })?;
                        let comment = params.comment.as_deref();
                        cancel(cx, tx, current, reason, comment).await?.answer(cx)
                    }
                    _ => Err(no_way(&visit, "booked, changed or cancelled")),
                }
            }
            _ => Err(one_of_two()),
        }
    }
}

impl BookParams {
    /// A series of visits that are new.
    async fn series(
        &self,
        recurring: &Recurring,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        waits: bool,
    ) -> Result<OperationAnswer> {
        if waits {
            return Err(bad("what cannot be had of a series does not wait"));
        }
        if let (None, Some(resource)) = (&self.reference, &self.resource) {
            let visit = visit_of(resource)?;
            return match visit.status {
                Some(Status::Pending) => recurring.book(self, cx, tx, resource).await,
                _ => Err(no_way(&visit, "booked as a series")),
            };
        }
        let Some(reference) = self.reference.as_ref().filter(|_| self.resource.is_none()) else {
            return Err(one_of_two());
        };
        let key = referred(reference, &["Appointment"], "appointment-reference", cx)?;
        let offered = offered(cx, tx, &key).await?;
        let offered = offered.ok_or_else(|| bad("a series begins with what is new, or offered"))?;
        recurring.book(self, cx, tx, &offered).await
    }

    /// What a visit is when it is booked.
    fn booked(&self, draft: &mut Draft, cx: OperationContext<'_>) -> Result<()> {
        draft.set_status(Status::Booked)?;
        draft.hold_until(None)?;
        let patients = patients(&self.patients, cx)?;
        draft.set_participants("accepted", &patients, &cx.request.base_url)?;
        draft.set_length()?;
        if let Some(group) = &self.group {
            draft.identify(GROUP, group)?;
        }
        if let Some(comment) = &self.comment {
            draft.set_text("comment", comment)?;
        }
        for (name, given) in [("reasonCode", &self.reasons), ("basedOn", &self.based_on)] {
            if !given.is_empty() {
                let texts: Vec<&str> = given.iter().map(Document::text).collect();
                draft.set(name, &format!("[{}]", texts.join(",")))?;
            }
        }
        Ok(())
    }

    /// A visit that is new; where somebody is busy and it may wait, it does.
    async fn new_visit(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        resource: &Resource,
        waits: bool,
    ) -> Result<OperationAnswer> {
        let mut draft = Draft::of(resource);
        need_all(&mut draft, cx)?;
        self.booked(&mut draft, cx)?;
        draft.set_text("created", &cx.request.now.to_string())?;
        if !waits {
            let done = self.write(cx, tx, None, &mut draft);
            return done.await?.answer(cx);
        }
        let mark = tx.mark().await?;
        let refused = match self.write(cx, tx, None, &mut draft).await {
            Err(refused) if refused.kind() == ErrorKind::Conflict => refused,
            done => return done?.answer(cx),
        };
        tx.back_to(mark).await?;
        let is_over = |end| end <= cx.request.now;
        if visit_of(resource)?.end.is_none_or(is_over) {
            // Nobody waits for what cannot come any more.
            return Err(refused);
        }
        waitlist::wait_instead(cx, tx, &mut draft, resource).await?;
        let answer = draft.create(cx, tx).await?.answer(cx)?;
        let mut issues = refused.issues().to_vec();
        for issue in &mut issues {
            issue.severity = Severity::Warning;
        }
        Ok(answer.saying(issues))
    }

    /// A visit as it is to be.
    async fn changed(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        resource: &Resource,
    ) -> Result<Done> {
        let current = Current::of(cx, tx, &own_key(resource)?).await?;
        if current.visit.status != Some(Status::Booked) {
            return Err(no_way(&current.visit, "changed"));
        }
        let mut draft = Draft::of(resource);
        self.booked(&mut draft, cx)?;
        if cx.request.access.is_patients() {
            // Who comes is not for them to change.
            draft.take(&current.resource, &["participant"])?;
        }
        let visit = visit_of(resource)?;
        draft.keep_history(&current.resource)?;
        if (visit.start, visit.end) != (current.visit.start, current.visit.end) {
            current.note_moved(cx, &mut draft, None)?;
        }
        self.write(cx, tx, Some(&current), &mut draft).await
    }

    /// Refuses places beyond the capacity to whoever may not give them.
    fn permit_overbook(&self, cx: &OperationContext<'_>) -> Result<()> {
        let is_asked = self.overbook == Some(true);
        match is_asked && !cx.request.access.may_do(Act::Overbook) {
            true => Err(OpError::OverbookNotPermitted
                .refused("places beyond the capacity are given by those whose role may")),
            false => Ok(()),
        }
    }

    /// Writes a visit, new or in place of one; beyond the capacity only where that is asked, and there is no other room. What
    /// stays where it is beyond the capacity stays there.
    async fn write(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        current: Option<&Current>,
        draft: &mut Draft,
    ) -> Result<Done> {
        let stays = match current.filter(|one| one.visit.is_overbooked) {
            Some(current) => visit_of(&draft.resource()?)?.is_as(&current.visit),
            None => false,
        };
        draft.set_overbooked(stays)?;
        draft.tell_zone(tx).await?;
        if stays || self.overbook != Some(true) {
            return written(cx, tx, current, draft).await;
        }
        let mark = tx.mark().await?;
        match written(cx, tx, current, draft).await {
            Err(refused) if refused.kind() == ErrorKind::Conflict => {}
            done => return done,
        }
        tx.back_to(mark).await?;
        draft.set_overbooked(true)?;
        written(cx, tx, current, draft).await
    }
}

/// A patient does not say who is not needed, of a visit that nobody has judged yet.
fn need_all(draft: &mut Draft, cx: OperationContext<'_>) -> Result<()> {
    match cx.request.access.is_patients() {
        true => draft.need_all(&cx.request.base_url),
        false => Ok(()),
    }
}

async fn written(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    current: Option<&Current>,
    draft: &Draft,
) -> Result<Done> {
    match current {
        Some(current) => current.change(cx, tx, draft).await,
        None => draft.create(cx, tx).await,
    }
}

/// The visit, cancelled; one that is cancelled stays as it is.
pub(super) async fn cancel(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    current: Current,
    reason: &str,
    comment: Option<&str>,
) -> Result<Done> {
    match current.visit.status {
        Some(Status::Cancelled) => return Ok(current.unchanged()),
        Some(Status::Pending) => current.refuse_others(cx, tx).await.map(drop)?,
        _ => {}
    }
    let mut draft = Draft::of(&current.resource);
    draft.set_status(Status::Cancelled)?;
    draft.set("cancelationReason", reason)?;
    draft.hold_until(None)?;
    if let Some(comment) = comment {
        draft.set_text("comment", comment)?;
    }
    current.change(cx, tx, &draft).await
}

/// The visit that a resource says it is.
fn own_key(resource: &Resource) -> Result<fhir::ids::ResourceKey> {
    let id = resource.id().and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| bad("the resource of a visit that there is carries its id"))?;
    Ok(fhir::ids::ResourceKey::new(resource.resource_type(), id))
}

fn bad(sentence: &str) -> Error {
    Error::new(ErrorKind::BadValue, sentence)
}
