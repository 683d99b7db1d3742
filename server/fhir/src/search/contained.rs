//! What a search of contained resources can be asked for (<https://hl7.org/fhir/R4/search.html#contained>). They are found
//! through what contains them and compared in memory, so that they answer no question about other resources.

use super::error::SearchError;
use super::plan::{Contained, Plan, Summary, Total};
use super::planner::Planner;
use crate::ids::ResourceType;

/// The parameter that is to blame.
const NAME: &str = "_contained";

impl Planner<'_> {
    /// Refuses what contained resources are not searched with.
    pub(super) fn check_contained(&self, plan: &Plan) -> Result<(), SearchError> {
        if plan.contained == Contained::False {
            return Ok(());
        }
        let is_counted = plan.summary == Summary::Count || plan.count == Some(0);
        for (is_asked, what) in [
            (plan.needs_other_resources(), "with chains, '_has', '_list'"),
            (!plan.sort.is_empty(), "with '_sort'"),
            (!plan.includes.is_empty(), "with '_include', '_revinclude'"),
            (
                matches!(plan.total, Total::Accurate | Total::Estimate),
                "with '_total' other than 'none'",
            ),
            (is_counted, "for a count: they are not counted"),
        ] {
            if is_asked {
                refuse(plan, what)?;
            }
        }
        // Which types a resource contains is among its search values since they were last computed anew, as is its id.
        for resource_type in ResourceType::all() {
            self.check_ready(NAME, resource_type, "_id")?;
        }
        Ok(())
    }
}

/// Refuses a search of contained resources.
pub(super) fn refuse(plan: &Plan, what: &str) -> Result<(), SearchError> {
    match plan.contained {
        Contained::False => Ok(()),
        Contained::True | Contained::Both => {
            let message = format!("contained resources are not searched {what}");
            Err(SearchError::not_supported(NAME, message))
        }
    }
}

#[cfg(test)]
mod tests;
