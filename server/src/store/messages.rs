//! What became of visits until it is told, and what is to be sent until it is (server/decisions/0035-told-from-what-was-written.md).

use fhir::ids::ResourceKey;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::fault::from_sqlx;
use super::instant::Instant;
use super::{Store, Transaction, statements};
use crate::error::{Error, Result};

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// A visit was booked.
    Booked,
    /// It was moved.
    Changed,
    /// It was cancelled.
    Cancelled,
    /// It is offered to somebody who waits.
    Offered,
    /// It is soon.
    Reminder,
    /// Nothing is told, but what was planned may not be right any more.
    Other,
}

const KINDS: [(News, &str); 6] = [
    (News::Booked, "booked"),
    (News::Changed, "changed"),
    (News::Cancelled, "cancelled"),
    (News::Offered, "offered"),
    (News::Reminder, "reminder"),
    (News::Other, "other"),
];

impl News {
    /// Its name.
    pub fn code(self) -> &'static str {
        let mut kinds = KINDS.iter();
        kinds.find(|(one, _)| *one == self).map_or("", |one| one.1)
    }

    pub(super) fn parse(code: &str) -> Result<Self> {
        let mut kinds = KINDS.iter();
        let found = kinds.find(|(_, known)| *known == code);
        found
            .map(|(kind, _)| *kind)
            .ok_or_else(|| Error::internal("a stored kind of message is unknown"))
    }
}

/// Something became of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitNews {
    /// Which row.
    pub id: i64,
    /// The visit.
    pub appointment: ResourceKey,
    /// What became of it.
    pub kind: News,
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The CommunicationRequest.
    pub request: ResourceKey,
    /// The visit.
    pub appointment: ResourceKey,
    /// To whom.
    pub patient: ResourceKey,
    /// What it is about.
    pub kind: News,
    /// When the visit is.
    pub starts: Timestamp,
    /// When it is sent, or tried next.
    pub due: Timestamp,
    /// When it was planned to be sent.
    pub planned: Timestamp,
    /// How often it was handed over.
    pub tries: i32,
    /// The Communication, once it was handed over.
    pub communication: Option<ResourceKey>,
}

impl Transaction {
    /// Nobody is told what becomes of visits: whoever asks for it has told them.
    pub fn tell_nobody(&mut self) {
        self.is_silent = true;
    }

    /// Notes what became of visits.
    pub(super) async fn note_news(&mut self, news: &[(ResourceKey, News)]) -> Result<()> {
        if news.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = news.iter().map(|(key, _)| key.to_string()).collect();
        let kinds: Vec<&str> = news.iter().map(|(_, kind)| kind.code()).collect();
        let now = self.now();
        sqlx::query(statements::ADD_VISIT_NEWS)
            .bind(keys)
            .bind(kinds)
            .bind(Instant(now))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// What became of a visit, is due at a moment, and nobody else tells; nobody does until the end.
    pub async fn visit_news(&mut self, due: Timestamp) -> Result<Option<VisitNews>> {
        let row = sqlx::query(statements::TAKE_VISIT_NEWS)
            .bind(Instant(due))
            .fetch_optional(self.connection())
            .await
            .map_err(from_sqlx)?;
        let news = |row: PgRow| {
            Ok(VisitNews {
                id: row.try_get("id").map_err(from_sqlx)?,
                appointment: key(&row, "appointment")?,
                kind: News::parse(row.try_get("kind").map_err(from_sqlx)?)?,
            })
        };
        row.map(news).transpose()
    }

    /// It is told, or there was nothing to tell.
    pub async fn drop_visit_news(&mut self, id: i64) -> Result<()> {
        sqlx::query(statements::DROP_VISIT_NEWS)
            .bind(id)
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// What is to be sent about a visit; nobody else changes that until the end.
    pub async fn planned(&mut self, appointment: &ResourceKey) -> Result<Vec<Planned>> {
        let rows = sqlx::query(statements::LIST_MESSAGES)
            .bind(appointment.to_string())
            .fetch_all(self.connection())
            .await
            .map_err(from_sqlx)?;
        rows.iter().map(planned).collect()
    }

    /// Notes what is to be sent.
    pub async fn plan_message(&mut self, message: &Planned) -> Result<()> {
        sqlx::query(statements::ADD_MESSAGE)
            .bind(message.request.to_string())
            .bind(message.appointment.to_string())
            .bind(message.patient.to_string())
            .bind(message.kind.code())
            .bind(Instant(message.starts))
            .bind(Instant(message.planned))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// What is due and nobody else sends; nobody does until the end. It counts as handed over once more from now on, and as
    /// lost after `lease`.
    pub async fn take_message(&mut self, lease: Timestamp) -> Result<Option<Planned>> {
        let now = self.now();
        let row = sqlx::query(statements::TAKE_MESSAGE)
            .bind(Instant(now))
            .bind(Instant(lease))
            .fetch_optional(self.connection())
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(planned).transpose()
    }

    /// A message that was due before a moment; others may send it meanwhile.
    pub async fn message_over(&mut self, before: Timestamp) -> Result<Option<Planned>> {
        let row = sqlx::query(statements::READ_MESSAGE_OVER)
            .bind(Instant(before))
            .fetch_optional(self.connection())
            .await
            .map_err(from_sqlx)?;
        row.as_ref().map(planned).transpose()
    }

    /// Whether a message is still as it was handed over; nobody else changes that until the end.
    pub async fn is_handed_over(&mut self, message: &Planned) -> Result<bool> {
        let tries: Option<i32> = sqlx::query_scalar(statements::LOCK_MESSAGE)
            .bind(message.request.to_string())
            .fetch_optional(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(tries == Some(message.tries))
    }

    /// Notes when a message is due, how often it was handed over, and by which Communication.
    pub async fn keep_message(&mut self, message: &Planned) -> Result<()> {
        sqlx::query(statements::KEEP_MESSAGE)
            .bind(message.request.to_string())
            .bind(Instant(message.due))
            .bind(message.tries)
            .bind(message.communication.as_ref().map(ToString::to_string))
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Nothing is to be sent any more.
    pub async fn drop_message(&mut self, request: &ResourceKey) -> Result<()> {
        sqlx::query(statements::DROP_MESSAGE)
            .bind(request.to_string())
            .execute(self.connection())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}

impl Store {
    /// Notes that a process that sends messages is there.
    pub async fn note_sender(&self, now: Timestamp) -> Result<()> {
        sqlx::query(statements::NOTE_SENDER)
            .bind(Instant(now))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }

    /// Whether one has been there since a moment.
    pub async fn has_sender(&self, since: Timestamp) -> Result<bool> {
        sqlx::query_scalar(statements::HAS_SENDER)
            .bind(Instant(since))
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// What became of a visit is told later, since that has failed now.
    pub async fn postpone_visit_news(&self, id: i64, now: Timestamp) -> Result<()> {
        sqlx::query(statements::POSTPONE_VISIT_NEWS)
            .bind(id)
            .bind(Instant(now))
            .execute(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}

fn key(row: &PgRow, name: &str) -> Result<ResourceKey> {
    let text: &str = row.try_get(name).map_err(from_sqlx)?;
    text.parse().map_err(Error::internal)
}

fn planned(row: &PgRow) -> Result<Planned> {
    let moment = |name: &str| -> Result<Timestamp> {
        let at: Instant = row.try_get(name).map_err(from_sqlx)?;
        Ok(at.0)
    };
    let communication: Option<&str> = row.try_get("communication").map_err(from_sqlx)?;
    Ok(Planned {
        request: key(row, "request")?,
        appointment: key(row, "appointment")?,
        patient: key(row, "patient")?,
        kind: News::parse(row.try_get("kind").map_err(from_sqlx)?)?,
        starts: moment("starts")?,
        due: moment("due")?,
        planned: moment("planned")?,
        tries: row.try_get("tries").map_err(from_sqlx)?,
        communication: communication
            .map(|text| text.parse().map_err(Error::internal))
            .transpose()?,
    })
}
