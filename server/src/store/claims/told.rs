//! What others are told of the visits that a transaction has changed, noted in it (server/decisions/0035-told-from-what-was-written.md).

use std::collections::BTreeMap;

use fhir::ids::ResourceKey;
use jiff::Timestamp;

use super::{Changed, Refusal, refused, visit};
use crate::auth::Reason;
use crate::scheduling::{Ruled, Status, Visit};
use crate::store::{News, Transaction};

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

    /// What became of a visit, where somebody should know or was going to be reminded.
    fn news(&self) -> Option<News> {
        let before = self.before.as_ref().and_then(visit);
        let after = self.after.as_ref().and_then(visit);
        let is_booked =
            |one: Option<&Visit>| one.is_some_and(|one| one.status == Some(Status::Booked));
        match (is_booked(before), is_booked(after)) {
            (false, true) => Some(News::Booked),
            (true, true) => {
                let time = |one: Option<&Visit>| one.map(|one| (one.start, one.end));
                let people = |one: Option<&Visit>| one.map(|one| one.participants.clone());
                match (time(before) == time(after), people(before) == people(after)) {
                    (false, _) => Some(News::Changed),
                    (true, false) => Some(News::Other),
                    (true, true) => None,
                }
            }
            (true, false) => match after.and_then(|one| one.status) {
                Some(Status::Cancelled) => Some(News::Cancelled),
                _ => Some(News::Other),
            },
            (false, false) => None,
        }
    }
}

impl Transaction {
    /// Notes what is free from the commit on, for those who wait, and what became of visits.
    pub(super) async fn tell(
        &mut self,
        changed: &BTreeMap<ResourceKey, Changed>,
    ) -> Result<(), Refusal> {
        let freed = changed.iter();
        let freed = freed.filter_map(|(key, one)| Some((key.clone(), one.freed()?)));
        let freed: Vec<_> = freed.collect();
        // What another system has told is not told again.
        let is_told = self.access().reason() == Some(Reason::Load);
        let news = changed.iter().filter(|_| !is_told);
        let news = news.filter_map(|(key, one)| Some((key.clone(), one.news()?)));
        let news = news.map(|(key, kind)| match self.is_silent {
            true => (key, News::Other),
            false => (key, kind),
        });
        let news: Vec<_> = news.collect();
        let Some(first) = changed.keys().next() else {
            return Ok(());
        };
        let refused = |error| refused(first, error);
        self.note_freed(&freed).await.map_err(refused)?;
        self.note_news(&news).await.map_err(refused)
    }
}
