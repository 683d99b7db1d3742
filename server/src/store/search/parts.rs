//! What is above and below a resource: the parts of it and theirs, or what it is a part of, level by level. Only what may be
//! seen is followed.

use std::collections::HashSet;
use std::sync::Arc;

use fhir::ids::{ResourceId, ResourceKey};
use fhir::search::hierarchy::{PartsAnswer, PartsAsked, TooManyParts};
use fhir::search::plan::{Clause, Criteria, Plan};

use crate::context::RequestContext;
use crate::error::Result;
use crate::store::{Source, Store};

/// Resources whose parts are looked for at one time, and that are read at one time.
const AT_ONCE: usize = 200;
/// The same.
const PAGE: u32 = 200;

impl Store {
    /// The resources above or below one, itself among them, which may be in a ring.
    pub async fn parts(&self, cx: &RequestContext, asked: &PartsAsked) -> Result<PartsAnswer> {
        let limit = cx.limits.expansion;
        let mut known = HashSet::from([asked.key.clone()]);
        let mut level = vec![asked.key.clone()];
        while !level.is_empty() {
            let mut next = Vec::new();
            for some in level.chunks(AT_ONCE) {
                let plan = beside(asked, some);
                let mut cursor: Option<String> = None;
                loop {
                    let page = Source::Committed(self)
                        .search(cx, &plan, PAGE, "", cursor.as_deref())
                        .await?;
                    let keys = page.matches.into_iter().map(|version| version.key);
                    next.extend(keys.filter(|key| known.insert(key.clone())));
                    if known.len() > limit {
                        return Ok(Err(TooManyParts { limit }));
                    }
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
            }
            level = next;
        }
        Ok(Ok(Arc::from_iter(known)))
    }
}

/// The plan that finds what is right above or below some resources.
fn beside(asked: &PartsAsked, some: &[ResourceKey]) -> Plan {
    let resource_types = vec![asked.key.resource_type];
    let clause = match asked.is_below {
        true => Clause::AnyToken(asked.elements(some)),
        false => {
            let mut ids: Vec<ResourceId> = some.iter().map(|key| key.id.clone()).collect();
            ids.sort_unstable();
            Clause::ReferredBy {
                seeds: asked.seeds.clone(),
                source: Criteria {
                    resource_types: resource_types.clone(),
                    clauses: vec![Clause::Ids(ids)],
                },
            }
        }
    };
    Plan {
        resource_types,
        clauses: vec![clause],
        ..Plan::default()
    }
}
