//! Value sets of codes that grammars make, and value sets that include many others.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::json::Value;
use crate::resource::Resource;
use crate::terminology::concept::Coding;
use crate::terminology::expand::{Expansion, expand};
use crate::terminology::fault::{Fault, FaultKind, Stop};
use crate::terminology::knowledge::Knowledge;
use crate::terminology::membership::{MemberQuestion, Membership, members};
use crate::terminology::settings::Settings;
use crate::terminology::validate::{Against, Form, Question, validate};
use crate::terminology::value_set::ValueSet;

/// A value set of that URL with this in its `include`.
fn value_set(url: &str, include: &str) -> ValueSet {
    let text = format!(
        r#"{{"resourceType":"ValueSet","url":"{url}","status":"active","language":"en","compose":{{"include":[{include}]}}}}"#
    );
    ValueSet::read(Resource::parse(text).unwrap())
}

/// Nothing is stored; these systems are asked for.
fn knowledge(systems: &[&str]) -> Knowledge {
    let mut knowledge = Knowledge::default();
    for url in systems {
        knowledge.learn_code_systems((*url).into(), Vec::new());
    }
    knowledge
}

fn fault(stop: Stop) -> Fault {
    match stop {
        Stop::Fault(fault) => *fault,
        Stop::Missing => panic!("nothing is missing"),
    }
}

const GRAMMARS: [&str; 3] = [
    "http://unitsofmeasure.org",
    "urn:ietf:bcp:47",
    "urn:ietf:bcp:13",
];

#[test]
fn codes_of_grammars_are_expanded_where_they_are_listed() {
    let knowledge = knowledge(&GRAMMARS);
    let check = |include: &str, filter: &str, expected: Result<&str, &str>| {
        let asked = Expansion {
            filter: Some(filter.into()),
            ..Expansion::default()
        };
        let value_set = Arc::new(value_set("http://here/made", include));
        let found = expand(&knowledge, &Settings::default(), &value_set, &asked);
        match (found, expected) {
            (Ok(found), Ok(expected)) => {
                let found = Resource::parse(found).unwrap();
                let items = found.get("expansion").and_then(|one| one.get("contains"));
                let text = |one: Value<'_>, name: &str| {
                    one.get(name).unwrap().string().unwrap().into_owned()
                };
                let items = items.into_iter().flat_map(Value::items);
                let codes: Vec<String> = items
                    .map(|one| format!("{}={}", text(one, "code"), text(one, "display")))
                    .collect();
                assert_eq!(codes.join(" "), expected, "{include}");
            }
            (Err(stop), Err(expected)) => {
                let fault = fault(stop);
                assert_eq!(fault.kind, FaultKind::TooCostly);
                assert!(fault.issue.text.contains(expected), "{}", fault.issue.text);
            }
            (found, _) => panic!("{include}: {found:?}"),
        }
    };
    let languages = r#"{"system":"urn:ietf:bcp:47","concept":[{"code":"de-CH","display":"Swiss German"},{"code":"en"},{"code":"not a tag"}]}"#;
    check(languages, "", Ok("de-CH=Swiss German en=en"));
    check(languages, "swiss", Ok("de-CH=Swiss German"));
    let units = r#"{"system":"http://unitsofmeasure.org","concept":[{"code":"mm[Hg]"},{"code":"no unit"},{"code":"kg","display":"kilo"}]}"#;
    check(units, "", Ok("mm[Hg]=mm[Hg] kg=kilo"));
    let media = r#"{"system":"urn:ietf:bcp:13","filter":[{"property":"code","op":"=","value":"text/plain"}]}"#;
    check(media, "", Ok("text/plain=text/plain"));
    for system in GRAMMARS {
        let whole = format!(r#"{{"system":"{system}"}}"#);
        check(&whole, "", Err("cannot be enumerated"));
    }
}

#[test]
fn codes_of_grammars_are_members_where_the_grammar_makes_them() {
    let mut knowledge = knowledge(&GRAMMARS);
    knowledge.give_value_set(value_set(
        "http://here/tags",
        r#"{"system":"urn:ietf:bcp:47"}"#,
    ));
    let check = |system: Option<&str>, code: &str, expected: Membership| {
        let question = MemberQuestion {
            value_set: "http://here/tags".into(),
            system: system.map(Into::into),
            version: None,
            code: code.into(),
        };
        let asked = BTreeSet::from([question]);
        let found = members(&knowledge, &Settings::default(), &asked).unwrap();
        assert_eq!(found[0].1, expected, "{system:?} {code}");
    };
    check(Some("urn:ietf:bcp:47"), "de-CH", Membership::Member);
    check(None, "de-CH", Membership::Member);
    check(None, "no tag", Membership::NotMember);
}

/// Value sets, each of which includes the next one as often; the last one lists a code.
fn chain(length: usize, times: usize) -> Knowledge {
    let mut knowledge = knowledge(&["urn:ietf:bcp:47"]);
    for n in 0..length {
        let next = format!(r#"{{"valueSet":["http://here/{}"]}}"#, n + 1);
        let include = vec![next; times].join(",");
        knowledge.give_value_set(value_set(&format!("http://here/{n}"), &include));
    }
    let last = r#"{"system":"urn:ietf:bcp:47","concept":[{"code":"de"}]}"#;
    knowledge.give_value_set(value_set(&format!("http://here/{length}"), last));
    knowledge
}

/// Without remembering, this would not end before the stars go out.
#[test]
fn value_sets_that_are_included_again_and_again_are_worked_out_once() {
    let knowledge = chain(30, 3);
    let settings = Settings::default();
    let first = knowledge.value_set(&crate::terminology::canonical::Canonical::parse(
        "http://here/0",
    ));
    let first = first.unwrap().unwrap();
    let expanded = expand(&knowledge, &settings, &first, &Expansion::default()).unwrap();
    assert!(expanded.contains(r#""total":1"#), "{expanded}");
    let check = |code: &str, display: Option<&str>, expected: bool| {
        let asked = Question {
            codings: vec![Coding {
                system: Some("urn:ietf:bcp:47".into()),
                code: Some(code.into()),
                display: display.map(Into::into),
                ..Coding::default()
            }],
            form: Form::Coding,
        };
        let against = Against::ValueSet(Arc::clone(&first));
        let answer = validate(&knowledge, &settings, &against, &asked).unwrap();
        assert_eq!(answer.belongs, Some(expected), "{code}");
    };
    check("de", None, true);
    check("de", Some("Klingon"), true);
    check("fr", None, false);
}

#[test]
fn a_long_way_is_no_circle() {
    let knowledge = chain(40, 1);
    let first = value_set("http://here/start", r#"{"valueSet":["http://here/0"]}"#);
    let settings = Settings::default();
    let found = expand(
        &knowledge,
        &settings,
        &Arc::new(first),
        &Expansion::default(),
    );
    let fault = fault(found.unwrap_err());
    assert_eq!(fault.kind, FaultKind::TooCostly);
    assert!(
        fault.issue.text.contains("more than 32 deep"),
        "{}",
        fault.issue.text
    );
}

/// A hierarchy by nesting, with one property declared.
const LINES: &str = r#"{"resourceType":"CodeSystem","url":"http://here/lines","status":"active","content":"complete",
    "property":[{"code":"length","type":"string"}],"concept":[
    {"code":"a","concept":[{"code":"b","property":[{"code":"length","valueString":"1"}]},{"code":"c","concept":[{"code":"d"}]}]}]}"#;

/// The codes that a filter leaves, or what is wrong with it.
fn filtered(system: &str, property: &str, op: &str, value: &str) -> String {
    let mut knowledge = knowledge(&["http://here/lines"]);
    let document = crate::json::Document::parse(system.to_owned()).unwrap();
    let key = knowledge.next_given_key();
    let lines = crate::terminology::code_system::CodeSystem::read_whole(key, document.root());
    knowledge.give_code_system(lines.unwrap());
    let include = format!(
        r#"{{"system":"http://here/lines","filter":[{{"property":"{property}","op":"{op}","value":"{value}"}}]}}"#
    );
    let value_set = Arc::new(value_set("http://here/some", &include));
    let asked = Expansion {
        exclude_nested: Some(true),
        ..Expansion::default()
    };
    match expand(&knowledge, &Settings::default(), &value_set, &asked) {
        Ok(found) => {
            let found = Resource::parse(found).unwrap();
            let items = found.get("expansion").and_then(|one| one.get("contains"));
            let items = items.into_iter().flat_map(Value::items);
            let codes: Vec<String> = items
                .map(|one| one.get("code").unwrap().string().unwrap().into_owned())
                .collect();
            codes.join(" ")
        }
        Err(stop) => {
            let issue = fault(stop).issue;
            format!("{}: {}", issue.place.unwrap_or_default(), issue.text)
        }
    }
}

#[test]
fn a_filter_on_a_property_that_there_is_not_is_refused() {
    let check = |property: &str, op: &str, value: &str, expected: &str| {
        let found = filtered(LINES, property, op, value);
        assert!(
            found.starts_with(expected),
            "{property} {op} {value}: {found}"
        );
    };
    for (op, value) in [
        ("exists", "false"),
        ("not-in", "1"),
        ("=", "1"),
        ("regex", ".*"),
    ] {
        let place = "ValueSet.compose.include[0].filter[0]: The filter \"nope";
        check("nope", op, value, place);
    }
    check("length", "=", "1", "b");
    check("length", "exists", "false", "a c d");
    check("inactive", "=", "true", "");
    // Who declares nothing says nothing of what there is.
    let silent = LINES.replace(r#""property":[{"code":"length","type":"string"}],"#, "");
    assert_eq!(filtered(&silent, "nope", "exists", "false"), "a b c d");
    assert_eq!(filtered(&silent, "length", "=", "1"), "b");
}

#[test]
fn children_are_those_that_stand_below() {
    let check = |op: &str, value: &str, expected: &str| {
        assert_eq!(
            filtered(LINES, "child", op, value),
            expected,
            "{op} {value}"
        );
    };
    check("=", "b", "a");
    check("=", "d", "c");
    check("in", "b,d", "a c");
    check("not-in", "b", "b c d");
    check("exists", "true", "a c");
    check("exists", "false", "b d");
}
