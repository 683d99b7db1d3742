//! What a write may do: asked of the text it would store, and of the row that is there, under its lock.

use std::collections::HashSet;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::search::hash;
use fhir::search::index_values::IndexValues;
use fhir::search::plan::Clause;
use sqlx::Row;

use super::batch::key_columns;
use super::fault::from_sqlx;
use super::search::{RowFilter, Slotted, arguments};
use super::{Deleted, PreparedDelete, PreparedWrite, Transaction, statements, write};
use crate::auth::{Access, Permission, Rows};
use crate::error::{Error, ErrorKind, Result};

/// Whether all updates and creates of a type are permitted, so that nothing has to be looked at.
pub(super) fn puts_anything(access: &Access, resource_type: ResourceType) -> bool {
    let all = |permission| access.rows(permission, resource_type) == Rows::All;
    let is_known = access.referable(resource_type) == Rows::All;
    let may_name_anybody = access.never_named(resource_type).is_empty();
    all(Permission::Update) && all(Permission::Create) && is_known && may_name_anybody
}

/// Whether all deletes of a type are permitted.
pub(super) fn deletes_anything(access: &Access, resource_type: ResourceType) -> bool {
    access.rows(Permission::Delete, resource_type) == Rows::All
        && access.referable(resource_type) == Rows::All
        && access.never_named(resource_type).is_empty()
}

/// Refuses a create of what may not be created.
pub(super) fn permit_create(access: &Access, write: &PreparedWrite) -> Result<()> {
    permit(access, Permission::Create, write)
}

/// Refuses a write whose text would lie outside of what may be written.
fn permit(access: &Access, permission: Permission, write: &PreparedWrite) -> Result<()> {
    let rows = access.rows(permission, write.key.resource_type);
    let is_admitted = rows.admit(&write.key, &write.index);
    if names_holder(access, write) {
        return Err(names_yourself());
    }
    match is_admitted && keeps_to_own(access, write) {
        true => Ok(()),
        false => Err(outside(&write.key)),
    }
}

/// Whether the resource, or its text, is one that the holder must not write.
fn names_holder(access: &Access, write: &PreparedWrite) -> bool {
    let mut names = access.never_named(write.key.resource_type).iter();
    names.any(|name| {
        let element = hash::reference(hash::ANY_REFERENCE, hash::key_hash(name));
        write.key == *name || write.index.tokens.binary_search(&element).is_ok()
    })
}

fn names_yourself() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "a resource that says which roles you have is written by somebody else",
    )
}

/// Whether the text lies in no compartment but those that the access reaches: nothing is put into anybody else's record.
fn keeps_to_own(access: &Access, write: &PreparedWrite) -> bool {
    let compartment = |key: &&ResourceKey| {
        let element = hash::compartment(key);
        let has = write.index.tokens.binary_search(&element).is_ok();
        has.then_some(element)
    };
    let mut centers = write.index.references.iter();
    centers.all(|center| match compartment(&center) {
        None => true,
        Some(element) => {
            let values = IndexValues {
                tokens: vec![element],
                ..IndexValues::default()
            };
            access
                .referable(center.resource_type)
                .admit(center, &values)
        }
    })
}

fn outside(key: &ResourceKey) -> Error {
    let name = key.resource_type;
    Error::new(
        ErrorKind::Forbidden,
        format!(
            "this access does not allow to write that {name}: it is outside of what it is confined to"
        ),
    )
}

fn not_found(key: &ResourceKey) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no {key}"))
}

impl Transaction {
    /// The first of some puts that may not be done, and why not. Their rows are locked.
    pub(super) async fn refused_put(
        &mut self,
        writes: &[&PreparedWrite],
    ) -> Result<Option<(usize, Error)>> {
        let access = self.access().clone();
        let types = types_of(writes.iter().map(|write| &write.key));
        if types.iter().all(|one| puts_anything(&access, *one)) {
            return Ok(None);
        }
        let keys: Vec<ResourceKey> = writes.iter().map(|write| write.key.clone()).collect();
        self.lock(keys.clone()).await?;
        let changing = self
            .admitted(&access, Permission::Update, &types, &keys)
            .await?;
        let seen = self
            .admitted(&access, Permission::Read, &types, &keys)
            .await?;
        let kept = self.kept(&access, &types, &keys).await?;
        let there = self
            .places(statements::FIND_ADMITTED, &RowFilter::everything(), &keys)
            .await?;
        let verdict = |(place, write): (usize, &&PreparedWrite)| {
            let is = |set: &HashSet<usize>| set.contains(&place);
            let done = match (is(&changing), is(&seen)) {
                (true, _) => kept
                    .judge(place, &write.key)
                    .and_then(|()| permit(&access, Permission::Update, write)),
                (false, true) => Err(outside(&write.key)),
                (false, false) if is(&there) => Err(not_found(&write.key)),
                (false, false) => permit_new(&access, write),
            };
            done.err().map(|refusal| (place, refusal))
        };
        Ok(writes.iter().enumerate().find_map(verdict))
    }

    /// What is known of deletes before they are done; `None` is to be done.
    pub(super) async fn verdicts_of_deletes(
        &mut self,
        deletes: &[&PreparedDelete],
    ) -> Result<Vec<Option<Result<Deleted>>>> {
        let access = self.access().clone();
        let types = types_of(deletes.iter().map(|delete| &delete.key));
        if types.iter().all(|one| deletes_anything(&access, *one)) {
            return Ok(deletes.iter().map(|_| None).collect());
        }
        let keys: Vec<ResourceKey> = deletes.iter().map(|delete| delete.key.clone()).collect();
        self.lock(keys.clone()).await?;
        let deleting = self
            .admitted(&access, Permission::Delete, &types, &keys)
            .await?;
        let seen = self
            .admitted(&access, Permission::Read, &types, &keys)
            .await?;
        let kept = self.kept(&access, &types, &keys).await?;
        let verdict = |(place, delete): (usize, &&PreparedDelete)| {
            if deleting.contains(&place) {
                return kept.judge(place, &delete.key).err().map(Err);
            }
            Some(match (seen.contains(&place), &delete.condition.versions) {
                (true, _) => Err(outside(&delete.key)),
                // As where there is nothing to delete.
                (false, Some(_)) => Err(write::mismatch()),
                (false, None) => Ok(Deleted::Absent),
            })
        };
        Ok(deletes.iter().enumerate().map(verdict).collect())
    }

    /// The places of those keys with whose current resources something may be done.
    async fn admitted(
        &mut self,
        access: &Access,
        permission: Permission,
        types: &[ResourceType],
        keys: &[ResourceKey],
    ) -> Result<HashSet<usize>> {
        let filter = RowFilter::of(access, permission, types);
        self.places(statements::FIND_ADMITTED, &filter, keys).await
    }

    /// The places of those keys whose current resources are not the holder's alone to change.
    async fn kept(
        &mut self,
        access: &Access,
        types: &[ResourceType],
        keys: &[ResourceKey],
    ) -> Result<Kept> {
        let mut kept = Kept::default();
        let patient = ResourceType::parse("Patient");
        let known = RowFilter::referable(access, patient.as_slice());
        if !known.is_everything() {
            kept.foreign = self.places(statements::FIND_FOREIGN, &known, keys).await?;
        }
        let names = types.iter().flat_map(|one| access.never_named(*one));
        let element = |name| hash::reference(hash::ANY_REFERENCE, hash::key_hash(name));
        let mut named: Vec<i64> = names.map(element).collect();
        named.sort_unstable();
        named.dedup();
        if !named.is_empty() {
            let naming = RowFilter::passing(Clause::AnyToken(named));
            kept.naming = self
                .places(statements::FIND_ADMITTED, &naming, keys)
                .await?;
            let own = |key: &ResourceKey| access.never_named(key.resource_type).contains(key);
            let places = keys.iter().enumerate();
            let own = places.filter(|(_, key)| own(key)).map(|(place, _)| place);
            kept.naming.extend(own);
        }
        Ok(kept)
    }

    /// The places of those keys that a statement names.
    async fn places(
        &mut self,
        statement: Slotted,
        filter: &RowFilter,
        keys: &[ResourceKey],
    ) -> Result<HashSet<usize>> {
        let (names, ids) = key_columns(keys.iter());
        let rows = statement
            .within(filter, arguments![names, ids, hash::COMPARTMENT])
            .query()
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        let place = |row: &sqlx::postgres::PgRow| {
            let n: i32 = row.try_get(0).map_err(from_sqlx)?;
            usize::try_from(n - 1).map_err(Error::internal)
        };
        rows.iter().map(place).collect()
    }
}

/// What keeps current resources from being changed or deleted by whoever may otherwise, as places of keys.
#[derive(Default)]
struct Kept {
    /// Those that are in the records of patients of whom the holder may not know: from there, nobody takes anything.
    foreign: HashSet<usize>,
    /// Those that name the holder.
    naming: HashSet<usize>,
}

impl Kept {
    fn judge(&self, place: usize, key: &ResourceKey) -> Result<()> {
        if self.naming.contains(&place) {
            return Err(names_yourself());
        }
        match self.foreign.contains(&place) {
            true => Err(outside(key)),
            false => Ok(()),
        }
    }
}

/// Whether a resource may be created under an id of the client's, where none is seen. Where some are hidden, whether it is
/// one of them would tell.
fn permit_new(access: &Access, write: &PreparedWrite) -> Result<()> {
    let sees_all = [Permission::Read, Permission::Update]
        .iter()
        .any(|one| access.is_unconfined(*one, write.key.resource_type));
    match write.is_new || sees_all {
        true => permit(access, Permission::Create, write),
        false => Err(not_found(&write.key)),
    }
}

fn types_of<'k>(keys: impl Iterator<Item = &'k ResourceKey>) -> Vec<ResourceType> {
    let mut types: Vec<ResourceType> = keys.map(|key| key.resource_type).collect();
    types.sort_unstable();
    types.dedup();
    types
}
