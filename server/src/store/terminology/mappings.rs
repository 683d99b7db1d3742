//! Mappings of concept maps, by the codes that are mapped.

use fhir::json::Document;
use fhir::terminology::canonical::Canonical;
use fhir::terminology::translate::{Between, Mapping, mapping};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::rows::parsed;
use crate::error::Result;
use crate::store::fault::from_sqlx;
use crate::store::{Store, statements};

/// Which mappings are looked for.
#[derive(Clone, Copy, Debug)]
pub struct MappingsOf<'a> {
    /// The codes.
    pub codes: &'a [Box<str>],
    /// Whether they are targets.
    pub is_reverse: bool,
    /// Only of the concept maps of this URL.
    pub url: Option<&'a str>,
    /// Only of concept maps from this value set, in this version where they say one.
    pub source: Option<&'a Canonical>,
    /// Only of concept maps to this value set, likewise.
    pub target: Option<&'a Canonical>,
}

impl Store {
    /// The mappings of these codes, in all versions of all concept maps.
    pub async fn mappings(&self, of: MappingsOf<'_>) -> Result<Vec<Mapping>> {
        let codes: Vec<&str> = of.codes.iter().map(|code| &**code).collect();
        let rows = sqlx::query(statements::FIND_MAPPINGS)
            .bind(codes)
            .bind(of.is_reverse)
            .bind(of.url)
            .bind(of.source.map(|one| &*one.url))
            .bind(of.target.map(|one| &*one.url))
            .bind(of.source.and_then(|one| one.version.as_deref()))
            .bind(of.target.and_then(|one| one.version.as_deref()))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(read).collect()
    }

    /// The concept maps of a URL, without their mappings: version and definition.
    pub async fn concept_maps(&self, url: &str) -> Result<Vec<(String, Document)>> {
        let rows = sqlx::query(statements::LIST_CONCEPT_MAPS)
            .bind(url)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let map = |row: &PgRow| {
            let head: String = row.try_get("head").map_err(from_sqlx)?;
            Ok((row.try_get("version").map_err(from_sqlx)?, parsed(head)?))
        };
        rows.iter().map(map).collect()
    }
}

fn read(row: &PgRow) -> Result<Mapping> {
    let text = |name: &str| row.try_get::<String, _>(name).map_err(from_sqlx);
    let maybe = |name: &str| {
        let text: Option<String> = row.try_get(name).map_err(from_sqlx)?;
        Ok::<_, crate::error::Error>(text.map(Into::into))
    };
    let canonical = Canonical::of(&text("url")?, Some(&text("version")?));
    let (element, target) = (parsed(text("element")?)?, parsed(text("target")?)?);
    let between = Between {
        source: Between::side(maybe("source_system")?, maybe("source_version")?),
        target: Between::side(maybe("target_system")?, maybe("target_version")?),
    };
    Ok(mapping(&canonical, &between, element.root(), target.root()))
}
