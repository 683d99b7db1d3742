//! `$client-remove`: an app or a system is registered no more.

#[cfg(test)]
mod tests;

use super::managed::{administration, parameters, text};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::Result;

/// The operation.
pub(super) struct ClientRemove;

/// What it takes.
pub(super) struct ClientRemoveParams {
    id: String,
}

impl Params for ClientRemoveParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            id: arguments.required("client-id")?,
        })
    }
}

impl Operation for ClientRemove {
    const DEFINITION: &'static str = include_str!("definition.json");
    const IS_NEVER_KEPT: bool = true;
    type Params = ClientRemoveParams;

    async fn invoke(
        cx: OperationContext<'_>,
        ClientRemoveParams { id }: ClientRemoveParams,
    ) -> Result<OperationAnswer> {
        administration(&cx)?.remove_client(&id).await?;
        Ok(parameters(|list| {
            text(list, "client-id", "valueString", &id)
        }))
    }
}
