//! Search values follow their resource: all of them, and nothing of what it no longer says.

use bigdecimal::BigDecimal;
use fhir::resource::Resource;
use fhir::search::grams::grams;
use fhir::search::hash::compartment;
use fhir::search::index_values::{DateValue, IndexValues, NumberValue, PositionValue, StringValue};
use jiff::Timestamp;
use sqlx::{Connection, PgConnection};

use super::super::testing::TestDatabase;
use super::super::{
    Deleted, Indexed, PreparedDelete, PreparedWrite, Verb, WriteCondition, is_outdated,
};
use super::{context, count, key, write};
use crate::context::RequestContext;
use crate::definitions::FoundBy;

/// Everything that is stored beside resources, as text that is equal for equal values.
const STORED: &str = "\
    select coalesce(string_agg(line, E'\\n' order by line collate \"C\"), '') from ( \
        select format('%s string %s %s %s', r.id, parameter, folded, cardinality(grams)) as line \
          from index_string join resource r using (rid) \
        union all select format('%s date %s %s..%s %s', r.id, parameter, lower, upper, is_long) \
          from index_date join resource r using (rid) \
        union all select format('%s number %s %s..%s %s', r.id, parameter, lower, upper, units) \
          from index_number join resource r using (rid) \
        union all select format('%s position %s %s %s', r.id, parameter, latitude, longitude) \
          from index_position join resource r using (rid) \
        union all select format('%s text %s | %s', r.id, narrative, content) from index_text join resource r using (rid) \
        union all select format('%s tok %s', id, tok) from resource where tok <> '{}') lines";

const STRAY: &str = include_str!("../../../../bench/sql/find_stray_search_values.sql");

async fn stored(database: &TestDatabase) -> String {
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let stray: Vec<String> = sqlx::query_scalar(STRAY)
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(stray, Vec::<String>::new());
    sqlx::query_scalar(STORED)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

fn decimal(text: &str) -> BigDecimal {
    text.parse().unwrap()
}

fn number(parameter: i64, lower: &str, upper: &str, units: &[i64]) -> NumberValue {
    NumberValue {
        parameter,
        lower: decimal(lower),
        upper: decimal(upper),
        units: units.to_vec(),
    }
}

fn date(parameter: i64, lower: &str, upper: Timestamp) -> DateValue {
    DateValue {
        parameter,
        lower: lower.parse().unwrap(),
        upper,
    }
}

/// Values of every kind; with `n` some of them change.
fn values(n: i64) -> IndexValues {
    let mut values = IndexValues {
        tokens: vec![n, 7],
        strings: vec![
            StringValue {
                parameter: 1,
                folded: "same".into(),
            },
            StringValue {
                parameter: 1,
                folded: format!("other{n}").into(),
            },
        ],
        dates: vec![
            date(
                2,
                "2020-01-01T00:00:00Z",
                "2020-01-02T00:00:00Z".parse().unwrap(),
            ),
            date(3, &format!("202{n}-01-01T00:00:00Z"), Timestamp::MAX),
        ],
        numbers: vec![
            number(4, "1.50", "1.50", &[11, 12]),
            number(
                4,
                &format!("-{n}e-30"),
                "123456789012345678901234567890.5",
                &[],
            ),
        ],
        positions: vec![PositionValue {
            parameter: 5,
            latitude: decimal("-83.69"),
            longitude: decimal(&format!("42.256{n}")),
        }],
        narrative: format!("the word{n} the").into(),
        content: "the all".into(),
        ..IndexValues::default()
    };
    values.normalise();
    values
}

fn expected(id: &str, n: i64) -> Vec<String> {
    // A patient is in the own compartment.
    let mut tokens = [n, 7, compartment(&key(&format!("Patient/{id}")))];
    tokens.sort_unstable();
    let tokens: Vec<String> = tokens.iter().map(ToString::to_string).collect();
    vec![
        format!("{id} date 2 2020-01-01 00:00:00+00..2020-01-02 00:00:00+00 f"),
        format!("{id} date 3 202{n}-01-01 00:00:00+00..infinity t"),
        format!(
            "{id} number 4 -0.00000000000000000000000000000{n}..123456789012345678901234567890.5 {{}}"
        ),
        format!("{id} number 4 1.50..1.50 {{11,12}}"),
        format!("{id} position 5 -83.69 42.256{n}"),
        format!(
            "{id} string 1 other{n} {}",
            grams(1, &format!("other{n}")).len()
        ),
        format!("{id} string 1 same {}", grams(1, "same").len()),
        format!("{id} text 'the':1,3 'word{n}':2 | 'all':2 'the':1"),
        format!("{id} tok {{{}}}", tokens.join(",")),
    ]
}

/// What is there of a patient without values.
fn bare(id: &str) -> Vec<String> {
    let own = compartment(&key(&format!("Patient/{id}")));
    vec![format!("{id} tok {{{own}}}")]
}

fn found_by(cx: &RequestContext, id: &str, values: IndexValues) -> PreparedWrite {
    let text = format!(r#"{{"resourceType":"Patient","id":"{id}"}}"#);
    let resource = Resource::parse(text).unwrap();
    let patient = key(&format!("Patient/{id}"));
    let found = FoundBy::at_first(values);
    PreparedWrite::new(patient, Verb::Put, &resource, found, cx.now)
}

async fn check(database: &TestDatabase, expected: &[Vec<String>]) {
    let stored = stored(database).await;
    assert_eq!(stored, expected.concat().join("\n"));
}

#[tokio::test]
async fn values_of_every_kind_follow_create_update_and_delete() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store
        .create(&cx, found_by(&cx, "a", values(1)))
        .await
        .unwrap();
    store.put(&cx, found_by(&cx, "b", values(2))).await.unwrap();
    check(&database, &[expected("a", 1), expected("b", 2)]).await;
    store.put(&cx, found_by(&cx, "a", values(3))).await.unwrap();
    check(&database, &[expected("a", 3), expected("b", 2)]).await;
    let delete = |id: &str| {
        let patient = key(&format!("Patient/{id}"));
        PreparedDelete::new(patient, WriteCondition::default(), true, cx.now)
    };
    assert!(matches!(
        store.delete(&cx, delete("a")).await.unwrap(),
        Deleted::Now(..)
    ));
    check(&database, &[expected("b", 2)]).await;
    store.put(&cx, found_by(&cx, "a", values(4))).await.unwrap();
    check(&database, &[expected("a", 4), expected("b", 2)]).await;
    store
        .put(&cx, found_by(&cx, "b", IndexValues::default()))
        .await
        .unwrap();
    check(&database, &[expected("a", 4), bare("b")]).await;
}

#[tokio::test]
async fn an_update_touches_only_the_values_that_differ() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store
        .create(&cx, found_by(&cx, "a", values(1)))
        .await
        .unwrap();
    let untouched = "select count(*) from ( \
        select xmin from index_string union all select xmin from index_date union all select xmin from index_number \
        union all select xmin from index_position union all select xmin from index_text) v \
        where xmin = (select min(xmin::text::bigint)::text::xid from index_string)";
    assert_eq!(count(&database, untouched).await, 8);
    store.put(&cx, found_by(&cx, "a", values(1))).await.unwrap();
    assert_eq!(count(&database, untouched).await, 8);
    store.put(&cx, found_by(&cx, "a", values(2))).await.unwrap();
    assert_eq!(count(&database, untouched).await, 3);
}

#[tokio::test]
async fn a_reindex_replaces_values_of_every_kind() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    for (id, n) in [("a", 1), ("b", 2), ("c", 3)] {
        store.put(&cx, found_by(&cx, id, values(n))).await.unwrap();
    }
    let seen = store
        .walk(&cx, key("Patient/a").resource_type, 0, 10)
        .await
        .unwrap();
    // Between look and reindex one changes, and one goes.
    store.put(&cx, found_by(&cx, "a", values(4))).await.unwrap();
    let gone = PreparedDelete::new(key("Patient/b"), WriteCondition::default(), true, cx.now);
    store.delete(&cx, gone).await.unwrap();
    let anew = |(row, version): &(i64, super::super::StoredVersion)| {
        let mut values = values(6);
        values.place_around(&version.key);
        Indexed {
            row: *row,
            version: version.version,
            values,
        }
    };
    let all: Vec<Indexed> = seen.iter().map(anew).collect();
    store.reindex(&cx, 1, &all).await.unwrap();
    check(&database, &[expected("a", 4), expected("c", 6)]).await;
}

#[tokio::test]
async fn what_was_made_ready_with_older_definitions_is_refused() {
    let (database, cx) = (TestDatabase::new().await, context());
    let store = database.store().await;
    store.put(&cx, write(&cx, "a", "x")).await.unwrap();
    let row = store
        .walk(&cx, key("Patient/a").resource_type, 0, 10)
        .await
        .unwrap()
        .remove(0);
    let parameter = || {
        let text = r#"{"resourceType":"SearchParameter","id":"p"}"#;
        let resource = Resource::parse(text).unwrap();
        let found = FoundBy::at_first(IndexValues::default());
        PreparedWrite::new(
            key("SearchParameter/p"),
            Verb::Put,
            &resource,
            found,
            cx.now,
        )
    };
    // A transaction may write by the old definitions what it writes beside the new ones.
    let mut attempts = store.attempts();
    let mut tx = attempts.begin(&cx).await.unwrap();
    tx.create(&[parameter()]).await.unwrap();
    tx.create(&[write(&cx, "beside", "x")]).await.unwrap();
    store.put(&cx, write(&cx, "meanwhile", "x")).await.unwrap();
    attempts.finish(tx, Ok(())).await.unwrap().unwrap();

    let refusals = [
        store.create(&cx, write(&cx, "late", "x")).await.err(),
        store.put(&cx, write(&cx, "a", "late")).await.err(),
        store.put(&cx, parameter()).await.err(),
        store
            .reindex(
                &cx,
                1,
                &[Indexed {
                    row: row.0,
                    version: row.1.version,
                    values: values(1),
                }],
            )
            .await
            .err(),
    ];
    assert!(refusals.iter().flatten().all(is_outdated), "{refusals:?}");
    assert_eq!(refusals.iter().flatten().count(), 4);
    let mut current = write(&cx, "late", "x");
    current.generation = 2;
    store.create(&cx, current).await.unwrap();
    let gone = PreparedDelete::new(
        key("SearchParameter/p"),
        WriteCondition::default(),
        true,
        cx.now,
    );
    store.delete(&cx, gone).await.unwrap();
    assert_eq!(
        count(&database, "select generation from search_generation").await,
        3
    );
    assert_eq!(
        count(&database, "select count(*) from resource where not deleted").await,
        4
    );
}
