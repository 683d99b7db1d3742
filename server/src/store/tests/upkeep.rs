//! What is done to the database beside requests: migrations and reindexing.

use fhir::search::index_values::{IndexValues, StringValue};
use sqlx::{Connection, Executor, PgConnection};

use super::super::testing::TestDatabase;
use super::super::{HistoryFilter, HistoryScope, Indexed, Source, StoredVersion, migrate};
use super::{context, count, key, no_definitions, write};

#[tokio::test]
async fn a_schema_of_a_newer_server_is_refused() {
    let database = TestDatabase::new().await;
    migrate(&database.url()).await.unwrap();
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (999999, 'newer', true, '', 0)";
    connection.execute(newer).await.unwrap();
    let refusal = migrate(&database.url()).await.unwrap_err();
    assert!(refusal.to_string().contains("newer Vesta"), "{refusal}");
}

#[tokio::test]
async fn a_reindex_changes_search_values_and_nothing_else() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store.put(&cx, write(&cx, "a", "old")).await.unwrap();
    let stale = store
        .walk(&cx, key("Patient/a").resource_type, 0, 10)
        .await
        .unwrap();
    store.put(&cx, write(&cx, "a", "new")).await.unwrap();
    let values = |folded: &str| IndexValues {
        tokens: vec![8],
        strings: vec![StringValue {
            parameter: 2,
            folded: folded.into(),
        }],
        ..IndexValues::default()
    };
    let indexed = |(row, version): &(i64, StoredVersion), folded: &str| Indexed {
        row: *row,
        version: version.version,
        values: values(folded),
    };
    store
        .reindex(&cx, 1, &[indexed(&stale[0], "stale")])
        .await
        .unwrap();
    assert_eq!(
        count(
            &database,
            "select count(*) from index_string where folded = 'new'"
        )
        .await,
        1
    );
    let current = store
        .walk(&cx, key("Patient/a").resource_type, 0, 10)
        .await
        .unwrap();
    store
        .reindex(&cx, 1, &[indexed(&current[0], "anew")])
        .await
        .unwrap();
    assert_eq!(
        count(
            &database,
            "select count(*) from index_string where folded = 'anew' and parameter = 2"
        )
        .await,
        1
    );
    assert_eq!(
        count(&database, "select count(*) from index_string").await,
        1
    );
    assert_eq!(
        count(
            &database,
            "select count(*) from resource where tok = '{8}' and version_id = 2"
        )
        .await,
        1
    );
    assert_eq!(count(&database, "select count(*) from change").await, 2);
}

#[tokio::test]
async fn a_page_ends_before_its_resources_fill_the_memory() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    let large = "x".repeat(30 << 20);
    for id in ["a", "b", "c"] {
        store.put(&cx, write(&cx, id, &large)).await.unwrap();
    }
    let mut filter = HistoryFilter {
        count: 10,
        ..HistoryFilter::default()
    };
    let mut sizes = Vec::new();
    loop {
        let page = Source::Committed(&store)
            .history(&cx, &no_definitions(), &HistoryScope::System, &filter)
            .await
            .unwrap();
        sizes.push(page.versions.len());
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [2, 1]);
}
