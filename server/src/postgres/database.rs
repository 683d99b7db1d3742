//! The database of this configuration: the embedded one, or the one that a URL names.

use crate::config::{Config, Secret};

use super::{EmbeddedPostgres, EmbeddedSettings, StartError};

/// A database to connect to, and what must be stopped when nobody needs it any more.
#[derive(Debug)]
pub struct Database {
    url: Secret,
    serve_url: Option<Secret>,
    embedded: Option<EmbeddedPostgres>,
}

impl Database {
    /// The database for `serve`, which must be the only vesta on its data directory.
    pub async fn start(config: &Config) -> Result<Database, StartError> {
        match &config.database_url {
            Some(url) => Ok(Database::external(url)),
            None => EmbeddedPostgres::start(&EmbeddedSettings::from(config))
                .await
                .map(Database::of),
        }
    }

    /// The database for a command that may run beside a serving vesta.
    pub async fn start_or_join(config: &Config) -> Result<Database, StartError> {
        match &config.database_url {
            Some(url) => Ok(Database::external(url)),
            None => EmbeddedPostgres::start_or_join(&EmbeddedSettings::from(config))
                .await
                .map(Database::of),
        }
    }

    fn external(url: &Secret) -> Database {
        Database {
            url: url.clone(),
            serve_url: None,
            embedded: None,
        }
    }

    fn of(embedded: EmbeddedPostgres) -> Database {
        Database {
            url: Secret::from(embedded.connect_url().to_owned()),
            serve_url: Some(Secret::from(embedded.serve_url().to_owned())),
            embedded: Some(embedded),
        }
    }

    /// Where to connect.
    pub fn url(&self) -> &Secret {
        &self.url
    }

    /// Where `serve` connects as a role of its own; of an external database only its operator knows of such a one.
    pub fn serve_url(&self) -> Option<&Secret> {
        self.serve_url.as_ref()
    }

    /// Whether the server process is there; of an external one only a connection can tell.
    pub fn is_up(&self) -> bool {
        self.embedded.as_ref().is_none_or(EmbeddedPostgres::is_up)
    }

    /// The same question, to be asked again and again by somebody else.
    pub fn watch(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let up = self.embedded.as_ref().map(EmbeddedPostgres::watch_up);
        move || up.as_ref().is_none_or(|up| *up.borrow())
    }

    /// Stops the embedded PostgreSQL, if there is one, and waits until it is down.
    pub async fn stop(self) {
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}
