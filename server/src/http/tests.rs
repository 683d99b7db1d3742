//! The HTTP side through its router, with interactions that are made up.

mod admission;
mod anything;
mod bodies;
mod edges;
mod listener;
mod negotiation;
mod requests;
mod responses;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use fhir::definitions::StructuresBuilder;
use fhir::definitions::structure::Structures;
use fhir::json::{Document, ParseLimits, Writer};
use futures_util::FutureExt;
use tower::ServiceExt;

use super::{Admission, Parts, Settings, health_router, router};
use crate::context::{Limits, RequestContext, SearchLimits};
use crate::error::Result;
use crate::interactions::{Interaction, Outcome};

pub(super) const BASE: &str = "https://fhir.example.org/fhir";

/// A router over an interaction that is made up, and what it was asked.
pub(super) struct Server {
    pub(super) router: Router,
    pub(super) asked: Arc<Mutex<Vec<(RequestContext, String)>>>,
}

/// An answer that has arrived whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Whether it is an OperationOutcome in JSON whose first issue has this code and says this.
    pub(super) fn is_outcome(&self, code: &str, says: &str) -> bool {
        let document = Document::parse(self.body.clone()).unwrap();
        let issue = document
            .root()
            .get("issue")
            .unwrap()
            .items()
            .next()
            .unwrap();
        let text = |name: &str| issue.get(name).unwrap().string().unwrap();
        self.header("content-type") == "application/fhir+json; charset=utf-8"
            && text("code") == code
            && text("diagnostics").contains(says)
    }
}

pub(super) fn settings() -> Settings {
    Settings {
        base_url: BASE.into(),
        limits: Arc::new(Limits {
            parse: ParseLimits::default(),
            bundle_entries: 10,
            page_size: 10,
            page_size_max: 10,
            conditional_delete: 1,
            delete_referenced: false,
            expansion: 10_000,
            fhirpath_steps: 5_000_000,
            self_booked: 5,
            waiting: 10,
            slots: 100,
            slots_read: 20_000,
            published: crate::context::Published::default(),
            search: SearchLimits::default(),
        }),
        body_bytes_max: 1000,
        request_timeout: Duration::from_secs(20),
        requests_max: 4,
        keeps_trail: true,
        ihe_error_bundle: false,
    }
}

impl Server {
    /// A server whose every interaction has the same result.
    pub(super) fn new(
        perform: impl Fn(Interaction) -> Result<Outcome> + Send + Sync + 'static,
    ) -> Self {
        Self::with(settings(), perform)
    }

    pub(super) fn with(
        settings: Settings,
        perform: impl Fn(Interaction) -> Result<Outcome> + Send + Sync + 'static,
    ) -> Self {
        Self::admitting(settings, None, perform)
    }

    pub(super) fn admitting(
        settings: Settings,
        admission: Option<Admission>,
        perform: impl Fn(Interaction) -> Result<Outcome> + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let parts = Parts {
            perform: {
                let asked = Arc::clone(&asked);
                let perform = Arc::new(perform);
                Arc::new(move |cx, interaction| {
                    let (asked, perform) = (Arc::clone(&asked), Arc::clone(&perform));
                    async move {
                        let words = format!("{interaction:?}");
                        asked.lock().unwrap().push((cx, words));
                        perform(interaction)
                    }
                    .boxed()
                })
            },
            refused: Arc::new(|_| async { Ok(()) }.boxed()),
            readiness: Arc::new(|| async { Ok(()) }.boxed()),
            structures: Arc::new(structures()),
            admission,
        };
        Self {
            router: router(settings, parts).unwrap(),
            asked,
        }
    }

    /// What was asked last, as debug text.
    pub(super) fn last(&self) -> String {
        let asked = self.asked.lock().unwrap();
        asked
            .last()
            .map_or(String::new(), |(_, words)| words.clone())
    }

    /// Sends `METHOD path`, headers as `Name: value` lines, and a body.
    pub(super) async fn send(
        &self,
        request: &str,
        headers: &[&str],
        body: impl Into<Body>,
    ) -> Answer {
        send(&self.router, request, headers, body).await
    }

    pub(super) async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.send(&format!("GET {path}"), headers, "").await
    }
}

pub(super) async fn send(
    router: &Router,
    request: &str,
    headers: &[&str],
    body: impl Into<Body>,
) -> Answer {
    let (method, path) = request.split_once(' ').unwrap();
    let mut builder = Request::builder().method(method).uri(path);
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        builder = builder.header(name, value);
    }
    let request = builder.body(body.into()).unwrap();
    let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    Answer {
        status: head.status,
        headers: head.headers,
        body: to_bytes(body, usize::MAX).await.unwrap(),
    }
}

/// A Patient as a read answers it.
pub(super) const PATIENT: &str =
    r#"{"resourceType":"Patient","id":"1","active":true,"birthDate":"1970-01-01"}"#;

/// An outcome as the read of a stored resource makes it.
pub(super) fn read(json: &str) -> Outcome {
    Outcome {
        version: Some((
            "3".parse().unwrap(),
            "2024-02-29T12:34:56.789Z".parse().unwrap(),
        )),
        ..Outcome::body(StatusCode::OK, json.to_owned())
    }
}

/// An element table just large enough: name, kind, and elements as `name:type:max` with `!` for mandatory ones and
/// `*` before the name for those of the summary.
pub(super) fn structures() -> Structures {
    let mut builder = StructuresBuilder::default();
    for name in [
        "id",
        "code",
        "string",
        "boolean",
        "date",
        "uri",
        "base64Binary",
    ] {
        define(&mut builder, name, "primitive-type", "");
    }
    define(&mut builder, "Resource", "resource", "");
    define(&mut builder, "Backbone", "complex-type", "");
    define(
        &mut builder,
        "Reference",
        "complex-type",
        "*reference:string:1",
    );
    define(
        &mut builder,
        "Coding",
        "complex-type",
        "*system:uri:1 *code:code:1",
    );
    define(
        &mut builder,
        "Meta",
        "complex-type",
        "*versionId:id:1 *tag:Coding:*",
    );
    define(
        &mut builder,
        "Patient",
        "resource",
        "*id:id:1 *meta:Meta:1 *active:boolean:1 *birthDate:date:1 language:code:1",
    );
    define(
        &mut builder,
        "Binary",
        "resource",
        "*id:id:1 *meta:Meta:1 contentType:code:1! securityContext:Reference:1 data:base64Binary:1",
    );
    define(
        &mut builder,
        "OperationOutcome",
        "resource",
        "*id:id:1 issue:Backbone:*! issue.severity:code:1! issue.code:code:1! issue.diagnostics:string:1 issue.expression:string:*",
    );
    define(
        &mut builder,
        "Bundle",
        "resource",
        "*id:id:1 *meta:Meta:1 *type:code:1! *entry:Backbone:* *entry.fullUrl:uri:1 *entry.resource:Resource:1",
    );
    builder.build().unwrap()
}

fn define(builder: &mut StructuresBuilder, name: &str, kind: &str, elements: &str) {
    let mut writer = Writer::default();
    writer.object(|definition| {
        definition.string("url", name);
        definition.string("kind", kind);
        definition.string("type", name);
        definition.object("snapshot", |snapshot| {
            snapshot.array("element", |list| {
                list.object(|root| root.string("path", name));
                for element in elements.split_whitespace() {
                    let is_mandatory = element.ends_with('!');
                    let is_summary = element.starts_with('*');
                    let element = element.trim_start_matches('*').trim_end_matches('!');
                    let [path, type_name, max] =
                        element.split(':').collect::<Vec<_>>().try_into().unwrap();
                    list.object(|object| {
                        object.string("path", &format!("{name}.{path}"));
                        object.number("min", u8::from(is_mandatory));
                        object.string("max", max);
                        object.boolean("isSummary", is_summary);
                        object.array("type", |types| {
                            types.object(|object| object.string("code", type_name));
                        });
                    });
                }
            });
        });
    });
    let definition = Document::parse(writer.finish()).unwrap();
    builder.add(definition.root()).unwrap();
}
