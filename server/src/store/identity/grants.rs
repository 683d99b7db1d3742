//! Grants: what one person has let one client do.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::launches::{context_texts, launch_context};
use super::{NewCode, SecretHash};
use crate::auth::{Authentication, FhirUser, LaunchContext, Scopes};
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// A grant that is made.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// The id.
    pub id: Uuid,
    /// To whom.
    pub client_id: Box<str>,
    /// By whom; `None` where a client acts by itself.
    pub user: Option<Uuid>,
    /// The session it ends with.
    pub session: Option<SecretHash>,
    /// For what at most.
    pub scopes: Scopes,
    /// What the app is started with.
    pub launch: LaunchContext,
    /// How the person proved who they are.
    pub authentication: Authentication,
    /// When it ends.
    pub expires: Timestamp,
    /// The count of the person that gives it; 0 where there is none.
    pub epoch: i32,
}

/// What a grant in force says, whatever of it is shown.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Its id.
    pub grant: Uuid,
    /// To whom.
    pub client_id: Box<str>,
    /// Who gave it; `None` where a client acts by itself.
    pub user: Option<GrantUser>,
    /// What the app was started with.
    pub launch: LaunchContext,
    /// How the person proved who they are.
    pub authentication: Authentication,
}

/// A grant that is in force.
#[derive(Clone, Debug)]
pub struct IdentityGrant {
    /// What it says.
    pub granted: Granted,
    /// For what at most.
    pub scopes: Scopes,
    /// When it ends.
    pub expires: Timestamp,
}

/// The person behind a grant.
#[derive(Clone, Debug)]
pub struct GrantUser {
    /// The id.
    pub id: Uuid,
    /// What they log in as.
    pub login: Box<str>,
    /// How they are addressed.
    pub name: Box<str>,
    /// Who they are.
    pub fhir_user: FhirUser,
}

/// A client that may act for somebody.
#[derive(Clone, Debug)]
pub struct RunningGrant {
    /// The client.
    pub client_id: Box<str>,
    /// What people know it by.
    pub client_name: Box<str>,
    /// For what at most.
    pub scopes: Scopes,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when at most.
    pub expires: Timestamp,
}

/// The columns of a grant and its person.
pub(super) fn granted(row: &PgRow) -> Result<Granted> {
    let client_id: String = row.try_get("client_id").map_err(from_sqlx)?;
    Ok(Granted {
        grant: row.try_get("grant_id").map_err(from_sqlx)?,
        client_id: client_id.into(),
        user: grant_user(row)?,
        launch: launch_context(row)?,
        authentication: authentication(row)?,
    })
}

/// The columns of `identity_user`, where the grant has a person.
pub(super) fn grant_user(row: &PgRow) -> Result<Option<GrantUser>> {
    let id: Option<Uuid> = row.try_get("id").map_err(from_sqlx)?;
    let Some(id) = id else {
        return Ok(None);
    };
    let text = |name| row.try_get::<String, _>(name).map_err(from_sqlx);
    Ok(Some(GrantUser {
        id,
        login: text("login")?.into(),
        name: text("name")?.into(),
        fhir_user: text("fhir_user")?.parse().map_err(Error::internal)?,
    }))
}

/// The columns `authenticated_at`, `methods` and `acr`.
fn authentication(row: &PgRow) -> Result<Authentication> {
    let at: Instant = row.try_get("authenticated_at").map_err(from_sqlx)?;
    let methods: Vec<String> = row.try_get("methods").map_err(from_sqlx)?;
    let acr: Option<String> = row.try_get("acr").map_err(from_sqlx)?;
    Ok(Authentication {
        at: at.0,
        methods: methods.into_iter().map(Into::into).collect(),
        acr: acr.map(Into::into),
    })
}

/// The column `scopes`.
pub(super) fn scopes(row: &PgRow) -> Result<Scopes> {
    let text: &str = row.try_get("scopes").map_err(from_sqlx)?;
    Ok(Scopes::parse(text).scopes)
}

pub(super) fn instant(row: &PgRow, name: &str) -> Result<Timestamp> {
    let instant: Instant = row.try_get(name).map_err(from_sqlx)?;
    Ok(instant.0)
}

impl Store {
    /// Makes a grant, and the code that a client may fetch its tokens with.
    pub async fn add_identity_grant(
        &self,
        grant: &NewGrant,
        code: Option<&NewCode>,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.begin_told().await?;
        let methods = grant.authentication.methods.iter();
        let methods: Vec<String> = methods.map(ToString::to_string).collect();
        sqlx::query(statements::ADD_IDENTITY_GRANT)
            .bind(grant.id)
            .bind(&*grant.client_id)
            .bind(grant.user)
            .bind(grant.session.map(|hash| hash.0.to_vec()))
            .bind(grant.scopes.to_string())
            .bind(grant.launch.patient.as_ref().map(|id| id.as_str()))
            .bind(grant.launch.encounter.as_ref().map(|id| id.as_str()))
            .bind(context_texts(&grant.launch))
            .bind(Instant(grant.authentication.at))
            .bind(methods)
            .bind(grant.authentication.acr.as_deref())
            .bind(Instant(now))
            .bind(Instant(grant.expires))
            .bind(grant.epoch)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if let Some(code) = code {
            sqlx::query(statements::ADD_IDENTITY_CODE)
                .bind(code.hash.0.as_slice())
                .bind(grant.id)
                .bind(&*code.terms.redirect_uri)
                .bind(&*code.terms.challenge)
                .bind(code.terms.nonce.as_deref())
                .bind(Instant(code.terms.expires))
                .execute(&mut *transaction)
                .await
                .map_err(from_sqlx)?;
        }
        transaction.commit().await.map_err(from_sqlx)
    }

    /// The grant of that id, if it is in force.
    pub async fn identity_grant(&self, id: Uuid, now: Timestamp) -> Result<Option<IdentityGrant>> {
        let row = sqlx::query(statements::READ_IDENTITY_GRANT)
            .bind(id)
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let grant = |row: &PgRow| {
            Ok(IdentityGrant {
                granted: granted(row)?,
                scopes: scopes(row)?,
                expires: instant(row, "expires_at")?,
            })
        };
        row.as_ref().map(grant).transpose()
    }

    /// The clients that may act for somebody, so many at most, newest first.
    pub async fn identity_grants(
        &self,
        user: Uuid,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<RunningGrant>> {
        let rows = sqlx::query(statements::LIST_IDENTITY_GRANTS)
            .bind(user)
            .bind(Instant(now))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let running = |row: &PgRow| {
            let client_id: String = row.try_get("id").map_err(from_sqlx)?;
            let client_name: String = row.try_get("name").map_err(from_sqlx)?;
            Ok(RunningGrant {
                client_id: client_id.into(),
                client_name: client_name.into(),
                scopes: scopes(row)?,
                created_at: instant(row, "created_at")?,
                expires: instant(row, "expires_at")?,
            })
        };
        rows.iter().map(running).collect()
    }

    /// Ends all that somebody has let a client do.
    pub async fn revoke_identity_grants(
        &self,
        user: Uuid,
        client_id: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.begin_told().await?;
        sqlx::query(statements::REVOKE_IDENTITY_GRANTS)
            .bind(user)
            .bind(client_id)
            .bind(Instant(now))
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)
    }

    /// Ends a grant.
    pub async fn end_identity_grant(&self, grant: Uuid, now: Timestamp) -> Result<()> {
        let mut transaction = self.begin_told().await?;
        sqlx::query(statements::END_IDENTITY_GRANT)
            .bind(grant)
            .bind(Instant(now))
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)
    }
}
