//! `ValueSet/$validate-code` (<https://hl7.org/fhir/R4/valueset-operation-validate-code.html>).

mod codes;
#[cfg(test)]
mod tests;

use fhir::terminology::validate::{Against, Answer, validate};

use super::terms::{AsOf, Meant, as_of, terminology, wanted};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::Result;
use crate::terminology::Wanted;

pub(super) use codes::Codes;

/// The operation.
pub(super) struct ValueSetValidateCode;

/// What it takes.
pub(super) struct ValidateCodeParams {
    pub(super) as_of: AsOf,
    pub(super) meant: Meant,
    pub(super) codes: Codes,
    pub(super) wanted: Wanted,
    pub(super) infer_system: Option<bool>,
}

impl Params for ValidateCodeParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            as_of: as_of(arguments)?,
            meant: Meant::take(arguments)?,
            codes: Codes::take(arguments)?.of_system(
                arguments.optional("system")?,
                arguments.optional("systemVersion")?,
            ),
            wanted: wanted(arguments)?,
            infer_system: arguments.optional("inferSystem")?,
        })
    }
}

impl Operation for ValueSetValidateCode {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = ValidateCodeParams;

    async fn invoke(
        cx: OperationContext<'_>,
        params: ValidateCodeParams,
    ) -> Result<OperationAnswer> {
        let answer = answer(cx, params).await?;
        Ok(OperationAnswer::resource(answer.parameters()))
    }
}

/// Validates the codes of a call.
pub(super) async fn answer(cx: OperationContext<'_>, params: ValidateCodeParams) -> Result<Answer> {
    params.as_of.check(cx)?;
    let (mut settings, given) = params.wanted.settings(cx.request)?;
    params.codes.set(&mut settings);
    settings.infer_system = params.infer_system == Some(true);
    let question = params.codes.question()?;
    let named = params.meant.named(cx, &settings).await?;
    terminology(cx, &given)
        .evaluate(|knowledge| {
            let against = Against::ValueSet(named.find(knowledge)?);
            validate(knowledge, &settings, &against, &question)
        })
        .await
}
