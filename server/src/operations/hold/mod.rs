//! `Appointment/$hold`: the time of a visit is taken for some minutes, until it is booked.

#[cfg(test)]
mod tests;

use fhir::ids::ResourceKey;
use fhir::json::Document;
use fhir::resource::Resource;
use fhir::scheduling::Policy;
use jiff::{SignedDuration, Timestamp};

use super::visits::{Current, Draft, no_way, offered, referred, services_of, visit_of};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params, offer};
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::{Status, Visit};
use crate::store::Transaction;

/// Minutes where nothing is said, and at most where the kind of visit says nothing.
const MINUTES: (u32, u32) = (10, 30);
/// Holds that a patient has at once.
const HOLDS: i64 = 3;

/// The operation.
pub(super) struct Hold;

/// What it takes.
pub(super) struct HoldParams {
    reference: Option<Document>,
    resource: Option<Resource>,
    patients: Vec<Document>,
    minutes: Option<i32>,
}

impl Params for HoldParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            reference: arguments.optional("appointment-reference")?,
            resource: arguments.optional("appointment-resource")?,
            patients: arguments.list("patient-reference")?,
            minutes: arguments.optional("hold-minutes")?,
        })
    }
}

impl Change for Hold {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = HoldParams;

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &HoldParams,
    ) -> Result<OperationAnswer> {
        let patients = patients(&params.patients, cx)?;
        let done = match (&params.reference, &params.resource) {
            (Some(reference), None) => {
                let key = referred(reference, &["Appointment"], "appointment-reference", cx)?;
                if let Some(offered) = offered(cx, tx, &key).await? {
                    refuse_more(cx, tx).await?;
                    let ends = params.ends(cx, tx, &visit_of(&offered)?).await?;
                    let mut draft = Draft::of(&offered);
                    held(&mut draft, ends, &patients, cx)?;
                    return draft.create(cx, tx).await?.answer(cx);
                }
                let current = Current::of(cx, tx, &key).await?;
                let ends = params.ends(cx, tx, &current.visit).await?;
                let mut draft = Draft::of(&current.resource);
                match current.visit.status {
                    Some(Status::Proposed) => {
                        refuse_more(cx, tx).await?;
                        held(&mut draft, ends, &patients, cx)?;
                        draft.tell_zone(tx).await?;
                    }
                    Some(Status::Pending) => {
                        let is_extended = current.refuse_others(cx, tx).await?;
                        current.refuse_expired(cx.request.now)?;
                        offer::refuse_extension(tx, &current.key).await?;
                        if is_extended {
                            let sentence = "a hold is extended once";
                            return Err(OpError::InvalidTransition.refused(sentence));
                        }
                        draft.hold_until(Some(ends))?;
                    }
                    _ => return Err(no_way(&current.visit, "held")),
                }
                current.change(cx, tx, &draft).await?
            }
            (None, Some(resource)) => {
                let visit = visit_of(resource)?;
                if !matches!(visit.status, Some(Status::Proposed | Status::Pending)) {
                    return Err(no_way(&visit, "held"));
                }
                refuse_more(cx, tx).await?;
                let ends = params.ends(cx, tx, &visit).await?;
                let mut draft = Draft::of(resource);
                held(&mut draft, ends, &patients, cx)?;
                draft.tell_zone(tx).await?;
                draft.create(cx, tx).await?
            }
            _ => return Err(one_of_two()),
        };
        done.answer(cx)
    }
}

impl HoldParams {
    /// Until when a visit is held: for as long as is asked, within what its kind lets anybody.
    async fn ends(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        visit: &Visit,
    ) -> Result<Timestamp> {
        let services = services_of(cx, tx, visit).await?;
        let policies = services.iter();
        let policies = policies.filter_map(|(_, one)| Policy::of(one.root()).ok().flatten());
        let most = policies.filter_map(|one| one.hold_minutes).min();
        let asked = self.minutes.and_then(|minutes| u32::try_from(minutes).ok());
        let minutes = asked
            .or(most)
            .unwrap_or(MINUTES.0)
            .min(most.unwrap_or(MINUTES.1));
        let minutes = SignedDuration::from_mins(i64::from(minutes));
        cx.request.now.checked_add(minutes).map_err(Error::internal)
    }
}

/// Refuses a patient a further hold.
async fn refuse_more(cx: OperationContext<'_>, tx: &mut Transaction) -> Result<()> {
    match cx.request.access.is_patients() && tx.live_holds().await? >= HOLDS {
        true => Err(Error::new(
            ErrorKind::BusinessRule,
            "three visits are held already: book one, or cancel it",
        )),
        false => Ok(()),
    }
}

/// The visit as it is held.
pub(super) fn held(
    draft: &mut Draft,
    ends: Timestamp,
    patients: &[ResourceKey],
    cx: OperationContext<'_>,
) -> Result<()> {
    draft.set_status(Status::Pending)?;
    draft.hold_until(Some(ends))?;
    draft.set_participants("tentative", patients, &cx.request.base_url)?;
    match cx.request.access.is_patients() {
        true => draft.need_all(&cx.request.base_url),
        false => Ok(()),
    }
}

/// The patients that are named.
pub(super) fn patients(named: &[Document], cx: OperationContext<'_>) -> Result<Vec<ResourceKey>> {
    let one = |reference| referred(reference, &["Patient"], "patient-reference", cx);
    named.iter().map(one).collect()
}

/// The refusal of a call that names none, or two.
pub(super) fn one_of_two() -> Error {
    Error::new(
        ErrorKind::BadValue,
        "one of appointment-reference and appointment-resource is given",
    )
}
