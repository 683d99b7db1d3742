//! Expansions of small value sets.

mod pages;
mod texts;

use fhir::json::Value;
use fhir::resource::Resource;

use crate::operations::testing::{ANIMALS, PETS, World};

/// The codes of an expansion, those below others in brackets, and marks: `!` inactive, `*` abstract.
fn codes(value_set: &str) -> String {
    fn list(object: Value<'_>) -> String {
        let items = object.get("contains").into_iter().flat_map(Value::items);
        let one = |item: Value<'_>| {
            let flag = |name| item.get(name).and_then(Value::boolean) == Some(true);
            let below = list(item);
            format!(
                "{}{}{}{}",
                item.get("code").and_then(Value::string).unwrap(),
                if flag("inactive") { "!" } else { "" },
                if flag("abstract") { "*" } else { "" },
                if below.is_empty() {
                    below
                } else {
                    format!("({below})")
                },
            )
        };
        items.map(one).collect::<Vec<_>>().join(" ")
    }
    let value_set = Resource::parse(value_set.to_owned()).unwrap();
    list(value_set.get("expansion").unwrap())
}

#[tokio::test]
async fn value_sets_are_expanded() {
    let Some(world) = World::with(&[ANIMALS, PETS]).await else {
        return;
    };
    let check = async |query: &str, expected: &str| {
        let answer = world.get(&format!("ValueSet/{query}")).await;
        let answer = answer.map_or_else(|refusal| refusal, |value_set| codes(&value_set));
        assert_eq!(answer, expected, "{query}");
    };
    check("$expand?url=http://here/pets", "dog bird dodo!").await;
    check("$expand?url=http://here/pets%7C1", "dog bird dodo!").await;
    check("pets/$expand?activeOnly=true", "dog bird").await;
    check("$expand?url=http://here/pets&filter=OG", "dog").await;
    check("$expand?url=http://here/pets&offset=1&count=1", "bird").await;
    check("$expand?url=http://here/pets&count=0", "").await;
    check(
        "$expand?url=http://here/all",
        "animal*(dog(poodle) bird(dodo!)) plant",
    )
    .await;
    check(
        "$expand?url=http://here/all&excludeNested=true&excludeNotForUI=true",
        "dog poodle bird dodo! plant",
    )
    .await;
    check(
        "$expand?url=http://here/animals?fhir_vs=isa/bird",
        "bird(dodo!)",
    )
    .await;
    check(
        "$expand?url=http://here/all&exclude-system=http://here/animals",
        "",
    )
    .await;
    check("$expand?url=http://here/none", "404 ").await;
    check("$expand?url=http://here/pets%7C2", "404 ").await;
    check(
        "$expand",
        "400 the value set is missing: give 'url' or 'valueSet'",
    )
    .await;
    check(
        "pets/$expand?url=http://here/pets",
        "400 the value set is given in more than one way",
    )
    .await;
    check(
        "$expand?url=http://here/pets&count=-1",
        "400 'count' is below zero",
    )
    .await;
    world.close().await;
}

/// Filters, each on all animals.
#[tokio::test]
async fn filters_are_asked() {
    let Some(world) = World::with(&[ANIMALS]).await else {
        return;
    };
    let check = async |property: &str, op: &str, value: &str, expected: &str| {
        let body = format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"excludeNested","valueBoolean":true}},{{"name":"valueSet","resource":{{"resourceType":"ValueSet","status":"active","compose":{{"include":[{{"system":"http://here/animals","filter":[{{"property":"{property}","op":"{op}","value":"{value}"}}]}}]}}}}}}]}}"#
        );
        let answer = world.call("ValueSet/$expand", Some(&body)).await;
        let answer = answer.map_or_else(|refusal| refusal, |value_set| codes(&value_set));
        assert_eq!(answer, expected, "{property} {op} {value}");
    };
    check("concept", "is-a", "dog", "dog poodle").await;
    check(
        "concept",
        "descendent-of",
        "animal",
        "dog poodle bird dodo!",
    )
    .await;
    check("concept", "is-not-a", "animal", "plant").await;
    check("concept", "generalizes", "poodle", "animal* dog poodle").await;
    check("concept", "in", "dog,plant", "dog plant").await;
    check(
        "concept",
        "not-in",
        "dog,plant",
        "animal* poodle bird dodo!",
    )
    .await;
    check("code", "regex", ".*o.*", "dog poodle dodo!").await;
    check("display", "=", "Plant", "plant").await;
    check("legs", "=", "4", "dog").await;
    check("legs", "exists", "true", "dog bird").await;
    check("legs", "exists", "false", "animal* poodle dodo! plant").await;
    check("inactive", "=", "true", "dodo!").await;
    check("code", "regex", "(", "422 ").await;
    check("legs", "is-a", "4", "422 ").await;
    world.close().await;
}

#[tokio::test]
async fn circles_and_too_many_codes_are_refused() {
    let Some(mut world) = World::with(&[ANIMALS]).await else {
        return;
    };
    let circle = |id: &str, other: &str| {
        format!(
            r#"{{"resourceType":"ValueSet","id":"{id}","url":"http://here/{id}","status":"active","compose":{{"include":[{{"valueSet":["http://here/{other}"]}}]}}}}"#
        )
    };
    world.put(&circle("one", "two")).await;
    world.put(&circle("two", "one")).await;
    let refused = world.get("ValueSet/one/$expand").await.unwrap_err();
    assert!(refused.starts_with("422"), "{refused}");

    let mut limits = (*world.cx.limits).clone();
    limits.expansion = 3;
    world.cx.limits = limits.into();
    let refused = world.get("ValueSet/$expand?url=http://here/all").await;
    assert!(refused.unwrap_err().starts_with("422"));
    let found = world
        .get("ValueSet/$expand?url=http://here/all&filter=dodo")
        .await;
    assert_eq!(codes(&found.unwrap()), "dodo!");
    world.close().await;
}

#[tokio::test]
async fn texts_are_of_the_languages_that_are_wanted() {
    let Some(mut world) = World::with(&[ANIMALS]).await else {
        return;
    };
    let url = "ValueSet/$expand?url=http://here/animals?fhir_vs=isa/dog&includeDesignations=true";
    let plain = world.get(url).await.unwrap();
    assert!(
        plain.contains(r#""display":"Dog","designation":[{"language":"de","value":"Hund"}]"#),
        "{plain}"
    );
    world.cx.languages = Some("de, en;q=0.5".into());
    let german = world.get(url).await.unwrap();
    assert!(
        german.contains(r#""display":"Hund","designation":[{"language":"en","value":"Dog"}]"#),
        "{german}"
    );
    let refused = world.get(&format!("{url}&displayLanguage=-")).await;
    assert!(refused.unwrap_err().starts_with("400"));
    world.close().await;
}

/// What evaluations remember holds no longer than what is stored, and a deletion takes all of it.
#[tokio::test]
async fn an_expansion_follows_what_is_stored() {
    let Some(world) = World::with(&[ANIMALS]).await else {
        return;
    };
    let url = "ValueSet/$expand?url=http://here/all&excludeNested=true";
    assert_eq!(
        codes(&world.get(url).await.unwrap()),
        "animal* dog poodle bird dodo! plant"
    );
    world
        .put(
            &ANIMALS
                .replace(r#",{"code":"plant","display":"Plant"}"#, "")
                .replace("plant", "tree"),
        )
        .await;
    let after = codes(&world.get(url).await.unwrap());
    assert!(!after.contains("plant"), "{after}");
    let delete = crate::interactions::Interaction::Delete {
        key: "CodeSystem/animals".parse().unwrap(),
        conditions: crate::interactions::WriteConditions::default(),
    };
    world.interactions.perform(&world.cx, delete).await.unwrap();
    assert!(world.get(url).await.unwrap_err().starts_with("404"));
    world.close().await;
}
