//! One page of the record around a patient or an encounter.

use std::collections::BTreeSet;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::outcome::{Issue, IssueType, Severity};
use fhir::resource::Resource;
use fhir::search::hash::ANY_REFERENCE;
use fhir::search::period_test::{PeriodTest, Prefix};
use fhir::search::plan::{Clause, Criteria, Plan};
use fhir::time::{DateTime, parse_instant, parse_partial};

use super::care_dates;
use crate::auth::Permission;
use crate::definitions::Searched;
use crate::error::{Error, ErrorKind, Result};
use crate::operations::{OperationAnswer, OperationContext};
use crate::searchset::{PageLinks, Searchset};
use crate::store::{Source, StoredVersion};

/// What was asked of the record, as it was given.
#[derive(Clone, Debug, Default)]
pub(in crate::operations) struct Asked {
    pub(in crate::operations) start: Option<String>,
    pub(in crate::operations) end: Option<String>,
    pub(in crate::operations) since: Option<String>,
    pub(in crate::operations) types: Vec<String>,
    pub(in crate::operations) count: Option<i32>,
    pub(in crate::operations) cursor: Option<String>,
}

/// The record around a resource, and which part of it is asked for.
pub(in crate::operations) struct Record<'a> {
    cx: OperationContext<'a>,
    center: &'a ResourceKey,
    /// The types that are answered; `None` is all.
    types: Option<Vec<ResourceType>>,
    since: Option<DateTime>,
    plan: Plan,
    count: u32,
    cursor: Option<String>,
    /// The types that are asked for and not reached, whether there is anything of them or not.
    unreached: Vec<ResourceType>,
}

/// What one page holds, and where those beside it begin.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) understood: Vec<(String, String)>,
    pub(super) matches: Vec<StoredVersion>,
    pub(super) included: Vec<StoredVersion>,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
    pub(super) unreached: Vec<ResourceType>,
}

impl<'a> Record<'a> {
    pub(in crate::operations) fn new(
        cx: OperationContext<'a>,
        center: &'a ResourceKey,
        asked: Asked,
    ) -> Result<Self> {
        let understood = asked.understood();
        let types = asked_types(&asked.types)?;
        let since = asked.since.as_deref().map(|text| {
            parse_instant(text)
                .map_err(|_| bad("'_since' is an instant, such as 2026-01-31T12:00:00Z"))
        });
        let since = since.transpose()?;
        let members = cx.definitions.compartment_types(center.resource_type);
        let members = members.ok_or_else(|| Error::internal("there is no such compartment"))?;
        let unreached = unreached(cx, center, types.as_ref().unwrap_or(&members));
        let whole = Searched::of(&members, "", cx.request.handling).around(center);
        let mut plan = cx.definitions.plan(cx.request, &whole, None)?;
        plan.clauses.extend(care_clause(cx, &asked, &members)?);
        if types.is_some() || since.is_some() {
            plan = with_referents(plan, types.clone());
        }
        if let Some(since) = since {
            plan.clauses
                .push(Clause::LastUpdated(vec![since_test(since)]));
        }
        // It stands first, wherever the order would put it.
        plan.clauses.push(other_than(center));
        plan.understood = understood;
        let count = page_size(asked.count, cx.request.limits.page_size_max)?;
        Ok(Self {
            cx,
            center,
            types,
            since,
            plan,
            count,
            cursor: asked.cursor,
            unreached,
        })
    }

    /// The page. `keeps` says which of the resources that are referred to belong to the record.
    pub(in crate::operations) async fn page(
        &self,
        keeps: impl Fn(&Resource) -> Result<bool>,
    ) -> Result<OperationAnswer> {
        let part = self.part(keeps).await?;
        Ok(part.answer(self.cx, &self.path(), self.cursor.as_deref()))
    }

    fn path(&self) -> String {
        format!("{}/{}/$everything", self.cx.request.base_url, self.center)
    }

    /// What the page holds, and where the next one begins.
    pub(super) async fn part(&self, keeps: impl Fn(&Resource) -> Result<bool>) -> Result<Part> {
        let request = self.cx.request;
        let (center, _) = self.cx.read(self.center).await?;
        let is_answered = self.is_recent(&center) && self.answers(center.key.resource_type);
        let (path, cursor) = (self.path(), self.cursor.as_deref());
        let count = match cursor {
            None if is_answered => self.count.saturating_sub(1).max(1),
            _ => self.count,
        };
        let mut source = Source::Committed(self.cx.store);
        let found = source
            .search(request, &self.plan, count, &path, cursor)
            .await?;
        let mut walked = found.matches;
        if found.previous.is_none() && is_answered {
            walked.insert(0, center);
        }
        let mut referents = Vec::new();
        if self.types.is_some() || self.since.is_some() {
            let (members, others) = self.divide(walked)?;
            walked = members;
            referents = others;
        }
        if self.types.is_none() {
            let keys = self.referred_to(&walked, &referents)?;
            referents.extend(source.current(request, keys).await?);
        }
        let mut kept = Vec::with_capacity(referents.len());
        for version in referents {
            if keeps(&self.resource(&version)?)? {
                kept.push(version);
            }
        }
        let mut understood = self.plan.understood.clone();
        understood.extend_from_slice(self.cx.formats);
        Ok(Part {
            understood,
            matches: walked,
            included: kept,
            previous: found.previous,
            next: found.next,
            unreached: self.unreached.clone(),
        })
    }

    /// What a page holds of the compartment, and what of it is only referred to.
    fn divide(&self, page: Vec<StoredVersion>) -> Result<(Vec<StoredVersion>, Vec<StoredVersion>)> {
        let (mut members, mut others) = (Vec::new(), Vec::new());
        for version in page {
            let resource = self.resource(&version)?;
            let definitions = &self.cx.definitions;
            match definitions.is_around(self.cx.request, self.center, &resource)? {
                true => members.push(version),
                false => others.push(version),
            }
        }
        Ok((members, others))
    }

    /// What the resources of a page refer to and the page does not hold.
    fn referred_to(
        &self,
        members: &[StoredVersion],
        others: &[StoredVersion],
    ) -> Result<Vec<ResourceKey>> {
        let mut keys = BTreeSet::new();
        for version in members {
            let resource = self.resource(version)?;
            keys.extend(self.cx.definitions.references(self.cx.request, &resource));
        }
        keys.remove(self.center);
        for version in members.iter().chain(others) {
            keys.remove(&version.key);
        }
        Ok(keys.into_iter().collect())
    }

    fn resource(&self, version: &StoredVersion) -> Result<Resource> {
        let content = version.content.clone().unwrap_or_default();
        Resource::parse_with(content, self.cx.request.limits.parse).map_err(Error::internal)
    }

    fn answers(&self, resource_type: ResourceType) -> bool {
        let types = self.types.as_ref();
        types.is_none_or(|types| types.contains(&resource_type))
    }

    fn is_recent(&self, version: &StoredVersion) -> bool {
        let since = self.since.map(since_test);
        since.is_none_or(|test| test.matches_instant(version.last_updated))
    }
}

impl Part {
    /// The Bundle of it, at a path, from a cursor on.
    pub(super) fn answer(
        &self,
        cx: OperationContext<'_>,
        path: &str,
        cursor: Option<&str>,
    ) -> OperationAnswer {
        // It is said once, on the first page.
        let said = said_of(&self.unreached).filter(|_| cursor.is_none());
        let searchset = Searchset {
            base_url: &cx.request.base_url,
            links: PageLinks {
                path,
                understood: &self.understood,
                cursor,
                previous: self.previous.as_deref(),
                next: self.next.as_deref(),
            },
            total: None,
            matches: &self.matches,
            contained: &[],
            scores: &[],
            included: &self.included,
            warnings: said.as_slice(),
        };
        OperationAnswer::resource(searchset.json())
    }
}

impl Asked {
    /// For the links.
    fn understood(&self) -> Vec<(String, String)> {
        let one = |name: &str, value: &Option<String>| {
            let value = value.clone();
            value.map(|value| (name.to_owned(), value))
        };
        let mut understood = Vec::new();
        understood.extend(one("start", &self.start));
        understood.extend(one("end", &self.end));
        understood.extend(one("_since", &self.since));
        for types in &self.types {
            understood.push(("_type".to_owned(), types.clone()));
        }
        understood.extend(one("_count", &self.count.map(|count| count.to_string())));
        understood
    }
}

/// All but one resource.
fn other_than(center: &ResourceKey) -> Clause {
    let one = vec![
        Clause::Types(vec![center.resource_type]),
        Clause::Ids(vec![center.id.clone()]),
    ];
    Clause::Not(Box::new(Clause::All(one)))
}

/// A plan for the compartment becomes one for it and for all that its resources refer to, of some types.
fn with_referents(compartment: Plan, types: Option<Vec<ResourceType>>) -> Plan {
    let source = Criteria {
        resource_types: compartment.resource_types,
        clauses: compartment.clauses,
    };
    let is_member = Clause::All(source.clauses.clone());
    let is_referred_to = Clause::ReferredBy {
        seeds: vec![ANY_REFERENCE],
        source,
    };
    Plan {
        resource_types: types.unwrap_or_default(),
        clauses: vec![Clause::Any(vec![is_member, is_referred_to])],
        ..Plan::default()
    }
}

/// The types of the record that neither a scope nor a role reaches. The center itself has been read.
fn unreached(
    cx: OperationContext<'_>,
    center: &ResourceKey,
    types: &[ResourceType],
) -> Vec<ResourceType> {
    let access = &cx.request.access;
    let is_hidden =
        |one: &ResourceType| *one != center.resource_type && !access.may(Permission::Search, *one);
    let mut hidden: Vec<ResourceType> = types.iter().copied().filter(is_hidden).collect();
    hidden.sort_unstable_by_key(|one| one.name());
    hidden
}

/// What is said of them: nothing of whether there are such resources.
fn said_of(unreached: &[ResourceType]) -> Option<Issue> {
    let names: Vec<&str> = unreached.iter().map(|one| one.name()).collect();
    let sentence = format!(
        "not looked for, because this access does not include them: {}",
        names.join(", ")
    );
    let issue = Issue::new(Severity::Information, IssueType::Suppressed, sentence);
    (!names.is_empty()).then_some(issue)
}

/// How many resources of the compartment a page holds.
fn page_size(asked: Option<i32>, most: u32) -> Result<u32> {
    let Some(count) = asked else {
        return Ok(most);
    };
    match u32::try_from(count) {
        Ok(count) if count > most => {
            let sentence = format!(
                "'_count': a page has at most {most} resources, the limit of its size (VESTA_PAGE_SIZE_MAX)"
            );
            Err(Error::new(ErrorKind::TooCostly, sentence))
        }
        Ok(count) if count > 0 => Ok(count),
        _ => Err(bad("'_count' is a whole number, 1 or greater")),
    }
}

fn since_test(since: DateTime) -> PeriodTest {
    PeriodTest {
        prefix: Prefix::Ge,
        lower: since.lower(),
        upper: since.upper(),
    }
}

fn asked_types(lists: &[String]) -> Result<Option<Vec<ResourceType>>> {
    let names = lists.iter().flat_map(|list| list.split(','));
    let types: Option<Vec<ResourceType>> = names.map(ResourceType::parse).collect();
    let mut types =
        types.ok_or_else(|| bad("'_type' is a list of R4's resource types with commas between"))?;
    types.sort_unstable();
    types.dedup();
    Ok(Some(types).filter(|types| !types.is_empty()))
}

/// What is true of the resources whose care falls between start and end; none where neither is given.
fn care_clause(
    cx: OperationContext<'_>,
    asked: &Asked,
    types: &[ResourceType],
) -> Result<Option<Clause>> {
    if asked.start.is_none() && asked.end.is_none() {
        return Ok(None);
    }
    let moment = |name: &str, text: &Option<String>| {
        let text = text.as_deref();
        let date = text.map(|text| {
            parse_partial(text).map_err(|_| bad(&format!("'{name}' is a date, such as 2026-01-31")))
        });
        date.transpose()
    };
    let (start, end) = (moment("start", &asked.start)?, moment("end", &asked.end)?);
    let lower = start.map_or(jiff::Timestamp::MIN, |start| start.lower());
    let upper = end.map_or(jiff::Timestamp::MAX, |end| end.upper());
    if lower >= upper {
        return Err(bad("'start' is after 'end'"));
    }
    let test = PeriodTest {
        prefix: Prefix::Ap,
        lower,
        upper,
    };
    Ok(cx.definitions.dated(&care_dates::of(types), test))
}

fn bad(sentence: &str) -> Error {
    Error::new(ErrorKind::BadValue, sentence)
}
