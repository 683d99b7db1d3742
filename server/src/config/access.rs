//! Settings of who may see what.

use clap::{Args, ValueEnum};

/// What holds where nobody has said anything.
#[derive(Debug, Clone, Args)]
pub struct AccessSettings {
    /// What staff outside of its care teams, and clients without a person, may see of a patient who
    /// has consented to nothing and objected to nothing
    #[arg(long, env = "VESTA_CONSENT_DEFAULT", global = true, value_enum, default_value_t = ConsentDefault::Permit)]
    pub consent_default: ConsentDefault,
}

/// Whether consents are asked to close records or to open them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConsentDefault {
    /// What their roles and scopes allow
    Permit,
    /// Nothing, until a Consent of the patient permits it
    Deny,
}
