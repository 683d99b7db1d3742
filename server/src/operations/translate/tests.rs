//! Codes from one system to another.

use crate::operations::testing::{World, brief};

const MAP: &str = r#"{"resourceType":"ConceptMap","id":"m","url":"http://here/m","version":"1","status":"active",
    "sourceUri":"http://here/pets","targetUri":"http://here/tiere","group":[{"source":"http://here/animals","target":"http://here/tiere",
    "element":[{"code":"dog","target":[{"code":"hund","display":"Hund","equivalence":"equivalent"},{"code":"tier","equivalence":"wider"}]},
        {"code":"bird","target":[{"equivalence":"unmatched"}]}],
    "unmapped":{"mode":"fixed","code":"unbekannt"}}]}"#;

#[tokio::test]
async fn codes_are_translated() {
    let Some(world) = World::with(&[MAP]).await else {
        return;
    };
    world
        .put(
            &MAP.replace(r#""version":"1""#, r#""version":"0""#)
                .replace(r#""id":"m""#, r#""id":"old""#),
        )
        .await;
    let check = async |query: &str, expected: &str| {
        let answer = world.told(&format!("ConceptMap/{query}")).await;
        assert_eq!(answer, expected, "{query}");
    };
    let both = "result=true match(equivalence=equivalent concept=hund originMap=http://here/m|1) match(equivalence=wider concept=tier originMap=http://here/m|1)";
    let dog = "code=dog&system=http://here/animals";
    check(&format!("$translate?{dog}"), both).await;
    check(&format!("m/$translate?{dog}"), both).await;
    check(&format!("$translate?{dog}&url=http://here/m"), both).await;
    check(
        &format!("$translate?{dog}&targetsystem=http://here/tiere&source=http://here/pets"),
        both,
    )
    .await;
    check(
        &format!("$translate?{dog}&url=http://here/m&conceptMapVersion=0"),
        &both.replace("|1", "|0"),
    )
    .await;
    let none = "result=false message=no concept map that is known here says anything of this code";
    check(
        &format!("$translate?{dog}&targetsystem=http://here/plants"),
        none,
    )
    .await;
    check(&format!("$translate?{dog}&source=http://here/plants"), none).await;
    check("$translate?code=cat&system=http://here/animals", none).await;
    check(
        "$translate?code=bird&system=http://here/animals",
        "result=false message=the concept maps that are known here have nothing that means the same match(equivalence=unmatched originMap=http://here/m|1)",
    )
    .await;
    check(
        "$translate?code=cat&system=http://here/animals&url=http://here/m",
        "result=true match(equivalence=inexact concept=unbekannt originMap=http://here/m|1)",
    )
    .await;
    check(
        "$translate?code=hund&system=http://here/tiere&reverse=true",
        "result=true match(equivalence=equivalent concept=dog source=hund originMap=http://here/m|1)",
    )
    .await;
    check(
        &format!("$translate?{dog}&url=http://here/none"),
        "404 there is no ConceptMap http://here/none",
    )
    .await;
    check(
        "$translate?code=dog",
        "400 a code means nothing without its system: give 'system', too",
    )
    .await;
    check("$translate", "400 there is nothing to translate: give 'code' and 'system', 'coding' or 'codeableConcept'").await;
    world.close().await;
}

#[tokio::test]
async fn what_is_said_of_a_map_holds_however_it_is_named() {
    let Some(world) = World::with(&[MAP]).await else {
        return;
    };
    let check = async |query: &str, expected: &str| {
        let answer = world.told(&format!("ConceptMap/{query}")).await;
        assert_eq!(answer, expected, "{query}");
    };
    let both = "result=true match(equivalence=equivalent concept=hund originMap=http://here/m|1) match(equivalence=wider concept=tier originMap=http://here/m|1)";
    let none = "result=false message=no concept map that is known here says anything of this code";
    let dog = "code=dog&system=http://here/animals";
    check(&format!("m/$translate?{dog}&conceptMapVersion=1"), both).await;
    check(
        &format!("m/$translate?{dog}&source=http://here/plants"),
        none,
    )
    .await;
    check(
        &format!("$translate?{dog}&url=http://here/m&source=http://here/plants"),
        none,
    )
    .await;
    for (map, refusal) in [
        (
            "$translate?conceptMapVersion=1",
            "400 'conceptMapVersion' says nothing without 'url'",
        ),
        (
            "$translate?conceptMapVersion=1&url=http://here/m|0",
            "400 the version of the concept map is given in more than one way",
        ),
        (
            "m/$translate?conceptMapVersion=0",
            "404 the concept map is not of the version of 'conceptMapVersion'",
        ),
    ] {
        check(&format!("{map}&{dog}"), refusal).await;
    }
    world.close().await;
}

#[tokio::test]
async fn what_a_map_does_not_map_another_does() {
    let other = |from: &str, to: &str, code: &str| {
        format!(
            r#"{{"resourceType":"ConceptMap","id":"{from}","url":"http://here/{from}","status":"active","group":[{{
            "source":"http://here/animals","target":"http://here/tiere",
            "element":[{{"code":"{code}","target":[{{"code":"{code}-{from}","equivalence":"equivalent"}}]}}],
            "unmapped":{{"mode":"other-map","url":"http://here/{to}"}}}}]}}"#
        )
    };
    let maps = [
        other("a", "b", "dog"),
        other("b", "c", "cat"),
        other("c", "a", "fish"),
        other("d", "nowhere", "dog"),
    ];
    let maps: Vec<&str> = maps.iter().map(String::as_str).collect();
    let Some(world) = World::with(&maps).await else {
        return;
    };
    let check = async |map: &str, code: &str, expected: &str| {
        let query = format!("url=http://here/{map}&system=http://here/animals&code={code}");
        let answer = world.told(&format!("ConceptMap/$translate?{query}")).await;
        assert_eq!(answer, expected, "{query}");
        let query = format!("{map}/$translate?system=http://here/animals&code={code}");
        let answer = world.told(&format!("ConceptMap/{query}")).await;
        assert_eq!(answer, expected, "{query}");
    };
    let found = |code: &str, map: &str| {
        format!(
            "result=true match(equivalence=equivalent concept={code}-{map} originMap=http://here/{map})"
        )
    };
    check("a", "dog", &found("dog", "a")).await;
    check("a", "cat", &found("cat", "b")).await;
    check("a", "fish", &found("fish", "c")).await;
    check("b", "dog", &found("dog", "a")).await;
    let none = "result=false message=no concept map that is known here says anything of this code";
    check("a", "bird", none).await;
    check("d", "cat", "404 there is no ConceptMap http://here/nowhere").await;
    world.close().await;
}

const CONDITIONS: &str = r#"{"resourceType":"ConceptMap","id":"d","url":"http://here/d","status":"active","group":[{
    "source":"http://here/animals","target":"http://here/tiere","element":[{"code":"dog","target":[
        {"code":"welpe","equivalence":"equivalent","dependsOn":[{"property":"http://here/age","system":"http://here/ages","value":"young"}],
         "product":[{"property":"http://here/size","system":"http://here/sizes","value":"small","display":"Small"}]},
        {"code":"oldie","equivalence":"equivalent","dependsOn":[{"property":"http://here/age","value":"old"},
            {"property":"http://here/mood","value":"calm"}]}]}]}]}"#;

#[tokio::test]
async fn steps_that_depend_on_something_count_where_it_is_given() {
    let Some(world) = World::with(&[CONDITIONS]).await else {
        return;
    };
    let check = async |dependencies: &[(&str, &str)], expected: &str| {
        let dependencies = dependencies.iter().map(|(element, concept)| {
            format!(
                r#",{{"name":"dependency","part":[{{"name":"element","valueUri":"http://here/{element}"}},{{"name":"concept","valueCodeableConcept":{concept}}}]}}"#
            )
        });
        let dependencies: String = dependencies.collect();
        let body = format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"system","valueUri":"http://here/animals"}},{{"name":"code","valueCode":"dog"}}{dependencies}]}}"#
        );
        for path in ["ConceptMap/$translate", "ConceptMap/d/$translate"] {
            let answer = world.call(path, Some(&body)).await;
            let answer = answer.map_or_else(|refusal| refusal, |answer| brief(&answer));
            assert!(answer.starts_with(expected), "{answer}");
        }
    };
    let depends = "result=false message=what the concept maps that are known here make of this code depends on other";
    let young = r#"{"coding":[{"system":"http://here/ages","code":"young"}]}"#;
    check(&[], depends).await;
    check(
        &[("age", young)],
        "result=true match(equivalence=equivalent concept=welpe product(element=http://here/size concept=small) originMap=http://here/d)",
    )
    .await;
    let other = young.replace("ages", "eras");
    check(&[("age", &other)], depends).await;
    check(&[("size", young)], depends).await;
    let old = r#"{"coding":[{"code":"old"}]}"#;
    check(&[("age", old)], depends).await;
    check(
        &[("age", old), ("mood", r#"{"text":"calm"}"#)],
        "result=true match(equivalence=equivalent concept=oldie originMap=http://here/d)",
    )
    .await;
    let half = r#"{"resourceType":"Parameters","parameter":[{"name":"code","valueCode":"dog"},{"name":"system","valueUri":"http://here/animals"},{"name":"dependency","part":[{"name":"element","valueUri":"a:b"}]}]}"#;
    let refused = world.call("ConceptMap/$translate", Some(half)).await;
    assert!(refused.unwrap_err().starts_with("400 a 'dependency' has"));
    world.close().await;
}

#[tokio::test]
async fn codes_are_translated_in_any_case_where_their_system_says_so() {
    let system = |id: &str, is_sensitive: bool, code: &str| {
        format!(
            r#"{{"resourceType":"CodeSystem","id":"{id}","url":"http://here/{id}","status":"active","content":"complete","caseSensitive":{is_sensitive},"concept":[{{"code":"{code}"}}]}}"#
        )
    };
    let systems = [
        system("animals", false, "dog"),
        system("tiere", true, "hund"),
    ];
    let Some(world) = World::with(&[MAP, &systems[0], &systems[1]]).await else {
        return;
    };
    let check = async |query: &str, expected: &str| {
        for path in ["$translate", "m/$translate"] {
            let answer = world.told(&format!("ConceptMap/{path}?{query}")).await;
            let is_found = answer.contains("equivalence=equivalent ");
            assert_eq!(is_found, !expected.is_empty(), "{query}: {answer}");
            assert!(answer.contains(expected), "{query}: {answer}");
        }
    };
    let animals = "system=http://here/animals";
    check(&format!("{animals}&code=DOG"), "concept=hund").await;
    check(&format!("{animals}&code=dog"), "concept=hund").await;
    let tiere = "system=http://here/tiere&reverse=true";
    check(&format!("{tiere}&code=HUND"), "").await;
    check(&format!("{tiere}&code=hund"), "concept=dog").await;
    world.close().await;
}

#[tokio::test]
async fn the_version_of_a_value_set_counts_where_the_map_says_one() {
    let map = MAP.replace("here/pets\"", "here/pets|2\"");
    let Some(world) = World::with(&[&map]).await else {
        return;
    };
    let check = async |between: &str, is_found: bool| {
        let query = format!("code=dog&system=http://here/animals&{between}");
        let answer = world.told(&format!("ConceptMap/$translate?{query}")).await;
        assert_eq!(
            answer.starts_with("result=true"),
            is_found,
            "{between}: {answer}"
        );
    };
    check("source=http://here/pets", true).await;
    check("source=http://here/pets|2", true).await;
    check("source=http://here/pets|10.0", false).await;
    // The map says no version of its target.
    check("target=http://here/tiere|7", true).await;
    world.close().await;
}

#[tokio::test]
async fn the_version_of_a_code_counts_where_the_map_says_one() {
    let group = |version: &str, code: &str| {
        format!(
            r#"{{"source":"http://here/animals","sourceVersion":"{version}","target":"http://here/tiere","targetVersion":"9",
                "element":[{{"code":"dog","target":[{{"code":"{code}","equivalence":"equivalent"}}]}}],
                "unmapped":{{"mode":"fixed","code":"nicht-{code}"}}}}"#
        )
    };
    let map = format!(
        r#"{{"resourceType":"ConceptMap","id":"m","url":"http://here/m","version":"1","status":"active",
            "sourceUri":"http://here/pets","group":[{},{}]}}"#,
        group("1", "hund1"),
        group("2", "hund2")
    );
    let Some(world) = World::with(&[&map]).await else {
        return;
    };
    let check = async |query: &str, expected: &[&str]| {
        for named in [
            "$translate?",
            "$translate?url=http://here/m&",
            "m/$translate?",
        ] {
            let answer = world.told(&format!("ConceptMap/{named}{query}")).await;
            let found: Vec<&str> = answer.split("concept=").skip(1).collect();
            let found: Vec<&str> = found
                .iter()
                .filter_map(|one| one.split(' ').next())
                .collect();
            assert_eq!(found, expected, "{named}{query}: {answer}");
        }
    };
    let dog = "code=dog&system=http://here/animals";
    check(dog, &["hund1", "hund2"]).await;
    check(&format!("{dog}&version=1"), &["hund1"]).await;
    check(&format!("{dog}&version=2"), &["hund2"]).await;
    check(&format!("{dog}&version=3"), &[]).await;
    let back = "code=hund2&system=http://here/tiere&reverse=true";
    check(&format!("{back}&version=9"), &["dog"]).await;
    check(&format!("{back}&version=8"), &[]).await;
    let cat = "code=cat&system=http://here/animals&version=2";
    let named = world.told(&format!("ConceptMap/m/$translate?{cat}")).await;
    assert!(
        named.contains("concept=nicht-hund2") && !named.contains("hund1"),
        "{named}"
    );
    let whole = world
        .get(&format!("ConceptMap/m/$translate?{dog}&version=2"))
        .await
        .unwrap();
    assert!(whole.contains(r#""version":"9""#), "{whole}");
    world.close().await;
}
