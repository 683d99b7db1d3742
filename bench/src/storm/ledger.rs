//! What those who book know of their visits.

use jiff::Timestamp;

/// What is known of one visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) status: &'static str,
    pub(super) start: Timestamp,
}

/// A visit and how it must be: as was acknowledged last, or, where an answer stayed away, as was asked for.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) id: String,
    pub(super) actors: Vec<String>,
    pub(super) state: State,
    pub(super) unsure: Option<State>,
}

impl Visit {
    /// What could be made of it next: nobody knows what becomes of it otherwise.
    pub(super) fn is_sure(&self) -> bool {
        self.unsure.is_none()
    }

    /// Whether it may be read like that. What was held may have been cancelled when the hold ended.
    pub(super) fn may_be(&self, status: &str, start: Timestamp) -> bool {
        let states = [Some(&self.state), self.unsure.as_ref()];
        states.into_iter().flatten().any(|state| {
            let has_ended = state.status == "pending" && status == "cancelled";
            (state.status == status || has_ended) && state.start == start
        })
    }
}

/// What one of those who book knows.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) visits: Vec<Visit>,
    /// What was asked and how it was answered, counted.
    pub(super) answers: std::collections::BTreeMap<(&'static str, u16), u64>,
    /// Answers that stayed away.
    pub(super) lost: u64,
}

impl Ledger {
    /// Adds what another knows.
    pub(super) fn append(&mut self, mut other: Self) {
        self.visits.append(&mut other.visits);
        for (answer, count) in other.answers {
            *self.answers.entry(answer).or_default() += count;
        }
        self.lost += other.lost;
    }

    /// Notes an answer.
    pub(super) fn note(&mut self, deed: &'static str, status: u16) {
        *self.answers.entry((deed, status)).or_default() += 1;
    }

    /// The answers, a line for each deed.
    pub(super) fn summary(&self) -> Vec<String> {
        let mut lines: Vec<(&str, String)> = Vec::new();
        for ((deed, status), count) in &self.answers {
            match lines.last_mut() {
                Some((last, line)) if last == deed => {
                    line.push_str(&format!(", {count} × {status}"))
                }
                _ => lines.push((deed, format!("{deed}: {count} × {status}"))),
            }
        }
        lines.into_iter().map(|(_, line)| line).collect()
    }
}
