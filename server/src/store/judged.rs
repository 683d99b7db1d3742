//! What decides who may change a resource: the elements of its row, and of the patients in whose compartments it is. They
//! are looked up for whoever asks, judged here, and the write is bound to the version that was judged
//! (server/decisions/0033-judged-versions.md).

use fhir::ids::{ResourceKey, ResourceType, VersionId};
use fhir::search::hash;
use fhir::search::index_values::IndexValues;
use sqlx::{PgConnection, Row};

use super::batch::key_columns;
use super::combine::Batch;
use super::fault::from_sqlx;
use super::statements;
use crate::auth::Rows;
use crate::error::{Error, Result};

/// A row that is to be judged.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    /// What it is the row of.
    pub(super) key: ResourceKey,
    /// Elements, sorted, whose compartments need not be looked at; nothing where none need be.
    pub(super) known: Option<Vec<i64>>,
    /// Whether its text is looked at, too.
    pub(super) is_read: bool,
}

/// What there is to judge a current resource by.
#[derive(Clone, Debug)]
pub(super) struct JudgedRow {
    /// The version it is in.
    pub(super) version: VersionId,
    /// Its text, where that was to be looked at.
    pub(super) content: Option<Box<str>>,
    elements: IndexValues,
    centers: Vec<(ResourceKey, IndexValues)>,
}

impl JudgedRow {
    /// Whether the resource of that key is among some rows.
    pub(super) fn is_among(&self, key: &ResourceKey, rows: &Rows) -> bool {
        rows.admit(key, &self.elements)
    }

    /// Whether it has an element.
    pub(super) fn has(&self, element: i64) -> bool {
        self.elements.tokens.binary_search(&element).is_ok()
    }

    /// Whether a patient in whose compartment it is, of those that were looked at, is not among some rows.
    pub(super) fn is_beyond(&self, reach: &Rows) -> bool {
        let mut centers = self.centers.iter();
        centers.any(|(key, values)| !reach.admit(key, values))
    }
}

pub(super) struct JudgedRows;

impl Batch for JudgedRows {
    type Request = Judged;
    type Answer = Option<JudgedRow>;
    const REPEATABLE: bool = true;

    fn fitting(requests: &[Judged]) -> usize {
        requests.len()
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[Judged],
    ) -> Result<Vec<Result<Option<JudgedRow>>>> {
        let found = judged_rows(connection, requests).await?;
        Ok(found.into_iter().map(Ok).collect())
    }
}

/// The rows of current resources, each in the place of its key.
pub(super) async fn judged_rows(
    connection: &mut PgConnection,
    judged: &[Judged],
) -> Result<Vec<Option<JudgedRow>>> {
    let (types, ids) = key_columns(judged.iter().map(|one| &one.key));
    let rows = sqlx::query(statements::LIST_JUDGED_ROWS)
        .bind(types)
        .bind(ids)
        .bind(judged.iter().map(|one| one.is_read).collect::<Vec<bool>>())
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let mut found: Vec<Option<JudgedRow>> = judged.iter().map(|_| None).collect();
    for row in &rows {
        let place = place(row)?;
        let version: i64 = row.try_get("version_id").map_err(from_sqlx)?;
        let version = VersionId::new(version);
        let content: Option<String> = row.try_get("content").map_err(from_sqlx)?;
        if let Some(slot) = found.get_mut(place) {
            *slot = Some(JudgedRow {
                version: version
                    .ok_or_else(|| Error::internal("a stored version is not positive"))?,
                content: content.map(Into::into),
                elements: elements(row)?,
                centers: Vec::new(),
            });
        }
    }
    look_at_centers(connection, judged, &mut found).await?;
    Ok(found)
}

/// Looks up the patients in whose compartments rows are, but for those that are known.
async fn look_at_centers(
    connection: &mut PgConnection,
    judged: &[Judged],
    found: &mut [Option<JudgedRow>],
) -> Result<()> {
    let (mut places, mut wanted): (Vec<i32>, Vec<i64>) = (Vec::new(), Vec::new());
    for (place, (row, one)) in found.iter().zip(judged).enumerate() {
        let (Some(row), Some(known)) = (row, &one.known) else {
            continue;
        };
        let place = i32::try_from(place + 1).map_err(Error::internal)?;
        // What a patient is by themselves no reference tells.
        let own = hash::compartment(&one.key);
        let tokens = row.elements.tokens.iter();
        for element in tokens.filter(|one| **one == own || known.binary_search(one).is_err()) {
            places.push(place);
            wanted.push(*element);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let patient = ResourceType::parse("Patient");
    let patient = patient.ok_or_else(|| Error::internal("R4 has patients"))?;
    let rows = sqlx::query(statements::LIST_CENTERS)
        .bind(places)
        .bind(wanted)
        .bind(hash::COMPARTMENT)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    for row in &rows {
        let id: &str = row.try_get("id").map_err(from_sqlx)?;
        let center = ResourceKey::new(patient, id.parse().map_err(Error::internal)?);
        if let Some(Some(of)) = found.get_mut(place(row)?) {
            of.centers.push((center, elements(row)?));
        }
    }
    Ok(())
}

fn place(row: &sqlx::postgres::PgRow) -> Result<usize> {
    let n: i32 = row.try_get("n").map_err(from_sqlx)?;
    usize::try_from(n - 1).map_err(Error::internal)
}

fn elements(row: &sqlx::postgres::PgRow) -> Result<IndexValues> {
    let mut tokens: Vec<i64> = row.try_get("tok").map_err(from_sqlx)?;
    tokens.sort_unstable();
    Ok(IndexValues {
        tokens,
        ..IndexValues::default()
    })
}
