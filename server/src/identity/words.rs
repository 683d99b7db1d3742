//! Scopes in plain words: what an app will see and do, as a person decides about it.

use fhir::ids::ResourceType;

use crate::auth::{Permission, Permissions, ResourceScope, Scope, ScopeContext, Scopes};

/// What people call the types they meet most. Others are called by their names.
const NAMES: [(&str, &str); 34] = [
    ("AllergyIntolerance", "allergies and intolerances"),
    ("Appointment", "appointments"),
    ("AuditEvent", "the record of who has looked at what"),
    ("BiologicallyDerivedProduct", "eggs, sperm and embryos"),
    ("Binary", "files"),
    ("CarePlan", "care plans"),
    ("CareTeam", "care teams"),
    ("Claim", "claims to insurers"),
    ("Communication", "messages"),
    ("Condition", "diagnoses and problems"),
    ("Consent", "consents"),
    ("Coverage", "insurance"),
    ("Device", "devices"),
    ("DiagnosticReport", "reports of findings"),
    ("DocumentReference", "documents"),
    ("Encounter", "visits and stays"),
    ("EpisodeOfCare", "treatment cycles"),
    ("ExplanationOfBenefit", "what insurers have paid"),
    ("FamilyMemberHistory", "the history of the family"),
    ("Goal", "goals"),
    ("Immunization", "vaccinations"),
    ("Invoice", "invoices"),
    ("Location", "places"),
    ("MedicationRequest", "prescriptions"),
    ("MedicationStatement", "medicines that are taken"),
    ("Observation", "results and measurements"),
    ("Organization", "organizations"),
    ("Patient", "names, addresses and other personal details"),
    ("Practitioner", "who works in the clinic"),
    ("Procedure", "procedures"),
    ("QuestionnaireResponse", "answers to questionnaires"),
    ("RelatedPerson", "relatives and partners"),
    ("ServiceRequest", "orders and referrals"),
    ("Task", "tasks"),
];

fn name(resource_type: Option<ResourceType>) -> String {
    let Some(resource_type) = resource_type else {
        return "everything in the record".to_owned();
    };
    let known = NAMES.iter().find(|(name, _)| *name == resource_type.name());
    known.map_or_else(
        || spaced(resource_type.name()),
        |(_, words)| (*words).to_owned(),
    )
}

/// `SpecimenDefinition` as `specimen definition`.
fn spaced(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn verbs(permissions: Permissions) -> String {
    let sees = permissions.contains(Permission::Read) || permissions.contains(Permission::Search);
    let does = [
        (sees, "see"),
        (permissions.contains(Permission::Create), "add"),
        (permissions.contains(Permission::Update), "change"),
        (permissions.contains(Permission::Delete), "delete"),
    ];
    let words: Vec<&str> = does
        .iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, word)| *word)
        .collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

fn sentence(scope: &ResourceScope) -> String {
    let whose = match scope.context {
        ScopeContext::Patient => "of this patient",
        ScopeContext::User => "wherever you may yourself",
        ScopeContext::System => "of the clinic",
    };
    let (verbs, name) = (verbs(scope.permissions), name(scope.resource_type));
    match &scope.filter {
        None => format!("{verbs} {name}, {whose}"),
        Some(filter) => {
            let conditions: Vec<String> = filter
                .parameters()
                .map(|(name, value)| {
                    format!("{name} is {}", value.rsplit('|').next().unwrap_or_default())
                })
                .collect();
            format!(
                "{verbs} {name}, {whose}, only where {}",
                conditions.join(" and ")
            )
        }
    }
}

/// What the app will be able to do with records, a sentence each.
pub(super) fn plain(scopes: &Scopes) -> Vec<String> {
    scopes.of_resources().map(sentence).collect()
}

/// What else is worth knowing.
pub(super) fn notes(scopes: &Scopes) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if scopes.contains(&Scope::FhirUser) || scopes.contains(&Scope::Profile) {
        notes.push("It learns who you are.");
    } else if scopes.contains(&Scope::OpenId) {
        notes.push("It recognizes you when you come back.");
    }
    if scopes.contains(&Scope::OfflineAccess) {
        notes.push("It keeps this access while you are not there, until you take it back.");
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_told_in_plain_words() {
        let check = |scope: &str, expected: &str| {
            let scopes = Scopes::parse(scope).scopes;
            assert_eq!(plain(&scopes).join("; "), expected, "{scope}");
        };
        check("openid launch", "");
        check(
            "patient/Observation.rs",
            "see results and measurements, of this patient",
        );
        check(
            "user/*.cruds",
            "see, add, change and delete everything in the record, wherever you may yourself",
        );
        check(
            "user/Appointment.c",
            "add appointments, wherever you may yourself",
        );
        check(
            "patient/SpecimenDefinition.r",
            "see specimen definition, of this patient",
        );
        check(
            "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
            "see results and measurements, of this patient, only where category is laboratory",
        );
    }

    #[test]
    fn what_outlives_the_session_is_told() {
        let check = |scope: &str, expected: &[&str]| {
            assert_eq!(notes(&Scopes::parse(scope).scopes), expected, "{scope}");
        };
        check("patient/*.rs", &[]);
        check("openid", &["It recognizes you when you come back."]);
        check(
            "openid fhirUser offline_access",
            &[
                "It learns who you are.",
                "It keeps this access while you are not there, until you take it back.",
            ],
        );
    }
}
