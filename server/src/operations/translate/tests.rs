//! Codes from one system to another.

use crate::operations::testing::World;

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
    check("$translate", "400 there is nothing to translate: give 'code' and 'system', 'coding' or 'codeableConcept'").await;
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
