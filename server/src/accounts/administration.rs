//! Accounts and clients as an administrator makes, changes and removes them.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::keys::is_key_set;
use super::password::{NewSecondFactor, Passwords};
use super::secret;
use super::told::Administrator;
use super::uris::{is_redirect_uri, may_be_published_at};
use super::vault::{Vault, second_factor_of};
use crate::auth::{FhirUser, Scopes, is_bounded};
use crate::context;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{
    ClientKind, Credentials, Epochs, IdentityClient, IdentityUser, SecretHash, Store,
};

/// What an administrator does.
#[derive(Clone, Debug)]
pub struct Administration {
    pub(crate) store: Store,
    passwords: Passwords,
    vault: Arc<Vault>,
    /// Nobody where a command does it.
    pub(super) by: Option<Administrator>,
}

/// Some of what is listed, in order.
#[derive(Clone, Copy, Debug)]
pub struct ListPage<'a> {
    /// The login or id that the one before ends with; of the first page none.
    pub after: &'a str,
    /// How many there are on it at most.
    pub count: u32,
}

/// What stands on a page.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// People, or clients.
    pub items: Vec<T>,
    /// Whether there are more behind them.
    pub has_more: bool,
}

impl<T> Listed<T> {
    /// A page of a list that was asked for one item more.
    fn of(mut items: Vec<T>, page: ListPage<'_>) -> Self {
        let has_more = items.len() > page.count as usize;
        items.truncate(page.count as usize);
        Self { items, has_more }
    }
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

/// What somebody typed whom nobody knows is not said again: the trail keeps what is refused, and people type passwords.
fn known(is_known: bool) -> Result<()> {
    match is_known {
        true => Ok(()),
        false => Err(refused("nobody has this login")),
    }
}

impl Administration {
    /// On a store.
    pub fn new(store: Store, vault: Vault) -> Self {
        Self {
            store,
            passwords: Passwords::default(),
            vault: Arc::new(vault),
            by: None,
        }
    }

    /// The same, done by somebody who has logged in.
    #[must_use]
    pub fn by(&self, administrator: Administrator) -> Self {
        Self {
            by: Some(administrator),
            ..self.clone()
        }
    }

    /// Nobody takes their own way in: there might be no other administrator.
    fn refuse_own(&self, login: &str) -> Result<()> {
        let own = self.by.as_ref().and_then(|by| by.login.as_deref());
        match own == Some(login) {
            true => Err(Error::new(
                ErrorKind::BusinessRule,
                "this is your own account: another administrator, or a command on the machine, has to do that",
            )),
            false => Ok(()),
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
        known(is_known)
    }

    /// A new second factor in the place of the old one, to be shown once.
    pub async fn set_second_factor(&self, login: &str) -> Result<NewSecondFactor> {
        let login = login.to_lowercase();
        let new = NewSecondFactor::new(&login)?;
        let is_known = self.seal_second_factor(&login, &new.secret, &new.hashes);
        known(is_known.await?)?;
        Ok(new)
    }

    /// Keeps a second factor, sealed, with the hashes of its recovery codes; `false` where nobody logs in so.
    pub(crate) async fn seal_second_factor(
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
        self.refuse_own(&login)?;
        let store = self.told("second-factor-removed", &login, context::now());
        known(store.set_identity_totp(&login, None).await?)
    }

    /// Locks somebody out, or lets them in again.
    pub async fn lock_user(&self, login: &str, is_locked: bool) -> Result<()> {
        let login = login.to_lowercase();
        let code = match is_locked {
            true => {
                self.refuse_own(&login)?;
                "user-locked"
            }
            false => "user-unlocked",
        };
        let store = self.told(code, &login, context::now());
        known(store.lock_identity_user(&login, is_locked).await?)
    }

    /// Who may log in, by login.
    pub async fn users(&self, page: ListPage<'_>) -> Result<Listed<IdentityUser>> {
        let users = self
            .store
            .identity_users(page.after, page.count.saturating_add(1));
        Ok(Listed::of(users.await?, page))
    }

    /// Who logs in so.
    pub async fn user(&self, login: &str) -> Result<Option<IdentityUser>> {
        self.store.identity_user(&login.to_lowercase()).await
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

    /// The clients, by id.
    pub async fn clients(&self, page: ListPage<'_>) -> Result<Listed<IdentityClient>> {
        let clients = self
            .store
            .identity_clients(page.after, page.count.saturating_add(1));
        Ok(Listed::of(clients.await?, page))
    }

    /// The client of an id.
    pub async fn client(&self, id: &str) -> Result<Option<IdentityClient>> {
        self.store.identity_client(id).await
    }

    /// Removes a client, and all that was granted to it.
    pub async fn remove_client(&self, id: &str) -> Result<()> {
        if self.by.as_ref().is_some_and(|by| *by.client == *id) {
            return Err(Error::new(
                ErrorKind::BusinessRule,
                "this is the app that you use: remove it by another one, or by a command on the machine",
            ));
        }
        match self
            .told("client-removed", id, context::now())
            .remove_identity_client(id)
            .await?
        {
            true => Ok(()),
            false => Err(refused("there is no such client")),
        }
    }
}

/// A client as it is registered, if it may be, and the secret that was made up for it.
pub(crate) fn checked(new: NewClient) -> Result<(IdentityClient, Option<String>)> {
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
        NewClientKind::Jwks(jwks) => match is_key_set(&jwks) {
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
