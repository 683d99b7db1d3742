//! `ValueSet/$expand` (<https://hl7.org/fhir/R4/valueset-operation-expand.html>).

#[cfg(test)]
mod tests;

use fhir::terminology::canonical::Canonical;
use fhir::terminology::expand::{Expansion, expand};

use super::terms::{AsOf, Meant, as_of, terminology, wanted};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::terminology::Wanted;

/// The operation.
pub(super) struct Expand;

/// What it takes.
pub(super) struct ExpandParams {
    as_of: AsOf,
    meant: Meant,
    wanted: Wanted,
    offset: Option<i32>,
    count: Option<i32>,
    expansion: Expansion,
}

impl Params for ExpandParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        let texts = |list: Vec<String>| list.into_iter().map(Into::into).collect();
        let filter: Option<String> = arguments.optional("filter")?;
        // No expansion has post-coordinated codes.
        let _: Option<bool> = arguments.optional("excludePostCoordinated")?;
        let excluded: Vec<String> = arguments.list("exclude-system")?;
        let excluded = excluded.iter().map(|text| Canonical::parse(text));
        Ok(Self {
            as_of: as_of(arguments)?,
            meant: Meant::take(arguments)?,
            wanted: wanted(arguments)?,
            offset: arguments.optional("offset")?,
            count: arguments.optional("count")?,
            expansion: Expansion {
                filter: filter.filter(|text| !text.is_empty()).map(Into::into),
                include_designations: arguments.optional("includeDesignations")?,
                designations: texts(arguments.list("designation")?),
                include_definition: arguments.optional("includeDefinition")?,
                properties: texts(arguments.list("property")?),
                exclude_nested: arguments.optional("excludeNested")?,
                exclude_abstract: arguments.optional("excludeNotForUI")?,
                exclude_systems: excluded.collect(),
                active_only: arguments.optional("activeOnly")?,
                ..Expansion::default()
            },
        })
    }
}

impl Operation for Expand {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = ExpandParams;

    async fn invoke(cx: OperationContext<'_>, params: ExpandParams) -> Result<OperationAnswer> {
        params.as_of.check(cx)?;
        let (settings, given) = params.wanted.settings(cx.request)?;
        let named = params.meant.named(cx, &settings).await?;
        let mut asked = params.expansion;
        asked.offset = natural("offset", params.offset)?;
        asked.count = natural("count", params.count)?;
        asked.identifier = format!("urn:uuid:{}", uuid::Uuid::new_v4()).into();
        asked.timestamp = cx.request.now.to_string().into();
        let expanded = terminology(cx, &given)
            .evaluate(|knowledge| expand(knowledge, &settings, &named.find(knowledge)?, &asked))
            .await?;
        Ok(OperationAnswer::resource(expanded))
    }
}

fn natural(name: &str, value: Option<i32>) -> Result<Option<usize>> {
    let below_zero = |_| {
        let sentence = format!("'{name}' is below zero");
        Error::new(ErrorKind::BadValue, sentence)
    };
    value.map(usize::try_from).transpose().map_err(below_zero)
}
