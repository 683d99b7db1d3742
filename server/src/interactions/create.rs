//! create (<https://hl7.org/fhir/R4/http.html#create>).

use fhir::ids::{ResourceKey, ResourceType};
use fhir::resource::Resource;

use super::perform::Interactions;
use super::{Outcome, write};
use crate::context::RequestContext;
use crate::error::Result;
use crate::store::Verb;

/// Stores a resource under a new id; an id in the body is ignored, as the specification says.
pub(super) async fn create(
    interactions: &Interactions,
    cx: &RequestContext,
    resource_type: ResourceType,
    resource: Resource,
) -> Result<Outcome> {
    write::check_type(&resource, resource_type)?;
    let key = ResourceKey::new(resource_type, write::new_id()?);
    let warnings = write::warnings(interactions, &key, &resource);
    let prepared = write::prepare(cx, interactions, key.clone(), Verb::Post, &resource).await?;
    let written = interactions.store.create(cx, prepared).await?;
    let mut outcome = write::answer(key, written);
    outcome.issues = warnings;
    Ok(outcome)
}
