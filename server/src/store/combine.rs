//! Requests of one kind that have queued are carried to the database as one statement with one commit
//! (server/decisions/0007-combined-statements.md). A flush begins when the previous one returns, never on a timer: a lone
//! request goes at once, and under load each commit serves many.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;

use super::fault::{STALE_MAX, from_sqlx, is_disconnect, is_retryable, unknown_outcome};
use crate::error::{Error, ErrorKind, Result};

/// A queue of requests that wait for a place in the next statement. Cheap to clone.
pub(super) struct Combiner<Request, Answer> {
    queue: mpsc::Sender<Queued<Request, Answer>>,
}

impl<Request, Answer> Clone for Combiner<Request, Answer> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
        }
    }
}

struct Queued<Request, Answer> {
    request: Request,
    answer: oneshot::Sender<Result<Answer>>,
}

/// How one kind of request becomes a statement.
pub(super) trait Batch: Send + Sync + 'static {
    /// What is asked.
    type Request: Send + Sync + 'static;
    /// What is answered.
    type Answer: Send + 'static;

    /// Whether a request that met a lost connection may simply be asked again.
    const REPEATABLE: bool;

    /// How many of the first requests may share a statement, at least one.
    fn fitting(requests: &[Self::Request]) -> usize;

    /// Runs the requests as one statement and answers each in its place. `Err` means nothing at all was done.
    fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[Self::Request],
    ) -> impl Future<Output = Result<Vec<Result<Self::Answer>>>> + Send;
}

impl<Request: Send + Sync + 'static, Answer: Send + 'static> Combiner<Request, Answer> {
    /// Starts `tasks` tasks, each with a connection of its own, that take up to `most` requests at a time. They end when
    /// the last clone of the combiner is dropped.
    pub(super) fn start<B>(pool: &PgPool, tasks: usize, most: usize, batch: B) -> Self
    where
        B: Batch<Request = Request, Answer = Answer>,
    {
        let (queue, receiver) = mpsc::channel(QUEUE_LENGTH);
        let receiver = Arc::new(Mutex::new(receiver));
        let batch = Arc::new(batch);
        for _ in 0..tasks.max(1) {
            let carrier = Carrier {
                pool: pool.clone(),
                receiver: Arc::clone(&receiver),
                batch: Arc::clone(&batch),
                most,
            };
            tokio::spawn(carrier.carry());
        }
        Self { queue }
    }

    /// Waits for a place in a statement and for its commit.
    pub(super) async fn ask(&self, request: Request) -> Result<Answer> {
        let (answer, wait) = oneshot::channel();
        let gone = |_| Error::new(ErrorKind::Unavailable, "the server is shutting down");
        self.queue
            .send(Queued { request, answer })
            .await
            .map_err(|_| gone(()))?;
        wait.await.map_err(|_| gone(()))?
    }
}

/// Requests that may wait before further ones wait at the door.
const QUEUE_LENGTH: usize = 4096;

/// Where the requests of one kind come from.
type Queue<B> = mpsc::Receiver<Queued<<B as Batch>::Request, <B as Batch>::Answer>>;

struct Carrier<B: Batch> {
    pool: PgPool,
    receiver: Arc<Mutex<Queue<B>>>,
    batch: Arc<B>,
    most: usize,
}

impl<B: Batch> Carrier<B> {
    async fn carry(self) {
        let mut connection = None;
        loop {
            let mut queued = Vec::with_capacity(self.most);
            if self
                .receiver
                .lock()
                .await
                .recv_many(&mut queued, self.most)
                .await
                == 0
            {
                return;
            }
            // Nobody waits for these any more: their time is over, or their client has gone.
            queued.retain(|one| !one.answer.is_closed());
            let (requests, answers): (Vec<_>, Vec<_>) = queued
                .into_iter()
                .map(|one| (one.request, one.answer))
                .unzip();
            let mut answers = answers.into_iter();
            let mut rest = requests.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(B::fitting(rest).clamp(1, rest.len()));
                rest = later;
                for (answer, result) in answers
                    .by_ref()
                    .take(now.len())
                    .zip(self.flush(&mut connection, now).await)
                {
                    // The asker may have gone; what was done stays done.
                    let _ = answer.send(result);
                }
            }
        }
    }

    /// One statement for all; if that fails as a whole, one statement for each, so that a bad one fails alone.
    async fn flush(
        &self,
        connection: &mut Connection,
        requests: &[B::Request],
    ) -> Vec<Result<B::Answer>> {
        match self.attempt(connection, requests).await {
            Ok(results) => results,
            Err(Failure::Unknown(cause)) => {
                tracing::warn!(%cause, requests = requests.len(), "the database was lost during a statement");
                requests.iter().map(|_| Err(unknown_outcome())).collect()
            }
            Err(Failure::Nothing(error)) if requests.len() == 1 => vec![Err(error)],
            Err(Failure::Nothing(_)) => {
                let mut results = Vec::with_capacity(requests.len());
                for request in requests {
                    let alone = self
                        .attempt(connection, std::slice::from_ref(request))
                        .await;
                    results.push(match alone {
                        Ok(mut one) => one.pop().unwrap_or_else(|| Err(unknown_outcome())),
                        Err(Failure::Nothing(error)) => Err(error),
                        Err(Failure::Unknown(cause)) => {
                            Err(unknown_outcome().caused_by(cause.to_string()))
                        }
                    });
                }
                results
            }
        }
    }

    async fn attempt(&self, connection: &mut Connection, requests: &[B::Request]) -> Attempt<B> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.attempt_once(connection, requests).await {
                Err(Failure::Nothing(error)) if is_retryable(&error) && tries < TRIES => {}
                Err(Failure::Unknown(_)) if B::REPEATABLE && tries < RECONNECTS => {}
                Err(Failure::Unknown(error)) if B::REPEATABLE => {
                    return Err(Failure::Nothing(error));
                }
                other => return other,
            }
        }
    }

    async fn attempt_once(
        &self,
        connection: &mut Connection,
        requests: &[B::Request],
    ) -> Attempt<B> {
        let mut acquired = self.living(connection).await.map_err(Failure::Nothing)?;
        match self.batch.run(&mut acquired, requests).await {
            // The connection is not kept, and what became of the statement is not known.
            Err(error) if is_disconnect(&error) => {
                acquired.close_on_drop();
                Err(Failure::Unknown(error))
            }
            results => {
                *connection = Some((acquired, Instant::now()));
                results.map_err(Failure::Nothing)
            }
        }
    }
}

impl<B: Batch> Carrier<B> {
    /// A connection that leads somewhere: one that was used a moment ago, or else one that answers.
    async fn living(&self, connection: &mut Connection) -> Result<PoolConnection<Postgres>> {
        if let Some((kept, used)) = connection.take() {
            if used.elapsed() < FRESH {
                return Ok(kept);
            }
            if let Some(living) = answering(kept).await {
                return Ok(living);
            }
        }
        for _ in 0..STALE_MAX {
            let acquired = self.pool.acquire().await.map_err(from_sqlx)?;
            if let Some(living) = answering(acquired).await {
                return Ok(living);
            }
        }
        Err(from_sqlx(sqlx::Error::PoolTimedOut))
    }
}

async fn answering(mut connection: PoolConnection<Postgres>) -> Option<PoolConnection<Postgres>> {
    match connection.ping().await {
        Ok(()) => Some(connection),
        Err(_) => {
            connection.close_on_drop();
            None
        }
    }
}

/// How long after its last use a connection is believed to lead somewhere without being asked.
const FRESH: Duration = Duration::from_secs(1);

/// What a statement for some requests came to.
type Attempt<B> = std::result::Result<Vec<Result<<B as Batch>::Answer>>, Failure>;

/// Why a statement gave no answers.
enum Failure {
    /// It did nothing.
    Nothing(Error),
    /// The connection was lost, and nobody knows what it did.
    Unknown(Error),
}

type Connection = Option<(PoolConnection<Postgres>, Instant)>;

/// How often a statement that lost against another is tried.
const TRIES: usize = 8;

/// How often a statement that may be repeated is sent over a new connection.
const RECONNECTS: usize = 3;
