//! A storm of bookings by everything that books, at two servers of one database, one of which is killed in the middle; and
//! what must be true afterwards of everything that can be read.

mod booker;
mod checker;
mod clinic;
mod ledger;
mod slots;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use tokio::task::JoinSet;

use crate::Result;
use crate::http::Request;
use crate::random::Random;
use crate::report::{line, progress};
use crate::server::{Companion, Guard, OwnServer, Person, ServerOptions};
use booker::Booker;
use checker::Checker;
use ledger::Ledger;

/// How long it blows.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    /// Seconds of bookings; in the middle of them one server is killed
    #[arg(long, default_value_t = 60)]
    seconds: u64,

    /// Those who book at the same time
    #[arg(long, default_value_t = 32)]
    clients: usize,

    /// Seed of what is booked
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Wait until everything that is held must have ended
    #[arg(long)]
    complete: bool,
}

/// How long holds last that nobody books, and how long it may take until that is noticed.
const HOLDS: Duration = Duration::from_secs(60);
const NOTICED: Duration = Duration::from_secs(20);

/// Books, kills, and looks at what is left.
pub(crate) async fn run(options: &Options) -> Result<()> {
    progress("starting two servers of one database");
    let mut server = OwnServer::start_guarded(&options.server, Guard::Tokens).await?;
    let bundle = clinic::bundle()?;
    let mut client = server.client();
    client
        .send(Request::new("POST", "/fhir", &bundle))
        .await?
        .expect(200)?;
    server.lock(Person::Desk).await?;
    let mut companion = Companion::of(&server)?;
    companion.serve().await?;
    let mut open = Companion::open(&server)?;
    open.serve().await?;

    progress(&format!(
        "{} clients book for {} s",
        options.clients, options.seconds
    ));
    let stop = Arc::new(AtomicBool::new(false));
    let mut bookers = JoinSet::new();
    for number in 0..options.clients {
        let seed = options.seed * 1_000 + u64::try_from(number)?;
        let booker = Booker {
            clients: [server.client(), companion.client()],
            roles: open.client(),
            name: format!("storm-{}-{number}", options.seed),
            random: Random::new(seed),
            stop: Arc::clone(&stop),
            ledger: Ledger::default(),
            asked: 0,
            at: number % 2,
        };
        bookers.spawn(booker.work());
    }
    let half = Duration::from_secs(options.seconds) / 2;
    tokio::time::sleep(half).await;
    companion.kill()?;
    tokio::time::sleep(half / 2).await;
    companion.serve().await?;
    tokio::time::sleep(half / 2).await;
    stop.store(true, Ordering::Relaxed);
    let mut ledger = Ledger::default();
    while let Some(done) = bookers.join_next().await {
        ledger.append(done??);
    }
    for told in ledger.summary() {
        line(&format!("  {told}"));
    }
    line(&format!("  {} answers stayed away", ledger.lost));
    if options.complete {
        progress("waiting until all holds have ended");
        tokio::time::sleep(HOLDS + NOTICED).await;
    }
    prove(&server, &ledger).await
}

/// Looks at everything, and says what held.
async fn prove(server: &OwnServer, ledger: &Ledger) -> Result<()> {
    let mut client = server.client();
    let checker = Checker::read(&mut client).await?;
    line(&format!("  {}", checker.summary()));
    let patience = SignedDuration::try_from(NOTICED)?;
    let availability = checker.availability(&mut client).await;
    let proofs = [
        ("nobody is taken beyond capacity", checker.overlaps()),
        (
            "what was acknowledged is there",
            acknowledged(&checker, ledger),
        ),
        ("nothing is held beyond its hold", checker.orphans(patience)),
        ("Slots are as their visits are", checker.slots()),
        ("$availability tells of the same", availability),
    ];
    let mut failed = 0;
    let all = proofs.len();
    for (name, proof) in proofs {
        match proof {
            Ok(what) => line(&format!("  ok   {name}: {what}")),
            Err(error) => {
                failed += 1;
                line(&format!("  FAIL {name}: {error}"));
            }
        }
    }
    line(&format!("{} passed, {failed} failed", all - failed));
    match failed {
        0 => Ok(()),
        _ => Err("a proof failed".into()),
    }
}

/// Every visit is as whoever made it was told last.
fn acknowledged(checker: &Checker, ledger: &Ledger) -> Result<String> {
    for known in &ledger.visits {
        let id = &known.id;
        let visit = checker
            .visit(id)
            .ok_or_else(|| format!("Appointment/{id} is lost"))?;
        let status = visit["status"].as_str().unwrap_or_default();
        let start = visit["start"].as_str().unwrap_or_default().parse()?;
        if !known.may_be(status, start) {
            return Err(format!("Appointment/{id} is {status} at {start}, not {known:?}").into());
        }
    }
    let unsure = ledger
        .visits
        .iter()
        .filter(|known| !known.is_sure())
        .count();
    Ok(format!(
        "{} visits, {unsure} of them moved without an answer",
        ledger.visits.len()
    ))
}
