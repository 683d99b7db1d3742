//! `vesta load`, and the data an empty database begins with: transaction Bundles from files, through the same transaction
//! interaction as any other (<https://hl7.org/fhir/R4/http.html#transaction>).

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fhir::json::Value;
use fhir::resource::{Resource, ResourceError};
use fhir::shift::{self, ShiftError};
use jiff::tz::TimeZone;

use crate::auth::{Access, Reason};
use crate::context::{Handling, Limits, RequestContext, ReturnPreference};
use crate::error::Error;
use crate::interactions::{Interaction, Interactions};

/// Issues of a refused Bundle that are shown.
const ISSUES_SHOWN: usize = 20;

/// The note of how far the data of an empty database have come: [`BEGUN`], then [`DONE`].
const PROGRESS: &str = "load_when_empty";
const BEGUN: &str = "begun";
const DONE: &str = "done";

/// Loads Bundles.
#[derive(Debug)]
pub struct Loader<'a> {
    /// What performs the transactions.
    pub interactions: &'a Interactions,
    /// The FHIR base URL, without a slash at the end: absolute references to it are references to what is stored here.
    pub base_url: Arc<str>,
    /// What a Bundle is held to.
    pub limits: Arc<Limits>,
}

/// A Bundle that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The file.
    pub path: PathBuf,
    /// How many entries it had.
    pub entries: usize,
    /// By how many weeks its dates were moved, where it asks for that.
    pub weeks: Option<i64>,
}

/// Why loading stopped. Bundles before the one named are loaded, of that one nothing is.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or directory cannot be read.
    #[error("{}: {fault}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        fault: io::Error,
    },
    /// A directory holds no Bundles.
    #[error("{}: the directory holds no .json file", path.display())]
    NoBundles {
        /// Which.
        path: PathBuf,
    },
    /// The file is not a resource.
    #[error("{}: {fault}", path.display())]
    NoResource {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        fault: ResourceError,
    },
    /// The file is something else than a transaction Bundle, which alone is loaded as a whole or not at all.
    #[error("{}: only Bundles of type transaction can be loaded", path.display())]
    NoTransaction {
        /// Which.
        path: PathBuf,
    },
    /// The dates cannot be moved to today.
    #[error("{}: {fault}", path.display())]
    Dates {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        fault: ShiftError,
    },
    /// The transaction failed.
    #[error("{}: nothing of it was loaded{}", path.display(), findings(fault))]
    Refused {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        fault: Error,
    },
    /// The database does not say what it holds.
    #[error("cannot ask the database what it holds: {0}")]
    Store(#[source] Error),
}

impl Loader<'_> {
    /// Loads files, and the `.json` files of directories in the order of their names, each in one transaction. Stops at
    /// the first that fails.
    pub async fn load(&self, paths: &[PathBuf]) -> Result<Vec<Loaded>, LoadError> {
        let mut loaded = Vec::new();
        for path in paths {
            for file in files(path).await? {
                loaded.push(self.load_file(file).await?);
            }
        }
        Ok(loaded)
    }

    /// Loads what an empty database begins with; loads nothing into one that holds something else. A start that was
    /// interrupted while loading is made good by the next.
    pub async fn load_when_empty(&self, path: &Path) -> Result<Vec<Loaded>, LoadError> {
        let store = &self.interactions.store;
        let progress = store.setting(PROGRESS).await.map_err(LoadError::Store)?;
        let is_begun = progress.as_deref() == Some(BEGUN);
        if !is_begun && !store.is_empty().await.map_err(LoadError::Store)? {
            return Ok(Vec::new());
        }
        let note = |value| async move { store.set_setting(PROGRESS, value).await };
        note(BEGUN).await.map_err(LoadError::Store)?;
        let loaded = self.load(&[path.to_owned()]).await?;
        note(DONE).await.map_err(LoadError::Store)?;
        Ok(loaded)
    }

    /// Whether the database began with what [`Self::load_when_empty`] loaded.
    pub async fn began_with_bundles(&self) -> Result<bool, LoadError> {
        let progress = self.interactions.store.setting(PROGRESS).await;
        let progress = progress.map_err(LoadError::Store)?;
        Ok(progress.as_deref() == Some(DONE))
    }

    async fn load_file(&self, path: PathBuf) -> Result<Loaded, LoadError> {
        let bytes = match tokio::fs::read(&path).await {
            Ok(bytes) => bytes,
            Err(fault) => return Err(LoadError::Unreadable { path, fault }),
        };
        let cx = RequestContext::new(
            Access::system(Reason::Load),
            format!("load {}", path.display()).into(),
            Arc::clone(&self.base_url),
            Handling::Strict,
            ReturnPreference::Minimal,
            Arc::clone(&self.limits),
        );
        let (resource, weeks) = self.bundle(&cx, &path, bytes)?;
        let entries = resource.get("entry").map_or(0, |list| list.items().count());
        let interaction = Interaction::Bundle { resource };
        match self.interactions.perform(&cx, interaction).await {
            Ok(_) => {}
            Err(fault) => return Err(LoadError::Refused { path, fault }),
        }
        tracing::info!(bundle = %path.display(), entries, weeks, "loaded");
        Ok(Loaded {
            path,
            entries,
            weeks,
        })
    }

    /// The Bundle in a file, its dates moved to the day of `cx` where it asks for that.
    fn bundle(
        &self,
        cx: &RequestContext,
        path: &Path,
        bytes: Vec<u8>,
    ) -> Result<(Resource, Option<i64>), LoadError> {
        let parse = |bytes: Vec<u8>| {
            Resource::parse_with(bytes, cx.limits.parse).map_err(|fault| LoadError::NoResource {
                path: path.to_owned(),
                fault,
            })
        };
        let bundle = parse(bytes)?;
        let is_transaction = bundle.resource_type().name() == "Bundle"
            && bundle.get("type").and_then(Value::string).as_deref() == Some("transaction");
        if !is_transaction {
            return Err(LoadError::NoTransaction {
                path: path.to_owned(),
            });
        }
        if !shift::asks_for_shift(&bundle) {
            return Ok((bundle, None));
        }
        let today = cx.now.to_zoned(TimeZone::UTC).date();
        let structures = self.interactions.definitions.structures();
        let moved = shift::weeks_until(&bundle, today).and_then(|weeks| {
            let text = shift::shifted(&bundle, structures, weeks)?;
            Ok((text, weeks))
        });
        let (text, weeks) = moved.map_err(|fault| LoadError::Dates {
            path: path.to_owned(),
            fault,
        })?;
        Ok((parse(text.into_bytes())?, Some(weeks)))
    }
}

/// The file itself, or the `.json` files of a directory, sorted by name; directories within are not entered.
async fn files(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |fault| LoadError::Unreadable {
        path: path.to_owned(),
        fault,
    };
    if !tokio::fs::metadata(path)
        .await
        .map_err(unreadable)?
        .is_dir()
    {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut entries = tokio::fs::read_dir(path).await.map_err(unreadable)?;
    while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
        let file = entry.path();
        let is_json = file
            .extension()
            .is_some_and(|extension| extension == "json");
        if is_json && !file.is_dir() {
            found.push(file);
        }
    }
    if found.is_empty() {
        return Err(LoadError::NoBundles {
            path: path.to_owned(),
        });
    }
    found.sort();
    Ok(found)
}

/// The issues of a failure with their places, a line each.
fn findings(fault: &Error) -> String {
    let mut out = String::new();
    for issue in fault.issues().iter().take(ISSUES_SHOWN) {
        let place = issue.expression.first().map_or("Bundle", |place| place);
        // Writing to a String cannot fail.
        let _ = write!(out, "\n  {place}: {}", issue.diagnostics);
    }
    let more = fault.issues().len().saturating_sub(ISSUES_SHOWN);
    if more > 0 {
        let _ = write!(out, "\n  and {more} more");
    }
    out
}
