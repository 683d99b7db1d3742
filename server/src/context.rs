//! What every request carries: who asks, when, under which name, within which limits. The only reader of the clock.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fhir::ids::{ResourceId, ResourceKey, VersionId};
use fhir::json::ParseLimits;
use jiff::Timestamp;

use crate::auth::Access;

/// Limits a request is held to; most are settings.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bounds of every JSON text.
    pub parse: ParseLimits,
    /// Entries of a batch, transaction or history Bundle taken in.
    pub bundle_entries: usize,
    /// Entries on a page where the client does not say.
    pub page_size: u32,
    /// Most entries on a page.
    pub page_size_max: u32,
    /// Most resources one conditional delete removes; 1 means single.
    pub conditional_delete: u32,
    /// Whether a resource that others refer to may be deleted.
    pub delete_referenced: bool,
    /// Most codes of one expansion.
    pub expansion: usize,
    /// What one search may ask for.
    pub search: SearchLimits,
    /// Steps of the FHIRPath of one request.
    pub fhirpath_steps: u32,
    /// Visits to come of one kind that a person books for themselves.
    pub self_booked: u32,
    /// Appointments of one patient on the waiting list, for time to come.
    pub waiting: u32,
    /// Most Slots that one `$generate-slots` makes, and visits that one `$block` is put over.
    pub slots: usize,
    /// Most Slots of a hundred calendars that one question looks at.
    pub slots_read: usize,
    /// What is told whoever asks.
    pub published: Published,
}

/// What is told whoever asks of free Slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Whether anything is.
    pub is_on: bool,
    /// Where a Slot is booked.
    pub booking_url: Option<Box<str>>,
    /// Most Slots of one answer.
    pub slots: u32,
    /// Whether a calendar behind a secret link says where.
    pub calendar_places: bool,
}

/// As the settings have it.
impl Default for Limits {
    fn default() -> Self {
        Self {
            parse: ParseLimits::default(),
            bundle_entries: 50_000,
            page_size: 50,
            page_size_max: 1000,
            conditional_delete: 100,
            delete_referenced: false,
            search: SearchLimits::default(),
            fhirpath_steps: 5_000_000,
            self_booked: 5,
            waiting: 10,
            slots: 5_000,
            slots_read: 20_000,
            published: Published::default(),
            expansion: 10_000,
        }
    }
}

/// Limits of one search.
#[derive(Clone, Debug)]
pub struct SearchLimits {
    /// Parameters of the query.
    pub parameters: usize,
    /// Values of one parameter, between commas.
    pub or_values: usize,
    /// Steps of one chain or `_has`.
    pub chain_depth: usize,
    /// `_include` and `_revinclude` of the query.
    pub includes: usize,
    /// Rounds of `:iterate`.
    pub include_depth: usize,
    /// Resources that are included into one page.
    pub included: usize,
    /// Resources that one search of contained resources looks into.
    pub contained: usize,
    /// Observations that one `$lastn` looks at.
    pub lastn: usize,
}

/// As the settings have it.
impl Default for SearchLimits {
    fn default() -> Self {
        Self {
            parameters: 100,
            or_values: 500,
            chain_depth: 8,
            includes: 20,
            include_depth: 8,
            included: 1000,
            contained: 10_000,
            lastn: 10_000,
        }
    }
}

/// Whether an unknown search parameter is an error or a warning (<https://hl7.org/fhir/R4/search.html#errors>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// An error.
    Strict,
    /// Dropped, with a warning.
    Lenient,
}

/// What a write answers with (<https://hl7.org/fhir/R4/http.html#ops>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReturnPreference {
    /// Not said: the resource for a request of its own, nothing for an entry of a Bundle.
    #[default]
    Unsaid,
    /// Nothing.
    Minimal,
    /// The resource.
    Representation,
    /// An OperationOutcome.
    OperationOutcome,
}

/// The request a piece of work belongs to.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Who asks.
    pub access: Access,
    /// The id in logs and in the `X-Request-Id` header.
    pub request_id: Arc<str>,
    /// One instant for the whole request, in milliseconds.
    pub now: Timestamp,
    /// The FHIR base URL, without a slash at the end.
    pub base_url: Arc<str>,
    /// `Prefer: handling=…`
    pub handling: Handling,
    /// `Prefer: return=…`
    pub preference: ReturnPreference,
    /// `Accept-Language`: what texts of codes are wanted in.
    pub languages: Option<Box<str>>,
    /// The limits.
    pub limits: Arc<Limits>,
    /// The network address it came from.
    pub address: Option<IpAddr>,
    /// What the audit trail shall say of it; nothing where there is none, or before it is known what is asked.
    pub audited: Option<Arc<Audited>>,
}

/// What the audit trail says of a request before anything is done, and whether that is recorded already.
#[derive(Debug, Default)]
pub struct Audited {
    /// The restful interaction, or `operation`.
    pub interaction: &'static str,
    /// The operation's code.
    pub operation: Option<Box<str>>,
    /// `C`, `R`, `U`, `D` or `E`.
    pub action: &'static str,
    /// What is asked for: `Patient/1`, `Observation`.
    pub target: Option<Box<str>>,
    /// The query as it came.
    pub query: Option<Box<str>>,
    is_recorded: AtomicBool,
    noted: Mutex<Vec<AuditedResource>>,
    /// The Consents that decided about it, of patients.
    decided_by: OnceLock<Vec<(ResourceKey, Vec<ResourceId>)>>,
}

/// A resource that a request touched, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedResource {
    /// Which.
    pub key: ResourceKey,
    /// In which version; `None` where no version was seen.
    pub version: Option<VersionId>,
    /// The patients whose compartments it is in.
    pub patients: Vec<ResourceId>,
}

impl Audited {
    /// A request of an interaction that does this: `C`, `R`, `U`, `D` or `E`.
    pub fn new(interaction: &'static str, action: &'static str) -> Self {
        Self {
            interaction,
            action,
            ..Self::default()
        }
    }

    /// Notes the Consents that decided about it, each with the patients it is of.
    pub fn note_consents(&self, consents: Vec<(ResourceKey, Vec<ResourceId>)>) {
        // Once is enough: a request is refused once.
        let _ = self.decided_by.set(consents);
    }

    /// The Consents that decided about it.
    pub fn consents(&self) -> &[(ResourceKey, Vec<ResourceId>)] {
        self.decided_by.get().map_or(&[], Vec::as_slice)
    }

    /// Notes that the trail has it: the commit of what it wrote brought it there.
    pub fn note_recorded(&self) {
        self.is_recorded.store(true, Ordering::Release);
    }

    /// Notes a resource that the answer tells of without holding it.
    pub fn note(&self, resource: AuditedResource) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if !noted.contains(&resource) {
            noted.push(resource);
        }
    }

    /// What was noted since this was asked last.
    pub fn take_noted(&self) -> Vec<AuditedResource> {
        std::mem::take(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the trail has it.
    pub fn is_recorded(&self) -> bool {
        self.is_recorded.load(Ordering::Acquire)
    }
}

impl RequestContext {
    /// A context of this moment.
    pub fn new(
        access: Access,
        request_id: Arc<str>,
        base_url: Arc<str>,
        handling: Handling,
        preference: ReturnPreference,
        limits: Arc<Limits>,
    ) -> Self {
        Self {
            access,
            request_id,
            now: now(),
            base_url,
            handling,
            preference,
            languages: None,
            limits,
            address: None,
            audited: None,
        }
    }

    /// The same request, of which the trail says this.
    #[must_use]
    pub fn audited_as(&self, audited: Audited) -> Self {
        Self {
            audited: Some(Arc::new(audited)),
            ..self.clone()
        }
    }
}

/// This moment, cut to milliseconds as FHIR instants show it.
#[expect(
    clippy::disallowed_methods,
    reason = "this module is the clock's only reader"
)]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
