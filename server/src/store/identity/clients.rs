//! Clients: apps that act for people, and systems that act by themselves.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::SecretHash;
use crate::auth::Scopes;
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// A client that is registered.
#[derive(Clone, Debug)]
pub struct IdentityClient {
    /// `client_id`.
    pub id: Box<str>,
    /// What people know it by.
    pub name: Box<str>,
    /// How it proves who it is.
    pub kind: ClientKind,
    /// Where people may be sent back to, letter by letter.
    pub redirect_uris: Vec<String>,
    /// Where an EHR starts it.
    pub launch_uri: Option<Box<str>>,
    /// The most it is ever granted.
    pub scopes: Scopes,
    /// Whether it has registered itself.
    pub is_self_registered: bool,
    /// The name in the certificate that it shows while it connects, where it must.
    pub certificate_name: Option<Box<str>>,
}

/// How a client proves who it is.
#[derive(Clone, Debug)]
pub enum ClientKind {
    /// It cannot.
    Public,
    /// By a secret, of which only the hash is known here.
    Symmetric(SecretHash),
    /// By assertions, whose keys are kept here as a JSON Web Key Set.
    Jwks(Box<str>),
    /// By assertions, whose keys it publishes there.
    JwksUri(Box<str>),
}

impl ClientKind {
    fn name(&self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Symmetric(_) => "symmetric",
            Self::Jwks(_) | Self::JwksUri(_) => "asymmetric",
        }
    }
}

fn client(row: &PgRow) -> Result<IdentityClient> {
    let text = |name| row.try_get::<String, _>(name).map_err(from_sqlx);
    let optional = |name| row.try_get::<Option<String>, _>(name).map_err(from_sqlx);
    let secret: Option<Vec<u8>> = row.try_get("secret_hash").map_err(from_sqlx)?;
    let kind = match (secret, optional("jwks")?, optional("jwks_uri")?) {
        (Some(hash), _, _) => {
            let hash = hash.try_into().map_err(|_| {
                Error::internal("the hash of a client's secret is not 32 bytes long")
            })?;
            ClientKind::Symmetric(SecretHash(hash))
        }
        (None, Some(jwks), _) => ClientKind::Jwks(jwks.into()),
        (None, None, Some(uri)) => ClientKind::JwksUri(uri.into()),
        (None, None, None) => ClientKind::Public,
    };
    Ok(IdentityClient {
        id: text("id")?.into(),
        name: text("name")?.into(),
        kind,
        redirect_uris: row.try_get("redirect_uris").map_err(from_sqlx)?,
        launch_uri: optional("launch_uri")?.map(Into::into),
        scopes: Scopes::parse(&text("scopes")?).scopes,
        is_self_registered: row.try_get("is_self_registered").map_err(from_sqlx)?,
        certificate_name: optional("certificate_name")?.map(Into::into),
    })
}

impl Store {
    /// Registers a client; `false` where the id is taken, or where too many have registered themselves.
    pub async fn add_identity_client(
        &self,
        client: &IdentityClient,
        now: Timestamp,
    ) -> Result<bool> {
        let (secret, jwks, jwks_uri) = match &client.kind {
            ClientKind::Public => (None, None, None),
            ClientKind::Symmetric(hash) => (Some(hash.0.as_slice()), None, None),
            ClientKind::Jwks(jwks) => (None, Some(&**jwks), None),
            ClientKind::JwksUri(uri) => (None, None, Some(&**uri)),
        };
        let mut transaction = self.begin_told().await?;
        let added: Option<bool> = sqlx::query_scalar(statements::ADD_IDENTITY_CLIENT)
            .bind(&*client.id)
            .bind(&*client.name)
            .bind(client.kind.name())
            .bind(secret)
            .bind(jwks)
            .bind(jwks_uri)
            .bind(&client.redirect_uris)
            .bind(client.launch_uri.as_deref())
            .bind(client.scopes.to_string())
            .bind(Instant(now))
            .bind(client.is_self_registered)
            .bind(client.certificate_name.as_deref())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let is_done = added.is_some();
        if is_done {
            transaction.commit().await.map_err(from_sqlx)?;
        }
        Ok(is_done)
    }

    /// The client of that id.
    pub async fn identity_client(&self, id: &str) -> Result<Option<IdentityClient>> {
        let row = sqlx::query(statements::READ_IDENTITY_CLIENT)
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(client).transpose()
    }

    /// The client that a refresh token was given to, used or not.
    pub async fn identity_client_of_refresh(
        &self,
        token: SecretHash,
    ) -> Result<Option<IdentityClient>> {
        let row = sqlx::query(statements::READ_IDENTITY_REFRESH_CLIENT)
            .bind(token.0.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(client).transpose()
    }

    /// Clients by id, behind one, so many at most.
    pub async fn identity_clients(&self, after: &str, limit: u32) -> Result<Vec<IdentityClient>> {
        let rows = sqlx::query(statements::LIST_IDENTITY_CLIENTS)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(client).collect()
    }

    /// Removes a client and all that was granted to it; `false` where there is none.
    pub async fn remove_identity_client(&self, id: &str) -> Result<bool> {
        let mut transaction = self.begin_told().await?;
        let removed: Option<bool> = sqlx::query_scalar(statements::REMOVE_IDENTITY_CLIENT)
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let is_done = removed.is_some();
        if is_done {
            transaction.commit().await.map_err(from_sqlx)?;
        }
        Ok(is_done)
    }
}
