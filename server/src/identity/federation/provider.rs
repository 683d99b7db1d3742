//! Other OpenID Connect providers: which there are, whom each may vouch for, and what counts as a second factor there.

use std::fmt;
use std::fs;
use std::path::Path;

use openidconnect::{ClientId, ClientSecret, IssuerUrl};
use serde::Deserialize;

use crate::accounts::may_be_published_at;
use crate::auth::FhirUser;
use crate::error::{Error, ErrorKind, Result};

/// Longest name a provider has here.
const ID_MAX: usize = 32;
/// Methods that are a second factor unless a file says otherwise (<https://www.rfc-editor.org/rfc/rfc8176#section-2>).
const SECOND_FACTORS: [&str; 4] = ["mfa", "otp", "hwk", "fpt"];
/// The claim that names a person as a resource (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-identity-data>).
const FHIR_USER: &str = "fhirUser";

/// The file that names them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "provider", default)]
    providers: Vec<Written>,
}

/// One of them, as it is written there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    name: String,
    issuer: String,
    client_id: String,
    client_secret_file: Option<String>,
    #[serde(default = "scopes")]
    scopes: String,
    people: Vec<String>,
    #[serde(default = "fhir_user")]
    claim: String,
    identifier_system: Option<String>,
    #[serde(default)]
    second_factor_acr: Vec<String>,
    #[serde(default = "second_factors")]
    second_factor_amr: Vec<String>,
}

fn scopes() -> String {
    "openid profile".to_owned()
}

fn fhir_user() -> String {
    FHIR_USER.to_owned()
}

fn second_factors() -> Vec<String> {
    SECOND_FACTORS.map(ToOwned::to_owned).to_vec()
}

/// A provider whose word counts here.
#[derive(Clone, Debug)]
pub struct Provider {
    /// What it is called here: in the address people come back to, and in logins.
    pub(super) id: Box<str>,
    /// What people know it by.
    pub(in crate::identity) name: Box<str>,
    pub(super) issuer: IssuerUrl,
    pub(super) client_id: ClientId,
    pub(super) client_secret: Option<ClientSecret>,
    pub(super) scopes: Vec<openidconnect::Scope>,
    /// The types of those it may vouch for.
    pub(super) people: Vec<Box<str>>,
    pub(super) person: PersonClaim,
    /// Classes and methods that are a second factor.
    pub(super) acr: Vec<String>,
    pub(super) amr: Vec<String>,
}

/// How a claim says who somebody is.
#[derive(Clone, Debug)]
pub(super) enum PersonClaim {
    /// As a reference.
    Reference(Box<str>),
    /// As the value of an identifier of that system.
    Identifier { claim: Box<str>, system: Box<str> },
}

fn refused(sentence: impl fmt::Display) -> Error {
    Error::new(
        ErrorKind::BadValue,
        format!("VESTA_IDENTITY_PROVIDERS_FILE: {sentence}"),
    )
}

impl Provider {
    /// Those that a file names; files with secrets are looked for beside it.
    pub fn of_file(path: &Path) -> Result<Vec<Self>> {
        let read = |path: &Path| {
            fs::read_to_string(path)
                .map_err(|error| refused(format!("{}: {error}", path.display())))
        };
        let directory = path.parent().unwrap_or(Path::new(""));
        Self::parse(&read(path)?, |name| read(&directory.join(name)))
    }

    /// Those that a text names.
    pub(in crate::identity) fn parse(
        text: &str,
        secret: impl Fn(&str) -> Result<String>,
    ) -> Result<Vec<Self>> {
        let file: File = toml::from_str(text).map_err(refused)?;
        let mut providers: Vec<Self> = Vec::new();
        for written in file.providers {
            if providers.iter().any(|known| *known.id == *written.id) {
                return Err(refused(format!("there are two providers {}", written.id)));
            }
            // Accounts are known by issuer and subject: two would fight over them.
            let provider = Self::checked(written, &secret)?;
            if providers
                .iter()
                .any(|known| known.issuer == provider.issuer)
            {
                return Err(refused(format!(
                    "{}: another provider has the same issuer",
                    provider.id
                )));
            }
            providers.push(provider);
        }
        Ok(providers)
    }

    fn checked(written: Written, secret: &impl Fn(&str) -> Result<String>) -> Result<Self> {
        let named = |sentence: &str| refused(format!("{}: {sentence}", written.id));
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=ID_MAX).contains(&written.id.len()) || !written.id.bytes().all(is_plain) {
            return Err(named("id is of a-z 0-9 -, 32 at most"));
        }
        if !may_be_published_at(&written.issuer) || written.issuer.contains(['?', '#']) {
            return Err(named("issuer is a URL by https, or from this machine"));
        }
        let issuer = IssuerUrl::new(written.issuer.clone());
        let is_person = |name: &String| format!("{name}/x").parse::<FhirUser>().is_ok();
        if written.people.is_empty() || !written.people.iter().all(is_person) {
            return Err(named(
                "people are of Practitioner, PractitionerRole, Patient, RelatedPerson",
            ));
        }
        let claim = written.claim.as_str().into();
        let person = match &written.identifier_system {
            None => PersonClaim::Reference(claim),
            Some(_) if written.people.len() != 1 => {
                return Err(named("an identifier is of one type of people"));
            }
            Some(system) => PersonClaim::Identifier {
                claim,
                system: system.as_str().into(),
            },
        };
        let scopes: Vec<&str> = written.scopes.split_ascii_whitespace().collect();
        if !scopes.contains(&"openid") {
            return Err(named("openid is one of the scopes"));
        }
        let client_secret = match written.client_secret_file.as_deref().map(secret) {
            Some(read) => Some(ClientSecret::new(read?.trim().to_owned())),
            None => None,
        };
        Ok(Self {
            issuer: issuer.map_err(|_| named("issuer is a URL"))?,
            client_secret,
            // The library asks for `openid` itself.
            scopes: scopes
                .into_iter()
                .filter(|scope| *scope != "openid")
                .map(|scope| openidconnect::Scope::new(scope.to_owned()))
                .collect(),
            person,
            people: written.people.into_iter().map(Into::into).collect(),
            id: written.id.into(),
            name: written.name.into(),
            client_id: ClientId::new(written.client_id),
            acr: written.second_factor_acr,
            amr: written.second_factor_amr,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"[[provider]]
id = "clinic"
name = "The clinic"
issuer = "https://sso.example.org/realms/clinic"
client_id = "vesta"
people = ["Practitioner"]
"#;

    #[test]
    fn what_is_contradictory_is_refused_at_the_start() {
        let parse = |text: &str| Provider::parse(text, |name| Ok(format!("secret of {name}\n")));
        let good = parse(GOOD).unwrap();
        assert_eq!(good[0].amr, SECOND_FACTORS);
        assert!(good[0].client_secret.is_none());
        let with = |line: &str| format!("{GOOD}{line}\n");
        let secret = parse(&with("client_secret_file = \"s\"")).unwrap();
        let kept = secret[0].client_secret.as_ref().unwrap();
        assert_eq!(kept.secret(), "secret of s");
        assert!(!format!("{secret:?}").contains("secret of s"));
        for wrong in [
            with("unknown = 1"),
            with("scopes = \"profile\""),
            format!("{GOOD}{GOOD}"),
            GOOD.replace("\"clinic\"", "\"Clinic/..\""),
            GOOD.replace("https://sso", "http://sso"),
            GOOD.replace("/realms/clinic", "/?realm=clinic"),
            GOOD.replace("[\"Practitioner\"]", "[]"),
            GOOD.replace("[\"Practitioner\"]", "[\"Device\"]"),
            with("identifier_system = \"https://example.org/staff\"")
                .replace("[\"Practitioner\"]", "[\"Practitioner\", \"Patient\"]"),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
    }
}
