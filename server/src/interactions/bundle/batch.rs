//! batch: every entry by itself, as if it had been sent alone (<https://hl7.org/fhir/R4/http.html#brules>).

use fhir::json::Value;
use fhir::resource::Resource;
use futures_util::{StreamExt, stream};
use http::Method;

use super::entry::{self, Entry};
use super::response::{self, Answer};
use crate::context::RequestContext;
use crate::error::{Error, Result};
use crate::interactions::Outcome;
use crate::interactions::perform::Interactions;

/// Entries performed at one time; those of one kind do not depend on each other.
const AT_ONCE: usize = 16;

/// Performs each entry; a failing one fails alone. Kinds follow each other as in a transaction.
pub(super) async fn batch(
    interactions: &Interactions,
    cx: &RequestContext,
    bundle: &Resource,
) -> Result<Outcome> {
    let mut answers: Vec<Option<Answer>> = Vec::new();
    let mut groups: [Vec<Entry>; 4] = Default::default();
    for (place, value) in bundle
        .get("entry")
        .into_iter()
        .flat_map(Value::items)
        .enumerate()
    {
        answers.push(None);
        match entry::read(cx, place, value) {
            Ok(entry) => groups[group(&entry.method)].push(entry),
            Err(error) => answers[place] = Some(Err(error)),
        }
    }
    let mut room = response::Room::new();
    for entries in groups {
        let mut performed = stream::iter(entries.into_iter().map(|entry| async move {
            let cut = entry.cut();
            let answer = interactions.perform(cx, entry.interaction).await;
            let cut = |outcome| cut.apply(&interactions.definitions, outcome);
            let mut answer = answer.and_then(cut);
            response::without_body_of_head(&entry.method, &mut answer);
            (entry.place, answer)
        }))
        .buffer_unordered(AT_ONCE);
        while let Some((place, mut answer)) = performed.next().await {
            room.take(&mut answer);
            let answer = answer.map_err(|error| error.within(&entry::expression(place)));
            log_cause(cx, &answer);
            answers[place] = Some(answer);
        }
    }
    let unanswered = || Err(Error::internal("an entry of a batch was not performed"));
    let answers: Vec<Answer> = answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(unanswered))
        .collect();
    Ok(response::bundle(cx, "batch-response", &answers))
}

/// Where a method stands in the order of processing: DELETE, POST, PUT and PATCH, GET and HEAD.
pub(super) fn group(method: &Method) -> usize {
    match method.as_str() {
        "DELETE" => 0,
        "POST" => 1,
        "PUT" | "PATCH" => 2,
        _ => 3,
    }
}

/// The error of an entry is answered here, so it is logged here.
fn log_cause(cx: &RequestContext, answer: &Answer) {
    if let Err(error) = answer
        && let Some(cause) = error.cause()
    {
        tracing::warn!(request_id = %cx.request_id, kind = ?error.kind(), cause, "an entry of a batch failed");
    }
}
