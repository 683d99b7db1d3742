//! `$batch-validate-code`: several `ValueSet/$validate-code` in one call, as terminology servers of HL7's ecosystem have it
//! (<https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/>).

#[cfg(test)]
mod tests;

use fhir::json::Writer;
use fhir::outcome::operation_outcome;
use fhir::resource::Resource;

use super::binding::Call;
use super::definition::OperationDefinition;
use super::terms::{Meant, wanted};
use super::valueset_validate_code::{ValidateCodeParams, ValueSetValidateCode, answer};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::terminology::Wanted;

/// The operation.
pub(super) struct BatchValidateCode;

/// What it takes.
pub(super) struct BatchValidateCodeParams {
    validations: Vec<Resource>,
    meant: Meant,
    wanted: Wanted,
}

impl Params for BatchValidateCodeParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            validations: arguments.list("validation")?,
            meant: Meant::take(arguments)?,
            wanted: wanted(arguments)?,
        })
    }
}

impl Operation for BatchValidateCode {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = BatchValidateCodeParams;

    async fn invoke(
        cx: OperationContext<'_>,
        params: BatchValidateCodeParams,
    ) -> Result<OperationAnswer> {
        let most = cx.request.limits.bundle_entries;
        if params.validations.len() > most {
            let sentence = format!("one call may ask for {most} validations");
            return Err(Error::new(ErrorKind::TooCostly, sentence));
        }
        let definition = OperationDefinition::parse(ValueSetValidateCode::DEFINITION);
        let definition = definition.map_err(Error::internal)?;
        let mut answers = Vec::with_capacity(params.validations.len());
        for (n, validation) in params.validations.iter().enumerate() {
            let one = one(cx, &definition, validation, &params.meant, &params.wanted).await;
            answers.push(match one {
                Ok(parameters) => parameters,
                // A fault of one call, which the others outlive.
                Err(error) if error.status().is_client_error() => operation_outcome(error.issues()),
                Err(error) => return Err(error.within(&format!("Parameters.parameter[{n}]"))),
            });
        }
        let mut writer = Writer::with_capacity(512 * answers.len());
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| {
                for answer in &answers {
                    list.object(|parameter| {
                        parameter.string("name", "validation");
                        parameter.raw("resource", answer);
                    });
                }
            });
        });
        Ok(OperationAnswer::resource(writer.finish()))
    }
}

/// One validation, with what is given for all.
async fn one(
    cx: OperationContext<'_>,
    definition: &OperationDefinition,
    validation: &Resource,
    meant: &Meant,
    wanted: &Wanted,
) -> Result<String> {
    let params = {
        let limits = cx.request.limits.parse;
        let call = Call::of(definition, "", Some(validation.clone()), limits)?;
        for parameters in call.checkable(limits)? {
            cx.definitions.validate(&parameters)?;
        }
        let mut params: ValidateCodeParams = call.arguments(definition, limits)?.bind()?;
        params.meant = params.meant.or(meant);
        params.wanted = params.wanted.after(wanted);
        params
    };
    Ok(answer(cx, params).await?.parameters())
}
