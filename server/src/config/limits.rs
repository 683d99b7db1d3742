//! Limits: each has a default, an upper bound, and a name that says its unit.

use std::thread::available_parallelism;

use clap::Args;

use super::ByteSize;

/// Defines the limits; the bounds are both checked and printed.
macro_rules! limits {
    ($( $(#[doc = $help:literal])+ $name:ident: $type:ty = $default:expr, $low:literal..=$high:literal, $env:literal; )*) => {
        /// What one request, one process and one database may take.
        #[derive(Debug, Clone, Args)]
        pub struct Limits {
            /// Largest request body, after decompression (at most 512MiB)
            #[arg(long, env = "VESTA_BODY_BYTES_MAX", global = true, value_name = "SIZE")]
            #[arg(default_value_t = ByteSize::mib(64), value_parser = body_bytes_max)]
            pub body_bytes_max: ByteSize,

            /// Number of threads that serve requests [default: one per processor] (1-256)
            #[arg(long, env = "VESTA_WORKER_THREADS", global = true, value_name = "N")]
            #[arg(default_value_t = processors(), hide_default_value = true)]
            #[arg(value_parser = clap::value_parser!(u32).range(1..=256))]
            pub worker_threads: u32,

            /// Whether a resource that others refer to is kept when its deletion is asked for
            #[arg(long, env = "VESTA_REFERENCES_CHECKED_ON_DELETE", global = true, value_name = "BOOL")]
            #[arg(default_value_t = true, action = clap::ArgAction::Set)]
            pub references_checked_on_delete: bool,

            /// Whether `_text` and `_content` are answered: the words of all resources are then stored a second time
            #[arg(long, env = "VESTA_FULL_TEXT", global = true, value_name = "BOOL")]
            #[arg(default_value_t = true, action = clap::ArgAction::Set)]
            pub full_text: bool,

            $(
                $(#[doc = $help])+
                #[arg(long, env = $env, global = true, value_name = "N")]
                #[arg(help = concat!($($help,)+ " (", stringify!($low), "-", stringify!($high), ")").trim_start())]
                #[arg(default_value_t = $default, value_parser = clap::value_parser!($type).range($low..=$high))]
                pub $name: $type,
            )*
        }
    };
}

limits! {
    /// Deepest nesting of objects and arrays in a JSON body, and of elements in an XML body
    json_depth_max: u16 = 64, 8..=256, "VESTA_JSON_DEPTH_MAX";
    /// Most entries of a batch or transaction Bundle
    bundle_entries_max: u32 = 50_000, 1..=1000000, "VESTA_BUNDLE_ENTRIES_MAX";
    /// Entries of a page when the request names no `_count`
    page_size: u32 = 50, 1..=10000, "VESTA_PAGE_SIZE";
    /// Most entries of a page, whatever `_count` asks for
    page_size_max: u32 = 1000, 1..=10000, "VESTA_PAGE_SIZE_MAX";
    /// Most parameters of one search
    search_parameters_max: u32 = 100, 1..=1000, "VESTA_SEARCH_PARAMETERS_MAX";
    /// Most values between the commas of one search parameter
    search_or_values_max: u32 = 500, 1..=10000, "VESTA_SEARCH_OR_VALUES_MAX";
    /// Most steps of a chain or `_has`
    search_chain_depth_max: u32 = 8, 1..=32, "VESTA_SEARCH_CHAIN_DEPTH_MAX";
    /// Most `_include` and `_revinclude` of one search
    search_includes_max: u32 = 20, 0..=200, "VESTA_SEARCH_INCLUDES_MAX";
    /// Most rounds of `:iterate`
    search_include_depth_max: u32 = 8, 1..=32, "VESTA_SEARCH_INCLUDE_DEPTH_MAX";
    /// Most resources that are included into one page
    search_included_max: u32 = 1000, 1..=10000, "VESTA_SEARCH_INCLUDED_MAX";
    /// Most resources that a search of contained resources, or a step of a chain, looks into
    search_contained_max: u32 = 10_000, 1..=100000, "VESTA_SEARCH_CONTAINED_MAX";
    /// Most Observations that one `$lastn` looks at
    lastn_observations_max: u32 = 10_000, 1..=100000, "VESTA_LASTN_OBSERVATIONS_MAX";
    /// Most codes of one expansion or page of it, and of what a search by a value set or a hierarchy looks for
    expansion_codes_max: u32 = 10_000, 1..=1000000, "VESTA_EXPANSION_CODES_MAX";
    /// Most steps that the FHIRPath of one patch may take, all its operations together
    fhirpath_steps_max: u32 = 5_000_000, 10000..=100000000, "VESTA_FHIRPATH_STEPS_MAX";
    /// Most visits to come of one HealthcareService that a patient has booked
    self_booked_max: u32 = 5, 1..=1000, "VESTA_SELF_BOOKED_MAX";
    /// Most Appointments of one patient on the waiting list, for time that is still to come
    waiting_max: u32 = 10, 1..=1000, "VESTA_WAITING_MAX";
    /// Most resources that one conditional delete may remove
    conditional_delete_max: u32 = 100, 1..=10000, "VESTA_CONDITIONAL_DELETE_MAX";
    /// Requests that are worked on at one time; more wait their turn
    requests_max: u32 = 1024, 1..=100000, "VESTA_REQUESTS_MAX";
    /// Seconds a request may take before it is given up
    request_timeout_s: u64 = 60, 1..=3600, "VESTA_REQUEST_TIMEOUT_S";
    /// Seconds that running requests get to finish when the server stops
    shutdown_grace_s: u64 = 20, 0..=600, "VESTA_SHUTDOWN_GRACE_S";
    /// Connections to the database; about six for each of its processors is best
    database_connections: u32 = 24, 2..=500, "VESTA_DATABASE_CONNECTIONS";
    /// Seconds a request waits for a database connection
    database_acquire_timeout_s: u64 = 10, 1..=300, "VESTA_DATABASE_ACQUIRE_TIMEOUT_S";
    /// Tasks that combine queued requests of one kind into one statement
    combine_tasks: u32 = 2, 1..=16, "VESTA_COMBINE_TASKS";
    /// Most requests that are combined into one statement
    combine_batch_max: u32 = 64, 1..=64, "VESTA_COMBINE_BATCH_MAX";
}

fn body_bytes_max(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize = text.parse()?;
    match size {
        ByteSize(0) => Err("it must be more than nothing".to_owned()),
        size if size > ByteSize::mib(512) => Err("it must be at most 512MiB".to_owned()),
        size => Ok(size),
    }
}

fn processors() -> u32 {
    available_parallelism().map_or(2, |count| {
        u32::try_from(count.get()).map_or(256, |n| n.min(256))
    })
}
