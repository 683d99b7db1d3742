//! Synthea-like transaction Bundles beside a COPY of the rows they became, into identical tables.

mod copy;

use std::time::{Duration, Instant};

use clap::Args;
use tokio::task::JoinSet;

use crate::Result;
use crate::bundles::{Bundle, patient_bundle};
use crate::cpu::Usage;
use crate::http::{Client, Request};
use crate::report::{Table, line, progress};
use crate::server::{OwnServer, ServerOptions};
use crate::statistics::{Millis, Ratio, median, percentile, rate};

/// How much is loaded.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    /// Rounds; each figure is the median of them
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// Patients that each client loads in each round
    #[arg(long, default_value_t = 3)]
    patients: usize,

    /// Resources of each patient
    #[arg(long, default_value_t = 2_000)]
    resources: u64,

    /// Resources of the one large Bundle at the end, of which 1 000 are about 1 MB; 0 for none
    #[arg(long, default_value_t = 45_000)]
    large: u64,

    /// One round with few and small Bundles, to see that everything works: its figures say little
    #[arg(long)]
    quick: bool,
}

/// Clients that load at the same time.
const CLIENTS: [usize; 2] = [1, 4];

/// The share of a COPY that loading shall reach.
const AIM: Ratio = Ratio::permille(400);

/// One round: what the server took, and what a COPY of the same rows took.
#[derive(Debug)]
struct Round {
    resources: u64,
    bytes: usize,
    loaded: Duration,
    copied: Duration,
    usage: Usage,
    latencies: Vec<u64>,
}

/// Measures and prints.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let small = |value: usize, quick| if options.quick { quick } else { value.max(1) };
    let (rounds, patients) = (small(options.rounds, 1), small(options.patients, 1));
    let resources = if options.quick {
        300
    } else {
        options.resources
    };
    let large = if options.quick { 0 } else { options.large };
    progress("starting a server and its database");
    let server = OwnServer::start(&options.server).await?;
    copy::prepare(&mut server.connect().await?).await?;
    let mut seed = 0;
    let mut bundles = |count: usize, resources| -> Vec<Bundle> {
        let first = seed;
        seed += u64::try_from(count).unwrap_or(0);
        (first..seed)
            .map(|seed| patient_bundle(seed, resources))
            .collect()
    };
    // The first Bundles meet cold caches and empty tables on both sides; they do not count.
    measure(&server, 1, bundles(1, resources)).await?;
    let mut measured: Vec<(usize, Vec<Round>)> = CLIENTS.map(|clients| (clients, vec![])).into();
    for round in 1..=rounds {
        progress(&format!("round {round} of {rounds}"));
        for (clients, rounds) in &mut measured {
            let bundles = bundles(*clients * patients, resources);
            rounds.push(measure(&server, *clients, bundles).await?);
        }
    }
    if large > 0 {
        progress("one large Bundle");
        measured.push((1, vec![measure(&server, 1, bundles(1, large)).await?]));
    }
    print(&measured);
    Ok(())
}

/// Loads the Bundles with that many clients, then copies what they became with as many connections.
async fn measure(server: &OwnServer, clients: usize, bundles: Vec<Bundle>) -> Result<Round> {
    let resources = bundles.iter().map(|bundle| bundle.resources).sum();
    let bytes = bundles.iter().map(|bundle| bundle.text.len()).sum();
    let mut connection = server.connect().await?;
    let before = copy::last_transaction(&mut connection).await?;
    let usage = server.usage()?;
    let started = Instant::now();
    let latencies = load(server, clients, bundles).await?;
    let loaded = started.elapsed();
    let usage = server.usage()?.since(usage);
    let rows = copy::rows_since(&mut connection, &before).await?;
    if copy::resources(&rows) != resources {
        return Err("the server did not store what it answered".into());
    }
    let started = Instant::now();
    copy::copy(server, clients, rows).await?;
    Ok(Round {
        resources,
        bytes,
        loaded,
        copied: started.elapsed(),
        usage,
        latencies,
    })
}

async fn load(server: &OwnServer, clients: usize, bundles: Vec<Bundle>) -> Result<Vec<u64>> {
    let mut shares: Vec<Vec<Bundle>> = (0..clients).map(|_| Vec::new()).collect();
    for (place, bundle) in bundles.into_iter().enumerate() {
        shares[place % clients].push(bundle);
    }
    let mut tasks = JoinSet::new();
    for share in shares {
        tasks.spawn(send(server.client(), share));
    }
    let mut latencies = Vec::new();
    while let Some(sent) = tasks.join_next().await {
        latencies.append(&mut sent??);
    }
    latencies.sort_unstable();
    Ok(latencies)
}

async fn send(mut client: Client, bundles: Vec<Bundle>) -> Result<Vec<u64>> {
    let mut latencies = Vec::with_capacity(bundles.len());
    for bundle in bundles {
        let started = Instant::now();
        let request = Request::new("POST", "/fhir", &bundle.text);
        let answer = client.send(request).await?.expect(200)?;
        latencies.push(u64::try_from(started.elapsed().as_nanos())?);
        let created = answer
            .body
            .windows(CREATED.len())
            .filter(|window| window == &CREATED)
            .count();
        if u64::try_from(created)? != bundle.resources {
            return Err("not every entry of a Bundle was created".into());
        }
    }
    Ok(latencies)
}

/// How the answer to a transaction says that an entry was created.
const CREATED: &[u8] = br#""status":"201 Created""#;

fn print(measured: &[(usize, Vec<Round>)]) {
    line("Resources per second through transaction Bundles, beside a COPY of the rows they became");
    line(
        "(resource, change and search values, indexes included, one transaction for each Bundle).",
    );
    line("Latencies of a Bundle in ms; processor time of the load in µs per resource.\n");
    let mut table = Table::new(&[
        "clients",
        "MB a Bundle",
        "loaded/s",
        "copied/s",
        "ratio",
        "p50",
        "max",
        "server",
        "database",
        "aim 0.40",
    ]);
    for (clients, rounds) in measured {
        table.row(cells(*clients, rounds));
    }
    table.print();
}

fn cells(clients: usize, rounds: &[Round]) -> Vec<String> {
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let middle = |of: &dyn Fn(&Round) -> u64| median(rounds.iter().map(of).collect());
    let loaded = |round: &Round| rate(round.resources, nanos(round.loaded));
    let copied = |round: &Round| rate(round.resources, nanos(round.copied));
    let mut ratios: Vec<Ratio> = rounds
        .iter()
        .map(|round| Ratio::of(nanos(round.copied), nanos(round.loaded)))
        .collect();
    ratios.sort_unstable();
    let ratio = ratios[(ratios.len() - 1) / 2];
    let mut latencies: Vec<u64> = rounds
        .iter()
        .flat_map(|round| round.latencies.clone())
        .collect();
    latencies.sort_unstable();
    let resources: u64 = rounds.iter().map(|round| round.resources).sum();
    let usage = rounds
        .iter()
        .map(|round| round.usage)
        .fold(Usage::default(), Usage::plus);
    let bytes: usize = rounds.iter().map(|round| round.bytes).sum();
    let kilobytes = u64::try_from(bytes / latencies.len().max(1) / 1000).unwrap_or(0);
    vec![
        clients.to_string(),
        Ratio::permille(kilobytes).to_string(),
        middle(&loaded).to_string(),
        middle(&copied).to_string(),
        ratio.to_string(),
        Millis(percentile(&latencies, 500)).to_string(),
        Millis(percentile(&latencies, 1000)).to_string(),
        (usage.server / resources.max(1)).to_string(),
        (usage.database / resources.max(1)).to_string(),
        if ratio >= AIM { "reached" } else { "MISSED" }.to_owned(),
    ]
}
