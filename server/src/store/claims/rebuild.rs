//! Claims made again from the Appointments and Slots there are, while the server serves.

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::ParseLimits;
use fhir::resource::Resource;

use super::{Changed, Unsettled};
use crate::context::RequestContext;
use crate::error::{Error, Result};
use crate::scheduling::Ruled;
use crate::store::fault::from_sqlx;
use crate::store::read::read_resources;
use crate::store::search::RowFilter;
use crate::store::{Store, Transaction, statements};

/// Resources that are claimed for in one transaction.
const PAGE: u32 = 200;

/// Room beyond capacity for what was written before anybody asked whether it clashes.
const ROOM: u32 = 1_000;

/// The note that says whether claims have been made.
const SETTING: &str = "claims";

/// What was made again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Appointments and Slots.
    pub resources: u64,
    /// Claims.
    pub claims: u64,
    /// Those for which there was no room.
    pub beyond: u64,
}

impl Store {
    /// Makes the claims of what was stored before there were any, if that has not been done.
    pub async fn claim_if_needed(&self, cx: &RequestContext) -> Result<Option<Reclaimed>> {
        match self.setting(SETTING).await?.as_deref() {
            Some("to be made") => {}
            _ => return Ok(None),
        }
        Ok(Some(self.reclaim(cx).await?))
    }

    /// Makes all claims again. What overlaps keeps its time all the same, beyond capacity, until somebody moves it. Where this
    /// does not come to its end, the server does it again when it starts.
    pub async fn reclaim(&self, cx: &RequestContext) -> Result<Reclaimed> {
        self.set_setting(SETTING, "to be made").await?;
        let mut made = Reclaimed::default();
        for name in ["Schedule", "Slot", "Appointment"] {
            let named = ResourceType::parse(name);
            let named = named.ok_or_else(|| Error::internal("R4 has it"))?;
            let mut after = 0;
            loop {
                let page = self.walk(cx, named, after, PAGE).await?;
                let Some((last, _)) = page.last() else {
                    break;
                };
                after = *last;
                let keys: Vec<ResourceKey> = page.into_iter().map(|(_, one)| one.key).collect();
                let mut attempts = self.attempts();
                let done = loop {
                    let mut tx = attempts.begin(cx).await?;
                    let result = tx.reclaim(&keys).await;
                    if let Some(done) = attempts.finish(tx, result).await {
                        break done?;
                    }
                };
                made.resources += done.resources;
                made.claims += done.claims;
                made.beyond += done.beyond;
            }
        }
        sqlx::query(statements::DROP_CLAIMS_LEFT)
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        self.set_setting(SETTING, "made").await?;
        Ok(made)
    }
}

impl Transaction {
    /// The same for some resources, which nobody else changes meanwhile.
    async fn reclaim(&mut self, keys: &[ResourceKey]) -> Result<Reclaimed> {
        self.lock(keys.to_vec()).await?;
        let found = read_resources(self.connection(), keys, &RowFilter::everything()).await?;
        let mut unsettled = Unsettled::default();
        for version in found.into_iter().flatten() {
            let Some(content) = version.content else {
                continue;
            };
            let resource =
                Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
            // What takes no time that can be told claims none, and keeps nobody else from theirs.
            let now = self.now();
            let after = Ruled::of(&resource).filter(|ruled| ruled.has_time(now));
            // As it is, so it was: nothing is asked of it but its time.
            let before = after.clone();
            unsettled.0.insert(
                version.key,
                Changed {
                    before,
                    after,
                    by_operation: false,
                },
            );
        }
        self.keep_slots(&unsettled.0).await?;
        self.keep_calendars(&unsettled.0).await?;
        let written: Vec<&ResourceKey> = unsettled.0.keys().collect();
        self.note_forced(&written).await?;
        let claims = self.claims(&unsettled.0).await;
        let claims = claims.map_err(|refusal| refusal.error)?.claims;
        // Blocks over visits claim nothing.
        let (mut claims, _) = self.without_forced(claims);
        let claimants = unsettled
            .0
            .keys()
            .filter(|key| key.resource_type.name() != "Schedule");
        let mut made = Reclaimed {
            resources: u64::try_from(claimants.count()).unwrap_or_default(),
            ..Reclaimed::default()
        };
        for claim in &mut claims {
            claim.most += ROOM;
        }
        let without_room = self.claim(&unsettled.0, &claims, true).await?;
        made.claims = u64::try_from(claims.len()).unwrap_or_default();
        made.beyond = u64::try_from(without_room.len()).unwrap_or_default();
        Ok(made)
    }
}
