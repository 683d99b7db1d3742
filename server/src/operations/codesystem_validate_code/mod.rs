//! `CodeSystem/$validate-code` (<https://hl7.org/fhir/R4/codesystem-operation-validate-code.html>).

#[cfg(test)]
mod tests;

use fhir::resource::Resource;
use fhir::terminology::canonical::Canonical;
use fhir::terminology::validate::{Against, validate};

use super::terms::{AsOf, as_of, terminology, twice, wanted};
use super::valueset_validate_code::Codes;
use super::{Arguments, Operation, OperationAnswer, OperationContext, OperationTarget, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::terminology::Wanted;

/// The operation.
pub(super) struct CodeSystemValidateCode;

/// What it takes.
pub(super) struct CodeSystemValidateCodeParams {
    as_of: AsOf,
    url: Option<String>,
    version: Option<String>,
    resource: Option<Resource>,
    codes: Codes,
    wanted: Wanted,
}

impl Params for CodeSystemValidateCodeParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            as_of: as_of(arguments)?,
            url: arguments.optional("url")?,
            version: arguments.optional("version")?,
            resource: arguments.optional("codeSystem")?,
            codes: Codes::take(arguments)?,
            wanted: wanted(arguments)?,
        })
    }
}

impl Operation for CodeSystemValidateCode {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = CodeSystemValidateCodeParams;

    async fn invoke(
        cx: OperationContext<'_>,
        mut params: CodeSystemValidateCodeParams,
    ) -> Result<OperationAnswer> {
        params.as_of.check(cx)?;
        let stored = match cx.target {
            OperationTarget::Instance(key) => Some(cx.read(key).await?.1),
            OperationTarget::System | OperationTarget::Type(_) => None,
        };
        let stored = stored.map(|text| Resource::parse_with(text, cx.request.limits.parse));
        let stored = stored.transpose().map_err(Error::internal)?;
        let named = match (stored, params.resource.take(), params.url.as_deref()) {
            (Some(resource), None, None) => of_resource(&resource)?,
            (None, Some(resource), None) => {
                let named = of_resource(&resource)?;
                params.wanted.resources.push(resource);
                named
            }
            (None, None, Some(url)) => Canonical::parse(url),
            (None, None, None) => system_of(&params)?,
            _ => return Err(twice("the code system")),
        };
        let version = named.version.as_deref().or(params.version.as_deref());
        let canonical = Canonical::of(&named.url, version);
        let (mut settings, given) = params.wanted.settings(cx.request)?;
        params.codes.set(&mut settings);
        let mut question = params.codes.question()?;
        for coding in &mut question.codings {
            coding.system.get_or_insert_with(|| canonical.url.clone());
        }
        let against = Against::CodeSystem(canonical);
        let answer = terminology(cx, &given)
            .evaluate(|knowledge| validate(knowledge, &settings, &against, &question))
            .await?;
        Ok(OperationAnswer::resource(answer.parameters()))
    }
}

/// A coding names its code system itself.
fn system_of(params: &CodeSystemValidateCodeParams) -> Result<Canonical> {
    let system = params.codes.coding_system();
    system
        .map(|system| Canonical::parse(&system))
        .ok_or_else(|| {
            let sentence = "the code system is missing: give 'url' or 'codeSystem'";
            Error::new(ErrorKind::BadValue, sentence)
        })
}

fn of_resource(resource: &Resource) -> Result<Canonical> {
    let text = |name| resource.get(name).and_then(fhir::json::Value::string);
    let url = text("url").ok_or_else(|| {
        let sentence = "the CodeSystem has no url";
        Error::new(ErrorKind::BadValue, sentence)
    })?;
    Ok(Canonical::of(&url, text("version").as_deref()))
}
