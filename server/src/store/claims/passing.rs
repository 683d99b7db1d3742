//! A PractitionerRole or Schedule that passes to somebody else: the visits and blocks to come that are named by it pass, too,
//! as if they were written again.

use std::collections::{BTreeMap, BTreeSet};

use fhir::ids::ResourceKey;
use fhir::json::ParseLimits;
use fhir::resource::Resource;
use fhir::search::hash::{ANY_REFERENCE, key_hash, reference};

use super::super::fault::from_sqlx;
use super::super::instant::Instant;
use super::super::read::{read_resources, stored_key};
use super::super::search::RowFilter;
use super::super::{Transaction, statements};
use super::{Changed, Refusal, refused};
use crate::error::{Error, OpError, Result};
use crate::scheduling::Ruled;

/// What has passed, and what passes with it.
#[derive(Debug, Default)]
pub(super) struct Passing {
    by: Option<ResourceKey>,
    dependents: BTreeSet<ResourceKey>,
}

impl Passing {
    /// Whether a visit or block was not written, but passes.
    pub(super) fn has(&self, key: &ResourceKey) -> bool {
        self.dependents.contains(key)
    }

    /// The refusal of the write with which a visit or block would pass to somebody who is busy.
    pub(super) fn refusal(&self, key: &ResourceKey) -> Option<Refusal> {
        let by = self.by.as_ref().filter(|_| self.has(key))?;
        let (sentence, place) = match by.resource_type.name() {
            "Schedule" => (
                "whose schedule it is to be is busy when the schedule has blocks: move those first",
                "Schedule.actor",
            ),
            _ => (
                "whose role it is to be is busy when the role has visits or blocks: move those first",
                "PractitionerRole.practitioner",
            ),
        };
        let error = OpError::AppointmentClash.refused(sentence).at(place);
        Some(refused(by, error))
    }
}

impl Changed {
    /// Whether a role or schedule is somebody else's now.
    fn passes(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(Ruled::Calendar(before)), Some(Ruled::Calendar(after))) => {
                before.actors != after.actors
            }
            (before, after) => {
                before != after && matches!(after, Some(Ruled::Role(_) | Ruled::Calendar(_)))
            }
        }
    }
}

impl Transaction {
    /// Adds the visits and blocks to come that are named by roles and schedules which are somebody else's now.
    pub(super) async fn add_passing(
        &mut self,
        unsettled: &mut BTreeMap<ResourceKey, Changed>,
    ) -> Result<Passing> {
        let passing = unsettled.iter().filter(|(_, changed)| changed.passes());
        let passing: Vec<ResourceKey> = passing.map(|(key, _)| key.clone()).collect();
        let Some(by) = passing.first().cloned() else {
            return Ok(Passing::default());
        };
        let locked: Vec<String> = passing.iter().map(ToString::to_string).collect();
        sqlx::query(statements::LOCK_PASSING)
            .bind(locked)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        let is_schedule = |key: &ResourceKey| key.resource_type.name() == "Schedule";
        let (mut schedules, roles): (Vec<_>, Vec<_>) = passing.into_iter().partition(is_schedule);
        let found = self
            .dependents(&roles, &["Appointment", "Schedule"])
            .await?;
        let (of_roles, mut dependents): (Vec<_>, Vec<_>) = found.into_iter().partition(is_schedule);
        schedules.extend(of_roles);
        dependents.extend(self.dependents(&schedules, &["Slot"]).await?);
        dependents.retain(|key| !unsettled.contains_key(key));
        dependents.sort();
        dependents.dedup();
        self.lock(dependents.clone()).await?;
        let read = read_resources(self.connection(), &dependents, &RowFilter::everything()).await?;
        let mut passing = Passing {
            by: Some(by),
            dependents: BTreeSet::new(),
        };
        let now = self.now();
        for version in read.into_iter().flatten() {
            let Some(content) = version.content else {
                continue;
            };
            let resource =
                Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
            // As it is, so it was: nothing is asked of it but whose time it takes.
            let after = Ruled::of(&resource).filter(|ruled| ruled.has_time(now));
            let before = after.clone();
            passing.dependents.insert(version.key.clone());
            unsettled.insert(
                version.key,
                Changed {
                    before,
                    after,
                    by_operation: false,
                },
            );
        }
        Ok(passing)
    }

    /// What of some types refers to one of these and is not over.
    async fn dependents(
        &mut self,
        keys: &[ResourceKey],
        types: &[&str],
    ) -> Result<Vec<ResourceKey>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let element = |key| reference(ANY_REFERENCE, key_hash(key));
        let elements: Vec<i64> = keys.iter().map(element).collect();
        let now = self.now();
        let rows = sqlx::query(statements::LIST_DEPENDENTS)
            .bind(elements)
            .bind(types)
            .bind(Instant(now))
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(stored_key).collect()
    }
}
