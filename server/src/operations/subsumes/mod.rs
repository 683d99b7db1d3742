//! `CodeSystem/$subsumes` (<https://hl7.org/fhir/R4/codesystem-operation-subsumes.html>).

#[cfg(test)]
mod tests;

use fhir::json::{Document, Value, Writer};
use fhir::resource::Resource;
use fhir::terminology::canonical::Canonical;
use fhir::terminology::lookup::{Looked, subsumes};

use super::terms::{coding, looked, terminology, twice, wanted};
use super::{Arguments, Operation, OperationAnswer, OperationContext, OperationTarget, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::terminology::Wanted;

/// The operation.
pub(super) struct Subsumes;

/// What it takes.
pub(super) struct SubsumesParams {
    codes: [Option<String>; 2],
    codings: [Option<Document>; 2],
    system: Option<String>,
    version: Option<String>,
    wanted: Wanted,
}

impl Params for SubsumesParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            codes: [arguments.optional("codeA")?, arguments.optional("codeB")?],
            codings: [
                arguments.optional("codingA")?,
                arguments.optional("codingB")?,
            ],
            system: arguments.optional("system")?,
            version: arguments.optional("version")?,
            wanted: wanted(arguments)?,
        })
    }
}

impl Operation for Subsumes {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = SubsumesParams;

    async fn invoke(cx: OperationContext<'_>, params: SubsumesParams) -> Result<OperationAnswer> {
        let named = match (cx.target, &params.system) {
            (OperationTarget::Instance(_), Some(_)) => return Err(twice("the code system")),
            (OperationTarget::Instance(key), None) => {
                let (_, text) = cx.read(key).await?;
                let resource = Resource::parse_with(text, cx.request.limits.parse);
                Some(canonical(&resource.map_err(Error::internal)?)?)
            }
            (_, Some(system)) => Some(Canonical::parse(system)),
            (_, None) => None,
        };
        let version = params.version.as_deref();
        let one = side(
            &params.codes[0],
            &params.codings[0],
            named.as_ref(),
            version,
        )?;
        let other = side(
            &params.codes[1],
            &params.codings[1],
            named.as_ref(),
            version,
        )?;
        if one.system.url != other.system.url {
            let sentence = "the codes are of different code systems";
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let (settings, given) = params.wanted.settings(cx.request)?;
        let outcome = terminology(cx, &given)
            .evaluate(|knowledge| subsumes(knowledge, &settings, &one, &other))
            .await?;
        let mut writer = Writer::with_capacity(128);
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| {
                list.object(|parameter| {
                    parameter.string("name", "outcome");
                    parameter.string("valueCode", outcome.code());
                });
            });
        });
        Ok(OperationAnswer::resource(writer.finish()))
    }
}

fn side(
    code: &Option<String>,
    given: &Option<Document>,
    named: Option<&Canonical>,
    version: Option<&str>,
) -> Result<Looked> {
    match (code, given, named) {
        (Some(code), None, Some(system)) => Ok(Looked {
            system: Canonical::of(&system.url, version.or(system.version.as_deref())),
            code: code.as_str().into(),
        }),
        (None, Some(given), _) => looked(&coding(given), version),
        (Some(_), Some(_), _) => Err(twice("a code")),
        (_, None, _) => Err(Error::new(
            ErrorKind::BadValue,
            "two codes are needed: give 'codeA' and 'codeB' with 'system', or 'codingA' and 'codingB'",
        )),
    }
}

fn canonical(resource: &Resource) -> Result<Canonical> {
    let text = |name| resource.get(name).and_then(Value::string);
    let url = text("url").ok_or_else(|| {
        let sentence = "the CodeSystem has no url";
        Error::new(ErrorKind::BadValue, sentence)
    })?;
    Ok(Canonical::of(&url, text("version").as_deref()))
}
