//! What `serve` prints when it is ready: requests to begin with, and who may log in where that is no secret.

use std::fmt::Write;

use crate::app::App;
use crate::config::{Auth, Config};
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{Demonstration, FirstToken};

/// A patient to begin with: one that keeps the clinic's profiles as well.
pub(crate) const FIRST_PATIENT: &str = r#"{"resourceType":"Patient","identifier":[{"system":"https://vesta.example/fhir/NamingSystem/mrn","value":"200001"}],"name":[{"family":"Moreau","given":["Ada"]}],"gender":"female","birthDate":"1990-05-17","telecom":[{"system":"email","value":"ada@example.org"}]}"#;

/// What somebody can begin with.
#[derive(Debug)]
pub(super) enum FirstSteps {
    /// Everybody may do everything.
    Open,
    /// Accounts are made by hand.
    Accounts,
    /// Those of the demo clinic are there.
    Demonstration(Box<Demonstration>, FirstToken),
}

impl FirstSteps {
    /// What this server is to begin with; adds the accounts of the demo clinic where they belong.
    pub(super) async fn of(config: &Config, app: &App) -> Result<Self> {
        if config.auth == Auth::Disabled {
            return Ok(Self::Open);
        }
        let Some(path) = &config.demo_accounts else {
            return Ok(Self::Accounts);
        };
        if !app.began_with_bundles().await? {
            tracing::warn!(
                "VESTA_DEMO_ACCOUNTS is passed over: this database did not begin as the demo clinic"
            );
            return Ok(Self::Accounts);
        }
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(ErrorKind::BadValue, format!("{}: {error}", path.display()))
        })?;
        let demonstration = Demonstration::parse(&text)?;
        let token = app.demonstrate(config, &demonstration).await?;
        Ok(Self::Demonstration(Box::new(demonstration), token))
    }

    /// The text for a person at a terminal.
    pub(super) fn text(&self, fhir_base: &str) -> String {
        let mut out = format!("\nVesta serves FHIR R4 at {fhir_base}\n\n");
        match self {
            Self::Open => out += &format!("Try:\n{}", requests(fhir_base, "")),
            Self::Accounts => {
                out += &format!(
                    "Try:\n  curl '{fhir_base}/metadata'\n  curl '{fhir_base}/.well-known/smart-configuration'\n\n\
                     Everything else needs an access token. `vesta user add` and `vesta client add` let people and apps in;\n\
                     people see theirs at {fhir_base}/auth/account\n"
                );
            }
            Self::Demonstration(demonstration, token) => {
                out += &accounts(demonstration, fhir_base);
                out += &format!(
                    "\nTry, as {} for the next ten hours:\n  TOKEN='{}'\n{}",
                    token.login,
                    token.access_token,
                    requests(fhir_base, " -H \"Authorization: Bearer $TOKEN\"")
                );
            }
        }
        out.push('\n');
        out
    }
}

fn requests(fhir_base: &str, header: &str) -> String {
    format!(
        "  curl '{fhir_base}/metadata'\n  \
         curl '{fhir_base}/Patient?_count=3&_pretty=true'{header}\n  \
         curl -X POST '{fhir_base}/Patient'{header} -H 'Content-Type: application/fhir+json' \\\n       \
         -d '{FIRST_PATIENT}'\n"
    )
}

fn accounts(demonstration: &Demonstration, fhir_base: &str) -> String {
    let mut out = format!(
        "Logins of the demo clinic, at {fhir_base}/auth/account and in apps; the password of each is {}\n",
        demonstration.password
    );
    for user in &demonstration.users {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  {:<18} {:<45} {}",
            user.login, user.fhir_user, user.name
        );
    }
    out += &format!(
        "Staff show a second factor, too: put {secret} into an authenticator app,\nor get a code by: oathtool --totp -b {secret}\n",
        secret = demonstration.second_factor
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_requests_are_three_to_this_server() {
        let text = FirstSteps::Open.text("http://127.0.0.1:8080/fhir");
        let requests: Vec<&str> = text.lines().filter(|line| line.contains("curl ")).collect();
        assert_eq!(requests.len(), 3, "{text}");
        for request in requests {
            assert!(
                request.contains("'http://127.0.0.1:8080/fhir/"),
                "{request}"
            );
        }
    }
}
