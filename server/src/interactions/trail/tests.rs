//! Searches of the trail, and events as they are read: valid, canonical, and one for each patient.

use fhir::json::{Document, Value};
use fhir::resource::Resource;

use crate::auth::{Access, Reason};
use crate::context::RequestContext;
use crate::interactions::Interaction;
use crate::operations::testing::World;

const ANNA: &str = r#"{"resourceType":"Patient","id":"anna"}"#;
const BOB: &str = r#"{"resourceType":"Patient","id":"bob"}"#;
const PULSE: &str = r#"{"resourceType":"Observation","id":"pulse","status":"final","code":{"text":"p"},"subject":{"reference":"Patient/anna"}}"#;

/// A few requests: two creations by update, a look at both patients, one that fails.
async fn world() -> Option<World> {
    let world = World::audited().await?;
    for resource in [ANNA, BOB, PULSE] {
        world.put(resource).await;
    }
    world.get("Patient?_id=anna,bob").await.unwrap();
    world.get("Patient/none").await.unwrap_err();
    Some(world)
}

/// The ids of what a search finds, and whether there is a next page.
async fn found(world: &World, query: &str) -> String {
    let bundle = match world.get(query).await {
        Ok(bundle) => Document::parse(bundle).unwrap(),
        Err(refusal) => return refusal,
    };
    let entries = bundle.root().get("entry");
    let ids = entries.into_iter().flat_map(Value::items).map(|entry| {
        let id = entry.at(&["resource", "id"]).and_then(Value::string);
        id.map_or("outcome".to_owned(), |id| id.into_owned())
    });
    let mut said = ids.collect::<Vec<_>>().join(" ");
    if let Some(total) = bundle.root().get("total") {
        said.push_str(&format!(" of {}", total.number().unwrap()));
    }
    said
}

/// Events are 1-1 (anna), 2-1 (bob), 3-1 (pulse of anna), 4-1 (both: bob, the newest first), 4-2 (both: anna), 5-1 (none); each search adds one.
const SEARCHES: [(&str, &str); 22] = [
    ("AuditEvent?patient=Patient/anna", "4-2 3-1 1-1 of 3"),
    (
        "AuditEvent?patient=http://localhost/fhir/Patient/bob&action=E",
        "4-1 of 1",
    ),
    (
        "AuditEvent?patient=anna,bob&action=E&_summary=count",
        " of 4",
    ),
    ("AuditEvent?entity=Observation/pulse&action=U", "3-1 of 1"),
    ("AuditEvent?entity=Patient/bob&action=U", "2-1 of 1"),
    ("AuditEvent?outcome=4", "5-1 of 1"),
    (
        "AuditEvent?outcome=http://hl7.org/fhir/audit-event-outcome|4",
        "5-1 of 1",
    ),
    (
        "AuditEvent?subtype=update&_count=2&_total=accurate",
        "3-1 2-1 of 3",
    ),
    (
        "AuditEvent?subtype=http://hl7.org/fhir/restful-interaction|read",
        "5-1 of 1",
    ),
    (
        "AuditEvent?type=rest&action=U&_sort=-date",
        "3-1 2-1 1-1 of 3",
    ),
    (
        "AuditEvent?type=http://dicom.nema.org/resources/ontology/DCM|110113",
        " of 0",
    ),
    ("AuditEvent?date=lt2026-01-01", " of 0"),
    (
        "AuditEvent?date=ge2026-01-01&date=lt2200&action=U&_count=1",
        "3-1",
    ),
    (
        "AuditEvent?agent=Device/node-1&action=U",
        "3-1 2-1 1-1 of 3",
    ),
    ("AuditEvent?agent=Practitioner/ada", " of 0"),
    ("AuditEvent?policy=urn:uuid:5e7d", " of 0"),
    ("AuditEvent?_id=1-1,3-1,x", "3-1 1-1 of 2"),
    ("Patient/bob/AuditEvent?action=U", "2-1 of 1"),
    (
        "AuditEvent?source=Device/node-1",
        "400 AuditEvents are not searched by 'source'; they are by _id, _lastUpdated, action, address, agent, altid, date, entity, outcome, patient, policy, subtype, type",
    ),
    (
        "AuditEvent?patient:missing=true",
        "400 AuditEvents are not searched by 'patient:missing'; they are by _id, _lastUpdated, action, address, agent, altid, date, entity, outcome, patient, policy, subtype, type",
    ),
    (
        "AuditEvent?_sort=date",
        "400 AuditEvents come newest first ('_sort=-date'), and in no other order",
    ),
    (
        "AuditEvent?entity=pulse",
        "400 'entity' must be [type]/[id]",
    ),
];

#[tokio::test]
async fn the_trail_is_searched_by_what_it_is_found_by_and_by_nothing_else() {
    let Some(world) = world().await else {
        return;
    };
    for (query, expected) in SEARCHES {
        assert_eq!(found(&world, query).await, expected, "{query}");
    }
    world.close().await;
}

#[tokio::test]
async fn pages_follow_each_other_within_the_events_of_one_request() {
    let Some(world) = world().await else {
        return;
    };
    let mut url = "AuditEvent?date=lt2200&_count=1&patient=anna,bob".to_owned();
    let mut walked = Vec::new();
    for _ in 0..3 {
        let bundle = Document::parse(world.get(&url).await.unwrap()).unwrap();
        let entry = bundle.root().get("entry").unwrap().items().next().unwrap();
        walked.push(
            entry
                .at(&["resource", "id"])
                .and_then(Value::string)
                .unwrap()
                .into_owned(),
        );
        let links = bundle.root().get("link").unwrap();
        let next = links
            .items()
            .find(|link| link.get("relation").and_then(Value::string).as_deref() == Some("next"));
        url = next
            .unwrap()
            .get("url")
            .and_then(Value::string)
            .unwrap()
            .into_owned();
    }
    assert_eq!(walked, ["4-1", "4-2", "3-1"]);
    let forged = world.get(&url.replace("anna", "eve")).await.unwrap_err();
    assert!(forged.starts_with("400"), "{forged}");
    world.close().await;
}

#[tokio::test]
async fn every_event_is_valid_by_the_specification_and_by_the_profile_of_the_clinic() {
    let Some(world) = world().await else {
        return;
    };
    let pulse = PULSE.replace("final", "amended");
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{pulse},"request":{{"method":"PUT","url":"Observation/pulse"}}}}]}}"#
    );
    world
        .interactions
        .perform(
            &world.cx,
            Interaction::Bundle {
                resource: Resource::parse(bundle).unwrap(),
            },
        )
        .await
        .unwrap();
    for url in [
        "Observation/pulse",
        "Observation/pulse/_history",
        "Patient/anna/$everything",
        "Observation?code=a%7Cb&_count=1",
        "AuditEvent/1-1",
        "AuditEvent/1-1/_history",
        "AuditEvent/1-1/_history/1",
    ] {
        world.get(url).await.unwrap();
    }
    world
        .interactions
        .perform(
            &world.cx,
            Interaction::Delete {
                key: "Observation/pulse".parse().unwrap(),
                conditions: Default::default(),
            },
        )
        .await
        .unwrap();
    let chain = world.interactions.store.audit_chain_name().await.unwrap();
    world.seal().await;
    let all = Document::parse(world.get("AuditEvent?_count=100").await.unwrap()).unwrap();
    let entries: Vec<Value<'_>> = all.root().get("entry").unwrap().items().collect();
    assert!(entries.len() >= 14, "{}", entries.len());
    for entry in &entries {
        is_valid(&world, *entry, &chain).await;
    }
    world.close().await;
}

/// By the specification, and by the profile of its kind, where there is one.
async fn is_valid(world: &World, entry: Value<'_>, chain: &str) {
    let text = entry.get("resource").unwrap().raw();
    let resource = Resource::parse(text.to_owned()).unwrap();
    world
        .interactions
        .definitions
        .validate(&resource)
        .unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    assert!(text.contains(chain), "sealed: {text}");
    is_canonical(text);
    let subtype = resource
        .root()
        .get("subtype")
        .unwrap()
        .items()
        .next()
        .unwrap();
    let subtype = subtype
        .get("code")
        .and_then(Value::string)
        .unwrap()
        .into_owned();
    let profile = match &*subtype {
        "read" | "vread" => "read",
        "search-type" => "query",
        "update" | "delete" | "create" | "operation" => &subtype,
        _ => return,
    };
    let call = format!(
        r#"{{"resourceType":"Parameters","parameter":[{{"name":"resource","resource":{text}}},{{"name":"profile","valueCanonical":"https://vesta.example/fhir/StructureDefinition/clinic-audit-{profile}"}}]}}"#
    );
    let outcome = world
        .call("AuditEvent/$validate", Some(&call))
        .await
        .unwrap();
    assert!(
        !outcome.contains(r#""severity":"error""#),
        "{profile}: {outcome}\n{text}"
    );
}

/// The text is what RFC 8785 makes of it: members in the order of their names, no space, every string as short as it can be.
fn is_canonical(text: &str) {
    fn is_sorted(value: Value<'_>) -> bool {
        let names: Vec<String> = value.members().map(|(name, _)| name.to_string()).collect();
        names.windows(2).all(|pair| pair[0] < pair[1])
            && value.members().all(|(_, inner)| is_sorted(inner))
            && value.items().all(is_sorted)
    }
    let document = Document::parse(text.to_owned()).unwrap();
    assert!(is_sorted(document.root()), "{text}");
    let again: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(again.to_string().len(), text.len(), "{text}");
}

#[tokio::test]
async fn an_event_is_read_by_its_id_and_has_one_version() {
    let Some(world) = world().await else {
        return;
    };
    for (url, status) in [
        ("AuditEvent/4-2", ""),
        ("AuditEvent/4-2/_history/1", ""),
        ("AuditEvent/4-2/_history", ""),
        ("AuditEvent/4-3", "404"),
        ("AuditEvent/04-1", "404"),
        ("AuditEvent/4-2/_history/2", "404"),
        ("AuditEvent/_history", "400"),
    ] {
        let answer = world.get(url).await;
        match status {
            "" => assert!(answer.unwrap().contains("Patient/anna"), "{url}"),
            status => assert!(answer.unwrap_err().starts_with(status), "{url}"),
        }
    }
    let metadata = world.get("metadata").await.unwrap();
    let start = metadata.find(r#"{"type":"AuditEvent""#).unwrap();
    let end = metadata[start..].find(r#"{"type":"Basic""#).unwrap();
    let said = &metadata[start..start + end];
    assert!(
        said.contains(r#""code":"search-type""#) && !said.contains(r#""code":"update""#),
        "{said}"
    );
    assert!(
        said.contains(r#""name":"patient""#) && !said.contains(r#""name":"entity-name""#),
        "{said}"
    );
    world.close().await;
}

#[tokio::test]
async fn what_a_former_system_recorded_is_loaded_once_and_found_by_its_tag() {
    let Some(world) = World::audited().await else {
        return;
    };
    let event = |id: &str, tag: &str| {
        format!(
            r#"{{"resourceType":"AuditEvent","id":"{id}","meta":{{"tag":[{{"system":"https://vesta.example/fhir/CodeSystem/audit-origin","code":"{tag}"}}]}},
                "type":{{"code":"rest"}},"recorded":"2019-01-01T00:00:00Z","agent":[{{"requestor":true}}],"source":{{"observer":{{"display":"old"}}}}}}"#
        )
    };
    let load = |method: &'static str, id: &'static str, tag: &'static str, reason: Reason| {
        let world = &world;
        let resource = match method {
            "DELETE" => String::new(),
            _ => format!(r#""resource":{},"#, event(id, tag)),
        };
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{{resource}"request":{{"method":"{method}","url":"AuditEvent/{id}"}}}}]}}"#
        );
        async move {
            let cx = RequestContext {
                access: Access::system(reason),
                ..world.cx.clone()
            };
            let resource = Resource::parse(bundle).unwrap();
            let bundle = Interaction::Bundle { resource };
            match world.interactions.perform(&cx, bundle).await {
                Ok(_) => 200,
                Err(error) => error.status().as_u16(),
            }
        }
    };
    assert_eq!(
        load("PUT", "old", "imported", Reason::AuthDisabled).await,
        405
    );
    assert_eq!(load("PUT", "old", "other", Reason::Load).await, 422);
    assert_eq!(load("PUT", "1-1", "imported", Reason::Load).await, 422);
    assert_eq!(load("PUT", "old", "imported", Reason::Load).await, 200);
    assert_eq!(
        load("PUT", "old", "imported", Reason::Load).await,
        405,
        "once"
    );
    assert_eq!(load("DELETE", "old", "imported", Reason::Load).await, 405);
    let tag = "_tag=https://vesta.example/fhir/CodeSystem/audit-origin%7Cimported";
    let query = format!("AuditEvent?{tag}&date=lt2020");
    assert_eq!(found(&world, &query).await, "old of 1");
    assert!(world.get("AuditEvent/old").await.is_ok());
    let own = found(&world, "AuditEvent?entity=AuditEvent/old&outcome=0").await;
    assert_eq!(own, "8-1 7-1 4-1 of 3", "loading, searching and reading it");
    world.close().await;
}
