//! The records of all patients, one after the other: no page holds more than one patient's
//! (<https://hl7.org/fhir/R4/patient-operation-everything.html>).

use fhir::ids::ResourceType;

use super::is_nobodys;
use super::record::{Asked, Part, Record};
use crate::definitions::Searched;
use crate::error::{Error, ErrorKind, Result};
use crate::operations::{OperationAnswer, OperationContext};
use crate::store::Source;

/// Between the place of the patient and the place in the record; neither has it.
const BETWEEN: char = '*';

/// One page.
pub(super) async fn page(
    cx: OperationContext<'_>,
    resource_type: ResourceType,
    asked: Asked,
) -> Result<OperationAnswer> {
    let request = cx.request;
    let path = format!("{}/{resource_type}/$everything", request.base_url);
    let cursor = asked.cursor.clone();
    let (mut before, mut within) = places(cursor.as_deref())?;
    let types = [resource_type];
    let all = Searched::of(&types, "", request.handling);
    let plan = cx.definitions.plan(request, &all, None)?;
    let mut part = Part::default();
    loop {
        let mut source = Source::Committed(cx.store);
        let found = source
            .search(request, &plan, 1, &path, before.as_deref())
            .await?;
        let Some(patient) = found.matches.first().map(|one| &one.key) else {
            return Ok(part.answer(cx, &path, cursor.as_deref()));
        };
        let asked = Asked {
            cursor: within.take(),
            ..asked.clone()
        };
        let record = Record::new(cx, patient, asked)?;
        part = record.part(|one| is_nobodys(cx, patient, one)).await?;
        part.previous = None;
        let place = |before: Option<&str>, within: &str| {
            format!("{}{BETWEEN}{within}", before.unwrap_or_default())
        };
        let (rest, next) = (part.next.take(), found.next);
        part.next = match (rest, &next) {
            (Some(within), _) => Some(place(before.as_deref(), &within)),
            (None, Some(next)) => Some(place(Some(next), "")),
            (None, None) => None,
        };
        // Patients of whom nothing is asked for make no pages.
        let is_empty = part.matches.is_empty() && part.included.is_empty();
        match next {
            Some(next) if is_empty => before = Some(next),
            _ => return Ok(part.answer(cx, &path, cursor.as_deref())),
        }
    }
}

/// Where the patient is found, and where the page of the record begins.
fn places(cursor: Option<&str>) -> Result<(Option<String>, Option<String>)> {
    let Some(cursor) = cursor else {
        return Ok((None, None));
    };
    let Some((before, within)) = cursor.split_once(BETWEEN) else {
        let sentence = "the page link cannot be read";
        return Err(Error::new(ErrorKind::BadValue, sentence));
    };
    let given = |place: &str| (!place.is_empty()).then(|| place.to_owned());
    Ok((given(before), given(within)))
}
