//! `ConceptMap/$translate` (<https://hl7.org/fhir/R4/conceptmap-operation-translate.html>).

mod asked;
#[cfg(test)]
mod tests;

use fhir::resource::Resource;
use fhir::terminology::canonical::{Canonical, compare_versions, version_matches};
use fhir::terminology::translate::{Mapping, Translated, answer, mappings, unmapped};

use self::asked::Asked;
use super::terms::{twice, wanted};
use super::{Arguments, Operation, OperationAnswer, OperationContext, OperationTarget, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::store::MappingsOf;
use crate::terminology::Wanted;

/// The operation.
pub(super) struct Translate;

/// What it takes.
pub(super) struct TranslateParams {
    url: Option<String>,
    resource: Option<Resource>,
    version: Option<String>,
    asked: Asked,
    wanted: Wanted,
}

impl Params for TranslateParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            url: arguments.optional("url")?,
            resource: arguments.optional("conceptMap")?,
            version: arguments.optional("conceptMapVersion")?,
            asked: Asked::take(arguments)?,
            wanted: wanted(arguments)?,
        })
    }
}

impl Operation for Translate {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = TranslateParams;

    async fn invoke(cx: OperationContext<'_>, params: TranslateParams) -> Result<OperationAnswer> {
        let (_, given) = params.wanted.settings(cx.request)?;
        let (source, target) = params.asked.value_sets();
        let asked = params.asked.translated()?;
        let whole = match (cx.target, params.resource, &params.url) {
            (OperationTarget::Instance(key), None, None) => {
                let (_, text) = cx.read(key).await?;
                let resource = Resource::parse_with(text, cx.request.limits.parse);
                Some(resource.map_err(Error::internal)?)
            }
            (OperationTarget::Instance(_), ..) | (_, Some(_), Some(_)) => {
                return Err(twice("the concept map"));
            }
            (_, resource, _) => resource,
        };
        let found = match whole {
            Some(resource) => {
                let mut found = mappings(resource.root());
                found.extend(unmapped(resource.root(), &asked, &found));
                found
            }
            None => {
                let url = params.url.as_deref().map(Canonical::parse);
                let url = url.map(|url| {
                    let version = params.version.as_deref().or(url.version.as_deref());
                    Canonical::of(&url.url, version)
                });
                let is_of = |map: &&Resource| {
                    let url_of = map.get("url").and_then(fhir::json::Value::string);
                    url.as_ref()
                        .is_none_or(|url| url_of.as_deref() == Some(&*url.url))
                };
                let maps = given.concept_maps().iter().filter(is_of);
                let mut found: Vec<Mapping> = maps.flat_map(|map| mappings(map.root())).collect();
                let between = (source.as_deref(), target.as_deref());
                found.extend(stored(cx, &asked, url.as_ref(), between, found.is_empty()).await?);
                found
            }
        };
        Ok(OperationAnswer::resource(answer(&asked, &found)))
    }
}

/// What the stored concept maps say, each in its latest version, or in that which is asked for.
async fn stored(
    cx: OperationContext<'_>,
    asked: &Translated,
    url: Option<&Canonical>,
    (source, target): (Option<&str>, Option<&str>),
    must_exist: bool,
) -> Result<Vec<Mapping>> {
    let codes: Vec<Box<str>> = asked
        .codings
        .iter()
        .filter_map(|coding| coding.code.clone())
        .collect();
    let of = MappingsOf {
        codes: &codes,
        is_reverse: asked.is_reverse,
        url: url.map(|url| &*url.url),
        source,
        target,
    };
    let mut found = cx.store.mappings(of).await?;
    let Some(url) = url else {
        let all = found.clone();
        found.retain(|one| !all.iter().any(|other| is_older(one, &other.map)));
        return Ok(found);
    };
    let maps = cx.store.concept_maps(&url.url).await?;
    let wanted = |version: &str| {
        let asked = url.version.as_deref();
        asked.is_none_or(|asked| version_matches(asked, version))
    };
    let fitting = maps.iter().filter(|(version, _)| wanted(version));
    let latest = fitting.max_by(|(one, _), (other, _)| compare_versions(one, other));
    let Some((version, head)) = latest else {
        let sentence = format!("there is no ConceptMap {url}");
        return match must_exist {
            true => Err(Error::new(ErrorKind::NotFound, sentence)),
            false => Ok(Vec::new()),
        };
    };
    found.retain(|one| one.map.version.as_deref().unwrap_or_default() == version.as_str());
    found.extend(unmapped(head.root(), asked, &found));
    Ok(found)
}

fn is_older(one: &Mapping, other: &Canonical) -> bool {
    let version = |canonical: &Canonical| canonical.version.clone().unwrap_or_default();
    one.map.url == other.url && compare_versions(&version(&one.map), &version(other)).is_lt()
}
