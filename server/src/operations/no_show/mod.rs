//! `Appointment/[id]/$no-show`: the patient of a visit did not come.

#[cfg(test)]
mod tests;

use super::visits::{Current, Draft, refuse_patients};
use super::{Arguments, Change, OperationAnswer, OperationContext, Params};
use crate::error::Result;
use crate::scheduling::Status;
use crate::store::Transaction;

/// The operation.
pub(super) struct NoShow;

/// What it takes.
pub(super) struct NoShowParams {
    comment: Option<String>,
}

impl Params for NoShowParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            comment: arguments.optional("comment")?,
        })
    }
}

impl Change for NoShow {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = NoShowParams;

    fn permit(cx: &OperationContext<'_>) -> Result<()> {
        refuse_patients(cx)
    }

    async fn perform(
        cx: OperationContext<'_>,
        tx: &mut Transaction,
        params: &NoShowParams,
    ) -> Result<OperationAnswer> {
        let current = Current::of(cx, tx, cx.instance()?).await?;
        let mut draft = Draft::of(&current.resource);
        draft.set_status(Status::Noshow)?;
        if let Some(comment) = &params.comment {
            draft.set_text("comment", comment)?;
        }
        current.change(cx, tx, &draft).await?.answer(cx)
    }
}
