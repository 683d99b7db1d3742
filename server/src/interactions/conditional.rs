//! Conditional create, update, patch and delete (<https://hl7.org/fhir/R4/http.html#ccreate>): a search selects what is
//! written. Requests with equal criteria wait for each other, so that none decides on what another is changing.

use fhir::ids::{ResourceKey, ResourceType};
use fhir::resource::Resource;
use fhir::search::plan::Plan;
use http::StatusCode;

use super::perform::Interactions;
use super::{Outcome, Patch, WriteConditions, patch, read, write};
use crate::context::RequestContext;
use crate::definitions::{Searched, stored_only};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{
    PreparedDelete, PreparedWrite, Source, Transaction, Verb, WriteCondition, raced,
};
use crate::terminology::planned;

/// The search of a condition. It is always strict: a parameter left out would select more than was meant.
pub(super) async fn criteria(
    interactions: &Interactions,
    cx: &RequestContext,
    resource_type: ResourceType,
    query: &str,
) -> Result<Plan> {
    let plan = strict(interactions, cx, resource_type, query).await?;
    if plan.clauses.is_empty() {
        return Err(Error::new(
            ErrorKind::BadValue,
            "a condition needs at least one search parameter",
        ));
    }
    Ok(plan)
}

/// The plan of a search for stored resources of a type.
pub(super) async fn strict(
    interactions: &Interactions,
    cx: &RequestContext,
    resource_type: ResourceType,
    query: &str,
) -> Result<Plan> {
    let types = [resource_type];
    let searched = Searched::condition(&types, query);
    planned(
        cx,
        &interactions.store,
        &interactions.definitions,
        &searched,
    )
    .await
    .and_then(stored_only)
}

/// What equal criteria have in common: the number they are locked by.
pub(super) fn lock_number(plan: &Plan) -> i64 {
    fhir::search::hash::criteria_hash(&plan.criteria_key())
}

/// The one match, or none; several are refused.
async fn one_match(tx: &mut Transaction, plan: &Plan) -> Result<Option<ResourceKey>> {
    one_of(tx.matches(plan, 2).await?)
}

/// The one match, which nobody else changes until the end; or none.
async fn lock_one_match(tx: &mut Transaction, plan: &Plan) -> Result<Option<ResourceKey>> {
    one_of(tx.lock_matches(plan, 2).await?)
}

fn one_of(mut matches: Vec<ResourceKey>) -> Result<Option<ResourceKey>> {
    match matches.len() {
        0 | 1 => Ok(matches.pop()),
        _ => Err(Error::new(
            ErrorKind::MultipleMatches,
            "the condition selects more than one resource",
        )),
    }
}

/// Stores a resource unless one matches already (`If-None-Exist`); then that one is answered.
pub(super) async fn create(
    interactions: &Interactions,
    cx: &RequestContext,
    resource_type: ResourceType,
    resource: Resource,
    query: &str,
) -> Result<Outcome> {
    write::check_type(&resource, resource_type)?;
    let plan = criteria(interactions, cx, resource_type, query).await?;
    let key = ResourceKey::new(resource_type, write::new_id()?);
    let prepared = write::prepare(cx, interactions, key, Verb::Post, &resource).await?;
    let mut attempts = interactions.store.attempts();
    loop {
        let mut tx = attempts.begin(cx).await?;
        let result = create_once(interactions, cx, &mut tx, &plan, &prepared).await;
        if let Some(answer) = attempts.finish(tx, result).await {
            return answer;
        }
    }
}

async fn create_once(
    interactions: &Interactions,
    cx: &RequestContext,
    tx: &mut Transaction,
    plan: &Plan,
    prepared: &PreparedWrite,
) -> Result<Outcome> {
    tx.lock_criteria(vec![lock_number(plan)]).await?;
    if let Some(found) = one_match(tx, plan).await? {
        return existing(interactions, cx, tx, found).await;
    }
    let written = tx.create(std::slice::from_ref(prepared)).await?.pop();
    let written = written.ok_or_else(|| Error::internal("a create answered nothing"))?;
    tx.refuse_broken(prepared.targets()).await?;
    Ok(write::answer(prepared.key().clone(), written))
}

/// The answer to a create whose resource is there already.
async fn existing(
    interactions: &Interactions,
    cx: &RequestContext,
    tx: &mut Transaction,
    key: ResourceKey,
) -> Result<Outcome> {
    let mut source = Source::Within(&interactions.store, tx);
    let outcome = match read::read(cx, &mut source, &key).await {
        // Deleted since it was found: then there is none, and it is looked for again.
        Err(error) if error.kind() == ErrorKind::Gone => return Err(raced()),
        read => read?,
    };
    let version = outcome.version.map(|(version, _)| version);
    let version =
        version.ok_or_else(|| Error::internal("a resource was read without its version"))?;
    Ok(write::unchanged(key, version, outcome))
}

/// Stores a resource in place of the one match; without a match under its own id or a new one
/// (<https://hl7.org/fhir/R4/http.html#cond-update>).
pub(super) async fn update(
    interactions: &Interactions,
    cx: &RequestContext,
    resource_type: ResourceType,
    query: &str,
    resource: Resource,
    conditions: &WriteConditions,
) -> Result<Outcome> {
    write::check_type(&resource, resource_type)?;
    let plan = criteria(interactions, cx, resource_type, query).await?;
    let condition = conditions.for_store()?;
    let mut attempts = interactions.store.attempts();
    loop {
        let mut tx = attempts.begin(cx).await?;
        let result = update_once(interactions, cx, &mut tx, &plan, &resource, &condition).await;
        if let Some(answer) = attempts.finish(tx, result).await {
            return answer;
        }
    }
}

async fn update_once(
    interactions: &Interactions,
    cx: &RequestContext,
    tx: &mut Transaction,
    plan: &Plan,
    resource: &Resource,
    condition: &WriteCondition,
) -> Result<Outcome> {
    tx.lock_criteria(vec![lock_number(plan)]).await?;
    let found = lock_one_match(tx, plan).await?;
    let is_new = found.is_none() && resource.id().is_none();
    let key = update_target(resource, resource.resource_type(), found)?;
    let prepared = write::prepare(cx, interactions, key, Verb::Put, resource)
        .await?
        .under(condition.clone())
        .under_new_id(is_new);
    write::put_one(tx, prepared).await
}

/// Where a conditional update goes: to the match, whose id a body may repeat but not contradict; without one to the id
/// of the body or a new id.
pub(super) fn update_target(
    resource: &Resource,
    resource_type: ResourceType,
    found: Option<ResourceKey>,
) -> Result<ResourceKey> {
    match (found, resource.id()) {
        (Some(found), Some(id)) if id != found.id.as_str() => Err(Error::new(
            ErrorKind::BadValue,
            "the id of the resource is not the id of the resource that the condition selects",
        )),
        (Some(found), _) => Ok(found),
        (None, Some(id)) => {
            let id = id.parse().map_err(|error| {
                Error::new(ErrorKind::BadValue, "the id of the resource cannot be one")
                    .caused_by(error)
            })?;
            Ok(ResourceKey::new(resource_type, id))
        }
        (None, None) => Ok(ResourceKey::new(resource_type, write::new_id()?)),
    }
}

/// Changes the one match; none is not found.
pub(super) async fn patch(
    interactions: &Interactions,
    cx: &RequestContext,
    resource_type: ResourceType,
    query: &str,
    patch: &Patch,
    conditions: &WriteConditions,
) -> Result<Outcome> {
    let plan = criteria(interactions, cx, resource_type, query).await?;
    let condition = conditions.for_store()?;
    let mut attempts = interactions.store.attempts();
    loop {
        let mut tx = attempts.begin(cx).await?;
        let result = patch_once(interactions, cx, &mut tx, &plan, patch, &condition).await;
        if let Some(answer) = attempts.finish(tx, result).await {
            return answer;
        }
    }
}

async fn patch_once(
    interactions: &Interactions,
    cx: &RequestContext,
    tx: &mut Transaction,
    plan: &Plan,
    patch: &Patch,
    condition: &WriteCondition,
) -> Result<Outcome> {
    tx.lock_criteria(vec![lock_number(plan)]).await?;
    let key = lock_one_match(tx, plan).await?;
    let key =
        key.ok_or_else(|| Error::new(ErrorKind::NotFound, "the condition selects no resource"))?;
    patch::patch_locked(interactions, cx, tx, &key, patch, condition).await
}

/// Deletes what matches: all of it up to the limit, or nothing.
pub(super) async fn delete(
    interactions: &Interactions,
    cx: &RequestContext,
    resource_type: ResourceType,
    query: &str,
) -> Result<Outcome> {
    let plan = criteria(interactions, cx, resource_type, query).await?;
    let mut attempts = interactions.store.attempts();
    loop {
        let mut tx = attempts.begin(cx).await?;
        let result = delete_once(interactions, cx, &mut tx, &plan).await;
        if let Some(answer) = attempts.finish(tx, result).await {
            return answer;
        }
    }
}

async fn delete_once(
    interactions: &Interactions,
    cx: &RequestContext,
    tx: &mut Transaction,
    plan: &Plan,
) -> Result<Outcome> {
    tx.lock_criteria(vec![lock_number(plan)]).await?;
    delete_matches(interactions, cx, tx, plan).await?;
    Ok(Outcome::empty(StatusCode::NO_CONTENT))
}

/// Deletes the matches of a plan.
async fn delete_matches(
    interactions: &Interactions,
    cx: &RequestContext,
    tx: &mut Transaction,
    plan: &Plan,
) -> Result<()> {
    let found = tx.lock_matches(plan, delete_limit(cx)).await?;
    let keys = within_delete_limit(cx, found)?;
    let mut prepared = Vec::with_capacity(keys.len());
    for key in &keys {
        let mut source = Source::Within(&interactions.store, tx);
        let patients = interactions
            .patients_of_current(cx, &mut source, key)
            .await?;
        let delete = PreparedDelete::new(key.clone(), Default::default(), false, cx.now);
        prepared.push(delete.concerning(patients));
    }
    for deleted in tx.delete(&prepared.iter().collect::<Vec<_>>()).await? {
        deleted?;
    }
    // Asked when all are gone: matches may refer to each other.
    match cx.limits.delete_referenced {
        true => Ok(()),
        false => tx
            .find_referenced(&keys)
            .await?
            .map_or(Ok(()), |(_, refusal)| Err(refusal)),
    }
}

/// The keys a conditional delete selects, in order; more than the limit are refused.
pub(super) async fn matches_to_delete(
    cx: &RequestContext,
    tx: &mut Transaction,
    plan: &Plan,
) -> Result<Vec<ResourceKey>> {
    let found = tx.matches(plan, delete_limit(cx)).await?;
    within_delete_limit(cx, found)
}

/// One more than may be deleted: enough to know that there are too many.
fn delete_limit(cx: &RequestContext) -> u32 {
    cx.limits.conditional_delete.saturating_add(1)
}

fn within_delete_limit(
    cx: &RequestContext,
    mut keys: Vec<ResourceKey>,
) -> Result<Vec<ResourceKey>> {
    let limit = cx.limits.conditional_delete;
    if u32::try_from(keys.len()).is_ok_and(|count| count > limit) {
        return Err(Error::new(
            ErrorKind::MultipleMatches,
            format!(
                "the condition selects more than the {limit} resources that one request may delete"
            ),
        ));
    }
    keys.sort();
    Ok(keys)
}
