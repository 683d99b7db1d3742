//! `$closure` (<https://hl7.org/fhir/R4/conceptmap-operation-closure.html>).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use fhir::json::{Document, Writer};
use fhir::terminology::code_system::SystemKey;
use fhir::terminology::concept::Coding;
use fhir::terminology::fault::Stop;
use fhir::terminology::knowledge::Knowledge;

use super::terms::{coding, terminology, twice};
use super::{Arguments, Operation, OperationAnswer, OperationContext, Params};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{ClosureEntry, ClosureNews};
use crate::terminology::Given;

/// Longest name of a table.
const NAME_MAX: usize = 200;

/// The operation.
pub(super) struct Closure;

/// What it takes.
pub(super) struct ClosureParams {
    name: String,
    concepts: Vec<Document>,
    version: Option<String>,
}

impl Params for ClosureParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            name: arguments.required("name")?,
            concepts: arguments.list("concept")?,
            version: arguments.optional("version")?,
        })
    }
}

impl Operation for Closure {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = ClosureParams;

    async fn invoke(cx: OperationContext<'_>, params: ClosureParams) -> Result<OperationAnswer> {
        let name = params.name.as_str();
        if name.len() > NAME_MAX {
            let sentence = format!("the name of a table has at most {NAME_MAX} bytes");
            return Err(Error::new(ErrorKind::BadValue, sentence));
        }
        let news = match (params.concepts.is_empty(), params.version) {
            (true, None) => {
                cx.store.begin_closure(name).await?;
                ClosureNews::default()
            }
            (true, Some(version)) => {
                let since = version.parse().map_err(|_| {
                    let sentence = "the version of a table is a number that was answered before";
                    Error::new(ErrorKind::BadValue, sentence)
                })?;
                let news = cx.store.closure_news(name, since).await?;
                news.ok_or_else(unknown_table)?
            }
            (false, None) => added(cx, name, &params.concepts).await?,
            (false, Some(_)) => return Err(twice("what is asked of the table")),
        };
        let date = cx.request.now.to_string();
        Ok(OperationAnswer::resource(concept_map(name, &date, &news)))
    }
}

/// Adds codes to a table, and answers what is new by them.
async fn added(cx: OperationContext<'_>, name: &str, concepts: &[Document]) -> Result<ClosureNews> {
    let mut codes = Vec::with_capacity(concepts.len());
    for concept in concepts {
        let Coding {
            system: Some(system),
            code: Some(code),
            ..
        } = coding(concept)
        else {
            let sentence = "a concept of a table has a system and a code";
            return Err(Error::new(ErrorKind::BadValue, sentence));
        };
        codes.push((system, code));
    }
    let mut urls: Vec<Box<str>> = codes.iter().map(|(system, _)| system.clone()).collect();
    let known = cx.store.closure_systems(name).await?;
    urls.extend(known.into_iter().map(Into::into));
    urls.sort();
    urls.dedup();
    let given = Given::default();
    let systems = terminology(cx, &given)
        .evaluate(|knowledge| keys(knowledge, &urls))
        .await?;
    let version = cx.store.add_closure(name, &codes, &systems).await?;
    let version = version.ok_or_else(unknown_table)?;
    let news = cx.store.closure_news(name, version - 1).await?;
    let mut news = news.ok_or_else(unknown_table)?;
    // Another request may have added more meanwhile; that is answered, too, and so is its version.
    news.version = news.version.max(version);
    Ok(news)
}

/// The code systems that are here, in their latest versions, if their hierarchy is one of subsumption. Codes of others
/// include nothing.
fn keys(
    knowledge: &Knowledge,
    urls: &[Box<str>],
) -> std::result::Result<Vec<(Box<str>, SystemKey)>, Stop> {
    let mut keys = Vec::with_capacity(urls.len());
    for url in urls {
        let system = knowledge.code_system(url, None)?;
        if let Some(system) = system.filter(|system| system.has_subsumption()) {
            keys.push((url.clone(), system.key));
        }
    }
    Ok(keys)
}

fn unknown_table() -> Error {
    let sentence = "there is no closure table of that name; begin one by its name alone";
    Error::new(ErrorKind::NotFound, sentence)
}

fn concept_map(name: &str, date: &str, news: &ClosureNews) -> String {
    let mut groups: BTreeMap<(&str, &str), Vec<&ClosureEntry>> = BTreeMap::new();
    for entry in &news.entries {
        let key = (entry.source.0.as_str(), entry.target.0.as_str());
        groups.entry(key).or_default().push(entry);
    }
    let mut writer = Writer::with_capacity(256 + 128 * news.entries.len());
    writer.object(|map| {
        map.string("resourceType", "ConceptMap");
        map.string("version", &news.version.to_string());
        map.string("name", name);
        map.string("status", "active");
        map.boolean("experimental", true);
        map.string("date", date);
        if groups.is_empty() {
            return;
        }
        map.array("group", |list| {
            for ((source, target), entries) in &groups {
                list.object(|group| {
                    group.string("source", source);
                    group.string("target", target);
                    group.array("element", |list| {
                        for of_code in entries.chunk_by(|one, other| one.source == other.source) {
                            list.object(|element| write_element(element, of_code));
                        }
                    });
                });
            }
        });
    });
    writer.finish()
}

fn write_element(element: &mut fhir::json::ObjectWriter<'_>, of_code: &[&ClosureEntry]) {
    if let Some(first) = of_code.first() {
        element.string("code", &first.source.1);
    }
    element.array("target", |list| {
        for entry in of_code {
            list.object(|target| {
                target.string("code", &entry.target.1);
                target.string("equivalence", "subsumes");
            });
        }
    });
}
