//! What combining costs a lone client: the server's own store, asked from within this process, beside its statement.

use std::sync::Arc;
use std::time::Duration;

use fhir::ids::{ResourceKey, ResourceType};
use fhir::resource::Resource;
use fhir::search::index_values::{DateValue, IndexValues, NumberValue, StringValue};
use vesta::auth::{Access, Reason};
use vesta::context::{Handling, Limits, RequestContext, ReturnPreference};
use vesta::definitions::FoundBy;
use vesta::store::{PreparedWrite, Source, Store, StoreSettings, Verb};

use super::Kind;
use super::library::{Entry, IndexRow, Library};
use crate::Result;
use crate::load::Work;
use crate::random::Random;

/// One caller of the store.
#[derive(Debug)]
pub(super) struct Combined {
    store: Store,
    cx: RequestContext,
    kind: Kind,
    library: Arc<Library>,
    /// The Observations, parsed before the measurement, since the statement's side does not parse either.
    parsed: Vec<(Resource, FoundBy)>,
    random: Random,
}

impl Combined {
    /// Connects as the server does, with its default settings.
    pub(super) async fn connect(url: &str, kind: Kind, library: Arc<Library>) -> Result<Self> {
        let settings = StoreSettings {
            connections: 16,
            tasks: 2,
            batch: 64,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            audit: None,
        };
        let store = Store::connect(url, &settings)
            .await
            .map_err(|error| format!("the store does not connect: {error}"))?;
        Ok(Self {
            store,
            cx: context(),
            kind,
            parsed: parsed(&library)?,
            library,
            random: Random::new(3_000),
        })
    }

    async fn create(&mut self) -> Result<()> {
        let (resource, index) = self.random.one_of(&self.parsed);
        let key = ResourceKey::new(
            ResourceType::parse("Observation").ok_or("no FHIR type")?,
            uuid::Uuid::now_v7().to_string().parse()?,
        );
        let now = vesta::context::now();
        let write = PreparedWrite::new(key, Verb::Post, resource, index.clone(), now);
        let written = self.store.create(&self.cx, write).await;
        written.map_err(|error| format!("the store does not create: {error}"))?;
        Ok(())
    }

    async fn read(&mut self) -> Result<()> {
        let variant = usize::from(self.random.below(2) == 1);
        let id = &self.library.observation(&mut self.random).ids[variant];
        let key = format!("Observation/{id}").parse()?;
        let found = Source::Committed(&self.store).read(&self.cx, &key).await;
        match found {
            Ok(Some(version)) if version.content.is_some() => Ok(()),
            Ok(_) => Err("the store does not find a resource".into()),
            Err(error) => Err(format!("the store does not read: {error}").into()),
        }
    }
}

impl Work for Combined {
    async fn step(&mut self) -> Result<()> {
        match self.kind {
            Kind::Create => self.create().await,
            Kind::Read => self.read().await,
            Kind::Update | Kind::Mixed | Kind::Transaction => {
                Err("combining is measured by creates and reads".into())
            }
        }
    }
}

fn parsed(library: &Library) -> Result<Vec<(Resource, FoundBy)>> {
    let parse = |entry: &Entry| {
        let resource = Resource::parse(entry.sample.body(None, 0))?;
        Ok((resource, found_by(&entry.rows[0])?))
    };
    library.observations().iter().map(parse).collect()
}

fn found_by(row: &IndexRow) -> Result<FoundBy> {
    let strings = row
        .strings
        .iter()
        .map(|(parameter, folded, _)| StringValue {
            parameter: *parameter,
            folded: folded.as_str().into(),
        });
    let dates = row.dates.iter().map(|(parameter, lower, upper, _)| {
        Ok(DateValue {
            parameter: *parameter,
            lower: lower.timestamp()?,
            upper: upper.timestamp()?,
        })
    });
    let numbers = row.numbers.iter().map(|(parameter, lower, upper, units)| {
        let units = units.trim_matches(['{', '}']).split_terminator(',');
        Ok(NumberValue {
            parameter: *parameter,
            lower: lower.parse()?,
            upper: upper.parse()?,
            units: units.map(str::parse).collect::<Result<_, _>>()?,
        })
    });
    let (narrative, content) = row
        .texts
        .first()
        .map_or(("", ""), |(.., narrative, content)| {
            (narrative.as_str(), content.as_str())
        });
    let values = IndexValues {
        tokens: row.elements.clone(),
        strings: strings.collect(),
        dates: dates.collect::<Result<_>>()?,
        numbers: numbers.collect::<Result<_>>()?,
        narrative: narrative.into(),
        content: content.into(),
        ..IndexValues::default()
    };
    Ok(FoundBy {
        values,
        generation: row.generation,
        by: None,
    })
}

fn context() -> RequestContext {
    let limits = Limits {
        bundle_entries: 1,
        page_size: 1,
        page_size_max: 1,
        conditional_delete: 1,
        ..Limits::default()
    };
    RequestContext::new(
        Access::system(Reason::AuthDisabled),
        "bench".into(),
        "http://127.0.0.1/fhir".into(),
        Handling::Strict,
        ReturnPreference::Unsaid,
        Arc::new(limits),
    )
}
