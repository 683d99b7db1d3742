//! Codes beside code systems.

use crate::operations::testing::{ANIMALS, World};

#[tokio::test]
async fn codes_are_validated() {
    let Some(world) = World::with(&[ANIMALS]).await else {
        return;
    };
    let check = async |query: &str, expected: &str| {
        let answer = world.told(&format!("CodeSystem/{query}")).await;
        assert!(answer.starts_with(expected), "{query}: {answer}");
    };
    let animals = "$validate-code?url=http://here/animals";
    check(
        &format!("{animals}&code=dog"),
        "result=true code=dog system=http://here/animals version=2 display=Dog",
    )
    .await;
    check(&format!("{animals}&code=dog&version=2"), "result=true").await;
    check(&format!("{animals}&code=dog&version=1"), "result=false").await;
    check(&format!("{animals}&code=unicorn"), "result=false").await;
    check("animals/$validate-code?code=dog", "result=true").await;
    check(
        "$validate-code?url=http://here/none&code=dog",
        "result=false",
    )
    .await;
    check("$validate-code?code=dog", "400 the code system is missing").await;
    check(
        "$validate-code?url=http://unitsofmeasure.org&code=mmol/L",
        "result=true",
    )
    .await;
    check(
        "$validate-code?url=http://unitsofmeasure.org&code=parsnip",
        "result=false",
    )
    .await;
    check(
        "$validate-code?url=urn:ietf:bcp:47&code=de-CH",
        "result=true",
    )
    .await;
    world.close().await;
}
