//! What is hidden from a clinician who may open the record in an emergency (`Patient/[id]/$break-glass`), and sees already that
//! there is one: that is told, for nothing is told by it.

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::ParseLimits;
use fhir::outcome::Issue;
use fhir::resource::Resource;
use fhir::search::hash;

use super::perform::Interactions;
use crate::auth::{Access, Permission, Reason, VERY_RESTRICTED};
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
use crate::store::Source;

/// Refuses a read of what is in the record of a patient whom the reader sees, where breaking glass would show it.
pub(super) async fn refuse_behind(
    interactions: &Interactions,
    cx: &RequestContext,
    source: &mut Source<'_>,
    key: &ResourceKey,
) -> Result<()> {
    let patient = ResourceType::parse("Patient");
    let Some(patient) = patient.filter(|_| cx.access.breaks_glass()) else {
        return Ok(());
    };
    let own = RequestContext {
        access: Access::system(Reason::Admission),
        ..cx.clone()
    };
    let found = source.read(&own, key).await?;
    let Some(content) = found.and_then(|version| version.content) else {
        return Ok(());
    };
    let hidden = Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
    let definitions = &interactions.definitions;
    let values = definitions.index_values(&hidden, &own.base_url)?;
    let mut values = values.values;
    values.place_around(key);
    for center in definitions.compartments_of(&own, &hidden, patient)? {
        let record = hash::compartment(&center);
        let access = &cx.access;
        let opened = access.rows_if_opened(Permission::Read, key.resource_type, record);
        if center == *key || !opened.admit(key, &values) || is_closed(&own, source, &center).await?
        {
            continue;
        }
        if source.read(cx, &center).await?.is_some() {
            let sentence =
                "this record is closed to you; in an emergency, Patient/[id]/$break-glass opens it";
            let mut issue = Issue::error(ErrorKind::Forbidden.fhir().1, sentence);
            issue.detail = Some((OP_ERROR.into(), "break-glass-required".into()));
            return Err(Error::with_issues(ErrorKind::Forbidden, vec![issue]));
        }
    }
    Ok(())
}

/// Whether nobody opens a record: that of a donor whose identity is known.
async fn is_closed(
    cx: &RequestContext,
    source: &mut Source<'_>,
    patient: &ResourceKey,
) -> Result<bool> {
    let found = source.read(cx, patient).await?;
    let Some(content) = found.and_then(|version| version.content) else {
        return Ok(true);
    };
    let record = Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
    Ok(record.has_security_label(VERY_RESTRICTED))
}

const OP_ERROR: &str = "https://vesta.example/fhir/CodeSystem/op-error";
