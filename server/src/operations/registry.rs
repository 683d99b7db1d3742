//! All operations by their definitions: which a call means, whether it may be made so, and what is published of them.

use std::collections::BTreeMap;
use std::fmt;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::outcome::operation_outcome;
use fhir::resource::Resource;
use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};

use super::arguments::{Arguments, Params};
use super::binding::Call;
use super::contract::{self, Change};
use super::definition::OperationDefinition;
use super::invocation::{
    CalledOperation, OperationAnswer, OperationContext, OperationInput, OperationTarget,
};
use crate::accounts::Administration;
use crate::context::RequestContext;
use crate::definitions::{Definitions, own_definition};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{IdempotentCall, Store};

/// An operation: its definition, its parameters and what it does.
pub trait Operation {
    /// The text of the OperationDefinition: published, routed by, enforced.
    const DEFINITION: &'static str;

    /// Whether what is wrong with a body that cannot be read is its answer, and no refusal.
    const JUDGES_BODIES: bool = false;

    /// Whether it does anything but refuse: what does not is in no CapabilityStatement.
    const IS_OFFERED: bool = true;

    /// Whether nobody keeps its answer: no cache, and no `Idempotency-Key` by which it would be repeated.
    const IS_NEVER_KEPT: bool = false;

    /// What it takes.
    type Params: Params;

    /// Does it.
    fn invoke(
        cx: OperationContext<'_>,
        params: Self::Params,
    ) -> impl Future<Output = Result<OperationAnswer>> + Send;
}

/// An operation that is registered.
#[derive(Clone, Copy, Debug)]
pub struct OperationEntry<'a> {
    /// Its name in URLs, without `$`.
    pub code: &'a str,
    /// The canonical URL of its definition.
    pub definition: &'a str,
    /// Whether it is called on the system.
    pub is_system: bool,
    /// Whether it does anything but refuse.
    pub is_offered: bool,
    /// The types it is called on, by type or instance.
    pub resource_types: &'a [ResourceType],
}

/// What operations work on.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// Where resources are.
    pub store: &'a Store,
    /// What the specification says.
    pub definitions: &'a Definitions,
    /// Who may log in, where people do.
    pub accounts: Option<&'a Administration>,
}

/// The operations there are.
#[derive(Default)]
pub struct Registry {
    /// By logical id of the definition.
    operations: BTreeMap<Box<str>, Registered>,
}

/// An operation, its type erased.
struct Registered {
    definition: OperationDefinition,
    added: Added,
}

struct Added {
    text: &'static str,
    invoke: Invoke,
    judges_bodies: bool,
    is_offered: bool,
    is_never_kept: bool,
    /// Whether it is a [`Change`].
    keeps_contract: bool,
    #[cfg(test)]
    bind: fn(Arguments<'_>) -> Result<()>,
}

type Invoke =
    for<'a> fn(OperationContext<'a>, Arguments<'a>) -> BoxFuture<'a, Result<OperationAnswer>>;

/// Why an operation cannot be registered; the start ends with it.
#[derive(Debug, thiserror::Error)]
#[error("operation definition {url}: {fault}")]
pub struct RegistryError {
    url: Box<str>,
    fault: String,
}

impl Registry {
    /// The same registry with one operation more. Its definition must be consistent, and no call may mean two operations.
    pub fn with<Op: Operation>(self) -> std::result::Result<Self, RegistryError> {
        self.add(Added {
            text: Op::DEFINITION,
            judges_bodies: Op::JUDGES_BODIES,
            is_offered: Op::IS_OFFERED,
            is_never_kept: Op::IS_NEVER_KEPT,
            keeps_contract: false,
            invoke: |cx, arguments| {
                Box::pin(async move { Op::invoke(cx, arguments.bind()?).await })
            },
            #[cfg(test)]
            bind: |arguments| arguments.bind::<Op::Params>().map(|_| ()),
        })
    }

    /// The same registry with one operation more that changes something: it keeps to the contract of all that do.
    pub fn with_change<Op: Change>(self) -> std::result::Result<Self, RegistryError> {
        self.add(Added {
            text: Op::DEFINITION,
            judges_bodies: false,
            is_offered: true,
            is_never_kept: false,
            keeps_contract: true,
            invoke: |cx, arguments| {
                Box::pin(async move { contract::perform::<Op>(cx, arguments.bind()?).await })
            },
            #[cfg(test)]
            bind: |arguments| arguments.bind::<contract::Tried<Op::Params>>().map(|_| ()),
        })
    }

    fn add(mut self, added: Added) -> std::result::Result<Self, RegistryError> {
        let text = added.text;
        let refusal = |fault: String| RegistryError {
            url: url_of(text),
            fault,
        };
        let definition = OperationDefinition::parse(text).map_err(refusal)?;
        for other in self.operations.values() {
            if other.definition.collides_with(&definition) {
                return Err(refusal(format!(
                    "a call of ${} could mean {} as well",
                    definition.code, other.definition.url
                )));
            }
        }
        if let Some(fault) = contract::fault(&definition).filter(|_| added.keeps_contract) {
            return Err(refusal(fault.to_owned()));
        }
        let registered = Registered { added, definition };
        let id = registered.definition.id.as_str().into();
        match self.operations.insert(id, registered) {
            None => Ok(self),
            Some(former) => Err(refusal(format!(
                "its id is also that of {}",
                former.definition.url
            ))),
        }
    }

    /// Finds the operation a call means, binds its parameters by the definition, and calls it.
    pub async fn invoke(
        &self,
        cx: &RequestContext,
        places: Places<'_>,
        called: CalledOperation,
    ) -> Result<OperationAnswer> {
        let Places {
            store,
            definitions,
            accounts,
        } = places;
        let CalledOperation {
            target,
            code,
            mut input,
            conditions,
        } = called;
        let operation = self.find(&target, &code)?;
        let formats = input.take_formats();
        let definition = &operation.definition;
        if let (OperationInput::Unreadable(issues, _), true) =
            (&input, operation.added.judges_bodies)
        {
            return Ok(OperationAnswer::resource(operation_outcome(issues)));
        }
        let is_change = operation.added.keeps_contract;
        if conditions.if_match.is_some() && !is_change {
            let sentence = format!("${code} takes no If-Match: it changes nothing");
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let key = conditions.idempotency_key.as_deref();
        if key.is_some() && operation.added.is_never_kept {
            let sentence = format!("${code} takes no Idempotency-Key: its answer is not kept");
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let known = key.map(|key| known_call(cx, &target, definition, key, &input));
        let call = operation.call(cx, input)?;
        for parameters in call.checkable(cx.limits.parse)? {
            definitions.validate_structure(&parameters)?;
        }
        let arguments = call.arguments(definition, cx.limits.parse)?;
        let context = OperationContext {
            request: cx,
            store,
            definitions,
            target: &target,
            formats: &formats,
            if_match: conditions.if_match.as_ref(),
            call: known.as_ref().filter(|_| is_change),
            operations: Some(self),
            accounts,
        };
        let answer = (operation.added.invoke)(context, arguments).await?;
        Ok(OperationAnswer {
            is_never_kept: operation.added.is_never_kept,
            ..answer
        })
    }

    /// Refuses a call to whoever has not the scopes that the operation needs, or has logged in too long ago for it. One that
    /// there is not is refused when it is called.
    pub fn permit(&self, cx: &RequestContext, target: &OperationTarget, code: &str) -> Result<()> {
        let Ok(operation) = self.find(target, code) else {
            return Ok(());
        };
        let mut scopes = operation.definition.scopes.iter();
        scopes.try_for_each(|needed| needed.permit(&cx.access, target))?;
        let step_up = operation.definition.step_up;
        step_up.map_or(Ok(()), |step_up| step_up.permit(&cx.access, cx.now))
    }

    /// Whether nobody keeps what a call asks and is answered.
    pub fn is_never_kept(&self, target: &OperationTarget, code: &str) -> bool {
        let operation = self.find(target, code);
        operation.is_ok_and(|operation| operation.added.is_never_kept)
    }

    /// The definition of that logical id, for `GET OperationDefinition/[id]` where no stored resource has it.
    pub fn definition(&self, id: &str) -> Option<&'static str> {
        self.operations
            .get(id)
            .map(|operation| operation.added.text)
    }

    /// The text of a definition of the server's own, an operation's among them, which is not stored but part of it.
    pub fn own_definition(&self, key: &ResourceKey) -> Option<&'static str> {
        let is_operation = key.resource_type.name() == "OperationDefinition";
        let of_operation = self.definition(key.id.as_str());
        of_operation
            .filter(|_| is_operation)
            .or_else(|| own_definition(key))
    }

    /// All definitions as resources, in the order of their ids.
    pub fn definitions(&self) -> impl Iterator<Item = &Resource> {
        self.operations
            .values()
            .map(|operation| &operation.definition.resource)
    }

    /// The texts of all definitions, by their keys.
    pub fn texts(&self) -> impl Iterator<Item = (ResourceKey, &'static str)> {
        let resource_type = ResourceType::parse("OperationDefinition");
        self.operations.values().filter_map(move |one| {
            let key = ResourceKey::new(resource_type?, one.definition.id.clone());
            Some((key, one.added.text))
        })
    }

    /// What the CapabilityStatement says of them.
    pub fn entries(&self) -> Vec<OperationEntry<'_>> {
        self.operations
            .values()
            .map(|operation| OperationEntry {
                code: &operation.definition.code,
                definition: &operation.definition.url,
                is_offered: operation.added.is_offered,
                is_system: operation.definition.levels.system,
                resource_types: &operation.definition.resource_types,
            })
            .collect()
    }

    fn find(&self, target: &OperationTarget, code: &str) -> Result<&Registered> {
        let mut elsewhere = None;
        for operation in self.operations.values() {
            if &*operation.definition.code != code {
                continue;
            }
            if operation.definition.is_called_on(target) {
                return Ok(operation);
            }
            elsewhere = Some(&operation.definition);
        }
        // The code is the caller's text, but the route lets only a few characters through.
        let sentence = match elsewhere {
            None => format!("there is no operation ${code}"),
            Some(definition) => format!("${code} is called on {}", definition.places()),
        };
        Err(Error::new(ErrorKind::UnknownEndpoint, sentence))
    }

    /// Those that change something by themselves, without the contract of all that do.
    #[cfg(test)]
    pub(super) fn without_contract(&self) -> Vec<&str> {
        let all = self.operations.values();
        all.filter(|one| one.definition.affects_state && !one.added.keeps_contract)
            .map(|one| &*one.definition.code)
            .collect()
    }

    #[cfg(test)]
    pub(super) fn each(
        &self,
    ) -> impl Iterator<Item = (&OperationDefinition, fn(Arguments<'_>) -> Result<()>)> {
        self.operations
            .values()
            .map(|operation| (&operation.definition, operation.added.bind))
    }
}

impl Registered {
    fn call(&self, cx: &RequestContext, input: OperationInput) -> Result<Call> {
        let (query, body) = match input {
            OperationInput::Query(_) if self.definition.affects_state => {
                return Err(Error::new(
                    ErrorKind::MethodNotAllowed,
                    format!(
                        "${} changes what is stored: POST a Parameters resource to it",
                        self.definition.code
                    ),
                ));
            }
            OperationInput::Query(query) => (query, None),
            OperationInput::Body(body, query) => (query, body),
            OperationInput::Unreadable(issues, _) => {
                return Err(Error::with_issues(ErrorKind::Malformed, issues));
            }
        };
        Call::of(&self.definition, &query, body, cx.limits.parse)
    }
}

/// The call by the key that its caller has given it.
fn known_call(
    cx: &RequestContext,
    target: &OperationTarget,
    definition: &OperationDefinition,
    key: &str,
    input: &OperationInput,
) -> IdempotentCall {
    let mut digest = Sha256::new();
    digest.update(format!("{target:?}\n"));
    match input {
        OperationInput::Query(query) | OperationInput::Unreadable(_, query) => {
            digest.update(query);
        }
        OperationInput::Body(body, query) => {
            digest.update(query);
            digest.update("\n");
            digest.update(body.as_ref().map_or("", Resource::text));
        }
    }
    IdempotentCall {
        caller: cx.access.name().into(),
        operation: definition.id.as_str().into(),
        key: key.into(),
        digest: digest.finalize().into(),
    }
}

/// What names a definition that may be broken.
fn url_of(text: &str) -> Box<str> {
    Resource::parse(text.to_owned())
        .ok()
        .and_then(|resource| resource.get("url")?.string().map(Into::into))
        .unwrap_or_else(|| "without a url".into())
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.operations.keys()).finish()
    }
}
