//! Chains into contained resources (<https://hl7.org/fhir/R4/search.html#contained>). The index names what contains a
//! resource of a type that a chain leads to; whether that one is referred to, and meets the rest, is seen by looking into
//! it. What is found becomes part of the plan (server/decisions/0029-chains-into-contained.md).

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use fhir::ids::{ResourceId, ResourceKey, ResourceType};
use fhir::json::ParseLimits;
use fhir::resource::Resource;
use fhir::search::hash;
use fhir::search::plan::{Clause, Criteria, Plan};
use fhir::search::within::Beyond;

use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{Source, Store, StoredVersion};

/// Resources that are read at one time.
const PAGE: u32 = 200;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// One search whose chains are looked at.
#[derive(Clone, Copy)]
struct Looking<'a> {
    store: &'a Store,
    cx: &'a RequestContext,
    definitions: &'a Definitions,
}

/// What is searched at one step of a chain.
#[derive(Clone, Copy)]
struct Rows<'a> {
    types: &'a [ResourceType],
    /// What must hold of them besides.
    beside: &'a [Clause],
}

impl Store {
    /// The plan, with what its chains find in contained resources.
    pub async fn with_contained(
        &self,
        cx: &RequestContext,
        definitions: &Definitions,
        plan: Plan,
    ) -> Result<Plan> {
        if !plan.needs_other_resources() {
            return Ok(plan);
        }
        let looking = Looking {
            store: self,
            cx,
            definitions,
        };
        let rows = Rows {
            types: &plan.resource_types,
            beside: &[],
        };
        let clauses = looking.all(rows, &plan.clauses).await?;
        Ok(Plan { clauses, ..plan })
    }
}

impl<'a> Looking<'a> {
    /// Clauses that must all hold.
    fn all<'s>(self, rows: Rows<'s>, clauses: &'s [Clause]) -> Answer<'s, Vec<Clause>>
    where
        'a: 's,
    {
        Box::pin(async move {
            let plain = clauses.iter().filter(|one| !one.needs_other_resources());
            let beside: Vec<Clause> = rows.beside.iter().chain(plain).cloned().collect();
            let rows = Rows {
                types: rows.types,
                beside: &beside,
            };
            let mut all = Vec::with_capacity(clauses.len());
            for clause in clauses {
                all.push(self.clause(rows, clause).await?);
            }
            Ok(all)
        })
    }

    fn clause<'s>(self, rows: Rows<'s>, clause: &'s Clause) -> Answer<'s, Clause>
    where
        'a: 's,
    {
        Box::pin(async move {
            if !clause.needs_other_resources() {
                return Ok(clause.clone());
            }
            Ok(match clause {
                Clause::All(clauses) => Clause::All(self.all(rows, clauses).await?),
                Clause::Any(clauses) => {
                    let mut any = Vec::with_capacity(clauses.len());
                    for clause in clauses {
                        any.push(self.clause(rows, clause).await?);
                    }
                    Clause::Any(any)
                }
                Clause::Not(clause) => Clause::Not(Box::new(self.clause(rows, clause).await?)),
                Clause::ReferredBy { seeds, source } => Clause::ReferredBy {
                    seeds: seeds.clone(),
                    source: self.criteria(source).await?,
                },
                Clause::Names { ways, other } => Clause::Names {
                    ways: ways.clone(),
                    other: self.criteria(other).await?,
                },
                Clause::RefersTo { seeds, target } => {
                    let found = self.referring(rows, seeds, target).await?;
                    let chain = Clause::RefersTo {
                        seeds: seeds.clone(),
                        target: self.criteria(target).await?,
                    };
                    match named(rows.types, found) {
                        None => chain,
                        Some(found) => Clause::Any(vec![chain, found]),
                    }
                }
                other => other.clone(),
            })
        })
    }

    async fn criteria(self, criteria: &Criteria) -> Result<Criteria> {
        let rows = Rows {
            types: &criteria.resource_types,
            beside: &[],
        };
        Ok(Criteria {
            resource_types: criteria.resource_types.clone(),
            clauses: self.all(rows, &criteria.clauses).await?,
        })
    }

    /// The resources that refer, at one of the seeds, to one that they contain and that meets the criteria.
    async fn referring(
        self,
        rows: Rows<'_>,
        seeds: &[i64],
        target: &Criteria,
    ) -> Result<Vec<ResourceKey>> {
        let types = target.resource_types.iter().copied();
        let mut elements: Vec<i64> = types.map(hash::contains).collect();
        elements.sort_unstable();
        let mut clauses = rows.beside.to_vec();
        clauses.push(Clause::AnyToken(elements));
        let containers = Plan {
            resource_types: rows.types.to_vec(),
            clauses,
            ..Plan::default()
        };
        let most = self.cx.limits.search.contained;
        let (mut looked, mut found, mut cursor) = (0, Vec::new(), None);
        loop {
            let mut source = Source::Committed(self.store);
            let page = source
                .search(self.cx, &containers, PAGE, "", cursor.as_deref())
                .await?;
            looked += page.matches.len();
            if looked > most {
                return Err(too_many(most));
            }
            found.extend(self.looked_into(&page.matches, seeds, target).await?);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(found);
            }
        }
    }

    async fn looked_into(
        self,
        versions: &[StoredVersion],
        seeds: &[i64],
        target: &Criteria,
    ) -> Result<Vec<ResourceKey>> {
        let mut beyond = Beyond::default();
        loop {
            let mut found = Vec::new();
            for version in versions {
                let content = version.content.clone().unwrap_or_default();
                let container =
                    Resource::parse_with(content, ParseLimits::STORED).map_err(Error::internal)?;
                let within =
                    self.definitions
                        .within(&container, version.last_updated, &self.cx.base_url);
                if within.refers(seeds, target, &mut beyond) {
                    found.push(version.key.clone());
                }
            }
            let asked = beyond.take_asked();
            if asked.is_empty() {
                return Ok(found);
            }
            for (criteria, keys) in asked {
                let met = self.meeting(&criteria, &keys).await?;
                beyond.learn(criteria, keys, &met);
            }
        }
    }

    /// Those of some stored resources that meet criteria.
    async fn meeting(
        self,
        criteria: &Criteria,
        keys: &BTreeSet<ResourceKey>,
    ) -> Result<Vec<ResourceKey>> {
        let ids: BTreeSet<ResourceId> = keys.iter().map(|key| key.id.clone()).collect();
        let Criteria {
            resource_types,
            mut clauses,
        } = self.criteria(criteria).await?;
        clauses.push(Clause::Ids(ids.into_iter().collect()));
        let plan = Plan {
            resource_types,
            clauses,
            ..Plan::default()
        };
        let (mut met, mut cursor) = (Vec::new(), None);
        loop {
            let mut source = Source::Committed(self.store);
            let page = source
                .search(self.cx, &plan, PAGE, "", cursor.as_deref())
                .await?;
            met.extend(page.matches.into_iter().map(|version| version.key));
            cursor = page.next;
            if cursor.is_none() {
                return Ok(met);
            }
        }
    }
}

/// The clause that names some resources, where others of some types may be; nothing where there is none.
fn named(types: &[ResourceType], mut keys: Vec<ResourceKey>) -> Option<Clause> {
    keys.sort_unstable();
    keys.dedup();
    let of_type = |keys: &[ResourceKey]| {
        let ids = Clause::Ids(keys.iter().map(|key| key.id.clone()).collect());
        if types.len() == 1 {
            return ids;
        }
        let types = keys.iter().take(1).map(|key| key.resource_type).collect();
        Clause::All(vec![Clause::Types(types), ids])
    };
    let mut clauses: Vec<Clause> = keys
        .chunk_by(|one, other| one.resource_type == other.resource_type)
        .map(of_type)
        .collect();
    match clauses.len() {
        0 | 1 => clauses.pop(),
        _ => Some(Clause::Any(clauses)),
    }
}

fn too_many(most: usize) -> Error {
    Error::new(
        ErrorKind::TooCostly,
        format!(
            "the chain leads into contained resources, and more than {most} resources would have to be looked into \
             (VESTA_SEARCH_CONTAINED_MAX); ask for something of the resource itself as well"
        ),
    )
}
