//! The long proofs: what was acknowledged survives kills, nothing is half done, and races end as the specification says.

mod booking;
mod concurrency;
mod database;
mod ledger;
mod trail;
mod verify;
mod writers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;

use crate::Result;
use crate::random::Random;
use crate::report::{failure, line, progress};
use crate::server::{Guard, OwnServer, ServerOptions};
use ledger::Ledger;

/// How much is tormented.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    /// Rounds, each with one kill in the middle of parallel writes
    #[arg(long, default_value_t = 20)]
    rounds: usize,

    /// Rounds of two bookings of the same three
    #[arg(long, default_value_t = 1_000)]
    bookings: usize,

    /// Seed of the moments at which is killed
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Who is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Server,
    Database,
    Both,
}

const VICTIMS: [Victim; 3] = [Victim::Server, Victim::Database, Victim::Both];

/// Writers get at least and at most this long before the kill, in milliseconds.
const PEACE_MS: (u64, u64) = (400, 1_600);

/// How long those that were not hit go on, in the hope of meeting the recovered server.
const AFTERMATH: Duration = Duration::from_millis(1_500);

/// Counts what held and what did not.
#[derive(Debug, Default)]
struct Proofs {
    passed: u64,
    failed: u64,
}

impl Proofs {
    /// Notes one proof, and says what failed.
    fn note(&mut self, name: &str, outcome: Result<String>) {
        match outcome {
            Ok(what) => {
                self.passed += 1;
                line(&format!("  ok   {name}: {what}"));
            }
            Err(error) => {
                self.failed += 1;
                line(&format!("  FAIL {name}: {error}"));
            }
        }
    }
}

/// Torments a server, proves, and prints how many proofs held.
pub(crate) async fn run(options: &Options) -> Result<()> {
    progress("starting a server and its database");
    let mut server = OwnServer::start_guarded(&options.server, Guard::Trail).await?;
    let mut proofs = Proofs::default();
    line("races");
    concurrency::prove(&server, &mut proofs).await;
    booking::prove(&server, options.bookings, &mut proofs).await;
    let mut random = Random::new(options.seed);
    let mut whole = Ledger::default();
    for round in 0..options.rounds {
        let victim = VICTIMS[round % VICTIMS.len()];
        let peace = Duration::from_millis(random.between(PEACE_MS.0, PEACE_MS.1));
        line(&format!(
            "round {} of {}: {victim:?} killed after {} ms",
            round + 1,
            options.rounds,
            peace.as_millis()
        ));
        let ledger = torment(&mut server, round, victim, peace).await?;
        line(&format!("  {}", ledger.summary()));
        verify::prove(&server, &ledger, &mut proofs).await;
        database::prove(&server, &mut proofs).await;
        trail::prove(&server, &ledger, &mut proofs).await;
        whole.append(ledger);
    }
    if options.rounds > 1 {
        line("after all rounds");
        verify::prove(&server, &whole, &mut proofs).await;
        trail::prove(&server, &whole, &mut proofs).await;
    }
    let Proofs { passed, failed } = proofs;
    line(&format!("{passed} passed, {failed} failed"));
    match failed {
        0 => Ok(()),
        _ => Err("a proof failed".into()),
    }
}

/// Lets writers write, kills in the middle, brings everything back, and answers what the writers know.
async fn torment(
    server: &mut OwnServer,
    round: usize,
    victim: Victim,
    peace: Duration,
) -> Result<Ledger> {
    let stop = Arc::new(AtomicBool::new(false));
    let writers = writers::start(server, round, &stop);
    tokio::time::sleep(peace).await;
    match victim {
        Victim::Server => server.kill_server()?,
        Victim::Database => server.kill_postmaster()?,
        Victim::Both => {
            server.kill_postmaster()?;
            server.kill_server()?;
        }
    }
    match victim {
        Victim::Database => {
            // Until the server has noticed, it would still call itself ready.
            tokio::time::sleep(AFTERMATH).await;
            server.ready().await?;
        }
        Victim::Server | Victim::Both => server.serve().await?,
    }
    stop.store(true, Ordering::Relaxed);
    let mut ledger = Ledger::default();
    for done in writers.join_all().await {
        match done {
            Ok(its) => ledger.append(its),
            Err(error) => {
                failure(&format!(
                    "a writer was answered what it must not be: {error}"
                ));
                return Err(error);
            }
        }
    }
    Ok(ledger)
}
