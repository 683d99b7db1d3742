//! Messages as files, for development: whoever may read the directory reads them.

use std::path::PathBuf;

use fhir::json::Writer;
use futures_util::future::BoxFuture;

use super::{Medium, Outgoing, Provider, Unsent};
use crate::error::{Error, Result};

/// A directory in which each message is a file.
#[derive(Debug)]
pub struct FileSink {
    directory: PathBuf,
}

impl FileSink {
    /// A directory, made where there is none.
    pub fn new(directory: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&directory).map_err(Error::internal)?;
        Ok(Self { directory })
    }
}

impl Provider for FileSink {
    fn sends(&self, _: Medium) -> bool {
        true
    }

    fn send<'a>(&'a self, message: &'a Outgoing) -> BoxFuture<'a, std::result::Result<(), Unsent>> {
        Box::pin(async move {
            let mut writer = Writer::with_capacity(256);
            writer.object(|object| {
                object.string("id", &message.id);
                object.string("medium", message.medium.code());
                object.string("to", &message.to);
                object.string("subject", &message.subject);
                object.string("text", &message.text);
            });
            // Sent again it takes the place of itself.
            let path = self.directory.join(format!("{}.json", message.id));
            let written = tokio::fs::write(path, writer.finish()).await;
            written.map_err(|error| Unsent::Later(error.kind().to_string()))
        })
    }
}
