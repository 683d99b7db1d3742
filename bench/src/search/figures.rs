//! The figures of all rounds, their medians, and what was aimed at.

use std::collections::BTreeMap;
use std::time::Duration;

use super::CLIENTS;
use super::shapes::{Answer, SHAPES, Shape};
use crate::cpu::Usage;
use crate::load::Window;
use crate::report::{Table, line};
use crate::statistics::{Millis, Ratio, median, rate};

/// Which side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// Searches over HTTP.
    Http,
    /// Statements over the tables made for them.
    Direct,
}

/// What a window measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) shape: &'static str,
    pub(super) side: Side,
    pub(super) clients: usize,
    /// Others were writing.
    pub(super) written: bool,
}

/// One window of each round, by what was measured; and what could not be.
#[derive(Debug, Default)]
pub(super) struct Figures {
    windows: BTreeMap<Key, Vec<Window>>,
    refused: BTreeMap<&'static str, String>,
    written: Option<(u64, Duration)>,
}

/// The least share of the statement's throughput.
const AIM: Ratio = Ratio::permille(600);
/// The most that a page may take one client.
const PAGE_NANOS: u64 = 10_000_000;
/// The most that p99 may grow: with the clinic, and while others write.
const GROWTH: Ratio = Ratio::permille(2_000);

fn verdict(is_reached: bool) -> String {
    if is_reached { "reached" } else { "MISSED" }.to_owned()
}

impl Figures {
    /// Adds a window of one round.
    pub(super) fn add(&mut self, key: Key, window: Window) {
        self.windows.entry(key).or_default().push(window);
    }

    /// Notes that a shape cannot be measured.
    pub(super) fn refuse(&mut self, shape: &'static str, why: &str) {
        self.refused.insert(shape, why.to_owned());
    }

    /// Whether a shape cannot be measured.
    pub(super) fn is_refused(&self, shape: &str) -> bool {
        self.refused.contains_key(shape)
    }

    /// Notes how much was written while others searched.
    pub(super) fn writes(&mut self, written: (u64, Duration)) {
        self.written = Some(written);
    }

    fn median(&self, key: Key, of: impl Fn(&Window) -> u64) -> Option<u64> {
        let windows = self.windows.get(&key)?;
        Some(median(windows.iter().map(of).collect()))
    }

    fn p99(&self, shape: &Shape, side: Side, written: bool) -> Option<u64> {
        let key = Key {
            shape: shape.name,
            side,
            clients: 1,
            written,
        };
        self.median(key, |window| window.percentile(990))
    }

    /// The median of the ratios of each round, in which both sides stood next to each other.
    fn ratio(&self, http: Key, direct: Key) -> Option<Ratio> {
        let (http, direct) = (self.windows.get(&http)?, self.windows.get(&direct)?);
        let ratios = http.iter().zip(direct);
        let mut ratios: Vec<Ratio> = ratios
            .map(|(http, direct)| Ratio::of(http.rate(), direct.rate()))
            .collect();
        ratios.sort_unstable();
        ratios.get((ratios.len() - 1) / 2).copied()
    }

    /// All tables of one size.
    pub(super) fn print(&self, resources: u64, rounds: usize, window: Duration) {
        line(&format!(
            "\nSearches of {resources} resources. Medians of {rounds} rounds of {} ms; latencies in ms; processor time in µs",
            window.as_millis()
        ));
        line(
            "per search. SQL: the best statement for the same resources over tables made for it, on as many connections.\n",
        );
        let mut table = Table::new(&[
            "",
            "clients",
            "per s",
            "SQL/s",
            "of SQL",
            "p50",
            "p95",
            "p99",
            "SQL p50",
            "SQL p95",
            "SQL p99",
            "server",
            "database",
            "SQL database",
            "of 0.60",
            "< 10 ms",
        ]);
        for shape in &SHAPES {
            for clients in CLIENTS {
                if let Some(cells) = self.cells(shape, clients) {
                    table.row(cells);
                }
            }
        }
        table.print();
        for (shape, why) in &self.refused {
            line(&format!("NOT MEASURED {shape}: {why}"));
        }
        self.print_writes();
    }

    fn cells(&self, shape: &Shape, clients: usize) -> Option<Vec<String>> {
        let key = |side| Key {
            shape: shape.name,
            side,
            clients,
            written: false,
        };
        let (http, direct) = (key(Side::Http), key(Side::Direct));
        let ratio = self.ratio(http, direct)?;
        let figure = |key, of: fn(&Window) -> u64| self.median(key, of).unwrap_or(0);
        let millis = |key, permille: usize| {
            let nanos = self.median(key, |window| window.percentile(permille));
            Millis(nanos.unwrap_or(0)).to_string()
        };
        let p99 = figure(http, |window| window.percentile(990));
        let mut cells = vec![
            shape.name.to_owned(),
            clients.to_string(),
            figure(http, Window::rate).to_string(),
            figure(direct, Window::rate).to_string(),
            ratio.to_string(),
        ];
        for key in [http, direct] {
            cells.extend([500, 950, 990].map(|permille| millis(key, permille)));
        }
        cells.push(self.each(http, |usage| usage.server));
        cells.extend([http, direct].map(|key| self.each(key, |usage| usage.database)));
        cells.push(verdict(ratio >= AIM));
        cells.push(match clients {
            1 if shape.answer != Answer::Grows => verdict(p99 < PAGE_NANOS),
            _ => "-".to_owned(),
        });
        Some(cells)
    }

    /// Microseconds of processor time for each search.
    fn each(&self, key: Key, of: fn(&Usage) -> u64) -> String {
        let windows = self.windows.get(&key).map_or(&[][..], Vec::as_slice);
        let steps: u64 = windows.iter().map(|window| window.steps).sum();
        let micros: u64 = windows.iter().map(|window| of(&window.usage)).sum();
        (micros / steps.max(1)).to_string()
    }

    /// What reads take while others write.
    fn print_writes(&self) {
        let Some((written, time)) = self.written else {
            return;
        };
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        line(&format!(
            "\np99 of one client in ms: quiet, and while eight others created {} Observations per second.\n",
            rate(written, nanos)
        ));
        let head = [
            "",
            "quiet",
            "written",
            "ratio",
            "SQL quiet",
            "SQL written",
            "SQL ratio",
            "at most 2.00",
        ];
        let mut table = Table::new(&head);
        for shape in &SHAPES {
            table.row_if(self.compared(shape, |side| {
                Some((self.p99(shape, side, false)?, self.p99(shape, side, true)?))
            }));
        }
        table.print();
    }

    fn compared(
        &self,
        shape: &Shape,
        of: impl Fn(Side) -> Option<(u64, u64)>,
    ) -> Option<Vec<String>> {
        let mut cells = vec![shape.name.to_owned()];
        let mut reached = "-".to_owned();
        for side in [Side::Http, Side::Direct] {
            let (before, after) = of(side)?;
            let ratio = Ratio::of(after, before);
            cells.extend([Millis(before), Millis(after)].map(|millis| millis.to_string()));
            cells.push(ratio.to_string());
            if side == Side::Http && shape.answer != Answer::Grows {
                reached = verdict(ratio <= GROWTH);
            }
        }
        cells.push(reached);
        Some(cells)
    }
}

/// How p99 of one client grows with the clinic.
pub(super) fn print_growth(small: (u64, &Figures), large: (u64, &Figures)) {
    line(&format!(
        "\np99 of one client in ms, from {} to {} resources.\n",
        small.0, large.0
    ));
    let head = [
        "",
        "small",
        "large",
        "ratio",
        "SQL small",
        "SQL large",
        "SQL ratio",
        "at most 2.00",
    ];
    let mut table = Table::new(&head);
    for shape in &SHAPES {
        table.row_if(small.1.compared(shape, |side| {
            let (small, large) = (small.1, large.1);
            Some((
                small.p99(shape, side, false)?,
                large.p99(shape, side, false)?,
            ))
        }));
    }
    table.print();
}
