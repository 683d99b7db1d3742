//! What an EHR has prepared for an app that it starts.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::SecretHash;
use crate::auth::{FhirContext, LaunchContext};
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// A launch that an EHR prepares.
#[derive(Clone, Debug)]
pub struct PreparedLaunch {
    /// The hash of its handle.
    pub hash: SecretHash,
    /// For whom.
    pub user: Uuid,
    /// For which client; `None` is any.
    pub client_id: Option<Box<str>>,
    /// With what.
    pub context: LaunchContext,
    /// Until when.
    pub expires: Timestamp,
}

/// The entries of `fhirContext` as they are stored.
pub(super) fn context_texts(context: &LaunchContext) -> Vec<String> {
    let text = |entry: &FhirContext| match &entry.role {
        Some(role) => format!("{} {role}", entry.reference),
        None => entry.reference.to_string(),
    };
    context.fhir_context.iter().map(text).collect()
}

/// The columns `patient`, `encounter` and `fhir_context`.
pub(super) fn launch_context(row: &PgRow) -> Result<LaunchContext> {
    let id = |name| {
        let text: Option<String> = row.try_get(name).map_err(from_sqlx)?;
        text.map(|text| text.parse().map_err(Error::internal))
            .transpose()
    };
    let texts: Vec<String> = row.try_get("fhir_context").map_err(from_sqlx)?;
    let entry = |text: &String| {
        let (reference, role) = match text.split_once(' ') {
            Some((reference, role)) => (reference, Some(role.into())),
            None => (text.as_str(), None),
        };
        Ok(FhirContext {
            reference: reference.parse().map_err(Error::internal)?,
            role,
        })
    };
    Ok(LaunchContext {
        patient: id("patient")?,
        encounter: id("encounter")?,
        fhir_context: texts.iter().map(entry).collect::<Result<_>>()?,
    })
}

impl Store {
    /// Keeps a launch until it is used.
    pub async fn add_identity_launch(&self, launch: &PreparedLaunch) -> Result<()> {
        sqlx::query(statements::ADD_IDENTITY_LAUNCH)
            .bind(launch.hash.0.as_slice())
            .bind(launch.user)
            .bind(launch.client_id.as_deref())
            .bind(launch.context.patient.as_ref().map(|id| id.as_str()))
            .bind(launch.context.encounter.as_ref().map(|id| id.as_str()))
            .bind(context_texts(&launch.context))
            .bind(Instant(launch.expires))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// The context of a handle, where it is meant for this person and client.
    pub async fn identity_launch(
        &self,
        hash: SecretHash,
        user: Uuid,
        client_id: &str,
        now: Timestamp,
    ) -> Result<Option<LaunchContext>> {
        let row = sqlx::query(statements::READ_IDENTITY_LAUNCH)
            .bind(hash.0.as_slice())
            .bind(user)
            .bind(client_id)
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(launch_context).transpose()
    }

    /// Uses a handle up; `false` where somebody else has.
    pub async fn end_identity_launch(&self, hash: SecretHash) -> Result<bool> {
        let ended: Option<bool> = sqlx::query_scalar(statements::END_IDENTITY_LAUNCH)
            .bind(hash.0.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(ended.is_some())
    }
}
