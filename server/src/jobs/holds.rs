//! Visits that were held for too long are cancelled, by whichever process comes first, each once.

use std::time::Duration;

use fhir::json::{Document, Value, edit};
use fhir::resource::Resource;

use crate::context::RequestContext;
use crate::definitions::{CurrentDefinitions, Definitions};
use crate::error::{Error, Result};
use crate::store::{PreparedWrite, Store, StoredVersion, Verb};

/// How often.
const EVERY: Duration = Duration::from_secs(15);

/// How many are ended in one transaction.
const MOST: u32 = 50;

/// Why they are cancelled.
const REASON: &str = r#"{"coding":[{"system":"https://vesta.example/fhir/CodeSystem/appointment-cancelation","code":"hold-expired"}]}"#;

/// Why those are that were offered to somebody who waits.
const OFFER_REASON: &str = r#"{"coding":[{"system":"https://vesta.example/fhir/CodeSystem/appointment-cancelation","code":"waitlist-expired"}]}"#;

/// The identifier of what was offered.
const WAITLIST: &str = "https://vesta.example/fhir/NamingSystem/appointment-waitlist";

/// Until when a visit is held.
const HOLD_EXPIRES: &str = "https://vesta.example/fhir/StructureDefinition/hold-expires";

/// Ends them, again and again.
pub async fn keep_holds(store: &Store, current: &CurrentDefinitions, cx: &RequestContext) {
    let mut turns = tokio::time::interval(EVERY);
    loop {
        turns.tick().await;
        let cx = RequestContext {
            now: crate::context::now(),
            ..cx.clone()
        };
        if let Err(error) = end_holds(store, &current.now(), &cx).await {
            tracing::warn!(%error, cause = ?error.cause(), "visits that are held no more are not cancelled yet");
        }
    }
}

/// Ends the holds that are over, and says how many.
pub(crate) async fn end_holds(
    store: &Store,
    definitions: &Definitions,
    cx: &RequestContext,
) -> Result<usize> {
    let mut ended = 0;
    loop {
        let mut attempts = store.attempts();
        let done = loop {
            let mut tx = attempts.begin(cx).await?;
            let result = async {
                let held = tx.holds_over(MOST).await?;
                for version in &held {
                    let write = cancelled(definitions, cx, version)?;
                    if let Some(write) = write {
                        tx.put_one(&write).await?;
                    }
                }
                tx.end_holds(held.iter().map(|one| &one.key)).await?;
                Ok(held.len())
            };
            let result = result.await;
            if let Some(done) = attempts.finish(tx, result).await {
                break done?;
            }
        };
        if done == 0 {
            return Ok(ended);
        }
        ended += done;
    }
}

/// The visit without its hold; nothing where it is not held any more.
fn cancelled(
    definitions: &Definitions,
    cx: &RequestContext,
    version: &StoredVersion,
) -> Result<Option<PreparedWrite>> {
    let Some(content) = version.content.clone() else {
        return Ok(None);
    };
    let visit = Document::parse(content).map_err(Error::internal)?;
    if visit
        .root()
        .get("status")
        .and_then(Value::string)
        .as_deref()
        != Some("pending")
    {
        return Ok(None);
    }
    let extensions = visit
        .root()
        .get("extension")
        .into_iter()
        .flat_map(Value::items);
    let is_hold =
        |one: &Value<'_>| one.get("url").and_then(Value::string).as_deref() == Some(HOLD_EXPIRES);
    let kept: Vec<String> = extensions
        .filter(|one| !is_hold(one))
        .map(|one| one.raw().to_owned())
        .collect();
    let freed = match kept.is_empty() {
        true => edit::remove_member(visit.root(), "extension"),
        false => edit::set_member(visit.root(), "extension", &format!("[{}]", kept.join(","))),
    };
    let freed = Document::parse(freed).map_err(Error::internal)?;
    let ended = edit::set_member(freed.root(), "status", r#""cancelled""#);
    let ended = Document::parse(ended).map_err(Error::internal)?;
    let mut identifiers = ended
        .root()
        .get("identifier")
        .into_iter()
        .flat_map(Value::items);
    let is_offer =
        |one: Value<'_>| one.get("system").and_then(Value::string).as_deref() == Some(WAITLIST);
    let reason = match identifiers.any(is_offer) {
        true => OFFER_REASON,
        false => REASON,
    };
    let ended = edit::set_member(ended.root(), "cancelationReason", reason);
    let visit = Resource::parse(ended).map_err(Error::internal)?;
    let index = definitions.index_values(&visit, &cx.base_url)?;
    let patients = definitions.patients_of(cx, &version.key, &visit)?;
    let write = PreparedWrite::new(version.key.clone(), Verb::Put, &visit, index, cx.now);
    Ok(Some(write.concerning(patients).by_operation()))
}
