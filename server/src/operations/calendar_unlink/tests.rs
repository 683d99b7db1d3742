//! A link that there is not is ended as well.

use crate::operations::testing::{World, said};
use crate::operations::visits::testing::*;

#[tokio::test]
async fn no_link_is_no_link() {
    let Some(world) = World::with(&CLINIC).await else {
        return;
    };
    let path = "Practitioner/weiss/$calendar-unlink";
    let body = parameters(&[]);
    let answer = said(call(&world, &world.cx, path, &body).await).unwrap();
    assert!(answer.contains(r#""valueBoolean":false"#), "{answer}");
    world.close().await;
}
