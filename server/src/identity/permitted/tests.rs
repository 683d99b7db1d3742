//! What scopes let through, as long as they are all that is asked.

use fhir::resource::Resource;
use http::Method;

use super::*;
use crate::auth::{Authentication, LaunchContext, Scopes};
use crate::context::Handling;
use crate::interactions::route::{Route, RouteBody, RouteRequest};

fn grant(user: Option<&str>, scopes: &str) -> Grant {
    Grant {
        id: uuid::Uuid::nil(),
        client_id: "app".into(),
        user: user.map(|user| user.parse().unwrap()),
        login: None,
        scopes: Scopes::parse(scopes).scopes,
        launch: LaunchContext::default(),
        purpose: None,
        authentication: Authentication {
            at: jiff::Timestamp::UNIX_EPOCH,
            methods: Vec::new(),
            acr: None,
        },
        expires: jiff::Timestamp::MAX,
    }
}

fn interaction(request: &str) -> Interaction {
    let (method, url) = request.split_once(' ').unwrap();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let method: Method = method.parse().unwrap();
    let resource_type = path.split('/').nth(1).unwrap_or_default();
    let body = match (resource_type, path.contains('$')) {
        ("", _) => r#"{"resourceType":"Bundle","type":"batch"}"#.to_owned(),
        (_, true) => r#"{"resourceType":"Parameters"}"#.to_owned(),
        (name, false) => format!(r#"{{"resourceType":"{name}","id":"1"}}"#),
    };
    let has_body = method == Method::POST || method == Method::PUT;
    let body = has_body.then(|| RouteBody::Resource(Resource::parse(body).unwrap()));
    let route = Route::parse(&method, path).unwrap();
    let routed = route.interaction(RouteRequest {
        method: &method,
        path,
        query,
        body,
        if_match: None,
        if_none_match: None,
        if_none_exist: None,
        if_modified_since: None,
        handling: Handling::Strict,
    });
    routed.unwrap().interaction
}

fn check(grant: &Grant, request: &str, expected: bool) {
    let permitted = permitted(grant, &interaction(request));
    assert_eq!(permitted.is_ok(), expected, "{} {request}", grant.scopes);
    if let Err(error) = permitted {
        assert_eq!(error.kind(), ErrorKind::Forbidden);
    }
}

#[test]
fn a_scope_lets_through_what_it_names() {
    let anna = |scopes: &str| grant(Some("Practitioner/anna"), scopes);
    let reader = anna("user/Patient.rs");
    check(&reader, "GET /Patient/1", true);
    check(&reader, "GET /Patient/1/_history/1", true);
    check(&reader, "GET /Patient?name=a&_count=3", true);
    check(&reader, "GET /Observation/1", false);
    check(&reader, "GET /Observation", false);
    check(&reader, "POST /Patient", false);
    check(&reader, "PUT /Patient/1", false);
    check(&reader, "DELETE /Patient/1", false);
    check(&reader, "GET /metadata", true);
    check(&anna("user/Patient.u"), "PUT /Patient/1", false);
    check(&anna("user/Patient.cu"), "PUT /Patient/1", true);
    check(&anna("user/Patient.c"), "POST /Patient", true);
    check(&anna("user/Patient.d"), "DELETE /Patient/1", true);
    check(&anna("user/Patient.r"), "GET /Patient", false);
}

#[test]
fn what_reaches_beyond_its_type_needs_everything() {
    let anna = |scopes: &str| grant(Some("Practitioner/anna"), scopes);
    for request in [
        "GET /Patient?_include=Patient:organization",
        "GET /Patient?_revinclude=Observation:subject",
        "GET /Patient?_has:Observation:patient:code=a",
        "GET /Patient?organization.name=a",
        "GET /Patient?_filter=name eq a",
        "GET /Patient?_contained=true",
        "GET /Patient/1/Observation",
        "GET /Patient/1/_history",
        "GET /_history",
        "GET /?_type=Patient",
        "POST /",
        "POST /Patient/$meta",
        "DELETE /Patient?name=a",
    ] {
        check(&anna("user/Patient.cruds"), request, false);
        check(&anna("user/*.crus"), request, false);
        check(&anna("user/*.cruds"), request, true);
    }
}

#[test]
fn what_would_need_rows_told_apart_is_refused() {
    let everything = "patient/*.cruds user/*.cruds system/*.cruds";
    for user in ["Patient/1", "RelatedPerson/1"] {
        check(&grant(Some(user), everything), "GET /Patient/1", false);
    }
    let anna = Some("Practitioner/anna");
    check(&grant(anna, "patient/*.cruds"), "GET /Patient/1", false);
    check(&grant(anna, "system/*.cruds"), "GET /Patient/1", false);
    check(
        &grant(anna, "user/Patient.r?name=a"),
        "GET /Patient/1",
        false,
    );
    check(&grant(None, "user/*.cruds"), "GET /Patient/1", false);
    check(&grant(None, "system/Patient.r"), "GET /Patient/1", true);
}
