//! Settings of validation.

use clap::{Args, ValueEnum};

/// What resources are held to when they are written.
#[derive(Debug, Clone, Default, Args)]
pub struct ValidationSettings {
    /// Profiles that every resource of a type must meet when it is written
    #[arg(long, env = "VESTA_PROFILES", global = true, value_enum, default_value_t = Profiles::Base)]
    pub profiles: Profiles,

    /// What a profile is that a resource claims and this server does not know
    #[arg(long, env = "VESTA_UNKNOWN_PROFILES", global = true, value_enum, default_value_t = Unknown::Warning)]
    pub unknown_profiles: Unknown,

    /// What the references of a resource to others on this server must lead to
    #[arg(long, env = "VESTA_REFERENCES", global = true, value_enum, default_value_t = References::Ignore)]
    pub references: References,

    /// Whether $validate tells the specification's advice on best practice, as warnings
    #[arg(long, env = "VESTA_BEST_PRACTICE", global = true, value_name = "BOOL")]
    #[arg(default_value_t = false, action = clap::ArgAction::Set)]
    pub best_practice: bool,
}

/// Profiles that every resource must meet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Profiles {
    #[default]
    /// Those it claims, as far as they are known; the specification always
    Base,
    /// Those of the clinic too, each under its own condition
    Clinic,
}

/// What references must lead to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum References {
    #[default]
    /// Anything of the right type, whether it is there or not
    Ignore,
    /// A resource that exists, or that the same transaction writes
    Existing,
}

/// What something unknown is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Unknown {
    #[default]
    /// $validate tells it; writes go on
    Warning,
    /// An error, which refuses the write
    Error,
}
