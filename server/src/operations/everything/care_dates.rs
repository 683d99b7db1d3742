//! When care took place: for each type of a record the parameters that say it. One of their values must fall between
//! start and end; what is no care, or has no date, is always part of the record.

use fhir::ids::ResourceType;

/// Types and the codes of their date parameters.
const CARE_DATES: &[(&str, &[&str])] = &[
    ("AdverseEvent", &["date"]),
    ("AllergyIntolerance", &["onset", "date"]),
    ("Appointment", &["date"]),
    ("AuditEvent", &["date"]),
    ("Basic", &["created"]),
    ("CarePlan", &["date"]),
    ("CareTeam", &["date"]),
    ("ChargeItem", &["occurrence"]),
    ("Claim", &["created"]),
    ("ClaimResponse", &["created"]),
    ("ClinicalImpression", &["date"]),
    ("Communication", &["sent", "received"]),
    ("CommunicationRequest", &["occurrence", "authored"]),
    ("Composition", &["period", "date"]),
    (
        "Condition",
        &["onset-date", "abatement-date", "recorded-date"],
    ),
    ("Consent", &["date"]),
    ("CoverageEligibilityRequest", &["created"]),
    ("CoverageEligibilityResponse", &["created"]),
    ("DetectedIssue", &["identified"]),
    ("DeviceRequest", &["event-date", "authored-on"]),
    ("DiagnosticReport", &["date"]),
    ("DocumentManifest", &["created"]),
    ("DocumentReference", &["period", "date"]),
    ("Encounter", &["date"]),
    ("EpisodeOfCare", &["date"]),
    ("ExplanationOfBenefit", &["created"]),
    ("FamilyMemberHistory", &["date"]),
    ("Flag", &["date"]),
    ("Goal", &["start-date", "target-date"]),
    ("ImagingStudy", &["started"]),
    ("Immunization", &["date"]),
    ("ImmunizationEvaluation", &["date"]),
    ("ImmunizationRecommendation", &["date"]),
    ("Invoice", &["date"]),
    ("List", &["date"]),
    ("MeasureReport", &["period", "date"]),
    ("Media", &["created"]),
    ("MedicationAdministration", &["effective-time"]),
    ("MedicationDispense", &["whenprepared", "whenhandedover"]),
    ("MedicationRequest", &["authoredon", "date"]),
    ("MedicationStatement", &["effective"]),
    ("NutritionOrder", &["datetime"]),
    ("Observation", &["date"]),
    ("Procedure", &["date"]),
    ("Provenance", &["when", "recorded"]),
    ("QuestionnaireResponse", &["authored"]),
    ("RequestGroup", &["authored"]),
    ("ResearchSubject", &["date"]),
    ("RiskAssessment", &["date"]),
    ("Schedule", &["date"]),
    ("ServiceRequest", &["occurrence", "authored"]),
    ("Specimen", &["collected"]),
    ("SupplyRequest", &["date"]),
    ("VisionPrescription", &["datewritten"]),
];

/// Types of a record that no date parameter places in time.
#[cfg(test)]
pub(super) const TIMELESS: &[&str] = &[
    "Account",
    "AppointmentResponse",
    "BodyStructure",
    "Coverage",
    "DeviceUseStatement",
    "EnrollmentRequest",
    "Group",
    "MolecularSequence",
    "Patient",
    "Person",
    "RelatedPerson",
    "SupplyDelivery",
];

/// Types and codes of the parameters that date the care of some types.
pub(super) fn of(types: &[ResourceType]) -> Vec<(ResourceType, &'static str)> {
    let mut dates = Vec::new();
    for (name, codes) in CARE_DATES {
        if let Some(resource_type) = types.iter().find(|one| one.name() == *name) {
            dates.extend(codes.iter().map(|code| (*resource_type, *code)));
        }
    }
    dates
}

#[cfg(test)]
mod tests {
    use fhir::definitions::search_parameters::SearchType;

    use super::*;
    use crate::operations::testing::definitions;

    #[test]
    fn every_type_of_a_record_is_dated_or_known_to_be_timeless() {
        let Some(definitions) = definitions() else {
            return;
        };
        for name in ["Patient", "Encounter"] {
            let center = ResourceType::parse(name).unwrap();
            for member in definitions.compartment_types(center).unwrap() {
                let is_timeless = TIMELESS.contains(&member.name());
                assert_eq!(of(&[member]).is_empty(), is_timeless, "{member}");
            }
        }
        let parameters = &definitions.registries().search_parameters;
        for (name, codes) in CARE_DATES {
            let resource_type = ResourceType::parse(name).unwrap();
            for code in *codes {
                let parameter = parameters.by_type_and_code(resource_type, code);
                let search_type = parameter.map(|one| one.search_type);
                assert_eq!(search_type, Some(SearchType::Date), "{name}.{code}");
            }
        }
    }
}
