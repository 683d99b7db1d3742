//! What a search of the trail asks for. A parameter that the trail is not found by is refused by name, as in any search.

use fhir::ids::{Reference, ResourceId, ResourceKey};
use fhir::outcome::{Issue, IssueType, Severity};
use fhir::time::parse_partial;

use crate::audit::AuditEventId;
use crate::context::{Handling, RequestContext};
use crate::error::{Error, ErrorKind, Result};
use crate::interactions::paging;
use crate::store::AuditFilter;

/// The parameters there are, with their types, as the CapabilityStatement lists them.
pub(crate) const PARAMETERS: [(&str, &str); 13] = [
    ("_id", "token"),
    ("_lastUpdated", "date"),
    ("action", "token"),
    ("address", "string"),
    ("agent", "reference"),
    ("altid", "token"),
    ("date", "date"),
    ("entity", "reference"),
    ("outcome", "token"),
    ("patient", "reference"),
    ("policy", "uri"),
    ("subtype", "token"),
    ("type", "token"),
];

/// A search, understood.
pub(super) struct Asked {
    pub(super) filter: AuditFilter,
    /// Events on a page; none is a count alone.
    pub(super) count: u32,
    pub(super) total: Total,
    pub(super) understood: Vec<(String, String)>,
    pub(super) warnings: Vec<Issue>,
    pub(super) cursor: Option<String>,
}

/// What is said of how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Total {
    /// Nothing.
    None,
    /// What is known anyway.
    Known,
    /// Their number.
    Counted,
}

/// Reads a query, within the compartment around a patient or not.
pub(super) fn asked(
    cx: &RequestContext,
    around: Option<&ResourceKey>,
    query: &str,
) -> Result<Asked> {
    let mut asked = Asked {
        filter: AuditFilter::default(),
        count: cx.limits.page_size,
        total: Total::Known,
        understood: Vec::new(),
        warnings: Vec::new(),
        cursor: None,
    };
    if let Some(around) = around {
        asked.enter(around)?;
    }
    for (name, value) in paging::parameters(query)? {
        if name == paging::CURSOR {
            asked.cursor = Some(value);
            continue;
        }
        match asked.take(cx, &name, &value) {
            Ok(()) => asked.understood.push((name, value)),
            Err(unknown)
                if unknown.kind() == ErrorKind::NotSupported
                    && cx.handling == Handling::Lenient =>
            {
                let sentence = format!("{unknown}; it was ignored");
                asked.warnings.push(Issue::new(
                    Severity::Warning,
                    IssueType::NotSupported,
                    sentence,
                ));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(asked)
}

impl Asked {
    /// Of compartments that AuditEvents are in, those around patients are found.
    fn enter(&mut self, around: &ResourceKey) -> Result<()> {
        match around.resource_type.name() {
            "Patient" => set(
                &mut self.filter.patients,
                "patient",
                vec![around.id.to_string()],
            ),
            _ => Err(Error::new(
                ErrorKind::NotSupported,
                "of compartments, AuditEvents are searched in that of a Patient",
            )),
        }
    }

    fn take(&mut self, cx: &RequestContext, name: &str, value: &str) -> Result<()> {
        let filter = &mut self.filter;
        let values = || value.split(',').map(str::to_owned).collect::<Vec<String>>();
        let codes = |system| tokens(name, system, value);
        match name {
            "date" | "_lastUpdated" => period(filter, name, value),
            "patient" => set(&mut filter.patients, name, patients(cx, value)?),
            "entity" => set(&mut filter.entities, name, references(cx, name, value)?),
            "agent" => set(&mut filter.agents, name, references(cx, name, value)?),
            "altid" => set(&mut filter.logins, name, codes("")?),
            "policy" => {
                let grants = values().into_iter();
                let bare = |one: String| one.strip_prefix("urn:uuid:").unwrap_or(&one).to_owned();
                set(&mut filter.grants, name, grants.map(bare).collect())
            }
            "address" => set(&mut filter.addresses, name, values()),
            "action" => {
                let system = "http://hl7.org/fhir/audit-event-action";
                set(&mut filter.actions, name, codes(system)?)
            }
            "outcome" => {
                let system = "http://hl7.org/fhir/audit-event-outcome";
                set(&mut filter.outcomes, name, codes(system)?)
            }
            "type" => set(&mut filter.types, name, any_tokens(value)),
            "subtype" => set(&mut filter.subtypes, name, any_tokens(value)),
            "_id" => {
                // What cannot be the id of an event is that of none.
                let ids: Vec<AuditEventId> =
                    value.split(',').filter_map(|id| id.parse().ok()).collect();
                filter.ids = Some(ids);
                Ok(())
            }
            "_count" => {
                self.count = paging::count(cx, value)?;
                Ok(())
            }
            "_total" => {
                self.total = total(value)?;
                Ok(())
            }
            "_sort" => sorted(value),
            "_summary" if value == "count" => {
                self.count = 0;
                Ok(())
            }
            "_format" | "_pretty" | "_summary" | "_elements" => Ok(()),
            _ => Err(unknown(name)),
        }
    }
}

fn unknown(name: &str) -> Error {
    let known: Vec<&str> = PARAMETERS.iter().map(|(name, _)| *name).collect();
    Error::new(
        ErrorKind::NotSupported,
        format!(
            "AuditEvents are not searched by '{name}'; they are by {}",
            known.join(", ")
        ),
    )
}

/// A parameter that stands twice would have to match twice, which only dates can.
fn set(place: &mut Option<Vec<String>>, name: &str, values: Vec<String>) -> Result<()> {
    match place.replace(values) {
        None => Ok(()),
        Some(_) => Err(Error::new(
            ErrorKind::BadValue,
            format!("'{name}' stands twice: put values that are looked for behind commas"),
        )),
    }
}

fn period(filter: &mut AuditFilter, name: &str, value: &str) -> Result<()> {
    let wrong = || {
        Error::new(
            ErrorKind::BadValue,
            format!(
                "'{name}' must be a date or a moment, with eq, ge, gt, le, lt, sa or eb before it"
            ),
        )
    };
    let (prefix, rest) = match value.get(..2) {
        Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            (prefix, value.get(2..).unwrap_or_default())
        }
        _ => ("eq", value),
    };
    let moment = parse_partial(&rest.replace(' ', "+")).map_err(|_| wrong())?;
    let (from, until) = match prefix {
        "eq" => (Some(moment.lower()), Some(moment.upper())),
        "ge" => (Some(moment.lower()), None),
        "gt" | "sa" => (Some(moment.upper()), None),
        "le" => (None, Some(moment.upper())),
        "lt" | "eb" => (None, Some(moment.lower())),
        _ => return Err(wrong()),
    };
    filter.from = filter.from.max(from);
    filter.until = match (filter.until, until) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    Ok(())
}

fn patients(cx: &RequestContext, value: &str) -> Result<Vec<String>> {
    let wrong = || {
        Error::new(
            ErrorKind::BadValue,
            "'patient' must be Patient/[id] or [id]",
        )
    };
    let id = |text: &str| match Reference::parse(text, &cx.base_url) {
        Reference::Local { key, .. } if key.resource_type.name() == "Patient" => {
            Ok(key.id.to_string())
        }
        _ if ResourceId::is_valid(text) => Ok(text.to_owned()),
        _ => Err(wrong()),
    };
    value.split(',').map(id).collect()
}

fn references(cx: &RequestContext, name: &str, value: &str) -> Result<Vec<String>> {
    let key = |text: &str| match Reference::parse(text, &cx.base_url) {
        Reference::Local { key, .. } => Ok(key.to_string()),
        _ => Err(Error::new(
            ErrorKind::BadValue,
            format!("'{name}' must be [type]/[id]"),
        )),
    };
    value.split(',').map(key).collect()
}

/// Codes of one system, which may stand before them.
fn tokens(name: &str, system: &str, value: &str) -> Result<Vec<String>> {
    let code = |text: &str| match text.split_once('|') {
        None => Ok(text.to_owned()),
        Some((before, code)) if before.is_empty() || before == system => Ok(code.to_owned()),
        Some(_) => Err(Error::new(
            ErrorKind::BadValue,
            format!("the codes of '{name}' are of the system '{system}'"),
        )),
    };
    value.split(',').map(code).collect()
}

/// Codes of several systems, none of which two have.
fn any_tokens(value: &str) -> Vec<String> {
    let code = |text: &str| {
        let code = text.split_once('|').map_or(text, |(_, code)| code);
        // As rows have what DICOM has numbers for.
        match code {
            "110122" => "login",
            "110123" => "logout",
            "110127" => "break-glass",
            "110138" => "break-glass-ended",
            code => code,
        }
        .to_owned()
    };
    value.split(',').map(code).collect()
}

fn total(value: &str) -> Result<Total> {
    match value {
        "none" => Ok(Total::None),
        "accurate" | "estimate" => Ok(Total::Counted),
        _ => Err(Error::new(
            ErrorKind::BadValue,
            "'_total' is none, estimate or accurate",
        )),
    }
}

/// There is one order.
fn sorted(value: &str) -> Result<()> {
    match value {
        "-date" | "-_lastUpdated" => Ok(()),
        _ => Err(Error::new(
            ErrorKind::NotSupported,
            "AuditEvents come newest first ('_sort=-date'), and in no other order",
        )),
    }
}
