//! Searches that ask what codes mean, by answers that are given.

use std::collections::BTreeSet;

use super::world::World;
use crate::search::coded::{CodesAnswer, CodesAsked, CodesRefusal, FoundCode, KnownAnswers};
use crate::search::error::SearchErrorKind;

const SCT: &str = "http://snomed.info/sct";

fn condition(id: &str, codings: &str) -> String {
    format!(
        r#"{{"resourceType":"Condition","id":"{id}","subject":{{"reference":"Patient/p{id}"}},"code":{{"coding":[{codings}]}}}}"#
    )
}

fn pairs(list: &[(&str, &str)]) -> CodesAnswer {
    Ok(list
        .iter()
        .map(|(system, code)| FoundCode {
            system: (*system).into(),
            code: (*code).into(),
            is_uncased: false,
        })
        .collect())
}

fn known() -> KnownAnswers {
    let related = || ("http://snomed.info/sct".into(), "1".into());
    let (system, code) = related();
    let below = CodesAsked::Below { system, code };
    let (system, code) = related();
    let above = CodesAsked::Above { system, code };
    let mut known = KnownAnswers::default();
    known.learn([
        (
            CodesAsked::In("http://v|1".into()),
            pairs(&[(SCT, "1"), ("http://x", "2")]),
        ),
        (CodesAsked::In("ValueSet/empty".into()), pairs(&[])),
        (
            CodesAsked::In("http://tongues".into()),
            pairs(&[("urn:ietf:bcp:47", "de")]),
        ),
        (
            CodesAsked::In("http://sexes".into()),
            pairs(&[
                ("http://hl7.org/fhir/administrative-gender", "male"),
                ("http://x", "female"),
            ]),
        ),
        (
            CodesAsked::In("http://none".into()),
            Err(CodesRefusal::Undefined("no value set 'http://none'".into())),
        ),
        (
            CodesAsked::In("http://all".into()),
            Err(CodesRefusal::TooMany("more".into())),
        ),
        (below, pairs(&[(SCT, "1"), (SCT, "11")])),
        (above, pairs(&[(SCT, "1"), (SCT, "0")])),
    ]);
    known
}

fn world() -> Option<World> {
    let one = |code: &str| format!(r#"{{"system":"{SCT}","code":"{code}"}}"#);
    let texts = [
        condition("a", &one("1")),
        condition("b", &format!("{},{}", one("9"), one("11"))),
        condition("c", &one("0")),
        condition("d", r#"{"system":"http://x","code":"1"},{"code":"1"}"#),
        r#"{"resourceType":"Condition","id":"e","subject":{"reference":"Patient/pa"},"code":{"text":"1"}}"#.to_owned(),
        r#"{"resourceType":"Patient","id":"pa","gender":"male"}"#.to_owned(),
        r#"{"resourceType":"Patient","id":"pb","gender":"female"}"#.to_owned(),
        r#"{"resourceType":"Patient","id":"pd","communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"de"}]}}]}"#.to_owned(),
        r#"{"resourceType":"ConceptMap","id":"m","status":"draft"}"#.to_owned(),
        r#"{"resourceType":"Binary","id":"n","contentType":"text/plain"}"#.to_owned(),
    ];
    let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
    let mut world = World::of(&texts)?;
    world.codes = Some(known());
    Some(world)
}

#[test]
fn codes_are_searched_for_by_what_they_mean() {
    let Some(world) = world() else {
        return;
    };
    let check = |query: &str, expected: &str| world.check(query, expected);
    check("Condition?code:in=http://v|1", "a");
    check("Condition?code:not-in=http://v|1", "b c d e");
    check("Condition?code:in=ValueSet/empty", "");
    check("Condition?code:not-in=ValueSet/empty", "a b c d e");
    check("Condition?code:in=ValueSet/empty,http://v|1", "a");
    check("Condition?code:below=http://snomed.info/sct|1", "a b");
    check("Condition?code:above=http://snomed.info/sct|1", "a c");
    check("Condition?_filter=code%20in%20%22http://v%7C1%22", "a");
    check("Condition?_filter=code%20ni%20http://v%7C1", "b c d e");
    check("Condition?_filter=code%20ss%20snomed%7C1", "a b");
    check("Condition?_filter=code%20sb%20snomed%7C1", "a c");
    check("Condition?_filter=not%20(code%20ss%20snomed%7C1)", "c d e");
    check("Patient?gender:in=http://sexes", "pa");
    check("Patient?language:in=http://tongues", "pd");
    check("Condition?subject:Patient.gender:in=http://sexes", "a e");
    check(
        "Patient?_has:Condition:subject:code:below=http://snomed.info/sct|1",
        "pa pb",
    );
    check(
        "Patient?_has:Condition:subject:code:not-in=http://v|1",
        "pa pb pd",
    );
}

#[test]
fn what_cannot_be_told_is_refused() {
    let Some(mut world) = world() else {
        return;
    };
    let refuse = |world: &World, query: &str, kind: SearchErrorKind| {
        assert_eq!(world.search("Condition", query), Err(kind), "{query}");
    };
    for (query, kind) in [
        ("code:in=http://none", SearchErrorKind::Undefined),
        ("code:not-in=http://none", SearchErrorKind::Undefined),
        (
            "_filter=code%20in%20http://none",
            SearchErrorKind::Undefined,
        ),
        ("code:in=http://all", SearchErrorKind::TooCostly),
        ("code:in=", SearchErrorKind::Malformed),
        ("code:below=1", SearchErrorKind::Malformed),
        ("code:below=|1", SearchErrorKind::Malformed),
        (
            "code:above=http://snomed.info/sct|",
            SearchErrorKind::Malformed,
        ),
        ("_id:in=http://v|1", SearchErrorKind::Malformed),
        ("onset-date:in=http://v|1", SearchErrorKind::Unknown),
    ] {
        refuse(&world, query, kind);
    }
    world.codes = None;
    refuse(&world, "code:in=http://v|1", SearchErrorKind::NotSupported);
}

#[test]
fn what_is_not_known_is_noted_once() {
    let Some(mut world) = world() else {
        return;
    };
    let query = "code:in=http://new,http://v|1&code:below=http://x|2&subject.gender:in=http://new";
    assert!(world.search("Condition", query).is_ok());
    let asked = world.codes.as_mut().unwrap().take_asked();
    let below = CodesAsked::Below {
        system: "http://x".into(),
        code: "2".into(),
    };
    assert_eq!(
        asked,
        BTreeSet::from([CodesAsked::In("http://new".into()), below])
    );
    assert!(world.codes.as_mut().unwrap().take_asked().is_empty());
}
