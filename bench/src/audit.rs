//! What the audit trail costs, and what permissions cost beside it: the same requests to a server without either, to one with
//! a trail, and to one that also asks for access tokens and confines their holder to care teams; in turns, in one run. What
//! is written is validated on all three.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::Result;
use crate::http::{Client, Request};
use crate::load::{self, Rounds, Window, Work};
use crate::random::Random;
use crate::report::{Table, line, progress};
use crate::rest::{Kind, Library, PATIENTS, Requests};
use crate::server::{Guard, OwnServer, Person, ServerOptions};
use crate::statistics::{Millis, Ratio, median};

/// How long and how often is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    rounds: Rounds,
}

/// What is asked, and what share of the speed without anything is to be kept at 32 clients.
const WORKLOADS: [(&str, Workload, u64); 4] = [
    ("create", Workload::Rest(Kind::Create), 700),
    ("update", Workload::Rest(Kind::Update), 700),
    ("read", Workload::Rest(Kind::Read), 500),
    ("search", Workload::Search, 500),
];

/// Many, and one alone.
const CLIENTS: [usize; 2] = [32, 1];

#[derive(Debug, Clone, Copy)]
enum Workload {
    Rest(Kind),
    /// Observations of a patient.
    Search,
}

/// A server and the resources that are stored on it.
struct Side {
    server: OwnServer,
    library: Arc<Library>,
}

/// What the windows of one workload came to, on each side.
#[derive(Default)]
struct Figures {
    rates: [Vec<u64>; 3],
    medians: [Vec<u64>; 3],
}

/// Measures and prints.
pub(crate) async fn run(options: &Options) -> Result<()> {
    progress("starting a server without anything, one with a trail, one with a trail and tokens");
    let sides = [
        Side::of(&options.server, Guard::Nothing).await?,
        Side::of(&options.server, Guard::Trail).await?,
        Side::of(&options.server, Guard::Tokens).await?,
    ];
    let mut table = Table::new(&[
        "",
        "clients",
        "without/s",
        "trail/s",
        "ratio",
        "tokens/s",
        "ratio",
        "aim",
        "p50 ms",
        "trail",
        "tokens",
        "more",
    ]);
    for (name, workload, aim) in WORKLOADS {
        for clients in CLIENTS {
            let mut figures = Figures::default();
            for round in 1..=options.rounds.count() {
                let rounds = options.rounds.count();
                progress(&format!(
                    "{name}, {clients} clients, round {round} of {rounds}"
                ));
                for (place, side) in sides.iter().enumerate() {
                    let window = side
                        .window(workload, clients, options.rounds.window())
                        .await?;
                    figures.rates[place].push(window.rate());
                    figures.medians[place].push(window.percentile(500));
                }
            }
            table.row(figures.row(name, clients, aim));
        }
    }
    line(
        "The same requests without anything, with an audit trail, and with access tokens, too; medians of all rounds.",
    );
    table.print();
    Ok(())
}

impl Figures {
    fn row(self, name: &str, clients: usize, aim: u64) -> Vec<String> {
        let [without, trail, tokens] = self.rates.map(median);
        let [before, with_trail, with_tokens] = self.medians.map(median);
        vec![
            name.to_owned(),
            clients.to_string(),
            without.to_string(),
            trail.to_string(),
            Ratio::of(trail, without).to_string(),
            tokens.to_string(),
            Ratio::of(tokens, without).to_string(),
            match clients {
                1 => "-".to_owned(),
                _ => Ratio::permille(aim).to_string(),
            },
            Millis(before).to_string(),
            Millis(with_trail).to_string(),
            Millis(with_tokens).to_string(),
            Millis(with_tokens.saturating_sub(before)).to_string(),
        ]
    }
}

impl Side {
    async fn of(options: &ServerOptions, guard: Guard) -> Result<Self> {
        let mut server = OwnServer::start_guarded(options, guard).await?;
        let mut connection = server.connect().await?;
        let library = Library::seed(&mut server.client(), &mut connection).await?;
        if guard == Guard::Tokens {
            server.lock(Person::Physician).await?;
        }
        Ok(Self {
            server,
            library: Arc::new(library),
        })
    }

    async fn window(&self, workload: Workload, clients: usize, window: Duration) -> Result<Window> {
        let window = match workload {
            Workload::Rest(kind) => {
                let client = |number| {
                    let library = Arc::clone(&self.library);
                    Requests::new(self.server.client(), kind, library, number)
                };
                let workers = (0..clients).map(client).collect();
                load::run(&self.server, workers, window).await?.1
            }
            Workload::Search => {
                let client = |number| Searches::new(self.server.client(), number);
                let workers = (0..clients).map(client).collect();
                load::run(&self.server, workers, window).await?.1
            }
        };
        match window.steps {
            0 => Err("nothing was done within a window: make it longer".into()),
            _ => Ok(window),
        }
    }
}

/// A client that asks for the Observations of one patient after the other.
struct Searches {
    client: Client,
    random: Random,
}

impl Searches {
    fn new(client: Client, number: usize) -> Self {
        let seed = u64::try_from(number).unwrap_or(0) + 7_000;
        Self {
            client,
            random: Random::new(seed),
        }
    }
}

impl Work for Searches {
    async fn step(&mut self) -> Result<()> {
        let patient = self.random.below(u64::try_from(PATIENTS).unwrap_or(1));
        let path = format!("/fhir/Observation?patient=bench-patient-{patient}&_count=20");
        self.client
            .send(Request::new("GET", &path, ""))
            .await?
            .expect(200)?;
        Ok(())
    }
}
