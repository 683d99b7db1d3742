//! Whose time the writes of a transaction take: claimed when all is written, so that what moves within it does not stand in
//! its own way (server/decisions/0030-claims-of-time.md).

mod answers;
mod asked;
mod blocks;
mod known;
mod late;
mod next;
mod passing;
mod rebuild;
mod slots;
mod told;
mod turned;

use std::collections::BTreeMap;

use fhir::ids::{Reference, ResourceKey};
use fhir::json::ParseLimits;
use fhir::outcome::Issue;
use fhir::resource::Resource;
use jiff::Timestamp;
use sqlx::Row;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::read::read_resources;
use super::search::RowFilter;
use super::{Transaction, statements};
pub use rebuild::Reclaimed;
pub use slots::{CalendarOf, SlotTime};

use crate::error::{Error, ErrorKind, OpError, Result};
use crate::scheduling::{
    Block, Claim, Clash, Ruled, Status, Transition, Visit, claims_of_block, claims_of_visit,
    is_ruled,
};

/// What the writes of a transaction have changed of the resources that rules of booking are about.
#[derive(Debug, Default)]
pub(super) struct Unsettled(BTreeMap<ResourceKey, Changed>);

#[derive(Debug)]
struct Changed {
    /// What was there when the transaction began.
    before: Option<Ruled>,
    /// What is there now.
    after: Option<Ruled>,
    /// Whether an operation writes it.
    by_operation: bool,
}

/// What visits and blocks claim, and what else is to be done when they have it.
#[derive(Default)]
struct Asked {
    claims: Vec<Claim>,
    /// Visits that are booked now, and of which HealthcareService they are.
    services: Vec<(ResourceKey, String)>,
    warnings: Vec<Issue>,
}

/// What cannot be had, and which write asks for it.
#[derive(Debug)]
pub struct Refusal {
    /// The resource that was written.
    pub key: ResourceKey,
    /// Why not.
    pub error: Error,
}

impl Changed {
    /// Whether a visit has the time it had, of the same, in the same way: then it claims nothing anew.
    fn keeps_time(&self) -> bool {
        let (Some(before), Some(after)) = (
            self.before.as_ref().and_then(visit),
            self.after.as_ref().and_then(visit),
        ) else {
            return false;
        };
        let is_held = |one: &Visit| one.status == Some(Status::Pending);
        before.takes_time()
            && after.takes_time()
            && !is_held(before)
            && !is_held(after)
            && before.is_overbooked == after.is_overbooked
            && before.is_as(after)
    }
}

impl Transaction {
    /// What there is, before it is written, of resources that rules are about. Nobody else changes it until the end.
    pub(super) async fn ruled_before(
        &mut self,
        keys: impl Iterator<Item = &ResourceKey>,
    ) -> Result<BTreeMap<ResourceKey, Ruled>> {
        let keys: Vec<ResourceKey> = keys
            .filter(|key| is_ruled(key.resource_type))
            .cloned()
            .collect();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.lock(keys.clone()).await?;
        let found = read_resources(self.connection(), &keys, &RowFilter::everything()).await?;
        let mut before = BTreeMap::new();
        for version in found.into_iter().flatten() {
            let Some(content) = version.content else {
                continue;
            };
            let resource =
                Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
            before.extend(Ruled::of(&resource).map(|ruled| (version.key, ruled)));
        }
        Ok(before)
    }

    /// Refuses a write that no way leads to, and notes what it claims.
    pub(super) fn rule(
        &mut self,
        key: &ResourceKey,
        before: Option<Ruled>,
        after: Option<Ruled>,
        by_operation: bool,
    ) -> Result<()> {
        if !is_ruled(key.resource_type) {
            return Ok(());
        }
        let now = self.now();
        match (&before, &after) {
            (Some(Ruled::Block(_)), _) | (_, Some(Ruled::Block(_))) => {
                let block = |ruled: &Option<Ruled>| match ruled {
                    Some(Ruled::Block(block)) => Some(block.clone()),
                    _ => None,
                };
                if !by_operation && !self.access().imports() {
                    permit_block(block(&before).as_ref(), block(&after).as_ref())?;
                }
            }
            (Some(Ruled::Visit(_)), _) | (_, Some(Ruled::Visit(_))) => {
                let transition = Transition {
                    before: before.as_ref().and_then(visit),
                    after: after.as_ref().and_then(visit),
                    by_operation,
                    now,
                };
                transition.permit(self.access())?;
            }
            _ => {}
        }
        let changed = Changed {
            before,
            after,
            by_operation,
        };
        match self.unsettled().0.get_mut(key) {
            Some(known) => {
                known.after = changed.after;
                known.by_operation |= by_operation;
            }
            None => {
                self.unsettled().0.insert(key.clone(), changed);
            }
        }
        Ok(())
    }

    /// Claims the time that what was written so far takes, or says what cannot be had; then nothing may be committed.
    pub async fn settle(&mut self) -> std::result::Result<(), Refusal> {
        let mut unsettled = std::mem::take(&mut self.unsettled().0);
        self.refuse_late(&unsettled).await?;
        self.tell(&unsettled).await?;
        unsettled.retain(|_, changed| !changed.keeps_time());
        let Some(first) = unsettled.keys().next().cloned() else {
            return Ok(());
        };
        let refusal = |error| refused(&first, error);
        let passing = self.add_passing(&mut unsettled).await.map_err(&refusal)?;
        self.reopen_blocks(&unsettled).await.map_err(&refusal)?;
        let mut asked = self.claims(&unsettled).await?;
        let claims = std::mem::take(&mut asked.claims);
        let (claims, forced) = self.without_forced(claims);
        let clashes = self.claim(&unsettled, &claims, false);
        let clashes = clashes.await.map_err(&refusal)?;
        if let Some(clash) = clashes.first() {
            if let Some(passed) = passing.refusal(&clash.claim.source) {
                return Err(passed);
            }
            return Err(Refusal {
                key: clash.claim.source.clone(),
                error: Clash::refused(&clashes, self.access().is_patients()),
            });
        }
        let kept = self.keep_blocks(&unsettled, &forced).await;
        kept.map_err(&refusal)?;
        for (key, changed) in unsettled.iter().filter(|(key, _)| !passing.has(key)) {
            let kept = self.note_hold(key, changed).await;
            kept.map_err(|error| refused(key, error))?;
        }
        for (key, service) in &asked.services {
            let counted = self.count_self_booked(key, service).await;
            counted.map_err(|error| refused(key, error))?;
        }
        self.warnings.extend(asked.warnings);
        Ok(())
    }

    /// What is to be said beside the answer of what was settled.
    pub fn take_warnings(&mut self) -> Vec<Issue> {
        std::mem::take(&mut self.warnings)
    }

    /// What the visits and blocks that were written claim. What a visit must be that takes time it did not take before is
    /// asked first.
    async fn claims(
        &mut self,
        unsettled: &BTreeMap<ResourceKey, Changed>,
    ) -> std::result::Result<Asked, Refusal> {
        let mut asked = Asked::default();
        let Some(first) = unsettled.keys().next() else {
            return Ok(asked);
        };
        let base = self.base_url();
        let schedules = self.schedules(unsettled).await;
        let schedules = schedules.map_err(|error| refused(first, error))?;
        let known = self.known(unsettled, &schedules).await;
        let known = known.map_err(|error| refused(first, error))?;
        for (key, changed) in unsettled {
            let made = match &changed.after {
                Some(Ruled::Visit(visit)) if visit.takes_time() => self
                    .asked(key, changed, visit, &known)
                    .and_then(|permitted| {
                        asked.warnings.extend(permitted.warnings);
                        let kind = permitted.kind.as_ref();
                        let claims = claims_of_visit(key, visit, &known, kind, &base);
                        let service = permitted.kind.filter(|_| permitted.is_new);
                        let service = service.map(|kind| (key.clone(), kind.service));
                        asked.services.extend(service);
                        claims
                    }),
                Some(Ruled::Block(block)) => {
                    claims_of_block(key, block, &schedules, &known.actors, &base)
                }
                _ => Ok(Vec::new()),
            };
            asked
                .claims
                .extend(made.map_err(|error| refused(key, error))?);
        }
        Ok(asked)
    }

    /// Claims them in place of what was claimed before; what is answered cannot be had.
    async fn claim(
        &mut self,
        unsettled: &BTreeMap<ResourceKey, Changed>,
        claims: &[Claim],
        regardless: bool,
    ) -> Result<Vec<Clash>> {
        let sources = unsettled
            .keys()
            .filter(|key| matches!(key.resource_type.name(), "Appointment" | "Slot"));
        let sources: Vec<String> = sources.map(ToString::to_string).collect();
        if sources.is_empty() {
            return Ok(Vec::new());
        }
        let texts = |of: fn(&Claim) -> String| claims.iter().map(of).collect::<Vec<_>>();
        let instants = |of: fn(&Claim) -> Timestamp| {
            claims
                .iter()
                .map(|one| Instant(of(one)))
                .collect::<Vec<_>>()
        };
        let numbers = |of: fn(&Claim) -> u32| {
            let limit = |one| i32::try_from(of(one)).unwrap_or(i32::MAX);
            claims.iter().map(limit).collect::<Vec<_>>()
        };
        let expiries = claims.iter().map(|one| one.expires.map(Instant));
        let now = self.now();
        let rows = sqlx::query(statements::CLAIM_TIME)
            .bind(Instant(now))
            .bind(sources)
            .bind(texts(|one| one.actor.to_string()))
            .bind(texts(|one| one.source.to_string()))
            .bind(instants(|one| one.lower))
            .bind(instants(|one| one.upper))
            .bind(texts(|one| one.kind.code().to_owned()))
            .bind(expiries.collect::<Vec<_>>())
            .bind(numbers(|one| one.capacity))
            .bind(numbers(|one| one.most))
            .bind(regardless)
            .fetch_all(self.connection())
            .await
            .map_err(clashing)?;
        let clash = |row: &sqlx::postgres::PgRow| {
            let n: i32 = row.try_get("n").map_err(from_sqlx)?;
            let place = usize::try_from(n - 1).map_err(Error::internal)?;
            let claim = claims.get(place).cloned();
            let lower: Instant = row.try_get("lower").map_err(from_sqlx)?;
            let upper: Instant = row.try_get("upper").map_err(from_sqlx)?;
            Ok(Clash {
                claim: claim.ok_or_else(|| Error::internal("a claim that was not made clashes"))?,
                kind: row.try_get("kind").map_err(from_sqlx)?,
                lower: lower.0,
                upper: upper.0,
            })
        };
        rows.iter().map(clash).collect()
    }

    /// Notes until when a visit is held, and for whom, or that it is held no more.
    async fn note_hold(&mut self, key: &ResourceKey, changed: &Changed) -> Result<()> {
        let held = |ruled: &Option<Ruled>| {
            let visit = ruled.as_ref().and_then(visit);
            let visit = visit.filter(|one| one.status == Some(Status::Pending));
            visit.and_then(|one| one.hold_expires)
        };
        match (held(&changed.before), held(&changed.after)) {
            (_, Some(ends)) => self.keep_hold(key, ends).await,
            (Some(_), None) => self.end_holds(std::iter::once(key)).await,
            (None, None) => Ok(()),
        }
    }
}

fn refused(key: &ResourceKey, error: Error) -> Refusal {
    Refusal {
        key: key.clone(),
        error,
    }
}

fn visit(ruled: &Ruled) -> Option<&Visit> {
    match ruled {
        Ruled::Visit(visit) => Some(visit),
        Ruled::Block(_) | Ruled::Role(_) | Ruled::Calendar(_) | Ruled::Answer(_) => None,
    }
}

fn local(reference: &str, base: &str) -> Option<ResourceKey> {
    match Reference::parse(reference, base) {
        Reference::Local { key, .. } => Some(key),
        _ => None,
    }
}

/// What a client may make of a Slot: the server alone says that it is taken.
fn permit_block(before: Option<&Block>, after: Option<&Block>) -> Result<()> {
    let is_taken = |block: &&Block| matches!(&*block.status, "busy" | "busy-tentative");
    if let Some(taken) = after.filter(is_taken)
        && before.is_none_or(|before| before != taken)
    {
        return Err(Error::new(
            ErrorKind::BusinessRule,
            "that a slot is taken says the server, when it is booked or held",
        )
        .at("Slot.status"));
    }
    match before.filter(is_taken).is_some() && before != after {
        true => Err(Error::new(
            ErrorKind::Conflict,
            "the slot is taken by a visit: cancel that, or move it",
        )),
        false => Ok(()),
    }
}

/// The last guard: what the exclusion constraint refuses.
fn clashing(fault: sqlx::Error) -> Error {
    match is_exclusion(&fault) {
        true => OpError::AppointmentClash
            .refused("A required resource is no longer free")
            .caused_by(fault),
        false => from_sqlx(fault),
    }
}

fn is_exclusion(fault: &sqlx::Error) -> bool {
    fault
        .as_database_error()
        .is_some_and(|fault| fault.code().as_deref() == Some("23P01"))
}
