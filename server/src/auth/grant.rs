//! [`Grant`]: what an access token stands for. It holds no secret, so it may be logged and audited.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fhir::ids::{ResourceId, ResourceKey};
use jiff::Timestamp;
use uuid::Uuid;

use super::scopes::Scopes;

/// Who, through which client, may do what, until when, and how they proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The id that `AuditEvent.agent.policy` carries; refreshing keeps it.
    pub id: Uuid,
    /// The client that acts.
    pub client_id: Arc<str>,
    /// The person it acts for; `None` is a system client.
    pub user: Option<FhirUser>,
    /// The name that person logs in with.
    pub login: Option<Box<str>>,
    /// What it may do at most. What the person may do narrows it further.
    pub scopes: Scopes,
    /// What the app was started with.
    pub launch: LaunchContext,
    /// Why data are used, where the client has said so.
    pub purpose: Option<PurposeOfUse>,
    /// How and when the person, or the client, proved who they are.
    pub authentication: Authentication,
    /// When it ends.
    pub expires: Timestamp,
}

/// A person as a resource: a Practitioner, PractitionerRole, Patient or RelatedPerson of this server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FhirUser(ResourceKey);

/// A text that names no person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a person is Practitioner/[id], PractitionerRole/[id], Patient/[id] or RelatedPerson/[id]")]
pub struct NotAPerson;

impl FhirUser {
    /// Type and id.
    pub fn key(&self) -> &ResourceKey {
        &self.0
    }

    /// Whether the person works here, rather than being treated or speaking for somebody who is.
    pub fn is_staff(&self) -> bool {
        matches!(
            self.0.resource_type.name(),
            "Practitioner" | "PractitionerRole"
        )
    }
}

impl FromStr for FhirUser {
    type Err = NotAPerson;

    fn from_str(text: &str) -> Result<Self, NotAPerson> {
        let key: ResourceKey = text.parse().map_err(|_| NotAPerson)?;
        match key.resource_type.name() {
            "Practitioner" | "PractitionerRole" | "Patient" | "RelatedPerson" => Ok(Self(key)),
            _ => Err(NotAPerson),
        }
    }
}

impl fmt::Display for FhirUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an app was started with (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaunchContext {
    /// The patient that `patient/` scopes are about.
    pub patient: Option<ResourceId>,
    /// The encounter.
    pub encounter: Option<ResourceId>,
    /// Further resources, with the role each has.
    pub fhir_context: Vec<FhirContext>,
}

/// One entry of `fhirContext`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FhirContext {
    /// The resource.
    pub reference: ResourceKey,
    /// A URI for what it is there for.
    pub role: Option<Box<str>>,
}

/// Why data are used (<https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurposeOfUse {
    /// The code system.
    pub system: Box<str>,
    /// The code.
    pub code: Box<str>,
    /// Its display.
    pub display: Option<Box<str>>,
}

/// `acr` of a password alone.
pub const ACR_PASSWORD: &str = "urn:vesta:acr:password";
/// `acr` of a second factor beside what is known.
pub const ACR_SECOND_FACTOR: &str = "urn:vesta:acr:mfa";

/// How somebody proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// When, which is not when the token was issued.
    pub at: Timestamp,
    /// `amr` (<https://www.rfc-editor.org/rfc/rfc8176>): `pwd`, `otp`, `mfa`, …
    pub methods: Vec<Box<str>>,
    /// `acr`: the class that the methods are of.
    pub acr: Option<Box<str>>,
}

impl Authentication {
    /// Whether a second factor was shown.
    pub fn has_second_factor(&self) -> bool {
        self.methods.iter().any(|method| is_second_factor(method))
    }
}

/// Whether a method of logging in is a second factor beside what is known.
pub fn is_second_factor(method: &str) -> bool {
    matches!(method, "mfa" | "otp" | "hwk" | "fpt")
}
