//! Settings of other identity providers.

use std::path::PathBuf;

use clap::Args;

/// Where else people may log in.
#[derive(Debug, Clone, Args)]
pub struct FederationSettings {
    /// TOML file that names the OpenID Connect providers at which people may log in, and whom each may vouch for (SMART.md)
    #[arg(
        long,
        env = "VESTA_IDENTITY_PROVIDERS_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub identity_providers_file: Option<PathBuf>,
}
