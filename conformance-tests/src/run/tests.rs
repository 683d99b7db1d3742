//! The runner against a server of canned answers, and the case files themselves.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails where it panics"
)]

use std::collections::BTreeSet;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Verdict, case_files, load, run};
use crate::case::Case;
use crate::json::{Json, read};
use crate::wire::Client;

/// A server that answers `POST …/created` with 201 once and 200 after, all else with what it was sent.
async fn serve(listener: TcpListener) {
    let mut created = false;
    while let Ok((mut socket, _)) = listener.accept().await {
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count) = socket.read(&mut buffer).await {
            received.extend(&buffer[..count]);
            if count == 0 || complete(&received) {
                break;
            }
        }
        let text = String::from_utf8_lossy(&received).into_owned();
        let body = text
            .split_once("\r\n\r\n")
            .map(|(_, body)| body)
            .unwrap_or_default();
        let status = match text.split(' ').nth(1) {
            Some("/fhir/created") if !created => {
                created = true;
                "201 Created"
            }
            Some("/fhir/missing") => "404 Not Found",
            _ => "200 OK",
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nETag: W/\"3\"\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let _sent = socket.write_all(answer.as_bytes()).await;
    }
}

fn complete(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

async fn verdict(case: &str) -> Verdict {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/fhir", listener.local_addr().unwrap());
    let case: Case = serde_json::from_str(case).unwrap();
    let capabilities = read(r#"{"kind":"instance"}"#).unwrap();
    let client = Client::new().unwrap();
    tokio::select! {
        () = serve(listener) => panic!("the server ended"),
        verdict = run(&client, &base, &capabilities, &case) => verdict,
    }
}

async fn check(steps: &str, failure: &str) {
    let case = format!(r#"{{"title": "t", "spec": "s", "steps": {steps}}}"#);
    match verdict(&case).await {
        Verdict::Failed(why) => assert!(
            !failure.is_empty() && why.contains(failure),
            "{steps}: {why}"
        ),
        other => assert!(
            failure.is_empty() && other == Verdict::Passed,
            "{steps}: {other:?}"
        ),
    }
}

#[tokio::test]
async fn what_is_captured_is_known_to_later_steps() {
    check(
        r#"[{"request": "POST echo", "json": {"id": "${uid}", "n": 1.10}, "expect": {"status": 200,
              "json": {"/n": 1.10}, "headers": {"ETag": "W/\"3\""}},
             "capture": {"id": {"json": "/id"}, "n": {"json": "/n"}, "all": {"body": true},
                         "version": {"header": "ETag", "regex": "\"(.*)\""}}},
            {"request": "POST ?x=${n}", "text": "${id} ${version}",
             "expect": {"status": 200, "text": "${uid} 3"}},
            {"request": "POST ${base}/echo", "text": "${all}", "headers": {"Accept": null, "X": ["a", "b"]},
             "expect": {"status": 200, "same-as": "all"}}]"#,
        "",
    )
    .await;
}

#[tokio::test]
async fn a_step_that_may_take_its_time_is_repeated_until_it_holds() {
    let step = |seconds: u64, status: u16| {
        format!(
            r#"[{{"request": "POST created", "eventually": {seconds}, "expect": {{"status": {status}}}}}]"#
        )
    };
    // The second answer is another than the first.
    check(&step(0, 200), "status 201").await;
    check(&step(60, 200), "").await;
    check(&step(1, 404), "status 200").await;
}

#[tokio::test]
async fn parallel_requests_are_judged_one_by_one_and_together() {
    let step = |body: &str, expect: &str| {
        format!(
            r#"[{{"request": "POST created", "json": {{"v": {body}}}, "parallel": 4, "expect": {expect}}}]"#
        )
    };
    let counted = r#"{"status": [200, 201], "counts": {"201": 1, "200": 3}, "alike": ["/v"]}"#;
    check(&step("1", counted), "").await;
    check(&step(r#""${n}""#, counted), "/v differs").await;
    check(
        &step("1", r#"{"status": [200, 201], "counts": {"200": 4}}"#),
        "statuses",
    )
    .await;
    check(
        &step("1", r#"{"status": [200]}"#),
        "status 201, expected [200]",
    )
    .await;
}

#[tokio::test]
async fn what_is_not_met_names_the_step() {
    for (step, failure) in [
        (
            r#"{"request": "GET missing", "expect": {"status": 200}}"#,
            "step 1 (GET missing): status 404",
        ),
        (
            r#"{"request": "GET missing", "expect": {"status": 404}}"#,
            "no OperationOutcome",
        ),
        (
            r#"{"request": "HEAD missing", "expect": {"status": 404}}"#,
            "",
        ),
        (
            r#"{"request": "GET ${x}", "expect": {"status": 200}}"#,
            "nothing is named `x`",
        ),
        (
            r#"{"request": "G\u0000T a", "expect": {"status": 200}}"#,
            "is no method",
        ),
        (
            r#"{"request": "GET a", "headers": {"a b": "c"}, "expect": {"status": 200}}"#,
            "invalid HTTP header",
        ),
        (
            r#"{"request": "GET a", "base64": "?", "expect": {"status": 200}}"#,
            "Invalid",
        ),
        (
            r#"{"request": "GET a", "text": "a", "xml": "b", "expect": {"status": 200}}"#,
            "more than one body",
        ),
        (
            r#"{"request": "POST a", "json": {}, "expect": {"status": 200}, "capture": {"x": {"json": "/y"}}}"#,
            "nothing at /y to capture",
        ),
        (
            r#"{"request": "GET a", "expect": {"status": 200}, "capture": {"x": {"header": "Age"}}}"#,
            "no header Age to capture",
        ),
        (
            r#"{"request": "GET a", "expect": {"status": 200}, "capture": {"x": {"header": "ETag", "regex": "z(.)"}}}"#,
            "has no z(.)",
        ),
        (
            r#"{"request": "GET a", "expect": {"status": 200}, "capture": {"x": {}}}"#,
            "a capture of nothing",
        ),
        (
            r#"{"request": "GET http://127.0.0.1:1/", "expect": {"status": 200}}"#,
            "no answer",
        ),
    ] {
        check(&format!("[{step}]"), failure).await;
    }
}

#[tokio::test]
async fn a_case_applies_where_the_capability_statement_says_so() {
    let case = |kind: &str| {
        format!(r#"{{"title": "t", "spec": "s", "needs": {{"/kind": "{kind}"}}, "steps": []}}"#)
    };
    assert_eq!(verdict(&case("instance")).await, Verdict::Passed);
    assert_eq!(verdict(&case("capability")).await, Verdict::Skipped);
}

#[test]
fn every_case_file_is_one_rule_with_its_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let files = case_files(&folder, "").unwrap();
    assert!(files.len() > 500, "{} case files", files.len());
    let mut titles = BTreeSet::new();
    for (name, file) in files {
        let case = load(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!case.steps.is_empty(), "{name}: no steps");
        assert!(case.spec.starts_with("https://"), "{name}: {}", case.spec);
        assert!(
            titles.insert(case.title.clone()),
            "{name}: a second case `{}`",
            case.title
        );
        for step in &case.steps {
            for matcher in step.expect.json.values().chain(step.expect.xml.values()) {
                assert!(
                    rules_are_known(&read(matcher.get()).unwrap()),
                    "{name}: {matcher}"
                );
            }
        }
    }
}

fn rules_are_known(matcher: &Json) -> bool {
    const RULES: [&str; 12] = [
        "$absent",
        "$present",
        "$regex",
        "$length",
        "$any",
        "$all",
        "$not",
        "$each",
        "$contains",
        "$lacks",
        "$like",
        "$set",
    ];
    match matcher {
        Json::Object(members) => members.iter().all(|(name, value)| {
            (!name.starts_with('$') || RULES.contains(&name.as_str())) && rules_are_known(value)
        }),
        Json::Array(items) => items.iter().all(rules_are_known),
        _ => true,
    }
}

#[test]
fn a_file_that_is_no_case_says_why() {
    let missing = load(Path::new("nowhere.json")).unwrap_err();
    assert!(missing.contains("No such file"), "{missing}");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert!(load(&manifest).unwrap_err().starts_with("not a case: "));
    assert!(
        case_files(Path::new("nowhere"), "")
            .unwrap_err()
            .starts_with("nowhere: ")
    );
}
