//! What must be true of everything that can be read, whatever was done: written from the specification of booking alone.
//!
//! A visit that is pending, booked, arrived, checked in or fulfilled takes the time of each participant that it needs; a
//! block that of its Schedule's actor. Nobody is taken more often at once than their capacity, and nobody in a block. A
//! person is one, whatever their roles. What nobody holds any more takes no time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::clinic::CLEANING;
use crate::Result;
use crate::http::{Client, Request};

const CAPACITY: &str = "https://vesta.example/fhir/StructureDefinition/capacity";
const HOLD_EXPIRES: &str = "https://vesta.example/fhir/StructureDefinition/hold-expires";

/// What takes time.
#[derive(Clone, Debug)]
struct Taken {
    start: Timestamp,
    end: Timestamp,
    is_block: bool,
    by: String,
}

/// Everything that is read of a clinic.
pub(super) struct Checker {
    pub(super) appointments: Vec<Value>,
    pub(super) slots: Vec<Value>,
    pub(super) schedules: Vec<Value>,
    pub(super) roles: Vec<Value>,
    pub(super) locations: Vec<Value>,
}

impl Checker {
    /// Reads everything.
    pub(super) async fn read(client: &mut Client) -> Result<Self> {
        Ok(Self {
            appointments: all(client, "Appointment").await?,
            slots: all(client, "Slot").await?,
            schedules: all(client, "Schedule").await?,
            roles: all(client, "PractitionerRole").await?,
            locations: all(client, "Location").await?,
        })
    }

    /// How many visits there are in each status.
    pub(super) fn summary(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for visit in &self.appointments {
            *counts.entry(text(&visit["status"])).or_default() += 1;
        }
        let blocks = self.slots.iter().filter(|slot| is_block(slot)).count();
        let shown: Vec<String> = counts
            .iter()
            .map(|(status, count)| format!("{count} {status}"))
            .collect();
        format!("{}, {blocks} blocks", shown.join(", "))
    }

    /// The visit of an id.
    pub(super) fn visit(&self, id: &str) -> Option<&Value> {
        let mut visits = self.appointments.iter();
        visits.find(|visit| text(&visit["id"]) == id)
    }

    /// No overlap beyond capacity.
    pub(super) fn overlaps(&self) -> Result<String> {
        let taken = self.taken()?;
        let mut looked = 0;
        for (actor, times) in &taken {
            let capacity = self.capacity(actor);
            for (place, one) in times.iter().enumerate() {
                looked += 1;
                // Whatever meets somewhere meets at the beginning of one of them.
                let meet: Vec<&Taken> = times
                    .iter()
                    .filter(|other| other.start <= one.start && one.start < other.end)
                    .collect();
                let has_block = meet.iter().any(|other| other.is_block);
                if meet.len() > capacity || (has_block && meet.len() > 1) {
                    return Err(format!(
                        "{actor} ({capacity} at once) is taken at {}: {}, place {place}",
                        one.start,
                        meet.iter()
                            .map(|other| other.by.as_str())
                            .collect::<Vec<_>>()
                            .join(", ")
                    )
                    .into());
                }
            }
        }
        Ok(format!("{looked} times of {} actors", taken.len()))
    }

    /// Nothing is held after its hold has ended, but for the time in which that is noticed.
    pub(super) fn orphans(&self, patience: SignedDuration) -> Result<String> {
        let latest = Timestamp::now().checked_sub(patience)?;
        let mut held = 0;
        for visit in &self.appointments {
            if text(&visit["status"]) != "pending" {
                continue;
            }
            held += 1;
            let until = extension(visit, HOLD_EXPIRES).and_then(|found| {
                found["valueInstant"]
                    .as_str()
                    .or(found["valueDateTime"].as_str())
            });
            let id = text(&visit["id"]);
            let until: Timestamp = until
                .ok_or_else(|| format!("{id} is held for ever"))?
                .parse()?;
            if until < latest {
                return Err(format!("{id} is held since its hold has ended at {until}").into());
            }
        }
        Ok(format!("{held} are held"))
    }

    /// Every busy time that `$availability` tells of has a visit or a block, and the reverse.
    pub(super) async fn availability(&self, client: &mut Client) -> Result<String> {
        let taken = self.taken()?;
        let times = taken.values().flatten();
        let (start, end) = times.fold((None, None), |(start, end), one| {
            let start: Option<Timestamp> =
                Some(start.map_or(one.start, |it: Timestamp| it.min(one.start)));
            let end: Option<Timestamp> = Some(end.map_or(one.end, |it: Timestamp| it.max(one.end)));
            (start, end)
        });
        let (Some(start), Some(end)) = (start, end) else {
            return Err("nobody was booked".into());
        };
        let mut compared = 0;
        for (actor, times) in &taken {
            if actor.starts_with("Patient/") || self.capacity(actor) > 1 {
                continue;
            }
            let path = format!("/fhir/{actor}/$availability?start={start}&end={end}");
            let answer = client
                .send(Request::new("GET", &path, ""))
                .await?
                .expect(200)?;
            let told: Value = serde_json::from_slice(answer.body)?;
            let entries = told["entry"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let busy = entries.iter().map(|entry| &entry["resource"]);
            let busy = busy.filter(|slot| text(&slot["status"]).starts_with("busy"));
            let mut shown = Vec::new();
            for slot in busy {
                shown.push((moment(&slot["start"])?, moment(&slot["end"])?));
            }
            let own = times.iter().map(|one| (one.start, one.end)).collect();
            let (shown, own) = (joined(shown), joined(own));
            if shown != own {
                let odd: Vec<String> = shown
                    .symmetric_difference(&own)
                    .map(|(start, end)| format!("{start}/{end}"))
                    .collect();
                return Err(format!("{actor} is shown busy otherwise: {}", odd.join(", ")).into());
            }
            compared += own.len();
        }
        Ok(format!("{compared} busy times"))
    }

    /// Who is taken, when, and by what.
    fn taken(&self) -> Result<BTreeMap<String, Vec<Taken>>> {
        let mut taken: BTreeMap<String, Vec<Taken>> = BTreeMap::new();
        for visit in &self.appointments {
            if !takes_time(visit) {
                continue;
            }
            let actors: BTreeSet<String> = needed(visit).map(|actor| self.person(actor)).collect();
            for actor in actors {
                // Rooms are cleaned.
                let after = match actor.starts_with("Location/") {
                    true => SignedDuration::from_mins(CLEANING),
                    false => SignedDuration::ZERO,
                };
                taken.entry(actor).or_default().push(Taken {
                    start: moment(&visit["start"])?,
                    end: moment(&visit["end"])?.checked_add(after)?,
                    is_block: false,
                    by: format!("Appointment/{}", text(&visit["id"])),
                });
            }
        }
        for slot in self.slots.iter().filter(|slot| is_block(slot)) {
            let id = text(&slot["schedule"]["reference"]).trim_start_matches("Schedule/");
            let schedule = self.schedules.iter().find(|one| text(&one["id"]) == id);
            let actor = schedule.and_then(|one| one["actor"][0]["reference"].as_str());
            let actor = actor.ok_or("a block is of nobody")?;
            taken.entry(self.person(actor)).or_default().push(Taken {
                start: moment(&slot["start"])?,
                end: moment(&slot["end"])?,
                is_block: true,
                by: format!("Slot/{}", text(&slot["id"])),
            });
        }
        Ok(taken)
    }

    /// Whose time is taken by what names an actor.
    fn person(&self, actor: &str) -> String {
        let role = actor.strip_prefix("PractitionerRole/");
        let role = role.and_then(|id| self.roles.iter().find(|one| text(&one["id"]) == id));
        let person = role.and_then(|role| role["practitioner"]["reference"].as_str());
        person.unwrap_or(actor).to_owned()
    }

    fn capacity(&self, actor: &str) -> usize {
        let place = actor.strip_prefix("Location/");
        let place = place.and_then(|id| self.locations.iter().find(|one| text(&one["id"]) == id));
        let capacity = place.and_then(|place| extension(place, CAPACITY));
        let capacity = capacity.and_then(|found| found["valuePositiveInt"].as_u64());
        capacity
            .and_then(|capacity| usize::try_from(capacity).ok())
            .unwrap_or(1)
    }
}

/// Whether a visit takes time.
pub(super) fn takes_time(visit: &Value) -> bool {
    let consumes = ["pending", "booked", "arrived", "checked-in", "fulfilled"];
    consumes.contains(&text(&visit["status"]))
}

/// Whom a visit needs.
pub(super) fn needed(visit: &Value) -> impl Iterator<Item = &str> {
    let participants = visit["participant"].as_array().map(Vec::as_slice);
    let participants = participants.unwrap_or_default().iter();
    let needed = participants
        .filter(|one| !matches!(text(&one["required"]), "optional" | "information-only"));
    needed.filter_map(|one| one["actor"]["reference"].as_str())
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_block(slot: &Value) -> bool {
    text(&slot["status"]) == "busy-unavailable"
}

pub(super) fn moment(value: &Value) -> Result<Timestamp> {
    Ok(text(value).parse()?)
}

fn extension<'v>(resource: &'v Value, url: &str) -> Option<&'v Value> {
    let mut extensions = resource["extension"].as_array()?.iter();
    extensions.find(|extension| text(&extension["url"]) == url)
}

/// The same times, with those that meet made one.
fn joined(mut times: Vec<(Timestamp, Timestamp)>) -> BTreeSet<(Timestamp, Timestamp)> {
    times.sort();
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (start, end) in times {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined.into_iter().collect()
}

/// All resources of a type, over all pages.
async fn all(client: &mut Client, resource_type: &str) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    let mut next = Some(format!("/fhir/{resource_type}?_count=500"));
    while let Some(path) = next {
        let answer = client
            .send(Request::new("GET", &path, ""))
            .await?
            .expect(200)?;
        let mut page: Value = serde_json::from_slice(answer.body)?;
        if let Some(entries) = page["entry"].as_array_mut() {
            found.extend(entries.iter_mut().map(|entry| entry["resource"].take()));
        }
        let links = page["link"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let link = links.iter().find(|link| text(&link["relation"]) == "next");
        let url = link.map(|link| text(&link["url"]));
        next = url.and_then(|url| url.find("/fhir").map(|place| url[place..].to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn visit(id: &str, status: &str, hours: (u8, u8), actors: &[&str]) -> Value {
        let participant: Vec<Value> = actors
            .iter()
            .map(|actor| json!({"actor": {"reference": actor}, "required": "required"}))
            .collect();
        json!({
            "id": id, "status": status, "participant": participant,
            "start": format!("2027-01-01T{:02}:00:00Z", hours.0),
            "end": format!("2027-01-01T{:02}:00:00Z", hours.1),
        })
    }

    fn clinic(appointments: Vec<Value>, slots: Vec<Value>) -> Checker {
        let reference = |to: &str| json!({"reference": to});
        Checker {
            appointments,
            slots,
            schedules: vec![json!({"id": "s", "actor": [reference("PractitionerRole/a")]})],
            roles: vec![
                json!({"id": "a", "practitioner": reference("Practitioner/p")}),
                json!({"id": "b", "practitioner": reference("Practitioner/p")}),
            ],
            locations: vec![
                json!({"id": "two", "extension": [{"url": CAPACITY, "valuePositiveInt": 2}]}),
            ],
        }
    }

    fn check(appointments: Vec<Value>, slots: Vec<Value>, is_good: bool) {
        let found = clinic(appointments, slots).overlaps();
        assert_eq!(found.is_ok(), is_good, "{found:?}");
    }

    #[test]
    fn what_overlaps_is_found() {
        let a = |hours| visit("1", "booked", hours, &["PractitionerRole/a"]);
        let b = |status, hours| visit("2", status, hours, &["PractitionerRole/b"]);
        check(vec![a((9, 10)), b("booked", (10, 11))], vec![], true);
        check(vec![a((9, 11)), b("booked", (10, 12))], vec![], false);
        check(vec![a((9, 12)), b("pending", (10, 11))], vec![], false);
        check(vec![a((9, 11)), b("cancelled", (10, 12))], vec![], true);
        let both = ["PractitionerRole/a", "PractitionerRole/b"];
        check(vec![visit("1", "booked", (9, 10), &both)], vec![], true);
        let room = |id| visit(id, "booked", (9, 10), &["Location/two"]);
        check(vec![room("1"), room("2")], vec![], true);
        check(vec![room("1"), room("2"), room("3")], vec![], false);
        let block = json!({
            "id": "x", "status": "busy-unavailable", "schedule": {"reference": "Schedule/s"},
            "start": "2027-01-01T09:00:00Z", "end": "2027-01-01T10:00:00Z",
        });
        check(vec![b("booked", (9, 10))], vec![block.clone()], false);
        check(vec![b("booked", (10, 11))], vec![block], true);
    }

    #[test]
    fn what_is_held_for_ever_is_found() {
        let patience = SignedDuration::from_secs(20);
        let held = |until: &str| {
            let mut visit = visit("1", "pending", (9, 10), &[]);
            visit["extension"] = json!([{"url": HOLD_EXPIRES, "valueInstant": until}]);
            clinic(vec![visit], vec![]).orphans(patience)
        };
        assert!(held("2020-01-01T00:00:00Z").is_err());
        assert!(held("2099-01-01T00:00:00Z").is_ok());
        let visit = visit("1", "pending", (9, 10), &[]);
        assert!(clinic(vec![visit], vec![]).orphans(patience).is_err());
    }
}
