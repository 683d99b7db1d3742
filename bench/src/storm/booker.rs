//! Somebody who books, holds, moves and cancels at random, at either of two servers, and keeps a ledger of what was
//! acknowledged. Where an answer stays away, operations are asked again with their `Idempotency-Key`, at the other server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::clinic::{self, MINUTES, SERVICE};
use super::ledger::{Ledger, State, Visit};
use crate::Result;
use crate::diary::{instant, parameters, visit};
use crate::http::{Client, Request};
use crate::random::Random;

/// No answer within this time is no answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a server that was killed may still be at work in the database.
const AFTER: Duration = Duration::from_millis(500);
/// What gives a role to somebody else.
const PASS: &str = "PUT of a role";
/// How often an operation is asked again.
const TRIES: usize = 40;

/// Who books, and until when.
pub(super) struct Booker {
    pub(super) clients: [Client; 2],
    /// Of a server that asks nobody who they are: roles are given after a login with a second factor alone.
    pub(super) roles: Client,
    pub(super) name: String,
    pub(super) random: Random,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) ledger: Ledger,
    pub(super) asked: u64,
    /// The server that is asked, until it does not answer.
    pub(super) at: usize,
}

/// What is done next.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Book,
    Hold,
    BookHeld,
    Cancel,
    Reschedule,
    Put,
    PutMoved,
    Patch,
    Pair,
    Block,
    Pass,
}

/// The commoner ones more often.
const DEEDS: [Deed; 20] = [
    Deed::Book,
    Deed::Book,
    Deed::Book,
    Deed::Book,
    Deed::Hold,
    Deed::Hold,
    Deed::BookHeld,
    Deed::BookHeld,
    Deed::Cancel,
    Deed::Cancel,
    Deed::Cancel,
    Deed::Reschedule,
    Deed::Reschedule,
    Deed::Put,
    Deed::PutMoved,
    Deed::PutMoved,
    Deed::Patch,
    Deed::Pair,
    Deed::Block,
    Deed::Pass,
];

/// A request and what it is called in the ledger.
struct Asked<'a> {
    deed: &'static str,
    method: &'a str,
    path: &'a str,
    body: &'a str,
    content: &'a str,
    /// Whether it carries a key, and is asked until it is answered.
    is_operation: bool,
}

impl<'a> Asked<'a> {
    fn operation(deed: &'static str, path: &'a str, body: &'a str) -> Self {
        Self {
            deed,
            method: "POST",
            path,
            body,
            content: "application/fhir+json",
            is_operation: true,
        }
    }

    fn plain(deed: &'static str, method: &'a str, path: &'a str, body: &'a str) -> Self {
        Self {
            method,
            is_operation: false,
            ..Self::operation(deed, path, body)
        }
    }
}

impl Booker {
    /// Does one thing after another until told to stop; answers what it knows.
    pub(super) async fn work(mut self) -> Result<Ledger> {
        while !self.stop.load(Ordering::Relaxed) {
            let deed = *self.random.one_of(&DEEDS);
            match deed {
                Deed::Book => self.book().await?,
                Deed::Hold => self.hold().await?,
                Deed::BookHeld => self.book_held().await?,
                Deed::Cancel => self.cancel().await?,
                Deed::Reschedule => self.reschedule().await?,
                Deed::Put => self.put().await?,
                Deed::PutMoved => self.put_moved().await?,
                Deed::Patch => self.patch().await?,
                Deed::Pair => self.pair().await?,
                Deed::Block => self.block().await?,
                Deed::Pass => self.pass().await?,
            }
        }
        Ok(self.ledger)
    }

    async fn book(&mut self) -> Result<()> {
        let (actors, start) = (
            clinic::actors(&mut self.random),
            clinic::time(&mut self.random)?,
        );
        let wanted = visit(None, "pending", SERVICE, &actors, start, MINUTES)?;
        let body = parameters(&[format!(
            r#"{{"name":"appointment-resource","resource":{wanted}}}"#
        )]);
        let path = "/fhir/Appointment/$book";
        let answer = self.ask(&Asked::operation("$book", path, &body)).await?;
        self.keep(answer, actors, "booked", start)
    }

    async fn hold(&mut self) -> Result<()> {
        let (actors, start) = (
            clinic::actors(&mut self.random),
            clinic::time(&mut self.random)?,
        );
        let wanted = visit(None, "proposed", SERVICE, &actors, start, MINUTES)?;
        let body = parameters(&[
            format!(r#"{{"name":"appointment-resource","resource":{wanted}}}"#),
            r#"{"name":"hold-minutes","valuePositiveInt":1}"#.to_owned(),
        ]);
        let path = "/fhir/Appointment/$hold";
        let answer = self.ask(&Asked::operation("$hold", path, &body)).await?;
        self.keep(answer, actors, "pending", start)
    }

    async fn book_held(&mut self) -> Result<()> {
        let Some(place) = self.one("pending") else {
            return Ok(());
        };
        let id = self.ledger.visits[place].id.clone();
        let reference = format!(
            r#"{{"name":"appointment-reference","valueReference":{{"reference":"Appointment/{id}"}}}}"#
        );
        let body = parameters(&[reference]);
        let path = "/fhir/Appointment/$book";
        let answer = self
            .ask(&Asked::operation("$book of held", path, &body))
            .await?;
        if matches!(answer, Some((200 | 201, _))) {
            self.ledger.visits[place].state.status = "booked";
        }
        Ok(())
    }

    async fn cancel(&mut self) -> Result<()> {
        let status = *self.random.one_of(&["booked", "booked", "pending"]);
        let Some(place) = self.one(status) else {
            return Ok(());
        };
        let id = self.ledger.visits[place].id.clone();
        let reason = r#"{"name":"reason","valueCodeableConcept":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason","code":"pat"}]}}"#;
        let body = parameters(&[reason.to_owned()]);
        let path = format!("/fhir/Appointment/{id}/$cancel");
        let answer = self.ask(&Asked::operation("$cancel", &path, &body)).await?;
        if matches!(answer, Some((200, _))) {
            self.ledger.visits[place].state.status = "cancelled";
        }
        Ok(())
    }

    async fn reschedule(&mut self) -> Result<()> {
        let Some(place) = self.one("booked") else {
            return Ok(());
        };
        let start = clinic::time(&mut self.random)?;
        let end = start.checked_add(SignedDuration::from_mins(MINUTES))?;
        let moment = |name: &str, at: Timestamp| {
            format!(r#"{{"name":"{name}","valueDateTime":"{}"}}"#, instant(at))
        };
        let body = parameters(&[moment("start", start), moment("end", end)]);
        let path = format!(
            "/fhir/Appointment/{}/$reschedule",
            self.ledger.visits[place].id
        );
        let answer = self
            .ask(&Asked::operation("$reschedule", &path, &body))
            .await?;
        if matches!(answer, Some((200, _))) {
            self.ledger.visits[place].state.start = start;
        }
        Ok(())
    }

    async fn put(&mut self) -> Result<()> {
        let (actors, start) = (
            clinic::actors(&mut self.random),
            clinic::time(&mut self.random)?,
        );
        let id = self.random.uuid();
        let wanted = visit(Some(&id), "booked", SERVICE, &actors, start, MINUTES)?;
        let path = format!("/fhir/Appointment/{id}");
        let answer = self
            .ask(&Asked::plain("PUT", "PUT", &path, &wanted))
            .await?;
        if matches!(answer, Some((201, _))) {
            self.know(id, actors, "booked", start);
        }
        Ok(())
    }

    async fn put_moved(&mut self) -> Result<()> {
        let start = clinic::time(&mut self.random)?;
        let Some(place) = self.one("booked") else {
            return Ok(());
        };
        let known = self.ledger.visits[place].clone();
        let wanted = visit(
            Some(&known.id),
            "booked",
            SERVICE,
            &known.actors,
            start,
            MINUTES,
        )?;
        let path = format!("/fhir/Appointment/{}", known.id);
        let answer = self
            .ask(&Asked::plain("PUT to move", "PUT", &path, &wanted))
            .await?;
        self.moved(place, answer, start);
        Ok(())
    }

    async fn patch(&mut self) -> Result<()> {
        let start = clinic::time(&mut self.random)?;
        let Some(place) = self.one("booked") else {
            return Ok(());
        };
        let end = start.checked_add(SignedDuration::from_mins(MINUTES))?;
        let body = format!(
            r#"[{{"op":"replace","path":"/start","value":"{}"}},{{"op":"replace","path":"/end","value":"{}"}}]"#,
            instant(start),
            instant(end)
        );
        let path = format!("/fhir/Appointment/{}", self.ledger.visits[place].id);
        let asked = Asked {
            content: "application/json-patch+json",
            ..Asked::plain("PATCH", "PATCH", &path, &body)
        };
        let answer = self.ask(&asked).await?;
        self.moved(place, answer, start);
        Ok(())
    }

    /// Two visits in one transaction: both or none.
    async fn pair(&mut self) -> Result<()> {
        let mut pair = Vec::new();
        for _ in 0..2 {
            let id = self.random.uuid();
            let actors = clinic::actors(&mut self.random);
            pair.push((id, actors, clinic::time(&mut self.random)?));
        }
        let mut entries = Vec::new();
        for (id, actors, start) in &pair {
            let wanted = visit(Some(id), "booked", SERVICE, actors, *start, MINUTES)?;
            entries.push(wanted);
        }
        let body = crate::diary::put_all(&entries);
        let answer = self
            .ask(&Asked::plain("transaction", "POST", "/fhir", &body))
            .await?;
        if matches!(answer, Some((200, _))) {
            for (id, actors, start) in pair {
                self.know(id, actors, "booked", start);
            }
        }
        Ok(())
    }

    async fn block(&mut self) -> Result<()> {
        let start = clinic::time(&mut self.random)?;
        let end = start.checked_add(SignedDuration::from_mins(MINUTES))?;
        let body = parameters(&[format!(
            r#"{{"name":"period","valuePeriod":{{"start":"{}","end":"{}"}}}}"#,
            instant(start),
            instant(end)
        )]);
        let path = format!("/fhir/{}/$block", clinic::calendar(&mut self.random));
        self.ask(&Asked::operation("$block", &path, &body)).await?;
        Ok(())
    }

    /// A role becomes somebody else's: its visits pass, or it does not.
    async fn pass(&mut self) -> Result<()> {
        let count = u64::try_from(clinic::PHYSICIANS)?;
        let role = clinic::physician(self.random.below(count), true);
        let id = role.trim_start_matches("PractitionerRole/");
        let person = format!("storm-{}", self.random.below(count));
        let body = crate::diary::role_of(id, &person, "physician");
        let path = format!("/fhir/{role}");
        self.ask(&Asked::plain(PASS, "PUT", &path, &body)).await?;
        Ok(())
    }

    /// One of the own visits of that status, of which everything is known.
    fn one(&mut self, status: &str) -> Option<usize> {
        let places = self.ledger.visits.iter().enumerate();
        let places: Vec<usize> = places
            .filter(|(_, visit)| visit.is_sure() && visit.state.status == status)
            .map(|(place, _)| place)
            .collect();
        (!places.is_empty()).then(|| *self.random.one_of(&places))
    }

    fn know(&mut self, id: String, actors: Vec<String>, status: &'static str, start: Timestamp) {
        self.ledger.visits.push(Visit {
            id,
            actors,
            state: State { status, start },
            unsure: None,
        });
    }

    /// Keeps what an operation has made.
    fn keep(
        &mut self,
        answer: Option<(u16, Value)>,
        actors: Vec<String>,
        status: &'static str,
        start: Timestamp,
    ) -> Result<()> {
        if let Some((200 | 201, told)) = answer {
            let entries = told["entry"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let made = entries.iter().map(|entry| &entry["resource"]);
            let mut visits = made.filter(|one| one["resourceType"] == "Appointment");
            let made = visits.next().ok_or("nothing was made")?;
            let id = made["id"].as_str().ok_or("what was made has no id")?;
            if made["status"] != status {
                return Err(format!("Appointment/{id} is {}, not {status}", made["status"]).into());
            }
            self.know(id.to_owned(), actors, status, start);
        }
        Ok(())
    }

    fn moved(&mut self, place: usize, answer: Option<(u16, Value)>, start: Timestamp) {
        let visit = &mut self.ledger.visits[place];
        let state = State {
            status: "booked",
            start,
        };
        match answer {
            Some((200, _)) => visit.state = state,
            Some(_) => {}
            None => visit.unsure = Some(state),
        }
    }

    /// Asks; `None` where the answer stays away.
    async fn ask(&mut self, asked: &Asked<'_>) -> Result<Option<(u16, Value)>> {
        self.asked += 1;
        let key = match asked.is_operation {
            true => format!("idempotency-key: {}-{}\r\n", self.name, self.asked),
            false => String::new(),
        };
        let headers = format!("{key}content-type: {}\r\n", asked.content);
        if self.random.below(10) == 0 {
            self.at = 1 - self.at;
        }
        for _ in 0..TRIES {
            let request = Request {
                method: asked.method,
                path: asked.path,
                headers: &headers,
                body: asked.body,
            };
            let client = match asked.deed {
                PASS => &mut self.roles,
                _ => &mut self.clients[self.at],
            };
            let sent = client.send(request);
            let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE, sent).await else {
                self.ledger.lost += 1;
                self.at = 1 - self.at;
                if !asked.is_operation {
                    return Ok(None);
                }
                tokio::time::sleep(AFTER).await;
                continue;
            };
            let status = answer.status;
            let told: Value = match answer.body.is_empty() {
                true => Value::Null,
                false => serde_json::from_slice(answer.body)?,
            };
            self.ledger.note(asked.deed, status);
            let code = &told["issue"][0]["details"]["coding"][0]["code"];
            if code == "idempotency-in-progress" {
                tokio::time::sleep(AFTER).await;
                continue;
            }
            let may = matches!(status, 200 | 201 | 409 | 412)
                || (status == 422 && (code == "hold-expired" || code == "outside-availability"));
            return match may {
                true => Ok(Some((status, told))),
                false => Err(format!("{} was answered {status}: {told}", asked.deed).into()),
            };
        }
        Err(format!("{} was not answered by either server", asked.deed).into())
    }
}
