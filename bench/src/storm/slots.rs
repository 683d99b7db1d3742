//! What must be true of the Slots of a room that is booked by them: each is as the visit that has it, and free where nobody is.

use jiff::Timestamp;
use serde_json::Value;

use super::checker::{Checker, moment, needed, takes_time, text};
use super::clinic::SLOTTED;
use crate::Result;

/// From when to when.
type Times = (Timestamp, Timestamp);

impl Checker {
    /// No Slot in a wrong state.
    pub(super) fn slots(&self) -> Result<String> {
        let mine = self.slots.iter().filter(|slot| {
            let schedule = text(&slot["schedule"]["reference"]);
            schedule == "Schedule/location-storm-0" && text(&slot["status"]) != "entered-in-error"
        });
        let mine: Vec<&Value> = mine.collect();
        let visits = self.appointments.iter().filter(|one| takes_time(one));
        let visits: Vec<&Value> = visits
            .filter(|one| needed(one).any(|actor| actor == SLOTTED))
            .collect();
        apart(&mine)?;
        let mut taken = 0;
        for slot in &mine {
            taken += usize::from(is_right(slot, &visits)?);
        }
        let named: usize = visits.iter().map(|visit| names(visit).count()).sum();
        if named != taken {
            return Err(format!("{named} Slots are named by visits, {taken} are taken").into());
        }
        for slot in self.slots.iter().filter(|one| is_taken(one)) {
            if !mine.iter().any(|one| one["id"] == slot["id"]) {
                let id = text(&slot["id"]);
                return Err(
                    format!("Slot/{id} is taken, and its room is not booked by Slots").into(),
                );
            }
        }
        Ok(format!("{taken} of {} Slots are taken", mine.len()))
    }
}

/// Whether a Slot is taken, and is as whoever has it; free ones have nobody at their time.
fn is_right(slot: &Value, visits: &[&Value]) -> Result<bool> {
    let key = format!("Slot/{}", text(&slot["id"]));
    let wrong = |what: &str| Err(format!("{key} is {}: {what}", slot["status"]).into());
    let own: Vec<&&Value> = visits
        .iter()
        .filter(|visit| names(visit).any(|name| name == key))
        .collect();
    match (text(&slot["status"]), own.as_slice()) {
        ("free", []) => {
            for visit in visits {
                if meets(times(slot)?, times(visit)?) {
                    return wrong(&format!("Appointment/{} is then", text(&visit["id"])));
                }
            }
            Ok(false)
        }
        ("busy-unavailable", []) => Ok(false),
        (status @ ("busy" | "busy-tentative"), [visit]) => {
            let is_held = text(&visit["status"]) == "pending";
            let (slot, visit) = (times(slot)?, times(visit)?);
            match is_held == (status == "busy-tentative") && visit.0 <= slot.0 && slot.1 <= visit.1
            {
                true => Ok(true),
                false => wrong("its visit is otherwise, or at another time"),
            }
        }
        (_, own) => wrong(&format!("{} visits have it", own.len())),
    }
}

/// Refuses Slots that overlap.
fn apart(slots: &[&Value]) -> Result<()> {
    let mut all = Vec::new();
    for slot in slots {
        all.push((times(slot)?, text(&slot["id"])));
    }
    all.sort();
    for pair in all.windows(2) {
        if let [(one, first), (other, second)] = pair
            && meets(*one, *other)
        {
            return Err(format!("Slot/{first} and Slot/{second} overlap").into());
        }
    }
    Ok(())
}

fn is_taken(slot: &Value) -> bool {
    matches!(text(&slot["status"]), "busy" | "busy-tentative")
}

/// The Slots that a visit names.
fn names(visit: &Value) -> impl Iterator<Item = &str> {
    let slots = visit["slot"].as_array().map(Vec::as_slice);
    let slots = slots.unwrap_or_default().iter();
    slots.filter_map(|slot| slot["reference"].as_str())
}

fn times(resource: &Value) -> Result<Times> {
    Ok((moment(&resource["start"])?, moment(&resource["end"])?))
}

fn meets(one: Times, other: Times) -> bool {
    one.0 < other.1 && other.0 < one.1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn slot(id: &str, status: &str, hours: (u8, u8)) -> Value {
        json!({
            "id": id, "status": status, "schedule": {"reference": "Schedule/location-storm-0"},
            "start": format!("2027-01-01T{:02}:00:00Z", hours.0), "end": format!("2027-01-01T{:02}:00:00Z", hours.1),
        })
    }

    fn visit(status: &str, hours: (u8, u8), slots: &[&str]) -> Value {
        let slots = slots
            .iter()
            .map(|id| json!({"reference": format!("Slot/{id}")}));
        json!({
            "id": "v", "status": status, "slot": slots.collect::<Vec<_>>(),
            "start": format!("2027-01-01T{:02}:00:00Z", hours.0), "end": format!("2027-01-01T{:02}:00:00Z", hours.1),
            "participant": [{"actor": {"reference": SLOTTED}}],
        })
    }

    fn is_right(appointments: Vec<Value>, slots: Vec<Value>) -> bool {
        let checker = Checker {
            appointments,
            slots,
            schedules: Vec::new(),
            roles: Vec::new(),
            locations: Vec::new(),
        };
        checker.slots().is_ok()
    }

    #[test]
    fn slots_are_as_their_visits_are() {
        let free = slot("b", "free", (10, 11));
        let booked = visit("booked", (9, 10), &["a"]);
        let all = |status, other: &Value| vec![slot("a", status, (9, 10)), other.clone()];
        assert!(is_right(vec![booked.clone()], all("busy", &free)));
        assert!(!is_right(
            vec![booked.clone()],
            all("busy-tentative", &free)
        ));
        assert!(!is_right(vec![booked.clone()], all("free", &free)));
        assert!(!is_right(vec![], all("busy", &free)));
        let held = visit("pending", (9, 10), &["a"]);
        assert!(is_right(vec![held], all("busy-tentative", &free)));
        let gone = visit("cancelled", (9, 10), &["a"]);
        assert!(is_right(vec![gone], all("free", &free)));
        // Two that overlap, one that is free where somebody is, one that two have.
        let long = slot("b", "free", (9, 11));
        assert!(!is_right(vec![], all("free", &long)));
        let beyond = visit("booked", (9, 11), &["a"]);
        assert!(!is_right(vec![beyond], all("busy", &free)));
        let twice = vec![booked.clone(), booked];
        assert!(!is_right(twice, all("busy", &free)));
    }
}
