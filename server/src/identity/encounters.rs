//! The encounters somebody may choose from before an app starts (`launch/encounter`): those of the chosen patient, as far as
//! that person may see them.

use fhir::ids::{Reference, ResourceId};
use fhir::json::Value;

use super::Asked;
use super::records::{Records, items, text};
use crate::error::Result;
use crate::store::IdentitySession;

/// One encounter to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EncounterLine {
    pub(super) id: ResourceId,
    /// The day, or the days.
    pub(super) when: String,
    /// Of which kind it is, and how far.
    pub(super) what: String,
}

impl Records {
    /// The newest encounters of a patient, so many at most.
    pub(super) async fn encounters(
        &self,
        session: &IdentitySession,
        patient: &ResourceId,
        count: u32,
        asked: &Asked<'_>,
    ) -> Result<Vec<EncounterLine>> {
        let query = format!("patient={patient}&_sort=-date&_count={count}");
        let bundle = self.read(session, "/Encounter", &query, asked).await?;
        let found = bundle
            .iter()
            .flat_map(|bundle| items(bundle.root(), "entry"));
        let resources = found.filter_map(|entry| entry.get("resource"));
        Ok(resources.filter_map(line).collect())
    }

    /// One encounter, if it is of that patient of the server at a base URL, and this person may see it.
    pub(super) async fn encounter(
        &self,
        session: &IdentitySession,
        id: &str,
        (patient, base_url): (&ResourceId, &str),
        asked: &Asked<'_>,
    ) -> Result<Option<EncounterLine>> {
        if !ResourceId::is_valid(id) {
            return Ok(None);
        }
        let path = format!("/Encounter/{id}");
        let Some(encounter) = self.read(session, &path, "", asked).await? else {
            return Ok(None);
        };
        let is_own = is_of_patient(encounter.root(), patient, base_url);
        Ok(line(encounter.root()).filter(|_| is_own))
    }
}

/// Whether an encounter is that of a patient of the server at a base URL: of no other server's with the same id.
pub(super) fn is_of_patient(encounter: Value<'_>, patient: &ResourceId, base_url: &str) -> bool {
    let subject = encounter.at(&["subject", "reference"]);
    let subject = subject.and_then(Value::string).unwrap_or_default();
    match Reference::parse(&subject, base_url) {
        Reference::Local { key, .. } => key.resource_type.name() == "Patient" && key.id == *patient,
        _ => false,
    }
}

fn line(encounter: Value<'_>) -> Option<EncounterLine> {
    if text(encounter, "resourceType")? != "Encounter" {
        return None;
    }
    let period = encounter.get("period");
    let day = |name: &str| {
        let moment = period.and_then(|period| text(period, name));
        moment.map(|moment| moment.chars().take(10).collect::<String>())
    };
    let when = match (day("start"), day("end")) {
        (Some(start), Some(end)) if start != end => format!("{start} – {end}"),
        (Some(day), _) | (None, Some(day)) => day,
        (None, None) => "(no date)".to_owned(),
    };
    let shown = |concept: Value<'_>| {
        let coded = || items(concept, "coding").find_map(|coding| text(coding, "display"));
        text(concept, "text").or_else(coded)
    };
    let kind = items(encounter, "type").find_map(shown);
    let class = encounter.get("class");
    let class = || class.and_then(|class| text(class, "display").or_else(|| text(class, "code")));
    let parts = [kind.or_else(class), text(encounter, "status")];
    let what: Vec<String> = parts.into_iter().flatten().collect();
    Some(EncounterLine {
        id: text(encounter, "id")?.parse().ok()?,
        when,
        what: what.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use fhir::json::Document;

    use super::*;

    #[test]
    fn an_encounter_is_of_a_patient_of_this_server() {
        let patient = "anna".parse().unwrap();
        for (subject, expected) in [
            ("Patient/anna", true),
            ("http://here/fhir/Patient/anna", true),
            ("Patient/anna/_history/2", true),
            ("Patient/ben", false),
            ("Group/anna", false),
            ("http://there/fhir/Patient/anna", false),
            ("", false),
        ] {
            let text = format!(r#"{{"subject":{{"reference":"{subject}"}}}}"#);
            let encounter = Document::parse(text).unwrap();
            let found = is_of_patient(encounter.root(), &patient, "http://here/fhir");
            assert_eq!(found, expected, "{subject}");
        }
    }
}
