//! The writes of a transaction, by kind, each kind as one statement.

use std::collections::{HashMap, HashSet};

use fhir::ids::ResourceKey;
use fhir::validation::CodeQuestion;

use super::{Attempt, Target};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::bundle::entry::expression;
use crate::interactions::bundle::resolve::{ConditionalReference, FullUrls, references, rewrite};
use crate::interactions::bundle::staged::WriteKind;
use crate::interactions::{Interaction, Patch, delete, patch, read, write};
use crate::store::{
    Deleted, PreparedDelete, PreparedWrite, Source, StoredVersion, Verb, WriteCondition,
};
use crate::terminology::CodeAnswers;

impl<'a> Attempt<'a> {
    /// Deletes, and answers what there was to delete.
    pub(super) async fn delete(
        &mut self,
        deletes: &[(usize, ResourceKey)],
    ) -> Result<Vec<(usize, ResourceKey)>> {
        let mut sorted: Vec<&(usize, ResourceKey)> = deletes.iter().collect();
        sorted.sort_by(|(_, a), (_, b)| a.cmp(b));
        let conditions: HashMap<usize, &WriteCondition> = self
            .staged
            .iter()
            .map(|staged| (staged.entry.place, &staged.condition))
            .collect();
        let condition = |place: usize| {
            let condition = conditions.get(&place).copied();
            condition.cloned().unwrap_or_default()
        };
        let mut prepared = Vec::with_capacity(sorted.len());
        for (place, key) in &sorted {
            let mut source = Source::Within(&self.interactions.store, self.tx);
            let patients = self
                .interactions
                .patients_of_current(self.cx, &mut source, key)
                .await?;
            let delete = PreparedDelete::new(key.clone(), condition(*place), false, self.cx.now);
            prepared.push(delete.concerning(patients));
        }
        let mut gone = Vec::with_capacity(prepared.len());
        if prepared.is_empty() {
            return Ok(gone);
        }
        let results = self.tx.delete(&prepared.iter().collect::<Vec<_>>()).await?;
        for ((place, key), result) in sorted.into_iter().zip(results) {
            let deleted = result.map_err(|error| error.within(&expression(*place)))?;
            if deleted != Deleted::Absent {
                gone.push((*place, key.clone()));
            }
            self.answers.insert(*place, delete::answer(deleted));
        }
        Ok(gone)
    }

    /// Writes what needs no search for its references, then what does: that sees all the others.
    pub(super) async fn write(&mut self, targets: Vec<Target<'a>>) -> Result<()> {
        let mut full_urls = FullUrls::default();
        for target in &targets {
            let is_new = target.staged.kind == WriteKind::Create;
            if is_new && !self.answers.contains_key(&target.staged.entry.place) {
                full_urls.add_new(target.key.clone());
            }
            if let Some(full_url) = &target.staged.entry.full_url {
                full_urls
                    .add(full_url, target.key.clone())
                    .map_err(|error| error.within(&expression(target.staged.entry.place)))?;
            }
        }
        let open = targets
            .into_iter()
            .filter(|target| !self.answers.contains_key(&target.staged.entry.place));
        let (searching, plain): (Vec<_>, Vec<_>) =
            open.partition(|target| !target.staged.references.is_empty());
        let prepared = self.prepare(&plain, &full_urls, &HashMap::new()).await?;
        self.write_prepared(prepared).await?;
        if searching.is_empty() {
            return Ok(());
        }
        let searched = self.search_references(&searching).await?;
        let prepared = self.prepare(&searching, &full_urls, &searched).await?;
        self.write_prepared(prepared).await
    }

    /// Makes writes ready: references rewritten, checked, search values extracted.
    async fn prepare(
        &mut self,
        targets: &[Target<'_>],
        full_urls: &FullUrls,
        searched: &HashMap<ConditionalReference, ResourceKey>,
    ) -> Result<Vec<(usize, WriteKind, PreparedWrite)>> {
        let mut prepared = Vec::with_capacity(targets.len());
        let mut open = Vec::new();
        for target in targets {
            let place = target.staged.entry.place;
            let one = match &target.staged.entry.interaction {
                Interaction::Patch { patch, .. } | Interaction::ConditionalPatch { patch, .. } => {
                    let current = Source::Within(&self.interactions.store, self.tx)
                        .read(self.cx, &target.key)
                        .await?;
                    let current = current
                        .ok_or_else(|| read::not_found(&target.key).within(&expression(place)))?;
                    self.prepare_patched(target, &current, patch, full_urls)
                }
                _ => self.prepare_resource(target, full_urls, searched),
            };
            let (one, questions) = one.map_err(|error| error.within(&expression(place)))?;
            prepared.push((place, target.staged.kind, one));
            if !questions.is_empty() {
                open.push((place, questions));
            }
            // A Bundle of thousands must not keep its thread to itself.
            if place % 64 == 63 {
                tokio::task::yield_now().await;
            }
        }
        let all = open.iter().flat_map(|(_, questions)| questions);
        let answers = CodeAnswers::to(self.cx, &self.interactions.store, all).await?;
        for (place, questions) in &open {
            let refused = answers.refuse(questions);
            refused.map_err(|error| error.within("resource").within(&expression(*place)))?;
        }
        Ok(prepared)
    }

    fn prepare_resource(
        &self,
        target: &Target<'_>,
        full_urls: &FullUrls,
        searched: &HashMap<ConditionalReference, ResourceKey>,
    ) -> Result<(PreparedWrite, Vec<CodeQuestion>)> {
        let definitions = self.definitions;
        let resource = target
            .staged
            .resource()
            .ok_or_else(|| Error::internal("a write without a resource"))?;
        let full_url = target.staged.entry.full_url.as_deref();
        let resource = rewrite(
            self.cx,
            definitions.structures(),
            resource,
            full_url,
            full_urls,
            searched,
            &HashSet::new(),
        )?;
        let verb = if target.staged.kind == WriteKind::Create {
            Verb::Post
        } else {
            Verb::Put
        };
        let checked = write::checked(self.cx, definitions, target.key.clone(), verb, &resource);
        let (prepared, questions) = checked.map_err(|error| error.within("resource"))?;
        if target.staged.kind == WriteKind::Create {
            self.tx.permit_create(&prepared)?;
        }
        let is_conditional = target.staged.criteria.is_some();
        let is_new = is_conditional && target.staged.key.as_ref() == Some(&target.key);
        let prepared = prepared.under(target.staged.condition.clone());
        Ok((prepared.under_new_id(is_new), questions))
    }

    fn prepare_patched(
        &self,
        target: &Target<'_>,
        current: &StoredVersion,
        patch: &Patch,
        full_urls: &FullUrls,
    ) -> Result<(PreparedWrite, Vec<CodeQuestion>)> {
        let definitions = self.definitions;
        let asked = &target.staged.condition;
        let patched = patch::apply(self.cx, definitions, current, patch, asked)?;
        let resource = rewrite(
            self.cx,
            definitions.structures(),
            &patched.after,
            target.staged.entry.full_url.as_deref(),
            full_urls,
            &HashMap::new(),
            &references(definitions.structures(), &patched.before),
        )?;
        let key = target.key.clone();
        let (prepared, questions) =
            write::checked(self.cx, definitions, key, Verb::Patch, &resource)?;
        Ok((prepared.under(patched.condition), questions))
    }

    async fn write_prepared(
        &mut self,
        prepared: Vec<(usize, WriteKind, PreparedWrite)>,
    ) -> Result<()> {
        let referring = prepared
            .iter()
            .map(|(place, _, write)| (*place, write.targets()));
        let referring = referring.filter(|(_, targets)| !targets.is_empty());
        self.targets
            .extend(referring.map(|(place, targets)| (place, targets.clone())));
        let (creates, mut puts): (Vec<_>, Vec<_>) = prepared
            .into_iter()
            .partition(|(_, kind, _)| *kind == WriteKind::Create);
        let places: Vec<usize> = creates.iter().map(|(place, ..)| *place).collect();
        let creates: Vec<PreparedWrite> = creates.into_iter().map(|(.., write)| write).collect();
        let written = self.tx.create(&creates).await?;
        for ((place, write), written) in places.into_iter().zip(&creates).zip(written) {
            self.answers
                .insert(place, write::answer(write.key().clone(), written));
        }
        puts.sort_by(|(.., a), (.., b)| a.key().cmp(b.key()));
        let results = self
            .tx
            .put(&puts.iter().map(|(.., write)| write).collect::<Vec<_>>())
            .await?;
        for ((place, _, write), result) in puts.iter().zip(results) {
            let written = result.map_err(|error| error.within(&expression(*place)))?;
            self.answers
                .insert(*place, write::answer(write.key().clone(), written));
        }
        Ok(())
    }

    /// Resolves references by search, against what is stored by now and what is about to be.
    async fn search_references(
        &mut self,
        searching: &[Target<'_>],
    ) -> Result<HashMap<ConditionalReference, ResourceKey>> {
        let definitions = &self.interactions.definitions;
        let mut pending = Vec::new();
        for target in searching {
            if let Some(resource) = target.staged.resource() {
                // The values it is found by do not depend on the references still open.
                let index = definitions.index_values(resource, &self.cx.base_url)?;
                pending.push((target.key.clone(), index));
            }
        }
        let mut searched = HashMap::new();
        for target in searching {
            for (reference, plan) in &target.staged.references {
                if searched.contains_key(reference) {
                    continue;
                }
                let fail = |kind, sentence: &str| {
                    Error::new(kind, sentence)
                        .at("resource")
                        .within(&expression(target.staged.entry.place))
                };
                if plan.needs_other_resources() {
                    // Those may be among what is about to be stored, their own references still open.
                    let sentence =
                        "a reference by search cannot look at other resources than its target";
                    return Err(fail(ErrorKind::NotSupported, sentence));
                }
                let limit = u32::try_from(pending.len() + 2).map_err(Error::internal)?;
                let mut found = self.tx.matches(plan, limit).await?;
                found.retain(|key| !pending.iter().any(|(other, _)| other == key));
                let also = pending.iter().filter(|(key, index)| {
                    definitions.matches(plan, key, index, self.cx.now) == Some(true)
                });
                found.extend(also.map(|(key, _)| key.clone()));
                match found.len() {
                    1 => searched.extend(found.pop().map(|key| (reference.clone(), key))),
                    0 => {
                        return Err(fail(
                            ErrorKind::PreconditionFailed,
                            "a reference by search finds no resource",
                        ));
                    }
                    _ => {
                        return Err(fail(
                            ErrorKind::MultipleMatches,
                            "a reference by search finds more than one resource",
                        ));
                    }
                }
            }
        }
        Ok(searched)
    }
}
