//! Settings of what is sent to patients.

use std::path::PathBuf;

use clap::Args;

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

    /// Server that takes mail: smtps://host[:port] with TLS, smtp://host[:port] with STARTTLS, or
    /// without on this machine
    #[arg(long, env = "VESTA_SMTP_URL", global = true, value_name = "URL")]
    pub smtp_url: Option<String>,

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
    pub sms_url: Option<String>,

    /// File with the bearer token of the gateway
    #[arg(long, env = "VESTA_SMS_TOKEN_FILE", global = true, value_name = "FILE")]
    pub sms_token_file: Option<PathBuf>,

    /// Directory that messages are written to as files where nothing else sends them, for development
    #[arg(long, env = "VESTA_MESSAGES_DIR", global = true, value_name = "DIR")]
    pub messages_dir: Option<PathBuf>,
}

impl MessageSettings {
    /// What speaks against these settings.
    pub(super) fn problems(&self) -> Vec<String> {
        let sends =
            self.smtp_url.is_some() || self.sms_url.is_some() || self.messages_dir.is_some();
        let is_safe = |url: &str| {
            let here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
            url.starts_with("https://") || here.iter().any(|one| url.starts_with(one))
        };
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
            (
                self.sms_url.as_deref().is_some_and(|url| !is_safe(url)),
                "VESTA_SMS_URL must be https, or http on this machine",
            ),
        ];
        let wrong = checks.iter().filter(|(is_wrong, _)| *is_wrong);
        wrong.map(|(_, problem)| (*problem).to_owned()).collect()
    }
}
