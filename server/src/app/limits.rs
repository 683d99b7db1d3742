//! The limits of requests, as the settings have them.

use fhir::json::ParseLimits;

use crate::config::{self, Config};
use crate::context::{Limits, Published, SearchLimits};

/// What every request is held to.
pub(super) fn limits(config: &Config) -> Limits {
    let limits = &config.limits;
    Limits {
        parse: ParseLimits {
            depth: u32::from(limits.json_depth_max),
            ..ParseLimits::default()
        },
        bundle_entries: usize::try_from(limits.bundle_entries_max).unwrap_or(usize::MAX),
        page_size: limits.page_size.min(limits.page_size_max),
        page_size_max: limits.page_size_max,
        conditional_delete: limits.conditional_delete_max,
        delete_referenced: !limits.references_checked_on_delete,
        expansion: usize::try_from(limits.expansion_codes_max).unwrap_or(usize::MAX),
        search: search_limits(limits),
        fhirpath_steps: limits.fhirpath_steps_max,
        self_booked: limits.self_booked_max,
        waiting: limits.waiting_max,
        slots: usize::try_from(config.calendars.slots_generated_max).unwrap_or(usize::MAX),
        slots_read: Limits::default().slots_read,
        published: Published {
            is_on: config.calendars.bulk_publish,
            booking_url: config.calendars.booking_url.as_deref().map(Into::into),
            slots: config.calendars.slots_published_max,
            calendar_places: config.calendars.calendar_places,
        },
    }
}

fn search_limits(limits: &config::Limits) -> SearchLimits {
    let size = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
    SearchLimits {
        parameters: size(limits.search_parameters_max),
        or_values: size(limits.search_or_values_max),
        chain_depth: size(limits.search_chain_depth_max),
        includes: size(limits.search_includes_max),
        include_depth: size(limits.search_include_depth_max),
        included: size(limits.search_included_max),
        contained: size(limits.search_contained_max),
        lastn: size(limits.lastn_observations_max),
    }
}
