//! Authorization codes, access tokens and refresh tokens.

use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::SecretHash;
use super::grants::{Granted, granted, instant, scopes};
use crate::auth::Scopes;
use crate::error::{Error, Result};
use crate::store::combine::Batch;
use crate::store::fault::from_sqlx;
use crate::store::instant::Instant;
use crate::store::{Store, statements};

/// What an authorization code is bound to.
#[derive(Clone, Debug)]
pub struct CodeTerms {
    /// Where it is sent.
    pub redirect_uri: Box<str>,
    /// The challenge of PKCE, by S256.
    pub challenge: Box<str>,
    /// What the ID token repeats.
    pub nonce: Option<Box<str>>,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// An authorization code that is made.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// Its hash.
    pub hash: SecretHash,
    /// What it is bound to.
    pub terms: CodeTerms,
}

/// An authorization code that was shown.
#[derive(Clone, Debug)]
pub struct UsedCode {
    /// What it is for.
    pub grant: Uuid,
    /// What it is bound to.
    pub terms: CodeTerms,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Requests.
    Access,
    /// New tokens.
    Refresh,
}

impl TokenKind {
    fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// A token that is made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its hash.
    pub hash: SecretHash,
    /// What of.
    pub grant: Uuid,
    /// What for.
    pub kind: TokenKind,
    /// For what at most.
    pub scopes: Scopes,
    /// Until when.
    pub expires: Timestamp,
}

/// A refresh token that was exchanged.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// What of.
    pub grant: Uuid,
    /// What it was for at most.
    pub scopes: Scopes,
    /// Until when it would have been good.
    pub expires: Timestamp,
}

/// A token that is in force.
#[derive(Clone, Debug)]
pub struct KnownToken {
    /// What for.
    pub kind: TokenKind,
    /// What its grant says.
    pub granted: Granted,
    /// For what at most.
    pub scopes: Scopes,
    /// Since when.
    pub issued_at: Timestamp,
    /// Until when.
    pub expires: Timestamp,
    /// How many commits have changed what roles, care teams and opened records allow.
    pub admissions: i64,
}

fn used_code(row: &PgRow) -> Result<UsedCode> {
    let text = |name| row.try_get::<String, _>(name).map_err(from_sqlx);
    let nonce: Option<String> = row.try_get("nonce").map_err(from_sqlx)?;
    Ok(UsedCode {
        grant: row.try_get("grant_id").map_err(from_sqlx)?,
        terms: CodeTerms {
            redirect_uri: text("redirect_uri")?.into(),
            challenge: text("challenge")?.into(),
            nonce: nonce.map(Into::into),
            expires: instant(row, "expires_at")?,
        },
    })
}

fn known_token(row: &PgRow) -> Result<KnownToken> {
    let kind: &str = row.try_get("kind").map_err(from_sqlx)?;
    let kind = match kind {
        "access" => TokenKind::Access,
        "refresh" => TokenKind::Refresh,
        _ => return Err(Error::internal("a stored token is of no known kind")),
    };
    Ok(KnownToken {
        kind,
        granted: granted(row)?,
        scopes: scopes(row)?,
        issued_at: instant(row, "issued_at")?,
        expires: instant(row, "expires_at")?,
        admissions: row.try_get("admissions").map_err(from_sqlx)?,
    })
}

/// Looks up the tokens of requests that come together.
pub(in crate::store) struct Tokens;

impl Batch for Tokens {
    type Request = (SecretHash, Timestamp);
    type Answer = Option<KnownToken>;
    const REPEATABLE: bool = true;

    fn fitting(requests: &[Self::Request]) -> usize {
        requests.len()
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[Self::Request],
    ) -> Result<Vec<Result<Option<KnownToken>>>> {
        let hashes: Vec<&[u8]> = requests.iter().map(|(hash, _)| hash.0.as_slice()).collect();
        let moments: Vec<Instant> = requests.iter().map(|(_, now)| Instant(*now)).collect();
        let rows = sqlx::query(statements::READ_IDENTITY_TOKENS)
            .bind(hashes)
            .bind(moments)
            .fetch_all(connection)
            .await
            .map_err(from_sqlx)?;
        let mut known: Vec<Result<Option<KnownToken>>> =
            requests.iter().map(|_| Ok(None)).collect();
        for row in &rows {
            let n: i32 = row.try_get("n").map_err(from_sqlx)?;
            let place = usize::try_from(n - 1).map_err(Error::internal)?;
            if let Some(slot) = known.get_mut(place) {
                *slot = known_token(row).map(Some);
            }
        }
        Ok(known)
    }
}

impl Store {
    /// Uses a code up, whatever is made of it then. One that was used before ends what came of it, and gives `None`.
    pub async fn use_identity_code(
        &self,
        hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<UsedCode>> {
        let row = sqlx::query(statements::USE_IDENTITY_CODE)
            .bind(hash.0.as_slice())
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        if let Some(row) = row {
            return used_code(&row).map(Some);
        }
        let revoked: Option<Uuid> = sqlx::query_scalar(statements::REVOKE_IDENTITY_REUSED_CODE)
            .bind(hash.0.as_slice())
            .bind(Instant(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        if let Some(grant) = revoked {
            tracing::warn!(%grant, "an authorization code was shown twice: its grant is revoked");
        }
        Ok(None)
    }

    /// Adds tokens, all or none.
    pub async fn add_identity_tokens(&self, tokens: &[NewToken], now: Timestamp) -> Result<()> {
        let mut transaction = self.begin_told().await?;
        for token in tokens {
            sqlx::query(statements::ADD_IDENTITY_TOKEN)
                .bind(token.hash.0.as_slice())
                .bind(token.grant)
                .bind(token.kind.name())
                .bind(token.scopes.to_string())
                .bind(Instant(now))
                .bind(Instant(token.expires))
                .execute(&mut *transaction)
                .await
                .map_err(from_sqlx)?;
        }
        transaction.commit().await.map_err(from_sqlx)
    }

    /// Exchanges a refresh token of a client. One that was exchanged before ends the grant, and gives `None`.
    pub async fn use_identity_refresh(
        &self,
        hash: SecretHash,
        client_id: &str,
        now: Timestamp,
    ) -> Result<Option<Refreshed>> {
        let row = sqlx::query(statements::USE_IDENTITY_REFRESH)
            .bind(hash.0.as_slice())
            .bind(Instant(now))
            .bind(client_id)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        if let Some(row) = row {
            return Ok(Some(Refreshed {
                grant: row.try_get("grant_id").map_err(from_sqlx)?,
                scopes: scopes(&row)?,
                expires: instant(&row, "expires_at")?,
            }));
        }
        let revoked: Option<Uuid> = sqlx::query_scalar(statements::REVOKE_IDENTITY_REUSED_REFRESH)
            .bind(hash.0.as_slice())
            .bind(Instant(now))
            .bind(client_id)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        if let Some(grant) = revoked {
            tracing::warn!(%grant, "a refresh token was shown twice: its grant is revoked");
        }
        Ok(None)
    }

    /// The token of a hash, if it is in force. Asked for every request, so that what is revoked here is revoked there.
    pub async fn identity_token(
        &self,
        hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<KnownToken>> {
        self.tokens.ask((hash, now)).await
    }

    /// Revokes a token of a client; a refresh token takes all of its grant with it.
    pub async fn revoke_identity_token(
        &self,
        hash: SecretHash,
        client_id: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.begin_told().await?;
        sqlx::query(statements::REVOKE_IDENTITY_TOKEN)
            .bind(hash.0.as_slice())
            .bind(client_id)
            .bind(Instant(now))
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)
    }
}
