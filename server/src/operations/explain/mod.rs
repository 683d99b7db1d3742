//! `$explain`: how a search is answered, for whoever operates the server.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use fhir::json::{ObjectWriter, Writer};
use fhir::search::plan::{Plan, Summary};

use super::{Arguments, Operation, OperationAnswer, OperationContext, OperationTarget, Params};
use crate::definitions::{Searched, stored_only};
use crate::error::Result;
use crate::searchset::{CURSOR, query_text};
use crate::store::{ExplainedStatement, Source};
use crate::terminology::planned;

/// The operation.
pub(super) struct Explain;

/// What it takes.
pub(super) struct ExplainParams {
    search: Vec<(String, String)>,
}

impl Params for ExplainParams {
    fn take(arguments: &mut Arguments<'_>) -> Result<Self> {
        Ok(Self {
            search: arguments.search("search")?,
        })
    }
}

impl Operation for Explain {
    const DEFINITION: &'static str = include_str!("definition.json");
    type Params = ExplainParams;

    async fn invoke(cx: OperationContext<'_>, params: ExplainParams) -> Result<OperationAnswer> {
        let request = cx.request;
        let begin = Instant::now();
        let plan = plan(cx, &query_text(&params.search))
            .await
            .and_then(stored_only)?;
        let planned = begin.elapsed();
        let mut source = Source::Committed(cx.store);
        let count = plan.count.unwrap_or(request.limits.page_size);
        let counts_only = plan.summary == Summary::Count || count == 0;
        let begin = Instant::now();
        let matches = match counts_only {
            true => source.count(request, &plan).await?,
            false => {
                let cursor = params.search.iter().find(|(name, _)| name == CURSOR);
                let cursor = cursor.map(|(_, value)| &**value);
                let page = source
                    .search(request, &plan, count, &path(cx), cursor)
                    .await?;
                u64::try_from(page.matches.len()).unwrap_or(u64::MAX)
            }
        };
        let searched = begin.elapsed();
        let explanation = source.explain(request, &plan, count).await?;
        let mut writer = Writer::with_capacity(4096);
        writer.object(|parameters| {
            parameters.string("resourceType", "Parameters");
            parameters.array("parameter", |list| {
                list.object(|part| text(part, "understood", &query_text(&plan.understood)));
                for warning in &plan.warnings {
                    list.object(|part| text(part, "warning", &warning.diagnostics));
                }
                list.object(|part| text(part, "plan", &format!("{plan:#?}")));
                list.object(|part| milliseconds(part, "planned", planned));
                list.object(|part| milliseconds(part, "searched", searched));
                list.object(|part| {
                    part.string("name", "matches");
                    part.number("valueDecimal", matches);
                });
                list.object(|part| text(part, "choice", &explanation.choice));
                list.object(|part| {
                    part.string("name", "estimated");
                    part.number("valueDecimal", explanation.matches);
                });
                for statement in &explanation.statements {
                    list.object(|part| write_statement(part, statement));
                }
            });
        });
        Ok(OperationAnswer::resource(writer.finish()))
    }
}

/// The plan that a search at the same place would have.
async fn plan(cx: OperationContext<'_>, query: &str) -> Result<Plan> {
    let of = |types| Searched::of(types, query, cx.request.handling);
    let searched = match cx.target {
        OperationTarget::System => of(&[]),
        OperationTarget::Type(resource_type) => of(std::slice::from_ref(resource_type)),
        OperationTarget::Instance(center) => of(&[]).around(center),
    };
    planned(cx.request, cx.store, cx.definitions, &searched).await
}

/// The URL of the search, which its page links are bound to.
fn path(cx: OperationContext<'_>) -> String {
    let base = &cx.request.base_url;
    match cx.target {
        OperationTarget::System => base.to_string(),
        OperationTarget::Type(resource_type) => format!("{base}/{resource_type}"),
        OperationTarget::Instance(center) => format!("{base}/{center}/*"),
    }
}

fn write_statement(part: &mut ObjectWriter<'_>, statement: &ExplainedStatement) {
    part.string("name", "statement");
    part.array("part", |list| {
        list.object(|part| text(part, "way", &statement.way));
        list.object(|part| text(part, "sql", &statement.sql));
        for bound in &statement.bound {
            list.object(|part| text(part, "bound", bound));
        }
        list.object(|part| text(part, "analysis", &statement.plan));
        list.object(|part| milliseconds(part, "took", statement.took));
        list.object(|part| {
            part.string("name", "certain");
            part.boolean("valueBoolean", statement.is_certain);
        });
    });
}

fn text(part: &mut ObjectWriter<'_>, name: &str, text: &str) {
    part.string("name", name);
    part.string("valueString", text);
}

/// Milliseconds with three digits behind the point.
fn milliseconds(part: &mut ObjectWriter<'_>, name: &str, elapsed: Duration) {
    let micros = elapsed.as_micros();
    part.string("name", name);
    part.raw(
        "valueDecimal",
        &format!("{}.{:03}", micros / 1000, micros % 1000),
    );
}
