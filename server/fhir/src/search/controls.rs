//! Parameters that shape the answer (<https://hl7.org/fhir/R4/search.html#return>).

use std::borrow::Cow;

use super::error::{SearchError, SearchLimit};
use super::include;
use super::plan::{Contained, ContainedType, Plan, Summary, Total};
use super::planner::{Handling, Planner};
use super::query::{Control, Query};
use super::sort;
use crate::ids::ResourceType;
use crate::outcome::{Issue, Severity};

impl Control {
    /// The name as it was written.
    pub fn text(&self) -> String {
        match &self.modifier {
            Some(modifier) => format!("{}:{modifier}", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// Whether a control is read by others: by content negotiation, by paging.
pub(super) fn is_foreign(control: &Control) -> bool {
    matches!(control.name, "_format" | "_pretty" | "_cursor")
}

/// Takes one control into the plan. `_type` comes first: others depend on the types searched.
pub(super) fn apply(
    planner: &Planner<'_>,
    plan: &mut Plan,
    control: &Control,
    any_type: bool,
) -> Result<(), SearchError> {
    if is_foreign(control) {
        return Ok(());
    }
    let name = control.text();
    let is_include = matches!(control.name, "_include" | "_revinclude");
    if control.modifier.is_some() && !is_include {
        let message = format!("'{}' takes no modifier", control.name);
        return Err(SearchError::unknown(&name, message));
    }
    let repeats = is_include || matches!(control.name, "_elements" | "_sort");
    if !repeats && plan.understood.iter().any(|one| one.0 == name) {
        return Err(SearchError::malformed(&name, "it may be given only once"));
    }
    let value = &*control.value;
    match control.name {
        "_count" => plan.count = Some(count(planner, value)?),
        "_sort" => {
            // Another one adds inner keys.
            let outer = plan.understood.iter().filter(|one| one.0 == name);
            let all: Vec<&str> = outer.map(|one| &*one.1).chain([value]).collect();
            plan.sort = sort::sort(planner, &plan.resource_types, &all.join(","))?;
        }
        "_total" => plan.total = total(value)?,
        "_summary" => plan.summary = summary(value)?,
        "_elements" => plan.elements.extend(elements(value)?),
        "_type" => plan.resource_types = types(value, any_type)?,
        "_contained" => plan.contained = contained(value)?,
        "_containedType" => plan.contained_type = contained_type(value)?,
        "_include" | "_revinclude" => add_includes(planner, plan, control)?,
        "_score" => {
            let message = "results are ordered by it with _sort=_score";
            return Err(SearchError::not_supported(&name, message));
        }
        _ => return Err(SearchError::not_supported(&name, "it is not supported")),
    }
    Ok(())
}

/// A control without the keys of an order that a lenient search leaves out. Where no key is left, it is as it was.
pub(super) fn understood<'c>(
    planner: &Planner<'_>,
    plan: &mut Plan,
    control: &'c Control,
) -> Cow<'c, Control> {
    if planner.handling == Handling::Strict || control.name != "_sort" {
        return Cow::Borrowed(control);
    }
    let (kept, dropped) = sort::usable(planner, &plan.resource_types, &control.value);
    if dropped.is_empty() || kept.is_empty() {
        return Cow::Borrowed(control);
    }
    let warning = |fault: &SearchError| {
        let message = format!("{fault}; this key of the order was left out");
        Issue::new(Severity::Warning, fault.issue_type(), message)
    };
    plan.warnings.extend(dropped.iter().map(warning));
    Cow::Owned(Control {
        value: kept.join(",").into(),
        ..control.clone()
    })
}

/// What no control can say alone.
pub(super) fn check(plan: &Plan, query: &Query) -> Result<(), SearchError> {
    let include = query
        .controls
        .iter()
        .find(|one| one.name.ends_with("include"));
    match include {
        Some(include) if plan.summary == Summary::Text && !plan.includes.is_empty() => {
            let message = "resources cannot be included with _summary=text";
            Err(SearchError::malformed(&include.text(), message))
        }
        _ => Ok(()),
    }
}

fn add_includes(
    planner: &Planner<'_>,
    plan: &mut Plan,
    control: &Control,
) -> Result<(), SearchError> {
    let includes = include::includes(planner, &plan.resource_types, control)?;
    for include in includes {
        if !plan.includes.contains(&include) {
            plan.includes.push(include);
        }
    }
    // What is counted is what was asked: a wildcard is one, whatever it stands for.
    let asked = plan.understood.iter().filter(|one| is_include(&one.0));
    if asked.count() >= planner.limits.includes_max {
        let message = format!(
            "more than {} inclusions, the limit of one search",
            planner.limits.includes_max
        );
        return Err(SearchError::beyond(
            SearchLimit::Includes,
            &control.text(),
            message,
        ));
    }
    Ok(())
}

/// Whether a name, with its modifier or without, is of an inclusion.
fn is_include(name: &str) -> bool {
    let name = name.split(':').next().unwrap_or_default();
    matches!(name, "_include" | "_revinclude")
}

fn contained(value: &str) -> Result<Contained, SearchError> {
    match value {
        "false" => Ok(Contained::False),
        "true" => Ok(Contained::True),
        "both" => Ok(Contained::Both),
        _ => Err(SearchError::malformed(
            "_contained",
            "the value is one of true, false, both",
        )),
    }
}

fn contained_type(value: &str) -> Result<ContainedType, SearchError> {
    match value {
        "container" => Ok(ContainedType::Container),
        "contained" => Ok(ContainedType::Contained),
        _ => Err(SearchError::malformed(
            "_containedType",
            "the value is one of container, contained",
        )),
    }
}

fn count(planner: &Planner<'_>, value: &str) -> Result<u32, SearchError> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = "the value is a whole number, 0 or greater";
        return Err(SearchError::malformed("_count", message));
    }
    // Only one that is too long does not parse.
    let count = value.parse().unwrap_or(u32::MAX);
    if count > planner.limits.count_max {
        let message = format!(
            "a page has at most {} resources, the limit of its size",
            planner.limits.count_max
        );
        return Err(SearchError::beyond(
            SearchLimit::PageSize,
            "_count",
            message,
        ));
    }
    Ok(count)
}

fn total(value: &str) -> Result<Total, SearchError> {
    match value {
        "none" => Ok(Total::None),
        "estimate" => Ok(Total::Estimate),
        "accurate" => Ok(Total::Accurate),
        _ => Err(SearchError::malformed(
            "_total",
            "the value is one of none, estimate, accurate",
        )),
    }
}

fn summary(value: &str) -> Result<Summary, SearchError> {
    match value {
        "false" => Ok(Summary::False),
        "true" => Ok(Summary::True),
        "text" => Ok(Summary::Text),
        "data" => Ok(Summary::Data),
        "count" => Ok(Summary::Count),
        _ => Err(SearchError::malformed(
            "_summary",
            "the value is one of true, text, data, count, false",
        )),
    }
}

fn elements(value: &str) -> Result<Vec<Box<str>>, SearchError> {
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
    };
    let names: Vec<Box<str>> = value.split(',').map(Into::into).collect();
    if names.iter().all(|name| is_name(name)) {
        Ok(names)
    } else {
        let message = "the value is a list of element names with commas between";
        Err(SearchError::malformed("_elements", message))
    }
}

fn types(value: &str, any_type: bool) -> Result<Vec<ResourceType>, SearchError> {
    if !any_type {
        let message = "only a search of all types takes it";
        return Err(SearchError::unknown("_type", message));
    }
    let types: Option<Vec<ResourceType>> = value.split(',').map(ResourceType::parse).collect();
    types.ok_or_else(|| {
        let message = "the value is a list of R4's resource types with commas between";
        SearchError::malformed("_type", message)
    })
}
