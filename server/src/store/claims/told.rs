//! What others are told of the visits that a transaction has changed, noted in it (server/decisions/0035-told-from-what-was-written.md).

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use jiff::Timestamp;

use super::{Changed, Refusal, refused, visit};
use crate::scheduling::Ruled;
use crate::store::Transaction;

impl Changed {
    /// The time that a visit or block took before, where it is not taken in the same way any more.
    fn freed(&self) -> Option<(Timestamp, Timestamp)> {
        let taken = |ruled: &Option<Ruled>| match ruled {
            Some(Ruled::Visit(visit)) if visit.takes_time() => visit.start.zip(visit.end),
            Some(Ruled::Block(block)) if &*block.status == "busy-unavailable" => {
                block.start.zip(block.end)
            }
            _ => None,
        };
        let participants = |ruled: &Option<Ruled>| {
            let visit = ruled.as_ref().and_then(visit);
            visit.map(|one| one.participants.clone())
        };
        let before = taken(&self.before)?;
        let is_same = taken(&self.after) == Some(before)
            && participants(&self.before) == participants(&self.after);
        (!is_same).then_some(before)
    }
}

impl Transaction {
    /// Notes what is free from the commit on, for those who wait.
    pub(super) async fn tell(
        &mut self,
        changed: &BTreeMap<ResourceKey, Changed>,
    ) -> Result<(), Refusal> {
        let freed = changed.iter();
        let freed = freed.filter_map(|(key, one)| Some((key.clone(), one.freed()?)));
        let freed: Vec<_> = freed.collect();
        let Some((first, _)) = freed.first() else {
            return Ok(());
        };
        let noted = self.note_freed(&freed).await;
        noted.map_err(|error| refused(first, error))
    }
}
