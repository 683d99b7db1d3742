//! Settings of the authorization server, and the arguments of `vesta user` and `vesta client`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// How long what was shown or granted counts.
#[derive(Debug, Clone, Args)]
pub struct IdentitySettings {
    /// Seconds that an access token is good
    #[arg(
        long,
        env = "VESTA_ACCESS_TOKEN_LIFETIME_S",
        global = true,
        value_name = "S"
    )]
    #[arg(default_value_t = 900, value_parser = clap::value_parser!(i64).range(60..=3600))]
    pub access_token_lifetime_s: i64,

    /// Days that an app with offline_access may go on without its person
    #[arg(
        long,
        env = "VESTA_OFFLINE_ACCESS_DAYS",
        global = true,
        value_name = "DAYS"
    )]
    #[arg(default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=366))]
    pub offline_access_days: i64,

    /// Seconds after which a login that nobody uses is over
    #[arg(long, env = "VESTA_SESSION_IDLE_S", global = true, value_name = "S")]
    #[arg(default_value_t = 900, value_parser = clap::value_parser!(i64).range(60..=86400))]
    pub session_idle_s: i64,

    /// Seconds after which a login is over, used or not
    #[arg(long, env = "VESTA_SESSION_MAX_S", global = true, value_name = "S")]
    #[arg(default_value_t = 36000, value_parser = clap::value_parser!(i64).range(60..=604800))]
    pub session_max_s: i64,

    /// Whether what clients publish (--jwks-uri) may be fetched from addresses that are not public, and without TLS from
    /// this machine
    #[arg(
        long,
        env = "VESTA_ALLOW_INTERNAL_FETCHES",
        global = true,
        value_name = "BOOL"
    )]
    #[arg(default_value_t = false, action = clap::ArgAction::Set)]
    pub allow_internal_fetches: bool,

    /// File with the key that seals second factors and the keys that sign ID tokens; all nodes of one database need the same
    /// [default: identity.key in VESTA_DATA_DIR, made where there is none]
    #[arg(
        long,
        env = "VESTA_IDENTITY_KEY_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub identity_key_file: Option<PathBuf>,

    /// What ID tokens are signed by; a change makes a key at once, and what others have signed stays good
    #[arg(
        long,
        env = "VESTA_ID_TOKEN_ALGORITHM",
        global = true,
        value_enum,
        default_value = "RS256"
    )]
    pub id_token_algorithm: IdTokenAlgorithm,

    /// Scopes that apps may have which register themselves (RFC 7591), between spaces; without them, none does
    #[arg(
        long,
        env = "VESTA_REGISTRATION_SCOPES",
        global = true,
        value_name = "SCOPES"
    )]
    pub registration_scopes: Option<String>,

    /// Requests a minute to the FHIR API by one client, for all its people together; 0 is no limit (0-100000000)
    #[arg(
        long,
        env = "VESTA_CLIENT_REQUESTS_PER_MINUTE",
        global = true,
        value_name = "N"
    )]
    #[arg(default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000_000))]
    pub client_requests_per_minute: u32,

    /// Requests a minute to the FHIR API for one person; 0 is no limit (0-100000000)
    #[arg(
        long,
        env = "VESTA_USER_REQUESTS_PER_MINUTE",
        global = true,
        value_name = "N"
    )]
    #[arg(default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000_000))]
    pub user_requests_per_minute: u32,

    /// Requests a minute to the authorization server from one address; 0 is no limit (0-100000000)
    #[arg(
        long,
        env = "VESTA_AUTH_REQUESTS_PER_MINUTE",
        global = true,
        value_name = "N"
    )]
    #[arg(default_value_t = 1200, value_parser = clap::value_parser!(u32).range(0..=100_000_000))]
    pub auth_requests_per_minute: u32,
}

/// What ID tokens are signed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IdTokenAlgorithm {
    /// RSA of 2048 bits, which every client of OpenID Connect knows
    #[value(name = "RS256")]
    Rs256,
    /// An elliptic curve, for smaller tokens
    #[value(name = "ES384")]
    Es384,
}

/// What `vesta user` does.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// Let somebody log in; prints the password that was made up
    Add {
        /// What they log in as
        login: String,
        /// Who they are: Practitioner/…, PractitionerRole/…, Patient/… or RelatedPerson/…
        #[arg(long, value_name = "REFERENCE")]
        fhir_user: String,
        /// How pages address them [default: the login]
        #[arg(long)]
        name: Option<String>,
        /// File whose first line is the password; - is standard input [default: one is made up]
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Set a password; ends all sessions and grants of the person
    Passwd {
        /// Who
        login: String,
        /// File whose first line is the password; - is standard input [default: one is made up]
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Set up a new second factor and print it, with recovery codes
    Totp {
        /// Who
        login: String,
        /// Take the second factor away instead
        #[arg(long)]
        remove: bool,
    },
    /// List who may log in
    List,
    /// Lock somebody out: sessions end, tokens are refused
    Lock {
        /// Who
        login: String,
        /// Let them in again instead
        #[arg(long)]
        unlock: bool,
    },
}

/// What `vesta client` does.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ClientCommand {
    /// Register an app or a system; without a way to prove who it is, it is public
    Add {
        /// What people know it by
        name: String,
        /// The most it is ever granted: scopes between spaces
        #[arg(long)]
        scopes: String,
        /// Its id [default: one is made up]
        #[arg(long)]
        id: Option<String>,
        /// Where people may be sent back to, letter by letter; may be repeated
        #[arg(long = "redirect-uri", value_name = "URI")]
        redirect_uris: Vec<String>,
        /// Where an EHR starts it
        #[arg(long, value_name = "URI")]
        launch_uri: Option<String>,
        /// It proves who it is by a secret, which is made up and printed
        #[arg(long, group = "proof")]
        secret: bool,
        /// It proves who it is by the keys of this JSON Web Key Set
        #[arg(long, group = "proof", value_name = "FILE")]
        jwks: Option<PathBuf>,
        /// It proves who it is by keys that it publishes there
        #[arg(long, group = "proof", value_name = "URI")]
        jwks_uri: Option<String>,
        /// It shows a certificate with this name, a dNSName or URI of its subjectAltName, while it
        /// connects, and its tokens are good with that alone (VESTA_TLS_CLIENT_AUTHORITIES)
        #[arg(long, requires = "proof", value_name = "NAME")]
        certificate_name: Option<String>,
    },
    /// List the clients
    List,
    /// Remove a client and all that was granted to it
    Remove {
        /// Its id
        id: String,
    },
}
