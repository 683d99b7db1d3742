//! Lists of versions, newest first (<https://hl7.org/fhir/R4/http.html#history>).

use fhir::ids::{ResourceKey, ResourceType};
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::cursor::CursorKey;
use super::fault::from_sqlx;
use super::instant::Instant;
use super::page::page_of;
use super::past::is_admitted;
use super::read::{stored_key, stored_version};
use super::search::{RowFilter, arguments};
use super::{StoredVersion, statements};
use crate::auth::Permission;
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};

/// Whose history is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryScope {
    /// One resource's.
    Instance(ResourceKey),
    /// One type's.
    Type(ResourceType),
    /// Everything's.
    System,
}

/// Which versions, and how many at a time.
#[derive(Clone, Debug, Default)]
pub struct HistoryFilter {
    /// Made at or after this instant.
    pub since: Option<Timestamp>,
    /// Current at some moment of `[lower, upper)`.
    pub at: Option<(Timestamp, Timestamp)>,
    /// Versions on one page.
    pub count: u32,
    /// The link of the page before.
    pub cursor: Option<String>,
}

/// One page of versions.
#[derive(Debug)]
pub struct HistoryPage {
    /// The versions, newest first.
    pub versions: Vec<StoredVersion>,
    /// The cursor of the next page, where there is one.
    pub next: Option<String>,
}

/// Lists versions of one resource, of one type, or of all, newest first: of resources that may be read today those that
/// may be read by their own text. A page may have fewer for that.
pub(super) async fn list_versions(
    cx: &RequestContext,
    definitions: &Definitions,
    connection: &mut PgConnection,
    cursor_key: &CursorKey,
    scope: &HistoryScope,
    filter: &HistoryFilter,
) -> Result<HistoryPage> {
    let purpose = purpose(scope, filter);
    let place = match &filter.cursor {
        Some(link) => Some(parse_place(&cursor_key.open(&purpose, link)?)?),
        None => None,
    };
    // One more than the page tells whether there is a next one.
    let limit = i64::from(filter.count) + 1;
    let (lower, upper) = (
        filter.at.map(|(lower, _)| Instant(lower)),
        filter.at.map(|(_, upper)| Instant(upper)),
    );
    let since = filter.since.map(Instant);
    let within = |types: &[ResourceType]| RowFilter::of(&cx.access, Permission::Read, types);
    let mut asked = match scope {
        HistoryScope::Instance(key) => {
            let (name, id) = (key.resource_type.name(), key.id.as_str());
            let arguments = arguments![name, id, place, since, lower, upper, limit];
            statements::LIST_INSTANCE_HISTORY.within(&within(&[key.resource_type]), arguments)
        }
        HistoryScope::Type(resource_type) => {
            let name = Some(resource_type.name());
            let arguments = arguments![name, place, since, lower, upper, limit];
            statements::LIST_HISTORY.within(&within(&[*resource_type]), arguments)
        }
        HistoryScope::System => {
            let arguments = arguments![None::<&str>, place, since, lower, upper, limit];
            statements::LIST_HISTORY.within(&within(&[]), arguments)
        }
    };
    let rows = asked.query().fetch(connection);
    let (rows, has_next) = page_of(rows, filter.count as usize).await?;
    let next = match rows.last() {
        Some(last) if has_next => Some(cursor_key.seal(&purpose, &place_of(last)?)?),
        _ => None,
    };
    let mut versions = rows
        .iter()
        .map(|row| stored_version(row, stored_key(row)?))
        .collect::<Result<Vec<_>>>()?;
    versions.retain(|version| is_admitted(cx, definitions, version));
    Ok(HistoryPage { versions, next })
}

/// A link is good for one list only.
fn purpose(scope: &HistoryScope, filter: &HistoryFilter) -> String {
    format!("history {scope:?} {:?} {:?}", filter.since, filter.at)
}

/// Where a row stands in its list: a version of one resource by its number, a change by the number of the change.
fn place_of(row: &PgRow) -> Result<String> {
    let seq: i64 = row.try_get("seq").map_err(from_sqlx)?;
    Ok(seq.to_string())
}

fn parse_place(place: &str) -> Result<i64> {
    place
        .parse()
        .map_err(|_| Error::new(ErrorKind::BadValue, "the page link cannot be read"))
}
