//! Single requests beside the same statements without HTTP, alternated in one run.

mod columns;
mod combining;
mod figures;
mod library;
mod moment;
mod requests;
mod statements;
mod trips;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::load::{self, Rounds, Window};
use crate::report::{line, progress};
use crate::server::{OwnServer, ServerOptions};
use crate::{Result, load::Work};
use columns::Extent;
use combining::Combined;
use figures::Figures;
pub(crate) use library::{Library, PATIENTS};
pub(crate) use requests::Requests;
use statements::Statements;

/// How long and how often is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    rounds: Rounds,

    /// Only these kinds
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,

    /// Say how to see where the time goes, and wait with the load running so that it can be looked at
    #[arg(long)]
    perf: bool,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Kind {
    /// POST of an Observation
    Create,
    /// GET of an Observation
    Read,
    /// PUT of an Observation that exists
    Update,
    /// create, read, update and delete, over several types
    Mixed,
    /// POST of a transaction Bundle with twenty Observations
    Transaction,
}

const KINDS: [Kind; 5] = [
    Kind::Create,
    Kind::Read,
    Kind::Update,
    Kind::Mixed,
    Kind::Transaction,
];

/// Clients with HTTP, and connections without.
const CLIENTS: [usize; 4] = [1, 8, 32, 64];
const CONNECTIONS: [usize; 3] = [1, 8, 32];

/// Which side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Requests over HTTP.
    Http,
    /// The same statements on as many connections.
    Direct,
    /// The server's own store, which combines.
    Store,
    /// The same statements, writing neither words nor the letters of strings.
    WithoutText,
    /// The same statements, writing nothing that a search could find.
    WithoutValues,
}

impl Options {
    fn kinds(&self) -> Vec<Kind> {
        let wanted = |kind: &Kind| self.only.is_empty() || self.only.contains(kind);
        KINDS.into_iter().filter(wanted).collect()
    }
}

/// Measures and prints.
pub(crate) async fn run(options: &Options) -> Result<()> {
    progress("starting a server and its database");
    let server = OwnServer::start(&options.server).await?;
    let mut connection = server.connect().await?;
    progress("storing the resources that are read and updated");
    let library = Arc::new(Library::seed(&mut server.client(), &mut connection).await?);
    let mut bench = Bench {
        server: &server,
        library,
        window: options.rounds.window(),
        figures: Figures::default(),
    };
    if options.perf {
        return bench.perf(&options.kinds()).await;
    }
    for round in 1..=options.rounds.count() {
        progress(&format!("round {round} of {}", options.rounds.count()));
        for kind in options.kinds() {
            bench.round(kind).await?;
        }
    }
    progress("counting statements");
    let counted = trips::count(&bench, &options.kinds()).await?;
    bench
        .figures
        .print(&options.kinds(), options.rounds.count(), bench.window);
    trips::print(&counted);
    bench.figures.print_aims();
    Ok(())
}

/// What all measurements share.
pub(crate) struct Bench<'a> {
    server: &'a OwnServer,
    library: Arc<Library>,
    window: Duration,
    figures: Figures,
}

/// What the statements of a kind are compared with: what search values cost shows where there is nothing else.
fn compared(kind: Kind) -> &'static [(Side, Extent)] {
    match kind {
        Kind::Create => &[
            (Side::Direct, Extent::All),
            (Side::WithoutText, Extent::WithoutText),
            (Side::WithoutValues, Extent::Nothing),
        ],
        Kind::Read | Kind::Update | Kind::Mixed | Kind::Transaction => {
            &[(Side::Direct, Extent::All)]
        }
    }
}

impl Bench<'_> {
    /// One round of one kind: both sides take turns, with ever more clients.
    async fn round(&mut self, kind: Kind) -> Result<()> {
        for clients in CLIENTS {
            let window = self.http(kind, clients, self.window).await?;
            self.figures.add(kind, Side::Http, clients, window);
            if CONNECTIONS.contains(&clients) {
                for (side, extent) in compared(kind) {
                    let window = self.direct(kind, *extent, clients).await?;
                    self.figures.add(kind, *side, clients, window);
                }
            }
            if clients == 1 && matches!(kind, Kind::Create | Kind::Read) {
                let url = self.server.database_url()?;
                let store = Combined::connect(&url, kind, Arc::clone(&self.library)).await?;
                let window = self.work(vec![store], self.window).await?;
                self.figures.add(kind, Side::Store, 1, window);
            }
        }
        Ok(())
    }

    async fn http(&self, kind: Kind, clients: usize, window: Duration) -> Result<Window> {
        let client = |number| {
            let library = Arc::clone(&self.library);
            Requests::new(self.server.client(), kind, library, number)
        };
        self.work((0..clients).map(client).collect(), window).await
    }

    async fn direct(&self, kind: Kind, extent: Extent, connections: usize) -> Result<Window> {
        let mut workers = Vec::with_capacity(connections);
        for number in 0..connections {
            let connection = self.server.connect().await?;
            let library = Arc::clone(&self.library);
            workers.push(Statements::new(connection, kind, library, number).writing(extent));
        }
        self.work(workers, self.window).await
    }

    async fn work<W: Work>(&self, workers: Vec<W>, window: Duration) -> Result<Window> {
        let (_, window) = load::run(self.server, workers, window).await?;
        match window.steps {
            0 => Err("nothing was done within a window: make it longer".into()),
            _ => Ok(window),
        }
    }

    /// Load without an end that is worth measuring, for a profiler.
    async fn perf(&self, kinds: &[Kind]) -> Result<()> {
        let pid = self.server.server_pid()?;
        line(
            "While each kind of load runs for 20 s at 64 clients, another terminal may ask where the time goes:",
        );
        line(&format!(
            "  perf record -F 499 -g -p {pid} -- sleep 15 && perf report --no-children"
        ));
        line("  perf top -u nobody          # PostgreSQL, when root started the bench");
        line(
            "Without perf, the division of processor time between the three says the first thing:",
        );
        for kind in kinds {
            progress(&format!("{kind:?} at 64 clients"));
            let window = self.http(*kind, 64, Duration::from_secs(20)).await?;
            figures::print_division(*kind, &window);
        }
        Ok(())
    }
}
