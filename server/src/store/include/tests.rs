//! Includes by hand-made plans: both directions, rounds, limits.

use std::sync::Arc;

use fhir::ids::ResourceType;

use super::*;
use crate::context::RequestContext;
use crate::operations::testing::World;
use crate::store::Source;

const RECORDS: &[&str] = &[
    r#"{"resourceType":"Patient","id":"1","managingOrganization":{"reference":"Organization/1"}}"#,
    r#"{"resourceType":"Organization","id":"1","name":"x","partOf":{"reference":"Organization/2"}}"#,
    r#"{"resourceType":"Organization","id":"2","name":"x","partOf":{"reference":"Organization/3"}}"#,
    // Around in a circle.
    r#"{"resourceType":"Organization","id":"3","name":"x","partOf":{"reference":"Organization/1"}}"#,
    r#"{"resourceType":"Group","id":"1","type":"person","actual":true}"#,
    r#"{"resourceType":"Observation","id":"1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/1"},"performer":[{"reference":"Practitioner/none"},{"reference":"Organization/1"}]}"#,
    r#"{"resourceType":"Observation","id":"2","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/1"},"hasMember":[{"reference":"Observation/1"}]}"#,
    r#"{"resourceType":"Observation","id":"3","status":"final","code":{"text":"x"},"subject":{"reference":"Group/1"}}"#,
    r#"{"resourceType":"Questionnaire","id":"1","url":"http://q","version":"1","status":"active"}"#,
    r#"{"resourceType":"Questionnaire","id":"2","url":"http://q","version":"2","status":"active"}"#,
    r#"{"resourceType":"QuestionnaireResponse","id":"1","status":"completed","questionnaire":"http://q|1"}"#,
    r#"{"resourceType":"QuestionnaireResponse","id":"2","status":"completed","questionnaire":"http://q"}"#,
];

fn include(world: &World, text: &str) -> Include {
    let (head, value) = text.split_once('=').unwrap();
    let mut parts = value.split(':');
    let source = ResourceType::parse(parts.next().unwrap()).unwrap();
    let code = parts.next().unwrap();
    let targets = parts.next().map(|name| ResourceType::parse(name).unwrap());
    Include {
        reverse: head.starts_with("_rev"),
        iterate: head.ends_with(":iterate"),
        source: Some(source),
        parameter: Some(code.into()),
        seeds: world.interactions.definitions.seeds_of(source, code),
        targets: targets.into_iter().collect(),
        is_canonical: code == "questionnaire",
    }
}

async fn included(
    world: &World,
    cx: &RequestContext,
    matches: &[&str],
    includes: &[&str],
) -> Result<Vec<String>> {
    let mut source = Source::Committed(&world.interactions.store);
    let mut versions = Vec::new();
    for key in matches {
        versions.extend(source.read(cx, &key.parse().unwrap()).await?);
    }
    let includes: Vec<Include> = includes.iter().map(|text| include(world, text)).collect();
    let definitions = Arc::clone(&world.interactions.definitions);
    let found = source
        .included(cx, &definitions, &includes, &versions)
        .await?;
    Ok(found
        .iter()
        .map(|version| version.key.to_string())
        .collect())
}

async fn world() -> Option<World> {
    let world = World::new().await?;
    for record in RECORDS {
        world.put(record).await;
    }
    Some(world)
}

/// Matches, includes, and what is included.
type Case = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const CASES: &[Case] = &[
    (&["Patient/1"], &[], &[]),
    (
        &["Patient/1"],
        &["_include=Patient:organization"],
        &["Organization/1"],
    ),
    // What is missing is absent, without a word.
    (
        &["Observation/1"],
        &["_include=Observation:performer"],
        &["Organization/1"],
    ),
    (
        &["Observation/1", "Observation/3"],
        &["_include=Observation:subject"],
        &["Patient/1", "Group/1"],
    ),
    (
        &["Observation/1", "Observation/3"],
        &["_include=Observation:subject:Group"],
        &["Group/1"],
    ),
    (&["Observation/1"], &["_include=Patient:organization"], &[]),
    // Canonicals lead to the version that they name, or to every one.
    (
        &["QuestionnaireResponse/1"],
        &["_include=QuestionnaireResponse:questionnaire:Questionnaire"],
        &["Questionnaire/1"],
    ),
    (
        &["QuestionnaireResponse/2"],
        &["_include=QuestionnaireResponse:questionnaire:Questionnaire"],
        &["Questionnaire/2", "Questionnaire/1"],
    ),
    (
        &["QuestionnaireResponse/2"],
        &["_include=QuestionnaireResponse:questionnaire:Library"],
        &[],
    ),
    (
        &["Questionnaire/1"],
        &["_revinclude=QuestionnaireResponse:questionnaire:Questionnaire"],
        &["QuestionnaireResponse/2", "QuestionnaireResponse/1"],
    ),
    (
        &["Patient/1"],
        &[
            "_include=Patient:organization",
            "_include=Organization:partof",
        ],
        &["Organization/1"],
    ),
    (
        &["Patient/1"],
        &[
            "_include=Patient:organization",
            "_include:iterate=Organization:partof",
        ],
        &["Organization/1", "Organization/2", "Organization/3"],
    ),
    (
        &["Patient/1"],
        &["_revinclude=Observation:subject"],
        &["Observation/2", "Observation/1"],
    ),
    (
        &["Patient/1"],
        &["_revinclude=Observation:subject:Group"],
        &[],
    ),
    // Nothing of the page is doubled.
    (
        &["Patient/1", "Observation/1"],
        &[
            "_revinclude=Observation:subject",
            "_include=Observation:subject",
        ],
        &["Observation/2"],
    ),
    (
        &["Organization/2"],
        &[
            "_revinclude:iterate=Organization:partof",
            "_revinclude:iterate=Patient:organization",
        ],
        &["Organization/1", "Organization/3", "Patient/1"],
    ),
];

#[tokio::test]
async fn both_directions_and_rounds() {
    let Some(world) = world().await else {
        return;
    };
    for (matches, includes, expected) in CASES {
        let mut found = included(&world, &world.cx, matches, includes)
            .await
            .unwrap();
        if includes.iter().any(|include| include.contains(":iterate")) {
            found.sort();
        }
        assert_eq!(&found, expected, "{matches:?} {includes:?}");
    }
    world.close().await;
}

#[tokio::test]
async fn too_much_is_refused_and_never_cut() {
    let Some(world) = world().await else {
        return;
    };
    let cases: &[(usize, usize, &str, &str, Option<&str>)] = &[
        (2, 8, "Patient/1", "_revinclude=Observation:subject", None),
        (
            1,
            8,
            "Patient/1",
            "_revinclude=Observation:subject",
            Some("VESTA_SEARCH_INCLUDED_MAX"),
        ),
        (
            0,
            8,
            "Patient/1",
            "_include=Patient:organization",
            Some("VESTA_SEARCH_INCLUDED_MAX"),
        ),
        (
            9,
            1,
            "Organization/1",
            "_include:iterate=Organization:partof",
            None,
        ),
        (
            9,
            0,
            "Organization/1",
            "_include:iterate=Organization:partof",
            Some("VESTA_SEARCH_INCLUDE_DEPTH_MAX"),
        ),
    ];
    for (most, depth, key, include, setting) in cases {
        let mut cx = world.cx.clone();
        let mut limits = (*cx.limits).clone();
        limits.search.included = *most;
        limits.search.include_depth = *depth;
        cx.limits = limits.into();
        let result = included(&world, &cx, &[key], &[include]).await;
        match (result, setting) {
            (Ok(found), None) => assert_eq!(found.len(), 2, "{include}"),
            (Err(error), Some(setting)) => {
                assert_eq!(error.kind(), ErrorKind::TooCostly);
                assert!(error.to_string().contains(setting), "{error}");
            }
            (result, _) => panic!("{include}: {result:?}"),
        }
    }
    world.close().await;
}
