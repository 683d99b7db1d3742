//! What is added to the matches of a page (<https://hl7.org/fhir/R4/search.html#revinclude>), in rounds: a round reads what
//! the resources of the round before refer to, and what refers to them. Cycles end, since nothing is read twice.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::resource::Resource;
use fhir::search::hash;
use fhir::search::plan::Include;
use sqlx::PgConnection;
use sqlx::Row;

use super::batch::key_columns;
use super::fault::from_sqlx;
use super::page::page_of;
use super::read::{stored_key, stored_version};
use super::search::{RowFilter, arguments};
use super::{StoredVersion, statements};
use crate::auth::Permission;
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};

/// The resources that includes add to a page, as far as they are known.
pub(super) struct Gathering<'a> {
    cx: &'a RequestContext,
    definitions: &'a Definitions,
    includes: &'a [Include],
    /// What the page holds and what was asked for.
    seen: HashSet<ResourceKey>,
    /// What was found in the round before.
    newest: Vec<StoredVersion>,
    found: Vec<StoredVersion>,
    rounds: usize,
}

/// What one round reads.
#[derive(Debug)]
pub(super) struct Round {
    /// By key.
    keys: Vec<ResourceKey>,
    /// By element.
    elements: Vec<i64>,
    /// More are too many, whatever they are.
    limit: usize,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(
        cx: &'a RequestContext,
        definitions: &'a Definitions,
        includes: &'a [Include],
        matches: &[StoredVersion],
    ) -> Self {
        Self {
            cx,
            definitions,
            includes,
            seen: matches.iter().map(|one| one.key.clone()).collect(),
            newest: matches.to_vec(),
            found: Vec::new(),
            rounds: 0,
        }
    }

    /// What is to be read next; nothing where all is known.
    pub(super) fn round(&mut self) -> Result<Option<Round>> {
        let is_first = self.rounds == 0;
        let includes: Vec<&Include> = self
            .includes
            .iter()
            .filter(|include| is_first || include.iterate)
            .collect();
        let newest = std::mem::take(&mut self.newest);
        let mut keys = Vec::new();
        let mut elements = Vec::new();
        for version in &newest {
            let Some(content) = version.content.clone() else {
                continue;
            };
            elements.extend(referring(&includes, &version.key));
            if includes
                .iter()
                .all(|include| include.reverse && !include.is_canonical)
            {
                continue;
            }
            let resource =
                Resource::parse_with(content, self.cx.limits.parse).map_err(Error::internal)?;
            let definitions = self.definitions;
            elements.extend(definitions.include_names(self.cx, &resource, &includes)?);
            for key in definitions.include_targets(self.cx, &resource, &includes)? {
                if self.seen.insert(key.clone()) {
                    keys.push(key);
                }
            }
        }
        if keys.is_empty() && elements.is_empty() {
            return Ok(None);
        }
        self.rounds += 1;
        elements.sort_unstable();
        elements.dedup();
        let known = self.seen.len();
        Ok(Some(Round {
            keys,
            elements,
            // What is on the page already may be among those who refer.
            limit: self.cx.limits.search.included + known,
        }))
    }

    /// Takes what a round has read. More than the limits allow is an error: what is included is never a part of it.
    pub(super) fn take(&mut self, read: Read) -> Result<()> {
        let limits = &self.cx.limits.search;
        let referrers = read.referrers.into_iter();
        let added = referrers.filter(|version| self.seen.insert(version.key.clone()));
        self.newest = read.by_key;
        self.newest.extend(added);
        if !self.newest.is_empty() && self.rounds > limits.include_depth + 1 {
            let depth = limits.include_depth;
            return Err(Error::new(
                ErrorKind::TooCostly,
                format!(
                    "more than {depth} rounds of ':iterate' are needed (VESTA_SEARCH_INCLUDE_DEPTH_MAX)"
                ),
            ));
        }
        self.found.extend(self.newest.iter().cloned());
        match self.found.len() > limits.included || read.is_cut {
            true => Err(too_many(self.cx)),
            false => Ok(()),
        }
    }

    /// What includes add: each resource once, none of the page.
    pub(super) fn finish(self) -> Vec<StoredVersion> {
        self.found
    }
}

fn too_many(cx: &RequestContext) -> Error {
    let limit = cx.limits.search.included;
    Error::new(
        ErrorKind::TooCostly,
        format!(
            "more than {limit} resources, or too large ones, would be included into one page \
             (VESTA_SEARCH_INCLUDED_MAX); ask for a smaller _count"
        ),
    )
}

impl Round {
    /// A round of keys alone.
    pub(super) fn of_keys(cx: &RequestContext, keys: Vec<ResourceKey>) -> Result<Self> {
        let limit = cx.limits.search.included;
        match keys.len() > limit {
            true => Err(too_many(cx)),
            false => Ok(Self {
                keys,
                elements: Vec::new(),
                limit,
            }),
        }
    }
}

impl Read {
    /// What was read by key, all of it.
    pub(super) fn whole(self, cx: &RequestContext) -> Result<Vec<StoredVersion>> {
        match self.is_cut {
            true => Err(too_many(cx)),
            false => Ok(self.by_key),
        }
    }
}

/// Elements of whatever refers to a resource by an include of the other direction.
fn referring<'i>(
    includes: &'i [&'i Include],
    key: &'i ResourceKey,
) -> impl Iterator<Item = i64> + 'i {
    let target = hash::key_hash(key);
    let fits = |include: &&&Include| {
        let targets = &include.targets;
        include.reverse
            && !include.is_canonical
            && (targets.is_empty() || targets.contains(&key.resource_type))
    };
    includes
        .iter()
        .filter(fits)
        .flat_map(move |include| &include.seeds)
        .map(move |seed| hash::reference(*seed, target))
}

/// What one round has read.
#[derive(Debug, Default)]
pub(super) struct Read {
    by_key: Vec<StoredVersion>,
    referrers: Vec<StoredVersion>,
    /// Whether there is more than was read.
    is_cut: bool,
}

/// Reads a round: current versions only, what is deleted or may not be read is passed over.
pub(super) async fn read_round(
    cx: &RequestContext,
    connection: &mut PgConnection,
    round: &Round,
) -> Result<Read> {
    let mut read = Read::default();
    if !round.keys.is_empty() {
        let (types, ids) = key_columns(round.keys.iter());
        let mut named: Vec<ResourceType> = round.keys.iter().map(|key| key.resource_type).collect();
        named.sort_unstable();
        named.dedup();
        let filter = RowFilter::of(&cx.access, Permission::Read, &named);
        let mut asked = statements::READ_RESOURCES.within(&filter, arguments![types, ids]);
        let rows = asked.query().fetch(&mut *connection);
        let (rows, is_cut) = page_of(rows, round.limit).await?;
        read.is_cut |= is_cut;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let n: i32 = row.try_get(0).map_err(from_sqlx)?;
            let place = usize::try_from(n - 1).map_err(Error::internal)?;
            if let Some(key) = round.keys.get(place) {
                let version = stored_version(&row, key.clone())?;
                found.extend(version.content.is_some().then_some((place, version)));
            }
        }
        // The database gives them as its plan finds them.
        found.sort_by_key(|(place, _)| *place);
        read.by_key
            .extend(found.into_iter().map(|(_, version)| version));
    }
    if !round.elements.is_empty() {
        let limit = i64::try_from(round.limit + 1).map_err(Error::internal)?;
        let filter = RowFilter::of(&cx.access, Permission::Read, &[]);
        let mut asked =
            statements::LIST_REFERRERS.within(&filter, arguments![&round.elements, limit]);
        let rows = asked.query().fetch(connection);
        let (rows, is_cut) = page_of(rows, round.limit).await?;
        read.is_cut |= is_cut;
        for row in rows {
            read.referrers
                .push(stored_version(&row, stored_key(&row)?)?);
        }
    }
    Ok(read)
}
