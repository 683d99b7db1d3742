//! Settings of calendars and their Slots.

use clap::Args;

/// What operations on calendars may make.
#[derive(Debug, Clone, Args)]
pub struct CalendarSettings {
    /// Most Slots that one $generate-slots makes (1-50000)
    #[arg(
        long,
        env = "VESTA_SLOTS_GENERATED_MAX",
        global = true,
        value_name = "N"
    )]
    #[arg(default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=50000))]
    pub slots_generated_max: u32,
}
