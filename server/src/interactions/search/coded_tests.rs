//! Searches by what codes mean: large value sets, limits, and the places beside a search where one is planned.

use crate::operations::testing::{World, entries};

const NUMBERS: usize = 10_000;

/// A code system of so many codes, a third of them below the first.
fn numbers() -> String {
    let concept = |number: usize| format!(r#"{{"code":"n{number}"}}"#);
    let list = |from: usize, to: usize| (from..to).map(concept).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"resourceType":"CodeSystem","id":"numbers","url":"http://here/numbers","status":"active","content":"complete",
        "valueSet":"http://here/all-numbers","concept":[{{"code":"n0","concept":[{}]}},{}]}}"#,
        list(1, NUMBERS / 3),
        list(NUMBERS / 3, NUMBERS)
    )
}

async fn world() -> Option<World> {
    let world = World::new().await?;
    world.put(&numbers()).await;
    world
        .put(r#"{"resourceType":"Patient","id":"p","gender":"male"}"#)
        .await;
    for (id, code) in [("a", "n1"), ("b", "n9999"), ("c", "n10000")] {
        let condition = format!(
            r#"{{"resourceType":"Condition","id":"{id}","subject":{{"reference":"Patient/p"}},
            "code":{{"coding":[{{"system":"http://here/numbers","code":"{code}"}}]}}}}"#
        );
        world.put(&condition).await;
    }
    Some(world)
}

#[tokio::test]
async fn ten_thousand_codes_are_searched_for_at_once() {
    let Some(world) = world().await else {
        return;
    };
    for (url, expected) in [
        (
            "Condition?code:in=http://here/all-numbers",
            "Condition/a Condition/b",
        ),
        (
            "Condition?code:not-in=http://here/all-numbers",
            "Condition/c",
        ),
        (
            "Condition?code:below=http://here/numbers%7Cn0",
            "Condition/a",
        ),
        (
            "Condition?code:in=http://here/all-numbers&_sort=_id",
            "Condition/a Condition/b",
        ),
        (
            "Condition?code:in=http://here/all-numbers&code=n1",
            "Condition/a",
        ),
        (
            "Patient?_has:Condition:subject:code:in=http://here/all-numbers",
            "Patient/p",
        ),
    ] {
        let answer = world.get(url).await.unwrap();
        let mut found = entries(&answer).0;
        found.sort();
        assert_eq!(found.join(" ").replace("match ", ""), expected, "{url}");
    }
    let explained = world
        .get("Condition/$explain?code:in=http://here/all-numbers")
        .await
        .unwrap();
    assert!(explained.contains("unnest"), "{explained}");
    world.close().await;
}

#[tokio::test]
async fn more_codes_than_the_limit_are_refused_by_its_setting() {
    let Some(mut world) = world().await else {
        return;
    };
    let mut limits = (*world.cx.limits).clone();
    limits.expansion = 3;
    world.cx.limits = limits.into();
    for (url, named) in [
        (
            "Condition?code:in=http://here/all-numbers",
            "'http://here/all-numbers'",
        ),
        (
            "Condition?code:not-in=http://here/all-numbers",
            "'http://here/all-numbers'",
        ),
        (
            "Condition?code:below=http://here/numbers%7Cn0",
            "'http://here/numbers|n0'",
        ),
        (
            "Condition?_filter=code%20in%20http://here/all-numbers",
            "'http://here/all-numbers'",
        ),
    ] {
        let refused = world.get(url).await.unwrap_err();
        assert!(refused.starts_with("422"), "{url}: {refused}");
        assert!(
            refused.contains(named) && refused.contains("VESTA_EXPANSION_CODES_MAX"),
            "{url}: {refused}"
        );
    }
    let found = world
        .get("Condition?code:below=http://here/numbers%7Cn1")
        .await;
    assert_eq!(entries(&found.unwrap()).0.len(), 1);
    world.close().await;
}
