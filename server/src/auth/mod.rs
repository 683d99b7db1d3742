//! Who asks, and what they may touch: scopes, what a token stands for, and what the store is asked with.

mod access;
mod grant;
mod permissions;
mod scopes;

pub use access::{Access, Reason};
pub use grant::{
    Authentication, FhirContext, FhirUser, Grant, LaunchContext, NotAPerson, PurposeOfUse,
};
pub use permissions::{Permission, Permissions};
pub use scopes::{
    Allowance, ParsedScopes, ResourceScope, Scope, ScopeContext, ScopeFilter, Scopes,
};
