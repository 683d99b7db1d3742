//! Everything that can be asked, by those who may ask nothing of it.

use super::clinic::Clinic;

/// Every interaction and every operation, those to come as well: without a scope there is nothing, and without the right one
/// neither.
#[tokio::test]
async fn without_a_scope_nothing_is_done() {
    let Some(clinic) = Clinic::of(1).await else {
        return;
    };
    let key = "Condition/c-zq00zq";
    let body =
        r#"{"resourceType":"Condition","id":"c-zq00zq","subject":{"reference":"Patient/zq00zq"}}"#;
    let mut requests = vec![
        format!("GET {key}"),
        format!("HEAD {key}"),
        format!("GET {key}/_history/1"),
        format!("GET {key}/_history"),
        "GET Condition/_history".to_owned(),
        "GET _history".to_owned(),
        "GET Condition".to_owned(),
        "GET ?_type=Condition".to_owned(),
        "GET Patient/zq00zq/Condition".to_owned(),
        "GET Patient/zq00zq/*".to_owned(),
        format!("POST Condition {body}"),
        format!("POST Condition!code=a {body}"),
        format!("PUT {key} {body}"),
        format!("PUT Condition?code=a {body}"),
        format!(r#"PATCH {key} [{{"op":"remove","path":"/code"}}]"#),
        r#"PATCH Condition?code=a [{"op":"remove","path":"/code"}]"#.to_owned(),
        format!("DELETE {key}"),
        "DELETE Condition?code=a".to_owned(),
    ];
    // What is for whoever asks: none of it is told by whom, and nothing of a patient.
    let public = [
        ("bulk-publish", "GET $bulk-publish"),
        ("calendar", "GET Practitioner/doctor/$calendar?key=guessed"),
    ];
    for operation in clinic.world.interactions.operations.entries() {
        if public.iter().any(|(code, _)| *code == operation.code) {
            continue;
        }
        let code = operation.code;
        if operation.is_system {
            requests.push(format!("POST ${code}"));
        }
        for one in operation.resource_types {
            requests.push(format!("POST {one}/${code}"));
            requests.push(format!("POST {one}/nothing/${code}"));
        }
    }
    assert!(requests.len() > 1_000);
    let other = "patient/Immunization.d";
    for (who, scopes) in [
        ("Patient/zq00zq", "openid"),
        ("client", "openid"),
        ("Patient/zq00zq", other),
    ] {
        let access = clinic.access(who, scopes).await;
        for request in &requests {
            let answer = clinic.ask(&access, request).await;
            // What is not called on a type or an instance is no endpoint.
            let is_none = answer.status == 404 && answer.body.contains("is called on");
            assert!(
                answer.status == 403 || is_none,
                "{who} with {scopes}: {request}: {answer:?}"
            );
        }
    }
    let access = clinic.access("client", "openid").await;
    assert_eq!(clinic.ask(&access, "GET metadata").await.status, 200);
    for (_, request) in public {
        let answer = clinic.ask(&access, request).await;
        assert_eq!(answer.status, 404, "it is not there: {answer:?}");
    }
    clinic.close().await;
}
