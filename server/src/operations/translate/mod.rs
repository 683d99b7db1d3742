//! `ConceptMap/$translate` (<https://hl7.org/fhir/R4/conceptmap-operation-translate.html>).

mod asked;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

use fhir::resource::Resource;
use fhir::terminology::canonical::{Canonical, compare_versions, version_matches};
use fhir::terminology::translate::{
    Mapping, Translated, Unmapped, answer, is_between, mappings, spelled, unmapped,
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
        let between = (source.as_ref(), target.as_ref());
        let version = params.version.as_deref();
        let (mut found, others) = match whole {
            Some(map) => of_whole(&map, version, &asked, between)?,
            None => {
                let url = named(params.url.as_deref(), version)?;
                let of_given = given
                    .concept_maps()
                    .iter()
                    .filter(|map| is_of(map, url.as_ref()) && is_between(map.root(), between));
                let mut found: Vec<Mapping> =
                    of_given.flat_map(|map| mappings(map.root())).collect();
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

/// The value sets that a map is between, where they are said.
type ValueSets<'a> = (Option<&'a Canonical>, Option<&'a Canonical>);

/// What a map says that is here as a whole, and which others it names. It is of the version that is asked for.
fn of_whole(
    map: &Resource,
    version: Option<&str>,
    asked: &Translated,
    between: ValueSets<'_>,
) -> Result<(Vec<Mapping>, Vec<Canonical>)> {
    let own = map.get("version").and_then(fhir::json::Value::string);
    if version.is_some_and(|version| !version_matches(version, own.as_deref().unwrap_or_default()))
    {
        let sentence = "the concept map is not of the version of 'conceptMapVersion'";
        return Err(Error::new(ErrorKind::NotFound, sentence));
    }
    if !is_between(map.root(), between) {
        return Ok(Default::default());
    }
    let mut found = mappings(map.root());
    let Unmapped { mappings, others } = unmapped(map.root(), asked, &found);
    found.extend(mappings);
    Ok((found, others))
}

/// The concept map that is named by its URL, and its version, which is said once.
fn named(url: Option<&str>, version: Option<&str>) -> Result<Option<Canonical>> {
    let Some(url) = url.map(Canonical::parse) else {
        return match version {
            None => Ok(None),
            Some(_) => Err(Error::new(
                ErrorKind::BadValue,
                "'conceptMapVersion' says nothing without 'url'",
            )),
        };
    };
    if let (Some(one), Some(other)) = (&url.version, version)
        && **one != *other
    {
        return Err(twice("the version of the concept map"));
    }
    let version = version.or(url.version.as_deref());
    Ok(Some(Canonical::of(&url.url, version)))
}

/// Whether a map is the one that is named.
fn is_of(map: &Resource, named: Option<&Canonical>) -> bool {
    let text = |name| map.get(name).and_then(fhir::json::Value::string);
    named.is_none_or(|named| {
        let version = text("version").unwrap_or_default();
        let wanted = named.version.as_deref();
        text("url").as_deref() == Some(&*named.url)
            && wanted.is_none_or(|wanted| version_matches(wanted, &version))
    })
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
    (source, target): ValueSets<'_>,
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
    if !is_between(head.root(), (source, target)) {
        return Ok(Default::default());
    }
    let Unmapped { mappings, others } = unmapped(head.root(), asked, &found);
    found.extend(mappings);
    Ok((found, others))
}

fn is_older(one: &Mapping, other: &Canonical) -> bool {
    let version = |canonical: &Canonical| canonical.version.clone().unwrap_or_default();
    one.map.url == other.url && compare_versions(&version(&one.map), &version(other)).is_lt()
}
