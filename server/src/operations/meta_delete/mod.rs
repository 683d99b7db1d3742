//! `$meta-delete` (<https://hl7.org/fhir/R4/resource-operation-meta-delete.html>).

#[cfg(test)]
mod tests;

use fhir::json::Document;

use super::meta::change::change;
use super::meta::labels::Change;
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::Result;

/// The operation.
pub(super) struct MetaDelete;

/// What it takes.
pub(super) struct MetaDeleteParams {
    meta: Document,
}

impl Params for MetaDeleteParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            meta: arguments.required("meta")?,
        })
    }
}

impl Operation for MetaDelete {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = MetaDeleteParams;

    async fn invoke(cx: OperationContext<'_>, params: MetaDeleteParams) -> Result<OperationAnswer> {
        change(cx, Change::Delete, &params.meta).await
    }
}
