//! Who may log in, and which apps there are: made, changed and removed, by commands and by operations. What they log in
//! with is made here and held against what is stored; the pages and endpoints stand in `identity`.

mod administration;
mod keys;
mod password;
pub(crate) mod secret;
mod told;
mod uris;
mod vault;

pub(crate) use administration::checked;
pub use administration::{Administration, ListPage, Listed, NewClient, NewClientKind, NewUser};
pub(crate) use keys::fits;
#[cfg(test)]
pub(crate) use password::totp_code;
pub use password::{NewSecondFactor, new_password};
pub(crate) use password::{Passwords, totp_step};
pub use told::Administrator;
pub(crate) use uris::{is_protected, is_redirect_uri, may_be_published_at};
pub use vault::Vault;
pub(crate) use vault::second_factor_of;
