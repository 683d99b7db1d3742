//! What is hidden from a reader and may be told to be there: what a consent, a label or the law closes in a record that is
//! open to the reader; and from a clinician who may open the record in an emergency (`Patient/[id]/$break-glass`) and sees
//! already that there is one, for nothing is told by it.

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::ParseLimits;
use fhir::outcome::Issue;
use fhir::resource::Resource;
use fhir::search::hash;

use super::perform::Interactions;
use crate::auth::{Access, Permission, Reason};
use crate::context::RequestContext;
use crate::error::{Error, ErrorKind, Result};
use crate::store::Source;

/// Refuses a read of what is closed by consents, labels or the law; and of what is in the record of a patient whom the
/// reader sees, where breaking glass would show it.
pub(super) async fn refuse_behind(
    interactions: &Interactions,
    cx: &RequestContext,
    source: &mut Source<'_>,
    key: &ResourceKey,
) -> Result<()> {
    let access = &cx.access;
    // A patient is not told that there is something that is not shown yet.
    if access.is_patients() {
        return Ok(());
    }
    let open = access.rows_without_consents(Permission::Read, key.resource_type);
    let patient = ResourceType::parse("Patient");
    let Some(patient) = patient.filter(|_| access.reason().is_none()) else {
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
    let centers = definitions.compartments_of(&own, &hidden, patient)?;
    let opens = |center: &&ResourceKey| {
        let record = hash::compartment(center);
        let opened = access.rows_if_opened(Permission::Read, key.resource_type, record);
        opened.admit(key, &values)
    };
    let mut opening = centers.iter().filter(opens);
    if open.admit(key, &values) {
        if let Some(audited) = &cx.audited {
            let patients: Vec<_> = centers.iter().map(|center| center.id.clone()).collect();
            let decided = access.denied_by(key, &values).into_iter();
            audited.note_consents(decided.map(|consent| (consent, patients.clone())).collect());
        }
        let sentence = "the consent of the patient, a security label or the law closes this to you";
        let sentence = match opening.next() {
            Some(_) => format!("{sentence}; in an emergency, Patient/[id]/$break-glass opens it"),
            None => sentence.to_owned(),
        };
        return Err(refusal("consent-denied", sentence));
    }
    for center in opening.filter(|center| *center != key) {
        if source.read(cx, center).await?.is_some() {
            let sentence =
                "this record is closed to you; in an emergency, Patient/[id]/$break-glass opens it";
            return Err(refusal("break-glass-required", sentence.to_owned()));
        }
    }
    Ok(())
}

fn refusal(code: &str, sentence: String) -> Error {
    let mut issue = Issue::error(ErrorKind::Forbidden.fhir().1, sentence);
    issue.detail = Some((OP_ERROR.into(), code.into()));
    Error::with_issues(ErrorKind::Forbidden, vec![issue])
}

const OP_ERROR: &str = "https://vesta.example/fhir/CodeSystem/op-error";
