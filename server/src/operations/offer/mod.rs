//! `Appointment/[id]/$offer`: a visit is held for somebody who waits, as `$hold` holds one, for as long as the policy says.

#[cfg(test)]
mod tests;
mod wake;

use fhir::ids::ResourceKey;
use fhir::json::{Document, quoted};
use fhir::resource::Resource;
use fhir::scheduling::{Interval, Intervals, Policy};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use self::wake::{Woken, wake};
use super::find::clinic_hours;
use super::hold::held;
use super::visits::{Current, Done, Draft, no_way, offered, referred, refuse_patients};
use super::waitlist::Entry;
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::{Status, quiet};
use crate::store::{Source, Transaction};

/// The identifier of a visit that is offered: the Appointment on the waiting list.
const WAITLIST: &str = "https://vesta.example/fhir/NamingSystem/appointment-waitlist";

/// Why an Appointment is on the waiting list no more.
const BOOKED: &str = r#"{"coding":[{"system":"https://vesta.example/fhir/CodeSystem/appointment-cancelation","code":"waitlist-booked"}]}"#;

/// How far ahead the hours of the clinic are looked at.
const HOURS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// No question looks at less time at once.
const PIECE: SignedDuration = SignedDuration::from_hours(24);

/// Whoever has less time than that to answer is not offered anything.
const LEAST: SignedDuration = SignedDuration::from_mins(15);

/// The operation.
pub(super) struct Offer;

/// What it takes.
pub(super) struct OfferParams {
    reference: Document,
}

impl Params for OfferParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            reference: arguments.required("appointment-reference")?,
        })
    }
}

impl Change for Offer {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = OfferParams;

    fn permit(cx: &OperationContext<'_>) -> Result<()> {
        refuse_patients(cx)
    }

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &OfferParams,
    ) -> Result<OperationAnswer> {
        let waiting = Current::of(cx, tx, cx.instance()?).await?;
        if waiting.visit.status != Some(Status::Waitlist) {
            return Err(no_way(&waiting.visit, "offered anything"));
        }
        let key = referred(
            &params.reference,
            &["Appointment"],
            "appointment-reference",
            cx,
        )?;
        let proposal = offered(cx, tx, &key).await?.ok_or_else(|| {
            let sentence = "appointment-reference is what $find has offered whoever calls";
            Error::new(ErrorKind::BadValue, sentence)
        })?;
        let entry = Entry::of(&waiting.key, &waiting.resource, &cx.request.base_url);
        let visit = super::visits::visit_of(&proposal)?;
        let (Some(start), Some(end)) = (visit.start, visit.end) else {
            return Err(no_way(&visit, "offered"));
        };
        // An offer of the same time is made anew where somebody wants that; a second one beside another is not.
        if let Some(patient) = &entry.patient {
            tx.lock_waiting(patient).await?;
        }
        if tx.is_offered(entry.waiting(), (start, start)).await? {
            let sentence = "another visit is offered already";
            return Err(OpError::InvalidTransition.refused(sentence));
        }
        let service = Entry::of(&key, &proposal, &cx.request.base_url).service;
        let policy = match service.or_else(|| entry.service.clone()) {
            Some(service) => policy(cx, &service).await?,
            None => {
                return Err(Error::new(
                    ErrorKind::BusinessRule,
                    "of which kind the visit is, is not said",
                ));
            }
        };
        let zone = quiet::zone_of(&proposal).unwrap_or(TimeZone::UTC);
        let ends = Answering::of(cx, &policy, &zone).await?.until(start);
        let ends =
            ends.ok_or_else(|| OpError::LeadTime.refused("there is no time left to answer"))?;
        let time = (start, end);
        offer(cx, tx, &entry, &proposal, time, ends)
            .await?
            .answer(cx)
    }
}

/// How a kind of visit is booked.
async fn policy(cx: OperationContext<'_>, service: &str) -> Result<Policy> {
    let key: ResourceKey = service.parse().map_err(Error::internal)?;
    let (_, content) = cx.read(&key).await?;
    let resource = Resource::parse(content).map_err(Error::internal)?;
    let unbookable = |sentence: String| Error::new(ErrorKind::BusinessRule, sentence);
    let policy = Policy::of(resource.root()).map_err(|fault| unbookable(fault.to_string()))?;
    policy.ok_or_else(|| unbookable(format!("{service} has no scheduling-policy")))
}

/// Holds a visit for somebody who waits.
async fn offer(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    entry: &Entry,
    visit: &Resource,
    time: (Timestamp, Timestamp),
    ends: Timestamp,
) -> Result<Done> {
    let patients: Vec<ResourceKey> = entry.patient.iter().cloned().collect();
    let mut draft = Draft::of(visit);
    held(&mut draft, ends, &patients, cx)?;
    let id = quoted(entry.key.id.as_str());
    draft.set(
        "identifier",
        &format!(r#"[{{"system":"{WAITLIST}","value":{id}}}]"#),
    )?;
    draft.set_text("created", &cx.request.now.to_string())?;
    let done = draft.create(cx, tx).await?;
    tx.note_offer(done.key(), entry.waiting(), time).await?;
    Ok(done)
}

/// How long somebody who waits has to answer, whichever visit of a kind they are asked about. By night nobody is told, and no
/// time to answer passes.
struct Answering<'a> {
    /// The zone of the clinic.
    zone: &'a TimeZone,
    now: Timestamp,
    /// When their time is over.
    ends: Timestamp,
    /// How long that is at least.
    least: SignedDuration,
    /// So long before a visit nobody takes it any more.
    lead: SignedDuration,
}

impl<'a> Answering<'a> {
    async fn of(
        cx: OperationContext<'_>,
        policy: &Policy,
        zone: &'a TimeZone,
    ) -> Result<Answering<'a>> {
        let now = cx.request.now;
        let until = |ahead| now.checked_add(ahead).map_err(Error::internal);
        let window = |end| Interval { start: now, end };
        let days = quiet::days(window(until(HOURS)?), zone);
        // Where there are too many Slots to look that far, it is looked less far.
        let mut ahead = HOURS;
        let open = loop {
            match clinic_hours(cx, policy, window(until(ahead)?)).await {
                Err(error) if error.kind() == ErrorKind::TooCostly && ahead > PIECE => {
                    ahead /= 2;
                }
                open => break open?,
            }
        };
        let minutes = |minutes: u32| SignedDuration::from_mins(i64::from(minutes));
        let time = minutes(policy.offer_minutes);
        Ok(Answering {
            zone,
            now,
            ends: passed(&open.intersect(&days), &days, now, time),
            least: LEAST.min(time),
            lead: minutes(policy.lead_minutes),
        })
    }

    /// Until when a visit that begins then can be taken; nothing where that is too soon after they are told of it.
    fn until(&self, start: Timestamp) -> Option<Timestamp> {
        let last = start.checked_sub(self.lead).unwrap_or(self.now);
        let ends = self.ends.min(last);
        let told = quiet::told_at(self.now, start, self.zone);
        (ends.duration_since(told) >= self.least).then_some(ends)
    }
}

/// When so much of some time has passed; where there is not so much of it, the days that follow count as well.
fn passed(
    open: &Intervals,
    days: &Intervals,
    now: Timestamp,
    mut left: SignedDuration,
) -> Timestamp {
    let mut last = open.iter().last().map_or(now, |one| one.end);
    let after = days.within(Interval {
        start: last,
        end: Timestamp::MAX,
    });
    for interval in open.iter().chain(after.iter()) {
        let length = interval.end.duration_since(interval.start);
        if length >= left {
            return interval.start.checked_add(left).unwrap_or(interval.end);
        }
        left -= length;
        last = interval.end;
    }
    last.checked_add(left).unwrap_or(last)
}

/// Whether a visit is offered to whoever asks: a patient who waits for it.
pub(super) async fn is_offered_to(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    held: &Current,
) -> Result<bool> {
    let user = cx.request.access.grant().and_then(|one| one.user.as_ref());
    let Some(user) = user.filter(|user| !user.is_staff()) else {
        return Ok(false);
    };
    // Whoever speaks for a patient sees what is in the patient's record alone.
    let user = user.to_string();
    let takes_part = |name: &str| {
        let mut participants = held.visit.participants.iter();
        participants.any(|one| {
            one.key(&cx.request.base_url)
                .is_some_and(|key| key.to_string() == name)
        })
    };
    match user.starts_with("RelatedPerson/") || takes_part(&user) {
        true => Ok(tx.waitlist_entry(&held.key).await?.is_some()),
        false => Ok(false),
    }
}

/// Refuses to hold for longer what is offered.
pub(super) async fn refuse_extension(tx: &mut Transaction, key: &ResourceKey) -> Result<()> {
    match tx.waitlist_entry(key).await? {
        Some(_) => Err(OpError::InvalidTransition.refused("an offer is not extended: book it")),
        None => Ok(()),
    }
}

/// Who waits for whom a visit is held, as it stands on the waiting list; nobody else changes that until the end.
pub(super) async fn entry_of(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    held: &ResourceKey,
) -> Result<Option<Current>> {
    let Some(key) = tx.waitlist_entry(held).await? else {
        return Ok(None);
    };
    tx.lock(vec![key.clone()]).await?;
    let found = Source::Within(cx.store, tx).read(cx.request, &key).await?;
    if found.is_none_or(|version| version.content.is_none()) {
        return Ok(None);
    }
    let current = Current::of(cx, tx, &key).await?;
    Ok((current.visit.status == Some(Status::Waitlist)).then_some(current))
}

/// Takes somebody off the waiting list who has a visit now.
pub(super) async fn end(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    waiting: Option<Current>,
) -> Result<()> {
    let Some(waiting) = waiting else {
        return Ok(());
    };
    let mut draft = Draft::of(&waiting.resource);
    draft.set_status(Status::Cancelled)?;
    draft.set("cancelationReason", BOOKED)?;
    waiting.change(cx, tx, &draft).await.map(drop)
}
