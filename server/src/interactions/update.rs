//! update, with update-as-create and version conditions (<https://hl7.org/fhir/R4/http.html#update>).

use fhir::ids::ResourceKey;
use fhir::resource::Resource;

use super::perform::Interactions;
use super::{Outcome, WriteConditions, write};
use crate::context::RequestContext;
use crate::error::Result;
use crate::store::Verb;

/// Stores a resource under the id of the URL, whether there is one or not.
pub(super) async fn update(
    interactions: &Interactions,
    cx: &RequestContext,
    key: ResourceKey,
    resource: Resource,
    conditions: &WriteConditions,
) -> Result<Outcome> {
    write::check_type(&resource, key.resource_type)?;
    write::check_id(&resource, &key)?;
    let warnings = write::warnings(interactions, &key, &resource);
    let prepared = write::prepare(cx, interactions, key.clone(), Verb::Put, &resource).await?;
    let written = interactions
        .store
        .put(cx, prepared.under(conditions.for_store()?))
        .await?;
    let mut outcome = write::answer(key, written);
    outcome.issues = warnings;
    Ok(outcome)
}
