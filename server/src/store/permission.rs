//! What a write may do: asked of the text it would store, and of the row that is there, under its lock or bound to its
//! version.

use fhir::ids::{ResourceKey, ResourceType};
use fhir::search::hash;
use fhir::search::index_values::IndexValues;

use super::judged::{Judged, JudgedRow, judged_rows};
use super::withdrawn::refuse_unless_withdrawn;
use super::{Deleted, PreparedDelete, PreparedWrite, Transaction, write};
use crate::auth::{Access, Act, Permission, RESTRICTED_BY_LAW, Rows};
use crate::error::{Error, ErrorKind, Result};
use crate::scheduling::Ruled;

/// Whether all updates and creates of a type are permitted, so that nothing has to be looked at.
pub(super) fn puts_anything(access: &Access, resource_type: ResourceType) -> bool {
    let all = |permission| access.rows(permission, resource_type) == Rows::All;
    let is_known = access.reach(resource_type) == Rows::All;
    let may_name_anybody = access.never_named(resource_type).is_empty();
    let may_restrict = !may_be_restricted(resource_type) || access.may_do(Act::Restrict);
    may_restrict
        && all(Permission::Update)
        && all(Permission::Create)
        && is_known
        && may_name_anybody
}

/// Whether all deletes of a type are permitted.
pub(super) fn deletes_anything(access: &Access, resource_type: ResourceType) -> bool {
    access.rows(Permission::Delete, resource_type) == Rows::All
        && access.reach(resource_type) == Rows::All
        && access.never_named(resource_type).is_empty()
}

/// Refuses a create of what may not be created.
pub(super) fn permit_create(access: &Access, write: &PreparedWrite) -> Result<()> {
    permit(access, Permission::Create, write, false)
}

/// Refuses a write whose text would lie outside of what may be written.
fn permit(
    access: &Access,
    permission: Permission,
    write: &PreparedWrite,
    was_restricted: bool,
) -> Result<()> {
    let rows = access.rows(permission, write.key.resource_type);
    let is_admitted = rows.admit(&write.key, &write.index) || answers_for_self(access, write);
    if names_holder(access, write) {
        return Err(names_yourself());
    }
    let changes_restriction = is_restricted(write) != was_restricted;
    if may_be_restricted(write.key.resource_type)
        && changes_restriction
        && !access.may_do(Act::Restrict)
    {
        return Err(restricts());
    }
    match is_admitted && keeps_to_own(access, write) {
        true => Ok(()),
        false => Err(outside(&write.key)),
    }
}

/// Whether it is the holder's own answer to an Appointment: that of a clinician is in no patient's record.
fn answers_for_self(access: &Access, write: &PreparedWrite) -> bool {
    let user = access.grant().and_then(|grant| grant.user.as_ref());
    let actor = match write.ruled.as_deref() {
        Some(Ruled::Answer(answer)) => answer.actor.as_deref().and_then(|one| one.parse().ok()),
        _ => None,
    };
    let is_own = user.is_some_and(|user| actor.as_ref() == Some(user.key()));
    is_own && access.may(Permission::Create, write.key.resource_type)
}

/// Whether the resource, or its text, is one that the holder must not write.
fn names_holder(access: &Access, write: &PreparedWrite) -> bool {
    let mut names = access.never_named(write.key.resource_type).iter();
    names.any(|name| {
        let element = hash::reference(hash::ANY_REFERENCE, hash::key_hash(name));
        write.key == *name || write.index.tokens.binary_search(&element).is_ok()
    })
}

/// The label of a Patient whose record the law has restricted.
fn restriction() -> i64 {
    hash::label(RESTRICTED_BY_LAW.0, RESTRICTED_BY_LAW.1)
}

/// Whether the label means anything there: with a Patient, whose whole record it is of.
fn may_be_restricted(resource_type: ResourceType) -> bool {
    resource_type.name() == "Patient"
}

fn is_restricted(write: &PreparedWrite) -> bool {
    write.index.tokens.binary_search(&restriction()).is_ok()
}

fn restricts() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "whether the use of a patient's data is restricted by law is said by those who keep records",
    )
    .at("Patient.meta.security")
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
    let reach = access.reach(write.key.resource_type);
    let mut centers = write.index.references.iter();
    centers.all(|center| match compartment(&center) {
        None => true,
        Some(element) => {
            let values = IndexValues {
                tokens: vec![element],
                ..IndexValues::default()
            };
            reach.admit(center, &values)
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
        self.lock(writes.iter().map(|write| write.key.clone()).collect())
            .await?;
        let judged: Vec<Judged> = writes
            .iter()
            .map(|write| judged_put(&access, write))
            .collect();
        let rows = judged_rows(self.connection(), &judged).await?;
        let refusal = |(place, (write, row)): (usize, (&&PreparedWrite, &Option<JudgedRow>))| {
            let verdict = judge_put(&access, write, row.as_ref());
            verdict.err().map(|refusal| (place, refusal))
        };
        Ok(writes.iter().zip(&rows).enumerate().find_map(refusal))
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
        self.lock(deletes.iter().map(|delete| delete.key.clone()).collect())
            .await?;
        let judged: Vec<Judged> = deletes
            .iter()
            .map(|delete| judged_delete(&access, delete))
            .collect();
        let rows = judged_rows(self.connection(), &judged).await?;
        let judge = |(delete, row): (&&PreparedDelete, &Option<JudgedRow>)| {
            judge_delete(&access, delete, row.as_ref())
        };
        Ok(deletes.iter().zip(&rows).map(judge).collect())
    }
}

/// What has to be known to judge a put: of elements that stay, only those of compartments that the text refers to can be
/// anybody's.
pub(super) fn judged_put(access: &Access, write: &PreparedWrite) -> Judged {
    let is_confined = access.reach(write.key.resource_type) != Rows::All;
    let kept = || {
        let centers = write.index.references.iter().map(hash::compartment);
        let centers: Vec<i64> = centers.collect();
        let tokens = write.index.tokens.iter().copied();
        tokens.filter(|one| !centers.contains(one)).collect()
    };
    Judged {
        key: write.key.clone(),
        known: is_confined.then(kept),
        is_read: access.only_withdraws(write.key.resource_type),
    }
}

/// What has to be known to judge a delete.
pub(super) fn judged_delete(access: &Access, delete: &PreparedDelete) -> Judged {
    let is_confined = access.reach(delete.key.resource_type) != Rows::All;
    Judged {
        key: delete.key.clone(),
        known: is_confined.then(Vec::new),
        is_read: false,
    }
}

/// Refuses a put that may not be done to what there is.
pub(super) fn judge_put(
    access: &Access,
    write: &PreparedWrite,
    row: Option<&JudgedRow>,
) -> Result<()> {
    let Some(row) = row else {
        return permit_new(access, write);
    };
    let (key, resource_type) = (&write.key, write.key.resource_type);
    let may = |permission| row.is_among(key, &access.rows(permission, resource_type));
    if may(Permission::Update) {
        keep(access, key, row)?;
        if access.only_withdraws(resource_type) {
            refuse_unless_withdrawn(access, write, row.content.as_deref())?;
        }
        let was_restricted = row.has(restriction());
        return permit(access, Permission::Update, write, was_restricted);
    }
    match may(Permission::Read) {
        true => Err(outside(key)),
        false => Err(not_found(key)),
    }
}

/// What is known of a delete before it is done; `None` is to be done.
pub(super) fn judge_delete(
    access: &Access,
    delete: &PreparedDelete,
    row: Option<&JudgedRow>,
) -> Option<Result<Deleted>> {
    let (key, resource_type) = (&delete.key, delete.key.resource_type);
    let may = |permission| {
        row.is_some_and(|row| row.is_among(key, &access.rows(permission, resource_type)))
    };
    if let (Some(row), true) = (row, may(Permission::Delete)) {
        return keep(access, key, row).err().map(Err);
    }
    Some(match (may(Permission::Read), &delete.condition.versions) {
        (true, _) => Err(outside(key)),
        // As where there is nothing to delete.
        (false, Some(_)) => Err(write::mismatch()),
        (false, None) => Ok(Deleted::Absent),
    })
}

/// Refuses to change or delete what is not the holder's alone to change: what names them, and what is in the record of a
/// patient of whom they may not know: from there, nobody takes anything.
fn keep(access: &Access, key: &ResourceKey, row: &JudgedRow) -> Result<()> {
    let mut names = access.never_named(key.resource_type).iter();
    let is_named = |name: &ResourceKey| {
        let element = hash::reference(hash::ANY_REFERENCE, hash::key_hash(name));
        key == name || row.has(element)
    };
    if names.any(is_named) {
        return Err(names_yourself());
    }
    match row.is_beyond(&access.reach(key.resource_type)) {
        true => Err(outside(key)),
        false => Ok(()),
    }
}

/// Whether a resource may be created under an id of the client's, where none is seen. Where some are hidden, whether it is
/// one of them would tell.
fn permit_new(access: &Access, write: &PreparedWrite) -> Result<()> {
    let sees_all = [Permission::Read, Permission::Update]
        .iter()
        .any(|one| access.is_unconfined(*one, write.key.resource_type));
    match write.is_new || sees_all {
        true => permit(access, Permission::Create, write, false),
        false => Err(not_found(&write.key)),
    }
}

fn types_of<'k>(keys: impl Iterator<Item = &'k ResourceKey>) -> Vec<ResourceType> {
    let mut types: Vec<ResourceType> = keys.map(|key| key.resource_type).collect();
    types.sort_unstable();
    types.dedup();
    types
}
