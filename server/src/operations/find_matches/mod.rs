//! `CodeSystem/$find-matches` (<https://hl7.org/fhir/R4/codesystem-operation-find-matches.html>): refused, whatever is
//! asked. No code system here is composed of properties, and a search for codes by their properties is an `$expand`.

#[cfg(test)]
mod tests;

use super::{Argument, Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};

/// The operation.
pub(super) struct FindMatches;

/// What it takes, none of which matters.
pub(super) struct FindMatchesParams;

/// A property and its value.
struct Property;

impl Params for Property {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        let _: String = arguments.required("code")?;
        let _: Option<Argument<'_>> = arguments.optional("value")?;
        Ok(Self)
    }
}

impl Params for FindMatchesParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        let _: Option<String> = arguments.optional("system")?;
        let _: Option<String> = arguments.optional("version")?;
        let _: Vec<Property> = arguments.parts("property")?;
        let _: Option<bool> = arguments.optional("exact")?;
        let _: Option<bool> = arguments.optional("compositional")?;
        Ok(Self)
    }
}

impl Operation for FindMatches {
    const DEFINITION: &'static str = include_str!("definition.json");
    const IS_OFFERED: bool = false;
    type Params = FindMatchesParams;

    async fn invoke(_: OperationContext<'_>, _: FindMatchesParams) -> Result<OperationAnswer> {
        Err(Error::new(
            ErrorKind::NotSupported,
            "$find-matches is not supported; codes are found by $expand of a value set whose filters ask for their properties",
        ))
    }
}
