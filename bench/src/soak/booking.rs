//! Two bookings of the same people, room and machine at one time, named in opposite orders: one is booked, the other is told
//! of the clash, and neither of a deadlock.

use std::collections::BTreeMap;

use jiff::{SignedDuration, ToSpan};

use super::Proofs;
use crate::Result;
use crate::diary::{at, bare, device, parameters, put_all, role, room, today, visit};
use crate::http::{Client, Request};
use crate::server::OwnServer;

/// Minutes of a visit.
const MINUTES: i64 = 20;

/// Books as many times.
pub(super) async fn prove(server: &OwnServer, rounds: usize, proofs: &mut Proofs) {
    let name = "two bookings of the same three in opposite orders: one is booked";
    proofs.note(name, opposite(server, rounds).await);
}

async fn opposite(server: &OwnServer, rounds: usize) -> Result<String> {
    let clinic = [
        bare("Practitioner", "soak-doctor"),
        role("soak-doctor", "physician"),
        room("soak-room", 1),
        device("soak-scanner"),
    ];
    let (mut one, mut other) = (server.client(), server.client());
    let bundle = put_all(&clinic);
    let stored = one.send(Request::new("POST", "/fhir", &bundle)).await?;
    stored.expect(200)?;
    let actors = [
        "PractitionerRole/soak-doctor",
        "Location/soak-room",
        "Device/soak-scanner",
    ];
    let mut start = at(today()?.checked_add(1.days())?, 0)?;
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for round in 0..rounds {
        let mut actors = actors.map(str::to_owned);
        let wanted = visit(None, "pending", "", &actors, start, MINUTES)?;
        actors.reverse();
        let reversed = visit(None, "pending", "", &actors, start, MINUTES)?;
        let both = tokio::try_join!(book(&mut one, &wanted), book(&mut other, &reversed))?;
        if !matches!(both, (201, 409) | (409, 201)) {
            return Err(format!("round {round} was answered {both:?}").into());
        }
        for status in [both.0, both.1] {
            *statuses.entry(status).or_default() += 1;
        }
        start = start.checked_add(SignedDuration::from_mins(MINUTES))?;
    }
    Ok(super::concurrency::shown(&statuses))
}

async fn book(client: &mut Client, wanted: &str) -> Result<u16> {
    let body = parameters(&[format!(
        r#"{{"name":"appointment-resource","resource":{wanted}}}"#
    )]);
    let request = Request::new("POST", "/fhir/Appointment/$book", &body);
    Ok(client.send(request).await?.status)
}
