//! `vesta import-codes`: code systems from the files of their publishers, into tables that a CodeSystem takes when they
//! are whole (<https://hl7.org/fhir/R4/codesystem.html>, server/decisions/0019-imported-code-systems.md).

mod error;
mod files;
mod plan;
mod progress;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use fhir::ids::ResourceKey;
use fhir::resource::Resource;
use fhir::terminology::import::Piece;
use fhir::terminology::import::head::Head;
use tokio::sync::mpsc;

use crate::auth::{Access, Reason};
use crate::config::CodeSource;
use crate::context::{Handling, Limits, RequestContext, ReturnPreference};
use crate::error::{Error, ErrorKind};
use crate::interactions::{Interaction, Interactions, WriteConditions};
use crate::store::{Arranged, Building, CodeImport, Pieces, Reached, Rows};

pub use error::ImportError;
use plan::Plan;
use progress::Progress;

/// What is handed to the database at once.
const BYTES_AT_ONCE: usize = 1 << 20;

/// How many of these wait at most.
const WAITING: usize = 4;

/// Imports code systems.
#[derive(Debug)]
pub struct Importer<'a> {
    /// What writes the CodeSystem.
    pub interactions: &'a Interactions,
    /// The FHIR base URL, without a slash at the end.
    pub base_url: Arc<str>,
    /// What a resource is held to.
    pub limits: Arc<Limits>,
}

/// A code system that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The id of its CodeSystem.
    pub id: String,
    /// Its canonical URL.
    pub url: String,
    /// Its version.
    pub version: String,
    /// How many concepts it has.
    pub concepts: i32,
    /// How many steps of the hierarchy lead to codes that the files do not have.
    pub lost: i64,
}

impl Importer<'_> {
    /// Imports a code system, in the place of what was imported for the same CodeSystem before. Nobody sees anything of
    /// it before it is whole; where one of the same files was broken off, it goes on with that.
    pub async fn import(&self, source: &CodeSource) -> Result<Imported, ImportError> {
        let store = &self.interactions.store;
        store
            .clear_code_imports()
            .await
            .map_err(ImportError::Store)?;
        let asked = source.clone();
        let planned = tokio::task::spawn_blocking(move || Plan::of(&asked));
        let plan = planned.await.map_err(stopped)??;
        let id = || plan.head.id.clone();
        // Refused before all is read, not after.
        let refused = |fault| ImportError::Refused { id: id(), fault };
        let (_, resource) = resource(&plan, 0).map_err(refused)?;
        let checked = self.interactions.definitions.validate(&resource);
        checked.map_err(refused)?;
        let (plan, mut import) = self.begin(plan).await?;
        let filled = self.fill(plan, &mut import).await;
        // What the database was lost over may be gone on with; what is wrong with files will be wrong again.
        if !matches!(filled, Ok(_) | Err(ImportError::Store(_))) {
            import.abandon().await.map_err(ImportError::Store)?;
        }
        let closed = import.close().await;
        // What this one has replaced, or left.
        let cleared = store.clear_code_imports().await;
        let imported = filled?;
        closed.and(cleared).map_err(ImportError::Store)?;
        Ok(imported)
    }

    /// Begins, or goes on where the files are those of an import that was broken off.
    async fn begin(&self, plan: Plan) -> Result<(Plan, CodeImport), ImportError> {
        let mut import = self.begin_with(&plan).await?;
        let Head {
            id, url, version, ..
        } = &plan.head;
        tracing::info!(%id, %url, %version, "import begins");
        if import.reached().pieces == 0 {
            return Ok((plan, import));
        }
        tracing::info!("one was broken off; comparing the files with what it has read");
        let (reached, pieces) = (import.reached().clone(), import.pieces());
        let comparing = tokio::task::spawn_blocking(move || {
            let is_same = is_same(&plan, &reached, pieces)?;
            Ok::<_, ImportError>((plan, is_same))
        });
        let (plan, is_same) = comparing.await.map_err(stopped)??;
        match is_same {
            true => tracing::info!(pieces = import.reached().pieces, "it goes on"),
            false => {
                tracing::info!("they are others; it begins anew");
                import.abandon().await.map_err(ImportError::Store)?;
                import.close().await.map_err(ImportError::Store)?;
                import = self.begin_with(&plan).await?;
            }
        }
        Ok((plan, import))
    }

    async fn begin_with(&self, plan: &Plan) -> Result<CodeImport, ImportError> {
        let begun = self.interactions.store.begin_code_import(&plan.head);
        let busy = || ImportError::Busy {
            id: plan.head.id.clone(),
        };
        begun.await.map_err(ImportError::Store)?.ok_or_else(busy)
    }

    async fn fill(&self, plan: Plan, import: &mut CodeImport) -> Result<Imported, ImportError> {
        let (plan, building) = match import.reached().building.clone() {
            Some(building) => (plan, building),
            None => (self.read(plan, import).await?, arrange(import).await?),
        };
        let Building { concepts, lost, .. } = building;
        build(import, &building).await?;
        self.publish(&plan, concepts).await?;
        let head = plan.head;
        match import.is_used().await.map_err(ImportError::Store)? {
            false => Err(ImportError::Overtaken { id: head.id }),
            true => Ok(Imported {
                id: head.id,
                url: head.url,
                version: head.version,
                concepts,
                lost,
            }),
        }
    }

    /// Puts down what the files say. One thread reads, this task writes.
    async fn read(&self, plan: Plan, import: &mut CodeImport) -> Result<Plan, ImportError> {
        let (sender, mut batches) = mpsc::channel::<Rows>(WAITING);
        let progress = Arc::new(Progress::of(plan.bytes()));
        let counted = Arc::clone(&progress);
        let (known, mut pieces) = (import.reached().pieces, import.pieces());
        let reading = tokio::task::spawn_blocking(move || {
            let mut take = |piece: Piece| {
                pieces.push(&piece);
                if pieces.all() <= known {
                    pieces.pass_over();
                }
                pieces.bytes() < BYTES_AT_ONCE || sender.blocking_send(pieces.take()).is_ok()
            };
            plan.read(&counted, &mut take)?;
            // A closed channel: the write has failed, and says why.
            let _ = sender.blocking_send(pieces.take());
            Ok::<Plan, ImportError>(plan)
        });
        let mut written = Ok(());
        while let Some(batch) = batches.recv().await {
            progress.pieces(batch.count);
            written = import.add(batch).await;
            if written.is_err() {
                break;
            }
        }
        drop(batches);
        let read = reading.await.map_err(stopped)?;
        written.map_err(ImportError::Store)?;
        read
    }

    /// Writes the CodeSystem, as any other write does.
    async fn publish(&self, plan: &Plan, concepts: i32) -> Result<(), ImportError> {
        let refused = |fault| ImportError::Refused {
            id: plan.head.id.clone(),
            fault,
        };
        let (key, resource) = resource(plan, concepts).map_err(refused)?;
        let cx = RequestContext::new(
            Access::system(Reason::Load),
            format!("import {}", plan.head.id).into(),
            Arc::clone(&self.base_url),
            Handling::Strict,
            ReturnPreference::Minimal,
            Arc::clone(&self.limits),
        );
        let update = Interaction::Update {
            key,
            resource,
            conditions: WriteConditions::default(),
        };
        let written = self.interactions.perform(&cx, update).await;
        written.map(|_| ()).map_err(refused)
    }
}

/// The CodeSystem of so many concepts, and its key.
fn resource(plan: &Plan, concepts: i32) -> crate::error::Result<(ResourceKey, Resource)> {
    let text = plan.head.resource(concepts.unsigned_abs());
    let resource = Resource::parse(text).map_err(Error::internal)?;
    let id = plan.head.id.parse();
    let id = id.map_err(|_| Error::new(ErrorKind::BadValue, "the id is none of FHIR's"))?;
    let key = ResourceKey::new(resource.resource_type(), id);
    Ok((key, resource))
}

/// Whether the files say first what was put down before; nothing else, where concepts were built of it.
fn is_same(plan: &Plan, reached: &Reached, mut pieces: Pieces) -> Result<bool, ImportError> {
    let is_whole = reached.building.is_some();
    let mut digest = None;
    let mut compare = |piece: Piece| {
        pieces.push(&piece);
        pieces.pass_over();
        if pieces.all() == reached.pieces {
            digest = Some(pieces.digest());
        }
        is_whole || digest.is_none()
    };
    let read = plan.read(&Progress::of(plan.bytes()), &mut compare);
    if digest.is_none() || is_whole {
        read?;
    }
    let is_longer = is_whole && pieces.all() > reached.pieces;
    Ok(digest.as_ref() == Some(&reached.digest) && !is_longer)
}

/// Puts in order what the files say.
async fn arrange(import: &mut CodeImport) -> Result<Building, ImportError> {
    tracing::info!("all files are read; concepts are put in order");
    match import.arrange().await.map_err(ImportError::Store)? {
        Arranged::Twice(code) => Err(ImportError::Twice { code }),
        Arranged::Concepts { count: 0, .. } => Err(ImportError::Empty),
        Arranged::Concepts { count, lost } => Ok(Building {
            concepts: count,
            built: 0,
            lost,
            is_finished: false,
        }),
    }
}

/// Builds the concepts that are not built yet, some at a time.
async fn build(import: &mut CodeImport, building: &Building) -> Result<(), ImportError> {
    let progress = Progress::of(0);
    let mut built = building.built;
    while built < building.concepts {
        built = import.build(built).await.map_err(ImportError::Store)?;
        progress.concepts(built.min(building.concepts), building.concepts);
    }
    if !building.is_finished {
        import.finish().await.map_err(ImportError::Store)?;
    }
    Ok(())
}

/// A thread that panicked, or a process that ends.
fn stopped(fault: tokio::task::JoinError) -> ImportError {
    ImportError::Store(Error::internal(fault))
}

/// The name of a file, for a sentence and for what it tells.
fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
