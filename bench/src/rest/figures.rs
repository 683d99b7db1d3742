//! The figures of all rounds, their medians, and what was aimed at.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{CONNECTIONS, Kind, Side};
use crate::cpu::Usage;
use crate::load::Window;
use crate::report::{Table, line};
use crate::statistics::{Millis, Ratio, median};

/// One window of each round, by what was measured.
#[derive(Debug, Default)]
pub(super) struct Figures {
    windows: BTreeMap<(Kind, Side, usize), Vec<Window>>,
}

/// What the aims divide by: one statement per request on that many connections.
const LIMIT_CONNECTIONS: usize = 8;

/// Kind, clients, and the least share of the limit.
const AIMS: [(Kind, usize, Ratio); 4] = [
    (Kind::Create, 8, Ratio::permille(700)),
    (Kind::Create, 64, Ratio::permille(1300)),
    (Kind::Read, 8, Ratio::permille(450)),
    (Kind::Read, 64, Ratio::permille(750)),
];

/// What a create keeps of its throughput when it writes all that a search could find, words aside.
const SEARCH_VALUES_AIM: Ratio = Ratio::permille(600);

/// What a lone client keeps in spite of combining.
const LONE_AIM: Ratio = Ratio::permille(850);

impl Figures {
    /// Adds a window of one round.
    pub(super) fn add(&mut self, kind: Kind, side: Side, clients: usize, window: Window) {
        self.windows
            .entry((kind, side, clients))
            .or_default()
            .push(window);
    }

    fn median(&self, key: (Kind, Side, usize), of: impl Fn(&Window) -> u64) -> Option<u64> {
        let windows = self.windows.get(&key)?;
        Some(median(windows.iter().map(of).collect()))
    }

    /// The median of the ratios of each round, in which both sides stood next to each other.
    fn ratio(&self, part: (Kind, Side, usize), whole: (Kind, Side, usize)) -> Option<Ratio> {
        let (part, whole) = (self.windows.get(&part)?, self.windows.get(&whole)?);
        let mut ratios: Vec<Ratio> = part
            .iter()
            .zip(whole)
            .map(|(part, whole)| Ratio::of(part.rate(), whole.rate()))
            .collect();
        ratios.sort_unstable();
        ratios.get((ratios.len() - 1) / 2).copied()
    }

    /// The share of its throughput that one client over HTTP keeps: what the store takes longer than its bare statement
    /// is the price of the queue, as a part of the whole request.
    fn kept_by_one_client(&self, kind: Kind) -> Option<Ratio> {
        let side = |side| self.windows.get(&(kind, side, 1));
        let (http, store, direct) = (side(Side::Http)?, side(Side::Store)?, side(Side::Direct)?);
        let nanos = |window: &Window| 1_000_000_000 / window.rate().max(1);
        let mut kept: Vec<Ratio> = http
            .iter()
            .zip(store.iter().zip(direct))
            .map(|(http, (store, direct))| {
                let (whole, price) = (nanos(http), nanos(store).saturating_sub(nanos(direct)));
                Ratio::of(whole.saturating_sub(price), whole)
            })
            .collect();
        kept.sort_unstable();
        kept.get((kept.len() - 1) / 2).copied()
    }

    /// The table of everything that was measured.
    pub(super) fn print(&self, kinds: &[Kind], rounds: usize, window: Duration) {
        line(&format!(
            "Medians of {rounds} rounds of {} ms; latencies in ms; processor time in µs per request.",
            window.as_millis()
        ));
        line("limit: the same statements without HTTP, one per request, on 8 connections.\n");
        let mut table = Table::new(&[
            "",
            "clients",
            "per s",
            "of limit",
            "p50",
            "p95",
            "p99",
            "server",
            "database",
            "generator",
            "commits",
        ]);
        for kind in kinds {
            for (key, windows) in &self.windows {
                if key.0 == *kind {
                    table.row(self.cells(*key, windows));
                }
            }
        }
        table.print();
    }

    fn cells(&self, key: (Kind, Side, usize), windows: &[Window]) -> Vec<String> {
        let (kind, side, clients) = key;
        let figure = |of: fn(&Window) -> u64| self.median(key, of).unwrap_or(0);
        let ratio = self.ratio(key, (kind, Side::Direct, LIMIT_CONNECTIONS));
        let steps: u64 = windows.iter().map(|window| window.steps).sum();
        let commits: u64 = windows.iter().map(|window| window.commits).sum();
        let usage = total(windows);
        let each = |micros: u64| (micros / steps.max(1)).to_string();
        let name = match side {
            Side::Http => "HTTP",
            Side::Direct => "no HTTP",
            Side::Store => "store alone",
            Side::WithoutText => "no HTTP, no text indexes",
            Side::WithoutValues => "no HTTP, no search values",
        };
        vec![
            format!("{} {name}", kind_name(kind)),
            clients.to_string(),
            figure(Window::rate).to_string(),
            ratio.map(|ratio| ratio.to_string()).unwrap_or_default(),
            Millis(figure(|window| window.percentile(500))).to_string(),
            Millis(figure(|window| window.percentile(950))).to_string(),
            Millis(figure(|window| window.percentile(990))).to_string(),
            if side == Side::Http {
                each(usage.server)
            } else {
                "-".to_owned()
            },
            each(usage.database),
            each(usage.generator),
            Ratio::of(commits, steps).to_string(),
        ]
    }

    /// Whether the aims are reached.
    pub(super) fn print_aims(&self) {
        let mut table = Table::new(&["aim", "clients", "at least", "measured", ""]);
        let verdict = |measured: Ratio, least: Ratio| {
            if measured >= least {
                "reached"
            } else {
                "MISSED"
            }
            .to_owned()
        };
        for (kind, clients, least) in AIMS {
            let limit = (kind, Side::Direct, LIMIT_CONNECTIONS);
            if let Some(measured) = self.ratio((kind, Side::Http, clients), limit) {
                table.row(vec![
                    format!("{} of limit", kind_name(kind)),
                    clients.to_string(),
                    least.to_string(),
                    measured.to_string(),
                    verdict(measured, least),
                ]);
            }
        }
        for clients in CONNECTIONS {
            let written = (Kind::Create, Side::WithoutText, clients);
            let bare = (Kind::Create, Side::WithoutValues, clients);
            if let Some(measured) = self.ratio(written, bare) {
                table.row(vec![
                    "create kept with search values, text aside".to_owned(),
                    clients.to_string(),
                    SEARCH_VALUES_AIM.to_string(),
                    measured.to_string(),
                    verdict(measured, SEARCH_VALUES_AIM),
                ]);
            }
        }
        for kind in [Kind::Create, Kind::Read] {
            if let Some(measured) = self.kept_by_one_client(kind) {
                table.row(vec![
                    format!("{} kept in spite of combining", kind_name(kind)),
                    "1".to_owned(),
                    LONE_AIM.to_string(),
                    measured.to_string(),
                    verdict(measured, LONE_AIM),
                ]);
            }
        }
        table.print();
    }
}

fn total(windows: &[Window]) -> Usage {
    windows
        .iter()
        .map(|window| window.usage)
        .fold(Usage::default(), Usage::plus)
}

pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "create",
        Kind::Read => "read",
        Kind::Update => "update",
        Kind::Mixed => "mixed CRUD",
        Kind::Transaction => "transaction of 20",
    }
}

/// How server, database and generator divided the processor among them.
pub(super) fn print_division(kind: Kind, window: &Window) {
    let Usage {
        server,
        database,
        generator,
    } = window.usage;
    let all = server + database + generator;
    line(&format!(
        "{}: {} per s; of the processor time server {}, database {}, generator {}",
        kind_name(kind),
        window.rate(),
        Ratio::of(server, all),
        Ratio::of(database, all),
        Ratio::of(generator, all)
    ));
}
