//! Freed time is offered to those who wait for it, by whichever process comes first.

use std::collections::BTreeMap;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::Interval;
use jiff::{SignedDuration, Timestamp};

use super::{Answering, Current, PIECE, offer};
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::operations::find::calendars::each;
use crate::operations::find::{Had, Time, Wish, had, service_of_types};
use crate::operations::waitlist::Entry;
use crate::operations::{OperationContext, OperationTarget};
use crate::scheduling::Status;
use crate::store::{FreedTime, Source, Store, StoredVersion, Transaction};

/// What came of one look at freed time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Woken {
    /// There is none.
    Nothing,
    /// This visit is held for somebody now; there may be more to offer.
    Offered(ResourceKey),
    /// Nobody waits for what was left.
    Dropped,
    /// There is more in it than one look takes: each half is looked at by itself.
    Halved,
}

/// Looks for somebody who waits for time that was freed, and holds a visit for them: all of it in one transaction. What fails
/// is tried again later.
pub async fn wake(store: &Store, definitions: &Definitions, cx: &RequestContext) -> Result<Woken> {
    let appointment = ResourceType::parse("Appointment");
    let appointment = appointment.ok_or_else(|| Error::internal("R4 has appointments"))?;
    let target = OperationTarget::Type(appointment);
    let cx = OperationContext {
        request: cx,
        store,
        definitions,
        target: &target,
        formats: &[],
        if_match: None,
        call: None,
        operations: None,
        accounts: None,
    };
    let mut looked_at = None;
    let mut attempts = store.attempts();
    let done = loop {
        let mut tx = match attempts.begin(cx.request).await {
            Ok(tx) => tx,
            Err(error) => break Err(error),
        };
        let result = look(cx, &mut tx, &mut looked_at).await;
        if let Some(done) = attempts.finish(tx, result).await {
            break done;
        }
    };
    if let (Err(_), Some(id)) = (&done, looked_at) {
        store.postpone_freed_time(id, cx.request.now).await?;
    }
    done
}

async fn look(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    looked_at: &mut Option<i64>,
) -> Result<Woken> {
    let Some(freed) = tx.freed_time().await? else {
        return Ok(Woken::Nothing);
    };
    *looked_at = Some(freed.id);
    let rest = Interval {
        start: freed.lower.max(cx.request.now),
        end: freed.upper,
    };
    if rest.start < rest.end {
        let mut look = Look {
            cx,
            freed: rest,
            known: BTreeMap::new(),
        };
        for entry in waiting(cx, rest).await? {
            match look.offered(tx, &entry).await {
                Ok(Some(held)) => return Ok(Woken::Offered(held)),
                Ok(None) => {}
                Err(error) => return halved(tx, &freed, rest, error).await,
            }
        }
    }
    tx.drop_freed_time(freed.id).await?;
    Ok(Woken::Dropped)
}

/// Leaves freed time to be looked at half by half, where it was too much for one look.
async fn halved(
    tx: &mut Transaction,
    freed: &FreedTime,
    rest: Interval,
    error: Error,
) -> Result<Woken> {
    let Some(middle) = middle(&error, rest) else {
        return Err(error);
    };
    tx.halve_freed_time(freed.id, middle).await?;
    Ok(Woken::Halved)
}

/// Where freed time is cut that is too much for one look.
fn middle(error: &Error, freed: Interval) -> Option<Timestamp> {
    let length = freed.end.duration_since(freed.start);
    let is_cut = error.kind() == ErrorKind::TooCostly && length > PIECE;
    let half = SignedDuration::from_secs(length.as_secs() / 2);
    freed.start.checked_add(half).ok().filter(|_| is_cut)
}

/// All who wait for time that meets what is freed, whose turn it is first. Who waited for time that is over is left out by
/// the search, so that they cost nothing, however many they are.
pub(super) async fn waiting(cx: OperationContext<'_>, freed: Interval) -> Result<Vec<Entry>> {
    let query = format!(
        "status=waitlist&requested-period=ge{}&requested-period=lt{}",
        freed.start, freed.end
    );
    let base = &cx.request.base_url;
    let mut entries = Vec::new();
    let take = |version: StoredVersion, one: Resource| {
        entries.push(Entry::of(&version.key, &one, base));
        Ok(())
    };
    each(cx, "Appointment", &query, take).await?;
    entries.sort_by_key(Entry::turn);
    Ok(entries)
}

/// What a kind of visit is asked for by: the HealthcareService, and those of whom any will do.
type Asked = (String, Vec<String>);

/// What can be had of a kind of visit, whoever waits.
pub(super) struct Takeable {
    had: Had,
    /// By when a visit begins, until when it can be taken.
    ends: BTreeMap<Timestamp, Timestamp>,
}

impl Takeable {
    /// What can be had of freed time, as far as somebody who is told of it has the time to answer; nothing where there is none.
    pub(super) async fn of(
        cx: OperationContext<'_>,
        (service, named): Asked,
        freed: Interval,
    ) -> Result<Option<Self>> {
        let mut had = had(cx, service, named, freed).await?;
        if had.is_empty() {
            return Ok(None);
        }
        let zone = had.zone();
        let answering = Answering::of(cx, had.policy(), &zone).await?;
        let ends = had.starts().map(|start| (start, answering.until(start)));
        let ends = ends.filter_map(|(start, ends)| Some((start, ends?)));
        let ends: BTreeMap<Timestamp, Timestamp> = ends.collect();
        had.keep(|start| ends.contains_key(start));
        Ok((!had.is_empty()).then_some(Self { had, ends }))
    }
}

/// One look for who waits for freed time.
struct Look<'a> {
    cx: OperationContext<'a>,
    freed: Interval,
    /// What can be had of it; nothing of what cannot be booked.
    known: BTreeMap<Asked, Option<Takeable>>,
}

impl Look<'_> {
    /// The visit that is held for somebody who waits, where freed time is what they wait for. What is wrong with one of them
    /// is said in the log, and keeps nobody else from theirs.
    async fn offered(
        &mut self,
        tx: &mut Transaction,
        entry: &Entry,
    ) -> Result<Option<ResourceKey>> {
        let (cx, freed) = (self.cx, self.freed);
        let asked = match asked(cx, entry).await {
            Ok(Some(asked)) => asked,
            Ok(None) => return Ok(None),
            Err(error) => return passed_over(entry, error).map(|()| None),
        };
        if !self.known.contains_key(&asked) {
            let found = match Takeable::of(cx, asked.clone(), freed).await {
                Ok(found) => found,
                Err(error) if middle(&error, freed).is_some() => return Err(error),
                // What cannot be booked is waited for in vain.
                Err(error) => passed_over(entry, error).map(|()| None)?,
            };
            self.known.insert(asked.clone(), found);
        }
        let Some(Some(takeable)) = self.known.get(&asked) else {
            return Ok(None);
        };
        let wish = match wish(cx, entry, &takeable.had).await {
            Ok(Some(wish)) => wish,
            Ok(None) => return Ok(None),
            Err(error) => return passed_over(entry, error).map(|()| None),
        };
        let times = match takeable.had.times(cx, &wish).await {
            Ok(times) => times,
            Err(error) => return passed_over(entry, error).map(|()| None),
        };
        if times.is_empty() || !still_waits(cx, tx, entry).await? {
            return Ok(None);
        }
        for time in &times {
            if let Some(held) = takeable.held(cx, tx, (entry, &wish), time).await? {
                return Ok(Some(held));
            }
        }
        Ok(None)
    }
}

impl Takeable {
    /// The visit that is held for somebody at a time, where they have not had it before.
    async fn held(
        &self,
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        (entry, wish): (&Entry, &Wish),
        time: &Time<'_>,
    ) -> Result<Option<ResourceKey>> {
        let within = (time.start, time.end);
        if tx.is_offered(entry.waiting(), within).await? {
            return Ok(None);
        }
        let Some(ends) = self.ends.get(&time.start) else {
            return Ok(None);
        };
        let visit = self.had.appointment(cx, wish, time)?;
        let mark = tx.mark().await?;
        match offer(cx, tx, entry, &visit, within, *ends).await {
            Ok(done) => Ok(Some(done.key().clone())),
            // Somebody else has taken it meanwhile, or it is not for this one.
            Err(error) => {
                passed_over(entry, error)?;
                tx.back_to(mark).await?;
                Ok(None)
            }
        }
    }
}

/// What somebody waits for; nothing where the Appointment does not say enough.
async fn asked(cx: OperationContext<'_>, entry: &Entry) -> Result<Option<Asked>> {
    let named = || entry.practitioners.clone();
    if let Some(service) = &entry.service {
        return Ok(Some((service.clone(), named())));
    }
    if entry.types.is_empty() {
        return Ok(None);
    }
    let found = service_of_types(cx, &entry.types).await?;
    Ok(match &found[..] {
        [only] => Some((only.to_string(), named())),
        _ => None,
    })
}

/// What of it is theirs; nothing where nobody is left who could come, or nobody has referred them.
async fn wish(cx: OperationContext<'_>, entry: &Entry, had: &Had) -> Result<Option<Wish>> {
    let periods = entry.periods_from(cx.request.now);
    let Some(patient) = entry.patient.clone().filter(|_| !periods.is_empty()) else {
        return Ok(None);
    };
    if had.policy().referral_required && entry.referrals.is_empty() {
        return Ok(None);
    }
    let (_, content) = cx.read(&patient).await?;
    let resource = Resource::parse_with(content, cx.request.limits.parse);
    match is_gone(&resource.map_err(Error::internal)?) {
        true => Ok(None),
        false => Ok(Some(Wish {
            patient,
            periods,
            referrals: entry.referrals.clone(),
        })),
    }
}

/// Whether a patient has died, or the record is in use no more.
fn is_gone(patient: &Resource) -> bool {
    let says = |name: &str| patient.get(name).and_then(Value::boolean);
    says("active") == Some(false)
        || says("deceasedBoolean") == Some(true)
        || patient.get("deceasedDateTime").is_some()
}

/// Whether somebody still waits and the patient has no offer; that stays so until the end.
async fn still_waits(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    entry: &Entry,
) -> Result<bool> {
    let key = &entry.key;
    tx.lock(vec![key.clone()]).await?;
    if let Some(patient) = &entry.patient {
        tx.lock_waiting(patient).await?;
    }
    let found = Source::Within(cx.store, tx).read(cx.request, key).await?;
    if found.is_none_or(|version| version.content.is_none()) {
        return Ok(false);
    }
    let current = Current::of(cx, tx, key).await?;
    let now = cx.request.now;
    Ok(current.visit.status == Some(Status::Waitlist)
        && !tx.is_offered(entry.waiting(), (now, now)).await?)
}

/// Says in the log that somebody who waits is passed over, where that is more than that the time is not theirs; a fault of
/// the database is nobody's, and ends the look.
fn passed_over(entry: &Entry, error: Error) -> Result<()> {
    match error.kind() {
        ErrorKind::Unavailable | ErrorKind::Timeout => return Err(error),
        ErrorKind::Conflict | ErrorKind::BusinessRule => {}
        _ => {
            let entry = &entry.key;
            tracing::warn!(%entry, %error, cause = ?error.cause(), "somebody who waits is passed over");
        }
    }
    Ok(())
}
