//! Times for somebody who waits, found as `$find` finds them.

use fhir::ids::ResourceKey;
use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Interval, Intervals, Policy, RequirementKind};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::asked::{Asked, escaped};
use super::calendars::{self, search};
use super::proposals::{Proposals, Visit};
use super::{Service, found};
use crate::error::{Error, Result};
use crate::operations::OperationContext;
use crate::operations::visits::OFFERED;

/// How much of a freed time is offered: the first of it.
const FURTHEST: SignedDuration = SignedDuration::from_hours(92 * 24);

/// What somebody waits for.
#[derive(Clone, Debug)]
pub(in crate::operations) struct Wish {
    /// Who waits.
    pub(in crate::operations) patient: ResourceKey,
    /// Within which time.
    pub(in crate::operations) periods: Intervals,
    /// `[type]/[id]` of the referrals there are.
    pub(in crate::operations) referrals: Vec<String>,
}

/// A time that somebody who waits could have.
pub(in crate::operations) struct Time<'a> {
    pub(in crate::operations) start: Timestamp,
    pub(in crate::operations) end: Timestamp,
    visit: &'a Visit,
    /// Of which they have this.
    period: Interval,
}

/// What can be had of a kind of visit that meets freed time, whoever waits for it.
pub(in crate::operations) struct Had {
    service: Service,
    named: Vec<String>,
    /// As long before and after the freed time as a visit takes.
    window: Interval,
    /// The best first.
    visits: Vec<Visit>,
    zone: Option<TimeZone>,
}

/// What can be had of a kind of visit, with one of those who are named, where some are, that meets freed time.
pub(in crate::operations) async fn had(
    cx: OperationContext<'_>,
    service: String,
    named: Vec<String>,
    freed: Interval,
) -> Result<Had> {
    let service = Service::read(cx, service).await?;
    let around = SignedDuration::from_mins(i64::from(service.policy.duration));
    // What is over is nobody's, and calendars are looked at no further than $find looks.
    let start = freed.start.checked_sub(around).unwrap_or(freed.start);
    let start = start.max(cx.request.now);
    let end = freed.end.checked_add(around).unwrap_or(freed.end);
    let window = Interval {
        start,
        end: end
            .min(start.checked_add(FURTHEST).unwrap_or(end))
            .max(start),
    };
    let asked = Asked::of(service.key.clone(), window, Vec::new(), named.clone());
    let (mut visits, zone) = found(cx, &asked, &service, &mut Vec::new()).await?;
    visits.retain(|visit| {
        taken(visit).is_some_and(|time| time.start < freed.end && time.end > freed.start)
    });
    Ok(Had {
        service,
        named,
        window,
        visits,
        zone,
    })
}

/// From when to when a visit is.
fn taken(visit: &Visit) -> Option<Interval> {
    let end = visit.start.checked_add(visit.duration).ok()?;
    Some(Interval {
        start: visit.start,
        end,
    })
}

impl Had {
    /// How the kind of visit is booked.
    pub(in crate::operations) fn policy(&self) -> &Policy {
        &self.service.policy
    }

    /// Whether there is nothing for anybody.
    pub(in crate::operations) fn is_empty(&self) -> bool {
        self.visits.is_empty()
    }

    /// When visits could begin.
    pub(in crate::operations) fn starts(&self) -> impl Iterator<Item = Timestamp> {
        self.visits.iter().map(|visit| visit.start)
    }

    /// Leaves the visits whose starts pass.
    pub(in crate::operations) fn keep(&mut self, passes: impl Fn(&Timestamp) -> bool) {
        self.visits.retain(|visit| passes(&visit.start));
    }

    /// The zone that visits are told in.
    pub(in crate::operations) fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// What of it somebody who waits could have: within the time they have, and while they are nowhere else.
    pub(in crate::operations) async fn times(
        &self,
        cx: OperationContext<'_>,
        wish: &Wish,
    ) -> Result<Vec<Time<'_>>> {
        let within = wish.periods.within(self.window);
        let theirs = self.visits.iter().filter_map(|visit| {
            let time = taken(visit)?;
            let covers = |one: &Interval| one.start <= time.start && time.end <= one.end;
            Some((visit, time, within.iter().find(covers)?))
        });
        let theirs: Vec<(&Visit, Interval, Interval)> = theirs.collect();
        if theirs.is_empty() {
            return Ok(Vec::new());
        }
        let patient = [wish.patient.to_string()];
        let busy = cx.store.busy(&patient, self.window, cx.request.now);
        let busy = busy.await?;
        let busy: Intervals = busy.iter().flat_map(|lane| lane.times.iter()).collect();
        let free = theirs.into_iter().filter(|(_, time, _)| !busy.meets(*time));
        let free = free.map(|(visit, time, period)| Time {
            start: time.start,
            end: time.end,
            visit,
            period,
        });
        Ok(free.collect())
    }

    /// The Appointment of somebody who waits at a time.
    pub(in crate::operations) fn appointment(
        &self,
        cx: OperationContext<'_>,
        wish: &Wish,
        time: &Time<'_>,
    ) -> Result<Resource> {
        let asked = Asked::of(
            self.service.key.clone(),
            time.period,
            vec![wish.patient.to_string()],
            self.named.clone(),
        );
        let proposals = Proposals {
            cx,
            asked: &asked,
            service: &self.service.key,
            resource: &self.service.resource,
            referrals: &wish.referrals,
            zone: self.zone.clone(),
        };
        let text = proposals.appointment(OFFERED, time.visit);
        Resource::parse(text).map_err(Error::internal)
    }
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
    let calendars = calendars::read(cx, is_wanted, window).await?;
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
        .map(|one| format!("{}|{}", escaped(&one.system), escaped(&one.code)));
    let types: Vec<String> = types.collect();
    let query = [("service-type".to_owned(), types.join(","))];
    let query = crate::searchset::query_text(&query);
    let mut found = search(cx, "HealthcareService", &query, 100).await?;
    found.retain(|(_, one)| one.get("active").and_then(Value::boolean) != Some(false));
    Ok(found.into_iter().map(|(key, _)| key).collect())
}
