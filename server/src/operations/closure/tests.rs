//! Tables that clients keep.

use fhir::json::Value;
use fhir::resource::Resource;

use crate::operations::testing::{ANIMALS, World};

/// The version of a table and what it says is new: `narrow<wide`.
fn news(map: &str) -> String {
    let map = Resource::parse(map.to_owned()).unwrap();
    let mut all = vec![
        map.get("version")
            .and_then(Value::string)
            .unwrap()
            .into_owned(),
    ];
    fn items<'a>(object: Value<'a>, name: &str) -> Vec<Value<'a>> {
        object
            .get(name)
            .into_iter()
            .flat_map(Value::items)
            .collect()
    }
    for group in items(map.root(), "group") {
        for element in items(group, "element") {
            for target in items(element, "target") {
                let code = |one: Value<'_>| {
                    one.get("code")
                        .and_then(Value::string)
                        .unwrap()
                        .into_owned()
                };
                all.push(format!("{}<{}", code(element), code(target)));
            }
        }
    }
    all.join(" ")
}

fn body(name: &str, codes: &[&str], version: Option<&str>) -> String {
    let mut parameters = vec![format!(r#"{{"name":"name","valueString":"{name}"}}"#)];
    parameters.extend(codes.iter().map(|code| {
        format!(r#"{{"name":"concept","valueCoding":{{"system":"http://here/animals","code":"{code}"}}}}"#)
    }));
    parameters.extend(
        version.map(|version| format!(r#"{{"name":"version","valueString":"{version}"}}"#)),
    );
    format!(
        r#"{{"resourceType":"Parameters","parameter":[{}]}}"#,
        parameters.join(",")
    )
}

#[tokio::test]
async fn a_table_grows_and_tells_what_is_new() {
    let Some(world) = World::with(&[ANIMALS]).await else {
        return;
    };
    let check = async |name: &str, codes: &[&str], version: Option<&str>, expected: &str| {
        let answer = world
            .call("$closure", Some(&body(name, codes, version)))
            .await;
        let answer = answer.map_or_else(|refusal| refusal, |map| news(&map));
        assert_eq!(answer, expected, "{name} {codes:?} {version:?}");
    };
    let unknown = "404 there is no closure table of that name; begin one by its name alone";
    check("t", &["dog"], None, unknown).await;
    check("t", &[], Some("0"), unknown).await;
    check("t", &[], None, "0").await;
    check("t", &["poodle", "animal"], None, "1 poodle<animal").await;
    check("t", &["dog", "plant"], None, "2 dog<animal poodle<dog").await;
    check("t", &["dog"], None, "3").await;
    check("t", &[], Some("1"), "3 dog<animal poodle<dog").await;
    check("t", &[], Some("0"), "3 dog<animal poodle<animal poodle<dog").await;
    check(
        "t",
        &[],
        Some("x"),
        "400 the version of a table is a number that was answered before",
    )
    .await;
    check(
        "t",
        &["dog"],
        Some("0"),
        "400 what is asked of the table is given in more than one way",
    )
    .await;
    check("t", &[], None, "0").await;
    check("t", &[], Some("0"), "0").await;
    check("", &[], None, "400 a value must not be empty").await;
    world.close().await;
}
