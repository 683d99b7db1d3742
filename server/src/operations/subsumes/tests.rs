//! How codes are related.

use crate::operations::testing::{ANIMALS, World};

#[tokio::test]
async fn codes_are_compared() {
    let Some(world) = World::with(&[ANIMALS]).await else {
        return;
    };
    let check = async |query: &str, expected: &str| {
        let answer = world.told(&format!("CodeSystem/{query}")).await;
        assert!(answer.starts_with(expected), "{query}: {answer}");
    };
    let animals = "$subsumes?system=http://here/animals";
    check(
        &format!("{animals}&codeA=animal&codeB=poodle"),
        "outcome=subsumes",
    )
    .await;
    check(
        &format!("{animals}&codeA=poodle&codeB=animal"),
        "outcome=subsumed-by",
    )
    .await;
    check(
        &format!("{animals}&codeA=dog&codeB=dog"),
        "outcome=equivalent",
    )
    .await;
    check(
        &format!("{animals}&codeA=dog&codeB=bird"),
        "outcome=not-subsumed",
    )
    .await;
    check(
        "animals/$subsumes?codeA=dog&codeB=poodle",
        "outcome=subsumes",
    )
    .await;
    check(&format!("{animals}&codeA=dog&codeB=unicorn"), "404 ").await;
    check(&format!("{animals}&codeA=dog"), "400 two codes are needed").await;
    world.close().await;
}

/// What properties say of parents counts as nesting does, and a circle ends.
#[tokio::test]
async fn properties_make_a_hierarchy_too() {
    let Some(world) = World::new().await else {
        return;
    };
    let under = |code: &str, parent: &str| {
        format!(r#"{{"code":"{code}","property":[{{"code":"parent","valueCode":"{parent}"}}]}}"#)
    };
    world
        .put(&format!(
            r#"{{"resourceType":"CodeSystem","id":"c","url":"http://here/c","status":"active","content":"complete","concept":[{},{},{},{},{}]}}"#,
            under("a", "none"),
            under("b", "a"),
            under("c", "b"),
            under("x", "y"),
            under("y", "x"),
        ))
        .await;
    let check = async |one: &str, other: &str, expected: &str| {
        let url = format!("CodeSystem/$subsumes?system=http://here/c&codeA={one}&codeB={other}");
        assert_eq!(world.told(&url).await, format!("outcome={expected}"));
    };
    check("a", "c", "subsumes").await;
    check("c", "a", "subsumed-by").await;
    check("x", "y", "subsumes").await;
    check("a", "x", "not-subsumed").await;
    world.close().await;
}
