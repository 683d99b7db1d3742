//! Authorization codes, access tokens and refresh tokens.

use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, Row, Transaction};
use uuid::Uuid;

use super::SecretHash;
use super::grants::{GrantUser, Granted, grant_user, granted, instant, scopes};
use crate::auth::{CertificateThumbprint, Scopes};
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
    /// The certificate that its holder must show.
    pub certificate: Option<CertificateThumbprint>,
}

/// The grant of a code or a token that was used before.
#[derive(Clone, Debug)]
pub struct ReusedGrant {
    /// Its id.
    pub grant: Uuid,
    /// To whom.
    pub client_id: Box<str>,
    /// By whom.
    pub user: Option<GrantUser>,
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
    /// The certificate that its holder must show.
    pub certificate: Option<CertificateThumbprint>,
}

impl KnownToken {
    /// Whether its holder has shown the certificate it is bound to, where it is bound to one.
    pub fn is_shown_with(&self, certificate: Option<CertificateThumbprint>) -> bool {
        self.certificate.is_none_or(|own| certificate == Some(own))
    }
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

fn thumbprint(row: &PgRow) -> Result<Option<CertificateThumbprint>> {
    let bytes: Option<Vec<u8>> = row.try_get("certificate").map_err(from_sqlx)?;
    let sized = bytes.map(TryInto::try_into).transpose();
    let sized = sized.map_err(|_| Error::internal("a thumbprint is not 32 bytes long"))?;
    Ok(sized.map(CertificateThumbprint))
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
        certificate: thumbprint(row)?,
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

async fn add_tokens(
    transaction: &mut Transaction<'_, Postgres>,
    tokens: &[NewToken],
    now: Timestamp,
) -> Result<()> {
    for token in tokens {
        sqlx::query(statements::ADD_IDENTITY_TOKEN)
            .bind(token.hash.0.as_slice())
            .bind(token.grant)
            .bind(token.kind.name())
            .bind(token.scopes.to_string())
            .bind(Instant(now))
            .bind(Instant(token.expires))
            .bind(token.certificate.as_ref().map(|one| one.0.as_slice()))
            .execute(&mut **transaction)
            .await
            .map_err(from_sqlx)?;
    }
    Ok(())
}

impl Store {
    /// Uses a code up, whatever is made of it then; `None` where it was used before, or never was.
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
        row.as_ref().map(used_code).transpose()
    }

    /// The grant that a code or a refresh token is of which was used before, unless it has ended.
    pub async fn identity_reused(&self, hash: SecretHash) -> Result<Option<ReusedGrant>> {
        let row = sqlx::query(statements::READ_IDENTITY_REUSED)
            .bind(hash.0.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let reused = |row: &PgRow| {
            let client_id: String = row.try_get("client_id").map_err(from_sqlx)?;
            Ok(ReusedGrant {
                grant: row.try_get("grant_id").map_err(from_sqlx)?,
                client_id: client_id.into(),
                user: grant_user(row)?,
            })
        };
        row.as_ref().map(reused).transpose()
    }

    /// Adds tokens, all or none.
    pub async fn add_identity_tokens(&self, tokens: &[NewToken], now: Timestamp) -> Result<()> {
        let mut transaction = self.begin_told().await?;
        add_tokens(&mut transaction, tokens, now).await?;
        transaction.commit().await.map_err(from_sqlx)
    }

    /// Exchanges a refresh token of a client for other tokens, all or nothing: what fails may be asked for again. `false`
    /// where it was exchanged before.
    pub async fn exchange_identity_refresh(
        &self,
        hash: SecretHash,
        client_id: &str,
        tokens: &[NewToken],
        now: Timestamp,
    ) -> Result<bool> {
        let mut transaction = self.begin_told().await?;
        let used: Option<bool> = sqlx::query_scalar(statements::USE_IDENTITY_REFRESH)
            .bind(hash.0.as_slice())
            .bind(Instant(now))
            .bind(client_id)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        if used.is_none() {
            return Ok(false);
        }
        add_tokens(&mut transaction, tokens, now).await?;
        transaction.commit().await.map_err(from_sqlx)?;
        Ok(true)
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
