//! Somebody who waits, as the Appointment on the waiting list says it.

use fhir::ids::{Reference, ResourceKey};
use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::{Coding, Interval, Intervals};
use fhir::time;
use jiff::{SignedDuration, Timestamp};

use super::MIN_NOTICE;
use crate::store::Waiting;

/// Somebody who waits.
#[derive(Clone, Debug)]
pub(in crate::operations) struct Entry {
    pub(in crate::operations) key: ResourceKey,
    pub(in crate::operations) patient: Option<ResourceKey>,
    /// `[type]/[id]` of the kind of visit, where it is named.
    pub(in crate::operations) service: Option<String>,
    /// Its types.
    pub(in crate::operations) types: Vec<Coding>,
    /// Any of these will do; without any, anybody.
    pub(in crate::operations) practitioners: Vec<String>,
    /// The ServiceRequests that it is based on.
    pub(in crate::operations) referrals: Vec<String>,
    periods: Intervals,
    notice: SignedDuration,
    /// 1 is the most urgent; nothing is said by 0.
    priority: u32,
    since: Timestamp,
}

impl Entry {
    /// What an Appointment says.
    pub(in crate::operations) fn of(key: &ResourceKey, entry: &Resource, base: &str) -> Self {
        let local = |text: &str| match Reference::parse(text, base) {
            Reference::Local { key, .. } => Some(key),
            _ => None,
        };
        let participants = entry.get("participant").into_iter().flat_map(Value::items);
        let actors: Vec<ResourceKey> = participants
            .filter_map(|one| local(&one.at(&["actor", "reference"])?.string()?))
            .collect();
        let based_on = entry.get("basedOn").into_iter().flat_map(Value::items);
        let referrals = based_on
            .filter_map(|one| local(&one.get("reference")?.string()?))
            .filter(|key| key.resource_type.name() == "ServiceRequest");
        let of = |names: &[&str]| {
            let named = actors
                .iter()
                .filter(|key| names.contains(&key.resource_type.name()));
            named.cloned().collect::<Vec<ResourceKey>>()
        };
        let texts = |keys: Vec<ResourceKey>| keys.iter().map(ToString::to_string).collect();
        let services: Vec<String> = texts(of(&["HealthcareService"]));
        let types = entry.get("serviceType").into_iter().flat_map(Value::items);
        let number = |value: Option<Value<'_>>| value?.number()?.parse::<u32>().ok();
        let extensions = entry.get("extension").into_iter().flat_map(Value::items);
        let notice = extensions
            .filter(|one| one.get("url").and_then(Value::string).as_deref() == Some(MIN_NOTICE))
            .find_map(|one| number(one.get("valueUnsignedInt")));
        let since = moment(entry.get("created")).map(|(lower, _)| lower);
        let updated = entry.root().at(&["meta", "lastUpdated"]);
        let since = since.or_else(|| moment(updated).map(|(lower, _)| lower));
        Self {
            key: key.clone(),
            patient: of(&["Patient"]).into_iter().next(),
            service: services.into_iter().next(),
            types: types.flat_map(Coding::all).collect(),
            practitioners: texts(of(&["PractitionerRole", "Practitioner"])),
            referrals: texts(referrals.collect()),
            periods: periods(entry),
            notice: SignedDuration::from_hours(i64::from(notice.unwrap_or(0))),
            priority: number(entry.get("priority")).unwrap_or(0),
            since: since.unwrap_or(Timestamp::MAX),
        }
    }

    /// Whom offers are noted for.
    pub(in crate::operations) fn waiting(&self) -> Waiting<'_> {
        Waiting {
            entry: &self.key,
            patient: self.patient.as_ref(),
        }
    }

    /// By this they are put in order: the most urgent first, then who has waited longest.
    pub(in crate::operations) fn turn(&self) -> (bool, u32, Timestamp, ResourceKey) {
        let says_nothing = self.priority == 0;
        (says_nothing, self.priority, self.since, self.key.clone())
    }

    /// The time that is asked for and can still be made possible.
    pub(in crate::operations) fn periods_from(&self, now: Timestamp) -> Intervals {
        let from = now.checked_add(self.notice).unwrap_or(Timestamp::MAX);
        self.periods.within(Interval {
            start: from,
            end: Timestamp::MAX,
        })
    }
}

fn periods(entry: &Resource) -> Intervals {
    let periods = entry
        .get("requestedPeriod")
        .into_iter()
        .flat_map(Value::items);
    let period = |one: Value<'_>| Interval {
        start: moment(one.get("start")).map_or(Timestamp::MIN, |(lower, _)| lower),
        end: moment(one.get("end")).map_or(Timestamp::MAX, |(_, upper)| upper),
    };
    periods.map(period).collect()
}

/// From when to when an element reaches: a day has an end of its own.
fn moment(element: Option<Value<'_>>) -> Option<(Timestamp, Timestamp)> {
    let text = element?.string()?;
    let read = time::parse_date_time(&text).ok()?;
    let is_moment = text.contains('T');
    let end = if is_moment {
        read.lower()
    } else {
        read.upper()
    };
    Some((read.lower(), end))
}
