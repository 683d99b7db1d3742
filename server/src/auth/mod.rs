//! Who asks, and what they may touch: scopes, what a token stands for, and what the store is asked with.

mod access;
mod certificate;
mod consents;
mod grant;
mod labels;
mod limits;
mod pace;
mod permissions;
mod purposes;
mod rights;
mod roles;
mod rows;
mod scopes;

pub use access::{Access, Reason};
pub use certificate::{CertificateThumbprint, ClientCertificate};
pub use consents::{CodeSeeds, Consents, Effect, Provision, Term, Use, deciding};
pub use grant::{
    ACR_PASSWORD, ACR_SECOND_FACTOR, Authentication, FhirContext, FhirUser, Grant, LaunchContext,
    NotAPerson, PurposeOfUse, is_second_factor,
};
pub use labels::{NOT_RELEASED, RESTRICTED_BY_LAW, VERY_RESTRICTED, not_cleared};
pub use limits::Limits;
pub use pace::{Pace, Paces, TooFast, network};
pub use permissions::{Permission, Permissions};
pub use purposes::{ACT_REASON, unaccounted};
pub use rights::{Consented, Rights, Way};
pub use roles::{Act, Confinement, Role, STAFF_ROLE};
pub use rows::Rows;
pub use scopes::{
    Allowance, ParsedScopes, ResourceScope, Scope, ScopeContext, ScopeFilter, Scopes, is_bounded,
};
