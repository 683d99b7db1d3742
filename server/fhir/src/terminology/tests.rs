//! Evaluations on what comes with a request alone, and on nothing.

mod checked;
mod value_sets;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::canonical::{Canonical, compare_versions, version_matches};
use super::code_system::CodeSystem;
use super::fault::{FaultKind, Stop};
use super::knowledge::{Knowledge, Need, Selection};
use super::language::Languages;
use super::lookup::{Looked, above, below};
use super::membership::{MemberQuestion, Membership, Memberships, members};
use super::searched::searched;
use super::settings::Settings;
use super::value_set::ValueSet;
use crate::json::Document;
use crate::resource::Resource;
use crate::search::coded::{CodesAsked, CodesRefusal};

#[test]
fn versions_are_compared_by_their_parts() {
    let check = |one: &str, other: &str, expected: Ordering| {
        assert_eq!(compare_versions(one, other), expected, "{one} {other}");
        assert_eq!(compare_versions(other, one), expected.reverse());
    };
    check("1.2.0", "1.10.0", Ordering::Less);
    check("1.0", "1.0.0", Ordering::Less);
    check("", "1", Ordering::Less);
    check("2.0", "2.0", Ordering::Equal);
    check("2018-08-12", "4.0.0", Ordering::Less);
    check("2018-08-12", "2019-01-01", Ordering::Less);
    check("20180812", "20190101", Ordering::Less);
    check("1.0.0-ballot", "1.0.0-draft", Ordering::Less);
}

#[test]
fn versions_may_have_places_for_any() {
    let check = |wanted: &str, version: &str, expected: bool| {
        assert_eq!(
            version_matches(wanted, version),
            expected,
            "{wanted} {version}"
        );
    };
    check("1.0.0", "1.0.0", true);
    check("1.0.x", "1.0.7", true);
    check("1.x.x", "1.2.0", true);
    check("1.x", "1.2.0", false);
    check("*", "anything", true);
    check("1", "1.0.0", false);
    let edition = "http://snomed.info/sct/900000000000207008";
    check(edition, &format!("{edition}/version/20240101"), true);
    check(
        edition,
        "http://snomed.info/sct/11000172109/version/20240101",
        false,
    );
}

#[test]
fn canonicals_have_versions_behind_a_bar() {
    assert_eq!(Canonical::parse("http://a|1").to_string(), "http://a|1");
    assert_eq!(Canonical::parse("http://a|").to_string(), "http://a");
    assert_eq!(Canonical::parse("http://a").version, None);
}

#[test]
fn languages_are_tags_with_weights() {
    let check = |text: &str, expected: Option<&str>| {
        let parsed = Languages::parse(text).map(|languages| languages.summary());
        assert_eq!(parsed.as_deref(), expected, "{text}");
    };
    check("de", Some("de"));
    check("en;q=0.5, de-CH", Some("de-CH,en"));
    check("de,*;q=0", Some("de"));
    check("", Some("--"));
    check("-", None);
    check("de;q=high", None);
    let languages = Languages::parse("de").unwrap();
    assert!(languages.accept(Some("de-CH")) && languages.accept(None));
    assert!(!languages.accept(Some("den")) && !languages.accept(Some("en")));
    let region = Languages::parse("de-CH").unwrap();
    assert!(region.accept(Some("de")) && !region.accept(Some("de-AT")));
}

const COLOURS: &str = r#"{"resourceType":"CodeSystem","url":"http://here/colours","version":"1","status":"active","content":"complete",
    "concept":[{"code":"red","concept":[{"code":"scarlet"}]},{"code":"blue","property":[{"code":"child","valueCode":"navy"}]},{"code":"navy"}]}"#;

/// Knows the colours and a value set of all at or below red; nothing is stored.
fn knowledge() -> Knowledge {
    let mut knowledge = Knowledge::default();
    let colours = Document::parse(COLOURS).unwrap();
    let key = knowledge.next_given_key();
    knowledge.give_code_system(CodeSystem::read_whole(key, colours.root()).unwrap());
    let reds = r#"{"resourceType":"ValueSet","url":"http://here/reds","status":"active","compose":{"include":[
        {"system":"http://here/colours","filter":[{"property":"concept","op":"is-a","value":"red"}]}]}}"#;
    knowledge.give_value_set(ValueSet::read(Resource::parse(reds).unwrap()));
    for url in ["http://here/colours", "http://here/tones"] {
        knowledge.learn_code_systems(url.into(), Vec::new());
    }
    knowledge
}

fn question(value_set: &str, system: Option<&str>, code: &str) -> MemberQuestion {
    MemberQuestion {
        value_set: value_set.into(),
        system: system.map(Into::into),
        version: None,
        code: code.into(),
    }
}

#[test]
fn members_are_told_from_others_and_from_what_nobody_knows() {
    let check = |value_set: &str, system: Option<&str>, code: &str, expected: Membership| {
        let mut knowledge = knowledge();
        for url in ["http://here/none", "http://here/reds"] {
            knowledge.learn_value_sets(url.into(), Vec::new());
            knowledge.learn_code_systems(url.into(), Vec::new());
        }
        let asked = BTreeSet::from([question(value_set, system, code)]);
        let answers = members(&knowledge, &Settings::default(), &asked).unwrap();
        assert_eq!(answers[0].1, expected, "{value_set} {system:?} {code}");
    };
    let colours = Some("http://here/colours");
    check("http://here/reds", colours, "scarlet", Membership::Member);
    check("http://here/reds", colours, "blue", Membership::NotMember);
    check("http://here/reds", colours, "mauve", Membership::NotMember);
    check("http://here/reds", None, "scarlet", Membership::Member);
    check("http://here/reds", None, "blue", Membership::NotMember);
    check(
        "http://here/reds",
        Some("http://here/none"),
        "red",
        Membership::Unknown,
    );
    check("http://here/none", colours, "red", Membership::Unknown);
    check("http://here/reds|2", colours, "red", Membership::Unknown);
}

#[test]
fn questions_are_noted_until_they_are_answered() {
    let mut memberships = Memberships::default();
    let asked = question("http://here/reds", None, "red");
    assert_eq!(memberships.member(&asked), Membership::Noted);
    assert_eq!(memberships.member(&asked), Membership::Noted);
    let noted = memberships.take_asked();
    assert_eq!(noted.len(), 1);
    memberships.learn(noted.into_iter().map(|one| (one, Membership::Member)));
    assert_eq!(memberships.member(&asked), Membership::Member);
    assert!(memberships.take_asked().is_empty());
}

#[test]
fn what_is_lacking_is_noted_all_at_once() {
    let mut knowledge = Knowledge::default();
    let asked = BTreeSet::from([
        question("http://here/a", None, "red"),
        question("http://here/b", None, "red"),
    ]);
    let stopped = members(&knowledge, &Settings::default(), &asked);
    assert_eq!(stopped, Err(Stop::Missing));
    let needs = knowledge.take_missing();
    let urls = ["http://here/a", "http://here/b"];
    assert_eq!(needs, urls.map(|url| Need::ValueSets(url.into())).into());
    assert!(!knowledge.lacks());
}

#[test]
fn codes_above_and_below_are_found() {
    let looked = |code: &str| Looked {
        system: Canonical::parse("http://here/colours"),
        code: code.into(),
    };
    let settings = Settings::default();
    let check = |code: &str, expected_below: &[&str], expected_above: &[&str]| {
        let found = below(&knowledge(), &settings, &looked(code)).unwrap();
        assert_eq!(
            found,
            expected_below
                .iter()
                .map(|one| (*one).into())
                .collect::<Vec<_>>()
        );
        let found = above(&knowledge(), &settings, &looked(code)).unwrap();
        assert_eq!(
            found,
            expected_above
                .iter()
                .map(|one| (*one).into())
                .collect::<Vec<_>>()
        );
    };
    check("red", &["red", "scarlet"], &["red"]);
    check("scarlet", &["scarlet"], &["red", "scarlet"]);
    check("blue", &["blue", "navy"], &["blue"]);
    let few = Settings {
        codes_max: 1,
        ..Settings::default()
    };
    let refused = |stop: Stop, kind: FaultKind| match stop {
        Stop::Fault(fault) => assert_eq!(fault.kind, kind),
        Stop::Missing => panic!("nothing is missing"),
    };
    refused(
        below(&knowledge(), &few, &looked("red")).unwrap_err(),
        FaultKind::TooCostly,
    );
    refused(
        below(&knowledge(), &settings, &looked("mauve")).unwrap_err(),
        FaultKind::NotFound,
    );
    refused(
        above(&knowledge(), &settings, &looked("mauve")).unwrap_err(),
        FaultKind::NotFound,
    );
}

#[test]
fn what_searches_ask_is_answered_or_refused_by_name() {
    let mut knowledge = knowledge();
    for url in ["http://here/none", "http://here/reds"] {
        knowledge.learn_value_sets(url.into(), Vec::new());
        knowledge.learn_code_systems(url.into(), Vec::new());
    }
    let blues = r#"{"resourceType":"ValueSet","status":"active","compose":{"include":[
        {"system":"http://here/colours","concept":[{"code":"navy"}]}]}}"#;
    let blues = Arc::new(ValueSet::read(Resource::parse(blues).unwrap()));
    let here = HashMap::from([("ValueSet/blues".into(), blues)]);
    let settings = Settings {
        codes_max: 2,
        ..Settings::default()
    };
    let check = |asked: CodesAsked, expected: Result<&[&str], &str>| {
        let asked = BTreeSet::from([asked]);
        let found = searched(&knowledge, &settings, &asked, &here)
            .unwrap()
            .remove(0)
            .1;
        match (found, expected) {
            (Ok(found), Ok(expected)) => {
                assert!(
                    found
                        .iter()
                        .all(|one| &*one.system == "http://here/colours")
                );
                let codes: Vec<&str> = found.iter().map(|one| &*one.code).collect();
                assert_eq!(codes, expected);
            }
            (Err(CodesRefusal::Undefined(text) | CodesRefusal::TooMany(text)), Err(expected)) => {
                assert!(text.contains(expected), "{text}");
            }
            (found, _) => panic!("{found:?}"),
        }
    };
    let below = |system: &str, code: &str| CodesAsked::Below {
        system: system.into(),
        code: code.into(),
    };
    let above = |code: &str| CodesAsked::Above {
        system: "http://here/colours".into(),
        code: code.into(),
    };
    check(
        CodesAsked::In("http://here/reds".into()),
        Ok(&["red", "scarlet"]),
    );
    check(CodesAsked::In("ValueSet/blues".into()), Ok(&["navy"]));
    check(
        CodesAsked::In("http://here/none".into()),
        Err("'http://here/none'"),
    );
    check(
        CodesAsked::In("http://here/reds|2".into()),
        Err("'http://here/reds|2'"),
    );
    check(below("http://here/colours", "blue"), Ok(&["blue", "navy"]));
    check(below("http://here/none", "blue"), Err("http://here/none"));
    check(below("http://here/colours", "mauve"), Err("mauve"));
    check(above("scarlet"), Ok(&["red", "scarlet"]));
    check(above("mauve"), Err("mauve"));
}

#[test]
fn selections_choose_what_they_say() {
    let knowledge = knowledge();
    let colours = knowledge
        .code_system("http://here/colours", None)
        .unwrap()
        .unwrap();
    let check = |selection: Selection, expected: &[&str]| {
        let found = knowledge.concepts(&colours, selection).unwrap();
        let codes: Vec<&str> = found.list.iter().map(|one| &*one.code).collect();
        assert_eq!(codes, expected);
    };
    check(Selection::All(vec!["r".into(), "let".into()]), &["scarlet"]);
    check(Selection::Codes(vec!["RED".into()]), &["red"]);
    let below = |words: &[&str]| Selection::Below {
        code: "red".into(),
        with_itself: false,
        words: words.iter().map(|word| (*word).into()).collect(),
    };
    check(below(&[]), &["scarlet"]);
    check(below(&["let"]), &["scarlet"]);
    check(below(&["navy"]), &[]);
    check(Selection::RightBelow("blue".into()), &["navy"]);
    check(
        Selection::Having("child".into(), vec!["navy".into()]),
        &["blue"],
    );
}
