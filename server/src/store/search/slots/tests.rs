//! Every statement with a slot runs with and without a filter, and none that tells of resources is without one.

use sqlx::{Connection, Executor, PgConnection};

use super::*;
use crate::store::statements;
use crate::store::testing::TestDatabase;

/// Statements that look at resources and have no slot, and why they need none.
const WITHOUT: [(&str, &str); 20] = [
    (
        "list_marked_patients",
        "finds out what is hidden, before anything is asked",
    ),
    ("create_resources", "the text is judged before it is stored"),
    (
        "put_resources",
        "rows are locked and judged before, or all may be changed",
    ),
    ("delete_resources", "likewise"),
    ("add_terminology", "of packages, for the server itself"),
    ("lock_resources", "tells nothing"),
    (
        "find_referrers",
        "whoever may not see everything is not told who refers",
    ),
    ("is_empty", "for the start of the server"),
    (
        "list_search_parameters",
        "definitions, for the server itself",
    ),
    ("drop_claims_left", "claims of time, of everybody"),
    ("holds_over", "a job"),
    (
        "list_calendars",
        "when somebody can be booked, whoever may see why",
    ),
    ("list_dependents", "whose time is whose, whoever may see it"),
    ("list_judged_rows", "judged in memory, whoever asks"),
    ("list_centers", "judged in memory, whoever asks"),
    ("list_profiles", "definitions, for the server itself"),
    ("walk_resources", "a job"),
    ("reindex_resources", "a job"),
    ("list_changes", "a job"),
    ("read_generation", "definitions, for the server itself"),
];

#[test]
fn what_tells_of_resources_has_a_slot() {
    let mut lacking = Vec::new();
    let with: Vec<&str> = statements::CONFINED.iter().map(|(file, _)| *file).collect();
    for (file, text) in statements::ALL {
        let has_slot = slot(text).is_some();
        assert_eq!(has_slot, with.contains(file), "{file}");
        let code: String = text
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect();
        let mut words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let looks = words.any(|word| {
            ["resource", "resource_history", "change", "stored_profile"].contains(&word)
                || ["_resources"].iter().any(|end| word.ends_with(end))
        });
        let is_excused = WITHOUT.iter().any(|(name, _)| name == file);
        if looks && has_slot == is_excused {
            lacking.push(*file);
        }
    }
    assert!(lacking.is_empty(), "a slot, or a reason: {lacking:?}");
    for (file, _) in WITHOUT {
        assert!(
            statements::ALL.iter().any(|(name, _)| *name == file),
            "{file}"
        );
    }
}

#[tokio::test]
async fn every_slot_takes_every_kind_of_condition() {
    let database = TestDatabase::new().await;
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let types: Vec<ResourceType> = ResourceType::all().take(2).collect();
    let filter = RowFilter(Some(Clause::Any(vec![
        Clause::Types(types.clone()),
        Clause::All(vec![
            Clause::Types(types[..1].to_vec()),
            Clause::AnyToken(vec![1]),
            Clause::NoToken(vec![2, 3]),
            Clause::Not(Box::new(Clause::Ids(vec!["a".parse().unwrap()]))),
        ]),
        Clause::Nothing,
    ])));
    for (file, statement) in statements::CONFINED {
        let mut asked = statement.within(&RowFilter::everything(), PgArguments::default());
        assert!(matches!(&asked, Asked::Whole(text, _) if *text == statement.whole()));
        drop(asked.query());
        // The values of the statement itself are as many as its text names.
        let own = (1..20)
            .take_while(|n| statement.whole().contains(&format!("${n}")))
            .count();
        let mut arguments = PgArguments::default();
        for _ in 0..own {
            sqlx::Arguments::add(&mut arguments, None::<&str>).unwrap();
        }
        let Asked::Confined(confined) = statement.within(&filter, arguments) else {
            panic!("{file} is not confined");
        };
        let text = confined.sql();
        assert!(
            !text.contains("<rows of") && !text.contains("confined"),
            "{text}"
        );
        if let Err(fault) = connection
            .prepare(sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(
                text.clone(),
            )))
            .await
        {
            panic!("{file}: {fault}\n{text}");
        }
    }
}

/// Somebody may be in the care teams of many.
#[tokio::test]
async fn a_condition_of_many_elements_runs() {
    let database = TestDatabase::new().await;
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let filter = RowFilter(Some(Clause::AnyToken((0..5_000).collect())));
    let keys = (vec!["Patient"], vec!["a"]);
    let mut arguments = PgArguments::default();
    sqlx::Arguments::add(&mut arguments, keys.0).unwrap();
    sqlx::Arguments::add(&mut arguments, keys.1).unwrap();
    let mut asked = statements::READ_RESOURCES.within(&filter, arguments);
    let rows = asked.query().fetch_all(&mut connection).await.unwrap();
    assert!(rows.is_empty());
}
