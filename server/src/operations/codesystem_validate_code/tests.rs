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

/// Of two versions the one that is asked is answered for, and what supplements a version is no matter of others.
#[tokio::test]
async fn versions_are_told_apart() {
    let system = |version: &str, display: &str, more: &str| {
        format!(
            r#"{{"resourceType":"CodeSystem","id":"v{version}","url":"http://here/v","version":"{version}","status":"active","content":"complete","concept":[{{"code":"a","display":"{display}"}}{more}]}}"#
        )
    };
    let supplement = r#"{"resourceType":"CodeSystem","id":"s","url":"http://here/s","status":"active","content":"supplement",
        "supplements":"http://here/v|1","concept":[{"code":"a","designation":[{"language":"de","value":"Ah"}]}]}"#;
    let one = system("1", "A of one", "");
    let two = system("2", "A of two", r#",{"code":"d","display":"D of two"}"#);
    let Some(world) = World::with(&[&one, &two, supplement]).await else {
        return;
    };
    let check = async |query: &str, expected: &str| {
        let answer = world.told(&format!("CodeSystem/{query}")).await;
        assert!(answer.starts_with(expected), "{query}: {answer}");
    };
    check(
        "v1/$validate-code?code=a",
        "result=true code=a system=http://here/v version=1 display=A of one",
    )
    .await;
    check(
        "v1/$validate-code?code=d",
        "result=false code=d system=http://here/v version=1 message",
    )
    .await;
    check(
        "v2/$validate-code?code=d",
        "result=true code=d system=http://here/v version=2 display=D of two",
    )
    .await;
    let looked =
        "$lookup?system=http://here/v&code=a&useSupplement=http://here/s&property=designation";
    let names = |version: &str, word: &str| {
        format!(
            "name=http://here/v version={version} system=http://here/v code=a display=A of {word} abstract=false"
        )
    };
    let of_one = format!("{} designation(language=de value=Ah)", names("1", "one"));
    check(&format!("{looked}&version=1"), &of_one).await;
    let answer = world.told(&format!("CodeSystem/{looked}&version=2")).await;
    assert_eq!(answer, names("2", "two"));
    world.close().await;
}

#[tokio::test]
async fn terminology_says_what_it_knows() {
    let parts = ANIMALS.replace(
        r#""status":"active""#,
        r#""status":"active","hierarchyMeaning":"part-of""#,
    );
    let parts = parts
        .replace("animals", "parts")
        .replace("http://here/all", "http://here/parts/all");
    let later = parts
        .replace(r#""version":"2""#, r#""version":"10""#)
        .replace(r#""id":"parts""#, r#""id":"more-parts""#);
    let Some(world) = World::with(&[ANIMALS, &parts, &later]).await else {
        return;
    };
    let statement = world.get("metadata?mode=terminology").await.unwrap();
    for expected in [
        r#"{"uri":"http://here/animals","version":[{"code":"2","isDefault":true}],"subsumption":true}"#,
        r#"{"uri":"http://here/parts","version":[{"code":"10","isDefault":true},{"code":"2","isDefault":false}],"subsumption":false}"#,
        r#"{"uri":"http://unitsofmeasure.org","subsumption":false}"#,
        r#"{"uri":"urn:ietf:bcp:47","subsumption":false}"#,
        r#"{"uri":"urn:ietf:bcp:13","subsumption":false}"#,
        r#""translation":{"needsMap":false}"#,
    ] {
        assert!(statement.contains(expected), "{expected} in {statement}");
    }
    world.close().await;
}
