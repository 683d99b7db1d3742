//! Every official example is valid, except those listed with their reasons.

use std::collections::BTreeMap;

use super::validate;
use crate::definitions::fixtures::definitions;
use crate::fixtures;
use crate::resource::Resource;

/// The examples that break R4 itself: file, and the first finding.
const INVALID: [(&str, &str); 14] = [
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
