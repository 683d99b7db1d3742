//! What is recorded of which request, and what is refused where it cannot be.

use fhir::resource::Resource;

use crate::interactions::route::{RouteBody, RouteRequest, route};
use crate::interactions::{EntityTags, Interaction, ReadConditions};
use crate::operations::testing::World;

/// The rows of the trail, oldest first, in brief.
async fn rows(world: &World) -> Vec<String> {
    world
        .database()
        .texts(
            "select concat_ws(' ', interaction || coalesce(' $' || operation, ''), action, outcome, status, target, query,
                    '[' || regexp_replace(array_to_string(entities, ','), '[0-9a-f]{8}-[0-9a-f-]+', 'ID', 'g') || ']',
                    array_to_string(owners, ','), '(' || array_to_string(patients, ',') || ')')
               from audit order by seq",
        )
        .await
}

const ANNA: &str = r#"{"resourceType":"Patient","id":"anna","name":[{"family":"Moreau"}]}"#;
const PULSE: &str = r#"{"resourceType":"Observation","id":"pulse","status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/anna"},"performer":[{"reference":"Practitioner/ada"}]}"#;
const ADA: &str = r#"{"resourceType":"Practitioner","id":"ada"}"#;

#[tokio::test]
async fn every_interaction_leaves_one_row_that_says_what_was_touched_and_whose_it_is() {
    let Some(world) = World::audited().await else {
        return;
    };
    for resource in [ANNA, PULSE, ADA] {
        world.put(resource).await;
    }
    world.put(&PULSE.replace("final", "amended")).await;
    let reads = [
        "Observation/pulse",
        "Observation/pulse/_history/1",
        "Observation/pulse/_history",
        "Observation?_id=pulse&_include=Observation:performer",
        "Patient/anna/Observation?status=final",
        "Patient/anna/$everything",
        "Observation/none",
        "Observation?colour=red",
        "metadata",
    ];
    for url in reads {
        let _ = world.get(url).await;
    }
    let expected = [
        "update U 0 201 Patient/anna [Patient/anna/_history/1] 1 (anna)",
        "update U 0 201 Observation/pulse [Observation/pulse/_history/1] 1 (anna)",
        "update U 0 201 Practitioner/ada [Practitioner/ada/_history/1] 0 ()",
        "update U 0 200 Observation/pulse [Observation/pulse/_history/2] 1 (anna)",
        "read R 0 200 Observation/pulse [Observation/pulse/_history/2] 1 (anna)",
        "vread R 0 200 Observation/pulse [Observation/pulse/_history/1] 1 (anna)",
        "history-instance R 0 200 Observation/pulse [Observation/pulse/_history/2,Observation/pulse/_history/1] 1,1 (anna)",
        "search-type E 0 200 Observation _id=pulse&_include=Observation:performer [Observation/pulse/_history/2,Practitioner/ada/_history/1] 1,0 (anna)",
        "search-type E 0 200 Patient/anna/Observation status=final [Patient/anna] 1 (anna)",
        "operation $everything E 0 200 Patient/anna [Patient/anna/_history/1,Observation/pulse/_history/2,Practitioner/ada/_history/1] 1,1,0 (anna)",
        "read R 4 404 Observation/none [Observation/none] 0 ()",
        "search-type E 4 400 Observation colour=red []  ()",
    ];
    assert_eq!(rows(&world).await, expected);
    world.close().await;
}

/// The status a request is answered with that carries a resource, or nothing.
async fn send(world: &World, method: &str, url: &str, body: Option<&str>) -> u16 {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let body = body.map(|json| RouteBody::Resource(Resource::parse(json.to_owned()).unwrap()));
    let routed = route(RouteRequest {
        method: &method.parse().unwrap(),
        path,
        query,
        body,
        if_match: None,
        if_none_match: None,
        if_none_exist: None,
        if_modified_since: None,
        handling: world.cx.handling,
    });
    let interaction: Interaction = routed.unwrap().interaction;
    match world.interactions.perform(&world.cx, interaction).await {
        Ok(outcome) => outcome.status.as_u16(),
        Err(error) => error.status().as_u16(),
    }
}

#[tokio::test]
async fn a_write_commits_its_row_and_a_refused_one_leaves_one_too() {
    let Some(world) = World::audited().await else {
        return;
    };
    let new = PULSE.replace(r#""id":"pulse","#, "");
    let meta = r#"{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"system":"urn:x","code":"y"}]}}]}"#;
    let transaction = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[
            {{"resource":{PULSE},"request":{{"method":"PUT","url":"Observation/pulse"}}}},
            {{"request":{{"method":"DELETE","url":"Observation/old"}}}},
            {{"request":{{"method":"GET","url":"Patient/anna"}}}}]}}"#
    );
    let batch = r#"{"resourceType":"Bundle","type":"batch","entry":[
            {"request":{"method":"GET","url":"Patient/anna"}},
            {"request":{"method":"DELETE","url":"Observation/none"}}]}"#;
    let event = r#"{"resourceType":"AuditEvent","id":"e","type":{"code":"rest"},"recorded":"2026-01-01T00:00:00Z","agent":[{"requestor":true}],"source":{"observer":{"display":"x"}}}"#;
    let smuggled = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{event},"request":{{"method":"PUT","url":"AuditEvent/e"}}}}]}}"#
    );
    let requests = [
        ("PUT", "Patient/anna", Some(ANNA), 201),
        ("POST", "Observation", Some(&*new), 201),
        (
            "PUT",
            "Observation/old",
            Some(&PULSE.replace("\"pulse\"", "\"old\"")),
            201,
        ),
        ("POST", "Patient/anna/$meta-add", Some(meta), 200),
        ("POST", "", Some(&transaction), 200),
        ("POST", "", Some(batch), 200),
        ("DELETE", "Patient/anna", None, 409),
        ("DELETE", "Observation/pulse", None, 204),
        (
            "PUT",
            "Observation/other",
            Some(r#"{"resourceType":"Observation","id":"other"}"#),
            400,
        ),
        ("PUT", "AuditEvent/e", Some(event), 405),
        ("DELETE", "AuditEvent/e", None, 405),
        ("POST", "", Some(&smuggled), 405),
    ];
    for (method, url, body, status) in requests {
        assert_eq!(
            send(&world, method, url, body).await,
            status,
            "{method} {url}"
        );
    }
    let expected = [
        "update U 0 201 Patient/anna [Patient/anna/_history/1] 1 (anna)",
        "create C 0 201 Observation [Observation/ID/_history/1] 1 (anna)",
        "update U 0 201 Observation/old [Observation/old/_history/1] 1 (anna)",
        "operation $meta-add U 0 200 Patient/anna [Patient/anna/_history/2] 1 (anna)",
        "transaction E 0 200 [Observation/old/_history/2,Observation/pulse/_history/1,Patient/anna/_history/2] 1,1,1 (anna)",
        "delete D 0 204 Observation/none [Observation/none] 0 ()",
        "read R 0 200 Patient/anna [Patient/anna/_history/2] 1 (anna)",
        "batch E 0 200 []  ()",
        "delete D 4 409 Patient/anna [Patient/anna] 1 (anna)",
        "delete D 0 204 Observation/pulse [Observation/pulse/_history/2] 1 (anna)",
        "update U 4 400 Observation/other [Observation/other] 0 ()",
        "update U 4 405 AuditEvent/e [AuditEvent/e] 0 ()",
        "delete D 4 405 AuditEvent/e [AuditEvent/e] 0 ()",
        "transaction E 4 405 []  ()",
    ];
    assert_eq!(rows(&world).await, expected);
    world.close().await;
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_answered() {
    let Some(mut world) = World::audited().await else {
        return;
    };
    world.put(ANNA).await;
    world
        .database()
        .execute("revoke execute on function add_audit(json, bigint[]) from vesta_serve")
        .await
        .unwrap();
    assert_eq!(send(&world, "GET", "Patient/anna", None).await, 503);
    assert_eq!(send(&world, "GET", "Patient/none", None).await, 503);
    assert_eq!(send(&world, "PUT", "Patient/anna", Some(ANNA)).await, 500);
    world.interactions.reads_open = true;
    assert_eq!(send(&world, "GET", "Patient/anna", None).await, 200);
    assert_eq!(send(&world, "DELETE", "Patient/anna", None).await, 500);
    assert_eq!(rows(&world).await.len(), 1);
    let versions = world
        .database()
        .texts("select version_id::text from resource")
        .await;
    assert_eq!(versions, ["1"], "no write without its row");
    world.close().await;
}

#[tokio::test]
async fn the_role_of_serve_adds_to_the_trail_and_changes_nothing_of_it() {
    let Some(world) = World::audited().await else {
        return;
    };
    world.put(ANNA).await;
    let store = &world.interactions.store;
    assert!(!store.may_change_trail().await.unwrap());
    let as_serve = [
        "set role vesta_serve; update audit set outcome = 4",
        "set role vesta_serve; insert into audit overriding system value select * from audit",
        "set role vesta_serve; delete from audit",
        "set role vesta_serve; truncate audit",
        "set role vesta_serve; update audit_chain set seq = 4",
        "set role vesta_serve; delete from resource_history",
        "set role vesta_serve; select grant_serve('vesta_serve')",
        "set role vesta_serve; alter table audit disable trigger user",
        "set role vesta_serve; create table more (x integer)",
    ];
    for statement in as_serve {
        let refused = world.database().execute(statement).await.unwrap_err();
        let code = refused.as_database_error().and_then(|fault| fault.code());
        assert_eq!(code.as_deref(), Some("42501"), "{statement}");
    }
    // Whose tables stand before ours is up to whoever calls; ours takes no row twice.
    let smuggled = "create temp table audit (like public.audit); grant all on audit to vesta_serve; set role vesta_serve;
        select add_audit(json_build_array((select row_to_json(a) from public.audit a)), null)";
    let refused = world.database().execute(smuggled).await.unwrap_err();
    let refused = refused.as_database_error().unwrap();
    assert_eq!(refused.constraint(), Some("audit_nonce"), "{refused}");
    for statement in [
        "update audit set outcome = 4",
        "delete from audit",
        "truncate audit",
    ] {
        let refused = world.database().execute(statement).await.unwrap_err();
        let code = refused.as_database_error().and_then(|fault| fault.code());
        assert_eq!(
            code.as_deref(),
            Some("55000"),
            "the owner, without care: {statement}"
        );
    }
    world.close().await;
}

/// What the condition of a create finds is answered instead, beside writes and without any.
#[tokio::test]
async fn what_a_create_in_a_transaction_finds_is_read() {
    let Some(world) = World::audited().await else {
        return;
    };
    world.put(ANNA).await;
    let found = format!(
        r#"{{"resource":{},"request":{{"method":"POST","url":"Patient","ifNoneExist":"family=Moreau"}}}}"#,
        ANNA.replace(r#""id":"anna","#, "")
    );
    let write =
        format!(r#"{{"resource":{ADA},"request":{{"method":"PUT","url":"Practitioner/ada"}}}}"#);
    for entries in [format!("{found},{write}"), found] {
        let bundle =
            format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entries}]}}"#);
        assert_eq!(send(&world, "POST", "", Some(&bundle)).await, 200);
    }
    let expected = [
        "update U 0 201 Patient/anna [Patient/anna/_history/1] 1 (anna)",
        "transaction E 0 200 [Patient/anna/_history/1,Practitioner/ada/_history/1] 1,0 (anna)",
        "transaction E 0 200 [Patient/anna/_history/1] 1 (anna)",
    ];
    assert_eq!(rows(&world).await, expected);
    world.close().await;
}

#[tokio::test]
async fn a_record_that_is_told_again_is_there_once() {
    let Some(world) = World::audited().await else {
        return;
    };
    let store = &world.interactions.store;
    let cx = world
        .cx
        .audited_as(crate::context::Audited::new("read", "R"));
    let record = store.record(&cx).unwrap();
    for _ in 0..2 {
        store.add_record(record.clone()).await.unwrap();
    }
    assert_eq!(rows(&world).await.len(), 1);
    world.close().await;
}

const STROKE: &str = r##"{"resourceType":"MedicationRequest","id":"mr","status":"active","intent":"order","subject":{"reference":"Patient/anna"},
    "contained":[{"resourceType":"Medication","id":"m","code":{"text":"aspirin"},"status":"active"}],"medicationReference":{"reference":"#m"}}"##;

/// Answers that hold no resource, or hold a part of one, tell of it all the same.
#[tokio::test]
async fn what_an_answer_tells_of_without_holding_it_is_recorded() {
    let Some(world) = World::audited().await else {
        return;
    };
    for resource in [ANNA, PULSE, STROKE] {
        world.put(resource).await;
    }
    let known = Interaction::Read {
        key: "Observation/pulse".parse().unwrap(),
        conditions: ReadConditions {
            if_none_match: Some(EntityTags::Any),
            if_modified_since: None,
        },
    };
    let answer = world.interactions.perform(&world.cx, known).await.unwrap();
    assert_eq!(answer.status.as_u16(), 304);
    for url in [
        "Observation/pulse/$meta",
        "Observation/pulse/$validate",
        "Observation/pulse/$validate?mode=delete",
        "Medication?status=active&_contained=true",
    ] {
        world.get(url).await.unwrap();
    }
    let batch = r#"{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"GET","url":"Observation/pulse","ifNoneMatch":"W/\"1\""}}]}"#;
    assert_eq!(send(&world, "POST", "", Some(batch)).await, 200);
    // The id in the body of a create is not that of the patient who is made.
    let other = ANNA.replace("anna", "bob");
    assert_eq!(send(&world, "POST", "Patient", Some(&other)).await, 201);
    let pulse = "[Observation/pulse/_history/1] 1 (anna)";
    let told = rows(&world).await.split_off(3);
    let expected = [
        format!("read R 0 304 Observation/pulse {pulse}"),
        format!("operation $meta E 0 200 Observation/pulse {pulse}"),
        format!("operation $validate E 0 200 Observation/pulse {pulse}"),
        format!("operation $validate E 0 200 Observation/pulse mode=delete {pulse}"),
        "search-type E 0 200 Medication status=active&_contained=true [MedicationRequest/mr/_history/1] 1 (anna)".to_owned(),
        format!("transaction E 0 200 {pulse}"),
    ];
    assert_eq!(told[..6], expected);
    let made = &told[6];
    assert!(!made.contains("bob") && made.contains("] 1 ("), "{made}");
    world.close().await;
}

/// Whose a version is, is found out once, and of each version by itself.
#[tokio::test]
async fn a_resource_that_is_given_to_another_patient_is_read_as_theirs() {
    let Some(world) = World::audited().await else {
        return;
    };
    for resource in [ANNA, &ANNA.replace("anna", "bob"), PULSE] {
        world.put(resource).await;
    }
    let both = ["Observation/pulse", "Observation?_id=pulse"];
    for url in both.iter().chain(&both) {
        world.get(url).await.unwrap();
    }
    world
        .put(&PULSE.replace("Patient/anna", "Patient/bob"))
        .await;
    for url in ["Observation/pulse", "Observation/pulse/_history/1", both[1]] {
        world.get(url).await.unwrap();
    }
    let owned = "select array_to_string(entities || patients, ' ') from audit where action in ('R', 'E') order by seq";
    let (first, second) = (
        "Observation/pulse/_history/1 anna",
        "Observation/pulse/_history/2 bob",
    );
    let expected = [first, first, first, first, second, first, second];
    assert_eq!(world.database().texts(owned).await, expected);
    world.close().await;
}
