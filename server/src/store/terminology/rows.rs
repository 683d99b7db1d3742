//! Rows of the tables as what they stand for, each with the state it was read in.

use std::sync::Arc;

use fhir::json::{Document, ParseLimits};
use fhir::resource::Resource;
use fhir::terminology::code_system::{CodeSystem, SystemKey};
use fhir::terminology::concept::Concept;
use fhir::terminology::knowledge::{Concepts, Selection, Slice};
use fhir::terminology::value_set::ValueSet;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

use super::broken;
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::search::list_slice;
use crate::store::statements;

/// Value sets of these URLs.
pub(super) async fn value_sets(
    connection: &mut PgConnection,
    urls: &[Box<str>],
) -> Result<(i64, Vec<Arc<ValueSet>>)> {
    let rows = sqlx::query(statements::LIST_VALUE_SETS)
        .bind(texts(urls))
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    let mut found = Vec::new();
    for row in &rows {
        if let Some(head) = head(row)? {
            let resource = Resource::of(head).map_err(|_| broken("ValueSet"))?;
            found.push(Arc::new(ValueSet::read(resource)));
        }
    }
    Ok((revision(&rows)?, found))
}

/// Code systems of these URLs, supplements to them, and those whose value sets have them.
pub(super) async fn code_systems(
    connection: &mut PgConnection,
    urls: &[Box<str>],
) -> Result<(i64, Vec<Arc<CodeSystem>>)> {
    let rows = sqlx::query(statements::LIST_CODE_SYSTEMS)
        .bind(texts(urls))
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    let mut found = Vec::new();
    for row in &rows {
        let Some(head) = head(row)? else {
            continue;
        };
        let key = SystemKey(row.try_get("tid").map_err(from_sqlx)?);
        let count: i32 = row.try_get("concepts").map_err(from_sqlx)?;
        let count = usize::try_from(count).map_err(Error::internal)?;
        let system = CodeSystem::read(key, head.root(), count);
        found.push(Arc::new(system.ok_or_else(|| broken("CodeSystem"))?));
    }
    Ok((revision(&rows)?, found))
}

/// Concepts of a code system, not many more than `most`.
pub(super) async fn concepts(
    pool: &PgPool,
    SystemKey(tid): SystemKey,
    selection: &Selection,
    most: usize,
) -> Result<(i64, Concepts)> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX - 1) + 1;
    let query = match selection {
        Selection::All(words) => sqlx::query(statements::LIST_CONCEPTS)
            .bind(tid)
            .bind(texts(words))
            .bind(limit),
        Selection::Codes(_) => {
            return Err(Error::internal(
                "codes of several code systems are looked up at once",
            ));
        }
        Selection::Below {
            code,
            with_itself,
            words,
        } => sqlx::query(statements::LIST_CONCEPTS_BELOW)
            .bind(tid)
            .bind(&**code)
            .bind(*with_itself)
            .bind(false)
            .bind(texts(words))
            .bind(limit),
        Selection::RightBelow(code) => sqlx::query(statements::LIST_CONCEPTS_BELOW)
            .bind(tid)
            .bind(&**code)
            .bind(false)
            .bind(true)
            .bind(Vec::<&str>::new())
            .bind(limit),
        Selection::Having(property, values) => sqlx::query(statements::LIST_CONCEPTS_HAVING)
            .bind(tid)
            .bind(&**property)
            .bind(texts(values))
            .bind(limit),
    };
    let rows = query.fetch_all(pool).await.map_err(from_sqlx)?;
    let mut list = Vec::with_capacity(rows.len());
    for row in &rows {
        list.extend(concept(row)?.map(Arc::new));
    }
    let is_cut = rows.len() > most;
    Ok((revision(&rows)?, Concepts { list, is_cut }))
}

/// Some of the concepts that a condition holds for.
pub(super) async fn slice(
    pool: &PgPool,
    SystemKey(tid): SystemKey,
    slice: &Slice,
) -> Result<(i64, Concepts)> {
    let rows = list_slice(pool, tid, slice).await?;
    let mut list = Vec::with_capacity(rows.len());
    for row in &rows {
        list.extend(concept(row)?.map(Arc::new));
    }
    let is_cut = false;
    Ok((revision(&rows)?, Concepts { list, is_cut }))
}

pub(super) fn concept(row: &PgRow) -> Result<Option<Concept>> {
    let Some(detail) = row
        .try_get::<Option<String>, _>("detail")
        .map_err(from_sqlx)?
    else {
        return Ok(None);
    };
    let detail = parsed(detail)?;
    let mut concept = Concept::read(detail.root()).ok_or_else(|| broken("concept"))?;
    let codes = |name| {
        let codes: Vec<String> = row.try_get(name).map_err(from_sqlx)?;
        Ok::<_, Error>(codes.into_iter().map(Into::into).collect())
    };
    concept.parents = codes("parents")?;
    concept.ancestors = codes("ancestors")?;
    concept.has_children = row.try_get("has_children").map_err(from_sqlx)?;
    Ok(Some(concept))
}

fn head(row: &PgRow) -> Result<Option<Document>> {
    let head: Option<String> = row.try_get("head").map_err(from_sqlx)?;
    head.map(parsed).transpose()
}

/// It was within the limits when it was written, which may have been others.
pub(super) fn parsed(text: String) -> Result<Document> {
    Document::parse_with(text, ParseLimits::default()).map_err(Error::internal)
}

/// Every statement answers it, if need be in a row of nothing else.
pub(super) fn revision(rows: &[PgRow]) -> Result<i64> {
    let row = rows
        .first()
        .ok_or_else(|| Error::internal("the state of terminology has no row"))?;
    row.try_get("revision").map_err(from_sqlx)
}

fn texts(list: &[Box<str>]) -> Vec<&str> {
    list.iter().map(|one| &**one).collect()
}
