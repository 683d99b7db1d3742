//! Who may manage accounts and clients, and that nobody keeps what is answered.

use super::testing::{Asking, Office, body};
use crate::interactions::Interaction;
use crate::operations::CallConditions;
use crate::operations::testing::said;

/// A call of each operation.
const CALLS: [(&str, &[&str]); 8] = [
    ("user-list", &[]),
    ("user-add", &["login=x", "fhir-user>Practitioner/x"]),
    ("user-set-password", &["login=anna"]),
    ("user-set-second-factor", &["login=anna"]),
    ("user-lock", &["login=anna"]),
    ("client-list", &[]),
    ("client-add", &["name=App", "scopes=openid"]),
    ("client-remove", &["client-id=other"]),
];

#[tokio::test]
async fn accounts_are_managed_by_people_whose_role_it_is_with_a_second_factor() {
    let Some(office) = Office::open().await else {
        return;
    };
    let administrator = Asking::administrator();
    let check = async |asking: Asking, expected: &str, changed: &str| {
        let cx = asking.request(&office.world);
        for (code, parameters) in CALLS {
            let expected = match code.ends_with("-list") {
                true => expected,
                false => changed,
            };
            let conditions = CallConditions::default();
            let (path, body) = (format!("${code}"), body(parameters));
            let called = office.world.call_with(&cx, &path, Some(&body), conditions);
            let refusal = said(called.await).unwrap_err();
            assert!(refusal.starts_with(expected), "{code}: {refusal}");
        }
    };
    let other = Asking {
        may: Vec::new(),
        ..administrator.clone()
    };
    check(other, "403 no role of yours", "403 no role of yours").await;
    let client = Asking {
        user: None,
        methods: vec!["swk".into()],
        ..administrator.clone()
    };
    let by_people = "403 accounts and clients are managed by a person";
    check(client, by_people, by_people).await;
    let weak = Asking {
        methods: vec!["pwd".into()],
        ..administrator
    };
    let strong = "403 whoever manages accounts and clients logs in with a second factor";
    check(weak, strong, "401 for this, log in").await;
    for (code, parameters) in CALLS {
        let body = body(parameters);
        let called = office.world.call(&format!("${code}"), Some(&body)).await;
        let refusal = called.unwrap_err();
        assert!(refusal.starts_with(by_people), "{code}: {refusal}");
    }
    office.world.close().await;
}

#[tokio::test]
async fn what_changes_something_asks_for_a_recent_login() {
    let Some(office) = Office::open().await else {
        return;
    };
    let cx = Asking {
        since: 301,
        ..Asking::administrator()
    };
    let cx = cx.request(&office.world);
    for (code, parameters) in CALLS {
        let conditions = CallConditions::default();
        let (path, body) = (format!("${code}"), body(parameters));
        let called = office.world.call_with(&cx, &path, Some(&body), conditions);
        match said(called.await) {
            Ok(_) => assert!(code.ends_with("-list"), "{code}"),
            Err(refusal) => {
                assert!(refusal.starts_with("401 for this, log in"), "{refusal}");
                assert!(!code.ends_with("-list"), "{code}");
            }
        }
    }
    office.world.close().await;
}

#[tokio::test]
async fn no_answer_is_kept_alone_or_in_a_batch() {
    let Some(office) = Office::open().await else {
        return;
    };
    for (code, parameters) in CALLS {
        let conditions = CallConditions {
            idempotency_key: Some("once".into()),
            ..CallConditions::default()
        };
        let (path, body) = (format!("${code}"), body(parameters));
        let called = office
            .world
            .call_with(&office.cx, &path, Some(&body), conditions);
        let refusal = said(called.await).unwrap_err();
        assert!(refusal.contains("no Idempotency-Key"), "{refusal}");
    }
    let path = "$user-list";
    let conditions = CallConditions::default();
    let called = office.world.call_with(&office.cx, path, None, conditions);
    let outcome = called.await.unwrap();
    assert!(outcome.is_never_kept);
    let shown = format!("{outcome:?}");
    assert!(
        shown.contains("status: 200") && !shown.contains("Parameters"),
        "{shown}"
    );
    let shown = format!(
        "{:?}",
        super::parameters(|list| super::flag(list, "x", true))
    );
    assert!(!shown.contains("Parameters"), "{shown}");
    let batch = async |url: &str| {
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"batch","entry":[{{"request":{{"method":"GET","url":"{url}"}}}}]}}"#
        );
        let resource = fhir::resource::Resource::parse(bundle).unwrap();
        let batch = Interaction::Bundle { resource };
        let interactions = &office.world.interactions;
        interactions.perform(&office.cx, batch).await.unwrap()
    };
    let answer = batch("$client-list").await;
    let text = String::from_utf8(answer.body.unwrap().to_vec()).unwrap();
    assert!(text.contains(r#""name":"more""#), "{text}");
    assert!(answer.is_never_kept);
    assert!(!batch("metadata").await.is_never_kept);
    office.world.close().await;
}
