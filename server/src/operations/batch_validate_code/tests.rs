//! Several validations in one call.

use fhir::json::Value;
use fhir::resource::Resource;

use crate::operations::testing::{ANIMALS, PETS, World, brief};

#[tokio::test]
async fn each_is_answered_in_its_place() {
    let Some(world) = World::with(&[ANIMALS, PETS]).await else {
        return;
    };
    let one = |parameters: &str| {
        format!(
            r#"{{"name":"validation","resource":{{"resourceType":"Parameters","parameter":[{parameters}]}}}}"#
        )
    };
    let coding = |code: &str| {
        format!(
            r#"{{"name":"coding","valueCoding":{{"system":"http://here/animals","code":"{code}"}}}}"#
        )
    };
    let body = format!(
        r#"{{"resourceType":"Parameters","parameter":[{{"name":"url","valueUri":"http://here/pets"}},{},{},{},{}]}}"#,
        one(&coding("dog")),
        one(&coding("plant")),
        one(&format!(
            r#"{{"name":"url","valueUri":"http://here/all"}},{}"#,
            coding("plant")
        )),
        one(r#"{"name":"url","valueUri":"http://here/none"}"#),
    );
    let answer = world
        .call("ValueSet/$batch-validate-code", Some(&body))
        .await
        .unwrap();
    let answer = Resource::parse(answer).unwrap();
    let answers = answer.get("parameter").unwrap().items();
    let said = answers.map(|one| {
        let resource = one.get("resource").unwrap();
        match resource
            .get("resourceType")
            .and_then(Value::string)
            .as_deref()
        {
            Some("Parameters") => brief(resource.raw()).split(' ').next().unwrap().to_owned(),
            other => other.unwrap().to_owned(),
        }
    });
    let expected = [
        "result=true",
        "result=false",
        "result=true",
        "OperationOutcome",
    ];
    assert_eq!(said.collect::<Vec<_>>(), expected);
    world.close().await;
}
