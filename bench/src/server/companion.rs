//! A second server process on the database of the first.

use std::net::SocketAddr;
use std::process::Child;

use super::{OwnServer, answers, free_address};
use crate::Result;
use crate::http::Client;

/// Another process that serves the same data, with the same keys; it ends before the database does.
#[derive(Debug)]
pub(crate) struct Companion {
    command: std::process::Command,
    address: SocketAddr,
    token: Option<String>,
    child: Option<Child>,
}

impl Companion {
    /// One that is not running yet.
    pub(crate) fn of(server: &OwnServer) -> Result<Self> {
        Self::with_token(server, "companion", server.token.clone())
    }

    /// The same, which asks nobody who they are.
    pub(crate) fn open(server: &OwnServer) -> Result<Self> {
        Self::with_token(server, "open", None)
    }

    fn with_token(server: &OwnServer, name: &str, token: Option<String>) -> Result<Self> {
        let address = free_address()?;
        let directory = server.directory.join(name);
        let mut command = server.command_in("serve", &directory)?;
        let auth = match token {
            Some(_) => "smart",
            None => "disabled",
        };
        command
            .args(["--auth", auth])
            .arg("--identity-key-file")
            .arg(server.data_dir().join("identity.key"))
            .arg("--audit-key-file")
            .arg(server.data_dir().join("audit.key"))
            .arg("--database-url")
            .arg(server.database_url()?)
            .arg("--listen")
            .arg(address.to_string());
        Ok(Self {
            command,
            address,
            token,
            child: None,
        })
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn serve(&mut self) -> Result<()> {
        self.child = Some(self.command.spawn()?);
        match answers(self.address, &mut self.child).await? {
            true => Ok(()),
            false => Err("the second server is not ready".into()),
        }
    }

    /// A new client of it.
    pub(crate) fn client(&self) -> Client {
        let client = Client::new(self.address);
        match &self.token {
            Some(token) => client.holding(token),
            None => client,
        }
    }

    /// Ends it without a warning.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            crate::report::failure(&format!("the second server could not be stopped: {error}"));
        }
    }
}
