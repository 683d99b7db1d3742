//! Few people, rooms and machines, so that many bookings meet.

use jiff::{Timestamp, ToSpan};

use crate::Result;
use crate::diary::{
    at, bare, device, instant, put_all, role, role_of, room, schedule, service, today,
};
use crate::random::Random;

/// Minutes of a visit; visits begin on multiples of half of that, so that they overlap in part, too.
pub(super) const MINUTES: i64 = 20;
/// What is booked.
pub(super) const SERVICE: &str = "storm-scan";
/// Whose time is taken.
pub(super) const PHYSICIANS: usize = 6;
pub(super) const PATIENTS: usize = 24;
/// So many visits at once take place in each.
pub(super) const ROOMS: [usize; 3] = [1, 1, 2];
pub(super) const DEVICES: usize = 2;
/// Minutes in which a room is cleaned after a visit.
pub(super) const CLEANING: i64 = 10;
/// The room that is booked by its Slots, each of an hour at first.
pub(super) const SLOTTED: &str = "Location/storm-0";
const SLOT_MINUTES: i16 = 60;
const DAYS: u64 = 3;
/// Times at which visits begin on a day, from eight o'clock.
const TIMES: u64 = 46;

/// Everything there is, as a Bundle.
pub(super) fn bundle() -> Result<String> {
    let open = ("00:00:00", "00:00:00");
    let needs = [("physician", "PractitionerRole"), ("room", "Location")];
    let room_kind = r#"{"url":"type","valueCode":"Location"}"#;
    let cleaned = format!(r#"{room_kind},{{"url":"buffer-after","valueUnsignedInt":{CLEANING}}}"#);
    let mut all = vec![service(SERVICE, 20, &needs).replace(room_kind, &cleaned)];
    let calendar = |actor: String| {
        let id = actor.replace('/', "-").to_lowercase();
        schedule(&id, &actor, open, SERVICE)
    };
    for n in 0..PHYSICIANS {
        let id = format!("storm-{n}");
        all.push(bare("Practitioner", &id));
        all.push(role(&id, "physician"));
        all.push(role_of(&format!("storm-{n}-too"), &id, "physician"));
        all.push(calendar(format!("PractitionerRole/{id}")));
        all.push(calendar(format!("PractitionerRole/{id}-too")));
    }
    for (n, capacity) in ROOMS.into_iter().enumerate() {
        let id = format!("storm-{n}");
        all.push(room(&id, capacity));
        let actor = format!("Location/{id}");
        let is_slotted = actor == SLOTTED;
        let rules = calendar(actor);
        all.push(match is_slotted {
            true => rules.replace(r#""valueCode":"rules""#, r#""valueCode":"slots""#),
            false => rules,
        });
    }
    all.extend(free_slots()?);
    for n in 0..DEVICES {
        let id = format!("storm-{n}");
        all.push(device(&id));
        all.push(calendar(format!("Device/{id}")));
    }
    all.extend((0..PATIENTS).map(|n| bare("Patient", &format!("storm-{n}"))));
    Ok(put_all(&all))
}

/// The Slots of the room that is booked by them: all of the time at which visits may be.
fn free_slots() -> Result<Vec<String>> {
    let mut slots = Vec::new();
    for day in 0..DAYS {
        let date = today()?.checked_add((i64::try_from(day)? + 2).days())?;
        for piece in 0..8 {
            let begins = 8 * 60 + piece * SLOT_MINUTES;
            let (start, end) = (at(date, begins)?, at(date, begins + SLOT_MINUTES)?);
            slots.push(format!(
                r#"{{"resourceType":"Slot","id":"storm-{day}-{piece}","schedule":{{"reference":"Schedule/location-storm-0"}},"status":"free","start":"{}","end":"{}"}}"#,
                instant(start),
                instant(end)
            ));
        }
    }
    Ok(slots)
}

/// A time at which a visit may begin.
pub(super) fn time(random: &mut Random) -> Result<Timestamp> {
    let day = i64::try_from(random.below(DAYS))? + 2;
    let minutes = 8 * 60 + 10 * i16::try_from(random.below(TIMES))?;
    at(today()?.checked_add(day.days())?, minutes)
}

/// Who takes part in a visit: a patient, a physician in one of two roles, a room, perhaps a machine.
pub(super) fn actors(random: &mut Random) -> Vec<String> {
    let mut one = |count: usize| random.below(u64::try_from(count).unwrap_or(1));
    let mut actors = vec![
        format!("Patient/storm-{}", one(PATIENTS)),
        physician(one(PHYSICIANS), one(2) == 1),
        format!("Location/storm-{}", one(ROOMS.len())),
    ];
    if one(3) == 0 {
        actors.push(format!("Device/storm-{}", one(DEVICES)));
    }
    random.shuffle(&mut actors);
    actors
}

/// One of the roles of a physician.
pub(super) fn physician(number: u64, other: bool) -> String {
    let too = if other { "-too" } else { "" };
    format!("PractitionerRole/storm-{number}{too}")
}

/// The Schedule of somebody.
pub(super) fn calendar(random: &mut Random) -> String {
    let actors = actors(random);
    let actor = actors.iter().find(|actor| !actor.starts_with("Patient"));
    let id = actor.map(|actor| actor.replace('/', "-").to_lowercase());
    format!("Schedule/{}", id.unwrap_or_default())
}
