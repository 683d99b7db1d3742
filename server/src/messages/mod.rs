//! What is sent to patients about their visits: planned from what became of a visit, handed to a provider when it is due, and
//! noted as Communication (<https://hl7.org/fhir/R4/communication.html>; server/SCHEDULING.md, messages).

mod deliver;
mod over;
mod plan;
mod providers;
mod recipient;
mod replies;
#[cfg(test)]
mod tests;
mod texts;

use std::path::Path;
use std::sync::Arc;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::edit;
use fhir::resource::Resource;
use jiff::tz::TimeZone;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::deliver::{Delivered, deliver};
pub use self::over::end_over;
pub use self::plan::plan;
pub use self::providers::{
    FileSink, Medium, Outgoing, Provider, SmsGateway, Smtp, SmtpSettings, Unsent,
};
use crate::config::{MessageSettings, Secret};
use crate::context::{Handling, RequestContext};
use crate::definitions::{Definitions, Searched};
use crate::error::{Error, ErrorKind, Result};
use crate::searchset::query_text;
use crate::store::{PreparedWrite, Source, Store, Transaction, Verb};
use crate::terminology::planned;

/// The code systems of ours that say what is sent, by what, and why not.
const CATEGORY: &str = "https://vesta.example/fhir/CodeSystem/message-category";
const MEDIUM: &str = "https://vesta.example/fhir/CodeSystem/message-medium";
const FAILURE: &str = "https://vesta.example/fhir/CodeSystem/message-failure";

/// In whose name messages are sent, and by what.
#[derive(Clone)]
pub struct Messages {
    /// The name of the clinic.
    pub clinic: Arc<str>,
    /// Where it is, where a visit does not say it.
    pub zone: TimeZone,
    /// The language of patients who have not said theirs.
    pub language: Arc<str>,
    /// Where patients find the visit; `{id}` stands for its id.
    pub link: Option<Arc<str>>,
    /// The page where patients answer; nothing where they do not.
    pub replies: Option<Arc<str>>,
    /// What sends, the best first for each medium.
    pub providers: Vec<Arc<dyn Provider>>,
    /// How many messages are handed over at the same time.
    pub hands: Hands,
}

/// The hands of one process that pass messages on. Those of one medium never take them all, so that one that does not answer
/// leaves a hand for the others.
#[derive(Clone, Debug)]
pub struct Hands {
    count: usize,
    sms: Arc<Semaphore>,
    email: Arc<Semaphore>,
}

impl Hands {
    /// So many.
    pub fn new(count: usize) -> Self {
        let of_each = || Arc::new(Semaphore::new(count.saturating_sub(1).max(1)));
        Self {
            count,
            sms: of_each(),
            email: of_each(),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// A hand for a medium, where it may have another one.
    fn take(&self, medium: Medium) -> Option<OwnedSemaphorePermit> {
        let of_medium = match medium {
            Medium::Sms => &self.sms,
            Medium::Email => &self.email,
        };
        Arc::clone(of_medium).try_acquire_owned().ok()
    }
}

impl Messages {
    /// As settings have it; what cannot be used stops the start. `replies` is the page where patients answer, where there is one.
    pub fn of(settings: &MessageSettings, replies: Option<String>) -> Result<Self> {
        let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
        if let (Some(url), Some(from)) = (&settings.smtp_url, &settings.smtp_from) {
            let password = settings.smtp_password_file.as_deref().map(secret);
            let smtp = SmtpSettings {
                url: url.expose().to_owned(),
                from: from.clone(),
                credentials: settings.smtp_user.clone().zip(password.transpose()?),
            };
            providers.push(Arc::new(Smtp::new(&smtp)?));
        }
        if let Some(url) = &settings.sms_url {
            let token = settings.sms_token_file.as_deref().map(secret);
            providers.push(Arc::new(SmsGateway::new(url.expose(), token.transpose()?)?));
        }
        if let Some(directory) = &settings.messages_dir {
            providers.push(Arc::new(FileSink::new(directory.clone())?));
        }
        let zone = fhir::scheduling::zone(&settings.clinic_zone);
        Ok(Self {
            clinic: settings.clinic_name.as_deref().unwrap_or_default().into(),
            zone: zone.unwrap_or(TimeZone::UTC),
            language: settings.clinic_language.as_str().into(),
            link: settings.message_link.as_deref().map(Into::into),
            replies: replies.filter(|_| settings.reply_links).map(Into::into),
            providers,
            hands: Hands::new(usize::try_from(settings.messages_at_once).unwrap_or(2)),
        })
    }

    /// Whether anything is sent here. Where nothing is, requests stay for whoever else sends them.
    pub fn are_sent(&self) -> bool {
        !self.providers.is_empty()
    }

    fn provider(&self, medium: Medium) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|one| one.sends(medium))
    }
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Messages")
    }
}

/// What planning and sending work with.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// The request that the server makes of itself.
    pub cx: &'a RequestContext,
    /// Where resources are.
    pub store: &'a Store,
    /// What the specification says.
    pub definitions: &'a Definitions,
    /// In whose name, and by what.
    pub messages: &'a Messages,
}

impl Work<'_> {
    /// A resource as it is; nothing where there is none. Nobody else changes it until the end.
    async fn read(&self, tx: &mut Transaction, key: &ResourceKey) -> Result<Option<Resource>> {
        tx.lock(vec![key.clone()]).await?;
        self.look(tx, key).await
    }

    /// A resource as it is, which others may change.
    async fn look(&self, tx: &mut Transaction, key: &ResourceKey) -> Result<Option<Resource>> {
        let found = Source::Within(self.store, tx).read(self.cx, key).await?;
        let content = found.and_then(|version| version.content);
        content
            .map(|content| Resource::parse(content).map_err(Error::internal))
            .transpose()
    }

    /// The resources of a type that a query selects, a page of them at most.
    async fn search(&self, name: &str, query: &[(String, String)]) -> Result<Vec<Resource>> {
        let named = ResourceType::parse(name);
        let types = [named.ok_or_else(|| Error::internal("R4 has this type"))?];
        let query = query_text(query);
        let searched = Searched::of(&types, &query, Handling::Strict);
        let plan = planned(self.cx, self.store, self.definitions, &searched).await?;
        let count = self.cx.limits.page_size_max;
        let mut source = Source::Committed(self.store);
        let page = source.search(self.cx, &plan, count, name, None).await?;
        let contents = page.matches.into_iter().filter_map(|one| one.content);
        contents
            .map(|content| Resource::parse(content).map_err(Error::internal))
            .collect()
    }

    async fn write(
        &self,
        tx: &mut Transaction,
        key: &ResourceKey,
        verb: Verb,
        text: String,
    ) -> Result<()> {
        let resource = Resource::parse(text).map_err(Error::internal)?;
        let definitions = self.definitions;
        let index = definitions.index_values(&resource, &self.cx.base_url)?;
        let patients = definitions.patients_of(self.cx, key, &resource)?;
        let write = PreparedWrite::new(key.clone(), verb, &resource, index, self.cx.now);
        let write = write.concerning(patients);
        match verb {
            Verb::Post => tx.create(&[write]).await.map(drop),
            _ => tx.put_one(&write).await.map(drop),
        }
    }

    /// Says that a request is over: `completed`, or `revoked`. One that somebody has ended stays as it is.
    async fn end_request(
        &self,
        tx: &mut Transaction,
        key: &ResourceKey,
        status: &str,
    ) -> Result<()> {
        let Some(request) = self.read(tx, key).await? else {
            return Ok(());
        };
        if !is_active(&request) {
            return Ok(());
        }
        let status = format!(r#""{status}""#);
        let text = edit::set_member(request.root(), "status", &status);
        self.write(tx, key, Verb::Put, text).await
    }
}

/// What a file keeps secret, without the line's end.
fn secret(path: &Path) -> Result<Secret> {
    let unreadable = |error: std::io::Error| {
        let sentence = format!("{} cannot be read: {}", path.display(), error.kind());
        Error::new(ErrorKind::BadValue, sentence)
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(Secret::from(text.trim_end().to_owned()))
}

fn is_active(request: &Resource) -> bool {
    let status = request.get("status").and_then(|status| status.string());
    status.as_deref() == Some("active")
}

/// The key of a resource that is new.
fn new_key(name: &str) -> Result<ResourceKey> {
    let named = ResourceType::parse(name).ok_or_else(|| Error::internal("R4 has this type"))?;
    let id = uuid::Uuid::now_v7().to_string();
    Ok(ResourceKey::new(
        named,
        id.parse().map_err(Error::internal)?,
    ))
}
