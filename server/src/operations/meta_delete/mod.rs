//! `$meta-delete` (<https://hl7.org/fhir/R4/resource-operation-meta-delete.html>).

#[cfg(test)]
mod tests;

use fhir::json::Document;

use super::meta::change::change;
use super::meta::labels::Change;
use super::{Arguments, OperationAnswer, OperationContext, Params};
use crate::error::Result;
use crate::store::Transaction;

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

impl super::Change for MetaDelete {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = MetaDeleteParams;

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &MetaDeleteParams,
    ) -> Result<OperationAnswer> {
        change(cx, tx, Change::Delete, &params.meta).await
    }
}
