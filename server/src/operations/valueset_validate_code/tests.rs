//! Codes beside value sets.

use crate::operations::testing::{ANIMALS, PETS, World, brief};

#[tokio::test]
async fn codes_are_validated() {
    let Some(world) = World::with(&[ANIMALS, PETS]).await else {
        return;
    };
    let check = async |query: &str, expected: &str| {
        let url = format!("ValueSet/$validate-code?url=http://here/pets&{query}");
        let answer = world.told(&url).await;
        assert!(answer.starts_with(expected), "{query}: {answer}");
    };
    let animals = "system=http://here/animals";
    check(
        &format!("{animals}&code=dog"),
        "result=true code=dog system=http://here/animals version=2 display=Dog",
    )
    .await;
    check(&format!("{animals}&code=dog&display=hund"), "result=true").await;
    check(&format!("{animals}&code=dog&display=Cat"), "result=false").await;
    check(
        &format!("{animals}&code=dog&display=Cat&lenient-display-validation=true"),
        "result=true",
    )
    .await;
    check(
        &format!("{animals}&code=bird&display=Budgie"),
        "result=true",
    )
    .await;
    check(&format!("{animals}&code=poodle"), "result=false").await;
    check(&format!("{animals}&code=DOG"), "result=false").await;
    check(&format!("{animals}&code=dodo"), "result=true").await;
    check(
        &format!("{animals}&code=dodo&activeOnly=true"),
        "result=false",
    )
    .await;
    check(
        &format!("{animals}&code=dog&systemVersion=1"),
        "result=false",
    )
    .await;
    check("system=http://here/plants&code=dog", "result=false").await;
    check("code=dog", "result=false").await;
    check(
        "code=dog&inferSystem=true",
        "result=true code=dog system=http://here/animals",
    )
    .await;
    check("", "400 there is nothing to validate").await;
    world.close().await;
}

#[tokio::test]
async fn a_codeable_concept_is_valid_by_one_coding() {
    let Some(world) = World::with(&[ANIMALS, PETS]).await else {
        return;
    };
    let check = async |codings: &str, expected: &str| {
        let body = format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"codeableConcept","valueCodeableConcept":{{"coding":[{codings}]}}}}]}}"#
        );
        let answer = world
            .call("ValueSet/pets/$validate-code", Some(&body))
            .await;
        let answer = answer.map_or_else(|refusal| refusal, |answer| brief(&answer));
        assert!(answer.starts_with(expected), "{codings}: {answer}");
    };
    let dog = r#"{"system":"http://here/animals","code":"dog"}"#;
    let plant = r#"{"system":"http://here/animals","code":"plant"}"#;
    let unknown = r#"{"system":"http://here/animals","code":"unicorn"}"#;
    check(&format!("{plant},{dog}"), "result=true code=dog").await;
    check(plant, "result=false").await;
    // Right in the value set or not: a code that is none is an error.
    check(&format!("{unknown},{dog}"), "result=false code=dog").await;
    world.close().await;
}

/// A code that groups others is refused only where that is asked for.
#[tokio::test]
async fn abstract_codes_may_be_left_out() {
    let Some(world) = World::with(&[ANIMALS]).await else {
        return;
    };
    let url = "ValueSet/$validate-code?url=http://here/all&system=http://here/animals&code=animal";
    assert!(world.told(url).await.starts_with("result=true"));
    let url = format!("{url}&abstract=false");
    assert!(world.told(&url).await.starts_with("result=false"));
    world.close().await;
}
