//! The file of roles.

use super::*;
use crate::auth::{Permission, ScopeContext};

/// Types that say something of somebody's health or treatment.
const CLINICAL: [&str; 8] = [
    "AllergyIntolerance",
    "Condition",
    "DiagnosticReport",
    "DocumentReference",
    "MedicationRequest",
    "Observation",
    "Procedure",
    "QuestionnaireResponse",
];

#[test]
fn the_file_is_read() {
    let roles = read(TEXT).unwrap();
    assert_eq!(roles.roles.len(), 13);
    assert!(is_shared(ResourceType::parse("Organization").unwrap()));
    for broken in [
        "shared = [\"Nothing\"]\nwithheld = []\nrole = []",
        "shared = []\nwithheld = []\n[[role]]\ncode = \"a\"\nconfinement = \"own\"\nscopes = \"user/Nothing.rs\"",
        "shared = []\nwithheld = []\n[[role]]\ncode = \"a\"\nconfinement = \"nearly\"\nscopes = \"\"",
    ] {
        assert!(read(broken).is_err(), "{broken}");
    }
}

#[test]
fn roles_of_staff_are_codes_of_the_code_system() {
    let published = include_str!("../../../../profiles/clinic/CodeSystem-staff-role.json");
    assert!(published.contains(STAFF_ROLE));
    for role in &ROLES.roles {
        let code = format!("{{\"code\": \"{}\"", role.code);
        let is_patient = &*role.code == "patient";
        assert_ne!(published.contains(&code), is_patient, "{}", role.code);
        let context = if is_patient {
            ScopeContext::Patient
        } else {
            ScopeContext::User
        };
        assert!(role.scopes.of_resources().all(|one| one.context == context));
        assert_eq!(is_patient, role.confinement == Confinement::Own);
    }
}

#[test]
fn each_role_is_held_to_its_table() {
    let check = |code: &str, name: &str, expected: &str| {
        let resource_type = ResourceType::parse(name).unwrap();
        let scopes = &Role::of(code).unwrap().scopes;
        let letters = scopes.permissions(resource_type).to_string();
        assert_eq!(letters, expected, "{code} {name}");
    };
    check("patient", "Observation", "rs");
    check("patient", "Appointment", "crus");
    check("patient", "Consent", "crus");
    for hidden in [
        "AuditEvent",
        "Provenance",
        "Group",
        "Person",
        "Task",
        "Binary",
    ] {
        check("patient", hidden, "");
    }
    check("front-desk", "Appointment", "crus");
    check("front-desk", "DocumentReference", "c");
    check("nurse", "Observation", "crus");
    check("nurse", "MedicationRequest", "rs");
    check("nurse", "Claim", "");
    check("physician", "MedicationRequest", "crus");
    check("physician", "Consent", "crs");
    check("physician", "Claim", "rs");
    check("embryologist", "BiologicallyDerivedProduct", "crus");
    check("embryologist", "MedicationRequest", "");
    check("lab-director", "DetectedIssue", "crus");
    check("billing-specialist", "Claim", "crs");
    check("billing-specialist", "Observation", "");
    check("billing-specialist", "DocumentReference", "");
    check("records", "Patient", "crus");
    check("privacy-officer", "AuditEvent", "rs");
    check("donor-coordinator", "Patient", "rus");
    for code in [
        "admin",
        "records",
        "privacy-officer",
        "quality",
        "donor-coordinator",
    ] {
        for name in CLINICAL {
            check(code, name, "");
        }
    }
    for name in CLINICAL {
        let written = if name == "DocumentReference" { "c" } else { "" };
        check("front-desk", name, written);
    }
    for role in &ROLES.roles {
        let deletes = |one: ResourceType| {
            let scopes = role.scopes.permissions(one);
            scopes.contains(Permission::Delete)
        };
        assert!(!ResourceType::all().any(deletes), "{}", role.code);
    }
}
