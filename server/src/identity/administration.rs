//! Accounts and clients as an administrator makes, changes and removes them.

use jiff::Timestamp;
use uuid::Uuid;

use super::answer::is_bounded;
use super::fetch::may_be_published_at;
use super::password::{NewSecondFactor, Passwords};
use super::vault::{Vault, second_factor_of};
use super::{assertion, secret};
use crate::auth::{FhirUser, Scopes};
use crate::context;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{
    ClientKind, Credentials, Epochs, IdentityClient, IdentityUser, SecretHash, Store,
};

/// People and clients that are listed.
const LISTED: u32 = 10_000;

/// What an administrator does.
#[derive(Debug)]
pub struct Administration {
    pub(super) store: Store,
    passwords: Passwords,
    vault: Vault,
}

/// Somebody who shall log in.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// As what.
    pub login: String,
    /// How they are addressed.
    pub name: String,
    /// Who they are.
    pub fhir_user: FhirUser,
}

/// A client that is registered.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// The id; without one, it is made up.
    pub id: Option<String>,
    /// What people know it by.
    pub name: String,
    /// How it proves who it is.
    pub kind: NewClientKind,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where an EHR starts it.
    pub launch_uri: Option<String>,
    /// The most it is ever granted.
    pub scopes: String,
    /// The name in the certificate that it shows while it connects, where it must.
    pub certificate_name: Option<String>,
}

/// How a new client proves who it is.
#[derive(Clone, Debug)]
pub enum NewClientKind {
    /// It cannot.
    Public,
    /// By a secret, which is made up.
    Secret,
    /// By keys in a JSON Web Key Set.
    Jwks(String),
    /// By keys that are published there.
    JwksUri(String),
}

fn refused(sentence: impl Into<Box<str>>) -> Error {
    Error::new(ErrorKind::BadValue, sentence)
}

fn known(is_known: bool, login: &str) -> Result<()> {
    match is_known {
        true => Ok(()),
        false => Err(refused(format!("nobody logs in as {login}"))),
    }
}

impl Administration {
    /// On a store.
    pub fn new(store: Store, vault: Vault) -> Self {
        Self {
            store,
            passwords: Passwords::default(),
            vault,
        }
    }

    /// Adds somebody, with a password.
    pub async fn add_user(&self, new: NewUser, password: &str, now: Timestamp) -> Result<()> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._@+-".contains(letter);
        if new.login.is_empty() || !new.login.chars().all(is_plain) {
            return Err(refused("a login is of A-Z a-z 0-9 . _ @ + -"));
        }
        let login = new.login.to_lowercase();
        let user = IdentityUser {
            id: Uuid::now_v7(),
            name: new.name.into(),
            fhir_user: new.fhir_user,
            credentials: Credentials {
                password_hash: Some(self.passwords.hash(password).await?.into()),
                totp_secret: None,
                has_passkey: false,
            },
            is_locked: false,
            epochs: Epochs::default(),
            login: login.as_str().into(),
        };
        match self
            .told("user-added", &login, now)
            .add_identity_user(&user, now)
            .await?
        {
            true => Ok(()),
            false => Err(refused(format!("somebody logs in as {login} already"))),
        }
    }

    /// Sets a password: whoever was in by the old one is out.
    pub async fn set_password(&self, login: &str, password: &str, now: Timestamp) -> Result<()> {
        let hash = self.passwords.hash(password).await?;
        let login = login.to_lowercase();
        let is_known = self
            .told("password-set", &login, now)
            .set_identity_password(&login, &hash, now)
            .await?;
        known(is_known, &login)
    }

    /// A new second factor in the place of the old one, to be shown once.
    pub async fn set_second_factor(&self, login: &str) -> Result<NewSecondFactor> {
        let login = login.to_lowercase();
        let new = NewSecondFactor::new(&login)?;
        let is_known = self.seal_second_factor(&login, &new.secret, &new.hashes);
        known(is_known.await?, &login)?;
        Ok(new)
    }

    /// Keeps a second factor, sealed, with the hashes of its recovery codes; `false` where nobody logs in so.
    pub(super) async fn seal_second_factor(
        &self,
        login: &str,
        secret: &[u8],
        recovery: &[SecretHash],
    ) -> Result<bool> {
        let sealed = self.vault.seal(&second_factor_of(login), secret)?;
        let totp = Some((sealed.as_slice(), recovery));
        let store = self.told("second-factor-set", login, context::now());
        store.set_identity_totp(login, totp).await
    }

    /// Takes the second factor away.
    pub async fn remove_second_factor(&self, login: &str) -> Result<()> {
        let login = login.to_lowercase();
        known(
            self.told("second-factor-removed", &login, context::now())
                .set_identity_totp(&login, None)
                .await?,
            &login,
        )
    }

    /// Locks somebody out, or lets them in again.
    pub async fn lock_user(&self, login: &str, is_locked: bool) -> Result<()> {
        let login = login.to_lowercase();
        let code = if is_locked {
            "user-locked"
        } else {
            "user-unlocked"
        };
        let store = self.told(code, &login, context::now());
        known(store.lock_identity_user(&login, is_locked).await?, &login)
    }

    /// Everybody who may log in.
    pub async fn users(&self) -> Result<Vec<IdentityUser>> {
        self.store.identity_users(LISTED).await
    }

    /// Registers a client, and gives its id and the secret that was made up for it.
    pub async fn add_client(
        &self,
        new: NewClient,
        now: Timestamp,
    ) -> Result<(String, Option<String>)> {
        let (client, shown) = checked(new)?;
        let id = client.id.to_string();
        match self
            .told("client-added", &id, now)
            .add_identity_client(&client, now)
            .await?
        {
            true => Ok((id, shown)),
            false => Err(refused(format!("there is a client {id} already"))),
        }
    }

    /// Every client.
    pub async fn clients(&self) -> Result<Vec<IdentityClient>> {
        self.store.identity_clients(LISTED).await
    }

    /// Removes a client, and all that was granted to it.
    pub async fn remove_client(&self, id: &str) -> Result<()> {
        match self
            .told("client-removed", id, context::now())
            .remove_identity_client(id)
            .await?
        {
            true => Ok(()),
            false => Err(refused(format!("there is no client {id}"))),
        }
    }
}

/// A client as it is registered, if it may be, and the secret that was made up for it.
pub(super) fn checked(new: NewClient) -> Result<(IdentityClient, Option<String>)> {
    if !is_bounded(&new.scopes) {
        return Err(refused(
            "a client has 100 scopes at most, of 4096 letters together",
        ));
    }
    let scopes = Scopes::parse(&new.scopes);
    if let Some(scope) = scopes.dropped.first() {
        return Err(refused(format!("{scope} is not a scope")));
    }
    if scopes.scopes.is_empty() {
        return Err(refused("a client needs scopes"));
    }
    for uri in new.redirect_uris.iter().chain(&new.launch_uri) {
        if !is_redirect_uri(uri) {
            return Err(refused(format!(
                "{uri} is not an absolute URI without a fragment, by https or from this machine"
            )));
        }
    }
    let is_public = matches!(new.kind, NewClientKind::Public);
    if let Some(name) = &new.certificate_name {
        let is_name = !name.is_empty()
            && name.len() <= 255
            && name.bytes().all(|byte| byte.is_ascii_graphic());
        if is_public || !is_name {
            return Err(refused(
                "a certificate has a name of 255 letters at most, and goes with a secret or keys",
            ));
        }
    }
    let (kind, shown) = kind(new.kind)?;
    let id = match new.id {
        Some(id) => id,
        None => Uuid::new_v4().to_string(),
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-:/".contains(letter);
    if id.is_empty() || !id.chars().all(is_plain) {
        return Err(refused("the id of a client is of A-Z a-z 0-9 . _ - : /"));
    }
    let client = IdentityClient {
        id: id.into(),
        name: new.name.into(),
        kind,
        redirect_uris: new.redirect_uris,
        launch_uri: new.launch_uri.map(Into::into),
        scopes: scopes.scopes,
        is_self_registered: false,
        certificate_name: new.certificate_name.map(Into::into),
    };
    Ok((client, shown))
}

fn kind(new: NewClientKind) -> Result<(ClientKind, Option<String>)> {
    match new {
        NewClientKind::Public => Ok((ClientKind::Public, None)),
        NewClientKind::Secret => {
            let shown = secret::random()?;
            Ok((ClientKind::Symmetric(secret::hash(&shown)), Some(shown)))
        }
        NewClientKind::Jwks(jwks) => match assertion::is_key_set(&jwks) {
            true => Ok((ClientKind::Jwks(jwks.into()), None)),
            false => Err(refused(
                "the keys must be a JSON Web Key Set of public keys, one of them with a kid and for RS384 or ES384",
            )),
        },
        NewClientKind::JwksUri(uri) => match may_be_published_at(&uri) {
            true => Ok((ClientKind::JwksUri(uri.into()), None)),
            false => Err(refused("keys are fetched by https, or from this machine")),
        },
    }
}

/// Where people may be sent: by https, on this machine, or into an app by a scheme of its own, which has a dot
/// (<https://www.rfc-editor.org/rfc/rfc8252#section-7.1>).
pub(super) fn is_redirect_uri(uri: &str) -> bool {
    let is_clean = uri.bytes().all(|byte| byte.is_ascii_graphic())
        && !uri.contains(['#', '"', '\'', ';', ',', '\\', '@']);
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let is_allowed = match scheme {
        "https" | "http" => may_be_published_at(uri),
        scheme => {
            let is_name = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-+".contains(&byte)
            };
            scheme.contains('.') && scheme.bytes().all(is_name) && !rest.is_empty()
        }
    };
    is_clean && is_allowed
}
