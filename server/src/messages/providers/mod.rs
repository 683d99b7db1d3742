//! What carries messages: SMTP, a gateway for text messages, and a directory of files for development.

mod file;
mod sms;
mod smtp;
#[cfg(test)]
pub(super) mod tests;

use futures_util::future::BoxFuture;

pub use self::file::FileSink;
pub use self::sms::SmsGateway;
pub use self::smtp::{Smtp, SmtpSettings};

/// By what a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A text message.
    Sms,
    /// Electronic mail.
    Email,
}

impl Medium {
    /// The code of `message-medium`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Email => "email",
        }
    }
}

/// A message as it is handed over. It is nobody's to log.
#[derive(Clone)]
pub struct Outgoing {
    /// By what.
    pub medium: Medium,
    /// The same whenever it is handed over: who knows it has the message already.
    pub id: String,
    /// The address.
    pub to: String,
    /// The subject, where the medium has one.
    pub subject: String,
    /// The text.
    pub text: String,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outgoing")
    }
}

/// Why a message was not taken. The sentence names neither an address nor a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// It may be taken later.
    #[error("not taken now: {0}")]
    Later(String),
    /// It never will be.
    #[error("refused: {0}")]
    Never(String),
}

/// Something that carries messages.
pub trait Provider: Send + Sync {
    /// Whether it carries those of a medium.
    fn sends(&self, medium: Medium) -> bool;

    /// Hands a message over.
    fn send<'a>(&'a self, message: &'a Outgoing) -> BoxFuture<'a, Result<(), Unsent>>;
}
