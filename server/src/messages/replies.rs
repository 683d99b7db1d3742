//! Links by which patients answer to what is sent: whether they come, or take what is offered. The page behind them is the
//! authorization server's; of the secret a hash alone is stored, and the Communication does not tell it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::Work;
use super::plan::Subject;
use super::texts::Said;
use crate::error::Result;
use crate::store::{News, Planned, ReplyLink, SecretHash, Transaction};

/// The text that is handed over: what is told, and a link where it can be answered.
pub(super) async fn with_link(
    work: Work<'_>,
    tx: &mut Transaction,
    message: &Planned,
    subject: &Subject,
    said: &Said,
) -> Result<String> {
    let (Some(page), true) = (&work.messages.replies, is_answered(message.kind)) else {
        return Ok(said.text.clone());
    };
    // 122 random bits in 22 letters: a text message has few.
    let secret = URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
    let offered_until = subject.visit.hold_expires;
    let link = ReplyLink {
        appointment: message.appointment.clone(),
        patient: message.patient.clone(),
        kind: message.kind,
        starts: message.starts,
        told: said.told.clone(),
        language: said.language.to_owned(),
        expires: match message.kind {
            News::Offered => offered_until.unwrap_or(message.starts),
            _ => message.starts,
        },
    };
    tx.keep_reply_link(&SecretHash::of(&secret), &link).await?;
    Ok(said.with_link(message.kind, &format!("{page}?key={secret}")))
}

fn is_answered(kind: News) -> bool {
    matches!(
        kind,
        News::Booked | News::Changed | News::Reminder | News::Offered
    )
}
