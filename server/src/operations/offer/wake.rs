//! Freed time is offered to those who wait for it, by whichever process comes first.

use fhir::ids::{ResourceKey, ResourceType};
use fhir::scheduling::Interval;

use super::{Current, answered_by, offer};
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::operations::find::calendars::search;
use crate::operations::find::{Wish, service_of_types, times};
use crate::operations::waitlist::Entry;
use crate::operations::{OperationContext, OperationTarget};
use crate::scheduling::Status;
use crate::store::{Source, Store, Transaction};

/// Those who wait, of whom one look knows.
const WAITING_MAX: usize = 5_000;

/// What came of one look at freed time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Woken {
    /// There is none.
    Nothing,
    /// This visit is held for somebody now; there may be more to offer.
    Offered(ResourceKey),
    /// Nobody waits for what was left.
    Dropped,
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
        for entry in waiting(cx).await? {
            if let Some(held) = offered(cx, tx, &entry, rest).await? {
                return Ok(Woken::Offered(held));
            }
        }
    }
    tx.drop_freed_time(freed.id).await?;
    Ok(Woken::Dropped)
}

/// All who wait, whose turn it is first.
async fn waiting(cx: OperationContext<'_>) -> Result<Vec<Entry>> {
    let found = search(cx, "Appointment", "status=waitlist", WAITING_MAX).await?;
    let base = &cx.request.base_url;
    let mut entries: Vec<Entry> = found
        .iter()
        .map(|(key, one)| Entry::of(key, one, base))
        .collect();
    entries.sort_by_key(Entry::turn);
    Ok(entries)
}

/// The visit that is held for somebody who waits, where freed time is what they wait for.
async fn offered(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    entry: &Entry,
    freed: Interval,
) -> Result<Option<ResourceKey>> {
    let Some(wish) = wish(cx, entry).await? else {
        return Ok(None);
    };
    if tx.is_offered(&entry.key, (freed.start, freed.end)).await? {
        return Ok(None);
    }
    let (policy, times) = match times(cx, &wish, freed).await {
        Ok(found) => found,
        // What cannot be booked is waited for in vain.
        Err(error) if is_theirs(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    if times.is_empty() || !still_waits(cx, tx, &entry.key).await? {
        return Ok(None);
    }
    for time in times {
        let Some(ends) = answered_by(cx, &policy, time.start).await? else {
            continue;
        };
        let mark = tx.mark().await?;
        let within = (time.start, time.end);
        match offer(cx, tx, entry, &time.resource, within, ends).await {
            Ok(done) => return Ok(Some(done.key().clone())),
            // Somebody else has taken it meanwhile.
            Err(error) if is_theirs(&error) => tx.back_to(mark).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// What somebody waits for; nothing where the Appointment does not say enough.
async fn wish(cx: OperationContext<'_>, entry: &Entry) -> Result<Option<Wish>> {
    let Some(patient) = entry.patient.clone() else {
        return Ok(None);
    };
    let periods = entry.periods_from(cx.request.now);
    if periods.is_empty() {
        return Ok(None);
    }
    let service = match &entry.service {
        Some(service) => service.clone(),
        None if entry.types.is_empty() => return Ok(None),
        None => match &service_of_types(cx, &entry.types).await?[..] {
            [only] => only.to_string(),
            _ => return Ok(None),
        },
    };
    Ok(Some(Wish {
        service,
        patient,
        practitioners: entry.practitioners.clone(),
        periods,
    }))
}

/// Whether somebody still waits and has no offer; that stays so until the end.
async fn still_waits(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    key: &ResourceKey,
) -> Result<bool> {
    tx.lock(vec![key.clone()]).await?;
    let found = Source::Within(cx.store, tx).read(cx.request, key).await?;
    if found.is_none_or(|version| version.content.is_none()) {
        return Ok(false);
    }
    let current = Current::of(cx, tx, key).await?;
    let now = cx.request.now;
    Ok(current.visit.status == Some(Status::Waitlist) && !tx.is_offered(key, (now, now)).await?)
}

/// Whether a refusal is about what is waited for, and not about the server.
fn is_theirs(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BadValue
            | ErrorKind::BusinessRule
            | ErrorKind::Conflict
            | ErrorKind::Gone
            | ErrorKind::NotFound
    )
}
