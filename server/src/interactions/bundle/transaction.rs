//! transaction: all entries in one commit, or nothing (<https://hl7.org/fhir/R4/http.html#trules>).
//!
//! Writes are gathered and go to the database by kind, each kind as one statement: DELETE, then POST, then PUT and
//! PATCH; reads come last and see what was written.

mod writes;

use std::collections::{BTreeMap, HashSet};

use fhir::ids::ResourceKey;
use fhir::json::Value;
use fhir::resource::Resource;
use fhir::search::plan::Plan;

use super::entry::{self, Entry, expression};
use super::response;
use super::staged::{Staged, WriteKind};
use crate::context::RequestContext;
use crate::definitions::{Definitions, RequiredTargets};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::perform::Interactions;
use crate::interactions::{Interaction, Outcome, conditional, delete, read, write};
use crate::store::{Source, Transaction, raced};

/// Performs all entries, or none.
pub(super) async fn transaction(
    interactions: &Interactions,
    cx: &RequestContext,
    bundle: &Resource,
) -> Result<Outcome> {
    let entries = bundle
        .get("entry")
        .into_iter()
        .flat_map(Value::items)
        .enumerate();
    let entries = entries
        .map(|(place, value)| entry::read(cx, place, value))
        .collect::<Result<Vec<Entry>>>()?;
    let mut staged = Vec::with_capacity(entries.len());
    for entry in entries {
        let place = entry.place;
        let one = Staged::of(interactions, cx, entry).await;
        staged.push(one.map_err(|error| error.within(&expression(place)))?);
    }
    let resources = staged.iter().filter_map(Staged::resource);
    let definitions = interactions.definitions.in_company(resources);
    let mut attempts = interactions.store.attempts();
    loop {
        let mut tx = attempts.begin(cx).await?;
        let attempt = Attempt {
            interactions,
            definitions: &definitions,
            cx,
            staged: &staged,
            tx: &mut tx,
            answers: BTreeMap::new(),
            targets: BTreeMap::new(),
        };
        let result = attempt.perform().await;
        if let Some(answer) = attempts.finish(tx, result).await {
            return answer;
        }
    }
}

/// One try at the whole transaction.
struct Attempt<'a> {
    interactions: &'a Interactions,
    /// What resources are held to: profiles of this transaction may be derived from each other.
    definitions: &'a Definitions,
    cx: &'a RequestContext,
    staged: &'a [Staged],
    tx: &'a mut Transaction,
    answers: BTreeMap<usize, Outcome>,
    /// What entries refer to, by their places.
    targets: BTreeMap<usize, RequiredTargets>,
}

/// A write whose target is known.
struct Target<'a> {
    staged: &'a Staged,
    key: ResourceKey,
}

impl<'a> Attempt<'a> {
    async fn perform(mut self) -> Result<Outcome> {
        let locks: Vec<i64> = self
            .staged
            .iter()
            .filter_map(|staged| staged.criteria.as_ref())
            .map(conditional::lock_number)
            .collect();
        if !locks.is_empty() {
            self.tx.lock_criteria(locks).await?;
        }
        self.refuse_equal_criteria()?;
        let deletes = self.find_deletes().await?;
        let targets = self.find_targets(&deletes).await?;
        self.refuse_overlaps(&deletes, &targets)?;
        let mut keys: Vec<ResourceKey> = deletes.iter().map(|(_, key)| key.clone()).collect();
        let changing = targets
            .iter()
            .filter(|target| target.staged.kind != WriteKind::Create);
        keys.extend(changing.map(|target| target.key.clone()));
        if !keys.is_empty() {
            self.tx.lock(keys).await?;
        }
        self.look_again(&deletes, &targets).await?;
        self.note_found().await?;
        let gone = self.delete(&deletes).await?;
        self.write(targets).await?;
        self.settle().await?;
        self.refuse_referenced(&gone).await?;
        self.refuse_broken().await?;
        self.look().await?;
        let answers: Vec<response::Answer> = self.answers.into_values().map(Ok).collect();
        Ok(response::bundle(self.cx, "transaction-response", &answers))
    }

    /// Claims the time of what was written, and says which entry asks for what cannot be had.
    async fn settle(&mut self) -> Result<()> {
        let Err(refusal) = self.tx.settle().await else {
            return Ok(());
        };
        let is_its = |outcome: &Outcome| {
            let location = outcome.location.as_ref();
            location.is_some_and(|(key, _)| *key == refusal.key)
        };
        let place = self.answers.iter().find(|(_, outcome)| is_its(outcome));
        Err(match place {
            Some((place, _)) => refusal.error.within(&expression(*place)),
            None => refusal.error,
        })
    }

    /// What conditions select may have been changed by others before it was locked: then all begins anew.
    async fn look_again(
        &mut self,
        deletes: &[(usize, ResourceKey)],
        targets: &[Target<'_>],
    ) -> Result<()> {
        let is_selected =
            |staged: &Staged| staged.criteria.is_some() && staged.kind != WriteKind::Create;
        if !self.staged.iter().any(is_selected) {
            return Ok(());
        }
        let is_same = self.find_deletes().await? == deletes;
        let again = self.find_targets(deletes).await?;
        let again = again.iter().map(|target| &target.key);
        match is_same && again.eq(targets.iter().map(|target| &target.key)) {
            true => Ok(()),
            false => Err(raced()),
        }
    }

    /// What the conditions of creates have found is answered, and so it is read.
    async fn note_found(&mut self) -> Result<()> {
        if self.cx.audited.is_none() {
            return Ok(());
        }
        let bodies = self.answers.values().filter_map(|one| one.body.clone());
        for body in bodies.collect::<Vec<_>>() {
            let touched = self.interactions.touched(self.cx, body).await?;
            self.tx.note_read(touched);
        }
        Ok(())
    }

    /// Two writes under one condition would each find nothing and make two of what must be one.
    fn refuse_equal_criteria(&self) -> Result<()> {
        let mut seen = HashSet::new();
        let writes = self.staged.iter().filter(|staged| staged.kind.writes());
        for (staged, plan) in writes.filter_map(|staged| Some((staged, staged.criteria.as_ref()?)))
        {
            if !seen.insert(conditional::lock_number(plan)) {
                let error = Error::new(
                    ErrorKind::BadValue,
                    "two entries write under the same condition",
                );
                let place = match staged.kind {
                    WriteKind::Create => "request.ifNoneExist",
                    _ => "request.url",
                };
                return Err(error.at(place).within(&expression(staged.entry.place)));
            }
        }
        Ok(())
    }

    /// What the DELETE entries select, with their places.
    async fn find_deletes(&mut self) -> Result<Vec<(usize, ResourceKey)>> {
        let mut deletes = Vec::new();
        for staged in self
            .staged
            .iter()
            .filter(|staged| staged.kind == WriteKind::Delete)
        {
            let place = staged.entry.place;
            match (&staged.criteria, &staged.key) {
                (Some(plan), _) => {
                    let keys = conditional::matches_to_delete(self.cx, self.tx, plan).await;
                    let keys = keys.map_err(|error| error.within(&expression(place)))?;
                    deletes.extend(keys.into_iter().map(|key| (place, key)));
                }
                (None, Some(key)) => deletes.push((place, key.clone())),
                (None, None) => return Err(Error::internal("a delete without a target")),
            }
            self.answers
                .insert(place, delete::answer(crate::store::Deleted::Absent));
        }
        Ok(deletes)
    }

    /// Where each write goes. A create whose condition finds something writes nothing and is answered here.
    async fn find_targets(&mut self, deletes: &[(usize, ResourceKey)]) -> Result<Vec<Target<'a>>> {
        let mut targets = Vec::new();
        for staged in self.staged.iter().filter(|staged| staged.kind.writes()) {
            let place = staged.entry.place;
            let key = self
                .find_target(staged, deletes)
                .await
                .map_err(|error| error.within(&expression(place)))?;
            targets.push(Target { staged, key });
        }
        Ok(targets)
    }

    async fn find_target(
        &mut self,
        staged: &Staged,
        deletes: &[(usize, ResourceKey)],
    ) -> Result<ResourceKey> {
        let own = || {
            staged
                .key
                .clone()
                .ok_or_else(|| Error::internal("a write without a target"))
        };
        let Some(plan) = &staged.criteria else {
            return own();
        };
        let found = self.one_match(plan, deletes).await?;
        match (staged.kind, &staged.entry.interaction) {
            (WriteKind::Create, _) => match found {
                None => own(),
                Some(found) => {
                    let mut source = Source::Within(&self.interactions.store, self.tx);
                    let outcome = read::read(self.cx, &mut source, &found).await?;
                    let version = outcome.version.map(|(version, _)| version);
                    let version = version.ok_or_else(|| {
                        Error::internal("a resource was read without its version")
                    })?;
                    self.answers.insert(
                        staged.entry.place,
                        write::unchanged(found.clone(), version, outcome),
                    );
                    Ok(found)
                }
            },
            (
                _,
                Interaction::ConditionalUpdate {
                    resource,
                    resource_type,
                    ..
                },
            ) => match (found, &staged.key) {
                (None, Some(new)) => Ok(new.clone()),
                (found, _) => conditional::update_target(resource, *resource_type, found),
            },
            _ => found.ok_or_else(|| {
                Error::new(ErrorKind::NotFound, "the condition selects no resource")
            }),
        }
    }

    /// The one match that this transaction does not delete.
    async fn one_match(
        &mut self,
        plan: &Plan,
        deletes: &[(usize, ResourceKey)],
    ) -> Result<Option<ResourceKey>> {
        let limit = u32::try_from(deletes.len() + 2).map_err(Error::internal)?;
        let mut matches = self.tx.matches(plan, limit).await?;
        matches.retain(|found| !deletes.iter().any(|(_, deleted)| deleted == found));
        match matches.len() {
            0 | 1 => Ok(matches.pop()),
            _ => Err(Error::new(
                ErrorKind::MultipleMatches,
                "the condition selects more than one resource",
            )),
        }
    }

    /// No resource may be meant by two entries that write.
    fn refuse_overlaps(
        &self,
        deletes: &[(usize, ResourceKey)],
        targets: &[Target<'_>],
    ) -> Result<()> {
        let mut seen: HashSet<&ResourceKey> = HashSet::with_capacity(deletes.len() + targets.len());
        let written = targets
            .iter()
            .filter(|target| !self.answers.contains_key(&target.staged.entry.place))
            .map(|target| (target.staged.entry.place, &target.key));
        for (place, key) in deletes
            .iter()
            .map(|(place, key)| (*place, key))
            .chain(written)
        {
            if !seen.insert(key) {
                let error = Error::new(
                    ErrorKind::BadValue,
                    format!("two entries of the transaction write {key}"),
                );
                return Err(error.within(&expression(place)));
            }
        }
        Ok(())
    }

    /// Asked when all is written: what refers to a deleted resource may have been changed by the same transaction.
    async fn refuse_referenced(&mut self, deletes: &[(usize, ResourceKey)]) -> Result<()> {
        if deletes.is_empty() || self.cx.limits.delete_referenced {
            return Ok(());
        }
        let keys: Vec<ResourceKey> = deletes.iter().map(|(_, key)| key.clone()).collect();
        let Some((key, refusal)) = self.tx.find_referenced(&keys).await? else {
            return Ok(());
        };
        let place = deletes
            .iter()
            .find(|(_, other)| *other == key)
            .map_or(0, |(place, _)| *place);
        Err(refusal.within(&expression(place)))
    }

    /// Asked when all is written: entries may refer to each other.
    async fn refuse_broken(&mut self) -> Result<()> {
        let absent = self.tx.absent(self.targets.values()).await?;
        for (place, targets) in &self.targets {
            let refused = targets.refuse(&absent);
            let within = |error: Error| error.within("resource").within(&expression(*place));
            refused.map_err(within)?;
        }
        Ok(())
    }

    /// Performs the entries that only read.
    async fn look(&mut self) -> Result<()> {
        let mut room = response::Room::new();
        for staged in self
            .staged
            .iter()
            .filter(|staged| staged.kind == WriteKind::Look)
        {
            let place = staged.entry.place;
            let reading = staged
                .reading()
                .ok_or_else(|| Error::internal("a reading entry without a reading"))?;
            let mut source = Source::Within(&self.interactions.store, self.tx);
            let outcome = self.interactions.look(self.cx, &mut source, reading).await;
            let cut = staged.entry.cut();
            let cut = |outcome| cut.apply(&self.interactions.definitions, outcome);
            if let (Some(_), Ok(read)) = (&self.cx.audited, &outcome)
                && let Some(body) = read.body.clone()
            {
                let touched = self.interactions.touched(self.cx, body).await?;
                self.tx.note_read(touched);
            }
            let mut outcome = outcome.and_then(cut);
            response::without_body_of_head(&staged.entry.method, &mut outcome);
            room.take(&mut outcome);
            self.answers.insert(
                place,
                outcome.map_err(|error| error.within(&expression(place)))?,
            );
        }
        Ok(())
    }
}
