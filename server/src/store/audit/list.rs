//! Events of the trail, newest first, by what they are found by.

use fhir::ids::{ResourceId, VersionId};
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};

use crate::audit::{
    AuditEventId, AuditIndex, AuditRecord, AuditRow, AuditSource, Digest, Link, Who, element, event,
};
use crate::auth::{Permission, unaccounted};
use crate::context::RequestContext;
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, StoredVersion, Verb, statements};

use super::permit_trail;

/// Which events. `None` is no condition; of several values one is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Ids of patients.
    pub patients: Option<Vec<String>>,
    /// Resources, as `Type/id`.
    pub entities: Option<Vec<String>>,
    /// Persons who asked, as references.
    pub agents: Option<Vec<String>>,
    /// Names they logged in with.
    pub logins: Option<Vec<String>>,
    /// Ids of grants.
    pub grants: Option<Vec<String>>,
    /// Beginnings of network addresses.
    pub addresses: Option<Vec<String>>,
    /// Recorded at or after this.
    pub from: Option<Timestamp>,
    /// Recorded before this.
    pub until: Option<Timestamp>,
    /// `C`, `R`, `U`, `D`, `E`.
    pub actions: Option<Vec<String>>,
    /// `0`, `4`, `8`, `12`.
    pub outcomes: Option<Vec<String>>,
    /// `rest`, or codes of DICOM.
    pub types: Option<Vec<String>>,
    /// Interactions and operations.
    pub subtypes: Option<Vec<String>>,
    /// Events themselves.
    pub ids: Option<Vec<AuditEventId>>,
}

/// Where a page begins: behind this event.
pub type AuditPlace = AuditEventId;

/// An event as it is stored.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// The row it is of.
    pub row: AuditRow,
    /// Its place among the row's events.
    pub place: i32,
    /// Its link, once it is sealed.
    pub link: Option<Link>,
}

impl StoredEvent {
    /// Its id.
    pub fn id(&self) -> AuditEventId {
        AuditEventId {
            row: self.row.seq,
            place: self.place,
        }
    }
}

/// Elements of which a row has at least one, for what an index can find.
struct Groups {
    patients: Option<Vec<i64>>,
    entities: Option<Vec<i64>>,
    /// Of whoever asked: by reference, or else by login, or else by grant.
    agent: Option<Vec<i64>>,
}

impl AuditFilter {
    fn groups(&self) -> Groups {
        let of = |index, texts: &Option<Vec<String>>| {
            let elements = |texts: &Vec<String>| -> Vec<i64> {
                texts.iter().map(|text| element(index, text)).collect()
            };
            texts.as_ref().map(elements)
        };
        // A patient may also be who asked, and is an entity of its events.
        let mut patients = of(AuditIndex::Patient, &self.patients);
        if let (Some(elements), Some(ids)) = (&mut patients, &self.patients) {
            let asking = ids.iter().map(|id| format!("Patient/{id}"));
            elements.extend(asking.map(|agent| element(AuditIndex::Agent, &agent)));
        }
        let mut entities = of(AuditIndex::Entity, &self.entities);
        if let (Some(elements), Some(keys)) = (&mut entities, &self.entities) {
            let ids = keys.iter().filter_map(|key| key.strip_prefix("Patient/"));
            elements.extend(ids.map(|id| element(AuditIndex::Patient, id)));
        }
        // The node is an agent of every row.
        let is_node = |agents: &Vec<String>| agents.iter().any(|one| one.starts_with("Device/"));
        let agents = match self.agents.as_ref().is_some_and(is_node) {
            true => None,
            false => of(AuditIndex::Agent, &self.agents),
        };
        Groups {
            patients,
            entities,
            agent: agents
                .or_else(|| of(AuditIndex::Login, &self.logins))
                .or_else(|| of(AuditIndex::Grant, &self.grants)),
        }
    }
}

/// A query that is being given its values.
macro_rules! filtered {
    ($statement:expr, $filter:expr) => {{
        let filter = $filter;
        let groups = filter.groups();
        let ids = filter.ids.as_ref();
        $statement
            .bind(groups.patients)
            .bind(groups.entities)
            .bind(groups.agent)
            .bind(filter.patients.clone())
            .bind(filter.entities.clone())
            .bind(filter.agents.clone())
            .bind(filter.logins.clone())
            .bind(filter.grants.clone())
            .bind(filter.addresses.clone())
            .bind(filter.from.map(Instant))
            .bind(filter.until.map(Instant))
            .bind(filter.actions.clone())
            .bind(filter.outcomes.clone())
            .bind(filter.types.clone())
            .bind(filter.subtypes.clone())
            .bind(ids.map(|ids| ids.iter().map(AuditEventId::to_string).collect::<Vec<_>>()))
            .bind(ids.map(|ids| ids.iter().map(|id| id.row).collect::<Vec<_>>()))
    }};
}

impl Store {
    /// Events, newest first, behind a place: at most so many.
    pub async fn audit_events(
        &self,
        _cx: &RequestContext,
        filter: &AuditFilter,
        behind: Option<AuditPlace>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>> {
        let rows = filtered!(sqlx::query(statements::LIST_AUDIT_EVENTS), filter)
            .bind(behind.map(|place| place.row))
            .bind(behind.map(|place| place.place))
            .bind(i64::from(limit))
            .fetch_all(pool(self))
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(stored_event).collect()
    }

    /// How many events a filter lets through.
    pub async fn count_audit_events(
        &self,
        _cx: &RequestContext,
        filter: &AuditFilter,
    ) -> Result<u64> {
        let count: i64 = filtered!(sqlx::query_scalar(statements::COUNT_AUDIT_EVENTS), filter)
            .fetch_one(pool(self))
            .await
            .map_err(from_sqlx)?;
        u64::try_from(count).map_err(Error::internal)
    }

    /// Events in which data of a patient were disclosed, newest first: at most so many.
    pub async fn disclosures(
        &self,
        cx: &RequestContext,
        patient: &ResourceId,
        (from, until): (Timestamp, Option<Timestamp>),
        limit: u32,
    ) -> Result<Vec<StoredEvent>> {
        permit_trail(cx, Permission::Search)?;
        let rows = sqlx::query(statements::LIST_DISCLOSURES)
            .bind(vec![element(AuditIndex::Patient, patient.as_str())])
            .bind(patient.as_str())
            .bind(Instant(from))
            .bind(until.map(Instant))
            .bind(i64::from(limit))
            .bind(unaccounted())
            .fetch_all(pool(self))
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(stored_event).collect()
    }

    /// Events as they are shown.
    pub async fn shown_events(&self, events: Vec<StoredEvent>) -> Result<Vec<StoredVersion>> {
        let chain = self.audit_chain_name().await?;
        let shown = |one: StoredEvent| {
            let link = one.link.as_ref().map(|link| (&*chain, link));
            Ok(StoredVersion {
                key: format!("AuditEvent/{}", one.id())
                    .parse()
                    .map_err(Error::internal)?,
                version: VersionId::FIRST,
                last_updated: one.row.record.recorded,
                verb: Verb::Post,
                content: Some(event(&one.row, one.place, link).into()),
            })
        };
        events.into_iter().map(shown).collect()
    }

    /// The name of the chain.
    pub async fn audit_chain_name(&self) -> Result<String> {
        let name = self.setting("audit_chain").await?;
        name.ok_or_else(|| Error::internal("the chain of the audit trail has no name"))
    }

    /// The cursor of a page of events.
    pub fn seal_audit_cursor(&self, query: &str, behind: AuditPlace) -> Result<String> {
        self.cursor_key
            .seal(&format!("audit {query}"), &behind.to_string())
    }

    /// The place of a cursor.
    pub fn open_audit_cursor(&self, query: &str, cursor: &str) -> Result<AuditPlace> {
        let place = self.cursor_key.open(&format!("audit {query}"), cursor)?;
        place.parse().map_err(Error::internal)
    }
}

fn pool(store: &Store) -> &PgPool {
    &store.pool
}

fn stored_event(row: &PgRow) -> Result<StoredEvent> {
    let link: Option<i64> = row.try_get("link").map_err(from_sqlx)?;
    let link = match link {
        Some(seq) => Some(Link {
            seq,
            prev: digest(row, "prev")?,
            hash: digest(row, "hash")?,
        }),
        None => None,
    };
    Ok(StoredEvent {
        row: audit_row(row)?,
        place: row.try_get("place").map_err(from_sqlx)?,
        link,
    })
}

/// A hash in a column. One of another length, which no server writes, is no event's: it must not stand in the way of
/// whoever looks for what was changed.
pub(super) fn digest(row: &PgRow, column: &str) -> Result<Digest> {
    let bytes: Vec<u8> = row.try_get(column).map_err(from_sqlx)?;
    Ok(bytes.try_into().unwrap_or(NOBODYS))
}

/// Stands for a hash that is none.
const NOBODYS: Digest = [0xff; 32];

/// A row of the table `audit`. One that holds what no server writes says only that it does: it can be neither hidden
/// nor shown, and must not stand in the way of others.
pub(super) fn audit_row(row: &PgRow) -> Result<AuditRow> {
    let seq = row.try_get("seq").map_err(from_sqlx)?;
    let read = record(row).and_then(|record| {
        let elements: Vec<i64> = row.try_get("elements").map_err(from_sqlx)?;
        Ok((record, elements))
    });
    let is_readable = read.is_ok();
    let (record, elements) = read.unwrap_or_else(|_| (AuditRecord::unreadable(), Vec::new()));
    Ok(AuditRow {
        seq,
        record,
        is_readable,
        elements,
    })
}

fn record(row: &PgRow) -> Result<AuditRecord> {
    let text = |name: &str| -> Result<Box<str>> {
        let text: String = row.try_get(name).map_err(from_sqlx)?;
        Ok(text.into())
    };
    let optional = |name: &str| -> Result<Option<Box<str>>> {
        let text: Option<String> = row.try_get(name).map_err(from_sqlx)?;
        Ok(text.map(Into::into))
    };
    let list = |name: &str| -> Result<Vec<Box<str>>> {
        let texts: Vec<String> = row.try_get(name).map_err(from_sqlx)?;
        Ok(texts.into_iter().map(Into::into).collect())
    };
    let recorded: Instant = row.try_get("recorded").map_err(from_sqlx)?;
    Ok(AuditRecord {
        recorded: recorded.0,
        interaction: text("interaction")?,
        operation: optional("operation")?,
        action: text("action")?,
        outcome: row.try_get("outcome").map_err(from_sqlx)?,
        status: row.try_get("status").map_err(from_sqlx)?,
        reason: optional("reason")?,
        who: Who {
            access: text("access")?,
            grant: optional("grant_id")?,
            client: optional("client")?,
            agent: optional("agent")?,
            login: optional("login")?,
            purpose: optional("purpose_system")?.zip(optional("purpose")?),
        },
        address: optional("address")?,
        source: AuditSource {
            node: text("node")?,
            site: optional("site")?,
        },
        base_url: text("base_url")?,
        request_id: text("request_id")?,
        target: optional("target")?,
        query: optional("query")?,
        entities: list("entities")?,
        owners: row.try_get("owners").map_err(from_sqlx)?,
        patients: list("patients")?,
        nonce: row.try_get("nonce").map_err(from_sqlx)?,
        proof: text("proof")?,
    })
}
