//! The side without HTTP: one connection that issues the server's own statements, one for each request.

use std::sync::Arc;

use fhir::ids::ResourceType;
use fhir::search::hash::{ANY_REFERENCE, target_hash};
use sqlx::{Connection, PgConnection, Row};

use super::Kind;
use super::columns::{Columns, Extent};
use super::library::{Entry, Library};
use super::moment::Moment;
use super::requests::{Mixed, Next, SMALL_BUNDLE};
use crate::Result;
use crate::load::Work;
use crate::random::Random;

const CREATE_RESOURCES: &str = include_str!("../../../server/src/store/sql/create_resources.sql");
const PUT_RESOURCES: &str = include_str!("../../../server/src/store/sql/put_resources.sql");
const READ_RESOURCES: &str = include_str!("../../../server/src/store/sql/read_resources.sql");
const DELETE_RESOURCES: &str = include_str!("../../../server/src/store/sql/delete_resources.sql");

/// A connection that issues the statements of one kind.
#[derive(Debug)]
pub(super) struct Statements {
    connection: PgConnection,
    kind: Kind,
    library: Arc<Library>,
    random: Random,
    mixed: Mixed,
    extent: Extent,
}

impl Statements {
    /// The connection of that number.
    pub(super) fn new(
        connection: PgConnection,
        kind: Kind,
        library: Arc<Library>,
        number: usize,
    ) -> Self {
        let seed = u64::try_from(number).unwrap_or(0) + 2_000;
        Self {
            connection,
            kind,
            library,
            random: Random::new(seed),
            mixed: Mixed::new(number),
            extent: Extent::All,
        }
    }

    /// The same connection, whose creates write that much of what a search could find.
    pub(super) fn writing(mut self, extent: Extent) -> Self {
        self.extent = extent;
        self
    }

    async fn read(&mut self, resource_type: &str, id: &str) -> Result<()> {
        let rows = sqlx::query(READ_RESOURCES)
            .bind(vec![resource_type])
            .bind(vec![id])
            .fetch_all(&mut self.connection)
            .await?;
        let content: &str = rows
            .first()
            .ok_or("a read found no row")?
            .try_get("content")?;
        match content.is_empty() {
            true => Err("a read found nothing".into()),
            false => Ok(()),
        }
    }

    async fn mixed(&mut self) -> Result<()> {
        let library = Arc::clone(&self.library);
        let entry = library.mixed(self.mixed.place, &mut self.random);
        let id = std::mem::take(&mut self.mixed.id);
        let resource_type = self.mixed.resource_type();
        self.mixed.id = match self.mixed.next {
            Next::Create => {
                let created = create(&mut self.connection, &[entry], Extent::All).await?;
                created.into_iter().next().ok_or("nothing was created")?
            }
            Next::Read => {
                self.read(resource_type, &id).await?;
                id
            }
            Next::Update => {
                put(&mut self.connection, entry, &id, 1).await?;
                id
            }
            Next::Delete => {
                delete(&mut self.connection, resource_type, &id).await?;
                id
            }
        };
        self.mixed.advance();
        Ok(())
    }
}

impl Work for Statements {
    async fn step(&mut self) -> Result<()> {
        let library = Arc::clone(&self.library);
        match self.kind {
            Kind::Create => {
                let entry = library.observation(&mut self.random);
                create(&mut self.connection, &[entry], self.extent).await?;
            }
            Kind::Read => {
                let variant = usize::from(self.random.below(2) == 1);
                let entry = library.observation(&mut self.random);
                self.read("Observation", &entry.ids[variant]).await?;
            }
            Kind::Update => {
                let (which, variant) = (self.random.below(2) == 1, self.random.below(2) == 1);
                let entry = library.observation(&mut self.random);
                let id = &entry.ids[usize::from(which)];
                put(&mut self.connection, entry, id, usize::from(variant)).await?;
            }
            Kind::Mixed => self.mixed().await?,
            Kind::Transaction => {
                let random = &mut self.random;
                let entries: Vec<&Entry> = (0..SMALL_BUNDLE)
                    .map(|_| library.observation(random))
                    .collect();
                let mut transaction = self.connection.begin().await?;
                create(&mut transaction, &entries, Extent::All).await?;
                transaction.commit().await?;
            }
        }
        Ok(())
    }
}

fn hash(resource_type: &str, id: &str) -> Result<i64> {
    let known = ResourceType::parse(resource_type).ok_or("no FHIR type")?;
    Ok(target_hash(known, id))
}

/// Writes new resources and answers their ids.
async fn create(
    connection: &mut PgConnection,
    entries: &[&Entry],
    extent: Extent,
) -> Result<Vec<String>> {
    let now = Moment::now();
    let (mut types, mut ids, mut hashes, mut contents) = (vec![], vec![], vec![], vec![]);
    for entry in entries {
        let (resource_type, id) = (entry.sample.resource_type, uuid::Uuid::now_v7().to_string());
        contents.push(format!(
            r#"{{"resourceType":"{resource_type}","id":"{id}","meta":{{"versionId":"1","lastUpdated":"{}"}},{}"#,
            now.text()?,
            entry.sample.rest(0)
        ));
        hashes.push(hash(resource_type, &id)?);
        types.push(resource_type);
        ids.push(id);
    }
    let rows = entries.iter().map(|entry| &entry.rows[0]);
    let mut index = Columns::of(rows, extent);
    let query = sqlx::query(CREATE_RESOURCES)
        .bind(index.generation)
        .bind(types)
        .bind(&ids)
        .bind(hashes)
        .bind(vec![now; entries.len()])
        .bind(contents)
        .bind(vec![false; entries.len()])
        .bind(std::mem::take(&mut index.toks));
    let written = index
        .bind(query)
        .bind(None::<String>)
        .execute(connection)
        .await?;
    match written.rows_affected() == u64::try_from(entries.len())? {
        true => Ok(ids),
        false => Err("a create did not write its rows".into()),
    }
}

async fn put(connection: &mut PgConnection, entry: &Entry, id: &str, variant: usize) -> Result<()> {
    let resource_type = entry.sample.resource_type;
    let head = format!(r#"{{"resourceType":"{resource_type}","id":"{id}","meta":{{"versionId":""#);
    let tail = format!(r#""}},{}"#, entry.sample.rest(variant));
    let mut index = Columns::of(std::iter::once(&entry.rows[variant]), Extent::All);
    let query = sqlx::query(PUT_RESOURCES)
        .bind(index.generation)
        .bind(vec![resource_type])
        .bind(vec![id])
        .bind(vec![hash(resource_type, id)?])
        .bind(vec![Moment::now()])
        .bind(vec!["PUT"])
        .bind(vec![head])
        .bind(vec![r#"","lastUpdated":""#])
        .bind(vec![tail])
        .bind(vec![false])
        .bind(std::mem::take(&mut index.toks))
        .bind(vec![None::<String>])
        .bind(vec![false]);
    let row = index
        .bind(query)
        .bind(None::<String>)
        .fetch_one(connection)
        .await?;
    expect_verdict(&row, "updated")
}

async fn delete(connection: &mut PgConnection, resource_type: &str, id: &str) -> Result<()> {
    let row = sqlx::query(DELETE_RESOURCES)
        .bind(vec![resource_type])
        .bind(vec![id])
        .bind(vec![Moment::now()])
        .bind(vec![None::<String>])
        .bind(vec![ANY_REFERENCE ^ hash(resource_type, id)?])
        .bind(None::<String>)
        .fetch_one(connection)
        .await?;
    expect_verdict(&row, "deleted")
}

fn expect_verdict(row: &sqlx::postgres::PgRow, expected: &str) -> Result<()> {
    let verdict: String = row.try_get("verdict")?;
    match verdict == expected {
        true => Ok(()),
        false => Err(format!("a statement was {verdict} instead of {expected}").into()),
    }
}
