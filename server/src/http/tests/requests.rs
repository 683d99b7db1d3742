//! What a request becomes: the interaction, its context, and what is refused before.

use std::fmt::Write;

use super::*;
use crate::context::Handling;
use crate::interactions::EntityTags;

const JSON: &str = "Content-Type: application/fhir+json";
const BUNDLE: &str = r#"{"resourceType":"Bundle","type":"batch"}"#;

fn server() -> Server {
    Server::new(|_| Ok(read(PATIENT)))
}

/// Request, header, body, and what the interaction shows.
const PATHS: [(&str, &str, &str, &str); 17] = [
    (
        "GET /fhir/Patient/1",
        "",
        "",
        "Read { key: ResourceKey { resource_type: Patient",
    ),
    ("HEAD /fhir/Patient/1", "", "", "Read {"),
    (
        "GET /fhir/Patient/1?_format=json&_pretty=true&_summary=false",
        "",
        "",
        "Read {",
    ),
    (
        "GET /fhir?name=x",
        "",
        "",
        "Search { scope: System, query: \"name=x\" }",
    ),
    (
        "GET /fhir/?_type=Patient",
        "",
        "",
        "query: \"_type=Patient\" }",
    ),
    (
        "GET /fhir/Patient/?a=b",
        "",
        "",
        "Search { scope: Type(Patient), query: \"a=b\" }",
    ),
    (
        "GET /fhir/Patient?a=b&_format=json&_elements=id",
        "",
        "",
        "query: \"a=b&_format=json&_elements=id\" }",
    ),
    (
        "GET /fhir/Patient/_history?_count=2&_format=json",
        "",
        "",
        "query: \"_count=2&_format=json\" }",
    ),
    (
        "POST /fhir/Patient/_search?a=b",
        "Content-Type: application/x-www-form-urlencoded",
        "c=%20d&_summary=true",
        "query: \"a=b&c=%20d&_summary=true\" }",
    ),
    (
        "GET /fhir/Patient/$x?_format=json&_elements=id",
        "",
        "",
        "input: Query(\"_format=json&_elements=id\")",
    ),
    (
        "POST /fhir/Patient",
        JSON,
        PATIENT,
        "Create { resource_type: Patient",
    ),
    (
        "PUT /fhir/Patient?a=b&_pretty=true",
        JSON,
        PATIENT,
        "query: \"a=b\"",
    ),
    (
        "POST /fhir",
        JSON,
        r#"{"resourceType":"Bundle","type":"batch"}"#,
        "Bundle { resource",
    ),
    (
        "PATCH /fhir/Patient/1",
        "Content-Type: application/json-patch+json",
        "[]",
        "patch: Json(",
    ),
    (
        "PATCH /fhir/Patient/1",
        "Content-Type: application/xml-patch+xml",
        "<diff/>",
        "patch: Xml(",
    ),
    ("DELETE /fhir/Patient/1", "", "", "Delete { key"),
    (
        "GET /fhir/metadata?mode=full",
        "",
        "",
        "Capabilities { mode: Some(\"full\") }",
    ),
];

#[tokio::test]
async fn paths_below_the_base_become_interactions() {
    let server = server();
    for (request, headers, body, expected) in PATHS {
        let headers: Vec<&str> = Some(headers)
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect();
        let answer = server.send(request, &headers, body).await;
        assert_eq!(answer.status, 200, "{request}: {answer:?}");
        assert!(
            server.last().contains(expected),
            "{request}: {}",
            server.last()
        );
    }
}

#[tokio::test]
async fn headers_become_conditions() {
    let server = server();
    let check = async |request: &str, headers: &[&str], expected: &str| {
        let body = if request.starts_with("P") {
            PATIENT
        } else {
            ""
        };
        let answer = server.send(request, headers, body).await;
        assert_eq!(answer.status, 200, "{request}: {}", answer.text());
        assert!(server.last().contains(expected), "{}", server.last());
    };
    let tags = format!(
        "{:?}",
        Some(EntityTags::Versions(vec!["3".parse().unwrap()]))
    );
    let read = "GET /fhir/Patient/1";
    check(
        read,
        &["If-None-Match: W/\"3\""],
        &format!("if_none_match: {tags}"),
    )
    .await;
    check(
        read,
        &["If-Modified-Since: Thu, 29 Feb 2024 12:34:56 GMT"],
        "if_modified_since: Some(2024-02-29T12:34:56Z)",
    )
    .await;
    check(
        read,
        &["If-Modified-Since: yesterday"],
        "if_modified_since: None",
    )
    .await;
    let update = "PUT /fhir/Patient/1";
    check(
        update,
        &[JSON, "If-Match: W/\"3\""],
        &format!("if_match: {tags}"),
    )
    .await;
    check(
        update,
        &[JSON, "If-None-Match: *"],
        "if_none_match: Some(Any)",
    )
    .await;
    check(
        "POST /fhir/Patient",
        &[JSON, "If-None-Exist: identifier=a|b"],
        "if_none_exist: Some(\"identifier=a|b\")",
    )
    .await;
}

#[tokio::test]
async fn the_context_carries_the_request_id_and_the_preferences() {
    let server = server();
    let check = async |headers: &[&str], handling: Handling, id: Option<&str>| {
        let answer = server.get("/fhir/Patient/1", headers).await;
        let asked = server.asked.lock().unwrap();
        let (cx, _) = asked.last().unwrap();
        assert_eq!(cx.handling, handling, "{headers:?}");
        assert_eq!(*cx.base_url, *BASE);
        assert_eq!(answer.header("x-request-id"), &*cx.request_id);
        match id {
            Some(id) => assert_eq!(&*cx.request_id, id),
            None => assert_eq!(cx.request_id.len(), 36, "{headers:?}"),
        }
    };
    check(&[], Handling::Strict, None).await;
    check(
        &["X-Request-Id: a-1.B_2"],
        Handling::Strict,
        Some("a-1.B_2"),
    )
    .await;
    check(&["X-Request-Id: a b"], Handling::Strict, None).await;
    let mut long = "X-Request-Id: ".to_owned();
    (0..65).for_each(|_| long.write_char('x').unwrap());
    check(&[&long], Handling::Strict, None).await;
    check(&["Prefer: handling=lenient"], Handling::Lenient, None).await;
    check(
        &["Prefer: wait=1, Handling=\"Lenient\"; x=y"],
        Handling::Lenient,
        None,
    )
    .await;
    check(
        &["Prefer: handling=strict", "Prefer: handling=lenient"],
        Handling::Strict,
        None,
    )
    .await;
    check(&["Prefer: handling=whatever"], Handling::Strict, None).await;
}

/// Request, headers, body, and the status and issue code that refuse it.
const WRONG: [(&str, &[&str], &str, u16, &str); 23] = [
    ("GET /fhir/Nobody/1", &[], "", 404, "not-supported"),
    ("GET /fhir/Patient/a_b", &[], "", 404, "not-found"),
    ("GET /fhir/Patient/1?x=y", &[], "", 400, "value"),
    ("GET /fhir/Patient/1?_pretty=yes", &[], "", 400, "value"),
    ("GET /fhir/Patient/1?_summary=all", &[], "", 400, "value"),
    ("GET /fhir/Patient/1?_summary=count", &[], "", 400, "value"),
    (
        "GET /fhir/Patient/1?_elements=nothing",
        &[],
        "",
        400,
        "value",
    ),
    ("GET /fhir/Patient/1?_elements=a.b", &[], "", 400, "value"),
    (
        "GET /fhir/Patient/1?_elements=id&_elements=no",
        &[],
        "",
        400,
        "value",
    ),
    (
        "GET /fhir/Patient/1?_format=json&_format=json",
        &[],
        "",
        400,
        "value",
    ),
    ("GET /fhir/Patient/1?_format=%zz", &[], "", 400, "value"),
    (
        "GET /fhir/Patient/1?_summary=true&_elements=id",
        &[],
        "",
        400,
        "value",
    ),
    ("GET /fhir/Patient?_elements=nothing", &[], "", 400, "value"),
    ("POST /fhir?_summary=true", &[JSON], BUNDLE, 400, "value"),
    (
        "GET /fhir/Patient/1",
        &["Accept: image/png"],
        "",
        406,
        "not-supported",
    ),
    (
        "GET /fhir/Patient/1?_format=ttl",
        &[],
        "",
        406,
        "not-supported",
    ),
    (
        "GET /fhir/Patient/1",
        &["If-None-Match: 3"],
        "",
        400,
        "value",
    ),
    (
        "PUT /fhir/Patient/1",
        &[JSON, "If-Match: \"3"],
        PATIENT,
        400,
        "value",
    ),
    (
        "PUT /fhir/Patient/1",
        &[JSON, "If-Match: \"3\"", "If-Match: \"4\""],
        PATIENT,
        400,
        "value",
    ),
    (
        "PUT /fhir/Patient/1",
        &[JSON, "If-Match: W/\"\u{e4}\""],
        PATIENT,
        400,
        "value",
    ),
    (
        "POST /fhir/Patient",
        &[JSON, "If-None-Exist: "],
        PATIENT,
        400,
        "value",
    ),
    ("DELETE /fhir/Patient/1", &[JSON], PATIENT, 400, "structure"),
    (
        "PUT /fhir/Patient/1",
        &[JSON, "X-Security-Context: Patient/1"],
        PATIENT,
        400,
        "value",
    ),
];

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let server = server();
    for (request, headers, body, status, code) in WRONG {
        let before = server.asked.lock().unwrap().len();
        let answer = server.send(request, headers, body).await;
        assert_eq!(answer.status, status, "{request} {headers:?}: {answer:?}");
        assert!(answer.is_outcome(code, ""), "{request}: {}", answer.text());
        assert!(!answer.header("x-request-id").is_empty());
        assert_eq!(server.asked.lock().unwrap().len(), before, "{request}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_says_which_are() {
    let server = server();
    let check = async |request: &str, allow: &str| {
        let answer = server.send(request, &[], "").await;
        assert_eq!(answer.status, 405, "{request}");
        assert_eq!(answer.header("allow"), allow, "{request}");
        assert!(answer.is_outcome("not-supported", "allow"), "{request}");
    };
    check("POST /fhir/Patient/1", "GET, HEAD, PUT, PATCH, DELETE").await;
    check("DELETE /fhir", "GET, HEAD, POST").await;
    check("GET /fhir/Patient/_search", "POST").await;
    check("PUT /fhir/metadata", "GET, HEAD").await;
    check("TRACE /fhir/metadata", "GET, HEAD").await;
    check("POST /health/live", "GET, HEAD").await;
    check("PUT /", "GET, HEAD").await;
    // The server alone writes what it has recorded.
    for path in ["AuditEvent", "AuditEvent/1-1"] {
        let options = server.send(&format!("OPTIONS /fhir/{path}"), &[], "").await;
        assert_eq!(options.header("allow"), "GET, HEAD", "{path}");
    }
    let options = server.send("OPTIONS /fhir/Patient", &[], "").await;
    assert_eq!(options.status, 204);
    assert_eq!(
        options.header("allow"),
        "GET, HEAD, POST, PUT, PATCH, DELETE"
    );
    assert_eq!(
        server.send("OPTIONS /fhir/Nobody", &[], "").await.status,
        404
    );
}
