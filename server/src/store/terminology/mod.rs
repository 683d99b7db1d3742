//! Concepts and what is made of them, as the tables have them (server/decisions/0017-terminology-in-tables.md). They
//! follow the resources by themselves; here they are read, and what packages bring is filled in.

mod cache;
mod closure;
mod codes;
mod import;
mod mappings;
mod packages;
mod pieces;
mod rows;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use fhir::terminology::code_system::{CodeSystem, SystemKey};
use fhir::terminology::concept::Concept;
use fhir::terminology::knowledge::{Concepts, Knowledge, Need, Selection};
use fhir::terminology::membership::{MemberQuestion, Membership};
use fhir::terminology::value_set::ValueSet;
use sqlx::Row;

use super::fault::from_sqlx;
use super::search::count_concepts;
use super::{Store, statements};
use crate::error::{Error, Result};

pub(super) use cache::Cache;
pub use closure::{ClosureEntry, ClosureNews};
pub(super) use codes::{Codes, FoundCodes, WantedCodes};
pub use import::{Arranged, Building, CodeImport, Reached};
pub use mappings::MappingsOf;
pub use pieces::{Pieces, Rows};

/// The state of the tables that an evaluation has seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    revision: Option<i64>,
    /// Whether the database has said so since the evaluation began.
    is_confirmed: bool,
}

impl Store {
    /// Fetches what an evaluation lacks. False where the tables have changed since it began: it must begin anew.
    pub async fn learn(
        &self,
        knowledge: &mut Knowledge,
        needs: BTreeSet<Need>,
        concepts_max: usize,
        moment: &mut Moment,
    ) -> Result<bool> {
        let (mut value_sets, mut code_systems) = (Vec::new(), Vec::new());
        let mut single = Vec::new();
        for need in needs {
            if let Some(is_same) = self.remembered(knowledge, &need, moment) {
                match is_same {
                    true => continue,
                    false => return Ok(false),
                }
            }
            match need {
                Need::ValueSets(url) => value_sets.push(url),
                Need::CodeSystems(url) => code_systems.push(url),
                Need::Concepts(key, Selection::Codes(codes)) => single.push((key, codes)),
                Need::Concepts(key, selection) => {
                    let found = rows::concepts(&self.pool, key, &selection, concepts_max).await?;
                    let (revision, concepts) = found;
                    if !self.confirmed(moment, revision) {
                        return Ok(false);
                    }
                    let concepts = Arc::new(concepts);
                    self.terminology.write(revision, |cache| {
                        cache.keep_concepts((key, selection.clone()), Arc::clone(&concepts));
                    });
                    knowledge.learn_concepts(key, selection, concepts);
                }
                Need::Count(key, condition) => {
                    let (revision, count) = count_concepts(&self.pool, key.0, &condition).await?;
                    if !self.confirmed(moment, revision) {
                        return Ok(false);
                    }
                    self.terminology.write(revision, |cache| {
                        cache.keep_count((key, condition.clone()), count);
                    });
                    knowledge.learn_count(key, condition, count);
                }
                Need::Slice(key, slice) => {
                    let (revision, concepts) = rows::slice(&self.pool, key, &slice).await?;
                    if !self.confirmed(moment, revision) {
                        return Ok(false);
                    }
                    knowledge.learn_slice(key, slice, Arc::new(concepts));
                }
            }
        }
        if !single.is_empty() && !self.learn_single(knowledge, single, moment).await? {
            return Ok(false);
        }
        if !value_sets.is_empty() {
            let mut lent = self.searches.lend().await?;
            let (revision, found) = rows::value_sets(lent.get(), &value_sets).await?;
            lent.give_back();
            if !self.confirmed(moment, revision) {
                return Ok(false);
            }
            self.learn_value_sets(knowledge, value_sets, &found, revision);
        }
        if !code_systems.is_empty() {
            let mut lent = self.searches.lend().await?;
            let (revision, found) = rows::code_systems(lent.get(), &code_systems).await?;
            lent.give_back();
            if !self.confirmed(moment, revision) {
                return Ok(false);
            }
            self.learn_code_systems(knowledge, code_systems, &found, revision);
        }
        Ok(true)
    }

    /// Fetches concepts by their codes, all in one statement.
    async fn learn_single(
        &self,
        knowledge: &mut Knowledge,
        needs: Vec<(SystemKey, Vec<Box<str>>)>,
        moment: &mut Moment,
    ) -> Result<bool> {
        let folded = |(key, codes): &(SystemKey, Vec<Box<str>>)| {
            let codes = codes.iter().map(|code| code.to_ascii_lowercase());
            codes.map(|code| (*key, code)).collect::<Vec<_>>()
        };
        let wanted: WantedCodes = needs.iter().flat_map(folded).collect();
        let FoundCodes { revision, concepts } = self.codes.ask(wanted).await?;
        if !self.confirmed(moment, revision) {
            return Ok(false);
        }
        for (key, codes) in needs {
            let wanted = codes.len();
            let lower = codes.iter().map(|code| code.to_ascii_lowercase());
            let lower: HashSet<String> = lower.collect();
            let selection = Selection::Codes(codes);
            let takes = |one: &&(SystemKey, Arc<Concept>)| {
                one.0 == key && lower.contains(&one.1.code.to_ascii_lowercase())
            };
            let list = concepts.iter().filter(takes);
            let list = list.map(|(_, concept)| Arc::clone(concept)).collect();
            let is_cut = false;
            let concepts = Arc::new(Concepts { list, is_cut });
            // What is asked for again and again; not what anybody makes up.
            if concepts.list.len() >= wanted {
                self.terminology.write(revision, |cache| {
                    cache.keep_concepts((key, selection.clone()), Arc::clone(&concepts));
                });
            }
            knowledge.learn_concepts(key, selection, concepts);
        }
        Ok(true)
    }

    /// What is remembered of questions whether codes belong to value sets, and the state it is of; the questions that are
    /// left.
    pub fn remembered_members(
        &self,
        questions: &BTreeSet<MemberQuestion>,
        moment: &mut Moment,
    ) -> (Vec<(MemberQuestion, Membership)>, BTreeSet<MemberQuestion>) {
        let cache = self.terminology.read();
        let (mut known, mut open) = (Vec::new(), BTreeSet::new());
        for question in questions {
            match cache.member(question) {
                Some(answer) => known.push((question.clone(), answer)),
                None => _ = open.insert(question.clone()),
            }
        }
        if !known.is_empty() {
            moment.revision = Some(cache.revision());
        }
        (known, open)
    }

    /// Remembers answers that were found in a state.
    pub fn keep_members(&self, answers: &[(MemberQuestion, Membership)], moment: &Moment) {
        if let Some(revision) = moment.revision {
            self.terminology.write(revision, |cache| {
                for (question, answer) in answers {
                    cache.keep_member(question.clone(), *answer);
                }
            });
        }
    }

    /// Whether what was learned from memory alone still holds.
    pub async fn confirm(&self, moment: &mut Moment) -> Result<bool> {
        if moment.is_confirmed || moment.revision.is_none() {
            return Ok(true);
        }
        let FoundCodes { revision, .. } = self.codes.ask(WantedCodes::new()).await?;
        Ok(self.confirmed(moment, revision))
    }

    /// All code systems, by URL.
    pub async fn known_systems(&self) -> Result<Vec<KnownSystem>> {
        let rows = sqlx::query(statements::LIST_KNOWN_SYSTEMS)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let system = |row: &sqlx::postgres::PgRow| {
            Ok(KnownSystem {
                url: row.try_get("url").map_err(from_sqlx)?,
                versions: row
                    .try_get::<Option<_>, _>("versions")
                    .map_err(from_sqlx)?
                    .unwrap_or_default(),
                concepts: row.try_get("concepts").map_err(from_sqlx)?,
                subsumption: row.try_get("subsumption").map_err(from_sqlx)?,
            })
        };
        rows.iter().map(system).collect()
    }

    /// Learns from memory; false where memory is of another state than what was learned before, `None` where it does
    /// not know.
    fn remembered(
        &self,
        knowledge: &mut Knowledge,
        need: &Need,
        moment: &mut Moment,
    ) -> Option<bool> {
        let cache = self.terminology.read();
        let revision = cache.teach(knowledge, need)?;
        if moment.revision.is_some_and(|known| known != revision) {
            return Some(false);
        }
        moment.revision = Some(revision);
        Some(true)
    }

    /// Whether the state the database tells of is the one that was seen before.
    fn confirmed(&self, moment: &mut Moment, revision: i64) -> bool {
        let is_same = moment.revision.is_none_or(|known| known == revision);
        *moment = Moment {
            revision: Some(revision),
            is_confirmed: true,
        };
        if !is_same {
            self.terminology.forget(revision);
        }
        is_same
    }

    fn learn_value_sets(
        &self,
        knowledge: &mut Knowledge,
        urls: Vec<Box<str>>,
        found: &[Arc<ValueSet>],
        revision: i64,
    ) {
        for url in urls {
            let is_of = |one: &&Arc<ValueSet>| one.url.as_ref() == Some(&url);
            let of_url: Vec<_> = found.iter().filter(is_of).cloned().collect();
            self.terminology.write(revision, |cache| {
                cache.keep_value_sets(url.clone(), of_url.clone());
            });
            knowledge.learn_value_sets(url, of_url);
        }
    }

    fn learn_code_systems(
        &self,
        knowledge: &mut Knowledge,
        urls: Vec<Box<str>>,
        found: &[Arc<CodeSystem>],
        revision: i64,
    ) {
        for url in urls {
            let is_of = |one: &&Arc<CodeSystem>| {
                let names = [&one.supplements, &one.value_set];
                one.url == url || names.into_iter().flatten().any(|named| named.url == url)
            };
            let of_url: Vec<_> = found.iter().filter(is_of).cloned().collect();
            self.terminology.write(revision, |cache| {
                cache.keep_code_systems(url.clone(), of_url.clone());
            });
            knowledge.learn_code_systems(url, of_url);
        }
    }
}

/// A code system that is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSystem {
    /// The canonical URL.
    pub url: String,
    /// The versions; an empty one is none.
    pub versions: Vec<String>,
    /// How many concepts are here, in all versions.
    pub concepts: i64,
    /// Whether a code below another one of it is subsumed by that, in any version.
    pub subsumption: bool,
}

/// A stored text that is no resource any more.
fn broken(what: &str) -> Error {
    Error::internal(format!("a stored {what} cannot be read"))
}
