//! What is added to the matches, and what cannot be.

use crate::search::error::SearchErrorKind;
use crate::search::plan::Include;
use crate::search::planner::fixtures::{planned, planner, resource_types, seeds};
use crate::search::planner::{Handling, PlanLimits, Planner};
use crate::search::query::{Query, QueryLimits};

fn shown(include: &Include) -> String {
    let kind = match (include.reverse, include.iterate) {
        (false, false) => "include",
        (false, true) => "include*",
        (true, false) => "revinclude",
        (true, true) => "revinclude*",
    };
    let source = include.source.map_or("*", |one| one.name());
    let parameter = include.parameter.as_deref().unwrap_or("*");
    let targets: Vec<&str> = include.targets.iter().map(|one| one.name()).collect();
    format!(
        "{kind} {source}:{parameter} by {} to {}",
        seeds(&include.seeds),
        targets.join(",")
    )
}

fn check(types: &str, text: &str, expected: &[&str]) {
    if let Some(plan) = planned(types, text, Handling::Strict) {
        let shown: Vec<String> = plan.unwrap().includes.iter().map(shown).collect();
        assert_eq!(shown, expected, "{types}?{text}");
    }
}

fn refuse(types: &str, text: &str, kind: SearchErrorKind, part: &str) {
    if let Some(plan) = planned(types, text, Handling::Strict) {
        let error = plan.map(|plan| plan.includes.len()).unwrap_err();
        assert_eq!(error.kind, kind, "{text}: {error}");
        assert!(error.message.contains(part), "{text}: {error}");
        assert_eq!(&*error.parameter, text.split('=').next().unwrap(), "{text}");
    }
}

#[test]
fn inclusions_follow_references() {
    check(
        "MedicationRequest",
        "_include=MedicationRequest:requester",
        &["include MedicationRequest:requester by MedicationRequest.requester to "],
    );
    check(
        "Observation",
        "_include=Observation:patient",
        &["include Observation:patient by Observation.subject to Patient"],
    );
    check(
        "Observation",
        "_include=Observation:subject:Patient",
        &["include Observation:subject by Observation.subject to Patient"],
    );
    check(
        "MedicationRequest",
        "_revinclude=Provenance:target",
        &["revinclude Provenance:target by Provenance.target to "],
    );
    check(
        "Patient",
        "_revinclude=Observation:patient",
        &["revinclude Observation:patient by Observation.subject to Patient"],
    );
    check(
        "Encounter",
        "_include=Encounter:patient&_include:iterate=Patient:general-practitioner&_include=Encounter:patient",
        &[
            "include Encounter:patient by Encounter.subject to Patient",
            "include* Patient:general-practitioner by Patient.general-practitioner to ",
        ],
    );
    check(
        "Observation",
        "_revinclude:iterate=Provenance:target:Observation",
        &["revinclude* Provenance:target by Provenance.target to Observation"],
    );
    check(
        "Coverage",
        "_include=Coverage:*",
        &[
            "include Coverage:* by Coverage.patient,Coverage.payor,Coverage.policy-holder,Coverage.subscriber to ",
        ],
    );
    check(
        "Appointment",
        "_include=Appointment:*:Slot",
        &["include Appointment:* by Appointment.slot,Appointment.supporting-info to Slot"],
    );
    check("Slot", "_include=*", &["include *:* by Slot.schedule to "]);
    check(
        "Slot",
        "_revinclude=Appointment:*",
        &["revinclude Appointment:* by Appointment.slot,Appointment.supporting-info to "],
    );
}

#[test]
fn every_type_may_be_followed() {
    for text in ["_revinclude=*", "_include:iterate=*", "_include=*"] {
        if let Some(plan) = planned("Patient", text, Handling::Strict) {
            assert!(!plan.unwrap().includes.is_empty(), "{text}");
        }
    }
    // All that can be followed is nothing.
    check("Binary", "_include=Binary:*", &[]);
    check("OperationDefinition,Binary", "_revinclude=Slot:*", &[]);
    if let Some(plan) = planned("", "_type=Slot,Schedule&_include=*", Handling::Strict) {
        assert_eq!(plan.unwrap().includes.len(), 1);
    }
}

#[test]
fn what_cannot_be_included_is_refused_by_name() {
    use SearchErrorKind::{Malformed, Unknown};
    refuse("Patient", "_include=Patient", Malformed, "'Type:parameter'");
    refuse("Patient", "_include=a:b:c:d", Malformed, "'Type:parameter'");
    refuse("Patient", "_include=Nobody:x", Unknown, "not one of R4's");
    refuse(
        "Patient",
        "_include=Patient:x",
        Unknown,
        "there are: general-practitioner, link, organization",
    );
    refuse(
        "Patient",
        "_include=Patient:organisation",
        Unknown,
        "did you mean 'organization'",
    );
    refuse(
        "Patient",
        "_include=Patient:name",
        Unknown,
        "no reference parameter",
    );
    refuse(
        "Patient",
        "_include=Observation:patient",
        Unknown,
        "Observation is not searched",
    );
    refuse(
        "Patient",
        "_include=Patient:organization:Group",
        Unknown,
        "does not refer to Group, but to: Organization",
    );
    refuse(
        "Patient",
        "_include=Patient:organization:Nobody",
        Unknown,
        "not one of R4's",
    );
}

#[test]
fn inclusions_that_have_no_place_are_refused_by_name() {
    use SearchErrorKind::{Malformed, NotSupported, Unknown};
    refuse(
        "Organization",
        "_revinclude=Observation:patient",
        Unknown,
        "does not refer to the types searched, but to: Patient",
    );
    refuse(
        "Patient",
        "_include:recurse=Patient:link",
        Unknown,
        "since R4 it is ':iterate'",
    );
    refuse(
        "Patient",
        "_include:foo=Patient:link",
        Unknown,
        "there is: iterate",
    );
    refuse(
        "Bundle",
        "_include=Bundle:composition",
        NotSupported,
        "inside the Bundle",
    );
    refuse(
        "Patient",
        "_include=Patient:link&_summary=text",
        Malformed,
        "_summary=text",
    );
    refuse(
        "Patient",
        "_revinclude=Observation:patient&_summary=text",
        Malformed,
        "_summary=text",
    );
}

#[test]
fn too_many_inclusions_are_refused() {
    let many: Vec<String> = [
        "Patient:link:RelatedPerson",
        "Patient:link:Patient",
        "Patient:link",
        "Patient:organization",
    ]
    .iter()
    .flat_map(|one| ["_include", "_include:iterate"].map(|name| format!("{name}={one}")))
    .chain(
        [
            "subject",
            "performer",
            "encounter",
            "device",
            "focus",
            "has-member",
            "derived-from",
            "specimen",
            "part-of",
            "based-on",
            "patient",
        ]
        .iter()
        .flat_map(|one| {
            ["_include:iterate", "_revinclude:iterate"]
                .map(|name| format!("{name}=Observation:{one}"))
        }),
    )
    .collect();
    if let Some(plan) = planned("Patient", &many.join("&"), Handling::Strict) {
        let error = plan.map(|plan| plan.includes.len()).unwrap_err();
        assert_eq!(error.kind, SearchErrorKind::TooCostly, "{error}");
        assert!(error.message.contains("more than 20 inclusions"), "{error}");
    }
}

#[test]
fn a_wildcard_is_one_inclusion_whatever_it_stands_for() {
    let Some(planner) = planner(Handling::Strict) else {
        return;
    };
    let planner = Planner {
        limits: PlanLimits {
            includes_max: 2,
            ..PlanLimits::default()
        },
        ..planner
    };
    let planned = |text: &str| {
        let query = Query::parse(text, QueryLimits::default()).unwrap();
        planner.plan(&resource_types("Patient"), &query)
    };
    for text in [
        "_include=*&_revinclude=*",
        "_include:iterate=*&_revinclude:iterate=*",
    ] {
        assert!(planned(text).is_ok(), "{text}");
    }
    let error = planned("_include=Patient:link&_include=*&_revinclude=*").unwrap_err();
    assert!(error.message.contains("more than 2 inclusions"), "{error}");
}
