//! Queries against resources: the examples of R4's search page, and a public suite.

use std::path::PathBuf;

use super::world::World;
use crate::definitions::fixtures::definitions;
use crate::json::{Document, Value};
use crate::search::error::SearchErrorKind;

#[test]
fn strings_match_as_the_specification_shows() {
    let patient = |id: &str, given: &str| {
        format!(r#"{{"resourceType":"Patient","id":"{id}","name":[{{"given":["{given}"]}}]}}"#)
    };
    let texts = [
        patient("a", "Eve"),
        patient("b", "Evelyn"),
        patient("c", "Severine"),
        patient("d", "EVE"),
        patient("e", "Zoë"),
    ];
    let Some(world) = World::of(&texts.each_ref().map(|text| &**text)) else {
        return;
    };
    world.check("Patient?given=eve", "a b d");
    world.check("Patient?given:contains=eve", "a b c d");
    world.check("Patient?given:exact=Eve", "a");
    world.check("Patient?given=ZOE", "e");
    world.check("Patient?given=eve&given=evelyn", "b");
    world.check("Patient?name=sev,zo%C3%A9", "c e");
    world.check("Patient?family:missing=true", "a b c d e");
    world.check("Patient?given:missing=true", "");
    world.check("Patient?_id=b,c,x&given:contains=ev", "b c");
    world.check("Patient?_id:not=b", "a c d e");
    world.check("Patient?_lastUpdated=gt2013-05", "a b c d e");
    world.check("Patient?_lastUpdated=lt2013-06", "");
    world.check("Patient?deceased=false", "a b c d e");
    world.check("Person?name=eve", "");
}

#[test]
fn tokens_match_as_the_specification_shows() {
    let Some(world) = World::of(&[
        r#"{"resourceType":"Patient","id":"a","gender":"male","active":true,"identifier":[
            {"system":"http://acme.org/patient","value":"2345",
             "type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]}}],
            "telecom":[{"system":"phone","value":"555"},{"system":"email","value":"a@b"}]}"#,
        r#"{"resourceType":"Patient","id":"b","gender":"female","identifier":[{"value":"2345"}]}"#,
        r#"{"resourceType":"Patient","id":"c","meta":{"tag":[{"system":"s","code":"x"}],
            "profile":["http://p|1.0"],"security":[{"code":"R"}],"source":"urn:q"}}"#,
    ]) else {
        return;
    };
    world.check("Patient?gender=male", "a");
    world.check("Patient?gender=male,female", "a b");
    world.check("Patient?gender:not=male", "b c");
    world.check("Patient?gender:not=male,female", "c");
    let system = "http://hl7.org/fhir/administrative-gender";
    world.check(&format!("Patient?gender={system}|male"), "a");
    world.check(&format!("Patient?gender={system}|"), "a b");
    world.check("Patient?gender=http://other|male", "");
    world.check("Patient?gender=MALE", "");
    world.check("Patient?identifier=http://acme.org/patient|2345", "a");
    world.check("Patient?identifier=2345", "a b");
    world.check("Patient?identifier=|2345", "b");
    world.check("Patient?identifier=http://acme.org/patient|", "a");
    let of_type = "Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203";
    world.check(&format!("{of_type}|MR|2345"), "a");
    world.check(&format!("{of_type}|MR|2346"), "");
    world.check("Patient?active=true", "a");
    world.check("Patient?active:missing=true", "b c");
    world.check("Patient?active:missing=false", "a");
    world.check("Patient?phone=555", "a");
    world.check("Patient?email=555", "");
    world.check("Patient?telecom=|a@b", "a");
    world.check("Patient?_tag=s|x", "c");
    world.check("Patient?_tag=x&_security=|R", "c");
    world.check("Patient?_profile=http://p", "c");
    world.check("Patient?_profile=http://p|1.0", "c");
    world.check("Patient?_profile=http://p|2.0", "");
    world.check("Patient?_source=urn:q", "c");
}

#[test]
fn references_match_as_the_specification_shows() {
    let of = |id: &str, subject: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"x"}},
            "subject":{subject},"contained":[{{"resourceType":"Patient","id":"p"}}]}}"#
        )
    };
    let texts = [
        of("a", r#"{"reference":"Patient/23"}"#),
        of(
            "b",
            r#"{"reference":"http://here/fhir/Patient/23/_history/2"}"#,
        ),
        of("c", r#"{"reference":"http://there/fhir/Patient/23"}"#),
        of("d", r#"{"reference":"Group/23"}"#),
        of("e", r##"{"reference":"#p"}"##),
        of(
            "f",
            r#"{"type":"Patient","identifier":{"system":"s","value":"1"}}"#,
        ),
        of("g", r#"{"reference":"urn:uuid:1"}"#),
        r#"{"resourceType":"QuestionnaireResponse","id":"q","status":"completed",
            "questionnaire":"http://here/fhir/Questionnaire/1|2"}"#
            .to_owned(),
        library("l", "short|2"),
        library("m", "Library/short"),
        library("n", "http://there/Library/short"),
    ];
    let Some(world) = World::of(&texts.each_ref().map(|text| &**text)) else {
        return;
    };
    world.check("Observation?subject=Patient/23", "a b");
    world.check("Observation?subject=23", "a b d");
    world.check("Observation?subject:Patient=23", "a b");
    world.check("Observation?subject:Group=23", "d");
    world.check("Observation?patient=23", "a b");
    world.check("Observation?subject=http://here/fhir/Patient/23", "a b");
    world.check("Observation?subject=Patient/23/_history/2", "b");
    world.check("Observation?subject=http://there/fhir/Patient/23", "c");
    world.check("Observation?patient=http://there/fhir/Patient/23", "c");
    world.check("Observation?subject=urn:uuid:1", "g");
    world.check("Observation?subject:identifier=s|1", "f");
    world.check("Observation?subject:identifier=1", "f");
    world.check("Observation?subject:missing=false", "a b c d e f g");
    // A contained patient and one named by identifier are patients too.
    world.check("Observation?patient:missing=false", "a b c e f");
    world.check("QuestionnaireResponse?questionnaire=Questionnaire/1", "q");
    world.check(
        "QuestionnaireResponse?questionnaire=http://here/fhir/Questionnaire/1|2",
        "q",
    );
    world.check("QuestionnaireResponse?questionnaire=Questionnaire/1|3", "");
    // A canonical may be a text of the form of an id: it is found by it, as is one that names the resource of that id.
    world.check("Library?predecessor=short", "l m");
    world.check("Library?predecessor=short|2", "l");
    world.check("Library?predecessor=short|3", "");
    world.check("Library?predecessor:Library=short", "m");
    world.check("Library?predecessor=Library/short", "m");
    world.check("Library?successor=short", "");
}

#[test]
fn chains_follow_canonicals_with_their_versions() {
    let questionnaire = |id: &str, version: &str, title: &str| {
        format!(
            r#"{{"resourceType":"Questionnaire","id":"{id}","url":"http://q","version":"{version}","title":"{title}",
            "status":"active"}}"#
        )
    };
    let response = |id: &str, canonical: &str| {
        format!(
            r#"{{"resourceType":"QuestionnaireResponse","id":"{id}","status":"completed","questionnaire":"{canonical}"}}"#
        )
    };
    let texts = [
        questionnaire("1", "1", "old"),
        questionnaire("2", "2", "new"),
        r#"{"resourceType":"Library","id":"l","url":"http://q","status":"draft","type":{"text":"x"},"title":"old"}"#.to_owned(),
        response("a", "http://q"),
        response("b", "http://q|1"),
        response("c", "http://q|2#part"),
        response("d", "http://q|3"),
        response("e", "http://other"),
        response("f", "#inside"),
        library("m", "http://q"),
    ];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let Some(world) = World::of(&texts) else {
        return;
    };
    world.check("QuestionnaireResponse?questionnaire.title=old", "a b");
    world.check("QuestionnaireResponse?questionnaire.title=new", "a c");
    world.check(
        "QuestionnaireResponse?questionnaire:Questionnaire.version=2",
        "a c",
    );
    world.check("QuestionnaireResponse?questionnaire.title:missing=true", "");
    world.check("Library?predecessor.title=old", "m");
    world.check("Library?predecessor:Library.title=old", "m");
    world.check("Library?predecessor.title=new", "m");
    world.check("Library?predecessor:Library.title=new", "");
    world.check(
        "Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed",
        "1 2",
    );
    world.check(
        "Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=b",
        "1",
    );
    world.check(
        "Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=d",
        "",
    );
    world.check("Library?_has:Library:predecessor:_id=m", "l");
}

fn library(id: &str, predecessor: &str) -> String {
    format!(
        r#"{{"resourceType":"Library","id":"{id}","status":"draft","type":{{"text":"x"}},
            "relatedArtifact":[{{"type":"predecessor","resource":"{predecessor}"}}]}}"#
    )
}

#[test]
fn dates_match_as_the_specification_shows() {
    let at = |id: &str, value: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"x"}},{value}}}"#
        )
    };
    let texts = [
        at("midnight", r#""effectiveDateTime":"2013-01-14T00:00:00Z""#),
        at("morning", r#""effectiveDateTime":"2013-01-14T10:00:00Z""#),
        at("next", r#""effectiveDateTime":"2013-01-15T00:00:00Z""#),
        at("day", r#""effectiveDateTime":"2013-01-14""#),
        at("from-jan", r#""effectivePeriod":{"start":"2013-01-21"}"#),
        at("from-mar", r#""effectivePeriod":{"start":"2013-03-15"}"#),
        at("to-jan", r#""effectivePeriod":{"end":"2013-01-21"}"#),
        at(
            "timing",
            r#""effectiveTiming":{"event":["2013-05-03","2013-05-01"],"repeat":{"boundsPeriod":
               {"start":"2013-05-02","end":"2013-05-09"}}}"#,
        ),
        at("none", r#""effectiveTiming":{"code":{"text":"daily"}}"#),
    ];
    let Some(world) = World::of(&texts.each_ref().map(|text| &**text)) else {
        return;
    };
    let check = |text: &str, expected: &str| {
        world.check(&format!("Observation?date={text}"), expected);
    };
    check("eq2013-01-14", "midnight morning day");
    check("2013-01-14T10:00", "morning");
    check("ne2013-01-14", "next from-jan from-mar to-jan timing");
    check("lt2013-01-14T10:00", "midnight day to-jan");
    check(
        "gt2013-01-14T10:00",
        "next day from-jan from-mar to-jan timing",
    );
    check("ge2013-03-14", "from-jan from-mar timing");
    check("le2013-03-14", "midnight morning next day from-jan to-jan");
    check("sa2013-03-14", "from-mar timing");
    check("eb2013-03-14", "midnight morning next day to-jan");
    // 140 days before now: fourteen days on both sides.
    check("ap2013-01-12", "midnight morning next day from-jan to-jan");
    check("2013-05", "timing");
    check("ge2013-05-01&date=le2013-05-09", "from-jan from-mar timing");
    world.check("Observation?date=2013-01-15,2013-05", "next timing");
    world.check("Observation?date:missing=true", "");
}

/// Counts of the suite that the specification contradicts.
const CONTESTED: [(&str, &str); 2] = [
    (
        "identifier=|12345",
        "the identifier has a system, and nothing before '|' asks for one that has none",
    ),
    (
        "active:missing=true",
        "every patient of the suite has the element",
    ),
];

#[derive(Debug)]
struct Suite {
    cases: Vec<(String, String, usize)>,
    resources: Vec<String>,
}

/// The suite where the environment, or the folder beside the workspace, has it.
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read suites"
)]
fn suite() -> Option<Suite> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/testdata");
    let folder = std::env::var_os("VESTA_TESTDATA").map_or_else(|| beside.into(), PathBuf::from);
    let folder = folder.join("search");
    let Ok(cases) = std::fs::read_to_string(folder.join("cases.json")) else {
        eprintln!("skipped: {} is absent", folder.display());
        return None;
    };
    let cases = Document::parse(cases).unwrap();
    let text = |case: Value<'_>, name| case.get(name).and_then(Value::string).unwrap().into_owned();
    let cases = cases.root().items().map(|case| {
        let count = case.get("matchCount").and_then(Value::number).unwrap();
        (
            text(case, "type"),
            text(case, "query"),
            count.parse().unwrap(),
        )
    });
    let files = std::fs::read_dir(folder.join("resources")).unwrap();
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(file.unwrap().path()).unwrap()
    };
    Some(Suite {
        cases: cases.collect(),
        resources: files.map(read).collect(),
    })
}

#[test]
fn a_public_suite_counts_the_same_matches() {
    let (Some(suite), Some(_)) = (suite(), definitions()) else {
        return;
    };
    let texts: Vec<&str> = suite.resources.iter().map(|text| &**text).collect();
    let world = World::of(&texts).unwrap();
    let (mut answered, mut refused) = (0, Vec::new());
    for (name, query, count) in &suite.cases {
        if CONTESTED.iter().any(|(contested, _)| contested == query) {
            continue;
        }
        match world.search(name, query) {
            Ok(found) => {
                assert_eq!(found.len(), *count, "{name}?{query}: {found:?}");
                answered += 1;
            }
            Err(SearchErrorKind::NotSupported | SearchErrorKind::Unknown) => refused.push(query),
            Err(other) => panic!("{name}?{query}: {other:?}"),
        }
    }
    println!(
        "{answered} answered, {} refused: {refused:#?}",
        refused.len()
    );
    assert!(answered >= 20);
}
