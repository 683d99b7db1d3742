//! Connections that are lent for one look after the other.
//!
//! A pool asks each connection that comes back whether it still answers, in a task of its own: another round trip for each
//! search. Here a connection that has just answered is kept for whoever comes next. It goes back to the pool where something
//! went wrong, where nobody waited for the answer, and from time to time, so that the pool goes on replacing old ones.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::fault::from_sqlx;
use crate::error::Result;

/// How long a connection is kept before the pool sees it again.
const KEPT_MAX: Duration = Duration::from_secs(60);

/// A pool and those of its connections that wait for the next look. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Lending {
    pool: PgPool,
    /// As many as there may be connections: whoever has one never waits for the pool.
    places: Arc<Semaphore>,
    kept: Arc<Mutex<Kept>>,
    patience: Duration,
}

/// Those kept, the last one given back at the end; nothing once the pool is to be closed.
type Kept = Option<Vec<Connection>>;

#[derive(Debug)]
struct Connection {
    connection: PoolConnection<Postgres>,
    /// When the pool gave it away.
    since: Instant,
}

/// A connection for one look. Dropped, it goes back to the pool.
#[derive(Debug)]
pub(super) struct Lent {
    connection: Connection,
    kept: Arc<Mutex<Kept>>,
    _place: OwnedSemaphorePermit,
}

impl Lending {
    /// Lends the connections of a pool of which nobody else takes any.
    pub(super) fn of(pool: PgPool) -> Self {
        let options = pool.options();
        let places = usize::try_from(options.get_max_connections()).unwrap_or(usize::MAX);
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            kept: Arc::new(Mutex::new(Some(Vec::new()))),
            patience: options.get_acquire_timeout(),
            pool,
        }
    }

    /// A connection that nobody else has meanwhile.
    pub(super) async fn lend(&self) -> Result<Lent> {
        let place = timeout(self.patience, Arc::clone(&self.places).acquire_owned())
            .await
            .map_err(|_| from_sqlx(sqlx::Error::PoolTimedOut))?
            .map_err(|_| from_sqlx(sqlx::Error::PoolClosed))?;
        let kept = lock(&self.kept).as_mut().and_then(Vec::pop);
        let connection = match kept {
            Some(connection) => connection,
            None => Connection {
                connection: self.pool.acquire().await.map_err(from_sqlx)?,
                since: Instant::now(),
            },
        };
        Ok(Lent {
            connection,
            kept: Arc::clone(&self.kept),
            _place: place,
        })
    }

    /// Ends the connections; what is under way is finished first.
    pub(super) async fn close(&self) {
        self.places.close();
        drop(lock(&self.kept).take());
        self.pool.close().await;
    }
}

impl Lent {
    /// The connection.
    pub(super) fn get(&mut self) -> &mut PgConnection {
        &mut self.connection.connection
    }

    /// Gives it back after a look that was answered to its end.
    pub(super) fn give_back(self) {
        let is_young = |one: &Connection| one.since.elapsed() < KEPT_MAX;
        // Those that are too old are dropped outside of the lock.
        let mut old = Vec::new();
        if let Some(kept) = lock(&self.kept).as_mut() {
            old = kept.extract_if(.., |one| !is_young(one)).collect();
            if is_young(&self.connection) {
                kept.push(self.connection);
            }
        }
        drop(old);
    }
}

fn lock(kept: &Mutex<Kept>) -> std::sync::MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::PgPoolOptions;

    use super::*;
    use crate::store::testing::TestDatabase;

    async fn lending(database: &TestDatabase, connections: u32) -> Lending {
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            .connect(&database.url())
            .await
            .unwrap();
        Lending::of(pool)
    }

    /// The process of the database behind a connection.
    async fn process(lent: &mut Lent) -> i32 {
        sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(lent.get())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn what_is_given_back_is_lent_again_at_once() {
        let database = TestDatabase::new().await;
        let lending = lending(&database, 2).await;
        let mut first = lending.lend().await.unwrap();
        let pid = process(&mut first).await;
        first.give_back();
        assert_eq!(lending.pool.num_idle(), 0);
        let mut again = lending.lend().await.unwrap();
        assert_eq!(process(&mut again).await, pid);
        // All are lent: the next waits for one to come back, not for the pool.
        let other = lending.lend().await.unwrap();
        let (third, ()) = tokio::join!(lending.lend(), async { other.give_back() });
        third.unwrap().give_back();
        again.give_back();
        lending.close().await;
        assert!(lending.lend().await.is_err());
    }

    #[tokio::test]
    async fn what_is_dropped_goes_back_to_the_pool_and_is_not_met_half_read() {
        let database = TestDatabase::new().await;
        let lending = lending(&database, 1).await;
        let mut lent = lending.lend().await.unwrap();
        let asked = sqlx::query("select pg_sleep(20)").execute(lent.get());
        assert!(timeout(Duration::from_millis(50), asked).await.is_err());
        let kept = Arc::clone(&lending.kept);
        drop(lent);
        assert!(lock(&kept).as_ref().is_some_and(Vec::is_empty));
    }

    #[tokio::test]
    async fn what_comes_back_after_the_end_is_closed() {
        let database = TestDatabase::new().await;
        let lending = lending(&database, 1).await;
        let lent = lending.lend().await.unwrap();
        let closing = lending.clone();
        let (..) = tokio::join!(closing.close(), async {
            tokio::task::yield_now().await;
            lent.give_back();
        });
        assert_eq!(lending.pool.size(), 0);
    }
}
