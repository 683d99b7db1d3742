//! `$lastn` (<https://hl7.org/fhir/R4/observation-operation-lastn.html>).

mod groups;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use fhir::ids::ResourceType;
use fhir::resource::Resource;
use fhir::search::plan::{Plan, Summary, Total};
use jiff::Timestamp;

use self::groups::Groups;
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::definitions::Searched;
use crate::error::{Error, ErrorKind, Result};
use crate::searchset::{PageLinks, Searchset, query_text};
use crate::store::{Source, StoredVersion};
use crate::terminology::planned;

/// The operation.
pub(super) struct LastN;

/// What it takes.
pub(super) struct LastNParams {
    max: Option<i32>,
    search: Vec<(String, String)>,
}

impl Params for LastNParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            max: arguments.optional("max")?,
            search: arguments.search("search")?,
        })
    }
}

impl Operation for LastN {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = LastNParams;

    async fn invoke(cx: OperationContext<'_>, params: LastNParams) -> Result<OperationAnswer> {
        let plan = plan(cx, &params.search).await?;
        let most = params
            .max
            .and_then(|max| usize::try_from(max).ok())
            .unwrap_or(1);
        let observations = observations(cx, &plan).await?;
        let last = last(cx, observations, most)?;
        let request = cx.request;
        let mut understood = plan.understood.clone();
        understood.extend(params.max.map(|max| ("max".to_owned(), max.to_string())));
        understood.extend_from_slice(cx.formats);
        let searchset = Searchset {
            base_url: &request.base_url,
            links: PageLinks {
                path: &format!("{}/Observation/$lastn", request.base_url),
                understood: &understood,
                cursor: None,
                previous: None,
                next: None,
            },
            total: u64::try_from(last.len()).ok(),
            matches: &last,
            contained: &[],
            scores: &[],
            included: &[],
            warnings: &plan.warnings,
        };
        Ok(OperationAnswer::resource(searchset.json()))
    }
}

/// The plan of the observations that are looked at.
async fn plan(cx: OperationContext<'_>, search: &[(String, String)]) -> Result<Plan> {
    let observation =
        ResourceType::parse("Observation").ok_or_else(|| Error::internal("R4 has observations"))?;
    let request = cx.request;
    let (types, query) = ([observation], query_text(search));
    let searched = Searched::of(&types, &query, request.handling);
    let plan = planned(request, cx.store, cx.definitions, &searched).await?;
    let shapes = Plan {
        resource_types: plan.resource_types.clone(),
        clauses: plan.clauses.clone(),
        understood: plan.understood.clone(),
        warnings: plan.warnings.clone(),
        placed_by: plan.placed_by.clone(),
        ..Plan::default()
    };
    let is_plain = plan.summary == Summary::False && plan.total == Total::Unasked;
    if plan != shapes || !is_plain {
        return Err(bad(
            "$lastn takes parameters that select observations, none that shape the answer of a search",
        ));
    }
    let has = |names: &[&str]| {
        let head = |name: &str| -> String {
            let end = name.find([':', '.']).unwrap_or(name.len());
            name[..end].to_owned()
        };
        plan.understood
            .iter()
            .any(|(name, _)| names.contains(&&*head(name)))
    };
    if !has(&["patient", "subject"]) {
        return Err(bad("$lastn needs the subject: 'patient' or 'subject'"));
    }
    if !has(&SELECT_CODES) {
        return Err(bad(&format!(
            "$lastn needs one of: {}",
            SELECT_CODES.join(", ")
        )));
    }
    Ok(plan)
}

/// Category, and the parameters whose expression names a code.
const SELECT_CODES: [&str; 12] = [
    "category",
    "code",
    "code-value-concept",
    "code-value-date",
    "code-value-quantity",
    "code-value-string",
    "combo-code",
    "combo-code-value-concept",
    "combo-code-value-quantity",
    "component-code",
    "component-code-value-concept",
    "component-code-value-quantity",
];

/// All observations of the plan, which must not be too many.
async fn observations(cx: OperationContext<'_>, plan: &Plan) -> Result<Vec<StoredVersion>> {
    let most = cx.request.limits.search.lastn;
    let mut source = Source::Committed(cx.store);
    let mut cursor: Option<String> = None;
    let mut found = Vec::new();
    loop {
        let count = cx.request.limits.page_size_max;
        let page = source
            .search(cx.request, plan, count, "$lastn", cursor.as_deref())
            .await?;
        found.extend(page.matches);
        if found.len() > most {
            return Err(Error::new(
                ErrorKind::TooCostly,
                format!(
                    "$lastn would look at more than {most} observations (VESTA_LASTN_OBSERVATIONS_MAX); \
                     narrow them by code or date"
                ),
            ));
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

/// The last of each group, newest first; those of one moment stay together.
fn last(
    cx: OperationContext<'_>,
    observations: Vec<StoredVersion>,
    most: usize,
) -> Result<Vec<StoredVersion>> {
    let mut groups = Groups::default();
    let mut dated = Vec::with_capacity(observations.len());
    for (place, version) in observations.into_iter().enumerate() {
        let content = version.content.clone().unwrap_or_default();
        let observation =
            Resource::parse_with(content, cx.request.limits.parse).map_err(Error::internal)?;
        groups.add(&observation);
        let effective = cx.definitions.latest(cx.request, &observation, "date")?;
        dated.push((effective, place, version));
    }
    // The sort is stable: the order of the search, newest first, decides among those of one moment.
    dated.sort_by_key(|(effective, _, _)| std::cmp::Reverse(*effective));
    let mut taken: HashMap<usize, (usize, Option<Timestamp>)> = HashMap::new();
    dated.retain(|(effective, place, _)| {
        let (count, newest) = taken.entry(groups.of(*place)).or_insert((0, None));
        // Without a time nothing is known to be of the same time.
        let is_tied = *count > 0 && effective.is_some() && *newest == *effective;
        let is_taken = *count < most || is_tied;
        if is_taken {
            *count += 1;
            *newest = *effective;
        }
        is_taken
    });
    Ok(dated.into_iter().map(|(_, _, version)| version).collect())
}

fn bad(sentence: &str) -> Error {
    Error::new(ErrorKind::BadValue, sentence)
}
