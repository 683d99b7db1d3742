//! Every path and method, and what is refused.

use super::*;

fn resource(json: &str) -> RouteBody {
    RouteBody::Resource(Resource::parse(json.to_owned()).unwrap())
}

fn body(name: &str) -> Option<RouteBody> {
    match name {
        "" => None,
        "patient" => Some(resource(r#"{"resourceType":"Patient","id":"1"}"#)),
        "parameters" => Some(resource(r#"{"resourceType":"Parameters"}"#)),
        "bundle" => Some(resource(r#"{"resourceType":"Bundle","type":"batch"}"#)),
        "patch" => Some(RouteBody::Patch(Patch::Xml(bytes::Bytes::from_static(
            b"<diff/>",
        )))),
        form => Some(RouteBody::Form(form.to_owned())),
    }
}

/// Routes `METHOD path?query`, with a body given by name.
fn routed(request: &str, body_name: &str, handling: Handling) -> Result<Routed> {
    let (method, target) = request.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    route(RouteRequest {
        method: &method.parse().unwrap(),
        path,
        query,
        body: body(body_name),
        if_match: None,
        if_none_match: None,
        if_none_exist: None,
        if_modified_since: None,
        handling,
    })
}

/// The interaction in a few words.
fn words(interaction: &Interaction) -> String {
    let scope = |scope: &SearchScope| match scope {
        SearchScope::System => "system".to_owned(),
        SearchScope::Type(resource_type) => resource_type.to_string(),
        SearchScope::Compartment(key, None) => format!("{key}/*"),
        SearchScope::Compartment(key, Some(member)) => format!("{key}/{member}"),
    };
    let name = interaction.name();
    match interaction {
        Interaction::Read { key, .. }
        | Interaction::Update { key, .. }
        | Interaction::Patch { key, .. }
        | Interaction::Delete { key, .. } => format!("{name} {key}"),
        Interaction::Vread { key, version } => format!("{name} {key} {version}"),
        Interaction::Create { resource_type, .. } => format!("{name} {resource_type}"),
        Interaction::ConditionalUpdate {
            resource_type,
            query,
            ..
        }
        | Interaction::ConditionalPatch {
            resource_type,
            query,
            ..
        }
        | Interaction::ConditionalDelete {
            resource_type,
            query,
        } => format!("{name} {resource_type} where {query}"),
        Interaction::History { scope, query } => format!("{name} {scope:?} {query}"),
        Interaction::Search { scope: of, query } => format!("{name} {} {query}", scope(of)),
        Interaction::Capabilities { mode } => format!("{name} {mode:?}"),
        Interaction::Bundle { .. } => name.to_owned(),
        Interaction::Operation {
            target,
            code,
            input,
            ..
        } => match input {
            OperationInput::Query(query) => format!("{name} {target:?} {code} query {query}"),
            OperationInput::Body(body, query) => {
                format!("{name} {target:?} {code} body {} {query}", body.is_some())
            }
            OperationInput::Unreadable(issues, query) => {
                format!(
                    "{name} {target:?} {code} unreadable {} {query}",
                    issues.len()
                )
            }
        },
    }
}

#[test]
fn every_path_and_method_has_its_interaction() {
    let check = |request: &str, body: &str, expected: &str| {
        let routed = routed(request, body, Handling::Strict).unwrap();
        assert_eq!(words(&routed.interaction), expected, "{request}");
        assert!(routed.warnings.is_empty(), "{request}");
    };
    check("GET Patient/1", "", "read Patient/1");
    check("GET /Patient/1/", "", "read Patient/1");
    check("HEAD Patient/a%2D1", "", "read Patient/a-1");
    check("GET Patient/1/_history/2", "", "vread Patient/1 2");
    check("GET Patient/1/_history/x", "", "vread Patient/1 x");
    check("POST Patient", "patient", "create Patient");
    check("PUT Patient/1", "patient", "update Patient/1");
    check("PUT Patient?a=b", "patient", "update Patient where a=b");
    check("PUT Patient/?a=b", "patient", "update Patient where a=b");
    check("PATCH Patient/1", "patch", "patch Patient/1");
    check("PATCH Patient/1", "parameters", "patch Patient/1");
    check("PATCH Patient?a=b", "patch", "patch Patient where a=b");
    check("DELETE Patient/1", "", "delete Patient/1");
    check("DELETE Patient?a=b", "", "delete Patient where a=b");
    check("GET _history?_count=1", "", "history System _count=1");
    check("GET Patient/_history", "", "history Type(Patient) ");
    let instance =
        r#"history Instance(ResourceKey { resource_type: Patient, id: ResourceId("1") }) "#;
    check("GET Patient/1/_history", "", instance);
    check("GET ?_type=Patient", "", "search system _type=Patient");
    check("GET Patient", "", "search Patient ");
    check("GET Patient?name=a%20b", "", "search Patient name=a%20b");
    check("POST _search", "a=b", "search system a=b");
    check("POST Patient/_search", "", "search Patient ");
    check("POST Patient/_search?a=b", "c=d", "search Patient a=b&c=d");
    check("GET Patient/1/*?a=b", "", "search Patient/1/* a=b");
    check(
        "GET Patient/1/Observation",
        "",
        "search Patient/1/Observation ",
    );
    check("POST Patient/1/_search", "a=b", "search Patient/1/* a=b");
    check("POST Patient/1/*/_search", "a=b", "search Patient/1/* a=b");
    check(
        "POST Patient/1/Observation/_search",
        "a=b",
        "search Patient/1/Observation a=b",
    );
    check("GET metadata", "", "capabilities None");
    check("GET metadata?mode=full", "", r#"capabilities Some("full")"#);
    check("POST ", "bundle", "transaction");
    check("POST /", "bundle", "transaction");
    check("GET $meta", "", "operation System meta query ");
    check("POST %24meta", "bundle", "operation System meta body true ");
    check(
        "POST Patient/$a-b?c=d",
        "",
        "operation Type(Patient) a-b body false c=d",
    );
    check(
        "POST Patient/$a?c=d",
        "e=f",
        "operation Type(Patient) a query c=d&e=f",
    );
    let meta = r#"operation Instance(ResourceKey { resource_type: Patient, id: ResourceId("1") }) meta query a=b"#;
    check("GET Patient/1/$meta?a=b", "", meta);
}

#[test]
fn what_means_nothing_is_refused() {
    let check = |request: &str, body: &str, kind: ErrorKind| {
        let error = routed(request, body, Handling::Strict).unwrap_err();
        assert_eq!(error.kind(), kind, "{request}: {error}");
    };
    for request in [
        "GET Nobody",
        "GET Nobody/1",
        "GET patient/1",
        "GET Nobody/1/_history/1",
        "GET Patient/1/Nobody",
        "GET Patient/1/2/3",
        "GET Patient/1/_history/1/2",
        "GET Patient/1/_history/1/2/3",
        "GET //",
        "GET $",
        "GET $a%20b",
        "GET Nobody/$meta",
    ] {
        check(request, "", ErrorKind::UnknownEndpoint);
    }
    check("GET Patient/a_b", "", ErrorKind::NotFound);
    check("DELETE Patient/a_b", "", ErrorKind::NotFound);
    check("GET Patient//_history", "", ErrorKind::NotFound);
    check("PUT Patient/a_b", "patient", ErrorKind::BadValue);
    check("GET Patient/%zz", "", ErrorKind::BadValue);
    check("GET Patient/%ff", "", ErrorKind::BadValue);
    for request in [
        "DELETE ",
        "POST metadata",
        "PUT metadata",
        "POST Patient/1",
        "GET Patient/_search",
        "GET _search",
        "POST _history",
        "PUT Patient/1/_history/1",
        "POST Patient/1/Observation",
        "PUT $meta",
        "TRACE Patient",
        "OPTIONS Patient",
        "GE Patient",
    ] {
        check(request, "", ErrorKind::MethodNotAllowed);
    }
}

#[test]
fn bodies_that_mean_nothing_are_refused() {
    let check = |request: &str, body: &str, kind: ErrorKind| {
        let error = routed(request, body, Handling::Strict).unwrap_err();
        assert_eq!(error.kind(), kind, "{request}: {error}");
    };
    for request in [
        "GET Patient/1",
        "DELETE Patient/1",
        "GET Patient",
        "GET $meta",
    ] {
        check(request, "patient", ErrorKind::Malformed);
    }
    check("POST Patient", "", ErrorKind::Malformed);
    check("PUT Patient/1", "", ErrorKind::Malformed);
    check("PATCH Patient/1", "", ErrorKind::Malformed);
    check("POST ", "", ErrorKind::Malformed);
    check("POST ", "patient", ErrorKind::Malformed);
    check("POST Observation", "patient", ErrorKind::Malformed);
    check("PUT Observation/1", "patient", ErrorKind::Malformed);
    check("PUT Observation?a=b", "patient", ErrorKind::Malformed);
    check("PUT Patient/2", "patient", ErrorKind::Malformed);
    check("PUT Bundle/1", "bundle", ErrorKind::Malformed);
    check("POST Patient", "a=b", ErrorKind::UnsupportedMediaType);
    check("POST Patient", "patch", ErrorKind::UnsupportedMediaType);
    check("PATCH Patient/1", "patient", ErrorKind::Malformed);
    check(
        "POST Patient/_search",
        "patient",
        ErrorKind::UnsupportedMediaType,
    );
    check("POST $meta", "patch", ErrorKind::UnsupportedMediaType);
    check("PUT Patient", "patient", ErrorKind::BadValue);
    check("PATCH Patient?&", "patch", ErrorKind::BadValue);
    check("DELETE Patient", "", ErrorKind::BadValue);
}

#[test]
fn unknown_query_parameters_are_refused_or_warned_of() {
    let check = |request: &str, body: &str, name: &str| {
        let error = routed(request, body, Handling::Strict).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadValue, "{request}");
        assert!(error.to_string().contains(name), "{error}");
        let lenient = routed(request, body, Handling::Lenient).unwrap();
        assert_eq!(lenient.warnings.len(), 1, "{request}");
        assert!(lenient.warnings[0].diagnostics.contains(name));
    };
    check("GET Patient/1?na%6De=x", "", "'name'");
    check("GET Patient/1/_history/1?name", "", "'name'");
    check("POST Patient?name=x", "patient", "'name'");
    check("PUT Patient/1?name=x", "patient", "'name'");
    check("PATCH Patient/1?name=x", "patch", "'name'");
    check("DELETE Patient/1?_cascade=delete", "", "'_cascade'");
    check("GET metadata?mode=full&x=y", "", "'x'");
    check("POST ?x=y", "bundle", "'x'");
    for request in ["GET metadata?mode=full&mode=full", "GET Patient/1?%zz=1"] {
        let error = routed(request, "", Handling::Lenient).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadValue, "{request}");
    }
}

#[test]
fn match_headers_are_lists_of_versions() {
    let check = |text: &str, expected: Option<&[i64]>| {
        let found = match EntityTags::parse(text) {
            Ok(EntityTags::Versions(versions)) => {
                Some(versions.iter().map(|version| version.number()).collect())
            }
            Ok(EntityTags::Any) => Some(vec![-1]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::BadValue);
                None
            }
        };
        assert_eq!(found.as_deref(), expected, "{text}");
    };
    check("*", Some(&[-1]));
    check(r#"W/"3""#, Some(&[3]));
    check(r#" "3" , W/"4""#, Some(&[3, 4]));
    check(r#"W/"abc""#, Some(&[]));
    check(r#"W/"""#, Some(&[]));
    check("3", None);
    check("", None);
    check(r#"W/"3"#, None);
    check(r#"W/"3","#, None);
    check(r#"W/"3" W/"4""#, None);
    check(r#"*, W/"3""#, None);
    let three = "3".parse().unwrap();
    assert!(EntityTags::Any.matches(three));
    assert!(EntityTags::Versions(vec![three]).matches(three));
    assert!(!EntityTags::Versions(Vec::new()).matches(three));
}

#[test]
fn a_condition_nobody_would_look_at_is_refused() {
    let tags = || Some(EntityTags::Any);
    let check = |method: Method, path: &str, query: &str, header: &str, is_allowed: bool| {
        let body = match method.as_str() {
            "GET" | "DELETE" => None,
            "PATCH" => body("patch"),
            _ => body("patient"),
        };
        let result = route(RouteRequest {
            method: &method,
            path,
            query,
            body,
            if_match: (header == "If-Match").then(tags).flatten(),
            if_none_match: (header == "If-None-Match").then(tags).flatten(),
            if_none_exist: (header == "If-None-Exist").then(|| "?a=b".to_owned()),
            if_modified_since: None,
            handling: Handling::Strict,
        });
        assert_eq!(result.is_ok(), is_allowed, "{method} {path} {header}");
    };
    for (method, path, query, headers) in [
        (Method::GET, "Patient/1", "", "If-None-Match"),
        (Method::GET, "Patient", "", "If-None-Match"),
        (Method::POST, "Patient", "", "If-None-Exist"),
        (Method::PUT, "Patient/1", "", "If-Match If-None-Match"),
        (Method::PUT, "Patient", "a=b", "If-Match If-None-Match"),
        (Method::PATCH, "Patient/1", "", "If-Match"),
        (Method::DELETE, "Patient/1", "", "If-Match"),
        (Method::DELETE, "Patient", "a=b", ""),
    ] {
        for header in ["If-Match", "If-None-Match", "If-None-Exist"] {
            let is_allowed = headers.split(' ').any(|name| name == header);
            check(method.clone(), path, query, header, is_allowed);
        }
    }
}

#[test]
fn if_none_exist_is_a_search() {
    let check = |text: &str, expected: Option<&str>| {
        let result = route(RouteRequest {
            method: &Method::POST,
            path: "Patient",
            query: "",
            body: body("patient"),
            if_match: None,
            if_none_match: None,
            if_none_exist: Some(text.to_owned()),
            if_modified_since: None,
            handling: Handling::Strict,
        });
        match result.map(|routed| routed.interaction) {
            Ok(Interaction::Create { if_none_exist, .. }) => {
                assert_eq!(if_none_exist.as_deref(), expected, "{text}");
            }
            other => assert!(expected.is_none() && other.is_err(), "{text}"),
        }
    };
    check("identifier=a|b", Some("identifier=a|b"));
    check(" ?identifier=a ", Some("identifier=a"));
    check("", None);
    check("?", None);
}
