//! Plans of searches that ask what codes mean, or what is above and below a resource: `:in`, `:not-in`, `:above`, `:below`
//! (<https://hl7.org/fhir/R4/search.html#token>).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fhir::ids::Reference;
use fhir::resource::Resource;
use fhir::search::coded::{CodesAnswer, CodesAsked, KnownAnswers};
use fhir::search::plan::Plan;
use fhir::terminology::searched::searched as answers;
use fhir::terminology::value_set::ValueSet;

use super::{Given, Terminology};
use crate::context::RequestContext;
use crate::definitions::{Definitions, Searched};
use crate::error::{Error, Result};
use crate::store::{Source, Store};

/// The plan of a search. It is made again with the answers to what it asks of codes and hierarchies, until it asks nothing more; then
/// its chains are followed into contained resources.
pub async fn planned(
    cx: &RequestContext,
    store: &Store,
    definitions: &Definitions,
    searched: &Searched<'_>,
) -> Result<Plan> {
    let mut codes = KnownAnswers::default();
    loop {
        let plan = definitions.plan(cx, searched, Some(&codes))?;
        let (asked, parts) = (codes.take_asked(), codes.parts.take_asked());
        if asked.is_empty() && parts.is_empty() {
            return store.with_contained(cx, definitions, plan).await;
        }
        for one in parts {
            let answer = store.parts(cx, &one).await?;
            codes.parts.learn(one, answer);
        }
        if asked.is_empty() {
            continue;
        }
        let given = Given::default();
        let terminology = Terminology {
            store,
            given: &given,
            concepts_max: cx.limits.expansion,
        };
        let here = value_sets_here(cx, store, &asked).await?;
        codes.learn(terminology.searched(&asked, &here).await?);
    }
}

impl Terminology<'_> {
    /// The codes that searches ask for. `here` are the value sets that are named by where they are.
    pub(super) async fn searched(
        self,
        asked: &BTreeSet<CodesAsked>,
        here: &HashMap<Box<str>, Arc<ValueSet>>,
    ) -> Result<Vec<(CodesAsked, CodesAnswer)>> {
        let settings = self.settings();
        self.evaluate(|knowledge| answers(knowledge, &settings, asked, here))
            .await
    }
}

/// The value sets that are named by where they are on this server, rather than by their canonical URLs.
async fn value_sets_here(
    cx: &RequestContext,
    store: &Store,
    asked: &BTreeSet<CodesAsked>,
) -> Result<HashMap<Box<str>, Arc<ValueSet>>> {
    let mut found = HashMap::new();
    for one in asked {
        let CodesAsked::In(named) = one else {
            continue;
        };
        let key = match Reference::parse(named, &cx.base_url) {
            Reference::Local { key, version: None } if key.resource_type.name() == "ValueSet" => {
                key
            }
            _ => continue,
        };
        let version = Source::Committed(store).read(cx, &key).await?;
        if let Some(content) = version.and_then(|version| version.content) {
            let resource = Resource::parse_with(content, cx.limits.parse);
            let resource = resource.map_err(Error::internal)?;
            found.insert(named.clone(), Arc::new(ValueSet::read(resource)));
        }
    }
    Ok(found)
}
