//! A database for each test: made from a migrated template, dropped with the value.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};

use super::{AuditTrail, Store, StoreSettings, make_serve_role, migrate};
use crate::audit::{AuditKey, AuditSource, HeadFile};
use crate::testing::TempDir;

/// One for all stores of a test process: several of them may share a database.
static KEY: OnceLock<Arc<AuditKey>> = OnceLock::new();

/// Serialises the making of the template among test processes.
const TEMPLATE_LOCK: i64 = 0x7E57;

/// A migrated, empty database of one test.
pub(crate) struct TestDatabase {
    server: String,
    name: String,
    /// What stands beside it.
    directory: TempDir,
}

impl TestDatabase {
    /// `make test` starts the server that `TEST_DATABASE_URL` names; so does
    /// `cargo run -p vesta --example with_database -- cargo test`.
    pub(crate) async fn new() -> Self {
        let server = std::env::var("TEST_DATABASE_URL")
            .expect("run `make test`, or cargo run -p vesta --example with_database -- cargo test");
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut admin = PgConnection::connect(&server).await.unwrap();
        let template = template(&server, &mut admin).await;
        let create = format!("create database {name} template {template}");
        admin.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        let directory = TempDir::new("database");
        Self {
            server,
            name,
            directory,
        }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        database_url(&self.server, &self.name)
    }

    /// A store on it.
    pub(crate) async fn store(&self) -> Store {
        self.store_with(64).await
    }

    /// A store that puts at most so many requests in one statement.
    pub(crate) async fn store_with(&self, batch: usize) -> Store {
        self.store_as(batch, Duration::from_secs(60)).await
    }

    /// A store whose statements may take so long.
    pub(crate) async fn store_as(&self, batch: usize, statement_timeout: Duration) -> Store {
        let settings = settings(batch, statement_timeout);
        Store::connect(&self.url(), &settings).await.unwrap()
    }

    /// A store with an audit trail, under the role of `serve`.
    pub(crate) async fn audited_store(&self) -> Store {
        make_serve_role(&self.url()).await.unwrap();
        let url = format!("{}&options=-c%20role%3Dvesta_serve", self.url());
        let settings = StoreSettings {
            audit: Some(AuditTrail {
                source: AuditSource {
                    node: "node-1".into(),
                    site: Some("berlin".into()),
                },
                key: Arc::clone(KEY.get_or_init(|| Arc::new(AuditKey::passing().unwrap()))),
                head: Some(HeadFile::beside(&self.directory.path().join("audit.key"))),
            }),
            ..settings(64, Duration::from_secs(60))
        };
        Store::connect(&url, &settings).await.unwrap()
    }

    /// Runs a statement as the owner of the database, who may do everything.
    pub(crate) async fn execute(&self, sql: &'static str) -> Result<u64, sqlx::Error> {
        let mut owner = PgConnection::connect(&self.url()).await?;
        Ok(owner.execute(sql).await?.rows_affected())
    }

    /// A transaction that has its number, and has written nothing.
    pub(crate) async fn begun(&self) -> BegunTransaction {
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        let begin = "begin; select pg_current_xact_id()";
        connection.execute(begin).await.unwrap();
        BegunTransaction(connection)
    }

    /// The first column of what a statement finds, as text.
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        let mut owner = PgConnection::connect(&self.url()).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut owner).await.unwrap()
    }
}

fn settings(batch: usize, statement_timeout: Duration) -> StoreSettings {
    StoreSettings {
        connections: 12,
        tasks: 1,
        batch,
        acquire_timeout: Duration::from_secs(10),
        statement_timeout,
        audit: None,
    }
}

/// A transaction of another.
pub(crate) struct BegunTransaction(PgConnection);

impl BegunTransaction {
    pub(crate) async fn commit(mut self) {
        self.0.execute("commit").await.unwrap();
    }
}

fn database_url(server: &str, name: &str) -> String {
    let (path, query) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = path.rsplit_once('/').unwrap();
    format!("{host}/{name}?{query}")
}

/// The migrated template of this schema, made by whichever test comes first.
async fn template(server: &str, admin: &mut PgConnection) -> String {
    let newest = super::MIGRATIONS
        .iter()
        .flat_map(|one| one.checksum.as_ref().to_vec());
    let digest = newest.fold(0u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let name = format!("template_{digest:016x}");
    sqlx::query("select pg_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *admin)
        .await
        .unwrap();
    let exists: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(&name)
            .fetch_one(&mut *admin)
            .await
            .unwrap();
    if !exists {
        let draft = format!("draft_{}", uuid::Uuid::new_v4().simple());
        admin
            .execute(sqlx::AssertSqlSafe(format!("create database {draft}")))
            .await
            .unwrap();
        migrate(&database_url(server, &draft)).await.unwrap();
        let rename = format!("alter database {draft} rename to {name}");
        admin.execute(sqlx::AssertSqlSafe(rename)).await.unwrap();
    }
    sqlx::query("select pg_advisory_unlock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *admin)
        .await
        .unwrap();
    name
}

impl Drop for TestDatabase {
    /// The whole server goes after the tests; this keeps its disk small meanwhile.
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let drop_it = async move {
            if let Ok(mut admin) = PgConnection::connect(&server).await {
                let statement = format!("drop database if exists {name} with (force)");
                let _ = admin.execute(sqlx::AssertSqlSafe(statement)).await;
            }
        };
        let dropped = std::thread::spawn(|| {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
            {
                runtime.block_on(drop_it);
            }
        });
        let _ = dropped.join();
    }
}
