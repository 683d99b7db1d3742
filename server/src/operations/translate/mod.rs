//! `ConceptMap/$translate` (<https://hl7.org/fhir/R4/conceptmap-operation-translate.html>).

mod asked;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

use fhir::resource::Resource;
use fhir::terminology::canonical::{Canonical, compare_versions, version_matches};
use fhir::terminology::translate::{
    Mapping, Translated, Unmapped, answer, mappings, spelled, unmapped,
};

use self::asked::Asked;
use super::terms::{terminology, twice, wanted};
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
        let asked = terminology(cx, &given)
            .evaluate(|knowledge| spelled(knowledge, &asked))
            .await?;
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
        let (mut found, others) = match whole {
            Some(resource) => {
                let mut found = mappings(resource.root());
                let Unmapped { mappings, others } = unmapped(resource.root(), &asked, &found);
                found.extend(mappings);
                (found, others)
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
                let between = (source.as_ref(), target.as_ref());
                let must_exist = found.is_empty();
                let (more, others) = stored(cx, &asked, url.as_ref(), between, must_exist).await?;
                found.extend(more);
                (found, others)
            }
        };
        found.extend(by_others(cx, &asked, others).await?);
        Ok(OperationAnswer::resource(answer(&asked, &found)))
    }
}

/// What the concept maps say that others name for what they do not map themselves, and those that these name.
async fn by_others(
    cx: OperationContext<'_>,
    asked: &Translated,
    others: Vec<Canonical>,
) -> Result<Vec<Mapping>> {
    let (mut found, mut known) = (Vec::new(), BTreeSet::new());
    let mut open = VecDeque::from(others);
    while let Some(other) = open.pop_front() {
        if !known.insert(other.clone()) {
            continue;
        }
        if known.len() > OTHERS_MAX {
            let sentence = format!("more than {OTHERS_MAX} concept maps name each other");
            return Err(Error::new(ErrorKind::TooCostly, sentence));
        }
        let (mappings, others) = stored(cx, asked, Some(&other), (None, None), true).await?;
        found.extend(mappings);
        open.extend(others);
    }
    Ok(found)
}

/// Concept maps that are asked because others name them.
const OTHERS_MAX: usize = 16;

/// What the stored concept maps say, each in its latest version, or in that which is asked for; and which others that one
/// names.
async fn stored(
    cx: OperationContext<'_>,
    asked: &Translated,
    url: Option<&Canonical>,
    (source, target): (Option<&Canonical>, Option<&Canonical>),
    must_exist: bool,
) -> Result<(Vec<Mapping>, Vec<Canonical>)> {
    let given = asked.codings.iter().filter_map(|one| one.code.clone());
    let codes: Vec<Box<str>> = given.chain(asked.spellings.iter().cloned()).collect();
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
        return Ok((found, Vec::new()));
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
            false => Ok(Default::default()),
        };
    };
    found.retain(|one| one.map.version.as_deref().unwrap_or_default() == version.as_str());
    let Unmapped { mappings, others } = unmapped(head.root(), asked, &found);
    found.extend(mappings);
    Ok((found, others))
}

fn is_older(one: &Mapping, other: &Canonical) -> bool {
    let version = |canonical: &Canonical| canonical.version.clone().unwrap_or_default();
    one.map.url == other.url && compare_versions(&version(&one.map), &version(other)).is_lt()
}
