//! Where a reading interaction looks: at what is committed, or at what its own transaction has made.

use std::sync::Arc;

use fhir::ids::{ResourceKey, VersionId};
use fhir::search::plan::{Include, Plan};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool};

use super::cursor::CursorKey;
use super::fault::{STALE_MAX, from_sqlx, is_stale};
use super::history::list_versions;
use super::include::{Gathering, Round, read_round};
use super::lending::Lent;
use super::read::{read_resources, read_version};
use super::search::{
    ConfinedPlan, PageRequest, RowFilter, Searching, count_matches, explain, find_page, purpose,
    seal_behind,
};
use super::{
    Explanation, HistoryFilter, HistoryPage, HistoryScope, MatchPlace, SearchPage, Store,
    StoredVersion, Transaction,
};
use crate::auth::Permission;
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::Result;

/// Looks at what is committed over one connection after the other, as long as they lead nowhere: those of a pool do after
/// a restart of the database. Within a transaction there is only one.
macro_rules! over_a_living_connection {
    ($source:ident, $kind:ident, $connection:ident => $look:expr) => {{
        let mut tries = 0;
        loop {
            let result = {
                let mut held = $source.$kind().await?;
                let $connection = held.get();
                let result = $look.await;
                if result.is_ok() {
                    held.give_back();
                }
                result
            };
            match result {
                Err(error) if $source.is_committed() && is_stale(&error) && tries < STALE_MAX => {
                    tries += 1
                }
                other => break other,
            }
        }
    }};
}

/// Reads for one interaction.
#[derive(Debug)]
pub enum Source<'a> {
    /// What is committed.
    Committed(&'a Store),
    /// What is committed and what this transaction has written.
    Within(&'a Store, &'a mut Transaction),
}

impl Source<'_> {
    /// The current version; `None` where there never was such a resource, or it may not be read.
    pub async fn read(
        &mut self,
        cx: &RequestContext,
        key: &ResourceKey,
    ) -> Result<Option<StoredVersion>> {
        match self {
            Self::Committed(store) => store.read_current(cx, key).await,
            Self::Within(_, tx) => {
                let filter = RowFilter::of(&cx.access, Permission::Read, &[key.resource_type]);
                let keys = std::slice::from_ref(key);
                let found = read_resources(tx.connection(), keys, &filter).await?;
                Ok(found.into_iter().next().flatten())
            }
        }
    }

    /// One version, current or past; `None` where there is none of that number, or it may not be read.
    pub async fn read_version(
        &mut self,
        cx: &RequestContext,
        definitions: &Definitions,
        key: &ResourceKey,
        version: VersionId,
    ) -> Result<Option<StoredVersion>> {
        over_a_living_connection!(self, connection, connection => read_version(cx, definitions, connection, key, version))
    }

    /// Versions of one resource, of one type, or of all, newest first.
    pub async fn history(
        &mut self,
        cx: &RequestContext,
        definitions: &Definitions,
        scope: &HistoryScope,
        filter: &HistoryFilter,
    ) -> Result<HistoryPage> {
        let cursor_key = self.store().cursor_key.clone();
        over_a_living_connection!(self, connection, connection => list_versions(cx, definitions, connection, &cursor_key, scope, filter))
    }

    /// One page of the resources a plan matches; `scope` binds page links to the request they were made for.
    pub async fn search(
        &mut self,
        cx: &RequestContext,
        plan: &Plan,
        count: u32,
        scope: &str,
        cursor: Option<&str>,
    ) -> Result<SearchPage> {
        let confined = ConfinedPlan::of(&cx.access, plan);
        let request = PageRequest {
            plan: &confined,
            count,
            scope,
            cursor,
        };
        let (cursor_key, searching) = self.searching();
        over_a_living_connection!(self, search_connection, connection => async {
            searching.refresh(connection, cx.now).await;
            find_page(connection, &searching, &cursor_key, &request).await
        })
    }

    /// What includes add to the matches of a page, each resource once; too many are an error.
    pub async fn included(
        &mut self,
        cx: &RequestContext,
        definitions: &Definitions,
        includes: &[Include],
        matches: &[StoredVersion],
    ) -> Result<Vec<StoredVersion>> {
        if includes.is_empty() {
            return Ok(Vec::new());
        }
        let mut gathering = Gathering::new(cx, definitions, includes, matches);
        while let Some(round) = gathering.round()? {
            let read = over_a_living_connection!(self, search_connection, connection => read_round(cx, connection, &round))?;
            gathering.take(read)?;
        }
        Ok(gathering.finish())
    }

    /// The current versions of some resources, in the order of their keys; what is missing or deleted is passed over.
    pub async fn current(
        &mut self,
        cx: &RequestContext,
        keys: Vec<ResourceKey>,
    ) -> Result<Vec<StoredVersion>> {
        let round = Round::of_keys(cx, keys)?;
        let read = over_a_living_connection!(self, search_connection, connection => read_round(cx, connection, &round))?;
        read.whole(cx)
    }

    /// How many resources a plan matches.
    pub async fn count(&mut self, cx: &RequestContext, plan: &Plan) -> Result<u64> {
        let plan = ConfinedPlan::of(&cx.access, plan);
        let (_, searching) = self.searching();
        over_a_living_connection!(self, search_connection, connection => async {
            searching.refresh(connection, cx.now).await;
            count_matches(connection, &searching, &plan).await
        })
    }

    /// How a plan's first page is found: the statements, which are run, and what the database says of them.
    pub async fn explain(
        &mut self,
        cx: &RequestContext,
        plan: &Plan,
        count: u32,
    ) -> Result<Explanation> {
        let plan = ConfinedPlan::of(&cx.access, plan);
        let (_, searching) = self.searching();
        over_a_living_connection!(self, search_connection, connection => async {
            searching.refresh(connection, cx.now).await;
            explain(connection, &searching, &plan, count).await
        })
    }

    /// The cursor of the page that begins behind a match of a search without `_sort`.
    pub fn cursor_behind(&self, plan: &Plan, scope: &str, place: MatchPlace) -> Result<String> {
        seal_behind(&self.store().cursor_key, scope, plan, place)
    }

    /// The cursor of a place that is not the store's own, for a search alone.
    pub fn seal(&self, plan: &Plan, scope: &str, place: &str) -> Result<String> {
        let purpose = format!("within {}", purpose(scope, plan));
        self.store().cursor_key.seal(&purpose, place)
    }

    /// Reads such a place back; a cursor that was changed, or made for another search, is refused.
    pub fn open(&self, plan: &Plan, scope: &str, cursor: &str) -> Result<String> {
        let purpose = format!("within {}", purpose(scope, plan));
        self.store().cursor_key.open(&purpose, cursor)
    }

    fn searching(&self) -> (Arc<CursorKey>, Arc<Searching>) {
        let store = self.store();
        (store.cursor_key.clone(), store.searching.clone())
    }

    fn is_committed(&self) -> bool {
        matches!(self, Self::Committed(_))
    }

    fn store(&self) -> &Store {
        match self {
            Self::Committed(store) | Self::Within(store, _) => store,
        }
    }

    async fn connection(&mut self) -> Result<Held<'_>> {
        match self {
            Self::Committed(store) => Held::of(&store.pool).await,
            Self::Within(_, tx) => Ok(Held::Transaction(tx.connection())),
        }
    }

    async fn search_connection(&mut self) -> Result<Held<'_>> {
        match self {
            Self::Committed(store) => Ok(Held::Lent(store.searches.lend().await?)),
            Self::Within(_, tx) => Ok(Held::Transaction(tx.connection())),
        }
    }
}

/// A connection of a pool or of the transaction.
enum Held<'a> {
    Pooled(PoolConnection<sqlx::Postgres>),
    Lent(Lent),
    Transaction(&'a mut PgConnection),
}

impl Held<'_> {
    async fn of(pool: &PgPool) -> Result<Self> {
        Ok(Self::Pooled(pool.acquire().await.map_err(from_sqlx)?))
    }

    fn get(&mut self) -> &mut PgConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::Lent(lent) => lent.get(),
            Self::Transaction(connection) => connection,
        }
    }

    fn give_back(self) {
        if let Self::Lent(lent) = self {
            lent.give_back();
        }
    }
}
