//! Accounts of a demonstration: logins and apps of a file that everybody can read, and a token for the first requests.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use totp_rs::Secret;
use uuid::Uuid;

use crate::accounts::{Administration, NewClient, NewClientKind, NewUser, secret};
use crate::auth::{Authentication, FhirUser, LaunchContext};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{IdentityClient, IdentityUser, NewGrant, NewToken, TokenKind};

/// How long the token for the first requests is good: a working day.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(10);
/// How whoever holds it has proved who they are: not at all.
const METHOD: &str = "demonstration";

/// The accounts, as a TOML file has them.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demonstration {
    /// The password of everybody.
    pub password: String,
    /// The second factor of whoever works here, in base32.
    pub second_factor: String,
    /// Who may log in.
    #[serde(rename = "user")]
    pub users: Vec<DemoUser>,
    #[serde(rename = "client")]
    clients: Vec<DemoClient>,
    token: DemoToken,
}

/// Somebody who may log in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoUser {
    /// As what.
    pub login: String,
    /// How pages address them.
    pub name: String,
    /// Who they are, as a reference.
    pub fhir_user: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoClient {
    id: String,
    name: String,
    scopes: String,
    #[serde(default)]
    redirect_uris: Vec<String>,
    launch_uri: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoToken {
    login: String,
    client: String,
}

/// A token that was made for the first requests.
pub struct FirstToken {
    /// The login it acts for.
    pub login: String,
    /// The token itself.
    pub access_token: String,
}

/// Neither shows what it holds.
impl fmt::Debug for Demonstration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demonstration")
            .field("users", &self.users)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FirstToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstToken")
    }
}

fn refused(error: impl fmt::Display) -> Error {
    Error::new(ErrorKind::BadValue, error.to_string())
}

impl Demonstration {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(refused)
    }
}

impl Administration {
    /// Adds the people and apps that are not there yet, and makes a token that is good for ten hours.
    pub async fn demonstrate(
        &self,
        demonstration: &Demonstration,
        now: Timestamp,
    ) -> Result<FirstToken> {
        let factor = Secret::try_from_base32(&demonstration.second_factor);
        let factor = factor.map_err(|_| refused("second_factor is not base32"))?;
        for user in &demonstration.users {
            self.add_demo_user(user, demonstration, factor.as_ref(), now)
                .await?;
        }
        for client in &demonstration.clients {
            self.add_demo_client(client, now).await?;
        }
        let DemoToken { login, client } = &demonstration.token;
        let user = self.store.identity_user(login).await?;
        let client = self.store.identity_client(client).await?;
        match (user, client) {
            (Some(user), Some(client)) => self.first_token(user, client, now).await,
            _ => Err(refused("the token is for nobody")),
        }
    }

    async fn add_demo_user(
        &self,
        user: &DemoUser,
        demonstration: &Demonstration,
        factor: &[u8],
        now: Timestamp,
    ) -> Result<()> {
        if self.store.identity_user(&user.login).await?.is_some() {
            return Ok(());
        }
        let fhir_user: FhirUser = user.fhir_user.parse().map_err(refused)?;
        let is_staff = fhir_user.is_staff();
        let new = NewUser {
            login: user.login.clone(),
            name: user.name.clone(),
            fhir_user,
        };
        self.add_user(new, &demonstration.password, now).await?;
        if is_staff {
            self.seal_second_factor(&user.login, factor, &[]).await?;
        }
        Ok(())
    }

    async fn add_demo_client(&self, client: &DemoClient, now: Timestamp) -> Result<()> {
        if self.store.identity_client(&client.id).await?.is_some() {
            return Ok(());
        }
        let new = NewClient {
            certificate_name: None,
            id: Some(client.id.clone()),
            name: client.name.clone(),
            kind: NewClientKind::Public,
            redirect_uris: client.redirect_uris.clone(),
            launch_uri: client.launch_uri.clone(),
            scopes: client.scopes.clone(),
        };
        self.add_client(new, now).await.map(|_| ())
    }

    async fn first_token(
        &self,
        user: IdentityUser,
        client: IdentityClient,
        now: Timestamp,
    ) -> Result<FirstToken> {
        let expires = now + TOKEN_LIFE;
        let grant = NewGrant {
            id: Uuid::now_v7(),
            client_id: client.id,
            user: Some(user.id),
            session: None,
            scopes: client.scopes.clone(),
            launch: LaunchContext::default(),
            authentication: Authentication {
                at: now,
                methods: vec![METHOD.into()],
                acr: None,
            },
            expires,
            epoch: user.epochs.grants,
        };
        self.store.add_identity_grant(&grant, None, now).await?;
        let access_token = secret::random()?;
        let token = NewToken {
            hash: secret::hash(&access_token),
            grant: grant.id,
            kind: TokenKind::Access,
            scopes: client.scopes,
            expires,
            certificate: None,
        };
        let store = self.told("token", &user.login, now);
        store.add_identity_tokens(&[token], now).await?;
        Ok(FirstToken {
            login: user.login.into(),
            access_token,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use fhir::json::{Document, Value};

    use super::*;
    use crate::accounts::{ListPage, Vault};
    use crate::auth::STAFF_ROLE;
    use crate::context::now;
    use crate::store::testing::TestDatabase;

    fn shipped(name: &str) -> String {
        let bundles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bundles");
        fs::read_to_string(bundles.join(name)).unwrap()
    }

    #[tokio::test]
    async fn accounts_are_added_once_and_every_start_has_a_token() {
        let database = TestDatabase::new().await;
        let store = database.store().await;
        let administration = Administration::new(store.clone(), Vault::of(&[1; 32]).unwrap());
        let demonstration = Demonstration::parse(&shipped("accounts.toml")).unwrap();
        let first = administration.demonstrate(&demonstration, now()).await;
        let first = first.unwrap();
        administration.lock_user("nurse", true).await.unwrap();
        let second = administration.demonstrate(&demonstration, now()).await;
        let second = second.unwrap();
        for token in [&first, &second] {
            let hash = secret::hash(&token.access_token);
            let known = store.identity_token(hash, now()).await.unwrap().unwrap();
            assert_eq!(
                known.granted.user.unwrap().login,
                token.login.clone().into()
            );
            assert!(!format!("{token:?}{demonstration:?}").contains(&token.access_token));
        }
        assert_ne!(first.access_token, second.access_token);
        let all = ListPage {
            after: "",
            count: 100,
        };
        let users = administration.users(all).await.unwrap().items;
        assert_eq!(users.len(), demonstration.users.len());
        for user in users {
            let has_factor = user.credentials.totp_secret.is_some();
            assert_eq!(has_factor, user.fhir_user.is_staff(), "{}", user.login);
            assert_eq!(user.is_locked, &*user.login == "nurse", "left as it was");
        }
    }

    #[test]
    fn there_is_a_login_of_every_role() {
        let demonstration = Demonstration::parse(&shipped("accounts.toml")).unwrap();
        let bundle = Document::parse(shipped("01-organisation.json").into_bytes()).unwrap();
        let mut codes = BTreeSet::new();
        for entry in bundle.root().get("entry").unwrap().items() {
            let resource = entry.get("resource").unwrap();
            let text = |value: Value<'_>, name| value.get(name)?.string().map(String::from);
            let id = text(resource, "id").unwrap();
            if text(resource, "resourceType").unwrap() != "PractitionerRole" {
                continue;
            }
            let practitioner = resource.get("practitioner").unwrap();
            let names = [
                text(practitioner, "reference").unwrap(),
                format!("PractitionerRole/{id}"),
            ];
            let mut users = demonstration.users.iter();
            if users.any(|user| names.contains(&user.fhir_user)) {
                let coding = resource.get("code").unwrap().items().next().unwrap();
                let coding = coding.get("coding").unwrap().items().next().unwrap();
                assert_eq!(text(coding, "system").unwrap(), STAFF_ROLE);
                codes.extend(text(coding, "code"));
            }
        }
        let roles = shipped("../profiles/clinic/CodeSystem-staff-role.json");
        let roles = Document::parse(roles.into_bytes()).unwrap();
        for role in roles.root().get("concept").unwrap().items() {
            let code = role.get("code").unwrap().string().unwrap();
            assert!(codes.contains(&*code), "nobody logs in as {code}");
        }
    }
}
