//! Times for somebody who waits, found as `$find` finds them.

use fhir::ids::ResourceKey;
use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Interval, Intervals, Policy, RequirementKind};
use jiff::Timestamp;

use super::asked::Asked;
use super::calendars::{Calendars, search};
use super::proposals::{Proposals, Visit};
use super::{Service, found};
use crate::error::{Error, Result};
use crate::operations::OperationContext;
use crate::operations::visits::OFFERED;

/// What somebody waits for.
#[derive(Clone, Debug)]
pub(in crate::operations) struct Wish {
    /// The kind of visit, as `[type]/[id]`.
    pub(in crate::operations) service: String,
    /// Who waits.
    pub(in crate::operations) patient: ResourceKey,
    /// Any of these will do; without any, anybody.
    pub(in crate::operations) practitioners: Vec<String>,
    /// Within which time.
    pub(in crate::operations) periods: Intervals,
}

/// A time that somebody who waits could have.
pub(in crate::operations) struct Time {
    pub(in crate::operations) start: Timestamp,
    pub(in crate::operations) end: Timestamp,
    /// The Appointment.
    pub(in crate::operations) resource: Resource,
}

/// The policy of what is wished for, and the times at which it can be had that meet freed time, the best first.
pub(in crate::operations) async fn times(
    cx: OperationContext<'_>,
    wish: &Wish,
    freed: Interval,
) -> Result<(Policy, Vec<Time>)> {
    let service = Service::read(cx, wish.service.clone()).await?;
    let around = jiff::SignedDuration::from_mins(i64::from(service.policy.duration));
    let window = Interval {
        start: freed.start.checked_sub(around).unwrap_or(freed.start),
        end: freed.end.checked_add(around).unwrap_or(freed.end),
    };
    let mut times = Vec::new();
    for window in wish.periods.within(window).iter() {
        let patient = wish.patient.to_string();
        let named = wish.practitioners.clone();
        let asked = Asked::of(wish.service.clone(), window, patient, named);
        let (visits, zone) = found(cx, &asked, &service, &mut Vec::new()).await?;
        let proposals = Proposals {
            cx,
            asked: &asked,
            service: &service.key,
            resource: &service.resource,
            zone,
        };
        let meets = |visit: &&Visit| {
            let end = visit.start.checked_add(visit.duration);
            visit.start < freed.end && end.is_ok_and(|end| end > freed.start)
        };
        for visit in visits.iter().filter(meets) {
            let text = proposals.appointment(OFFERED, visit);
            times.push(Time {
                start: visit.start,
                end: visit
                    .start
                    .checked_add(visit.duration)
                    .map_err(Error::internal)?,
                resource: Resource::parse(text).map_err(Error::internal)?,
            });
        }
    }
    Ok((service.policy, times))
}

/// When those work who can be booked for a policy: the hours of the clinic.
pub(in crate::operations) async fn clinic_hours(
    cx: OperationContext<'_>,
    policy: &Policy,
    window: Interval,
) -> Result<Intervals> {
    let has_staff = policy
        .requirements
        .iter()
        .any(|one| one.kind == RequirementKind::PractitionerRole);
    let is_wanted =
        |actor: &str| !has_staff || actor.starts_with(RequirementKind::PractitionerRole.name());
    let calendars = Calendars::read(cx, is_wanted, window).await?;
    let actors = calendars.by_actor.keys();
    let open = actors.map(|actor| calendars.open(actor, window, None));
    Ok(open.reduce(|all, one| all.union(&one)).unwrap_or_default())
}

/// The HealthcareServices in use that are of one of these types.
pub(in crate::operations) async fn service_of_types(
    cx: OperationContext<'_>,
    types: &[Coding],
) -> Result<Vec<ResourceKey>> {
    let types = types
        .iter()
        .map(|one| format!("{}|{}", one.system, one.code));
    let types: Vec<String> = types.collect();
    let query = [("service-type".to_owned(), types.join(","))];
    let query = crate::searchset::query_text(&query);
    let mut found = search(cx, "HealthcareService", &query, 100).await?;
    found.retain(|(_, one)| one.get("active").and_then(Value::boolean) != Some(false));
    Ok(found.into_iter().map(|(key, _)| key).collect())
}
