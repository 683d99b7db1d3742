//! Blocks that are put over visits: the visits keep their time, and nobody else has any of it, nor of what they give up later
//! (server/decisions/0036-forced-blocks-are-asked-for.md).

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use fhir::resource::Resource;

use super::Changed;
use crate::error::{Error, Result};
use crate::scheduling::{Block, Claim, Ruled};
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Transaction, statements};

impl Transaction {
    /// A Slot that is written in this transaction is a block over whatever visits there are.
    pub fn force_block(&mut self, slot: &ResourceKey) {
        self.forced.insert(slot.clone());
    }

    /// The visits that have some of the time of a block, whether or not it is stored. What is held no more is none of them.
    pub async fn visits_meeting(
        &mut self,
        slot: &ResourceKey,
        block: &Resource,
    ) -> Result<Vec<ResourceKey>> {
        let after = Ruled::of(block);
        let changed = Changed {
            before: None,
            after,
            by_operation: true,
        };
        let unsettled = BTreeMap::from([(slot.clone(), changed)]);
        let claims = self.claims(&unsettled).await;
        let claims = claims.map_err(|refusal| refusal.error)?.claims;
        let (actors, lowers, uppers) = times(&claims);
        let now = self.now();
        let found: Vec<String> = sqlx::query_scalar(statements::LIST_MEETING)
            .bind(actors)
            .bind(lowers)
            .bind(uppers)
            .bind(Instant(now))
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        let keys = found.iter().map(|one| one.parse().map_err(Error::internal));
        keys.collect()
    }

    /// Claims that nobody may stand in the way of, and those of blocks over visits.
    pub(super) fn without_forced(&self, claims: Vec<Claim>) -> (Vec<Claim>, Vec<Claim>) {
        let is_usual = |one: &Claim| !self.forced.contains(&one.source);
        claims.into_iter().partition(is_usual)
    }

    /// Blocks that are written anew are no longer over visits; those that stay as they are, or pass with a role, are.
    pub(super) async fn reopen_blocks(
        &mut self,
        unsettled: &BTreeMap<ResourceKey, Changed>,
    ) -> Result<()> {
        let was_block = |changed: &Changed| {
            let before = changed.before.as_ref().and_then(block);
            before.is_some_and(|before| &*before.status == "busy-unavailable")
        };
        let were = unsettled.iter().filter(|(_, one)| was_block(one));
        let (same, changed): (Vec<_>, Vec<_>) =
            were.partition(|(_, changed)| changed.before == changed.after);
        let same: Vec<&ResourceKey> = same.into_iter().map(|(key, _)| key).collect();
        self.note_forced(&same).await?;
        let were = changed.into_iter().map(|(key, _)| key).chain(same);
        let were: Vec<String> = were.map(ToString::to_string).collect();
        if were.is_empty() {
            return Ok(());
        }
        sqlx::query(statements::DROP_FORCED_BLOCKS)
            .bind(were)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Notes when the Slots are that were written, and puts blocks over visits.
    pub(super) async fn keep_blocks(
        &mut self,
        unsettled: &BTreeMap<ResourceKey, Changed>,
        forced: &[Claim],
    ) -> Result<()> {
        self.keep_slots(unsettled).await?;
        self.keep_calendars(unsettled).await?;
        if forced.is_empty() {
            return Ok(());
        }
        let (actors, lowers, uppers) = times(forced);
        let sources = forced.iter().map(|one| one.source.to_string());
        sqlx::query(statements::FORCE_BLOCKS)
            .bind(sources.collect::<Vec<_>>())
            .bind(actors)
            .bind(lowers)
            .bind(uppers)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Notes which of some Slots are blocks over visits.
    pub(super) async fn note_forced(&mut self, slots: &[&ResourceKey]) -> Result<()> {
        if slots.is_empty() {
            return Ok(());
        }
        let found: Vec<String> = sqlx::query_scalar(statements::LIST_FORCED_BLOCKS)
            .bind(slots.iter().map(ToString::to_string).collect::<Vec<_>>())
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        for key in found {
            self.forced.insert(key.parse().map_err(Error::internal)?);
        }
        Ok(())
    }
}

/// The Slot that something is.
pub(super) fn block(ruled: &Ruled) -> Option<&Block> {
    match ruled {
        Ruled::Block(block) => Some(block),
        Ruled::Visit(_) | Ruled::Role(_) | Ruled::Calendar(_) | Ruled::Answer(_) => None,
    }
}

fn times(claims: &[Claim]) -> (Vec<String>, Vec<Instant>, Vec<Instant>) {
    (
        claims.iter().map(|one| one.actor.to_string()).collect(),
        claims.iter().map(|one| Instant(one.lower)).collect(),
        claims.iter().map(|one| Instant(one.upper)).collect(),
    )
}
