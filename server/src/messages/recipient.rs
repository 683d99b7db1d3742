//! By what a patient is written to: the best address that they have, that counts, and that they do not object to.

use fhir::json::Value;
use fhir::resource::Resource;
use fhir::scheduling::Coding;
use fhir::time;
use jiff::Timestamp;

use super::{MEDIUM, Medium, Messages};

/// Codes of other systems that name a medium.
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode";

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreached {
    /// There is no address that counts.
    NoAddress,
    /// The patient does not want it.
    OptedOut,
    /// Nothing here sends by such a medium.
    NoProvider,
}

impl Unreached {
    /// The code of `message-failure`.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::NoAddress => "no-address",
            Self::OptedOut => "opted-out",
            Self::NoProvider => "no-provider",
        }
    }
}

/// An address.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) medium: Medium,
    pub(super) value: String,
}

/// The media that a coding stands for, of which there are none for what is not understood.
fn medium_of(coding: &Coding) -> Option<Medium> {
    match (&*coding.system, &*coding.code) {
        (MEDIUM, "sms") => Some(Medium::Sms),
        (MEDIUM, "email") | (PARTICIPATION, "EMAILWRIT") => Some(Medium::Email),
        _ => None,
    }
}

/// Where a patient is written to. `asked` are the media that are asked for; without any, each will do.
pub(super) fn address(
    patient: &Resource,
    consents: &[Resource],
    asked: &[Coding],
    messages: &Messages,
    now: Timestamp,
) -> Result<Address, Unreached> {
    let mut known = addresses(patient, now);
    if !asked.is_empty() {
        let media: Vec<Medium> = asked.iter().filter_map(medium_of).collect();
        known.retain(|one| media.contains(&one.medium));
    }
    if known.is_empty() {
        return Err(Unreached::NoAddress);
    }
    known.retain(|one| {
        !consents
            .iter()
            .any(|consent| denies(consent, one.medium, now))
    });
    if known.is_empty() {
        return Err(Unreached::OptedOut);
    }
    known.retain(|one| messages.provider(one.medium).is_some());
    known.into_iter().next().ok_or(Unreached::NoProvider)
}

/// The addresses that count, the best first: by rank, then those of one's own before those at work.
fn addresses(patient: &Resource, now: Timestamp) -> Vec<Address> {
    let telecom = patient.get("telecom").into_iter().flat_map(Value::items);
    let text = |point: Value<'_>, name: &str| {
        let value = point.get(name).and_then(Value::string);
        value.map(|value| value.trim().to_owned())
    };
    let mut found: Vec<(u32, u8, Address)> = telecom
        .filter_map(|point| {
            let usage = text(point, "use").unwrap_or_default();
            let medium = match (text(point, "system").as_deref(), &*usage) {
                (Some("email"), _) => Medium::Email,
                (Some("sms"), _) | (Some("phone"), "mobile") => Medium::Sms,
                _ => return None,
            };
            let order = match &*usage {
                "old" => return None,
                "mobile" | "home" => 0,
                "work" => 2,
                _ => 1,
            };
            let rank = point.get("rank").and_then(Value::number);
            let rank = rank.and_then(|rank| rank.parse().ok()).unwrap_or(u32::MAX);
            let value = text(point, "value").filter(|value| !value.is_empty())?;
            let counts = is_now(point.get("period"), now);
            counts.then_some((rank, order, Address { medium, value }))
        })
        .collect();
    found.sort_by_key(|(rank, order, _)| (*rank, *order));
    found.into_iter().map(|(.., address)| address).collect()
}

/// Whether a moment is within a period; all are within none. A bound that is not understood is none of a day.
fn is_now(period: Option<Value<'_>>, now: Timestamp) -> bool {
    let bound = |name: &str| {
        let text = period?.get(name)?.string()?;
        time::parse_date_time(&text).ok()
    };
    bound("start").is_none_or(|start| start.lower() <= now)
        && bound("end").is_none_or(|end| now <= end.upper())
}

/// Whether a Consent about how somebody wants to be reached stands against a medium: all of them, or those that it names.
fn denies(consent: &Resource, medium: Medium, now: Timestamp) -> bool {
    let Some(provision) = consent.get("provision") else {
        return false;
    };
    let is_denial = provision.get("type").and_then(Value::string).as_deref() == Some("deny");
    let codes = provision.get("code").into_iter().flat_map(Value::items);
    let codes: Vec<Coding> = codes.flat_map(Coding::all).collect();
    let media: Vec<Medium> = codes.iter().filter_map(medium_of).collect();
    // What is not understood is not taken for a permission.
    let is_meant = media.is_empty() || media.len() < codes.len() || media.contains(&medium);
    is_denial && is_meant && is_now(provision.get("period"), now)
}
