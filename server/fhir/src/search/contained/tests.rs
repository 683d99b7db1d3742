//! What contained resources are searched with, and what not.

use super::*;
use crate::definitions::unready::{Reason, Unready};
use crate::search::error::SearchErrorKind;
use crate::search::plan::ContainedType;
use crate::search::planner::Handling;
use crate::search::planner::fixtures::{planned, planner, resource_types};
use crate::search::query::{Query, QueryLimits};

#[test]
fn what_other_resources_would_answer_is_refused() {
    for (text, part) in [
        ("_contained=both&_sort=_id", "with '_sort'"),
        ("_contained=true&organization.name=a", "with chains"),
        (
            "_contained=true&_has:Observation:patient:code=a",
            "with chains",
        ),
        ("_contained=true&_list=a", "with chains"),
        (
            "_contained=true&_include=Patient:organization",
            "with '_include'",
        ),
        (
            "_contained=true&_revinclude=Group:member",
            "with '_include'",
        ),
        ("_contained=true&_total=accurate", "with '_total'"),
        ("_contained=true&_total=estimate", "with '_total'"),
        ("_contained=true&_summary=count", "not counted"),
        ("_contained=both&_count=0", "not counted"),
    ] {
        for handling in [Handling::Strict, Handling::Lenient] {
            let Some(plan) = planned("Patient", text, handling) else {
                return;
            };
            let fault = plan.map(|plan| plan.clauses.len()).unwrap_err();
            assert_eq!(fault.kind, SearchErrorKind::NotSupported, "{text}: {fault}");
            assert!(fault.message.contains(part), "{text}: {fault}");
            assert_eq!(&*fault.parameter, "_contained", "{text}");
        }
    }
}

#[test]
fn contained_resources_are_searched_where_asked() {
    for (text, contained, contained_type) in [
        ("_contained=true", Contained::True, ContainedType::Container),
        (
            "_contained=both&_containedType=contained&_total=none",
            Contained::Both,
            ContainedType::Contained,
        ),
        // Alone it means nothing.
        (
            "_containedType=contained&_sort=_id",
            Contained::False,
            ContainedType::Contained,
        ),
    ] {
        let Some(plan) = planned("Patient", text, Handling::Strict) else {
            return;
        };
        let plan = plan.unwrap();
        assert_eq!(plan.contained, contained, "{text}");
        assert_eq!(plan.contained_type, contained_type, "{text}");
        assert_eq!(plan.understood.len(), text.split('&').count(), "{text}");
    }
}

#[test]
fn contained_resources_are_searched_once_all_are_indexed() {
    let Some(planner) = planner(Handling::Strict) else {
        return;
    };
    let mut parameters = planner.parameters.clone();
    let mut unready = Unready::none();
    unready.add(
        ResourceType::parse("Group").unwrap(),
        "_id",
        Reason::Indexing(7),
    );
    parameters.set_unready(unready);
    let planner = Planner {
        parameters: &parameters,
        ..planner
    };
    let plan = |text: &str| {
        let query = Query::parse(text, QueryLimits::default()).unwrap();
        planner.plan(&resource_types("Patient"), &query)
    };
    let fault = plan("_contained=true").unwrap_err();
    assert_eq!(fault.kind, SearchErrorKind::NotSupported);
    assert!(fault.message.contains("Group._id"), "{fault}");
    plan("_contained=false").unwrap();
}
