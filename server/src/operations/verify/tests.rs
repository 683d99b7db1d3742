//! Whoever changes the trail in the database, even as its owner, is found out, and what was changed is named.

use fhir::json::{Document, Value};

use crate::context::now;
use crate::operations::testing::World;

const ANNA: &str = r#"{"resourceType":"Patient","id":"anna"}"#;

/// What `$verify` says: whether it is intact, how many events were checked, how many wait, which is bad first.
async fn verified(world: &World, query: &str) -> String {
    let answer = world
        .get(&format!("AuditEvent/$verify{query}"))
        .await
        .unwrap();
    let document = Document::parse(answer).unwrap();
    let parts = document.root().get("parameter").unwrap();
    let mut said = Vec::new();
    for part in parts.items() {
        let name = part.get("name").and_then(Value::string).unwrap();
        let value = part
            .members()
            .find(|(name, _)| name.starts_with("value"))
            .unwrap()
            .1;
        let value = match value.get("reference").or(value.get("display")) {
            Some(reference) => reference.string().unwrap().into_owned(),
            None => value.primitive().unwrap().into_owned(),
        };
        said.push(format!("{name}={value}"));
    }
    said.join(" ")
}

/// A trail of six events, sealed and signed in two parts.
async fn trail() -> Option<World> {
    let world = World::audited().await?;
    world.put(ANNA).await;
    world.get("Patient/anna").await.unwrap();
    world.put(r#"{"resourceType":"Patient","id":"bob"}"#).await;
    world.seal().await;
    // One request for the data of two patients is two events.
    world.get("Patient?_id=anna,bob").await.unwrap();
    world.get("Patient/bob").await.unwrap();
    world.seal().await;
    Some(world)
}

/// What is done to the trail, how it is undone, and what is said of it.
const TAMPERED: [(&str, &str, &str); 15] = [
    (
        "update audit set patients = '{bob}' where seq = 2",
        "update audit set patients = '{anna}' where seq = 2",
        "first-bad=AuditEvent/2-1 fault=it is not the event that was sealed",
    ),
    (
        "update audit set recorded = recorded - interval '1 day' where seq = 1",
        "update audit set recorded = recorded + interval '1 day' where seq = 1",
        "first-bad=AuditEvent/1-1 fault=it is not the event that was sealed",
    ),
    (
        "create table kept as select * from audit where seq = 3; delete from audit where seq = 3",
        "insert into audit overriding system value select * from kept; drop table kept",
        "first-bad=AuditEvent/3-1 fault=its row is gone",
    ),
    (
        "create table kept as select * from audit_chain where seq = 3; delete from audit_chain where seq = 3",
        "insert into audit_chain select * from kept; drop table kept",
        "first-bad=AuditEvent/4-1 fault=a link is missing before it",
    ),
    // Two events change their places.
    (
        "update audit_chain set audit = 1000 + 3 - audit where audit in (1, 2); update audit_chain set audit = audit - 1000 where audit > 1000",
        "update audit_chain set audit = 1000 + 3 - audit where audit in (1, 2); update audit_chain set audit = audit - 1000 where audit > 1000",
        "first-bad=AuditEvent/2-1 fault=it is not the event that was sealed",
    ),
    // What nobody did is put in between, as old as what stands around it.
    (
        "insert into audit overriding system value select 900, xid, recorded, interaction, operation, action, outcome, status, reason, access, grant_id, client, agent, login, purpose_system, purpose, address, node, site, base_url, request_id, target, query, entities, owners, patients, elements, gen_random_uuid(), proof from audit where seq = 1",
        "delete from audit where seq = 900",
        "first-bad=AuditEvent/900-1 fault=it is older than sealed events and has no link",
    ),
    // A patient is added to a sealed request.
    (
        "update audit set patients = patients || '{eve}' where seq = 5",
        "update audit set patients = '{bob}' where seq = 5",
        "first-bad=AuditEvent/5-1 fault=no server with the key of this trail has written it",
    ),
    (
        "update audit_chain set hash = sha256(hash) where seq = 2",
        "update audit_chain set hash = c.prev from audit_chain c where audit_chain.seq = 2 and c.seq = 3",
        "first-bad=AuditEvent/2-1 fault=it is not the event that was sealed",
    ),
    (
        "update audit_chain set hash = substring(hash for 8), prev = '' where seq = 2",
        "update audit_chain set hash = c.prev from audit_chain c where audit_chain.seq = 2 and c.seq = 3;
         update audit_chain set prev = c.hash from audit_chain c where audit_chain.seq = 2 and c.seq = 1",
        "first-bad=AuditEvent/2-1 fault=it does not follow the link before it",
    ),
    (
        "update audit_checkpoint set hash = sha256(hash) where number = 1",
        "update audit_checkpoint set hash = c.hash from audit_chain c where number = 1 and c.seq = audit_checkpoint.seq",
        "first-bad=a checkpoint fault=checkpoint 1: its signature does not hold",
    ),
    (
        "create table kept as select * from audit_checkpoint where number = 1; delete from audit_checkpoint where number = 1",
        "insert into audit_checkpoint select * from kept; drop table kept",
        "first-bad=a checkpoint fault=checkpoint 2: a checkpoint is missing before it",
    ),
    // The end is cut off, links and rows.
    (
        "create table kept as select * from audit_chain where seq > 4; delete from audit_chain where seq > 4;
         create table rows as select * from audit where seq > 4 and seq < 6; delete from audit where seq = 5",
        "insert into audit overriding system value select * from rows; insert into audit_chain select * from kept; drop table kept, rows",
        "first-bad=a checkpoint fault=the end of the chain is missing: a checkpoint was signed behind it",
    ),
    // The same with the checkpoints that were signed behind it.
    (
        "create table kept as select * from audit_chain where seq > 3; delete from audit_chain where seq > 3;
         create table signed as select * from audit_checkpoint where number = 2; delete from audit_checkpoint where number = 2",
        "insert into audit_chain select * from kept; insert into audit_checkpoint select * from signed; drop table kept, signed",
        "first-bad=a checkpoint fault=the end of the chain is missing: this node has seen checkpoint 2, of link 6",
    ),
    // What it is found by is in no event.
    (
        "create table kept as select * from audit where seq = 2; update audit set elements = '{}' where seq = 2",
        "update audit set elements = kept.elements from kept where audit.seq = 2; drop table kept",
        "first-bad=AuditEvent/2-1 fault=what it is found by is not what it says",
    ),
    ("select 1", "select 1", ""),
];

#[tokio::test]
async fn whatever_is_changed_is_named() {
    let Some(world) = trail().await else {
        return;
    };
    assert_eq!(
        verified(&world, "").await,
        "intact=true checked=6 unsealed=0 overdue=0 checkpoints=2"
    );
    // Else each question would be an event of its own among those that wait.
    world
        .database()
        .execute("alter table audit disable trigger user; alter table audit_chain disable trigger user; alter table audit_checkpoint disable trigger user")
        .await
        .unwrap();
    for (change, undo, expected) in TAMPERED {
        world.database().execute(change).await.unwrap();
        let said = verified(&world, "").await;
        world.database().execute(undo).await.unwrap();
        match expected {
            "" => assert!(said.starts_with("intact=true checked=6 "), "{said}"),
            fault => {
                assert!(said.starts_with("intact=false"), "{change}: {said}");
                assert!(said.ends_with(fault), "{change}: {said}");
            }
        }
    }
    world.close().await;
}

#[tokio::test]
async fn a_row_that_no_server_wrote_is_named_though_it_is_sealed() {
    let Some(world) = trail().await else {
        return;
    };
    world
        .database()
        .execute(
            "insert into audit (recorded, interaction, action, outcome, status, access, node, base_url, request_id, target, entities, owners, patients, elements, nonce, proof)
             select recorded, interaction, action, outcome, status, access, node, base_url, request_id, target, '{Patient/eve/_history/1}', owners, '{eve}', elements, gen_random_uuid(), proof from audit where seq = 1",
        )
        .await
        .unwrap();
    world.seal().await;
    let said = verified(&world, "").await;
    let fault = "fault=no server with the key of this trail has written it";
    assert!(
        said.starts_with("intact=false") && said.ends_with(fault),
        "{said}"
    );
    world.close().await;
}

/// Rows that the owner of the database puts where sealing does not come, or may not pass: the columns from `recorded` on.
const PUT_IN: [(&str, &str); 4] = [
    // Before all that is sealed.
    (
        "insert into audit (xid, recorded, interaction, action, outcome, status, access, node, base_url, request_id, entities, owners, patients, elements, nonce, proof)
         select '3', recorded, interaction, action, outcome, status, access, node, base_url, request_id, entities, owners, patients, elements, gen_random_uuid(), proof from audit where seq = 1",
        "fault=it is older than sealed events and has no link",
    ),
    // Behind all that ever will be.
    (
        "update audit set xid = '900000000000' where seq = (select max(seq) from audit)",
        "fault=it is of a transaction that has not begun, and would never be sealed",
    ),
    // It waits, and nobody has written it.
    (
        "insert into audit (xid, recorded, interaction, action, outcome, status, access, node, base_url, request_id, entities, owners, patients, elements, nonce, proof)
         select '900000000000', recorded, interaction, action, outcome, status, access, node, base_url, request_id, entities, owners, patients, elements, gen_random_uuid(), proof from audit where seq = 1",
        "fault=no server with the key of this trail has written it",
    ),
    // As often as one likes, the same request.
    (
        "drop index audit_nonce;
         insert into audit (recorded, interaction, action, outcome, status, access, node, site, base_url, request_id, target, entities, owners, patients, elements, nonce, proof)
         select recorded, interaction, action, outcome, status, access, node, site, base_url, request_id, target, entities, owners, patients, elements, nonce, proof from audit where seq = 1",
        "fault=it is a copy of another",
    ),
];

#[tokio::test]
async fn rows_that_are_not_sealed_are_looked_at_too() {
    for (change, fault) in PUT_IN {
        let Some(world) = trail().await else {
            return;
        };
        let before = verified(&world, "").await;
        assert!(before.starts_with("intact=true"), "{before}");
        let database = world.database();
        let off = "alter table audit disable trigger user";
        database.execute(off).await.unwrap();
        database.execute(change).await.unwrap();
        let said = verified(&world, "").await;
        assert!(
            said.starts_with("intact=false") && said.ends_with(fault),
            "{change}: {said}"
        );
        world.close().await;
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_and_stands_in_nobodys_way() {
    let Some(world) = trail().await else {
        return;
    };
    let unreadable = "insert into audit (recorded, interaction, action, outcome, status, access, node, base_url, request_id, entities, owners, patients, elements, nonce, proof)
        select recorded, interaction, action, outcome, status, access, node, base_url, request_id, entities, owners, '{NULL}', elements, gen_random_uuid(), proof from audit where seq = 1";
    world.database().execute(unreadable).await.unwrap();
    world.put(ANNA).await;
    world.seal().await;
    let said = verified(&world, "").await;
    assert!(
        said.starts_with("intact=false checked=8 unsealed=0"),
        "{said}"
    );
    assert!(
        said.ends_with("fault=its row is none that a server has written"),
        "{said}"
    );
    let all = world.get("AuditEvent?_count=50").await.unwrap();
    assert!(
        all.contains("this row of the trail holds what no server writes"),
        "{all}"
    );
    assert!(all.contains("AuditEvent/1-1"), "{all}");
    world.close().await;
}

#[tokio::test]
async fn rows_that_wait_for_more_than_a_minute_are_counted() {
    let Some(mut world) = World::audited().await else {
        return;
    };
    let slow = world.database().begun().await;
    world.put(ANNA).await;
    let store = world.interactions.store.clone();
    assert_eq!(store.count_waiting(now()).await.unwrap(), 1);
    world.cx.now += jiff::SignedDuration::from_mins(2);
    let said = verified(&world, "").await;
    assert_eq!(
        said,
        "intact=true checked=0 unsealed=1 overdue=1 checkpoints=0"
    );
    slow.commit().await;
    world.close().await;
}

#[tokio::test]
async fn what_was_cut_off_stays_missing_although_the_chain_goes_on() {
    let Some(world) = trail().await else {
        return;
    };
    let cut = "alter table audit disable trigger user; alter table audit_chain disable trigger user; alter table audit_checkpoint disable trigger user;
        delete from audit_checkpoint where number > 1; delete from audit_chain where seq > 3; delete from audit where seq > 3";
    world.database().execute(cut).await.unwrap();
    let store = &world.interactions.store;
    world.put(ANNA).await;
    while store.seal(now(), 10, false).await.unwrap().rows == 0 {}
    store.sign_head(now()).await.unwrap();
    let missing = store.remember_head().await.unwrap();
    assert_eq!(
        missing.as_deref(),
        Some("the end of the chain is missing: this node has seen checkpoint 2, of link 6")
    );
    let said = verified(&world, "").await;
    assert!(said.starts_with("intact=false"), "{said}");
    world.close().await;
}

#[tokio::test]
async fn rows_are_sealed_in_an_order_that_nothing_can_come_before() {
    let Some(world) = World::audited().await else {
        return;
    };
    // It has its number, and has not written its row yet.
    let slow = world.database().begun().await;
    world.put(ANNA).await;
    let store = &world.interactions.store;
    assert_eq!(store.seal(now(), 10, false).await.unwrap().rows, 0);
    let waiting = verified(&world, "").await;
    assert_eq!(
        waiting,
        "intact=true checked=0 unsealed=1 overdue=0 checkpoints=0"
    );
    slow.commit().await;
    world.seal().await;
    let sealed = verified(&world, "").await;
    assert_eq!(
        sealed,
        "intact=true checked=2 unsealed=0 overdue=0 checkpoints=1"
    );
    world.close().await;
}

#[tokio::test]
async fn a_period_or_another_chain_can_be_asked_for() {
    let Some(world) = trail().await else {
        return;
    };
    let none = verified(&world, "?start=2100").await;
    assert_eq!(
        none,
        "intact=true checked=0 unsealed=0 overdue=0 checkpoints=2"
    );
    let chain = world.interactions.store.audit_chain_name().await.unwrap();
    let named = verified(&world, &format!("?chain={chain}&end=2100")).await;
    assert!(named.starts_with("intact=true checked=6"), "{named}");
    let other = world
        .get("AuditEvent/$verify?chain=other")
        .await
        .unwrap_err();
    assert!(other.starts_with("404"), "{other}");
    world.close().await;
}
