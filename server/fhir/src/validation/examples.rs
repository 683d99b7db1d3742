//! Every official example is valid, except those listed with their reasons.

use std::collections::BTreeMap;

use super::{Validator, validate};
use crate::definitions::fixtures::definitions;
use crate::fixtures;
use crate::outcome::Severity;
use crate::resource::Resource;

/// The examples that break R4 itself: file, and the first finding.
const INVALID: [(&str, &str); 18] = [
    (
        "ActivityDefinition-blood-tubes-supply.json",
        "ActivityDefinition.text.div: the narrative has no text and no image (txt-2)",
    ),
    (
        "ActivityDefinition-heart-valve-replacement.json",
        "ActivityDefinition.text.div: the narrative has no text and no image (txt-2)",
    ),
    (
        "EventDefinition-example.json",
        "EventDefinition.text.div: the narrative has no text and no image (txt-2)",
    ),
    (
        "Questionnaire-zika-virus-exposure-assessment.json",
        "Questionnaire.text.div: the narrative has no text and no image (txt-2)",
    ),
    (
        "ImplementationGuide-fhir.json",
        "ImplementationGuide.manifest.resource[11904].reference: a relative reference is 'Type/id', \
         'Type/id/_history/version' or 'Type?search'",
    ),
    (
        "Questionnaire-qs1.json",
        "Questionnaire.item[0].item[0]: 'linkId' is required",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-author.json",
        NO_BASE,
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-effective.json",
        NO_BASE,
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-end.json",
        NO_BASE,
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-keyword.json",
        NO_BASE,
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-workflow.json",
        NO_BASE,
    ),
    (
        "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json",
        "SearchParameter.id: an id is 1 to 64 letters, digits, '-' or '.'",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-author.json",
        NO_BASE,
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-effective.json",
        NO_BASE,
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-end.json",
        NO_BASE,
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-keyword.json",
        NO_BASE,
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-workflow.json",
        NO_BASE,
    ),
    // Refers to the SearchParameter whose id is too long.
    (
        "ig-r4.json",
        "ImplementationGuide.manifest.resource[11904].reference: a relative reference is 'Type/id', \
         'Type/id/_history/version' or 'Type?search'",
    ),
];

const NO_BASE: &str = "SearchParameter: 'base' is required";

#[test]
fn the_official_examples_are_valid_except_those_listed() {
    let Some(definitions) = definitions() else {
        return;
    };
    let mut found = BTreeMap::new();
    let mut count = 0;
    fixtures::examples(|name, bytes| {
        count += 1;
        let resource = Resource::parse(bytes).unwrap();
        if let Some(first) = validate(&resource, definitions).first() {
            let text = format!("{}: {}", first.expression[0], first.diagnostics);
            found.insert(name.to_owned(), text);
        }
    });
    println!("{count} official examples, {} of them invalid", found.len());
    let expected: BTreeMap<String, String> = INVALID
        .map(|(name, reason)| (name.to_owned(), reason.to_owned()))
        .into();
    assert_eq!(found, expected);
    assert_eq!(count, 5306);
}

/// The examples that keep the structure and break what goes beyond it: file, and the first finding.
const BROKEN: [(&str, &str); 15] = [
    (
        "Basic-referral.json",
        "Basic.modifierExtension[0]: the modifier extension \
         'http://example.org/do-not-use/fhir-extensions/referral#referredForService' is unknown here: what it changes \
         cannot be understood",
    ),
    (
        "Bundle-10bb101f-a121-4264-a920-67be9cb82c74.json",
        "Bundle.entry[2]: a fullUrl",
    ),
    (
        "Bundle-3a0707d3-549e-4467-b8b8-5a2ab3800efe.json",
        "Bundle.entry[3]: a fullUrl",
    ),
    ("Bundle-lri-example.json", "Bundle.entry[1]: a fullUrl"),
    // The definition of the extension allows ValueSets alone.
    (
        "CodeSystem-dicom-dcim.json",
        "CodeSystem.concept[180]: the extension 'http://hl7.org/fhir/StructureDefinition/valueset-concept-comments'",
    ),
    (
        "DeviceMetric-example.json",
        "DeviceMetric.parent: must refer to Device",
    ),
    (
        "DeviceUseStatement-example.json",
        "DeviceUseStatement.reasonReference[0]: must refer to Condition",
    ),
    (
        "MedicationRequest-medrx0301.json",
        "MedicationRequest.dispenseRequest.performer: must refer to Organization",
    ),
    (
        "Observation-clinical-gender.json",
        "Observation.performer[0]: must refer to Practitioner",
    ),
    // The temperature of a body, which R4's profile wants to have a time.
    (
        "Observation-f202.json",
        "Observation: 'effective' is required",
    ),
    // Logical models without a base.
    ("StructureDefinition-Definition.json", SDF_4),
    ("StructureDefinition-Event.json", SDF_4),
    ("StructureDefinition-FiveWs.json", SDF_4),
    ("StructureDefinition-Request.json", SDF_4),
    (
        "Bundle-hla-1.json",
        "Bundle.entry[0].resource.extension[1].extension[1]: the extension has no part 'uri'",
    ),
];

const SDF_4: &str = "StructureDefinition: breaks the rule sdf-4";

#[test]
fn the_official_examples_meet_the_specification_except_those_listed() {
    let Some(definitions) = definitions() else {
        return;
    };
    let validator = Validator::new(definitions);
    let mut found = BTreeMap::new();
    fixtures::examples(|name, bytes| {
        // The few that are all definitions in one hold nothing that the others do not.
        if bytes.len() > 2_000_000 || INVALID.iter().any(|(invalid, _)| *invalid == name) {
            return;
        }
        let resource = Resource::parse(bytes).unwrap();
        let report = validator.validate(&resource, &[]);
        let mut errors = report.issues.iter();
        if let Some(first) = errors.find(|issue| issue.severity <= Severity::Error) {
            let text = format!("{}: {}", first.expression[0], first.diagnostics);
            found.insert(name.to_owned(), text);
        }
    });
    println!(
        "{} more examples break what goes beyond structure",
        found.len()
    );
    for (name, reason) in BROKEN {
        let text = found.remove(name).unwrap_or_default();
        assert!(text.starts_with(reason), "{name}: {text}");
    }
    assert_eq!(found, BTreeMap::new());
}
