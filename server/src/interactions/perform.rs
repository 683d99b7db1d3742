//! [`Interactions::perform`]: the single entrance to everything the API does.

use std::sync::Arc;

use bytes::Bytes;
use fhir::ids::ResourceKey;
use jiff::Timestamp;

use super::{
    Interaction, Outcome, Owners, ReadConditions, bundle, capabilities, conditional, create,
    delete, glass, history, patch, permission, read, search, update,
};
use crate::context::RequestContext;
use crate::definitions::{CurrentDefinitions, Definitions};
use crate::error::{ErrorKind, Result};
use crate::operations::{CalledOperation, OperationAnswer, Registry};
use crate::store::{Source, Store, is_outdated, trail_is_closed};

/// How often a write is done again because the definitions have changed meanwhile.
const TRIES: u32 = 10;

/// How often it is done again before changes of the definitions by this server wait for it.
const TRIES_BESIDE: u32 = 3;

/// What interactions are performed with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Interactions {
    /// What the specification and the stored definitions say, at the moment the request began.
    pub definitions: Arc<Definitions>,
    /// What they say to the next request.
    pub current: Arc<CurrentDefinitions>,
    /// Where resources are.
    pub store: Store,
    /// The operations there are.
    pub operations: Arc<Registry>,
    /// The CapabilityStatement, made once for each state of the definitions.
    pub capabilities: Arc<capabilities::Capabilities>,
    /// Whether a read is answered although it cannot be recorded.
    pub reads_open: bool,
    /// Whose the versions are that were read lately.
    pub owners: Arc<Owners>,
    /// Whether a record is closed to all who do not care for its patient, until a consent permits it.
    pub consents_close: bool,
}

/// The outcome of an operation.
fn of_answer(answer: OperationAnswer, now: Timestamp) -> Outcome {
    let plain = answer.as_plain();
    Outcome {
        plain: plain.map(|(plain, _)| plain),
        version: plain.map(|(_, tag)| (tag, now)),
        location: answer.location(),
        issues: answer.issues().to_vec(),
        is_replayed: answer.is_replayed(),
        ..Outcome::body(answer.status(), answer.into_body())
    }
}

impl Interactions {
    /// Performs one interaction, with a transaction of its own where it needs one, and records it where there is an audit
    /// trail.
    pub async fn perform(&self, cx: &RequestContext, interaction: Interaction) -> Result<Outcome> {
        let audited = match self.store.is_audited() {
            true => interaction.audited(),
            false => None,
        };
        let Some(audited) = audited else {
            return self.perform_by_current(cx, interaction).await;
        };
        let cx = cx.audited_as(audited);
        let result = match interaction.changes_trail() {
            true => Err(trail_is_closed()),
            false => self.perform_by_current(&cx, interaction).await,
        };
        self.conclude(&cx, result).await
    }

    /// Performs it with the definitions of one moment; a write that finds others in force when it comes to be written has
    /// done nothing, and is done again by those.
    async fn perform_by_current(
        &self,
        cx: &RequestContext,
        interaction: Interaction,
    ) -> Result<Outcome> {
        permission::permit(cx, &self.operations, &interaction)?;
        let mut tries = 1;
        let mut interaction = interaction;
        let mut alone = None;
        loop {
            if alone.is_none() && (interaction.defines_search() || tries > TRIES_BESIDE) {
                alone = Some(self.current.changing.lock().await);
            }
            let now = Self {
                definitions: self.current.now(),
                ..self.clone()
            };
            let again = interaction.writes().then(|| interaction.clone());
            let result = now.perform_now(cx, interaction).await;
            let Some(again) = again else {
                return result;
            };
            match result {
                Err(error) if is_outdated(&error) && tries < TRIES => {
                    let outdated = now.definitions.generation();
                    self.store.refresh_past(&self.current, outdated).await?;
                    tries += 1;
                    interaction = again;
                }
                Ok(outcome) => {
                    if again.defines() {
                        // Whoever asks next may already mean it. Where this fails, it follows a second later.
                        let _ = self.store.refresh_if_changed(&self.current).await;
                    }
                    return Ok(outcome);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn perform_now(&self, cx: &RequestContext, interaction: Interaction) -> Result<Outcome> {
        match interaction {
            Interaction::Create {
                resource_type,
                resource,
                if_none_exist: None,
            } => create::create(self, cx, resource_type, resource).await,
            Interaction::Create {
                resource_type,
                resource,
                if_none_exist: Some(query),
            } => conditional::create(self, cx, resource_type, resource, &query).await,
            Interaction::Update {
                key,
                resource,
                conditions,
            } => update::update(self, cx, key, resource, &conditions).await,
            Interaction::ConditionalUpdate {
                resource_type,
                query,
                resource,
                conditions,
            } => conditional::update(self, cx, resource_type, &query, resource, &conditions).await,
            Interaction::Patch {
                key,
                patch,
                conditions,
            } => patch::patch(self, cx, key, &patch, &conditions).await,
            Interaction::ConditionalPatch {
                resource_type,
                query,
                patch,
                conditions,
            } => conditional::patch(self, cx, resource_type, &query, &patch, &conditions).await,
            Interaction::Delete { key, conditions } => {
                delete::delete(self, cx, key, &conditions).await
            }
            Interaction::ConditionalDelete {
                resource_type,
                query,
            } => conditional::delete(self, cx, resource_type, &query).await,
            Interaction::Bundle { resource } => bundle::bundle(self, cx, &resource).await,
            Interaction::Operation {
                target,
                code,
                input,
                conditions,
            } => {
                let operations = &self.operations;
                let (store, definitions) = (&self.store, &*self.definitions);
                let called = CalledOperation {
                    target,
                    code,
                    input,
                    conditions,
                };
                let answer = operations.invoke(cx, store, definitions, called);
                Ok(of_answer(answer.await?, cx.now))
            }
            reading => {
                self.look(cx, &mut Source::Committed(&self.store), reading)
                    .await
            }
        }
    }

    /// Performs an interaction that changes nothing, on what is committed or within a transaction.
    pub(super) async fn look(
        &self,
        cx: &RequestContext,
        source: &mut Source<'_>,
        reading: Interaction,
    ) -> Result<Outcome> {
        if let Some(told) = self.look_at_trail(cx, &reading).await? {
            return Ok(told);
        }
        match reading {
            Interaction::Read { key, conditions } => {
                let read = read::read(cx, source, &key).await;
                let definitions = &self.definitions;
                let unless_known =
                    |outcome| read::unless_known(cx, definitions, &key, outcome, &conditions);
                match read.and_then(unless_known) {
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        glass::refuse_behind(self, cx, source, &key).await?;
                        if let Some(offered) = read::offered(cx, &self.store, &key).await? {
                            return Ok(offered);
                        }
                        self.brought(&key, &conditions).await?.ok_or(error)
                    }
                    // What is deleted gives back the definition in whose place it stood.
                    Err(error) if error.kind() == ErrorKind::Gone => {
                        self.brought(&key, &conditions).await?.ok_or(error)
                    }
                    read => read,
                }
            }
            Interaction::Vread { key, version } => {
                read::vread(cx, &self.definitions, source, &key, &version).await
            }
            Interaction::History { scope, query } => {
                history::history(cx, &self.definitions, source, &scope, &query).await
            }
            Interaction::Search { scope, query } => {
                search::search(self, cx, source, &scope, &query).await
            }
            Interaction::Capabilities { mode } if mode.as_deref() == Some("terminology") => {
                let systems = self.store.known_systems().await?;
                Ok(self.capabilities.terminology(&systems, &self.operations))
            }
            Interaction::Capabilities { mode } => self
                .capabilities
                .of(&self.definitions, &self.operations)
                .answer(mode.as_deref()),
            _ => Err(crate::error::Error::internal(
                "this interaction writes and was asked to look",
            )),
        }
    }

    /// The definition that the server or a package brings under a key: it is not stored.
    async fn brought(
        &self,
        key: &ResourceKey,
        conditions: &ReadConditions,
    ) -> Result<Option<Outcome>> {
        let text = match self.operations.own_definition(key) {
            Some(own) => Some(Bytes::from_static(own.as_bytes())),
            None => self.store.package_definition(key).await?.map(Bytes::from),
        };
        Ok(text.map(|text| {
            let version = self.capabilities.version_of(&text);
            read::brought(text, version, conditions)
        }))
    }
}
