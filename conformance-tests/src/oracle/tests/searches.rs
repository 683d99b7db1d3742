//! Searches over a few resources made by hand.

use std::collections::BTreeSet;

use super::by_hand::{containers, world};
use crate::oracle::evaluate::evaluate;
use crate::oracle::filter::Filter;
use crate::oracle::include::included;
use crate::oracle::judge::differs;
use crate::oracle::query::{Clause, Contained, Include, Query, Scope};
use crate::oracle::server::Page;
use crate::oracle::world::World;

/// `_has:A:b:c.d:T.code:modifier=value,value`
fn clause(text: &str) -> Clause {
    let (name, value) = text.split_once('=').unwrap();
    let mut clause = Clause {
        values: crate::oracle::query::parts(value, ','),
        ..Clause::default()
    };
    let mut name = name;
    while let Some(rest) = name.strip_prefix("_has:") {
        let mut parts = rest.splitn(3, ':');
        clause.has.push((
            parts.next().unwrap().to_owned(),
            parts.next().unwrap().to_owned(),
        ));
        name = parts.next().unwrap();
    }
    while let Some((step, rest)) = name.split_once('.') {
        let (code, kind) = step
            .split_once(':')
            .map_or((step, None), |(code, kind)| (code, Some(kind.to_owned())));
        clause.chain.push((code.to_owned(), kind));
        name = rest;
    }
    let (code, modifier) = name
        .split_once(':')
        .map_or((name, None), |(code, one)| (code, Some(one.to_owned())));
    Clause {
        code: code.to_owned(),
        modifier,
        ..clause
    }
}

fn query(scope: Scope, clauses: Vec<Clause>) -> Query {
    Query {
        scope,
        clauses,
        sort: Vec::new(),
        includes: Vec::new(),
        count: None,
        total: false,
        contained: Contained::Outside,
        counts: false,
        post: false,
    }
}

fn ids(world: &World, places: &BTreeSet<usize>) -> String {
    let ids: Vec<&str> = places
        .iter()
        .map(|place| world.resources[*place].id.as_str())
        .collect();
    ids.join(" ")
}

/// What a search of a type finds, and behind a `?` what it may find.
fn found(world: &World, kind: &str, clauses: Vec<Clause>) -> String {
    let answer = evaluate(world, &query(Scope::Type(kind.to_owned()), clauses), 0);
    let open = ids(world, &answer.open);
    let open = if open.is_empty() {
        String::new()
    } else {
        format!(" ?{open}")
    };
    format!("{}{open}", ids(world, &answer.sure))
        .trim()
        .to_owned()
}

#[test]
fn each_type_and_modifier_finds_what_the_specification_says() {
    let world = world();
    let check = |text: &str, expected: &str| {
        let (kind, conditions) = text.split_once('?').unwrap();
        let clauses = conditions.split('&').map(clause).collect();
        assert_eq!(found(&world, kind, clauses), expected, "{text}");
    };
    check("Patient?gender=male", "a");
    check("Patient?gender=male,female", "a b");
    check("Patient?gender=male&gender=female", "");
    check("Patient?gender=MALE", "");
    check("Patient?gender=urn:sex|male", "a");
    check("Patient?gender=urn:sex|", "a b");
    check("Patient?gender=urn:other|male", "");
    check("Patient?gender:not=male", "b c");
    check("Patient?gender:not=male,female", "c");
    check("Patient?gender:missing=true", "c");
    check("Patient?gender:missing=false", "a b");
    check("Patient?birthdate:missing=true", "b");
    check("Patient?identifier=1", "a b");
    check("Patient?identifier=|1", "b");
    check("Patient?identifier=urn:s|1", "a");
    check("Patient?identifier=urn:s|", "a");
    check("Patient?identifier:of-type=urn:t|MR|1", "a");
    check("Patient?identifier:of-type=urn:t|MR|2", "");
    check("Patient?active=true", "a");
    check("Patient?deceased=true", "b");
    check("Patient?deceased=false", "a c");
    check("Patient?email=m@x", "b");
    check("Patient?email=5", "");
    check("Patient?_id=a,c,x", "a c");
    check("Patient?name=mull", "a");
    check("Patient?name=ller", "");
    check("Patient?name:contains=LLER", "a");
    check("Patient?name:exact=Müller", "a");
    check("Patient?name:exact=müller", "");
    check(r"Patient?name=a\,b", "b");
    check("Patient?name=a,b", "a b");
    check("Patient?birthdate=1970", "a");
    check("Patient?birthdate=1970-01-01", "");
    check("Patient?birthdate=ne1970", "c");
    check("Patient?birthdate=lt1970-01-15", "a");
    check("Patient?birthdate=sa1970", "c");
    check("Observation?date=ge2020-01", "o1 o2 o4");
    check("Observation?date=2020", "o2");
    check("Observation?date=2019,2020", "o2");
    check("Observation?date=sa2019", "o1 o2");
    check("Observation?code:text=blood", "o1");
    check("Observation?code=urn:s|x", "o1");
    check("Observation?code=|x", "o2");
    check("Observation?code:missing=true", "");
    check("Observation?value=5", "o2 ?o3");
    check("Observation?value=6", "?o3");
    check("Observation?value=5.4", "o2 ?o3");
    check("Observation?value=5||tablets", "o2 ?o3");
    check("Observation?value=5||mg", "?o3");
    check("Observation?value=5.4||tablets", "o2 ?o3");
    check("Observation?value=5|http://unitsofmeasure.org|g", "o1 ?o3");
    check("Observation?value=4.6|http://unitsofmeasure.org|g", "?o3");
    check(
        "Observation?value=gt4|http://unitsofmeasure.org|g",
        "o1 ?o3",
    );
    check("Observation?value=5000|http://unitsofmeasure.org|mL", "?o3");
    check("Observation?part=p$1", "o1");
    check("Observation?part=p$2", "");
    check("ValueSet?url=http://x/a", "v1");
    check("ValueSet?url:below=http://x/a", "v1 v2");
    check("ValueSet?url:above=http://x/a/b/c", "v1 v2");
}

#[test]
fn references_chains_and_lists_find_what_the_specification_says() {
    let world = world();
    let check = |text: &str, expected: &str| {
        let (kind, conditions) = text.split_once('?').unwrap();
        let clauses = conditions.split('&').map(clause).collect();
        assert_eq!(found(&world, kind, clauses), expected, "{text}");
    };
    check("Observation?subject=Patient/a", "o1");
    check("Observation?subject=a", "o1");
    check("Observation?subject:Patient=a", "o1");
    check("Observation?subject:Group=a", "");
    check("Observation?subject=http://here/fhir/Patient/a", "o1");
    check("Observation?subject=http://there/fhir/Patient/a", "o3");
    check("Observation?subject=Patient/b", "o2");
    check("Observation?subject=Patient/b/_history/3", "o2");
    check("Observation?subject=Patient/b/_history/2", "");
    check("Observation?subject:identifier=urn:s|9", "o4");
    check("Observation?subject:missing=true", "");
    check("Observation?patient:missing=true", "o4");
    check("Observation?subject.gender=male", "o1");
    check("Observation?subject:Patient.gender=male,female", "o1 o2");
    check("Observation?subject:Group.gender=male", "");
    check("Observation?subject.birthdate:missing=true", "o2");
    check("Patient?link.name=mull", "c");
    check("Patient?_has:Observation:subject:code=x", "a b");
    check("Patient?_has:Observation:subject:code=urn:s|x", "a");
    check(
        "Patient?_has:Patient:link:_has:Observation:subject:code=x",
        "",
    );
    check("Patient?_has:Patient:link:birthdate=1999", "a");
    check("Patient?_list=l", "a");
    check("Observation?_list=l,none", "o2");
    check("Patient?_text=words other", "?b");
    check("Patient?_text=words", "b");
    check("Patient?_text=word", "");
}

#[test]
fn what_is_contained_is_found_as_its_container() {
    let world = containers();
    let check = |kind: &str, contained: Contained, condition: &str, expected: &str| {
        let conditions = [condition].into_iter().filter(|one| !one.is_empty());
        let clauses = conditions.map(clause).collect();
        let mut query = query(Scope::Type(kind.to_owned()), clauses);
        query.contained = contained;
        let answer = evaluate(&world, &query, 0);
        assert_eq!(ids(&world, &answer.sure), expected, "{kind}?{condition}");
        assert!(answer.open.is_empty());
    };
    check("Patient", Contained::Outside, "gender=male", "a");
    check("Patient", Contained::Inside, "gender=male", "o");
    check("Patient", Contained::Both, "gender=male", "a o");
    check("Patient", Contained::Inside, "gender:not=male", "l");
    check("Patient", Contained::Inside, "_id=p", "o l");
    check("Patient", Contained::Inside, "_id=o", "");
    check("Observation", Contained::Inside, "", "");
}

#[test]
fn what_is_said_anywhere_is_content() {
    let world = containers();
    let check = |text: &str, expected: &str| {
        let clauses = vec![clause(text)];
        assert_eq!(found(&world, "Observation", clauses), expected, "{text}");
    };
    check("_content=pressure", "o");
    check("_content=BLOOD pressure", "o");
    // Nobody says whether codes and parts of words are content.
    check("_content=Müller", "o");
    check("_content=male", "?o");
    check("_content=press", "?o");
    check("_content=blood other", "");
}

#[test]
fn scopes_bound_a_search() {
    let world = world();
    let check = |scope: Scope, conditions: &[&str], expected: &str| {
        let clauses = conditions.iter().map(|one| clause(one)).collect();
        let answer = evaluate(&world, &query(scope, clauses), 0);
        assert_eq!(ids(&world, &answer.sure), expected);
    };
    let of = |id: &str, kind: &str| {
        Scope::Compartment("Patient".to_owned(), id.to_owned(), kind.to_owned())
    };
    check(of("a", "Observation"), &[], "o1");
    check(of("b", "Observation"), &["code=x"], "o2");
    check(of("a", "Patient"), &["_id=c"], "c");
    check(of("a", "List"), &[], "");
    check(
        Scope::System(vec!["List".to_owned(), "ValueSet".to_owned()]),
        &[],
        "v1 v2 v3 l",
    );
}

#[test]
fn filters_combine() {
    let world = world();
    let test = |code: &str, operator: &str, value: &str| Filter::Test {
        code: code.to_owned(),
        operator: operator.to_owned(),
        value: value.to_owned(),
        quoted: true,
    };
    let check = |filter: Filter, text: &str, expected: &str| {
        assert_eq!(filter.to_string(), text);
        let clause = Clause {
            code: "_filter".to_owned(),
            filter: Some(filter),
            ..Clause::default()
        };
        assert_eq!(found(&world, "Patient", vec![clause]), expected, "{text}");
    };
    check(test("name", "ew", "LLER"), r#"name ew "LLER""#, "a");
    check(
        test("birthdate", "pr", "false"),
        r#"birthdate pr "false""#,
        "b",
    );
    let either = Filter::Or(
        test("gender", "eq", "male").into(),
        test("birthdate", "gt", "1990").into(),
    );
    check(
        either.clone(),
        r#"(gender eq "male") or (birthdate gt "1990")"#,
        "a c",
    );
    let both = Filter::And(
        either.into(),
        Filter::Not(test("name", "co", "ann").into()).into(),
    );
    check(
        both,
        r#"((gender eq "male") or (birthdate gt "1990")) and (not (name co "ann"))"#,
        "c",
    );
    check(
        test("link", "re", "Patient/a"),
        r#"link re "Patient/a""#,
        "c",
    );
    check(
        test("birthdate", "po", "1970-01-31"),
        r#"birthdate po "1970-01-31""#,
        "a",
    );
}

#[test]
fn includes_follow_references_both_ways() {
    let world = world();
    let include = |reverse, iterate, source: &str, code: &str, target: Option<&str>| Include {
        reverse,
        iterate,
        source: source.to_owned(),
        code: code.to_owned(),
        target: target.map(str::to_owned),
    };
    let check = |from: (&str, &str), includes: &[Include], expected: &str| {
        let matches = BTreeSet::from([world.find(from.0, from.1).unwrap()]);
        assert_eq!(ids(&world, &included(&world, &matches, includes)), expected);
    };
    let subject = include(false, false, "Observation", "subject", None);
    check(("Observation", "o1"), std::slice::from_ref(&subject), "a");
    check(
        ("Observation", "o1"),
        &[include(false, false, "Observation", "*", None)],
        "a",
    );
    check(
        ("Observation", "o1"),
        &[include(
            false,
            false,
            "Observation",
            "subject",
            Some("Group"),
        )],
        "",
    );
    check(("Observation", "o3"), std::slice::from_ref(&subject), "");
    check(
        ("Patient", "a"),
        &[include(true, false, "Observation", "subject", None)],
        "o1",
    );
    check(
        ("Patient", "a"),
        &[include(true, false, "*", "*", None)],
        "c o1",
    );
    check(
        ("Patient", "c"),
        &[
            include(false, false, "Patient", "link", None),
            include(true, true, "Observation", "subject", None),
        ],
        "a o1",
    );
    check(
        ("Patient", "c"),
        &[
            include(false, false, "Patient", "link", None),
            include(true, false, "Observation", "subject", None),
        ],
        "a",
    );
}

#[test]
fn what_a_server_does_wrong_is_noticed() {
    let world = world();
    let mut query = query(
        Scope::Type("Patient".to_owned()),
        vec![clause("gender:missing=false")],
    );
    query.sort = vec![("birthdate".to_owned(), true)];
    query.count = Some(2);
    query.total = true;
    let expected = evaluate(&world, &query, 0);
    let page = |matches: &[&str], included: &[&str], total| Page {
        matches: matches.iter().map(|id| format!("Patient/{id}")).collect(),
        included: included.iter().map(|id| (*id).to_owned()).collect(),
        total,
    };
    let check = |pages: &[Page], complaint: Option<&str>| {
        let found = differs(&world, &query, &expected, pages);
        assert_eq!(found.is_some(), complaint.is_some(), "{found:?}");
        let found = found.unwrap_or_default();
        assert!(found.contains(complaint.unwrap_or_default()), "{found}");
    };
    check(&[page(&["a", "b"], &[], Some(2))], None);
    check(
        &[page(&["a"], &[], Some(2)), page(&["b"], &[], Some(2))],
        None,
    );
    check(&[page(&["b", "a"], &[], Some(2))], Some("out of order"));
    check(&[page(&["a"], &[], Some(1))], Some("not found: Patient/b"));
    check(
        &[page(&["a", "b", "c"], &[], Some(3))],
        Some("found wrongly: Patient/c"),
    );
    check(
        &[page(&["a", "b"], &[], Some(2)), page(&["a"], &[], Some(2))],
        Some("found twice"),
    );
    check(
        &[page(&["a", "b"], &[], Some(3))],
        Some("the total is Some(3)"),
    );
    check(
        &[page(&["a", "b"], &["Patient/c"], Some(2))],
        Some("included wrongly: Patient/c"),
    );
    check(&[page(&["a", "z"], &[], Some(2))], Some("was not there"));
    // Of a count there is the total alone.
    query.counts = true;
    let complaint = |pages: &[Page]| differs(&world, &query, &expected, pages);
    assert_eq!(complaint(&[page(&[], &[], Some(2))]), None);
    assert!(complaint(&[page(&[], &[], Some(3))]).is_some());
    assert!(complaint(&[page(&[], &[], None)]).is_some());
    assert!(complaint(&[page(&["a", "b"], &[], Some(2))]).is_some());
}
