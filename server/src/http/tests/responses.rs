//! What an outcome becomes: status, headers, and the body in the form asked for.

use super::*;
use crate::error::{Error, ErrorKind};
use fhir::outcome::{Issue, IssueType, Severity};

const JSON: &str = "Content-Type: application/fhir+json";

#[tokio::test]
async fn a_read_is_the_stored_text_and_its_version() {
    let server = Server::new(|_| Ok(read(PATIENT)));
    let answer = server.get("/fhir/Patient/1", &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), PATIENT);
    for (name, value) in [
        ("content-type", "application/fhir+json; charset=utf-8"),
        ("etag", "W/\"3\""),
        ("last-modified", "Thu, 29 Feb 2024 12:34:56 GMT"),
        ("vary", "accept"),
        ("location", ""),
    ] {
        assert!(answer.header(name).starts_with(value), "{name}: {answer:?}");
    }
    let head = server.send("HEAD /fhir/Patient/1", &[], "").await;
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), PATIENT.len().to_string());
    assert_eq!(head.header("etag"), "W/\"3\"");
    let versioned = ["Accept: application/fhir+json; fhirVersion=4.0"];
    let versioned = server.get("/fhir/Patient/1", &versioned).await;
    let expected = "application/fhir+json; fhirVersion=4.0; charset=utf-8";
    assert_eq!(versioned.header("content-type"), expected);
}

#[tokio::test]
async fn what_nobody_keeps_is_in_no_cache() {
    let server = Server::new(|interaction| {
        let is_never_kept = matches!(interaction, Interaction::Operation { .. });
        Ok(Outcome {
            is_never_kept,
            ..read(PATIENT)
        })
    });
    let answer = server.get("/fhir/$user-list", &[]).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = server.get("/fhir/Patient/1", &[]).await;
    assert_eq!(answer.header("cache-control"), "");
}

#[tokio::test]
async fn an_appointment_is_an_event_of_a_calendar_where_that_is_asked_for() {
    let booked = r#"{"resourceType":"Appointment","id":"1","status":"booked","start":"2026-12-01T09:00:00+01:00","end":"2026-12-01T09:20:00+01:00"}"#;
    let waiting = r#"{"resourceType":"Appointment","id":"2","status":"waitlist"}"#;
    let server = Server::new(move |interaction| match interaction {
        Interaction::Read { key, .. } if key.id.as_str() == "2" => Ok(read(waiting)),
        _ => Ok(read(booked)),
    });
    let check = async |path: &str, accept: &str, status: u16, content_type: &str| {
        let answer = server.get(path, &[&format!("Accept: {accept}")]).await;
        let sent = answer.header("content-type");
        assert_eq!(
            (answer.status.as_u16(), sent),
            (status, content_type),
            "{path} {accept}"
        );
        answer.text().to_string()
    };
    let json = "application/fhir+json; charset=utf-8";
    let calendar = "text/calendar; charset=utf-8";
    let one = "/fhir/Appointment/1";
    let event = check(one, "text/calendar", 200, calendar).await;
    assert!(
        event.contains("\r\nDTSTART:20261201T080000Z\r\n"),
        "{event}"
    );
    check(
        one,
        "text/calendar, application/fhir+json;q=0.5",
        200,
        calendar,
    )
    .await;
    check(
        "/fhir/Appointment/1?_format=text/calendar",
        "*/*",
        200,
        calendar,
    )
    .await;
    assert_eq!(
        check(one, "application/fhir+json, text/calendar;q=0.5", 200, json).await,
        booked
    );
    assert_eq!(check(one, "*/*", 200, json).await, booked);
    check("/fhir/Appointment/2", "text/calendar", 406, json).await;
    check("/fhir/Patient/1", "text/calendar", 406, json).await;
}

#[tokio::test]
async fn xml_pretty_text_and_parts_are_made_of_it() {
    let server = Server::new(|interaction| {
        Ok(match interaction {
            Interaction::Search { .. } => Outcome::body(
                StatusCode::OK,
                format!(
                    r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{PATIENT}}}]}}"#
                ),
            ),
            _ => read(PATIENT),
        })
    });
    let check = async |path: &str, accept: &str, expected: &str| {
        let answer = server.get(path, &[&format!("Accept: {accept}")]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.text(), expected, "{path}");
    };
    let xml = r#"<Patient xmlns="http://hl7.org/fhir"><id value="1"/><active value="true"/><birthDate value="1970-01-01"/></Patient>"#;
    let xml_answer = server.get("/fhir/Patient/1?_format=xml", &[]).await;
    assert!(xml_answer.text().ends_with(xml), "{}", xml_answer.text());
    assert_eq!(
        xml_answer.header("content-type"),
        "application/fhir+xml; charset=utf-8"
    );
    let pretty = "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"1\",\n  \"active\": true,\n  \"birthDate\": \"1970-01-01\"\n}\n";
    check("/fhir/Patient/1?_pretty=true", "*/*", pretty).await;
    let tag = r#""meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}"#;
    let cut = format!(r#"{{"resourceType":"Patient","id":"1",{tag},"birthDate":"1970-01-01"}}"#);
    check("/fhir/Patient/1?_elements=birthDate", "*/*", &cut).await;
    let page =
        format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{cut}}}]}}"#);
    check("/fhir/Patient?_elements=birthDate", "*/*", &page).await;
    let whole = page.replace(&cut, PATIENT);
    check("/fhir/Patient?_summary=count", "*/*", &whole).await;
    let xml_cut = server
        .get("/fhir/Patient/1?_elements=birthDate&_format=xml", &[])
        .await;
    assert!(xml_cut.text().contains("SUBSETTED"), "{}", xml_cut.text());
}

#[tokio::test]
async fn what_xml_cannot_carry_is_not_acceptable() {
    let json = PATIENT.replace("1970-01-01", "\\u0001");
    let server = Server::new(move |_| Ok(read(&json)));
    let answer = server.get("/fhir/Patient/1?_format=xml", &[]).await;
    assert_eq!(answer.status, 406);
    assert!(answer.text().contains("<OperationOutcome"));
}

#[tokio::test]
async fn a_write_answers_as_preferred() {
    let server = Server::new(|interaction| {
        Ok(match interaction {
            Interaction::Delete { .. } => Outcome::empty(StatusCode::NO_CONTENT),
            _ => Outcome {
                status: StatusCode::CREATED,
                location: Some(("Patient/1".parse().unwrap(), "3".parse().unwrap())),
                is_write: true,
                issues: vec![Issue::new(
                    Severity::Information,
                    IssueType::Informational,
                    "well done",
                )],
                ..read(PATIENT)
            },
        })
    });
    let check = async |prefer: &[&str], expected: &str| {
        let mut headers = vec![JSON];
        headers.extend(prefer);
        let answer = server.send("POST /fhir/Patient", &headers, PATIENT).await;
        assert_eq!(answer.status, 201);
        assert!(answer.text().contains(expected), "{}", answer.text());
        assert_eq!(answer.text().is_empty(), expected.is_empty());
        let location = format!("{BASE}/Patient/1/_history/3");
        assert_eq!(answer.header("location"), location);
        assert_eq!(answer.header("etag"), "W/\"3\"");
        assert_eq!(
            answer.header("content-type").is_empty(),
            expected.is_empty()
        );
    };
    check(&[], PATIENT).await;
    check(&["Prefer: return=representation"], PATIENT).await;
    check(&["Prefer: return=minimal"], "").await;
    check(&["Prefer: return=operationoutcome"], "well done").await;
    check(&["Prefer: return=everything"], PATIENT).await;
    let deleted = server.send("DELETE /fhir/Patient/1", &[], "").await;
    assert_eq!((deleted.status.as_u16(), deleted.text()), (204, ""));
    let prefer = ["Prefer: return=OperationOutcome"];
    let deleted = server.send("DELETE /fhir/Patient/1", &prefer, "").await;
    assert_eq!(deleted.status, 200);
    assert!(
        deleted.is_outcome("informational", ""),
        "{}",
        deleted.text()
    );
}

#[tokio::test]
async fn not_modified_has_no_body() {
    let server = Server::new(|interaction| {
        Ok(Outcome {
            status: match interaction {
                Interaction::Capabilities { .. } => StatusCode::OK,
                _ => StatusCode::NOT_MODIFIED,
            },
            ..read(PATIENT)
        })
    });
    for (path, header, status) in [
        ("/fhir/Patient/1", "If-None-Match: W/\"3\"", 304),
        ("/fhir/metadata", "If-None-Match: W/\"3\"", 304),
        ("/fhir/metadata", "If-None-Match: W/\"2\"", 200),
    ] {
        let answer = server.get(path, &[header]).await;
        assert_eq!(answer.status, status, "{path} {header}");
        assert_eq!(answer.body.is_empty(), status == 304);
        assert_eq!(answer.header("etag"), "W/\"3\"");
    }
}

#[tokio::test]
async fn warnings_stand_beside_a_body() {
    let server = Server::new(|_| Ok(read(PATIENT)));
    let path = "/fhir/Patient/1?a%22=b&c=d";
    let answer = server.get(path, &["Prefer: handling=lenient"]).await;
    assert_eq!(answer.text(), PATIENT);
    let warnings: Vec<_> = answer.headers.get_all("warning").into_iter().collect();
    assert_eq!(warnings.len(), 2);
    let expected = "199 - \"the query parameter 'a'' means nothing to this interaction\"";
    assert_eq!(warnings[0], expected);
}

#[tokio::test]
async fn issues_without_a_body_are_the_body() {
    let server = Server::new(|_| {
        Ok(Outcome {
            issues: vec![Issue::new(
                Severity::Warning,
                IssueType::NotFound,
                "nothing there",
            )],
            ..Outcome::empty(StatusCode::OK)
        })
    });
    let answer = server.send("DELETE /fhir/Patient/1", &[], "").await;
    assert!(answer.is_outcome("not-found", "nothing there"));
}

#[tokio::test]
async fn errors_are_outcomes_in_the_format_asked_for() {
    let server = Server::new(|_| Err(Error::new(ErrorKind::Gone, "deleted & gone")));
    let answer = server.get("/fhir/Patient/1", &[]).await;
    assert_eq!(answer.status, 410);
    assert!(answer.is_outcome("deleted", "deleted & gone"));
    let xml = server
        .get("/fhir/Patient/1", &["Accept: application/fhir+xml"])
        .await;
    assert_eq!(xml.status, 410);
    assert_eq!(
        xml.header("content-type"),
        "application/fhir+xml; charset=utf-8"
    );
    assert!(
        xml.text()
            .contains("<diagnostics value=\"deleted &amp; gone\"/>")
    );
    let routed = server
        .get("/fhir/Nobody?_format=xml&_pretty=true", &[])
        .await;
    assert_eq!(routed.status, 404);
    assert!(routed.text().contains("\n  <issue>"), "{}", routed.text());
    let outside = server.get("/nothing", &["Accept: text/xml"]).await;
    assert_eq!(outside.status, 404);
    assert!(outside.text().contains("<code value=\"not-supported\"/>"));
    let head = server.send("HEAD /fhir/Patient/1", &[], "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (410, 0));
}

#[tokio::test]
async fn a_fault_tells_the_client_nothing() {
    let server = Server::new(|_| Err(Error::internal("secret table is locked")));
    let answer = server.get("/fhir/Patient/1", &[]).await;
    assert_eq!(answer.status, 500);
    assert!(answer.is_outcome("exception", "request id"));
    assert!(!answer.text().contains("secret"));
}

#[tokio::test]
async fn a_refused_booking_is_a_bundle_where_that_is_set() {
    let refused = |_| {
        let error = crate::error::OpError::AppointmentClash
            .refused("a required resource is no longer free");
        Err(error)
    };
    let settings = Settings {
        ihe_error_bundle: true,
        ..settings()
    };
    let server = Server::with(settings, refused);
    let parameters = r#"{"resourceType":"Parameters"}"#;
    let check = async |server: &Server, path: &str, expected: &[&str]| {
        let answer = server
            .send(&format!("POST {path}"), &[JSON], parameters)
            .await;
        assert_eq!(answer.status, 409, "{path}");
        let body = Document::parse(answer.text().to_string()).unwrap();
        let entry = body.root().get("entry").and_then(|all| all.items().next());
        let outcome = match entry {
            Some(entry) => {
                let mode = entry
                    .at(&["search", "mode"])
                    .and_then(fhir::json::Value::string);
                assert_eq!(mode.as_deref(), Some("outcome"));
                assert_eq!(body.root().get("type").unwrap().raw(), r#""searchset""#);
                entry.get("resource").unwrap()
            }
            None => body.root(),
        };
        let issues = outcome.get("issue").unwrap().items();
        let codes: Vec<String> = issues
            .map(|one| one.get("code").unwrap().raw().replace('"', ""))
            .collect();
        let mut said = vec![if entry.is_some() {
            "Bundle"
        } else {
            "OperationOutcome"
        }];
        said.extend(codes.iter().map(String::as_str));
        assert_eq!(said, expected, "{path}");
    };
    check(&server, "/fhir/Appointment/$book", &["Bundle", "conflict"]).await;
    check(
        &server,
        "/fhir/Appointment/$hold",
        &["Bundle", "conflict", "not-found"],
    )
    .await;
    check(
        &server,
        "/fhir/Appointment/a/$cancel",
        &["OperationOutcome", "conflict"],
    )
    .await;
    let server = Server::new(refused);
    check(
        &server,
        "/fhir/Appointment/$hold",
        &["OperationOutcome", "conflict"],
    )
    .await;
}
