//! What is known of codes.

use crate::operations::testing::{ANIMALS, World};

#[tokio::test]
async fn codes_are_looked_up() {
    let Some(world) = World::with(&[ANIMALS]).await else {
        return;
    };
    let check = async |query: &str, expected: &str| {
        let answer = world.told(&format!("CodeSystem/$lookup?{query}")).await;
        assert_eq!(answer, expected, "{query}");
    };
    let names = "name=Animals version=2 system=http://here/animals code=dog display=Dog";
    check(
        "system=http://here/animals&code=dog&property=display",
        &format!("{names} abstract=false"),
    )
    .await;
    check(
        "system=http://here/animals&code=dog",
        &format!("{names} definition=It barks. abstract=false designation(language=de value=Hund) property(code=parent value=animal description=Animal) property(code=child value=poodle description=Poodle) property(code=inactive value=false) property(code=legs value=4)"),
    )
    .await;
    check(
        "system=http://here/animals&code=dog&property=legs",
        &format!("{names} abstract=false property(code=legs value=4)"),
    )
    .await;
    check("system=http://here/animals&code=unicorn", "404 ").await;
    check("system=http://here/animals&version=1&code=dog", "404 ").await;
    check("system=http://here/none&code=dog", "404 ").await;
    check(
        "code=dog",
        "400 the code is missing: give 'system' and 'code', or 'coding'",
    )
    .await;
    world.close().await;
}
