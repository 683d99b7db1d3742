//! Connecting, migrating and putting the store together.

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use super::audit::{AuditTrail, Records};
use super::combine::Combiner;
use super::cursor::CursorKey;
use super::fault::from_sqlx;
use super::identity::Tokens;
use super::judged::JudgedRows;
use super::lending::Lending;
use super::read::Reads;
use super::role::grant_serve_role;
use super::terminology::Codes;
use super::write::{Creates, Deletes, Puts};
use super::{Store, statements};
use crate::error::{Error, ErrorKind, Result};

/// All migrations, oldest first.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How the store uses its database.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Most connections at one time, those of the combining tasks included.
    pub connections: u32,
    /// Tasks that carry creates, updates and reads, each kind that many.
    pub tasks: usize,
    /// Most requests in one statement.
    pub batch: usize,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long one statement may take: the database goes on with what nobody waits for any more.
    pub statement_timeout: Duration,
    /// What the audit trail is kept with; nothing where there is none.
    pub audit: Option<AuditTrail>,
}

pub(super) fn options(url: &str) -> Result<PgConnectOptions> {
    let options: PgConnectOptions = url.parse().map_err(|fault: sqlx::Error| {
        Error::new(ErrorKind::Internal, "the database URL cannot be read").caused_by(fault)
    })?;
    Ok(options
        .application_name("vesta")
        .statement_cache_capacity(512)
        .options([
            ("timezone", "UTC"),
            ("jit", "off"),
            // Work is many small statements at one time: what a second worker would win, another request loses.
            ("max_parallel_workers_per_gather", "0"),
            // The indexes are in memory, or nothing is fast.
            ("random_page_cost", "1.1"),
            ("default_transaction_isolation", "read committed"),
        ])
        .disable_statement_logging())
}

/// Waits until the database answers, at most that long.
pub async fn wait_until_reachable(url: &str, patience: Duration) -> Result<()> {
    let options = options(url)?;
    let started = tokio::time::Instant::now();
    loop {
        match PgConnection::connect_with(&options).await {
            Ok(connection) => return connection.close().await.map_err(from_sqlx),
            Err(fault) if started.elapsed() >= patience => return Err(from_sqlx(fault)),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Brings the schema up to date. One process at a time: others wait. A schema newer than this binary is refused.
pub async fn migrate(url: &str) -> Result<()> {
    let mut connection = PgConnection::connect_with(&options(url)?)
        .await
        .map_err(from_sqlx)?;
    let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::integer")
        .fetch_one(&mut connection)
        .await
        .map_err(from_sqlx)?;
    if !(140_000..190_000).contains(&version) {
        return Err(Error::new(
            ErrorKind::Unavailable,
            "the database must be PostgreSQL 14 to 18",
        ));
    }
    let encoding: String = sqlx::query_scalar("select current_setting('server_encoding')")
        .fetch_one(&mut connection)
        .await
        .map_err(from_sqlx)?;
    if encoding != "UTF8" {
        return Err(Error::new(
            ErrorKind::Unavailable,
            "the database must be encoded in UTF8",
        ));
    }
    if is_current(&mut connection).await && !may_migrate(&mut connection).await? {
        return connection.close().await.map_err(from_sqlx);
    }
    MIGRATIONS
        .run(&mut connection)
        .await
        .map_err(|fault| match fault {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => Error::new(
                ErrorKind::Unavailable,
                "the database was migrated by a newer Vesta; start that one",
            )
            .caused_by(fault),
            MigrateError::VersionMismatch(_) => Error::new(
                ErrorKind::Unavailable,
                "the database was migrated by a different Vesta; its schema is not this one's",
            )
            .caused_by(fault),
            fault => Error::internal(fault),
        })?;
    grant_serve_role(&mut connection).await?;
    connection.close().await.map_err(from_sqlx)
}

/// Whether the schema is this binary's. Where there is none, it is not.
async fn is_current(connection: impl sqlx::PgExecutor<'_>) -> bool {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
    let applied = sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
        .fetch_one(connection)
        .await;
    matches!(applied, Ok(applied) if newest == applied)
}

/// Whether this role may change the schema; that of `serve` need not.
async fn may_migrate(connection: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar(statements::MAY_MIGRATE)
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)
}

/// How many connections each of the tasks that combine requests takes: one for creates, puts, deletes, reads, rows that are
/// judged before they are written, tokens and codes, and one for records where there is an audit trail.
fn connections_of_a_task(is_audited: bool) -> u32 {
    7 + u32::from(is_audited)
}

/// Connections, by how their statements are planned.
struct Pools {
    general: PgPool,
    searches: PgPool,
    fixed: PgPool,
    terminology: PgPool,
    health: PgPool,
}

impl Store {
    /// Connects to a migrated database and starts the combining tasks.
    pub async fn connect(url: &str, settings: &StoreSettings) -> Result<Self> {
        let pool = |connections: u32, own: &[(&str, &str)]| {
            let timeout = format!("{}ms", settings.statement_timeout.as_millis());
            let options = options(url)?
                .options([("statement_timeout", &timeout)])
                .options(own.iter().copied());
            Ok::<_, Error>(
                PgPoolOptions::new()
                    .max_connections(connections.max(1))
                    .acquire_timeout(settings.acquire_timeout)
                    .test_before_acquire(false)
                    .connect_lazy_with(options),
            )
        };
        let tasks = u32::try_from(settings.tasks).unwrap_or(u32::MAX);
        // All but those of codes have connections of one pool.
        let all = tasks.saturating_mul(connections_of_a_task(settings.audit.is_some()));
        let carriers = all.saturating_sub(tasks);
        let others = settings.connections.saturating_sub(all);
        // A table is never looked through while an index can name its rows: estimates that a plan without values rests on
        // are guesses.
        let by_index = [
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            // Every row is looked up once: there is nothing to remember.
            ("enable_memoize", "off"),
            // The references of a chain are hashed, whatever the server is set to.
            ("work_mem", "16MB"),
        ];
        // Transactions and lists plan with their values at hand; searches are fenced, and the few fixed statements never
        // need to.
        let pools = Pools {
            general: pool(others / 2, &[("plan_cache_mode", "force_custom_plan")])?,
            searches: pool(others - others / 2, &by_index)?,
            terminology: pool(tasks, &by_index)?,
            fixed: pool(carriers, &[("plan_cache_mode", "force_generic_plan")])?,
            health: pool(1, &[])?,
        };
        Self::with_pools(pools, settings).await
    }

    async fn with_pools(pools: Pools, settings: &StoreSettings) -> Result<Self> {
        let fixed = &pools.fixed;
        let key: String = sqlx::query_scalar(statements::READ_SETTING)
            .bind("cursor_key")
            .fetch_one(&pools.general)
            .await
            .map_err(from_sqlx)?;
        let (tasks, batch) = (settings.tasks, settings.batch);
        Ok(Self {
            cursor_key: Arc::new(CursorKey::new(&key)),
            published: Arc::default(),
            terminology: Arc::default(),
            creates: Combiner::start(fixed, tasks, batch, Creates),
            puts: Combiner::start(fixed, tasks, batch, Puts),
            deletes: Combiner::start(fixed, tasks, batch, Deletes),
            reads: Combiner::start(fixed, tasks, batch, Reads),
            judged: Combiner::start(fixed, tasks, batch, JudgedRows),
            tokens: Combiner::start(fixed, tasks, batch, Tokens),
            records: Combiner::start(fixed, tasks, batch, Records),
            audit: settings.audit.clone().map(Arc::new),
            beside: None,
            codes: Combiner::start(&pools.terminology, tasks, batch, Codes),
            pool: pools.general,
            searches: Lending::of(pools.searches),
            searching: Arc::default(),
            health: pools.health,
        })
    }

    /// Whether the database answers and its schema is this binary's.
    pub async fn is_ready(&self) -> bool {
        is_current(&self.health).await
    }

    /// Whether no resource was ever stored.
    pub async fn is_empty(&self) -> Result<bool> {
        sqlx::query_scalar(statements::IS_EMPTY)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// Ends the connections; what is under way is finished first.
    pub async fn close(&self) {
        self.pool.close().await;
        self.searches.close().await;
        self.health.close().await;
    }
}
