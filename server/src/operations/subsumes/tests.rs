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

/// Not every hierarchy is one of subsumption.
#[tokio::test]
async fn parts_are_not_subsumed() {
    let Some(world) = World::new().await else {
        return;
    };
    let check = async |meaning: &str, expected: [&str; 3]| {
        let said = match meaning {
            "" => String::new(),
            _ => format!(r#""hierarchyMeaning":"{meaning}","#),
        };
        world
            .put(&format!(
                r#"{{"resourceType":"CodeSystem","id":"c","url":"http://here/c","status":"active","content":"complete",{said}"concept":[{{"code":"car","concept":[{{"code":"wheel"}}]}}]}}"#
            ))
            .await;
        let pairs = [("car", "wheel"), ("wheel", "car"), ("wheel", "wheel")];
        for ((one, other), expected) in pairs.into_iter().zip(expected) {
            let url =
                format!("CodeSystem/$subsumes?system=http://here/c&codeA={one}&codeB={other}");
            let outcome = world.told(&url).await;
            assert_eq!(outcome, format!("outcome={expected}"), "{meaning} {one}");
        }
    };
    let not = ["not-subsumed", "not-subsumed", "equivalent"];
    check("part-of", not).await;
    check("grouped-by", not).await;
    check("classified-with", not).await;
    check("is-a", ["subsumes", "subsumed-by", "equivalent"]).await;
    check("", ["subsumes", "subsumed-by", "equivalent"]).await;
    world.close().await;
}
