//! Which visits are offered: against a search of every combination.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::super::{Candidate, Interval, Intervals, Need, Offer, not_busy, offers};

fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_second(minutes * 60).expect("a moment")
}

fn set(parts: &[(i64, i64)]) -> Intervals {
    let interval = |(from, to): &(i64, i64)| Interval {
        start: minute(*from),
        end: minute(*to),
    };
    parts.iter().map(interval).collect()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn candidate(who: usize, open: &[(i64, i64)], lanes: &[&[(i64, i64)]]) -> Candidate {
    Candidate {
        who,
        open: set(open),
        lanes: lanes.iter().map(|lane| set(lane)).collect(),
        ..Candidate::default()
    }
}

fn need(candidates: Vec<Candidate>, before: i64, after: i64) -> Need {
    Need {
        candidates,
        before: minutes(before),
        after: minutes(after),
        is_place: false,
    }
}

fn shown(offers: &[Offer]) -> Vec<(i64, Vec<usize>)> {
    offers
        .iter()
        .map(|offer| (offer.start.as_second() / 60, offer.chosen.clone()))
        .collect()
}

#[test]
fn people_rooms_and_machines_are_free_together() {
    let starts: Vec<Timestamp> = (0..6).map(|quarter| minute(quarter * 15)).collect();
    let doctors = need(
        vec![
            candidate(0, &[(0, 90)], &[&[(30, 60)]]),
            candidate(1, &[(30, 60)], &[&[]]),
        ],
        0,
        0,
    );
    let mut rooms = need(
        vec![
            candidate(2, &[(0, 90)], &[&[(0, 15)]]),
            candidate(3, &[(0, 90)], &[&[]]),
        ],
        0,
        15,
    );
    rooms.is_place = true;
    let mut scanner = candidate(4, &[(0, 90)], &[&[]]);
    scanner.stands_in = Some(3);
    let found = offers(
        &starts,
        minutes(30),
        &[doctors, rooms, need(vec![scanner], 0, 0)],
        0,
    );
    assert_eq!(
        shown(&found),
        [(0, vec![0, 1, 0]), (30, vec![1, 1, 0]), (60, vec![0, 1, 0])]
    );
}

#[test]
fn what_is_wanted_comes_first_and_leaves_no_gap() {
    let starts: Vec<Timestamp> = (0..2).map(|quarter| minute(quarter * 15)).collect();
    let mut wanted = candidate(0, &[(0, 60)], &[&[]]);
    wanted.rank = 0;
    let mut other = candidate(1, &[(0, 60)], &[&[(30, 60)]]);
    other.rank = 1;
    let found = offers(
        &starts,
        minutes(15),
        &[need(vec![other.clone(), wanted], 0, 0)],
        0,
    );
    assert_eq!(
        shown(&found),
        [(0, vec![1]), (15, vec![1]), (0, vec![0]), (15, vec![0])]
    );
    other.rank = 0;
    let wide = candidate(2, &[(-60, 120)], &[&[]]);
    let found = offers(
        &starts[1..],
        minutes(15),
        &[need(vec![wide, other], 0, 0)],
        0,
    );
    assert_eq!(shown(&found), [(15, vec![1]), (15, vec![0])]);
}

#[test]
fn patients_are_not_asked_to_be_in_two_places() {
    let mut starts: Vec<Timestamp> = (0..5).map(|quarter| minute(quarter * 15)).collect();
    not_busy(&mut starts, minutes(15), &set(&[(20, 30)]));
    assert_eq!(starts, [minute(0), minute(30), minute(45), minute(60)]);
}

prop_compose! {
    fn any_set()(parts in prop::collection::vec((0i64..100, 1i64..30), 0..4)) -> Vec<(i64, i64)> {
        parts.into_iter().map(|(from, long)| (from, from + long)).collect()
    }
}

prop_compose! {
    fn any_candidate()(who in 0usize..6, open in any_set(), lanes in prop::collection::vec(any_set(), 1..3), stands in 0usize..9) -> Candidate {
        Candidate {
            who,
            stands_in: (stands < 6).then_some(stands),
            open: set(&open),
            lanes: lanes.iter().map(|lane| set(lane)).collect(),
            rank: 0,
        }
    }
}

prop_compose! {
    fn any_need()(candidates in prop::collection::vec(any_candidate(), 1..4), before in 0i64..10, after in 0i64..10, is_place in any::<bool>()) -> Need {
        Need { is_place, ..need(candidates, before, after) }
    }
}

/// Whether this choice works, asked of every moment.
fn works(start: i64, long: i64, needs: &[Need], chosen: &[usize]) -> bool {
    let has = |of: &Intervals, from: i64, to: i64| {
        (from..to)
            .map(|at| {
                of.covers(Interval {
                    start: minute(at),
                    end: minute(at + 1),
                })
            })
            .collect::<Vec<bool>>()
    };
    let candidates: Vec<&Candidate> = needs
        .iter()
        .zip(chosen)
        .map(|(need, place)| &need.candidates[*place])
        .collect();
    let free = needs.iter().zip(&candidates).all(|(need, one)| {
        let (before, after) = (need.before.as_secs() / 60, need.after.as_secs() / 60);
        let lanes = one.lanes.iter();
        let is_free = lanes
            .map(|lane| has(lane, start - before, start + long + after))
            .any(|busy| !busy.contains(&true));
        !has(&one.open, start, start + long).contains(&false) && is_free
    });
    let whos: std::collections::BTreeSet<usize> = candidates.iter().map(|one| one.who).collect();
    free && whos.len() == candidates.len()
}

/// Whether things stand where they are used: those that are chosen after the places, which are all but the leading ones.
fn stand_right(needs: &[Need], chosen: &[usize]) -> bool {
    let one = |need: usize| &needs[need].candidates[chosen[need]];
    let places = || (0..needs.len()).filter(|need| needs[*need].is_place);
    let things = (1..needs.len()).filter(|need| !needs[*need].is_place);
    things
        .filter_map(|need| one(need).stands_in)
        .all(|room| places().next().is_none() || places().any(|place| one(place).who == room))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_missed_and_nothing_is_made_up(needs in prop::collection::vec(any_need(), 1..4), long in 1i64..20) {
        let mut needs = needs;
        // What stands in places is a thing, and no place.
        for need in needs.iter_mut().filter(|need| need.is_place) {
            need.candidates.iter_mut().for_each(|one| one.stands_in = None);
        }
        let starts: Vec<Timestamp> = (0..60).map(|step| minute(step * 2)).collect();
        let found = shown(&offers(&starts, minutes(long), &needs, 0));
        let choices = needs.iter().fold(vec![Vec::new()], |all: Vec<Vec<usize>>, need| {
            let more = |chosen: Vec<usize>| (0..need.candidates.len()).map(move |place| [chosen.clone(), vec![place]].concat());
            all.into_iter().flat_map(more).collect()
        });
        for start in (0..60).map(|step| step * 2) {
            for lead in 0..needs[0].candidates.len() {
                let mut of_lead = choices.iter().filter(|chosen| chosen[0] == lead);
                let can = of_lead.any(|chosen| works(start, long, &needs, chosen) && stand_right(&needs, chosen));
                let offered = found.iter().find(|(at, chosen)| *at == start && chosen[0] == lead);
                prop_assert_eq!(can, offered.is_some(), "at {} with {}", start, lead);
                if let Some((_, chosen)) = offered {
                    prop_assert!(works(start, long, &needs, chosen) && stand_right(&needs, chosen));
                }
            }
        }
    }
}
