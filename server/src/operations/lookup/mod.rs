//! `CodeSystem/$lookup` (<https://hl7.org/fhir/R4/codesystem-operation-lookup.html>).

#[cfg(test)]
mod tests;

use fhir::json::Document;
use fhir::terminology::canonical::Canonical;
use fhir::terminology::lookup::{Looked, lookup};

use super::terms::{AsOf, as_of, coding, looked, terminology, twice, wanted};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::terminology::Wanted;

/// The operation.
pub(super) struct Lookup;

/// What it takes.
pub(super) struct LookupParams {
    as_of: AsOf,
    code: Option<String>,
    system: Option<String>,
    version: Option<String>,
    coding: Option<Document>,
    properties: Vec<String>,
    wanted: Wanted,
}

impl Params for LookupParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            as_of: as_of(arguments)?,
            code: arguments.optional("code")?,
            system: arguments.optional("system")?,
            version: arguments.optional("version")?,
            coding: arguments.optional("coding")?,
            properties: arguments.list("property")?,
            wanted: wanted(arguments)?,
        })
    }
}

impl Operation for Lookup {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = LookupParams;

    async fn invoke(cx: OperationContext<'_>, params: LookupParams) -> Result<OperationAnswer> {
        params.as_of.check(cx)?;
        let asked = match (params.code, params.system, params.coding) {
            (Some(code), Some(system), None) => {
                let system = Canonical::parse(&system);
                let version = params.version.as_deref().or(system.version.as_deref());
                Looked {
                    system: Canonical::of(&system.url, version),
                    code: code.into(),
                }
            }
            (None, None, Some(given)) => looked(&coding(&given), params.version.as_deref())?,
            (None, _, None) | (Some(_), None, None) => {
                let sentence = "the code is missing: give 'system' and 'code', or 'coding'";
                return Err(Error::new(ErrorKind::BadValue, sentence));
            }
            _ => return Err(twice("the code")),
        };
        let (settings, given) = params.wanted.settings(cx.request)?;
        let properties = params.properties.into_iter().map(Into::into);
        let properties: Vec<Box<str>> = properties.collect();
        let answer = terminology(cx, &given)
            .evaluate(|knowledge| lookup(knowledge, &settings, &asked, &properties))
            .await?;
        Ok(OperationAnswer::resource(answer))
    }
}
