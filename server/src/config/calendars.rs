//! Settings of calendars and their Slots.

use clap::Args;

/// What operations on calendars may make.
#[derive(Debug, Clone, Args)]
pub struct CalendarSettings {
    /// Most Slots that one $generate-slots makes, and visits that one $block is put over
    /// (1-50000)
    #[arg(
        long,
        env = "VESTA_SLOTS_GENERATED_MAX",
        global = true,
        value_name = "N"
    )]
    #[arg(default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=50000))]
    pub slots_generated_max: u32,

    /// Whether free Slots of services that patients book themselves are published to whoever asks
    /// ($bulk-publish)
    #[arg(long, env = "VESTA_BULK_PUBLISH", global = true, value_name = "BOOL")]
    #[arg(default_value_t = false, action = clap::ArgAction::Set)]
    pub bulk_publish: bool,

    /// Address where a published Slot is booked; its id is added as the parameter `slot`
    #[arg(long, env = "VESTA_BOOKING_URL", global = true, value_name = "URL")]
    pub booking_url: Option<String>,

    /// Most Slots that are published, the earliest (1-100000)
    #[arg(
        long,
        env = "VESTA_SLOTS_PUBLISHED_MAX",
        global = true,
        value_name = "N"
    )]
    #[arg(default_value_t = 10000, value_parser = clap::value_parser!(u32).range(1..=100000))]
    pub slots_published_max: u32,

    /// Whether calendars behind secret links (Practitioner/$calendar) say where visits are, beside when
    #[arg(
        long,
        env = "VESTA_CALENDAR_PLACES",
        global = true,
        value_name = "BOOL"
    )]
    #[arg(default_value_t = true, action = clap::ArgAction::Set)]
    pub calendar_places: bool,

    /// Whether what Appointment/$hold and $book refuse is told in a Bundle that holds the
    /// OperationOutcome, as IHE has it
    #[arg(
        long,
        env = "VESTA_IHE_ERROR_BUNDLE",
        global = true,
        value_name = "BOOL"
    )]
    #[arg(default_value_t = false, action = clap::ArgAction::Set)]
    pub ihe_error_bundle: bool,
}
