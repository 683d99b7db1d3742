//! Settings of what is sent to patients.

use std::path::PathBuf;

use clap::Args;
use http::Uri;

use super::Secret;

/// In whose name messages are sent, and by what.
#[derive(Debug, Clone, Args)]
pub struct MessageSettings {
    /// Name of the clinic in messages, which must not say what it is for: whoever sends needs one
    #[arg(long, env = "VESTA_CLINIC_NAME", global = true, value_name = "NAME")]
    pub clinic_name: Option<String>,

    /// Time zone of visits that do not say theirs, as the tz database names it
    #[arg(
        long,
        env = "VESTA_CLINIC_ZONE",
        global = true,
        value_name = "ZONE",
        default_value = "Etc/UTC"
    )]
    pub clinic_zone: String,

    /// Language of messages to patients who have not said theirs: en or de
    #[arg(
        long,
        env = "VESTA_CLINIC_LANGUAGE",
        global = true,
        value_name = "CODE",
        default_value = "en"
    )]
    pub clinic_language: String,

    /// Link in messages; {id} stands for the id of the Appointment
    #[arg(long, env = "VESTA_MESSAGE_LINK", global = true, value_name = "URL")]
    pub message_link: Option<String>,

    /// Whether messages have a link by which patients confirm or cancel, or take what is offered;
    /// needs VESTA_AUTH=smart
    #[arg(long, env = "VESTA_REPLY_LINKS", global = true, value_name = "BOOL")]
    #[arg(default_value_t = true, action = clap::ArgAction::Set)]
    pub reply_links: bool,

    /// Server that takes mail: smtps://host[:port] with TLS, smtp://host[:port] with STARTTLS, or
    /// without on this machine
    #[arg(long, env = "VESTA_SMTP_URL", global = true, value_name = "URL")]
    pub smtp_url: Option<Secret>,

    /// Address that mail is from, such as `Clinic <front@clinic.example>`
    #[arg(long, env = "VESTA_SMTP_FROM", global = true, value_name = "ADDRESS")]
    pub smtp_from: Option<String>,

    /// Name that the mail server knows this one by
    #[arg(long, env = "VESTA_SMTP_USER", global = true, value_name = "NAME")]
    pub smtp_user: Option<String>,

    /// File with the password of VESTA_SMTP_USER
    #[arg(
        long,
        env = "VESTA_SMTP_PASSWORD_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub smtp_password_file: Option<PathBuf>,

    /// Gateway that takes text messages: POST of {"id", "to", "text"} as JSON, with the id as
    /// Idempotency-Key
    #[arg(long, env = "VESTA_SMS_URL", global = true, value_name = "URL")]
    pub sms_url: Option<Secret>,

    /// File with the bearer token of the gateway
    #[arg(long, env = "VESTA_SMS_TOKEN_FILE", global = true, value_name = "FILE")]
    pub sms_token_file: Option<PathBuf>,

    /// Directory that messages are written to as files where nothing else sends them, for development
    #[arg(long, env = "VESTA_MESSAGES_DIR", global = true, value_name = "DIR")]
    pub messages_dir: Option<PathBuf>,

    /// Messages that one process hands over at the same time; those of one medium leave room for the
    /// others (2-64)
    #[arg(long, env = "VESTA_MESSAGES_AT_ONCE", global = true, value_name = "N")]
    #[arg(default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=64))]
    pub messages_at_once: u32,
}

impl MessageSettings {
    /// What speaks against these settings.
    pub(super) fn problems(&self) -> Vec<String> {
        let sends =
            self.smtp_url.is_some() || self.sms_url.is_some() || self.messages_dir.is_some();
        let checks = [
            (
                sends && self.clinic_name.is_none(),
                "VESTA_CLINIC_NAME is missing: messages say who sends them",
            ),
            (
                fhir::scheduling::zone(&self.clinic_zone).is_none(),
                "VESTA_CLINIC_ZONE is no zone of the tz database",
            ),
            (
                self.smtp_url.is_some() != self.smtp_from.is_some(),
                "VESTA_SMTP_URL and VESTA_SMTP_FROM belong together: set both or none",
            ),
            (
                self.smtp_user.is_some() != self.smtp_password_file.is_some(),
                "VESTA_SMTP_USER and VESTA_SMTP_PASSWORD_FILE belong together: set both or none",
            ),
        ];
        let wrong = checks.iter().filter(|(is_wrong, _)| *is_wrong);
        let wrong = wrong.map(|(_, problem)| *problem);
        let sms = self.sms_url.as_ref();
        let sms = sms.and_then(|url| gateway_problem(url.expose()));
        let smtp = self.smtp_url.as_ref();
        let smtp = smtp.and_then(|url| mail_server_problem(url.expose()));
        wrong
            .chain(sms)
            .chain(smtp)
            .map(ToOwned::to_owned)
            .collect()
    }
}

/// What speaks against the URL of a gateway.
fn gateway_problem(url: &str) -> Option<&'static str> {
    let uri: Option<Uri> = url.parse().ok();
    let parts = uri.as_ref().and_then(|uri| {
        let scheme = uri.scheme_str()?;
        Some((scheme, uri.authority()?))
    });
    let Some((scheme, authority)) = parts else {
        return Some("VESTA_SMS_URL is no URL");
    };
    if authority.as_str().contains('@') {
        return Some(
            "VESTA_SMS_URL holds a name or password: VESTA_SMS_TOKEN_FILE is for what the gateway asks for",
        );
    }
    match scheme {
        "https" => None,
        "http" if is_this_machine(authority.host()) => None,
        _ => Some("VESTA_SMS_URL must be https, or http on this machine"),
    }
}

/// What speaks against the URL of a mail server.
fn mail_server_problem(url: &str) -> Option<&'static str> {
    let form = Some("VESTA_SMTP_URL must be smtps://host[:port] or smtp://host[:port]");
    let Ok(uri) = url.parse::<Uri>() else {
        return form;
    };
    let Some(authority) = uri.authority() else {
        return form;
    };
    if authority.as_str().contains('@') {
        return Some(
            "VESTA_SMTP_URL holds a name or password: VESTA_SMTP_USER and VESTA_SMTP_PASSWORD_FILE are for them",
        );
    }
    let is_known = matches!(uri.scheme_str(), Some("smtp" | "smtps"));
    let is_whole = !authority.host().is_empty() && matches!(uri.path(), "" | "/");
    match is_known && is_whole && uri.query().is_none() {
        true => None,
        false => form,
    }
}

/// Whether a host is this machine itself, and not one that is only called alike.
fn is_this_machine(host: &str) -> bool {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let address = name.parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
