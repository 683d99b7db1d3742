//! `Practitioner/[id]/$calendar-link`: a secret link by which a program shows somebody's visits
//! (<https://www.rfc-editor.org/rfc/rfc5545>). Called again it makes another one, and the former leads nowhere.

#[cfg(test)]
mod tests;

use fhir::ids::ResourceType;
use fhir::json::Writer;
use uuid::Uuid;

use super::scopes;
use super::{Change, OperationAnswer, OperationContext};
use crate::auth::{Act, Permission, Rows};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{SecretHash, Transaction};

/// The operation.
pub(super) struct CalendarLink;

impl Change for CalendarLink {
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
        if cx.call.is_some() {
            let sentence = "a secret is told once: this takes no Idempotency-Key";
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let person = cx.instance()?;
        cx.read_locked(tx, person).await?;
        // Two of 122 random bits each.
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        tx.keep_calendar_link(person, &SecretHash::of(&secret))
            .await?;
        let base = &cx.request.base_url;
        let url = format!("{base}/{person}/$calendar?key={secret}");
        let mut writer = Writer::with_capacity(512);
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| {
                list.object(|part| {
                    part.string("name", "url");
                    part.string("valueUrl", &url);
                });
            });
        });
        Ok(OperationAnswer::resource(writer.finish()))
    }
}

/// Refuses whoever is neither the person nor keeps calendars, and whoever may not read visits: the link shows them for as long
/// as it lasts.
pub(super) fn permit(cx: &OperationContext<'_>) -> Result<()> {
    let access = &cx.request.access;
    let user = access.grant().and_then(|grant| grant.user.as_ref());
    let is_own = user.is_some_and(|user| cx.instance().is_ok_and(|key| user.key() == key));
    let appointments = ResourceType::parse("Appointment");
    let appointments = appointments.ok_or_else(|| Error::internal("R4 has appointments"))?;
    if access.rows(Permission::Read, appointments) == Rows::None {
        return Err(scopes::forbidden("reading Appointments"));
    }
    match is_own || access.may_do(Act::KeepCalendars) {
        true => Ok(()),
        false => Err(scopes::forbidden("the calendar of somebody else")),
    }
}
