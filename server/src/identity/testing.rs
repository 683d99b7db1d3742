//! The pages of the authorization server for tests of other modules, in front of a world.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;

use super::{Identity, PerformFor, REPLY_PAGE, Settings, Vault};
use crate::context::RequestContext;
use crate::operations::testing::World;

/// The authorization server of a world, for which it is always that moment.
pub(crate) fn identity(world: &World, now: Timestamp) -> Identity {
    let (interactions, cx) = (world.interactions.clone(), world.cx.clone());
    let cx = RequestContext { now, ..cx };
    let perform: PerformFor = Arc::new(move |grant, address, asked| {
        let (interactions, cx) = (interactions.clone(), cx.clone());
        Box::pin(async move {
            let access = match grant {
                Some(grant) => interactions.admit(&cx, grant).await?,
                None => cx.access.clone(),
            };
            let cx = RequestContext {
                access,
                address,
                ..cx
            };
            interactions.perform(&cx, asked).await
        })
    });
    let store = world.interactions.store.clone();
    let vault = Vault::of(&[1; 32]).unwrap();
    Identity::new(store, Settings::default(), vault, perform)
}

/// Status and text of the page behind a link.
pub(crate) async fn look(identity: &Identity, key: &str, now: Timestamp) -> (u16, String) {
    let request = Request::get(format!("{REPLY_PAGE}?key={key}"));
    text(identity, request.body(Bytes::new()).unwrap(), now).await
}

/// The same, of what comes when a button is pressed.
pub(crate) async fn reply(
    identity: &Identity,
    (key, answer): (&str, &str),
    now: Timestamp,
) -> (u16, String) {
    let form = format!("key={key}&answer={answer}");
    let request = Request::post(REPLY_PAGE)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.into())
        .unwrap();
    text(identity, request, now).await
}

async fn text(identity: &Identity, request: Request<Bytes>, now: Timestamp) -> (u16, String) {
    let (head, body) = identity.answer(request, now).await.into_parts();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (head.status.as_u16(), text)
}
