//! Open minutes counted one by one along the clock, and starts as whoever looks at a clock would find them.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;

use super::super::{ExceptionKind, Grid, Interval, Intervals, Mode, Schedule};
use super::reading::{Made, MadeException, MadeRule, schedule};

/// Zones with something odd: half hours, quarters, midnight, the date line, Ramadan, two hours, a clock turned for good.
const ZONES: [&str; 26] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Asuncion",
    "America/Havana",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Antarctica/Vostok",
    "Asia/Almaty",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "UTC",
    "America/Miquelon",
];

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// The moments at which a clock is turned, 2024 to 2030.
fn changes(zone: &str) -> Vec<Timestamp> {
    let zone = super::super::zone(zone).expect("a zone");
    let last = at("2031-01-01T00:00:00Z");
    let changes = zone.following(at("2024-01-01T00:00:00Z"));
    changes
        .map(|change| change.timestamp())
        .take_while(|change| *change < last)
        .collect()
}

/// Minute by minute: what the clock shows, and whether it shows it for the first time.
fn clock(schedule: &Schedule, window: Interval) -> Vec<(Timestamp, DateTime, bool)> {
    let zone = &schedule.availability.zone;
    let mut latest = DateTime::MIN;
    let mut minutes = Vec::new();
    let mut moment = window.start - SignedDuration::from_hours(30);
    while moment < window.end {
        let shown = zone.to_offset(moment).to_datetime(moment);
        if moment >= window.start {
            minutes.push((moment, shown, shown > latest));
        }
        latest = latest.max(shown);
        moment += SignedDuration::from_mins(1);
    }
    minutes
}

fn by_rule(rule: &MadeRule, shown: DateTime) -> bool {
    let minute = i32::from(shown.hour()) * 60 + i32::from(shown.minute());
    let until = if rule.to == 0 { 1440 } else { rule.to };
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let day = days[usize::try_from(shown.date().weekday().to_monday_zero_offset()).expect("a day")];
    // Mondays counted one by one.
    let monday = |date: Date| {
        let mut date = date;
        while date.weekday() != jiff::civil::Weekday::Monday {
            date = date.yesterday().expect("a day before");
        }
        date
    };
    let days_between = (monday(shown.date()) - monday(rule.first)).get_days();
    rule.days.contains(&day)
        && (rule.from..until).contains(&minute)
        && rule.first <= shown.date()
        && shown.date() <= rule.last
        && days_between / 7 % i32::try_from(rule.weeks).expect("few") == 0
}

fn by_exception(exception: &MadeException, moment: Timestamp, shown: DateTime) -> bool {
    match exception {
        MadeException::Days(_, first, last) => (*first..=*last).contains(&shown.date()),
        MadeException::Moments(_, start, end) => (*start..*end).contains(&moment),
    }
}

fn counted(made: &Made, schedule: &Schedule, window: Interval, free: &[Interval]) -> Vec<bool> {
    let excepted = |kind: ExceptionKind, moment, shown| {
        let mut of_kind = made
            .exceptions
            .iter()
            .filter(|exception| exception.kind() == kind);
        of_kind.any(|exception| by_exception(exception, moment, shown))
    };
    let is_ruled = made.mode == Mode::Rules;
    let clock = clock(schedule, window).into_iter();
    clock
        .map(|(moment, shown, is_first)| {
            let in_horizon = (made.horizon.0..=made.horizon.1).contains(&shown.date());
            let ruled = is_first && made.rules.iter().any(|rule| by_rule(rule, shown));
            let open = is_ruled && (ruled || excepted(ExceptionKind::Open, moment, shown));
            let freed = free
                .iter()
                .any(|free| (free.start..free.end).contains(&moment));
            in_horizon && (open || freed) && !excepted(ExceptionKind::Closed, moment, shown)
        })
        .collect()
}

fn as_minutes(open: &Intervals, window: Interval) -> Vec<bool> {
    for interval in open.iter() {
        assert!(interval.start.as_second() % 60 == 0 && interval.end.as_second() % 60 == 0);
        assert!(window.start <= interval.start && interval.end <= window.end);
    }
    let mut minutes = Vec::new();
    let mut moment = window.start;
    while moment < window.end {
        let next = moment + SignedDuration::from_mins(1);
        minutes.push(open.covers(Interval {
            start: moment,
            end: next,
        }));
        moment = next;
    }
    minutes
}

/// Starts by looking at every minute's clock.
fn starts_counted(
    schedule: &Schedule,
    open: &[bool],
    window: Interval,
    align: i32,
    duration: usize,
) -> Vec<Timestamp> {
    let clock = clock(schedule, window);
    let fits = |from: usize| {
        open.get(from..from + duration)
            .is_some_and(|minutes| minutes.iter().all(|open| *open))
    };
    let starts = clock
        .iter()
        .enumerate()
        .filter(|(place, (_, shown, is_first))| {
            let minute = i32::from(shown.hour()) * 60 + i32::from(shown.minute());
            *is_first && minute % align == 0 && fits(*place)
        });
    starts.map(|(_, (moment, ..))| *moment).collect()
}

/// A zone, a window about one of its changes or anywhere, and a calendar near it.
fn cases() -> impl Strategy<Value = (Made, Interval, Vec<Interval>, i32, usize)> {
    let place = (
        0..ZONES.len(),
        any::<prop::sample::Index>(),
        -2880i64..2880,
        1i64..5760,
        any::<bool>(),
    );
    let place = place.prop_map(|(zone, which, shift, minutes, is_near)| {
        let changes = changes(ZONES[zone]);
        let whenever = at("2024-01-01T00:00:00Z")
            + SignedDuration::from_mins(60 * i64::try_from(which.index(61_000)).expect("few"));
        let middle = if is_near && !changes.is_empty() {
            changes[which.index(changes.len())]
        } else {
            whenever
        };
        let start = middle + SignedDuration::from_mins(shift - minutes / 2);
        (
            ZONES[zone],
            Interval {
                start,
                end: start + SignedDuration::from_mins(minutes),
            },
        )
    });
    place.prop_flat_map(|(zone, window)| {
        let free = prop::collection::vec((-500i64..5000, 1i64..600), 0..3);
        let align = prop::sample::select(vec![1, 5, 7, 15, 20, 45, 60, 90, 240]);
        let parts = (
            Made::near(zone, window.start),
            free,
            align,
            prop::sample::select(vec![1usize, 20, 60, 200]),
        );
        parts.prop_map(move |(made, free, align, duration)| {
            let free = free.into_iter().map(|(from, minutes)| {
                let start = window.start + SignedDuration::from_mins(from);
                Interval {
                    start,
                    end: start + SignedDuration::from_mins(minutes),
                }
            });
            (made, window, free.collect(), align, duration)
        })
    })
}

proptest! {
    // An eighth of proptest's own number: 32 in `make test`; `make soak` sets PROPTEST_CASES for a long round.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases / 8,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn what_is_open_is_what_the_clock_shows((made, window, free, align, duration) in cases()) {
        let schedule = schedule(&made);
        let free_set: Intervals = free.iter().copied().collect();
        let open = schedule.open(window, None, &free_set);
        let counted = counted(&made, &schedule, window, &free);
        prop_assert_eq!(&as_minutes(&open, window), &counted);
        let zone = schedule.availability.zone.clone();
        let grid = Grid::new(zone, [u32::try_from(align).expect("few")]);
        let long = SignedDuration::from_mins(i64::try_from(duration).expect("few"));
        let starts = grid.starts(&open, long);
        prop_assert_eq!(&starts, &starts_counted(&schedule, &counted, window, align, duration));
        for start in starts {
            let visit = Interval { start, end: start + long };
            prop_assert!(schedule.is_open(visit, None, &free_set));
        }
    }
}

#[test]
fn the_zones_turn_their_clocks_in_odd_ways() {
    let amounts = |zone: &str| -> Vec<i64> {
        let of = super::super::zone(zone).expect("a zone");
        let before = |change: Timestamp| of.to_offset(change - 1.second()).seconds();
        let turned = changes(zone)
            .into_iter()
            .map(|change| i64::from(of.to_offset(change).seconds() - before(change)));
        let mut amounts: Vec<i64> = turned.filter(|amount| *amount != 0).collect();
        amounts.sort_unstable();
        amounts.dedup();
        amounts
    };
    assert_eq!(amounts("Australia/Lord_Howe"), [-1800, 1800]);
    assert_eq!(amounts("Antarctica/Troll"), [-7200, 7200]);
    assert_eq!(amounts("Asia/Almaty"), [-3600]);
    assert_eq!(amounts("Pacific/Apia"), [0i64; 0]);
}
