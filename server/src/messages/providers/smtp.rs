//! Electronic mail, through a server that takes it by SMTP (<https://www.rfc-editor.org/rfc/rfc6409>).

use std::time::Duration;

use futures_util::future::BoxFuture;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Medium, Outgoing, Provider, Unsent};
use crate::config::Secret;
use crate::error::{Error, ErrorKind, Result};

/// How long the server has for each command.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A server that takes mail.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// `smtps://host[:port]` speaks TLS from the beginning, `smtp://host[:port]` after STARTTLS, but to this machine.
    pub url: String,
    /// From whom.
    pub from: String,
    /// Whom the server knows, and by what.
    pub credentials: Option<(String, Secret)>,
}

/// A connection is made for each message.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// What speaks to a server.
    pub fn new(settings: &SmtpSettings) -> Result<Self> {
        let refused = |what: &str| Error::new(ErrorKind::BadValue, what.to_owned());
        let uri: http::Uri = settings
            .url
            .parse()
            .map_err(|_| refused("VESTA_SMTP_URL is no URL"))?;
        let host = uri
            .host()
            .ok_or_else(|| refused("VESTA_SMTP_URL names no host"))?;
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let is_here = name == "localhost"
            || name
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        let relay = AsyncSmtpTransport::<Tokio1Executor>::relay;
        let starttls = AsyncSmtpTransport::<Tokio1Executor>::starttls_relay;
        let builder = match (uri.scheme_str(), is_here) {
            (Some("smtps"), _) => relay(name).map_err(Error::internal)?,
            (Some("smtp"), false) => starttls(name).map_err(Error::internal)?,
            (Some("smtp"), true) => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(name),
            _ => return Err(refused("VESTA_SMTP_URL begins with smtps:// or smtp://")),
        };
        let builder = match uri.port_u16() {
            Some(port) => builder.port(port),
            None => builder,
        };
        let builder = match &settings.credentials {
            Some((user, password)) => {
                builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()))
            }
            None => builder,
        };
        let from = settings.from.parse();
        Ok(Self {
            transport: builder.timeout(Some(TIMEOUT)).build(),
            from: from.map_err(|_| refused("VESTA_SMTP_FROM is no address"))?,
        })
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Smtp")
    }
}

impl Provider for Smtp {
    fn sends(&self, medium: Medium) -> bool {
        medium == Medium::Email
    }

    fn send<'a>(&'a self, message: &'a Outgoing) -> BoxFuture<'a, std::result::Result<(), Unsent>> {
        Box::pin(async move {
            let to: Mailbox = message
                .to
                .parse()
                .map_err(|_| Unsent::Never("the address is none".to_owned()))?;
            let host = self.from.email.domain();
            let mail = Message::builder()
                .from(self.from.clone())
                .to(to)
                .subject(message.subject.clone())
                .message_id(Some(format!("<{}@{host}>", message.id)))
                .header(ContentType::TEXT_PLAIN)
                .body(message.text.clone())
                .map_err(|_| Unsent::Never("no mail can be made of it".to_owned()))?;
            let Err(error) = self.transport.send(mail).await else {
                return Ok(());
            };
            // What the server says may repeat the address.
            let code = error.status().map(|code| code.to_string());
            let said = match code {
                Some(code) => format!("the mail server answered {code}"),
                None => "the mail server does not answer".to_owned(),
            };
            match error.is_permanent() {
                true => Err(Unsent::Never(said)),
                false => Err(Unsent::Later(said)),
            }
        })
    }
}
