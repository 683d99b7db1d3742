//! What is due is handed to a provider, by whichever process comes first, and what became of it is noted.
//!
//! A message is taken for some minutes and looked at once more before it is handed over. Where a process ends between handing over
//! and noting, it is handed over again under the same id, five times at most.

use std::time::{Duration, Instant};

use fhir::ids::ResourceKey;
use fhir::json::{Document, Value, Writer, edit};
use fhir::resource::Resource;
use fhir::scheduling::Coding;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OwnedSemaphorePermit;

use super::plan::{Subject, category, concept, reference, unreadable};
use super::recipient::{Address, address};
use super::replies::with_link;
use super::texts::{Said, Told, text};
use super::{CATEGORY, FAILURE, MEDIUM, Outgoing, Unsent, Work, is_active, new_key};
use crate::context::RequestContext;
use crate::error::{Error, Result};
use crate::scheduling::quiet;
use crate::store::{News, Planned, Transaction, Verb};

/// How often a message is handed over at most.
const TRIES: i32 = 5;

/// How long is waited after each of them, in minutes.
const PAUSES: [i64; 4] = [1, 5, 15, 60];

/// After so long a message that was handed over is taken for lost.
const LEASE: SignedDuration = SignedDuration::from_mins(3);

/// A provider has so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What finds no hand that is free for its medium is looked at again after so long.
const BUSY: SignedDuration = SignedDuration::from_secs(10);

/// What fails so often is given up, whatever it is.
const LOST: i32 = 20;

const PREFERENCE: &str =
    "https://vesta.example/fhir/CodeSystem/consent-category|contact-preference";

/// What came of one look at what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Nothing is due.
    Nothing,
    /// A message was sent.
    Sent,
    /// It will be tried again.
    Later,
    /// It is not sent.
    NotSent,
}

/// What a look at a message has come to.
enum Looked {
    HandOver(Planned, Box<Outgoing>, OwnedSemaphorePermit),
    Done(Delivered),
}

/// Does something in one transaction.
macro_rules! in_one {
    ($work:ident, $tx:ident => $step:expr) => {{
        let mut attempts = $work.store.attempts();
        loop {
            let mut transaction = attempts.begin($work.cx).await?;
            let result = {
                let $tx = &mut transaction;
                $step.await
            };
            if let Some(done) = attempts.finish(transaction, result).await {
                break done;
            }
        }
    }};
}

/// Sends one message that is due. Where nothing is sent, what is due stays for processes that send.
pub async fn deliver(work: Work<'_>) -> Result<Delivered> {
    if !work.messages.are_sent() {
        return Ok(Delivered::Nothing);
    }
    let lease = work.cx.now.checked_add(LEASE).map_err(Error::internal)?;
    let taken = in_one!(work, tx => tx.take_message(lease))?;
    let Some(message) = taken else {
        return Ok(Delivered::Nothing);
    };
    let done = hand_over(work, &message).await;
    if done.is_err() && message.tries >= LOST {
        in_one!(work, tx => tx.drop_message(&message.request))?;
        tracing::error!(request = %message.request, "a message is given up");
    }
    done
}

async fn hand_over(work: Work<'_>, message: &Planned) -> Result<Delivered> {
    let looked = in_one!(work, tx => look(work, tx, message.clone()))?;
    let (message, outgoing, hand) = match looked {
        Looked::HandOver(message, outgoing, hand) => (message, outgoing, hand),
        Looked::Done(done) => return Ok(done),
    };
    let begun = Instant::now();
    let sent = match work.messages.provider(outgoing.medium) {
        Some(provider) => {
            let sent = tokio::time::timeout(PATIENCE, provider.send(&outgoing)).await;
            sent.unwrap_or_else(|_| Err(Unsent::Later("it takes too long".to_owned())))
        }
        None => Err(Unsent::Later("nothing sends it".to_owned())),
    };
    drop(hand);
    if let Err(unsent) = &sent {
        tracing::warn!(request = %message.request, tries = message.tries, %unsent, "a message was not sent");
    }
    // The provider had its time.
    let passed = SignedDuration::try_from(begun.elapsed()).map_err(Error::internal)?;
    let passed = SignedDuration::from_secs(passed.as_secs());
    let cx = RequestContext {
        now: work.cx.now.checked_add(passed).map_err(Error::internal)?,
        ..work.cx.clone()
    };
    let work = Work { cx: &cx, ..work };
    in_one!(work, tx => note(work, tx, message.clone(), &sent))
}

/// Whether a message is to be handed over, and what it says.
async fn look(work: Work<'_>, tx: &mut Transaction, mut message: Planned) -> Result<Looked> {
    let keys = [&message.appointment, &message.request];
    tx.lock(keys.into_iter().cloned().collect()).await?;
    if !tx.is_handed_over(&message).await? {
        return Ok(Looked::Done(Delivered::Later));
    }
    let request = work.read(tx, &message.request).await?;
    let Some(request) = request.filter(is_active) else {
        // Somebody else has sent it, or nobody shall.
        tx.drop_message(&message.request).await?;
        return Ok(Looked::Done(Delivered::NotSent));
    };
    let subject = Subject::read(work, tx, &message.appointment).await?;
    let subject = subject.filter(|subject| {
        subject.is_still(message.kind, message.starts)
            && subject.patients.contains(&message.patient)
            && message.starts > work.cx.now
            && (message.kind != News::Offered || subject.visit.hold_expires > Some(work.cx.now))
    });
    let Some(subject) = subject else {
        return fail(work, tx, &message, "superseded").await;
    };
    if message.tries > TRIES {
        return fail(work, tx, &message, "undeliverable").await;
    }
    let due = quiet::told_at(work.cx.now, message.starts, &subject.zone);
    if due > work.cx.now {
        return put_back(tx, message, due).await;
    }
    let Some(patient) = work.look(tx, &message.patient).await? else {
        return fail(work, tx, &message, "no-address").await;
    };
    let consents = consents(work, &message.patient).await?;
    let asked = request.get("medium").into_iter().flat_map(Value::items);
    let asked: Vec<Coding> = asked.flat_map(Coding::all).collect();
    let address = match address(&patient, &consents, &asked, work.messages, work.cx.now) {
        Ok(address) => address,
        Err(why) => return fail(work, tx, &message, why.code()).await,
    };
    let Some(hand) = work.messages.hands.take(address.medium) else {
        let due = work.cx.now.checked_add(BUSY).map_err(Error::internal)?;
        return put_back(tx, message, due).await;
    };
    let said = said(work, &message, &subject, &patient)?;
    let key = in_progress(work, tx, &message, &address, &said.text).await?;
    let text = with_link(work, tx, &message, &subject, &said).await?;
    let outgoing = Outgoing {
        medium: address.medium,
        id: key.id.to_string(),
        to: address.value,
        subject: said.subject,
        text,
    };
    message.communication = Some(key);
    tx.keep_message(&message).await?;
    Ok(Looked::HandOver(message, Box::new(outgoing), hand))
}

/// A message is sent later, and was not tried.
async fn put_back(tx: &mut Transaction, mut message: Planned, due: Timestamp) -> Result<Looked> {
    message.due = due;
    message.tries -= 1;
    tx.keep_message(&message).await?;
    Ok(Looked::Done(Delivered::Later))
}

/// What a message says, in a language of the patient.
fn said(work: Work<'_>, message: &Planned, subject: &Subject, patient: &Resource) -> Result<Said> {
    let languages = languages(patient, &work.messages.language);
    let link = work.messages.link.as_deref();
    let link = link.map(|link| link.replace("{id}", subject.key.id.as_str()));
    let told = Told {
        kind: message.kind,
        clinic: &work.messages.clinic,
        start: message.starts,
        until: subject.visit.hold_expires,
        zone: &subject.zone,
        link: link.as_deref(),
    };
    text(&told, &languages).ok_or_else(unreadable)
}

/// The active Consents of a patient about how they want to be reached.
async fn consents(work: Work<'_>, patient: &ResourceKey) -> Result<Vec<Resource>> {
    let query = [
        ("patient".to_owned(), patient.to_string()),
        ("status".to_owned(), "active".to_owned()),
        ("category".to_owned(), PREFERENCE.to_owned()),
    ];
    work.search("Consent", &query).await
}

/// The languages of a patient, the preferred one first.
fn languages(patient: &Resource, otherwise: &str) -> Vec<String> {
    let spoken = patient
        .get("communication")
        .into_iter()
        .flat_map(Value::items);
    let spoken = spoken.flat_map(|one| {
        let is_preferred = one.get("preferred").and_then(Value::boolean) == Some(true);
        let codings = one.at(&["language", "coding"]);
        let codings = codings.into_iter().flat_map(Value::items);
        let codes = codings.filter_map(|coding| coding.get("code")?.string());
        codes
            .map(|code| (!is_preferred, code.into_owned()))
            .collect::<Vec<_>>()
    });
    let mut spoken: Vec<(bool, String)> = spoken.collect();
    spoken.sort_by_key(|(is_other, _)| *is_other);
    let languages = spoken.into_iter().map(|(_, code)| code);
    languages.chain([otherwise.to_owned()]).collect()
}

/// The Communication of a message that is handed over: the one there is, or a new one.
async fn in_progress(
    work: Work<'_>,
    tx: &mut Transaction,
    message: &Planned,
    address: &Address,
    text: &str,
) -> Result<ResourceKey> {
    if let Some(known) = &message.communication {
        return Ok(known.clone());
    }
    let key = new_key("Communication")?;
    let written = communication(message, "in-progress", |one| {
        one.array("medium", |list| {
            concept(list, MEDIUM, address.medium.code());
        });
        one.array("payload", |list| {
            list.object(|payload| payload.string("contentString", text));
        });
    });
    work.write(tx, &key, Verb::Post, written).await?;
    Ok(key)
}

fn communication(
    message: &Planned,
    status: &str,
    more: impl FnOnce(&mut fhir::json::ObjectWriter<'_>),
) -> String {
    let mut writer = Writer::with_capacity(512);
    writer.object(|one| {
        one.string("resourceType", "Communication");
        one.array("basedOn", |list| reference(list, &message.request));
        one.string("status", status);
        one.array("category", |list| {
            concept(list, CATEGORY, category(message.kind));
        });
        one.object("subject", |subject| {
            subject.string("reference", &message.patient.to_string());
        });
        one.array("about", |list| reference(list, &message.appointment));
        one.array("recipient", |list| reference(list, &message.patient));
        more(one);
    });
    writer.finish()
}

/// The same as what a look has come to.
async fn fail(
    work: Work<'_>,
    tx: &mut Transaction,
    message: &Planned,
    why: &str,
) -> Result<Looked> {
    unsent(work, tx, message, why).await?;
    Ok(Looked::Done(Delivered::NotSent))
}

/// A message that is never sent: the request is revoked, and the Communication says why.
pub(super) async fn unsent(
    work: Work<'_>,
    tx: &mut Transaction,
    message: &Planned,
    why: &str,
) -> Result<()> {
    let reason = format!(r#"{{"coding":[{{"system":"{FAILURE}","code":"{why}"}}]}}"#);
    match &message.communication {
        Some(key) => {
            let change = [("status", r#""not-done""#), ("statusReason", &reason)];
            changed(work, tx, key, &change).await?;
        }
        None => {
            let text = communication(message, "not-done", |one| one.raw("statusReason", &reason));
            let key = new_key("Communication")?;
            work.write(tx, &key, Verb::Post, text).await?;
        }
    }
    work.end_request(tx, &message.request, "revoked").await?;
    tx.drop_message(&message.request).await
}

/// A resource with some members as they are now.
async fn changed(
    work: Work<'_>,
    tx: &mut Transaction,
    key: &ResourceKey,
    members: &[(&str, &str)],
) -> Result<()> {
    let Some(resource) = work.read(tx, key).await? else {
        return Ok(());
    };
    let mut document = resource.document().clone();
    for (name, json) in members {
        let text = edit::set_member(document.root(), name, json);
        document = Document::parse(text).map_err(Error::internal)?;
    }
    let text = document.text().to_owned();
    work.write(tx, key, Verb::Put, text).await
}

/// Notes what the provider has said of a message.
async fn note(
    work: Work<'_>,
    tx: &mut Transaction,
    mut message: Planned,
    sent: &std::result::Result<(), Unsent>,
) -> Result<Delivered> {
    let keys = [&message.appointment, &message.request];
    tx.lock(keys.into_iter().cloned().collect()).await?;
    if !tx.is_handed_over(&message).await? {
        // It took so long that somebody else has handed it over again, and notes what comes of that.
        return Ok(Delivered::Later);
    }
    match sent {
        Ok(()) => {
            let key = message.communication.as_ref().ok_or_else(unreadable)?;
            let at = format!(r#""{}""#, work.cx.now);
            changed(
                work,
                tx,
                key,
                &[("status", r#""completed""#), ("sent", &at)],
            )
            .await?;
            work.end_request(tx, &message.request, "completed").await?;
            tx.drop_message(&message.request).await?;
            Ok(Delivered::Sent)
        }
        Err(Unsent::Later(_)) if message.tries < TRIES => {
            let place = usize::try_from(message.tries - 1).unwrap_or_default();
            let pause = PAUSES.get(place).copied().unwrap_or(1);
            message.due = later(work.cx.now, pause)?;
            tx.keep_message(&message).await?;
            Ok(Delivered::Later)
        }
        Err(_) => {
            unsent(work, tx, &message, "undeliverable").await?;
            Ok(Delivered::NotSent)
        }
    }
}

fn later(now: Timestamp, minutes: i64) -> Result<Timestamp> {
    let pause = SignedDuration::from_mins(minutes);
    now.checked_add(pause).map_err(Error::internal)
}
