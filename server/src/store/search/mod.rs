//! Plans become SQL (<https://hl7.org/fhir/R4/search.html>, ADR 0013). The only place where statements are put together
//! at run time; every value is bound.
//!
//! Estimates decide the way: from the rows that an index names ([`value_first`]), or along the order ([`walk`]). Either
//! gives up where it has looked at too much, and all give the same page. Statements are fenced so that their plans do not
//! depend on values: they are planned once for each connection.

mod by_number;
mod concepts;
mod conditions;
mod confined;
mod count;
mod elements;
mod estimate;
mod explain;
mod grams;
mod lead_rows;
mod leads;
mod listed;
mod newest;
mod order;
mod parts;
mod path;
mod periods;
mod place;
mod quantities;
mod ranges;
mod recent;
mod sets;
mod slots;
mod statement;
mod statistics;
#[cfg(test)]
mod tests;
mod value_first;
mod walk;
mod within;
mod words;

use fhir::ids::ResourceKey;
use fhir::search::plan::{Clause, Plan, SortKey};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::cursor::CursorKey;
use super::fault::from_sqlx;
use super::page::BYTES_MAX;
use super::read::stored_version_from;
use super::{Store, StoredVersion, Transaction};
use crate::error::{Error, Result};
use estimate::Estimator;
use leads::{flat, left_after};
use listed::Listed;
use order::Direction;
use path::{Attempt, Path, Tuning, Way};
use place::Place;
use recent::Recent;
use sets::Sets;
use statement::Statement;
use statistics::{Known, Statistics};
use value_first::ValueFirst;
use walk::{Part, Walk};

pub(super) use concepts::{count_concepts, list_slice};
pub(super) use confined::ConfinedPlan;
pub(super) use count::count_matches;
pub(super) use explain::explain;
pub use explain::{ExplainedStatement, Explanation};
pub(super) use slots::{RowFilter, Slotted, arguments};

/// One page of matches.
#[derive(Debug, Default)]
pub struct SearchPage {
    /// The matches, in order.
    pub matches: Vec<StoredVersion>,
    /// The score of each match, a decimal from 0 to 1, where the order is by `_score`.
    pub scores: Vec<String>,
    /// The cursor of the next page, where there is one.
    pub next: Option<String>,
    /// The cursor of the page before, where there is one.
    pub previous: Option<String>,
    /// The place of each match: where another page may begin ([`super::Source::cursor_behind`]).
    pub places: Vec<MatchPlace>,
}

/// The place of one match in an order without keys: newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchPlace(pub i64);

/// The cursor of the page behind a place, in a search without `_sort`.
pub(super) fn seal_behind(
    cursor_key: &CursorKey,
    scope: &str,
    plan: &Plan,
    place: MatchPlace,
) -> Result<String> {
    let place = Place {
        keys: Vec::new(),
        rid: place.0,
        is_back: false,
    };
    cursor_key.seal(&purpose(scope, plan), &place.write()?)
}

/// What searches know and are bound by.
#[derive(Debug, Default)]
pub(super) struct Searching {
    known: Known,
    tuning: Tuning,
}

impl Searching {
    /// Reads statistics where no job has. A search does without them where that fails.
    pub(super) async fn refresh(&self, connection: &mut PgConnection, now: Timestamp) {
        if self.known.is_due(now)
            && let Ok(statistics) = statistics::read(connection).await
        {
            self.known.set(statistics, now);
        }
    }

    /// Reads statistics that are not new.
    pub(super) async fn read(&self, connection: &mut PgConnection, now: Timestamp) -> Result<()> {
        let rows = statistics::rows(connection).await?;
        if self.known.is_new(now, rows) {
            return Ok(());
        }
        let statistics = statistics::read(connection).await?;
        self.known.set(statistics, now);
        Ok(())
    }
}

impl Store {
    /// Reads what searches go by of the stored values, what is rare and what is frequent, where that is old, or of other
    /// numbers of rows.
    pub async fn read_statistics(&self, now: Timestamp) -> Result<()> {
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        self.searching.read(&mut connection, now).await
    }
}

/// A page that is asked for.
pub(super) struct PageRequest<'a> {
    pub(super) plan: &'a ConfinedPlan<'a>,
    pub(super) count: u32,
    /// Binds page links to the request they were made for.
    pub(super) scope: &'a str,
    pub(super) cursor: Option<&'a str>,
}

/// One page of the resources a plan matches.
pub(super) async fn find_page(
    connection: &mut PgConnection,
    searching: &Searching,
    cursor_key: &CursorKey,
    request: &PageRequest<'_>,
) -> Result<SearchPage> {
    let plan = request.plan.plan();
    let purpose = purpose(request.scope, plan);
    let place = request
        .cursor
        .map(|link| Place::read(&cursor_key.open(&purpose, link)?, plan.sort.len()))
        .transpose()?;
    let count = request.count as usize;
    let statistics = searching.known.current();
    let search = Search::of(plan, &statistics, place.as_ref(), count, Content::Whole);
    let mut rows = search.rows(connection, &searching.tuning).await?;
    let direction = Direction::of(place.as_ref());
    if direction == Direction::Back {
        rows.found.reverse();
    }
    let seal = |found: Option<&Found>, is_back: bool| {
        let place = found.map(|found| Place {
            is_back,
            ..found.place.clone()
        });
        place
            .map(|place| cursor_key.seal(&purpose, &place.write()?))
            .transpose()
    };
    let (has_next, has_previous) = match direction {
        Direction::Forward => (rows.has_more, place.is_some()),
        Direction::Back => (true, rows.has_more),
    };
    let by_score = plan.sort.iter().position(|sort| sort.key == SortKey::Score);
    let score = |found: &Found| by_score.and_then(|n| found.place.keys.get(n)?.clone());
    Ok(SearchPage {
        scores: rows.found.iter().filter_map(score).collect(),
        next: seal(rows.found.last().filter(|_| has_next), false)?,
        previous: seal(rows.found.first().filter(|_| has_previous), true)?,
        places: rows
            .found
            .iter()
            .map(|one| MatchPlace(one.place.rid))
            .collect(),
        matches: rows.found.into_iter().map(|found| found.version).collect(),
    })
}

/// A link is good for one search only. The parameters say which, not what they mean now: `ap` moves with the clock.
pub(super) fn purpose(scope: &str, plan: &Plan) -> String {
    let is_answer = |name: &str| matches!(name, "_count" | "_total" | "_summary" | "_elements");
    let criteria: Vec<_> = plan
        .understood
        .iter()
        .filter(|(name, _)| !is_answer(name))
        .collect();
    format!("search {scope} {criteria:?} {:?}", plan.sort)
}

/// A match and its place in the order.
struct Found {
    place: Place,
    version: StoredVersion,
}

/// What is read of each match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Whole,
    /// Its key is enough.
    Nothing,
}

/// What a way has led to.
#[derive(Default)]
struct Rows {
    found: Vec<Found>,
    has_more: bool,
    /// The way was given up.
    is_uncertain: bool,
}

/// A search for some matches.
struct Search<'a> {
    plan: &'a Plan,
    clauses: Vec<&'a Clause>,
    estimator: Estimator<'a>,
    place: Option<&'a Place>,
    count: usize,
    content: Content,
}

impl<'a> Search<'a> {
    fn of(
        plan: &'a Plan,
        statistics: &'a Statistics,
        place: Option<&'a Place>,
        count: usize,
        content: Content,
    ) -> Self {
        Self {
            plan,
            clauses: flat(&plan.clauses),
            estimator: Estimator::new(statistics),
            place,
            count,
            content,
        }
    }

    /// Matches on a page.
    fn matches(&self) -> i64 {
        i64::try_from(self.count).unwrap_or(i64::MAX)
    }

    /// One more than asked for tells whether there are more.
    fn limit(&self) -> i64 {
        self.matches().saturating_add(1)
    }

    fn path(&self, tuning: &Tuning) -> Path<'a> {
        Path::choose(
            &self.estimator,
            self.plan,
            &self.clauses,
            tuning,
            self.limit(),
        )
    }

    /// Matches behind the place, in the way's order: by the first way that is certain.
    async fn rows(&self, connection: &mut PgConnection, tuning: &Tuning) -> Result<Rows> {
        let path = self.path(tuning);
        for attempt in &path.attempts {
            let mut rows = Rows::default();
            for mut statement in self.statements(&path, *attempt, tuning.set_max, Statement::new) {
                self.read(connection, &mut statement, &mut rows).await?;
                if rows.has_more || rows.is_uncertain {
                    break;
                }
            }
            if !rows.is_uncertain {
                return Ok(rows);
            }
        }
        Err(Error::internal("no way of a search was certain"))
    }

    /// The statements of one way, to be run one after the other until the page is full.
    fn statements(
        &self,
        path: &Path<'a>,
        attempt: Attempt,
        set_max: i64,
        begin: fn() -> Statement,
    ) -> Vec<Statement> {
        let parts: &[Part] = match attempt.way {
            Way::ValueFirst | Way::Recent | Way::Listed => &[Part::With],
            Way::Walk => walk::parts(&self.plan.sort, self.place),
        };
        let one = |(n, part): (usize, &Part)| {
            let mut statement = begin();
            if let Some(rows) = attempt.rows {
                let estimator = self.estimator;
                let asked = self.asked(path, attempt.way);
                Sets { estimator, set_max }.push(&mut statement, &asked, rows);
            }
            let page = match attempt.way {
                Way::ValueFirst => ValueFirst {
                    plan: self.plan,
                    estimator: self.estimator,
                    clauses: &self.clauses,
                    lead: &path.choice.lead,
                    place: self.place,
                    cap: attempt.cap,
                }
                .push_page(&mut statement, self.limit()),
                Way::Recent => Recent {
                    plan: self.plan,
                    clauses: &self.clauses,
                    lead: &path.choice.lead,
                    place: self.place,
                    span: attempt.cap.unwrap_or(i64::MAX),
                }
                .push_page(&mut statement, self.limit()),
                Way::Listed => Listed {
                    plan: self.plan,
                    clauses: &self.clauses,
                    lead: path.listed,
                    place: self.place,
                    cap: attempt.cap,
                }
                .push_page(&mut statement, self.limit()),
                Way::Walk => Walk {
                    plan: self.plan,
                    clauses: &self.clauses,
                    part: *part,
                    direction: Direction::of(self.place),
                    place: self.place.filter(|_| n == 0),
                    cap: attempt.cap,
                }
                .push_page(&mut statement, self.limit()),
            };
            let keys = self.plan.sort.len();
            push_contents(&mut statement, &page, keys, self.matches(), self.content);
            statement
        };
        parts.iter().enumerate().map(one).collect()
    }

    /// The clauses that rows are asked by, once what leads to them has been followed.
    fn asked(&self, path: &Path<'a>, way: Way) -> Vec<&'a Clause> {
        match way {
            Way::ValueFirst => {
                let (cheap, costly) = left_after(&self.clauses, &path.choice.lead);
                cheap.into_iter().chain(costly).collect()
            }
            Way::Recent | Way::Listed | Way::Walk => self.clauses.clone(),
        }
    }

    async fn read(
        &self,
        connection: &mut PgConnection,
        statement: &mut Statement,
        rows: &mut Rows,
    ) -> Result<()> {
        let mut bytes: usize = 0;
        let mut behind: Option<bool> = None;
        let mut stream = statement.build().fetch(connection);
        while let Some(row) = stream.try_next().await.map_err(from_sqlx)? {
            // Read to its end, the connection is free for the next search.
            if rows.has_more {
                continue;
            }
            let was_cut: bool = row.try_get(WAS_CUT).map_err(from_sqlx)?;
            let is_end: Option<bool> = row.try_get(IS_END).map_err(from_sqlx)?;
            rows.is_uncertain |= was_cut || is_end == Some(true);
            if rows.is_uncertain || is_end.is_none() {
                break;
            }
            behind = row.try_get(BEHIND).map_err(from_sqlx)?;
            let one = found(&row, self.plan.sort.len())?;
            bytes += one
                .version
                .content
                .as_ref()
                .map_or(0, |content| content.len());
            if rows.found.len() == self.count || (bytes > BYTES_MAX && !rows.found.is_empty()) {
                rows.has_more = true;
                continue;
            }
            rows.found.push(one);
        }
        if rows.found.len() == self.count && !rows.has_more {
            rows.has_more = behind == Some(false);
            rows.is_uncertain |= behind == Some(true);
        }
        Ok(())
    }
}

/// Columns of a page: by their place, for a name is looked up in each row anew. Behind the sort values comes the version.
const WAS_CUT: usize = 0;
/// Whether the way ended right behind the page; null where nothing is behind it.
const BEHIND: usize = 1;
const RID: usize = 2;
const IS_END: usize = 3;
const KEYS: usize = 4;

/// Only the rows of the page are read in full. The fence makes that a loop over them, in their order.
fn push_contents(statement: &mut Statement, page: &str, keys: usize, count: i64, content: Content) {
    let content = match content {
        Content::Whole => "coalesce(r.exact, r.json::text)",
        Content::Nothing => "null::text",
    };
    let was_cut = if statement.is_capped() {
        "f.was_cut"
    } else {
        "false as was_cut"
    };
    statement
        .push(format!(
            " select {was_cut}, (select q.is_end from {page} q offset "
        ))
        .integer(count)
        .push(" limit 1) as behind, p.rid, p.is_end");
    for n in 0..keys {
        statement.push(format!(", p.k{n}::text as k{n}"));
    }
    statement
        .push(", r.resource_type, r.id, r.version_id, r.last_updated, r.method, r.content from ");
    if statement.is_capped() {
        statement.push("(select ");
        statement.push_was_cut();
        statement.push(" as was_cut) f left join ");
    }
    statement
        .push(format!("(select * from {page} limit "))
        .integer(count)
        .push(") p ");
    if statement.is_capped() {
        statement.push("on true ");
    }
    statement.push(format!(
        "left join lateral (select r.resource_type, r.id, r.version_id, \
         r.last_updated, r.method, {content} as content from resource r where r.rid = p.rid offset 0) r on true"
    ));
}

fn found(row: &PgRow, keys: usize) -> Result<Found> {
    let first = KEYS + keys;
    let keys = (KEYS..first)
        .map(|column| row.try_get(column).map_err(from_sqlx))
        .collect::<Result<_>>()?;
    Ok(Found {
        place: Place {
            keys,
            rid: row.try_get(RID).map_err(from_sqlx)?,
            is_back: false,
        },
        version: stored_version_from(row, first)?,
    })
}

impl Transaction {
    /// The keys of at most `limit` resources that a plan matches now.
    pub async fn matches(&mut self, plan: &Plan, limit: u32) -> Result<Vec<ResourceKey>> {
        let searching = self.searching();
        let plan = Plan {
            sort: Vec::new(),
            ..plan.clone()
        };
        let confined = ConfinedPlan::of(self.access(), &plan);
        let plan = confined.plan();
        let statistics = searching.known.current();
        let search = Search::of(plan, &statistics, None, limit as usize, Content::Nothing);
        let rows = search.rows(self.connection(), &searching.tuning).await?;
        Ok(rows.found.into_iter().map(|one| one.version.key).collect())
    }
}
