//! Processor time of the server, of all processes of its database, and of this one (proc(5), `/proc/PID/stat`).

use std::fs;

/// The kernel counts processor time in hundredths of a second towards user space, whatever its own tick is.
const MICROS_PER_TICK: u64 = 10_000;

/// Microseconds of processor time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) server: u64,
    pub(crate) database: u64,
    pub(crate) generator: u64,
}

impl Usage {
    /// What was used up to now.
    pub(crate) fn now(server: u32, postmaster: u32) -> Self {
        Self {
            server: own_ticks(server) * MICROS_PER_TICK,
            database: family_ticks(postmaster) * MICROS_PER_TICK,
            generator: own_ticks(std::process::id()) * MICROS_PER_TICK,
        }
    }

    /// What was used since an earlier moment.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            server: self.server.saturating_sub(earlier.server),
            database: self.database.saturating_sub(earlier.database),
            generator: self.generator.saturating_sub(earlier.generator),
        }
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            server: self.server + other.server,
            database: self.database + other.database,
            generator: self.generator + other.generator,
        }
    }
}

/// The numbers of a process behind its name: parent, then user and system ticks, its own and its dead children's.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own: u64,
    dead_children: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name stands in parentheses and may hold anything, so the fields are counted from its end.
fn parse(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        dead_children: number(13)? + number(14)?,
    })
}

fn own_ticks(pid: u32) -> u64 {
    stat(pid).map_or(0, |stat| stat.own)
}

/// A postmaster, its living backends, and those that it has seen end.
fn family_ticks(postmaster: u32) -> u64 {
    let Some(head) = stat(postmaster) else {
        return 0;
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .filter(|stat| stat.parent == postmaster);
    head.own + head.dead_children + children.map(|child| child.own).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_the_end_of_the_name() {
        let text = "7 (a) b) S 3 7 7 0 -1 0 0 0 0 0 11 22 33 44 20 0 1 0 5 6 7";
        let expected = Stat {
            parent: 3,
            own: 33,
            dead_children: 77,
        };
        assert_eq!(parse(text), Some(expected));
        assert_eq!(parse("nonsense"), None);
    }
}
