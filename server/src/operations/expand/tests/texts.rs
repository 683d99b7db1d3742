//! What is found by words and by codes in another case, and in which language it is shown.

use super::codes;
use crate::operations::testing::World;

/// Nobody says which language its displays are in, and the case of its codes does not matter.
pub(super) const FOODS: &str = r#"{"resourceType":"CodeSystem","id":"foods","url":"http://here/foods","version":"1","name":"Foods",
    "status":"active","content":"complete","caseSensitive":false,"concept":[
        {"code":"Fruit","display":"Fruit","concept":[
            {"code":"apple","display":"Apple","designation":[{"language":"de","value":"Apfel"}]},
            {"code":"ÖL","display":"Ödem der Füße","concept":[{"code":"kelvin","display":"300 K: \"hot\" İstanbul"}]}]},
        {"code":"say","display":"Say","designation":[{"language":"fr","value":"dis \"ÇA\" ici"}]}]}"#;

#[tokio::test]
async fn words_are_found_in_any_case_of_any_letters() {
    let Some(world) = World::with(&[FOODS]).await else {
        return;
    };
    let check = async |filter: &str, expected: &str| {
        let url = format!("ValueSet/$expand?url=http://here/foods?fhir_vs&filter={filter}");
        let found = world.get(&url).await;
        let found = found.map_or_else(|refusal| refusal, |value_set| codes(&value_set));
        assert_eq!(found, expected, "{filter}");
    };
    check("%C3%96dem", "ÖL").await;
    check("%C3%B6DEM%20f%C3%BC%C3%9Fe", "ÖL").await;
    check("%C3%B6l", "ÖL").await;
    check("apfel", "apple").await;
    check("k:", "kelvin").await;
    check("%22hot%22", "kelvin").await;
    check("%22%C3%A7a%22", "say").await;
    check("%C4%B0stan", "kelvin").await;
    check("100%25", "").await;
    check("_", "").await;
    check("", "Fruit(apple ÖL(kelvin)) say").await;
    world.close().await;
}

#[tokio::test]
async fn the_case_of_codes_matters_where_their_system_says_so() {
    let Some(world) = World::with(&[FOODS]).await else {
        return;
    };
    let check = async |op: &str, value: &str, expected: &str| {
        // R4 knows not all of these operators, so that a ValueSet that is stored cannot have them.
        let body = format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"excludeNested","valueBoolean":true}},{{"name":"url","valueUri":"http://here/some"}},{{"name":"tx-resource","resource":{{"resourceType":"ValueSet","url":"http://here/some","status":"active","compose":{{"include":[{{"system":"http://here/foods","filter":[{{"property":"concept","op":"{op}","value":"{value}"}}]}}]}}}}}}]}}"#
        );
        let found = world.call("ValueSet/$expand", Some(&body)).await;
        let found = found.map_or_else(|refusal| refusal, |value_set| codes(&value_set));
        assert_eq!(found, expected, "{op} {value}");
    };
    check("is-a", "FRUIT", "Fruit apple ÖL kelvin").await;
    check("descendent-of", "fruit", "apple ÖL kelvin").await;
    check("descendent-of", "ÖL", "kelvin").await;
    check("child-of", "fruit", "apple ÖL").await;
    check("descendent-leaf", "fruit", "apple kelvin").await;
    check("is-not-a", "fruit", "say").await;
    check("generalizes", "APPLE", "Fruit apple").await;
    check("=", "APPLE", "apple").await;
    check("in", "APPLE,SAY", "apple say").await;
    check("not-in", "APPLE,fruit,kelvin,ÖL", "say").await;
    world.close().await;
}

#[tokio::test]
async fn a_text_in_the_language_goes_before_one_in_nobody_knows_which() {
    let listed = r#"{"resourceType":"ValueSet","id":"menu","url":"http://here/menu","name":"Menu","status":"active","compose":{"include":[
        {"system":"http://here/foods","concept":[{"code":"apple","display":"An apple"},
            {"code":"say","display":"To say","designation":[{"language":"de","value":"Sagen"}]}]}]}}"#;
    let Some(world) = World::with(&[FOODS, listed]).await else {
        return;
    };
    let check = async |language: &str, expected: [&str; 3]| {
        let url = "CodeSystem/$lookup?system=http://here/foods&code=apple&property=display";
        let looked = world.told(&format!("{url}{language}")).await;
        let [display, listed, other] = expected;
        assert!(looked.contains(&format!("display={display} ")), "{looked}");
        let url = format!("ValueSet/$expand?url=http://here/menu{language}");
        let menu = world.get(&url).await.unwrap();
        for text in [listed, other] {
            assert!(menu.contains(&format!(r#""display":"{text}""#)), "{menu}");
        }
    };
    check("", ["Apple", "An apple", "To say"]).await;
    check("&displayLanguage=de", ["Apfel", "Apfel", "Sagen"]).await;
    check("&displayLanguage=nl,de", ["Apfel", "Apfel", "Sagen"]).await;
    check("&displayLanguage=nl", ["Apple", "An apple", "To say"]).await;
    world.close().await;
}

#[tokio::test]
async fn a_date_that_has_passed_is_refused() {
    let Some(world) = World::with(&[FOODS]).await else {
        return;
    };
    let check = async |url: &str, date: &str, expected: &str| {
        let answer = world.get(&format!("{url}&date={date}")).await;
        let answer = answer.map_or_else(|refusal| refusal, |_| "200".to_owned());
        assert!(answer.starts_with(expected), "{url} {date}: {answer}");
    };
    let asked = [
        "ValueSet/$expand?url=http://here/foods?fhir_vs",
        "ValueSet/$validate-code?url=http://here/foods?fhir_vs&system=http://here/foods&code=say",
        "CodeSystem/$validate-code?url=http://here/foods&code=say",
        "CodeSystem/$lookup?system=http://here/foods&code=say",
    ];
    for url in asked {
        check(url, "9999-01-01", "200").await;
        check(
            url,
            "2020",
            "400 what code systems and value sets were at 2020",
        )
        .await;
        check(url, "soon", "400").await;
    }
    world.close().await;
}

/// R4 lets a value set be the whole body where it is the only resource, and whoever names it twice names it alike.
#[tokio::test]
async fn a_value_set_is_given_in_one_way() {
    let Some(world) = World::with(&[FOODS]).await else {
        return;
    };
    let body = r#"{"resourceType":"ValueSet","url":"http://here/some","version":"1","status":"active","compose":{"include":[
        {"system":"http://here/foods","concept":[{"code":"apple"}]}]}}"#;
    let found = world.call("ValueSet/$expand", Some(body)).await.unwrap();
    assert_eq!(codes(&found), "apple");
    world
        .put(&body.replacen("ValueSet\"", "ValueSet\",\"id\":\"s\"", 1))
        .await;
    let check = async |query: &str, expected: &str| {
        let url = format!("ValueSet/$expand?url=http://here/some{query}");
        let found = world.get(&url).await;
        let found = found.map_or_else(|refusal| refusal, |found| codes(&found));
        assert_eq!(found, expected, "{query}");
    };
    check("|1&valueSetVersion=1", "apple").await;
    check("&valueSetVersion=1&excludePostCoordinated=true", "apple").await;
    let twice = "400 the version of the value set is given in more than one way";
    check("|2.1&valueSetVersion=1", twice).await;
    world.close().await;
}

/// Nobody says where this property is defined, so that no URI is made up for it.
#[tokio::test]
async fn properties_have_the_uris_that_somebody_gives_them() {
    let system = r#"{"resourceType":"CodeSystem","id":"p","url":"http://here/p","status":"active","content":"complete",
        "property":[{"code":"taste","type":"string"},{"code":"size","uri":"http://here/size","type":"string"}],
        "concept":[{"code":"a","property":[{"code":"taste","valueString":"sweet"},{"code":"size","valueString":"big"}]}]}"#;
    let Some(world) = World::with(&[system]).await else {
        return;
    };
    let url = "ValueSet/$expand?url=http://here/p?fhir_vs&property=taste&property=size";
    let found = world.get(url).await.unwrap();
    assert!(
        found.contains("http://here/size") && found.contains("sweet"),
        "{found}"
    );
    assert!(!found.contains("concept-properties#taste"), "{found}");
    world.close().await;
}
