//! `vesta user` and `vesta client`: who may log in, and which apps there are.

use std::io::{BufRead, Write};
use std::path::Path;

use super::CommandError;
use crate::accounts::{
    Administration, ListPage, NewClient, NewClientKind, NewUser, Vault, new_password,
};
use crate::app;
use crate::config::{ClientCommand, Config, UserCommand};
use crate::context::now;
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::Database;
use crate::store::{ClientKind, IdentityClient, IdentityUser, Store, migrate};

/// People or clients that are looked up at once; a list has no end.
const AT_ONCE: u32 = 1_000;

/// Administration on the database, brought up to date first.
async fn open(config: &Config, database: &Database) -> Result<(Administration, Store)> {
    let url = database.url().expose();
    migrate(url).await?;
    let store = Store::connect(url, &app::store_settings(config)?).await?;
    let vault = Vault::of_file(&config.identity_key_file())?;
    Ok((Administration::new(store.clone(), vault), store))
}

/// Does what `vesta user` is asked for.
pub(super) async fn user(
    config: &Config,
    database: &Database,
    command: &UserCommand,
    out: &mut impl Write,
) -> std::result::Result<(), CommandError> {
    let (administration, store) = open(config, database).await?;
    let said = about_user(&administration, command).await;
    store.close().await;
    Ok(out.write_all(said?.as_bytes())?)
}

/// Does what `vesta client` is asked for.
pub(super) async fn client(
    config: &Config,
    database: &Database,
    command: &ClientCommand,
    out: &mut impl Write,
) -> std::result::Result<(), CommandError> {
    let (administration, store) = open(config, database).await?;
    let said = about_client(&administration, command).await;
    store.close().await;
    Ok(out.write_all(said?.as_bytes())?)
}

async fn about_user(administration: &Administration, command: &UserCommand) -> Result<String> {
    match command {
        UserCommand::Add {
            login,
            fhir_user,
            name,
            password_file,
        } => {
            let bad =
                |error: crate::auth::NotAPerson| Error::new(ErrorKind::BadValue, error.to_string());
            let (password, said) = password(password_file.as_deref())?;
            let new = NewUser {
                login: login.clone(),
                name: name.clone().unwrap_or_else(|| login.clone()),
                fhir_user: fhir_user.parse().map_err(bad)?,
            };
            administration.add_user(new, &password, now()).await?;
            Ok(said)
        }
        UserCommand::Passwd {
            login,
            password_file,
        } => {
            let (password, said) = password(password_file.as_deref())?;
            administration.set_password(login, &password, now()).await?;
            Ok(said)
        }
        UserCommand::Totp {
            login,
            remove: true,
        } => {
            administration.remove_second_factor(login).await?;
            Ok(String::new())
        }
        UserCommand::Totp {
            login,
            remove: false,
        } => {
            let new = administration.set_second_factor(login).await?;
            let codes = new.recovery_codes.join("\n");
            Ok(format!(
                "{}\nrecovery codes, each good once:\n{codes}\n",
                new.url
            ))
        }
        UserCommand::Lock { login, unlock } => {
            administration.lock_user(login, !unlock).await?;
            Ok(String::new())
        }
        UserCommand::List => {
            let users = all_users(administration).await?;
            let lines = users.iter().map(|user| {
                let factor = match user.credentials.totp_secret {
                    Some(_) => "second factor",
                    None => "password only",
                };
                let lock = if user.is_locked { ", locked" } else { "" };
                format!(
                    "{}\t{}\t{}\t{factor}{lock}\n",
                    user.login, user.fhir_user, user.name
                )
            });
            Ok(lines.collect())
        }
    }
}

async fn about_client(administration: &Administration, command: &ClientCommand) -> Result<String> {
    match command {
        ClientCommand::Add {
            name,
            scopes,
            id,
            redirect_uris,
            launch_uri,
            secret,
            jwks,
            jwks_uri,
            certificate_name,
        } => {
            let kind = match (secret, jwks, jwks_uri) {
                (true, _, _) => NewClientKind::Secret,
                (false, Some(file), _) => NewClientKind::Jwks(text_of(file)?),
                (false, None, Some(uri)) => NewClientKind::JwksUri(uri.clone()),
                (false, None, None) => NewClientKind::Public,
            };
            let new = NewClient {
                certificate_name: certificate_name.clone(),
                id: id.clone(),
                name: name.clone(),
                kind,
                redirect_uris: redirect_uris.clone(),
                launch_uri: launch_uri.clone(),
                scopes: scopes.clone(),
            };
            let (id, secret) = administration.add_client(new, now()).await?;
            let secret = secret.map(|secret| format!("client_secret {secret}\n"));
            Ok(format!("client_id {id}\n{}", secret.unwrap_or_default()))
        }
        ClientCommand::Remove { id } => {
            administration.remove_client(id).await?;
            Ok(String::new())
        }
        ClientCommand::List => {
            let clients = all_clients(administration).await?;
            let lines = clients.iter().map(|client| {
                let kind = match client.kind {
                    ClientKind::Public => "public",
                    ClientKind::Symmetric(_) => "secret",
                    ClientKind::Jwks(_) => "keys",
                    ClientKind::JwksUri(_) => "published keys",
                };
                let by = match client.is_self_registered {
                    true => ", registered itself",
                    false => "",
                };
                let certificate = match client.certificate_name {
                    Some(_) => " and a certificate",
                    None => "",
                };
                format!(
                    "{}\t{}\t{kind}{certificate}{by}\t{}\n",
                    client.id, client.name, client.scopes
                )
            });
            Ok(lines.collect())
        }
    }
}

async fn all_users(administration: &Administration) -> Result<Vec<IdentityUser>> {
    let mut users: Vec<IdentityUser> = Vec::new();
    loop {
        let after = users.last().map_or("", |last| &*last.login);
        let count = AT_ONCE;
        let page = administration.users(ListPage { after, count }).await?;
        users.extend(page.items);
        if !page.has_more {
            return Ok(users);
        }
    }
}

async fn all_clients(administration: &Administration) -> Result<Vec<IdentityClient>> {
    let mut clients: Vec<IdentityClient> = Vec::new();
    loop {
        let after = clients.last().map_or("", |last| &*last.id);
        let count = AT_ONCE;
        let page = administration.clients(ListPage { after, count }).await?;
        clients.extend(page.items);
        if !page.has_more {
            return Ok(clients);
        }
    }
}

/// The password of a file, or one that is made up, and what to say of it.
fn password(file: Option<&Path>) -> Result<(String, String)> {
    match file {
        None => {
            let password = new_password()?;
            let said = format!("password {password}\n");
            Ok((password, said))
        }
        Some(path) => {
            let text = match path.as_os_str() == "-" {
                true => {
                    let mut line = String::new();
                    let read = std::io::stdin().lock().read_line(&mut line);
                    read.map_err(|error| unreadable(path, &error))?;
                    line
                }
                false => text_of(path)?,
            };
            let first = text.lines().next().unwrap_or_default();
            Ok((first.to_owned(), String::new()))
        }
    }
}

fn text_of(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::BadValue, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::TestDatabase;

    #[tokio::test]
    async fn people_and_clients_come_and_go() {
        let database = TestDatabase::new().await;
        let key = std::env::temp_dir().join(format!("{}.key", uuid::Uuid::new_v4()));
        let vault = Vault::of_file(&key).unwrap();
        std::fs::remove_file(key).unwrap();
        let administration = Administration::new(database.store().await, vault);
        let add = |login: &str, fhir_user: &str| UserCommand::Add {
            login: login.to_owned(),
            fhir_user: fhir_user.to_owned(),
            name: None,
            password_file: None,
        };
        let user = async |command: UserCommand| about_user(&administration, &command).await;
        let said = user(add("Anna", "Practitioner/1")).await.unwrap();
        assert!(said.starts_with("password ") && said.len() > 20, "{said}");
        for (login, fhir_user) in [
            ("anna", "Patient/1"),
            ("a b", "Patient/1"),
            ("b", "Device/1"),
        ] {
            assert!(user(add(login, fhir_user)).await.is_err(), "{login}");
        }
        let totp = |remove| UserCommand::Totp {
            login: "anna".to_owned(),
            remove,
        };
        let said = user(totp(false)).await.unwrap();
        assert!(
            said.starts_with("otpauth://totp/Vesta:anna?secret="),
            "{said}"
        );
        assert_eq!(said.lines().count(), 12);
        let lock = |unlock| UserCommand::Lock {
            login: "anna".to_owned(),
            unlock,
        };
        user(lock(false)).await.unwrap();
        let said = user(UserCommand::List).await.unwrap();
        assert_eq!(said, "anna\tPractitioner/1\tAnna\tsecond factor, locked\n");
        user(lock(true)).await.unwrap();
        user(totp(true)).await.unwrap();
        let said = user(UserCommand::List).await.unwrap();
        assert_eq!(said, "anna\tPractitioner/1\tAnna\tpassword only\n");
        let passwd = UserCommand::Passwd {
            login: "bob".to_owned(),
            password_file: None,
        };
        assert!(user(passwd).await.is_err());

        let client = async |command: ClientCommand| about_client(&administration, &command).await;
        let add = |scopes: &str, secret| ClientCommand::Add {
            certificate_name: None,
            name: "App".to_owned(),
            scopes: scopes.to_owned(),
            id: Some("app".to_owned()),
            redirect_uris: Vec::new(),
            launch_uri: None,
            secret,
            jwks: None,
            jwks_uri: None,
        };
        let said = client(add("openid user/*.read", true)).await.unwrap();
        assert!(said.starts_with("client_id app\nclient_secret "), "{said}");
        assert!(client(add("openid", false)).await.is_err(), "there already");
        assert!(client(add("email", false)).await.is_err(), "no scope");
        let said = client(ClientCommand::List).await.unwrap();
        assert_eq!(said, "app\tApp\tsecret\topenid user/*.rs\n");
        let remove = || ClientCommand::Remove {
            id: "app".to_owned(),
        };
        client(remove()).await.unwrap();
        assert!(client(remove()).await.is_err());
    }
}
