//! How a search is answered, for operators: which way and why, the statements, and what the database says of them.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use super::leads::Lead;
use super::path::{Attempt, Path, Way};
use super::statement::Statement;
use super::{ConfinedPlan, Content, Rows, Search, Searching};
use crate::error::Result;
use crate::store::fault::from_sqlx;

/// The ways of a search and what they did. No value of the search is in it.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Where it could begin, and what the estimates say, in a sentence.
    pub choice: String,
    /// Resources that are thought to match.
    pub matches: i64,
    /// Statements in the order they were run.
    pub statements: Vec<ExplainedStatement>,
}

/// One statement of a search.
#[derive(Clone, Debug)]
pub struct ExplainedStatement {
    /// The way and its bound.
    pub way: String,
    /// The text.
    pub sql: String,
    /// Types of the bound values.
    pub bound: Vec<&'static str>,
    /// The plan with what each step did and how long it took, as PostgreSQL's JSON.
    pub plan: String,
    /// How long the statement took with everything around it.
    pub took: Duration,
    /// Whether what it found is the answer; else another way was taken.
    pub is_certain: bool,
}

/// Runs the search for the first page, statement by statement.
pub(in super::super) async fn explain(
    connection: &mut PgConnection,
    searching: &Searching,
    confined: &ConfinedPlan<'_>,
    count: u32,
) -> Result<Explanation> {
    let plan = confined.plan();
    let statistics = searching.known.current();
    let search = Search::of(plan, &statistics, None, count as usize, Content::Whole);
    let path = search.path(&searching.tuning);
    let mut explained = Vec::new();
    for attempt in &path.attempts {
        let mut rows = Rows::default();
        for mut statement in search.statements(
            &path,
            *attempt,
            searching.tuning.set_max,
            Statement::recording,
        ) {
            let plan = analyze(connection, &statement).await?;
            let begun = tokio::time::Instant::now();
            search.read(connection, &mut statement, &mut rows).await?;
            explained.push(ExplainedStatement {
                way: way(*attempt),
                sql: statement.sql(),
                bound: statement.bound().to_vec(),
                plan,
                took: begun.elapsed(),
                is_certain: !rows.is_uncertain,
            });
            if rows.has_more || rows.is_uncertain {
                break;
            }
        }
        if !rows.is_uncertain {
            break;
        }
    }
    Ok(Explanation {
        choice: choice(&path),
        matches: path.matches,
        statements: explained,
    })
}

fn way(attempt: Attempt) -> String {
    let way = match attempt.way {
        Way::ValueFirst => "from an index of values",
        Way::Walk => "along the order",
        Way::Recent => "from the index of elements among the newest rows",
        Way::Listed => "along the newest rows of listed elements",
    };
    match attempt.cap {
        Some(cap) => format!("{way}, at most {cap} rows"),
        None => format!("{way}, to the end"),
    }
}

fn choice(path: &Path<'_>) -> String {
    let lead = match &path.choice.lead {
        Lead::Elements(elements) => format!("{} index elements", elements.len()),
        Lead::Clauses(clauses) => format!("{} clauses about rows of values", clauses.len()),
        Lead::Numbers { leading, asked } => format!(
            "{} clauses about rows of values or listed elements, and {} about their numbers",
            leading.len(),
            asked.len()
        ),
        Lead::Everything => "nothing but the type".to_owned(),
    };
    let rows = path.choice.rows;
    let along = match path.walk_cost {
        Some(cost) => format!("{} µs", cost / 1000),
        None => "impossible".to_owned(),
    };
    format!(
        "an index is asked for {lead}, about {rows} rows; from there {} µs, along the order {along}",
        path.value_first_cost / 1000
    )
}

/// The plan that searches run by: made without looking at the values, which are handed over beside it.
async fn analyze(connection: &mut PgConnection, statement: &Statement) -> Result<String> {
    let types = statement.bound().join(", ");
    let prepare = match types.is_empty() {
        true => format!("prepare explained as {}", statement.sql()),
        false => format!("prepare explained ({types}) as {}", statement.sql()),
    };
    sqlx::raw_sql(AssertSqlSafe(prepare))
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let mut tx = connection.begin().await.map_err(from_sqlx)?;
    let explained = explain_prepared(&mut tx, statement).await;
    tx.rollback().await.map_err(from_sqlx)?;
    connection
        .execute("deallocate explained")
        .await
        .map_err(from_sqlx)?;
    explained
}

async fn explain_prepared(connection: &mut PgConnection, statement: &Statement) -> Result<String> {
    connection
        .execute("set local plan_cache_mode = force_generic_plan")
        .await
        .map_err(from_sqlx)?;
    let mut values = Vec::new();
    for (n, (value, kind)) in statement
        .recorded()
        .iter()
        .zip(statement.bound())
        .enumerate()
    {
        sqlx::query("select set_config('vesta.v' || $1::text, $2, true)")
            .bind(n.to_string())
            .bind(value)
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        values.push(format!("current_setting('vesta.v{n}')::{kind}"));
    }
    let explain = match values.is_empty() {
        true => "explain (analyze, buffers, format json) execute explained".to_owned(),
        false => format!(
            "explain (analyze, buffers, format json) execute explained({})",
            values.join(", ")
        ),
    };
    let row = sqlx::raw_sql(AssertSqlSafe(explain))
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    row.try_get_unchecked(0).map_err(from_sqlx)
}
