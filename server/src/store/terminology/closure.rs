//! Tables of `$closure`: which codes a client has named, and what includes what among them.

use fhir::terminology::code_system::SystemKey;
use sqlx::Row;

use crate::error::Result;
use crate::store::fault::from_sqlx;
use crate::store::{Store, statements};

/// What is new in a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosureNews {
    /// The version of the table.
    pub version: i32,
    /// System and code, and those of one that includes it.
    pub entries: Vec<ClosureEntry>,
}

/// A code and one that includes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosureEntry {
    /// The narrower one: system and code.
    pub source: (String, String),
    /// The wider one.
    pub target: (String, String),
}

impl Store {
    /// Begins a table, in the place of one of that name.
    pub async fn begin_closure(&self, name: &str) -> Result<()> {
        sqlx::query(statements::BEGIN_CLOSURE)
            .bind(name)
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// The code systems of the codes of a table.
    pub async fn closure_systems(&self, name: &str) -> Result<Vec<String>> {
        sqlx::query_scalar(statements::LIST_CLOSURE_SYSTEMS)
            .bind(name)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// Adds codes, each with its system; `systems` are all systems of the table in the versions that count. The new
    /// version, or nothing where there is no such table.
    pub async fn add_closure(
        &self,
        name: &str,
        codes: &[(Box<str>, Box<str>)],
        systems: &[(Box<str>, SystemKey)],
    ) -> Result<Option<i32>> {
        let (of, code): (Vec<&str>, Vec<&str>) = codes
            .iter()
            .map(|(system, code)| (&**system, &**code))
            .unzip();
        let (known, tids): (Vec<&str>, Vec<i64>) =
            systems.iter().map(|(url, key)| (&**url, key.0)).unzip();
        sqlx::query_scalar(statements::ADD_CLOSURE)
            .bind(name)
            .bind(of)
            .bind(code)
            .bind(known)
            .bind(tids)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// What is new since a version; nothing where there is no such table.
    pub async fn closure_news(&self, name: &str, since: i32) -> Result<Option<ClosureNews>> {
        let rows = sqlx::query(statements::LIST_CLOSURE)
            .bind(name)
            .bind(since)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let mut news: Option<ClosureNews> = None;
        for row in &rows {
            let text = |name: &str| row.try_get::<Option<String>, _>(name).map_err(from_sqlx);
            let news = news.get_or_insert_default();
            news.version = row.try_get("version").map_err(from_sqlx)?;
            let source = text("source_system")?.zip(text("source_code")?);
            let target = text("target_system")?.zip(text("target_code")?);
            let entry = source.zip(target);
            news.entries
                .extend(entry.map(|(source, target)| ClosureEntry { source, target }));
        }
        Ok(news)
    }
}
