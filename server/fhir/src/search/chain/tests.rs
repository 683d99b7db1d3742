//! Chains and `_has`, as R4 shows them, and every way to get them wrong.

use crate::search::planner::fixtures::shown_plan;

fn check(query: &str, expected: &str) {
    if let Some(shown) = shown_plan(query) {
        assert_eq!(shown, expected, "{query}");
    }
}

/// The refusal has all the parts.
fn refuse(query: &str, parts: &[&str]) {
    if let Some(shown) = shown_plan(query) {
        for part in parts {
            assert!(shown.contains(part), "{query}: {shown}");
        }
    }
}

#[test]
fn chains_lead_to_the_resources_that_are_referred_to() {
    check(
        "DiagnosticReport?subject:Patient.name=peter",
        "DiagnosticReport.subject -> Patient[Patient.name peter*]",
    );
    check(
        "Observation?patient.name=peter",
        "Observation.subject -> Patient[Patient.name peter*]",
    );
    check(
        "DiagnosticReport?result.code=1-8",
        "DiagnosticReport.result -> Observation[has 1]",
    );
    check(
        "Observation?subject:Patient.organization.name:exact=A",
        "Observation.subject -> Patient[Patient.organization -> Organization[has 2]]",
    );
    check(
        "Observation?subject:Patient.general-practitioner:Practitioner.name=x&code=1",
        "Observation.subject -> Patient[Patient.general-practitioner -> \
         Practitioner[Practitioner.name x*]] & has 1",
    );
    check(
        "Observation?subject:Patient._id=a,b",
        "Observation.subject -> Patient[id a,b]",
    );
    check(
        "Observation?subject:Patient._lastUpdated=gt2020",
        "Observation.subject -> Patient[updated 1]",
    );
    check(
        "Observation?subject:Patient.gender:not=male,female",
        "Observation.subject -> Patient[lacks 2]",
    );
    check(
        "Observation?subject:Patient.gender:missing=true",
        "Observation.subject -> Patient[lacks 1]",
    );
    check(
        "Observation?subject:Patient.birthdate:missing=false",
        "Observation.subject -> Patient[has 1]",
    );
    check(
        "Observation?subject:Patient._id:not=no_id",
        "Observation.subject -> Patient[]",
    );
}

#[test]
fn an_untyped_chain_leads_to_all_types_that_have_the_parameter() {
    // Group and Location have an identifier as well, and so has Device.
    check(
        "Observation?subject.identifier=1",
        "Observation.subject -> Device,Group,Location,Patient[has 4]",
    );
    check(
        "Observation?subject.birthdate=2000",
        "Observation.subject -> Patient[Patient.birthdate eq:1]",
    );
    // The types of the search differ: one clause for each.
    check(
        "Observation?subject.type=a",
        "Observation.subject -> Device,Group,Location[has 3]",
    );
    check(
        "Observation?performer.organization.name=x",
        "Observation.performer -> Patient,PractitionerRole[Patient.organization,PractitionerRole.organization -> \
         Organization[Organization.name x*]]",
    );
}

#[test]
fn has_leads_to_the_resources_that_refer() {
    check(
        "Patient?_has:Observation:patient:code=1234-5",
        "Observation.subject <- Observation[has 1]",
    );
    check(
        "Patient?_has:Observation:patient:code=1,2&_has:Observation:patient:code=3",
        "Observation.subject <- Observation[has 2] & Observation.subject <- Observation[has 1]",
    );
    check(
        "Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=MyUserId",
        "Observation.subject <- Observation[AuditEvent.entity <- AuditEvent[has 6]]",
    );
    check(
        "Patient?_has:Observation:patient:encounter.status=finished",
        "Observation.subject <- Observation[Observation.encounter -> Encounter,EpisodeOfCare[has 2]]",
    );
    check(
        "Patient?_has:Observation:patient:code:missing=true",
        "Observation.subject <- Observation[lacks 1]",
    );
    check(
        "Encounter?subject:Patient._has:Group:member:_id=g",
        "Encounter.subject -> Patient[Group.member <- Group[id g]]",
    );
    check(
        "Patient?organization._has:Group:member:_id=g",
        "Unknown search parameter 'organization._has:Group:member:_id': Group.member does not refer to such resources",
    );
    check(
        "Patient,Group?_has:Observation:subject:status=final",
        "Observation.subject <- Observation[has 1]",
    );
}

#[test]
fn what_leads_nowhere_is_refused_by_name() {
    refuse(
        "Observation?subject:Practitioner.name=x",
        &[
            "Unknown",
            "'subject' does not refer to Practitioner, but to: Device, Group, Location, Patient",
        ],
    );
    refuse(
        "Observation?subject:Nobody.name=x",
        &["Unknown", "does not refer to that type, but to"],
    );
    refuse(
        "Observation?subject:Patient.nam=x",
        &[
            "Unknown",
            "Patient has no such parameter",
            "did you mean 'name'",
        ],
    );
    refuse(
        "Observation?subject.nothing=x",
        &["Unknown", "none of the types it may lead to", "'nothing'"],
    );
    refuse(
        "Observation?code.text=x",
        &["Unknown", "Observation.code is a token parameter"],
    );
    refuse(
        "Observation?subjekt.name=x",
        &["Unknown", "did you mean 'subject'"],
    );
    refuse(
        "Observation?subject:Patient.nobody.name=x",
        &["Unknown", "no reference 'nobody'", "organization"],
    );
    refuse(
        "Observation?subject:Patient.name:not=x",
        &["Unknown", "no modifier ':not'"],
    );
}

#[test]
fn reversed_chains_that_lead_nowhere_are_refused_by_name() {
    refuse(
        "Patient?_has:Nobody:patient:code=x",
        &["Unknown", "not one of R4's resource types"],
    );
    refuse(
        "Patient?_has:Observation:pat:code=x",
        &["Unknown", "no reference parameter", "patient"],
    );
    refuse(
        "Patient?_has:Observation:code:code=x",
        &["Unknown", "Observation.code is a token parameter"],
    );
    refuse(
        "Organization?_has:Observation:patient:code=x",
        &[
            "Unknown",
            "Observation.patient does not refer to Organization, but to: Patient",
        ],
    );
    refuse(
        "Patient,Group?_has:Observation:patient:code=x",
        &["Unknown", "does not refer to Group"],
    );
    refuse(
        "?_has:Observation:patient:code=x",
        &[
            "Unknown",
            "does not refer to every type, and all types are searched, but to: Patient",
        ],
    );
    refuse(
        "Patient?_has=x",
        &["Malformed", "'_has:Type:reference:parameter'"],
    );
    refuse(
        "Patient?organization.name=a&foo.bar=1",
        &["Unknown", "'foo.bar'"],
    );
    refuse(
        "Bundle?composition.title=a",
        &[
            "NotSupported",
            "Bundle.composition leads to a resource inside",
        ],
    );
    refuse(
        "Bundle?message.code=a",
        &["NotSupported", "Bundle.message leads to a resource inside"],
    );
    refuse(
        "Composition?_has:Bundle:composition:type=a",
        &["NotSupported", "inside the Bundle"],
    );
    refuse(
        "Patient?link.link.link.link.link.link.link.link.link.name=a",
        &["TooCostly", "more than 8 chain steps"],
    );
    refuse(
        "QuestionnaireResponse?questionnaire:Patient.name=a",
        &["Unknown", "does not refer to Patient"],
    );
}
