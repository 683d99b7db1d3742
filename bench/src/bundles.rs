//! Synthea-like transaction Bundles: one patient with everything that happened to them, tied together by `urn:uuid`
//! references (<https://hl7.org/fhir/R4/http.html#trules>).

use crate::random::Random;
use crate::resources::{Subjects, sample};

/// A transaction Bundle.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) text: String,
    pub(crate) resources: u64,
}

/// What stands beside 60 Observations of a hundred resources: types and how many of forty.
const OTHERS: [(&str, u64); 6] = [
    ("Encounter", 10),
    ("DiagnosticReport", 8),
    ("Procedure", 7),
    ("MedicationRequest", 6),
    ("Condition", 5),
    ("Immunization", 4),
];

/// A patient with that many resources in all, the same for equal seeds.
pub(crate) fn patient_bundle(seed: u64, resources: u64) -> Bundle {
    let mut random = Random::new(seed);
    let patient = urn(&mut random);
    let practitioner = urn(&mut random);
    let mut encounter = urn(&mut random);
    let mut text = String::with_capacity(usize::try_from(resources * 1300).unwrap_or(0));
    text.push_str(r#"{"resourceType":"Bundle","type":"transaction","entry":["#);
    let doctor = r#"{"resourceType":"Practitioner","active":true,"name":[{"family":"Lindqvist","given":["Maja"]}]}"#;
    push_entry(&mut text, &practitioner, "Practitioner", doctor);
    let mut add = |full_url: &str, resource_type, encounter: &str, random: &mut Random| {
        let subjects = Subjects {
            patient: &patient,
            encounter,
            practitioner: &practitioner,
        };
        let body = sample(resource_type, random, subjects).body(None, 1);
        text.push(',');
        push_entry(&mut text, full_url, resource_type, &body);
    };
    add(&patient, "Patient", &encounter, &mut random);
    add(&encounter, "Encounter", &encounter, &mut random);
    for _ in 3..resources.max(3) {
        let resource_type = choose(&mut random);
        let full_url = urn(&mut random);
        if resource_type == "Encounter" {
            encounter.clone_from(&full_url);
        }
        add(&full_url, resource_type, &encounter, &mut random);
    }
    text.push_str("]}");
    Bundle {
        text,
        resources: resources.max(3),
    }
}

fn choose(random: &mut Random) -> &'static str {
    let mut place = random.below(100);
    for (resource_type, share) in OTHERS {
        if place < share {
            return resource_type;
        }
        place -= share;
    }
    "Observation"
}

fn urn(random: &mut Random) -> String {
    format!("urn:uuid:{}", random.uuid())
}

fn push_entry(text: &mut String, full_url: &str, resource_type: &str, body: &str) {
    for part in [
        r#"{"fullUrl":""#,
        full_url,
        r#"","resource":"#,
        body,
        r#","request":{"method":"POST","url":""#,
        resource_type,
        r#""}}"#,
    ] {
        text.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_has_as_many_resources_as_asked_for_and_three_of_five_are_observations() {
        let bundle = patient_bundle(3, 2_000);
        let value: serde_json::Value = serde_json::from_str(&bundle.text).unwrap();
        let entries = value["entry"].as_array().unwrap();
        assert_eq!(entries.len(), 2_000);
        assert_eq!(bundle.resources, 2_000);
        let observations = entries
            .iter()
            .filter(|entry| entry["resource"]["resourceType"] == "Observation")
            .count();
        assert!((1_100..1_300).contains(&observations), "{observations}");
        let names: std::collections::HashSet<&str> = entries
            .iter()
            .map(|entry| entry["fullUrl"].as_str().unwrap())
            .collect();
        assert_eq!(names.len(), 2_000);
        for entry in entries.iter().skip(2) {
            let resource = &entry["resource"];
            let patient = resource.get("subject").or(resource.get("patient")).unwrap();
            assert!(names.contains(patient["reference"].as_str().unwrap()));
        }
    }
}
