//! Realistic resources, the same in every run: sizes and skew as clinics have them, no two patients alike.

mod observation;
mod others;

use crate::random::Random;

/// The text of a resource without its type and id, in two variants: what a create stores and what an update makes of it.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) resource_type: &'static str,
    variants: [String; 2],
}

/// What a resource refers to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subjects<'a> {
    pub(crate) patient: &'a str,
    pub(crate) encounter: &'a str,
    pub(crate) practitioner: &'a str,
}

impl Sample {
    /// The whole text, with an id or, for a create, without.
    pub(crate) fn body(&self, id: Option<&str>, variant: usize) -> String {
        let resource_type = self.resource_type;
        let rest = &self.variants[variant % 2];
        match id {
            Some(id) => format!(r#"{{"resourceType":"{resource_type}","id":"{id}",{rest}"#),
            None => format!(r#"{{"resourceType":"{resource_type}",{rest}"#),
        }
    }

    /// All members but type and id, with the brace that ends them.
    pub(crate) fn rest(&self, variant: usize) -> &str {
        &self.variants[variant % 2]
    }
}

/// The types of the mixed load, in the order in which a clinic meets them.
pub(crate) const MIXED: [&str; 5] = [
    "Patient",
    "Encounter",
    "Condition",
    "Observation",
    "MedicationRequest",
];

/// One resource of a type of [`MIXED`], or of a type that Bundles add.
pub(crate) fn sample(
    resource_type: &'static str,
    random: &mut Random,
    subjects: Subjects<'_>,
) -> Sample {
    let variants = match resource_type {
        "Patient" => others::patient(random),
        "Encounter" => others::encounter(random, subjects),
        "Condition" => others::condition(random, subjects),
        "MedicationRequest" => others::medication_request(random, subjects),
        "Procedure" => others::procedure(random, subjects),
        "Immunization" => others::immunization(random, subjects),
        "DiagnosticReport" => others::diagnostic_report(random, subjects),
        _ => observation::observation(random, subjects),
    };
    Sample {
        resource_type,
        variants,
    }
}

/// A day of the years 2015 to 2024, as a date.
fn date(random: &mut Random) -> String {
    format!(
        "{}-{:02}-{:02}",
        random.between(2015, 2024),
        random.between(1, 12),
        random.between(1, 28)
    )
}

/// A moment of that day.
fn time(random: &mut Random) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        random.between(7, 19),
        random.below(60),
        random.below(60)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_json_of_the_stated_size() {
        let subjects = Subjects {
            patient: "Patient/p",
            encounter: "Encounter/e",
            practitioner: "Practitioner/q",
        };
        let types = ["Procedure", "Immunization", "DiagnosticReport"];
        for resource_type in MIXED.into_iter().chain(types) {
            let mut random = Random::new(7);
            for round in 0..200 {
                let sample = sample(resource_type, &mut random, subjects);
                for variant in 0..2 {
                    let text = sample.body(Some("x"), variant);
                    let value: serde_json::Value = serde_json::from_str(&text).expect(&text);
                    assert_eq!(value["resourceType"], resource_type);
                    assert_eq!(value["id"], "x");
                    let sizes = if resource_type == "Observation" {
                        850..1600
                    } else {
                        300..2000
                    };
                    assert!(
                        sizes.contains(&text.len()),
                        "{} {round}: {text}",
                        text.len()
                    );
                }
                assert_ne!(sample.rest(0), sample.rest(1));
            }
        }
    }

    #[test]
    fn equal_seeds_give_equal_resources() {
        let subjects = Subjects {
            patient: "Patient/p",
            encounter: "Encounter/e",
            practitioner: "Practitioner/q",
        };
        let text = |seed| sample("Patient", &mut Random::new(seed), subjects).body(None, 0);
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }
}
