//! Writes that meet each other, or a database that goes away, in the middle.

use std::time::Duration;

use fhir::search::plan::{Clause, Plan, StringTest};
use sqlx::{Connection, Executor, PgConnection};

use super::super::Source;
use super::super::combine::Batch;
use super::super::testing::TestDatabase;
use super::super::write::Puts;
use super::{context, count, write};
use crate::error::ErrorKind;

/// Waits until a statement on the database waits for a lock.
async fn wait_for_a_waiter(database: &TestDatabase) {
    let waiting = "select count(*) from pg_stat_activity \
                   where datname = current_database() and wait_event_type = 'Lock'";
    let asking = async { while count(database, waiting).await == 0 {} };
    let seen = tokio::time::timeout(Duration::from_secs(20), asking).await;
    seen.expect("nobody waits");
}

#[tokio::test]
async fn what_is_committed_stays_done_when_the_second_look_at_a_raced_write_fails() {
    let (database, cx) = (TestDatabase::new().await, context());
    let mut other = PgConnection::connect(&database.url()).await.unwrap();
    // An update fails, as one that met a deadlock would.
    let failing = "create function fail() returns trigger language plpgsql as \
                   $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$; \
                   create trigger fail before update on resource for each row execute function fail()";
    other.execute(failing).await.unwrap();
    let taken = "begin; insert into resource (resource_type, id, key_hash, version_id, last_updated, method, tok, json) \
                 values ('Patient', 'a', 1, 1, now(), 'PUT', '{}', '{}')";
    other.execute(taken).await.unwrap();

    let url = database.url();
    let requests = [write(&cx, "a", "raced"), write(&cx, "b", "calm")];
    let writing = tokio::spawn(async move {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        Puts.run(&mut connection, &requests).await
    });
    wait_for_a_waiter(&database).await;
    other.execute("commit").await.unwrap();

    let results = writing.await.unwrap().unwrap();
    let raced = results[0].as_ref().unwrap_err();
    assert_eq!(raced.kind(), ErrorKind::Unavailable);
    assert!(results[1].as_ref().is_ok_and(|written| written.created));
    let stored = "select count(*) from resource where id = 'b' and version_id = 1";
    assert_eq!(count(&database, stored).await, 1);
}

#[tokio::test]
async fn a_lone_write_that_loses_its_connection_says_that_nobody_knows() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store.put(&cx, write(&cx, "a", "first")).await.unwrap();
    let mut other = PgConnection::connect(&database.url()).await.unwrap();
    other
        .execute("begin; select 1 from resource where id = 'a' for update")
        .await
        .unwrap();
    let (writing, killing) = tokio::join!(store.put(&cx, write(&cx, "a", "second")), async {
        wait_for_a_waiter(&database).await;
        let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                    where datname = current_database() and wait_event_type = 'Lock'";
        count(&database, kill).await
    });
    assert_eq!(killing, 1);
    let lost = writing.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Unavailable);
    assert!(lost.to_string().contains("not known"), "{lost}");
    other.execute("rollback").await.unwrap();
    let next = store.put(&cx, write(&cx, "a", "third")).await.unwrap();
    assert_eq!(
        next.version.number(),
        2,
        "the next one has a new connection"
    );
}

#[tokio::test]
async fn what_changes_between_look_and_lock_is_looked_at_again() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store.put(&cx, write(&cx, "a", "wanted")).await.unwrap();
    store.put(&cx, write(&cx, "b", "wanted")).await.unwrap();
    let plan = Plan {
        clauses: vec![Clause::String {
            parameters: vec![1],
            tests: vec![StringTest::StartsWith("wanted".into())],
        }],
        ..Plan::default()
    };
    let mut first = store.attempts();
    let mut changing = first.begin(&cx).await.unwrap();
    let results = changing.put(&[&write(&cx, "a", "other")]).await.unwrap();
    assert!(results[0].is_ok());

    let mut second = store.attempts();
    let mut selecting = second.begin(&cx).await.unwrap();
    let (found, ()) = tokio::join!(selecting.lock_matches(&plan, 10), async {
        wait_for_a_waiter(&database).await;
        first.finish(changing, Ok(())).await.unwrap().unwrap();
    });
    let found: Vec<String> = found.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(found, ["Patient/b"]);
}

#[tokio::test]
async fn a_statement_ends_when_its_time_is_over() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store_as(1, Duration::from_millis(200)).await;
    store.put(&cx, write(&cx, "a", "first")).await.unwrap();
    let mut other = PgConnection::connect(&database.url()).await.unwrap();
    let hold = "begin; select 1 from resource where id = 'a' for update";
    other.execute(hold).await.unwrap();
    let late = store.put(&cx, write(&cx, "a", "second")).await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Timeout);
    let mut attempts = store.attempts();
    let mut tx = attempts.begin(&cx).await.unwrap();
    let late = tx.lock(vec![super::key("Patient/a")]).await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_restart_of_the_database_costs_no_search_and_no_transaction() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store.put(&cx, write(&cx, "a", "x")).await.unwrap();
    // Several connections of the pool come to stand idle.
    let mut attempts = store.attempts();
    let (first, second) = (
        attempts.begin(&cx).await.unwrap(),
        store.attempts().begin(&cx).await.unwrap(),
    );
    drop((first, second));
    let plan = Plan::default();
    let mut source = Source::Committed(&store);
    assert_eq!(source.count(&cx, &plan).await.unwrap(), 1);
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                where datname = current_database() and pid <> pg_backend_pid()";
    assert!(count(&database, kill).await > 1);
    assert_eq!(source.count(&cx, &plan).await.unwrap(), 1);
    let tx = attempts.begin(&cx).await.unwrap();
    attempts.finish(tx, Ok(())).await.unwrap().unwrap();
}
