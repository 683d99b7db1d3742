//! Whose account it is that a provider vouches for.

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::provider::PersonClaim;
use super::vouched::Vouched;
use super::{Provider, Turned};
use crate::auth::FhirUser;
use crate::identity::audited::Told;
use crate::identity::{Asked, Identity};
use crate::store::{Credentials, Epochs, IdentityUser};

/// Longest name that is kept, in letters: it is the provider's text.
const NAME_MAX: usize = 100;
/// Octets of the hash by which an account is named.
const NAMED_BY: usize = 8;

/// The account of whom a provider vouches for: made at the first login, and whoever the claims say each time.
pub(super) async fn account(
    identity: &Identity,
    asked: &Asked<'_>,
    provider: &Provider,
    vouched: &Vouched,
) -> Result<IdentityUser, Turned> {
    let (issuer, subject) = (provider.issuer.as_str(), vouched.subject.as_str());
    let store = &identity.store;
    let known = store.identity_federated_user(issuer, subject).await?;
    let is_locked = known.as_ref().is_some_and(|known| known.is_locked);
    let person = person(identity, asked, provider, vouched).await?;
    let Some(fhir_user) = person else {
        return Err(Turned {
            user: known,
            ..Turned::from("nobody here is whom the identity provider names")
        });
    };
    let login = login(provider, subject);
    let name = name(vouched).unwrap_or_else(|| login.clone());
    if let Some(known) = &known
        && (is_locked || known.fhir_user == fhir_user && *known.name == *name)
    {
        return Ok(known.clone());
    }
    let user = IdentityUser {
        id: Uuid::now_v7(),
        login: login.into(),
        name: name.into(),
        fhir_user,
        credentials: Credentials {
            password_hash: None,
            totp_secret: None,
            has_passkey: false,
        },
        is_locked: false,
        epochs: Epochs::default(),
    };
    let code = match known {
        None => "user-added",
        Some(_) => "user-changed",
    };
    identity
        .told(asked, Told::of(code).by(&user))
        .keep_identity_federated_user(issuer, subject, &user, asked.now)
        .await?;
    let kept = store.identity_federated_user(issuer, subject).await?;
    // The login is another's where the issuer of a provider was changed in the settings and calls somebody the same.
    kept.ok_or_else(|| Turned::from("the account cannot be made"))
}

/// What an account is called: readable as the provider's, and nobody else's.
fn login(provider: &Provider, subject: &str) -> String {
    use std::fmt::Write;
    let digest = Sha256::digest(format!("{} {subject}", provider.issuer.as_str()));
    let mut login = format!("{}/", provider.id);
    for octet in &digest[..NAMED_BY] {
        // Writing to a String does not fail.
        let _ = write!(login, "{octet:02x}");
    }
    login
}

fn name(vouched: &Vouched) -> Option<String> {
    let texts = ["name", "preferred_username"].map(|name| vouched.claims.get(name));
    let text = texts.into_iter().flatten().find_map(Value::as_str)?;
    let letters = text.chars().filter(|letter| !letter.is_control());
    let name: String = letters.take(NAME_MAX).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The person, if there is such a one here, and this provider may vouch for them.
async fn person(
    identity: &Identity,
    asked: &Asked<'_>,
    provider: &Provider,
    vouched: &Vouched,
) -> Result<Option<FhirUser>, Turned> {
    let records = &identity.records;
    match &provider.person {
        PersonClaim::Reference(claim) => {
            let text = text(vouched, claim).unwrap_or_default();
            let base = &*identity.settings.base_url;
            let own = text
                .strip_prefix(base)
                .and_then(|rest| rest.strip_prefix('/'));
            let Ok(person) = own.unwrap_or(&text).parse::<FhirUser>() else {
                return Ok(None);
            };
            let resource_type = person.key().resource_type.name();
            let may_be = provider.people.iter().any(|own| **own == *resource_type);
            match may_be && records.is_known(&person, asked).await? {
                true => Ok(Some(person)),
                false => Ok(None),
            }
        }
        PersonClaim::Identifier { claim, system } => {
            let (Some(value), [resource_type]) = (text(vouched, claim), &provider.people[..])
            else {
                return Ok(None);
            };
            let found = records.identified(resource_type, (system, &value), asked);
            Ok(found.await?)
        }
    }
}

/// A claim as a text. An address of which nobody has proved that it is theirs says nothing.
fn text(vouched: &Vouched, claim: &str) -> Option<String> {
    let is_proved = |name| vouched.claims.get(name).and_then(Value::as_bool) == Some(true);
    let is_unproved = match claim {
        "email" => !is_proved("email_verified"),
        "phone_number" => !is_proved("phone_number_verified"),
        _ => false,
    };
    let text = match vouched.claims.get(claim)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!is_unproved && !text.is_empty()).then_some(text)
}
