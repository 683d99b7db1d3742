//! A clinic with a full book: ten physicians, three rooms, two machines and 20 000 visits, before and after today; and people
//! who are booked by nobody else, for those who book.

use jiff::ToSpan;

use crate::Result;
use crate::diary::{at, bare, device, put_all, role, room, schedule, service, today, visit};
use crate::http::{Client, Request};
use crate::random::Random;

/// What `$find` is asked for.
pub(super) const SCAN: &str = "bench-scan";
/// What `$book` is asked for.
pub(super) const TALK: &str = "bench-talk";
/// Minutes of either.
pub(super) const MINUTES: i64 = 20;

const PHYSICIANS: usize = 10;
const ROOMS: usize = 3;
const DEVICES: usize = 2;
const VISITS: usize = 20_000;
/// Visits of a physician on a day that is not over.
const ON_A_DAY: usize = 11;
/// Times at which visits begin on a day, from eight o'clock.
const TIMES: usize = 24;
const EIGHT: usize = 8 * 60;
const AT_ONCE: usize = 200;

/// Stores everything.
pub(super) async fn store(client: &mut Client, bookers: usize) -> Result<()> {
    let mut resources = people_and_rooms(bookers);
    resources.extend(visits()?);
    for part in resources.chunks(AT_ONCE) {
        let bundle = put_all(part);
        let request = Request::new("POST", "/fhir", &bundle);
        client.send(request).await?.expect(200)?;
    }
    Ok(())
}

fn people_and_rooms(bookers: usize) -> Vec<String> {
    let day = ("08:00:00", "16:00:00");
    let always = ("00:00:00", "00:00:00");
    let scan = [
        ("physician", "PractitionerRole"),
        ("room", "Location"),
        ("scanner", "Device"),
    ];
    let mut all = vec![service(SCAN, 20, &scan), service(TALK, 20, &scan[..2])];
    let mut physician = |id: &str, open, service| {
        all.push(bare("Practitioner", id));
        all.push(role(id, "physician"));
        all.push(schedule(
            id,
            &format!("PractitionerRole/{id}"),
            open,
            service,
        ));
    };
    for n in 0..PHYSICIANS {
        physician(&format!("bench-doctor-{n}"), day, SCAN);
    }
    for n in 0..bookers {
        physician(&format!("bench-alone-{n}"), always, TALK);
    }
    let mut place = |id: &str, open, service| {
        all.push(room(id, 1));
        all.push(schedule(id, &format!("Location/{id}"), open, service));
    };
    for n in 0..ROOMS {
        place(&format!("bench-room-{n}"), day, SCAN);
    }
    for n in 0..bookers {
        place(&format!("bench-alone-room-{n}"), always, TALK);
    }
    for n in 0..DEVICES {
        let id = format!("bench-scanner-{n}");
        all.push(device(&id));
        all.push(schedule(&id, &format!("Device/{id}"), day, SCAN));
    }
    let patients = (0..bookers).map(|n| bare("Patient", &format!("bench-booker-{n}")));
    all.extend(patients);
    all
}

/// Visits on both sides of today, eleven a day for each physician, with a room and a machine as long as there are any.
fn visits() -> Result<Vec<String>> {
    let mut random = Random::new(6);
    let mut visits = Vec::with_capacity(VISITS);
    let half = i64::try_from(VISITS / (2 * PHYSICIANS * ON_A_DAY))?;
    let mut day = today()?.checked_sub(half.days())?;
    while visits.len() < VISITS {
        let mut taken = [0_usize; TIMES];
        for physician in 0..PHYSICIANS {
            let mut times: Vec<usize> = (0..TIMES).collect();
            random.shuffle(&mut times);
            for time in times.into_iter().take(ON_A_DAY) {
                let mut actors = vec![format!("PractitionerRole/bench-doctor-{physician}")];
                let place = taken[time];
                taken[time] += 1;
                if place < ROOMS {
                    actors.push(format!("Location/bench-room-{place}"));
                }
                if place < DEVICES {
                    actors.push(format!("Device/bench-scanner-{place}"));
                }
                let minutes = i16::try_from(EIGHT + 20 * time)?;
                let id = format!("bench-visit-{}", visits.len());
                let start = at(day, minutes)?;
                visits.push(visit(Some(&id), "booked", "", &actors, start, MINUTES)?);
            }
        }
        day = day.tomorrow()?;
    }
    visits.truncate(VISITS);
    Ok(visits)
}
