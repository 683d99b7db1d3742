//! What is told of a search.

use fhir::json::Value;
use fhir::resource::Resource;

use crate::operations::testing::World;

#[tokio::test]
async fn a_search_is_explained_where_it_would_be_asked() {
    let Some(world) = World::new().await else {
        return;
    };
    world.put(r#"{"resourceType":"Patient","id":"a"}"#).await;
    world.put(r#"{"resourceType":"Patient","id":"b"}"#).await;
    for (url, matches) in [
        ("Patient/$explain", "2"),
        ("Patient/$explain?_id=a", "1"),
        ("Patient/$explain?_count=0", "2"),
        ("Patient/$explain?_count=1", "1"),
        ("Patient/$explain?gender=male", "0"),
        ("$explain?_type=Patient,Group&_id=b", "1"),
        ("Patient/b/$explain?_lastUpdated=gt2000", "1"),
    ] {
        let answer = world.get(url).await.unwrap();
        let answer = Resource::parse(answer).unwrap();
        let part = |name: &str| {
            let list = answer.get("parameter").unwrap();
            list.items()
                .find(|part| part.get("name").and_then(Value::string).as_deref() == Some(name))
                .unwrap()
        };
        let found = part("matches").get("valueDecimal").and_then(Value::number);
        assert_eq!(found, Some(matches), "{url}");
        let plan = part("plan").get("valueString").and_then(Value::string);
        assert!(plan.unwrap().contains("clauses"), "{url}");
        let statement = part("statement").get("part").unwrap();
        let said = |name: &str| {
            let mut parts = statement.items();
            let part = parts
                .find(|part| part.get("name").and_then(Value::string).as_deref() == Some(name));
            part.and_then(|part| part.get("valueString"))
                .and_then(Value::string)
                .unwrap()
                .into_owned()
        };
        assert!(said("sql").contains("resource"), "{url}");
        assert!(said("analysis").contains("Actual Total Time"), "{url}");
        for name in ["planned", "searched"] {
            assert!(part(name).get("valueDecimal").is_some(), "{url}");
        }
    }
    for url in [
        "Patient/$explain?nope=1",
        "Patient/$explain?search=x",
        "Nobody/$explain",
    ] {
        assert!(world.get(url).await.is_err(), "{url}");
    }
    world.close().await;
}
