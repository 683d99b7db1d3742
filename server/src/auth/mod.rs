//! Who asks, and what they may touch: scopes, what a token stands for, and what the store is asked with.

mod access;
mod grant;
mod labels;
mod pace;
mod permissions;
mod rights;
mod roles;
mod rows;
mod scopes;

pub use access::{Access, Reason};
pub use grant::{
    ACR_PASSWORD, ACR_SECOND_FACTOR, Authentication, FhirContext, FhirUser, Grant, LaunchContext,
    NotAPerson, PurposeOfUse,
};
pub use labels::VERY_RESTRICTED;
pub use pace::{Pace, Paces, TooFast, network};
pub use permissions::{Permission, Permissions};
pub use rights::{Rights, Way};
pub use roles::{Confinement, Role, STAFF_ROLE};
pub use rows::Rows;
pub use scopes::{
    Allowance, ParsedScopes, ResourceScope, Scope, ScopeContext, ScopeFilter, Scopes,
};
