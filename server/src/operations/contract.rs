//! What every operation that changes something keeps to, whatever it does: one transaction, `Idempotency-Key`, `dry-run`,
//! `If-Match`, and warnings beside the answer (server/decisions/0030-claims-of-time.md).

#[cfg(test)]
mod tests;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::json::{Document, Value, edit};
use fhir::outcome::{Issue, Severity, operation_outcome};
use http::StatusCode;

use super::arguments::{Arguments, Params};
use super::definition::{Content, OperationDefinition};
use super::invocation::{OperationAnswer, OperationContext, OperationTarget};
use crate::error::{Error, ErrorKind, OpError, Result};
use crate::store::{IdempotentCall, Recalled, RepeatedAnswer, Source, Transaction};

/// The parameter that asks what would be done.
const DRY_RUN: &str = "dry-run";

/// An operation that changes something. What it does, it does within one transaction, which may be tried several times.
pub trait Change {
    /// The text of the OperationDefinition: published, routed by, enforced.
    const DEFINITION: &'static str;

    /// What it takes, beside `dry-run`.
    type Params: Params + Sync;

    /// Refuses whoever may not call it, however far its scopes go; asked before an answer is repeated, too.
    fn permit(_: &OperationContext<'_>) -> Result<()> {
        Ok(())
    }

    /// Does it.
    fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &Self::Params,
    ) -> impl Future<Output = Result<OperationAnswer>> + Send;
}

/// The parameters of an operation, and whether it is only to be tried.
pub(super) struct Tried<P> {
    params: P,
    is_dry: bool,
}

impl<P: Params> Params for Tried<P> {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        let is_declared = |one: &super::definition::Parameter| &*one.name == DRY_RUN;
        // What HL7 defines has no such parameter.
        let is_dry = match arguments.declared().iter().any(is_declared) {
            true => arguments.optional(DRY_RUN)?,
            false => None,
        };
        Ok(Self {
            params: P::take(arguments)?,
            is_dry: is_dry.unwrap_or(false),
        })
    }
}

/// What is wrong with the definition of an operation that changes something.
pub(super) fn fault(definition: &OperationDefinition) -> Option<&'static str> {
    let mut tries = definition.inputs.iter();
    let has_try = tries.any(|one| {
        let is_flag = matches!(&one.content, Content::Primitive(kind) if kind.name() == "boolean");
        &*one.name == DRY_RUN && one.min == 0 && one.max == Some(1) && is_flag
    });
    if !definition.affects_state {
        return Some("it changes something, and 'affectsState' is false");
    }
    match has_try || definition.url.starts_with("http://hl7.org/") {
        true => None,
        false => Some("it changes something, and has no parameter 'dry-run'"),
    }
}

/// Does what a call asks, or tries it, or repeats what it was answered.
pub(super) async fn perform<C: Change>(
    cx: OperationContext<'_>,
    asked: Tried<C::Params>,
) -> Result<OperationAnswer> {
    C::permit(&cx)?;
    let mut attempts = cx.store.attempts();
    loop {
        let mut tx = attempts.begin(cx.request).await?;
        let result = match asked.is_dry {
            true => once::<C>(cx, &mut tx, &asked.params).await.map(tried),
            false => called::<C>(cx, &mut tx, &asked.params).await,
        };
        let finished = match asked.is_dry {
            true => attempts.undo(tx, result).await,
            false => attempts.finish(tx, result).await,
        };
        if let Some(answer) = finished {
            return with_outcome(answer?);
        }
    }
}

/// Does it, unless it was done.
async fn called<C: Change>(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    params: &C::Params,
) -> Result<OperationAnswer> {
    let Some(call) = cx.call else {
        return once::<C>(cx, tx, params).await;
    };
    match tx.recall(call, cx.request.now).await? {
        Recalled::Nothing => {}
        Recalled::InProgress => {
            let sentence = "the call of this Idempotency-Key is being done; ask again";
            return Err(OpError::IdempotencyInProgress.refused(sentence));
        }
        Recalled::Other => {
            let sentence = "this Idempotency-Key was sent with another call";
            return Err(OpError::IdempotencyKeyReuse.refused(sentence));
        }
        Recalled::Answered(answer) => return replayed(cx, tx, answer).await,
    }
    let answer = with_outcome(once::<C>(cx, tx, params).await?)?;
    remember(cx, tx, call, &answer).await?;
    Ok(answer)
}

/// Does it: what it writes is checked as a whole before it is answered.
async fn once<C: Change>(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    params: &C::Params,
) -> Result<OperationAnswer> {
    refuse_other_version(cx, tx).await?;
    let answer = C::perform(cx, tx, params).await?;
    Ok(answer.saying(tx.take_warnings()))
}

/// Refuses a call on another version than the one that its caller means.
async fn refuse_other_version(cx: OperationContext<'_>, tx: &mut Transaction) -> Result<()> {
    let (OperationTarget::Instance(key), Some(expected)) = (cx.target, cx.if_match) else {
        return Ok(());
    };
    tx.lock(vec![key.clone()]).await?;
    let current = Source::Within(cx.store, tx).read(cx.request, key).await?;
    let current = current.ok_or_else(|| absent(key))?;
    match current.content.is_some() && expected.contains(current.version) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::PreconditionFailed,
            "the resource is not in the version that If-Match names",
        )),
    }
}

fn absent(key: &ResourceKey) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no {key}"))
}

/// The answer of a call that was only tried.
fn tried(answer: OperationAnswer) -> OperationAnswer {
    let sentence = "this was only tried: nothing has been changed";
    let issue = OpError::DryRun.said(Severity::Information, sentence);
    OperationAnswer {
        status: StatusCode::OK,
        location: None,
        ..answer.saying(vec![issue])
    }
}

/// The answer of an earlier call, to whoever may still see what it is about.
async fn replayed(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    answer: RepeatedAnswer,
) -> Result<OperationAnswer> {
    let body = Document::parse(answer.body.clone()).map_err(Error::internal)?;
    let mut named = answered(body.root());
    if let OperationTarget::Instance(key) = cx.target {
        named.push(key.clone());
    }
    for key in &named {
        let found = Source::Within(cx.store, tx).read(cx.request, key).await?;
        found.ok_or_else(|| absent(key))?;
    }
    let location = answer.location.as_deref();
    let location = location.and_then(|text| text.split_once("/_history/"));
    let location = location.and_then(|(key, version)| {
        let version = fhir::ids::VersionId::new(version.parse().ok()?)?;
        Some((key.parse().ok()?, version))
    });
    Ok(OperationAnswer {
        status: StatusCode::from_u16(answer.status).map_err(Error::internal)?,
        location,
        is_replayed: true,
        ..OperationAnswer::resource(answer.body)
    })
}

/// The stored resources that an answer holds.
fn answered(body: Value<'_>) -> Vec<ResourceKey> {
    let key = |resource: Value<'_>| {
        let named = resource.get("resourceType")?.string()?;
        let id = resource.get("id")?.string()?;
        Some(ResourceKey::new(
            ResourceType::parse(&named)?,
            id.parse().ok()?,
        ))
    };
    let entries = body.get("entry").into_iter().flat_map(Value::items);
    let parts = body.get("parameter").into_iter().flat_map(Value::items);
    let within = entries.chain(parts).filter_map(|one| one.get("resource"));
    within
        .chain(std::iter::once(body))
        .filter_map(key)
        .collect()
}

async fn remember(
    cx: OperationContext<'_>,
    tx: &mut Transaction,
    call: &IdempotentCall,
    answer: &OperationAnswer,
) -> Result<()> {
    let location = answer.location.as_ref();
    let repeated = RepeatedAnswer {
        status: answer.status.as_u16(),
        location: location.map(|(key, version)| format!("{key}/_history/{version}")),
        body: String::from_utf8(answer.body.to_vec()).map_err(Error::internal)?,
    };
    tx.remember(call, &repeated, cx.request.now).await
}

/// The answer with what else is to be said in it, where its resource has room for that.
fn with_outcome(mut answer: OperationAnswer) -> Result<OperationAnswer> {
    if answer.issues.is_empty() {
        return Ok(answer);
    }
    let body = Document::parse(answer.body.clone()).map_err(Error::internal)?;
    let Some(text) = said_in(body.root(), &answer.issues) else {
        return Ok(answer);
    };
    answer.body = text.into();
    answer.issues.clear();
    Ok(answer)
}

fn said_in(body: Value<'_>, issues: &[Issue]) -> Option<String> {
    let outcome = operation_outcome(issues);
    let (list, item) = match &*body.get("resourceType")?.string()? {
        "Bundle" => (
            "entry",
            format!(r#"{{"resource":{outcome},"search":{{"mode":"outcome"}}}}"#),
        ),
        "Parameters" => (
            "parameter",
            format!(r#"{{"name":"outcome","resource":{outcome}}}"#),
        ),
        _ => return None,
    };
    let items = match body.get(list) {
        Some(array) => array
            .items()
            .map(Value::raw)
            .chain([&*item])
            .collect::<Vec<_>>()
            .join(","),
        None => item,
    };
    Some(edit::set_member(body, list, &format!("[{items}]")))
}
