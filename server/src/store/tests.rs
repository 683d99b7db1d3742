//! The store against a real database: one write path, versions, races, changes in commit order.

mod races;
mod upkeep;
mod values;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fhir::definitions::DefinitionsBuilder;
use fhir::ids::ResourceKey;
use fhir::resource::Resource;
use fhir::search::hash::{ANY_REFERENCE, key_hash, reference};
use fhir::search::index_values::{IndexValues, StringValue};
use sqlx::{Connection, Executor, PgConnection, Row};

use super::testing::TestDatabase;
use super::*;
use crate::auth::{Access, Reason};
use crate::context::{Handling, Limits, RequestContext, ReturnPreference};
use crate::definitions::{Definitions, FoundBy};
use crate::error::ErrorKind;

fn context() -> RequestContext {
    let limits = Limits {
        bundle_entries: 100,
        page_size: 10,
        page_size_max: 100,
        conditional_delete: 10,
        ..Limits::default()
    };
    let access = Access::system(Reason::Job);
    let (handling, preference) = (Handling::Strict, ReturnPreference::Unsaid);
    let (id, base) = ("test".into(), "http://here/fhir".into());
    RequestContext::new(access, id, base, handling, preference, Arc::new(limits))
}

/// For whoever may see everything no version is judged by definitions.
fn no_definitions() -> Definitions {
    let none = DefinitionsBuilder::default().build().unwrap();
    Definitions::new(none).unwrap()
}

fn key(text: &str) -> ResourceKey {
    text.parse().unwrap()
}

/// A write of a patient whose family name is also its search value.
fn write(cx: &RequestContext, id: &str, family: &str) -> PreparedWrite {
    let text =
        format!(r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"{family}"}}]}}"#);
    let resource = Resource::parse(text).unwrap();
    let index = IndexValues {
        tokens: vec![7],
        strings: vec![StringValue {
            parameter: 1,
            folded: family.into(),
        }],
        ..IndexValues::default()
    };
    PreparedWrite::new(
        key(&format!("Patient/{id}")),
        Verb::Put,
        &resource,
        FoundBy::at_first(index),
        cx.now,
    )
}

async fn count(database: &TestDatabase, sql: &'static str) -> i64 {
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let database = TestDatabase::new().await;
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    for (file, statement) in statements::ALL {
        assert!(
            statement.starts_with("-- "),
            "{file}.sql begins with a comment that says why"
        );
        if let Err(fault) = connection
            .prepare(sqlx::SqlStr::from_static(statement))
            .await
        {
            panic!("{file}.sql: {fault}");
        }
    }
}

#[tokio::test]
async fn versions_count_up_and_search_values_follow_them() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    let first = store.put(&cx, write(&cx, "a", "moreau")).await.unwrap();
    assert!(first.created && first.version.number() == 1);
    let second = store.put(&cx, write(&cx, "a", "petit")).await.unwrap();
    assert!(!second.created && second.version.number() == 2);
    assert!(
        second.last_updated > first.last_updated,
        "time never stands still within a resource"
    );
    assert_eq!(
        count(
            &database,
            "select count(*) from index_string where folded = 'petit'"
        )
        .await,
        1
    );
    assert_eq!(
        count(&database, "select count(*) from index_string").await,
        1
    );
    assert_eq!(count(&database, "select count(*) from change").await, 2);
    let mut source = Source::Committed(&store);
    let read = source.read(&cx, &key("Patient/a")).await.unwrap().unwrap();
    assert_eq!(
        Resource::parse(read.content.unwrap())
            .unwrap()
            .root()
            .at(&["meta", "versionId"])
            .unwrap()
            .string()
            .unwrap(),
        "2"
    );
    let old = source
        .read_version(&cx, &no_definitions(), &key("Patient/a"), first.version)
        .await
        .unwrap()
        .unwrap();
    assert!(
        std::str::from_utf8(&old.content.unwrap())
            .unwrap()
            .contains("moreau")
    );
}

#[tokio::test]
async fn a_deletion_is_a_version_and_a_later_write_goes_on_from_it() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store.put(&cx, write(&cx, "a", "moreau")).await.unwrap();
    let delete = || PreparedDelete::new(key("Patient/a"), WriteCondition::default(), true, cx.now);
    assert!(
        matches!(store.delete(&cx, delete()).await.unwrap(), Deleted::Now(version, _) if version.number() == 2)
    );
    assert_eq!(store.delete(&cx, delete()).await.unwrap(), Deleted::Absent);
    assert_eq!(
        count(&database, "select count(*) from index_string").await,
        0
    );
    let again = store.put(&cx, write(&cx, "a", "moreau")).await.unwrap();
    assert!(again.created && again.version.number() == 3);
    let filter = HistoryFilter {
        count: 10,
        ..HistoryFilter::default()
    };
    let scope = HistoryScope::Instance(key("Patient/a"));
    let page = Source::Committed(&store)
        .history(&cx, &no_definitions(), &scope, &filter)
        .await
        .unwrap();
    let verbs: Vec<_> = page
        .versions
        .iter()
        .map(|one| (one.version.number(), one.content.is_some()))
        .collect();
    assert_eq!(verbs, [(3, true), (2, false), (1, true)]);
}

#[tokio::test]
async fn a_referenced_resource_stays_and_says_by_whom() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store.put(&cx, write(&cx, "a", "x")).await.unwrap();
    let mut referrer = write(&cx, "b", "y");
    referrer.index.tokens = vec![reference(ANY_REFERENCE, key_hash(&key("Patient/a")))];
    store.put(&cx, referrer).await.unwrap();
    let delete =
        |check| PreparedDelete::new(key("Patient/a"), WriteCondition::default(), check, cx.now);
    let refusal = store.delete(&cx, delete(true)).await.unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::Conflict);
    assert!(refusal.to_string().contains("Patient/b"));
    assert!(matches!(
        store.delete(&cx, delete(false)).await.unwrap(),
        Deleted::Now(..)
    ));
}

#[tokio::test]
async fn conditions_hold_or_nothing_is_written() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    let only = |versions| WriteCondition {
        versions: Some(versions),
        absent: false,
    };
    let absent = || WriteCondition {
        versions: None,
        absent: true,
    };
    let refused = |result: crate::error::Result<Written>| {
        result.unwrap_err().kind() == ErrorKind::PreconditionFailed
    };
    assert!(refused(
        store
            .put(&cx, write(&cx, "a", "x").under(only(ExpectedVersions::Any)))
            .await
    ));
    store
        .put(&cx, write(&cx, "a", "x").under(absent()))
        .await
        .unwrap();
    assert!(refused(
        store.put(&cx, write(&cx, "a", "y").under(absent())).await
    ));
    let second = ExpectedVersions::OneOf(vec![VersionId::new(2).unwrap()]);
    assert!(refused(
        store
            .put(&cx, write(&cx, "a", "y").under(only(second)))
            .await
    ));
    store
        .put(&cx, write(&cx, "a", "y").under(only(ExpectedVersions::Any)))
        .await
        .unwrap();
    assert_eq!(count(&database, "select count(*) from change").await, 2);
}

#[tokio::test]
async fn parallel_writes_of_one_resource_make_a_gapless_chain() {
    let (database, cx) = (TestDatabase::new().await, context());
    let (one, other) = (database.store_with(1).await, database.store_with(64).await);
    let mut tasks = Vec::new();
    for n in 0..60 {
        let (store, cx) = (
            if n % 2 == 0 {
                one.clone()
            } else {
                other.clone()
            },
            cx.clone(),
        );
        tasks.push(tokio::spawn(async move {
            let put = write(&cx, "a", &format!("name{n}"));
            store.put(&cx, put).await.unwrap().version.number()
        }));
    }
    let mut versions = BTreeSet::new();
    for task in tasks {
        versions.insert(task.await.unwrap());
    }
    assert_eq!(versions, (1..=60).collect());
    assert_eq!(
        count(&database, "select count(*) from resource_history").await,
        59
    );
    assert_eq!(
        count(&database, "select count(*) from index_string").await,
        1
    );
}

#[tokio::test]
async fn a_bad_request_fails_alone_in_a_combined_statement() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    let mut tasks = Vec::new();
    for n in 0..40 {
        let (store, cx) = (store.clone(), cx.clone());
        tasks.push(tokio::spawn(async move {
            // Two of one id in one statement break its primary key.
            let id = if n % 10 == 0 {
                "same".to_owned()
            } else {
                format!("p{n}")
            };
            store.create(&cx, write(&cx, &id, "x")).await.is_ok()
        }));
    }
    let mut stored = 0;
    for task in tasks {
        stored += i64::from(task.await.unwrap());
    }
    assert_eq!(stored, 37);
    assert_eq!(count(&database, "select count(*) from resource").await, 37);
    assert_eq!(count(&database, "select count(*) from change").await, 37);
}

#[tokio::test]
async fn history_cannot_be_changed() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store.put(&cx, write(&cx, "a", "x")).await.unwrap();
    store.put(&cx, write(&cx, "a", "y")).await.unwrap();
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    for statement in [
        "delete from resource_history",
        "update resource_history set id = 'b'",
        "truncate resource_history",
    ] {
        assert!(connection.execute(statement).await.is_err(), "{statement}");
    }
}

/// Reads the feed until so many changes have come; transactions of other databases of the same server hold them back too.
async fn feed(store: &Store, cx: &RequestContext, expected: usize) -> Vec<Change> {
    let all = async {
        let (mut seen, mut position) = (Vec::new(), ChangePosition::start());
        while seen.len() < expected {
            let (changes, next) = store.changes(cx, &position, 2).await.unwrap();
            seen.extend(changes);
            position = next.to_string().parse().unwrap();
            tokio::task::yield_now().await;
        }
        seen
    };
    tokio::time::timeout(Duration::from_secs(30), all)
        .await
        .unwrap()
}

#[tokio::test]
async fn changes_wait_for_those_that_may_still_come_before_them() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    let mut attempts = store.attempts();
    let mut slow = attempts.begin(&cx).await.unwrap();
    // The slow transaction has its number before the quick write has one.
    slow.create(&[write(&cx, "slow", "x")]).await.unwrap();
    store.put(&cx, write(&cx, "quick", "x")).await.unwrap();
    let (seen, position) = store
        .changes(&cx, &ChangePosition::start(), 10)
        .await
        .unwrap();
    assert!(
        seen.is_empty(),
        "the quick change is held back while the slow one may still appear before it"
    );
    attempts.finish(slow, Ok(())).await.unwrap().unwrap();
    let seen = feed(&store, &cx, 2).await;
    assert_eq!(
        seen.iter()
            .map(|one| one.key.id.as_str())
            .collect::<Vec<_>>(),
        ["slow", "quick"]
    );
    let (later, _) = store.changes(&cx, &position, 10).await.unwrap();
    assert_eq!(
        later.len(),
        2,
        "a reader that found nothing goes on from where it stood"
    );
}

#[tokio::test]
async fn versions_of_a_resource_come_in_their_order_whatever_their_transactions_are_numbered() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    let mut attempts = store.attempts();
    let mut early = attempts.begin(&cx).await.unwrap();
    // The early transaction has the lower number, and writes the resource after the other one has.
    early.create(&[write(&cx, "other", "x")]).await.unwrap();
    store.put(&cx, write(&cx, "a", "first")).await.unwrap();
    early
        .put(&[&write(&cx, "a", "second")])
        .await
        .unwrap()
        .pop()
        .unwrap()
        .unwrap();
    attempts.finish(early, Ok(())).await.unwrap().unwrap();
    let seen = feed(&store, &cx, 3).await;
    let of_a = seen
        .iter()
        .filter(|one| one.key.id.as_str() == "a")
        .map(|one| one.version.number());
    assert_eq!(of_a.collect::<Vec<_>>(), [1, 2]);
    let filter = HistoryFilter {
        count: 10,
        ..HistoryFilter::default()
    };
    let page = Source::Committed(&store)
        .history(&cx, &no_definitions(), &HistoryScope::System, &filter)
        .await
        .unwrap();
    let of_a = page
        .versions
        .iter()
        .filter(|one| one.key.id.as_str() == "a")
        .map(|one| one.version.number());
    assert_eq!(of_a.collect::<Vec<_>>(), [2, 1]);
}

#[tokio::test]
async fn numbers_come_back_as_they_were_written() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    for (n, number) in [
        "1.10",
        "0.00",
        "1.0e2",
        "1E-3",
        "-0.0",
        "123456789012345678901234567890.10",
    ]
    .iter()
    .enumerate()
    {
        let text = format!(
            r#"{{"resourceType":"Observation","id":"o{n}","valueQuantity":{{"value":{number}}}}}"#
        );
        let resource = Resource::parse(text).unwrap();
        let target = key(&format!("Observation/o{n}"));
        let put = PreparedWrite::new(
            target.clone(),
            Verb::Put,
            &resource,
            FoundBy::at_first(IndexValues::default()),
            cx.now,
        );
        store.put(&cx, put).await.unwrap();
        let stored = Source::Committed(&store)
            .read(&cx, &target)
            .await
            .unwrap()
            .unwrap();
        let stored = Resource::parse(stored.content.unwrap()).unwrap();
        assert_eq!(
            stored
                .root()
                .at(&["valueQuantity", "value"])
                .unwrap()
                .number()
                .unwrap(),
            *number
        );
    }
    let row = connection
        .fetch_one("select count(*) from resource where exact is not null")
        .await
        .unwrap();
    assert_eq!(
        row.get::<i64, _>(0),
        3,
        "only exponents and negative zero need their text"
    );
}

#[tokio::test]
async fn a_page_link_is_good_for_its_own_list_only() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    for n in 0..3 {
        store
            .put(&cx, write(&cx, &format!("p{n}"), "x"))
            .await
            .unwrap();
    }
    let mut source = Source::Committed(&store);
    let filter = HistoryFilter {
        count: 2,
        ..HistoryFilter::default()
    };
    let page = source
        .history(&cx, &no_definitions(), &HistoryScope::System, &filter)
        .await
        .unwrap();
    let next = HistoryFilter {
        cursor: page.next.clone(),
        ..filter.clone()
    };
    assert_eq!(
        source
            .history(&cx, &no_definitions(), &HistoryScope::System, &next)
            .await
            .unwrap()
            .versions
            .len(),
        1
    );
    let elsewhere = HistoryScope::Type(key("Patient/p0").resource_type);
    assert_eq!(
        source
            .history(&cx, &no_definitions(), &elsewhere, &next)
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::BadValue
    );
}
