//! Bodies: formats, sizes, compression, and Binary in its own format.

use std::io::Write;

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;

const JSON: &str = "Content-Type: application/fhir+json";
const XML: &str = "Content-Type: application/fhir+xml";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A server that answers a write with what it was sent.
fn echo() -> Server {
    Server::new(|interaction| {
        Ok(match interaction {
            Interaction::Create { resource, .. } | Interaction::Update { resource, .. } => {
                Outcome::body(StatusCode::OK, resource.document().bytes().clone())
            }
            _ => Outcome::empty(StatusCode::OK),
        })
    })
}

#[tokio::test]
async fn resources_arrive_in_json_and_xml() {
    let server = echo();
    let xml =
        r#"<Patient xmlns="http://hl7.org/fhir"><id value="1"/><active value="true"/></Patient>"#;
    let json = r#"{"resourceType":"Patient","id":"1","active":true}"#;
    for (content_type, body) in [
        (JSON, json),
        ("Content-Type: application/json; charset=UTF-8", json),
        ("Content-Type: text/json", json),
        (XML, xml),
        ("Content-Type: text/xml", xml),
    ] {
        let answer = server
            .send("POST /fhir/Patient", &[content_type], body)
            .await;
        assert_eq!(answer.text(), json, "{content_type}");
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_with_their_place() {
    let server = echo();
    let check = async |headers: &[&str], body: &[u8], status: u16, says: &str| {
        let answer = server
            .send("POST /fhir/Patient", headers, body.to_vec())
            .await;
        assert_eq!(
            answer.status,
            status,
            "{headers:?} {says}: {}",
            answer.text()
        );
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
    };
    check(&[JSON], b"", 400, "needed").await;
    check(&[JSON], b"{", 400, "line 1, column 2").await;
    let (line, column) = (
        r#"{"url":"http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line","valueInteger":1}"#,
        r#"{"url":"http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col","valueInteger":2}"#,
    );
    check(&[JSON], b"{", 400, &format!("[{line},{column}]")).await;
    check(&[JSON], b"[]", 400, "object").await;
    check(&[JSON], b"{}", 400, "resourceType").await;
    check(
        &[JSON],
        br#"{"resourceType":"Nobody"}"#,
        400,
        "resource type",
    )
    .await;
    check(&[JSON], b"\xff", 400, "UTF-8").await;
    check(&[JSON], br#"{"a":1,"a":2}"#, 400, "twice").await;
    check(&[XML], b"<Patient", 400, "line 1").await;
    check(
        &[XML],
        b"<Nobody xmlns=\"http://hl7.org/fhir\"/>",
        400,
        "Nobody",
    )
    .await;
    check(
        &[XML],
        b"<!DOCTYPE x [<!ENTITY a \"b\">]><Patient/>",
        400,
        "document type",
    )
    .await;
    check(&[], PATIENT.as_bytes(), 415, "Content-Type").await;
    for content_type in [
        "application/fhir+json; charset=latin1",
        "application/fhir+json; fhirVersion=3.0",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/json-patch+json",
    ] {
        let header = format!("Content-Type: {content_type}");
        check(&[&header], b"[]", 415, "not-supported").await;
    }
    let form = "Content-Type: application/x-www-form-urlencoded";
    let search = server
        .send("POST /fhir/Patient/_search", &[form], "a=\u{e4}")
        .await;
    assert_eq!(search.status, 200);
    let search = server
        .send("POST /fhir/_search", &[form], b"a=\xff".to_vec())
        .await;
    assert!(search.is_outcome("structure", "UTF-8"));
}

#[tokio::test]
async fn a_body_is_held_to_its_limit_after_decompression() {
    let server = echo();
    let large = format!(
        r#"{{"resourceType":"Patient","id":"{}"}}"#,
        "x".repeat(2000)
    );
    let check = async |headers: &[&str], body: Vec<u8>, status: u16| {
        let answer = server.send("POST /fhir/Patient", headers, body).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text());
    };
    check(&[JSON, "Content-Encoding: gzip"], gzip(PATIENT), 200).await;
    check(&[JSON, "Content-Encoding: gzip"], gzip(&large), 413).await;
    check(&[JSON], large.clone().into_bytes(), 413).await;
    check(&[JSON, "Content-Length: 2000"], Vec::new(), 413).await;
    check(&[JSON, "Content-Encoding: gzip"], PATIENT.into(), 400).await;
    check(&[JSON, "Content-Encoding: br"], PATIENT.into(), 415).await;
    let exact = format!("{PATIENT}{}", " ".repeat(1000 - PATIENT.len()));
    check(&[JSON], exact.clone().into_bytes(), 200).await;
    check(&[JSON], format!("{exact} ").into_bytes(), 413).await;
    let chunks = PATIENT
        .as_bytes()
        .chunks(7)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
    let chunked = Body::from_stream(futures_util::stream::iter(chunks.collect::<Vec<_>>()));
    let answer = server.send("POST /fhir/Patient", &[JSON], chunked).await;
    assert_eq!(answer.text(), PATIENT);
}

#[tokio::test]
async fn large_answers_are_compressed_where_the_client_can_read_it() {
    let server = Server::new(|interaction| {
        let length = match interaction {
            Interaction::Read { key, .. } => key.id.as_str().parse().unwrap(),
            _ => 0,
        };
        Ok(read(&"x".repeat(length)))
    });
    let check = async |length: usize, accept: &str, encoding: &str| {
        let header = format!("Accept-Encoding: {accept}");
        let answer = server
            .get(&format!("/fhir/Patient/{length}"), &[&header])
            .await;
        assert_eq!(
            answer.header("content-encoding"),
            encoding,
            "{length} {accept}"
        );
        assert_eq!(answer.body.len() < length, !encoding.is_empty());
    };
    check(1023, "gzip", "").await;
    check(2000, "gzip", "gzip").await;
    check(2000, "zstd", "zstd").await;
    check(2000, "gzip;q=0", "").await;
    check(2000, "identity", "").await;
}

const BINARY: &str = r#"{"resourceType":"Binary","id":"1","contentType":"text/csv","securityContext":{"reference":"Patient/1"},"data":"YSxi\nCg=="}"#;

#[tokio::test]
async fn a_binary_goes_out_as_what_it_holds() {
    let server = Server::new(|_| Ok(read(&BINARY.replace('\n', ""))));
    let check = async |path: &str, accept: &str, content_type: &str| {
        let answer = server.get(path, &[&format!("Accept: {accept}")]).await;
        assert_eq!(answer.status, 200, "{accept}: {}", answer.text());
        assert_eq!(
            answer.header("content-type"),
            content_type,
            "{path} {accept}"
        );
        assert_eq!(answer.header("etag"), "W/\"3\"");
        let is_content = content_type == "text/csv";
        assert_eq!(answer.text() == "a,b\n", is_content);
        let sandbox = [
            "content-security-policy",
            "x-content-type-options",
            "x-security-context",
        ];
        let expected = if is_content {
            ["sandbox", "nosniff", "Patient/1"]
        } else {
            [""; 3]
        };
        assert_eq!(sandbox.map(|name| answer.header(name)), expected);
    };
    let json = "application/fhir+json; charset=utf-8";
    check("/fhir/Binary/1", "text/csv", "text/csv").await;
    check("/fhir/Binary/1", "*/*", "text/csv").await;
    check("/fhir/Binary/1/_history/3", "image/png", "text/csv").await;
    check("/fhir/Binary/1", "application/fhir+json", json).await;
    check(
        "/fhir/Binary/1",
        "application/fhir+xml",
        "application/fhir+xml; charset=utf-8",
    )
    .await;
    check("/fhir/Binary/1?_format=json", "text/csv", json).await;
    check("/fhir/Binary/1?_elements=data", "*/*", json).await;
    let head = server.send("HEAD /fhir/Binary/1", &[], "").await;
    assert_eq!(
        (head.header("content-length"), head.header("content-type")),
        ("4", "text/csv")
    );
    let refused = server.get("/fhir/Patient/1", &["Accept: text/csv"]).await;
    assert_eq!(refused.status, 406);
}

#[tokio::test]
async fn an_error_about_a_binary_is_still_an_outcome() {
    let server = Server::new(|_| {
        Err(crate::error::Error::new(
            crate::error::ErrorKind::NotFound,
            "no such resource",
        ))
    });
    let answer = server.get("/fhir/Binary/1", &["Accept: image/png"]).await;
    assert_eq!(answer.status, 404);
    assert!(answer.is_outcome("not-found", ""));
}

#[tokio::test]
async fn content_sent_to_binary_becomes_a_binary() {
    let server = echo();
    let check = async |request: &str, headers: &[&str], body: &str, expected: &str| {
        let mut headers = headers.to_vec();
        headers.push("Accept: application/fhir+json");
        let answer = server.send(request, &headers, body.to_owned()).await;
        assert_eq!(answer.text(), expected, "{request} {headers:?}");
    };
    check(
        "POST /fhir/Binary",
        &["Content-Type: text/csv; charset=latin1"],
        "a,b\n",
        r#"{"resourceType":"Binary","contentType":"text/csv; charset=latin1","data":"YSxiCg=="}"#,
    )
    .await;
    check(
        "PUT /fhir/Binary/x",
        &["Content-Type: text/csv", "X-Security-Context: Patient/1"],
        "a",
        r#"{"resourceType":"Binary","id":"x","contentType":"text/csv","securityContext":{"reference":"Patient/1"},"data":"YQ=="}"#,
    )
    .await;
    check(
        "POST /fhir/Binary",
        &["Content-Type: application/json"],
        "[1]",
        r#"{"resourceType":"Binary","contentType":"application/json","data":"WzFd"}"#,
    )
    .await;
    let binary = r#"{"resourceType":"Binary","id":"1","contentType":"text/csv"}"#;
    for content_type in ["Content-Type: application/json", JSON] {
        check("PUT /fhir/Binary/1", &[content_type], binary, binary).await;
    }
    let untyped = server.send("POST /fhir/Binary", &[], "a").await;
    assert_eq!(untyped.status, 415);
    let empty = server
        .send("POST /fhir/Binary", &["Content-Type: text/csv"], "")
        .await;
    assert_eq!(empty.status, 400);
}
