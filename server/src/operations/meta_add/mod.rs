//! `$meta-add` (<https://hl7.org/fhir/R4/resource-operation-meta-add.html>).

#[cfg(test)]
mod tests;

use fhir::json::Document;

use super::meta::change::change;
use super::meta::labels::Change;
use super::{Arguments, OperationAnswer, OperationContext, Params};
use crate::error::Result;
use crate::store::Transaction;

/// The operation.
pub(super) struct MetaAdd;

/// What it takes.
pub(super) struct MetaAddParams {
    meta: Document,
}

impl Params for MetaAddParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            meta: arguments.required("meta")?,
        })
    }
}

impl super::Change for MetaAdd {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = MetaAddParams;

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &MetaAddParams,
    ) -> Result<OperationAnswer> {
        change(cx, tx, Change::Add, &params.meta).await
    }
}
