//! Parameters that shape the answer (<https://hl7.org/fhir/R4/search.html#return>).

use super::error::SearchError;
use super::plan::{Plan, Sort, SortKey, Summary, Total};
use super::planner::Planner;
use super::query::Control;
use crate::ids::ResourceType;

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

/// Takes one control into the plan.
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
    let with_modifier = matches!(control.name, "_include" | "_revinclude");
    if control.modifier.is_some() && !with_modifier {
        let message = format!("'{}' takes no modifier", control.name);
        return Err(SearchError::unknown(&name, message));
    }
    if control.name != "_elements" && plan.understood.iter().any(|one| one.0 == name) {
        return Err(SearchError::malformed(&name, "it may be given only once"));
    }
    let value = &*control.value;
    match control.name {
        "_count" => plan.count = Some(count(planner, value)?),
        "_sort" => plan.sort = sort(planner, plan, value)?,
        "_total" => plan.total = total(value)?,
        "_summary" => plan.summary = summary(value)?,
        "_elements" => plan.elements.extend(elements(value)?),
        "_type" => plan.resource_types = types(value, any_type)?,
        // What is asked for is what every search does.
        "_contained" if value == "false" => {}
        _ => return Err(SearchError::not_supported(&name, "it is not supported yet")),
    }
    Ok(())
}

fn count(planner: &Planner<'_>, value: &str) -> Result<u32, SearchError> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let count = value.parse().ok().filter(|_| is_number).ok_or_else(|| {
        SearchError::malformed("_count", "the value is a whole number, 0 or greater")
    })?;
    if count > planner.limits.count_max {
        let message = format!("a page has at most {} resources", planner.limits.count_max);
        return Err(SearchError::too_costly("_count", message));
    }
    Ok(count)
}

fn sort(planner: &Planner<'_>, plan: &Plan, value: &str) -> Result<Vec<Sort>, SearchError> {
    let mut keys: Vec<Sort> = Vec::new();
    for part in value.split(',') {
        let (code, descending) = match part.strip_prefix('-') {
            Some(code) => (code, true),
            None => (part, false),
        };
        let key = match code {
            "_id" => SortKey::Id,
            "_lastUpdated" => SortKey::LastUpdated,
            "" => return Err(SearchError::malformed("_sort", "a key is empty")),
            other => return Err(cannot_sort(planner, plan, other)),
        };
        if keys.iter().any(|known| known.key == key) {
            let message = format!("'{code}' is given twice");
            return Err(SearchError::malformed("_sort", message));
        }
        keys.push(Sort { key, descending });
    }
    Ok(keys)
}

fn cannot_sort(planner: &Planner<'_>, plan: &Plan, code: &str) -> SearchError {
    let known = |one: &ResourceType| planner.parameters.by_type_and_code(*one, code).is_some();
    let is_known = !plan.resource_types.is_empty() && plan.resource_types.iter().all(known);
    if is_known || code == "_score" {
        let message =
            format!("sorting by '{code}' is not supported yet; by _id, _lastUpdated it is");
        SearchError::not_supported("_sort", message)
    } else {
        let message = "it names no parameter to sort by; there are: _id, _lastUpdated";
        SearchError::unknown("_sort", message)
    }
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
