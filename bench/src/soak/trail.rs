//! What the audit trail has after a kill: every acknowledged request, and a chain that nobody has broken.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Proofs;
use super::ledger::Ledger;
use crate::Result;
use crate::http::Request;
use crate::server::OwnServer;

/// How long the sealer may take to come to the end of the trail.
const PATIENCE: Duration = Duration::from_secs(60);

/// Compares a ledger with the trail, and verifies the chain.
pub(super) async fn prove(server: &OwnServer, ledger: &Ledger, proofs: &mut Proofs) {
    let recorded = recorded(server, &ledger.answered).await;
    proofs.note("acknowledged requests are in the audit trail", recorded);
    proofs.note(
        "the chain of the audit trail is intact",
        chain(server).await,
    );
}

async fn recorded(server: &OwnServer, answered: &[String]) -> Result<String> {
    let mut connection = server.connect().await?;
    let found: Vec<String> = sqlx::query_scalar(include_str!("../../sql/find_recorded.sql"))
        .bind(answered)
        .fetch_all(&mut connection)
        .await?;
    let found: HashSet<String> = found.into_iter().collect();
    match answered.iter().find(|id| !found.contains(*id)) {
        None => Ok(format!("{} of {}", answered.len(), answered.len())),
        Some(lost) => Err(format!("request {lost} has left no row").into()),
    }
}

/// Waits until all is sealed but what asking itself adds, and lets the server compute the chain anew.
async fn chain(server: &OwnServer) -> Result<String> {
    let deadline = Instant::now() + PATIENCE;
    let mut client = server.client();
    loop {
        let request = Request::new("GET", "/fhir/AuditEvent/$verify", "");
        let answer = client.send(request).await?.expect(200)?;
        let said: Value = serde_json::from_slice(answer.body)?;
        let text = |name: &str| {
            let parts = said["parameter"].as_array().into_iter().flatten();
            let mut named = parts.filter(|part| part["name"] == name);
            named.next().map(|part| part["valueInteger"].as_u64())
        };
        let is_intact = said["parameter"][0]["valueBoolean"] == true;
        if !is_intact {
            return Err(said.to_string().into());
        }
        let (checked, unsealed) = (text("checked").flatten(), text("unsealed").flatten());
        if unsealed.is_some_and(|waiting| waiting < 20) {
            return Ok(format!("{} events checked", checked.unwrap_or(0)));
        }
        if Instant::now() > deadline {
            return Err("the trail is not sealed in time".into());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
