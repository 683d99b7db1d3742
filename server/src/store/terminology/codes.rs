//! Codes that are looked up one by one, and the question whether what is remembered still holds: those that have queued
//! share a statement (server/decisions/0007-combined-statements.md).

use std::collections::BTreeSet;
use std::sync::Arc;

use fhir::terminology::code_system::SystemKey;
use fhir::terminology::concept::Concept;
use sqlx::{PgConnection, Row};

use super::rows::{concept, revision};
use crate::error::Result;
use crate::store::combine::Batch;
use crate::store::fault::from_sqlx;
use crate::store::statements;

/// Codes in lower case, each of a code system; none asks for the state of the tables alone.
pub(in crate::store) type WantedCodes = BTreeSet<(SystemKey, String)>;

/// What one statement found.
#[derive(Clone, Debug)]
pub(in crate::store) struct FoundCodes {
    /// The state of the tables it was found in.
    pub(super) revision: i64,
    /// The concepts of these codes, in any case, and of those that others asked for.
    pub(super) concepts: Arc<[(SystemKey, Arc<Concept>)]>,
}

/// Finds codes.
pub(in crate::store) struct Codes;

impl Batch for Codes {
    type Request = WantedCodes;
    type Answer = FoundCodes;
    const REPEATABLE: bool = true;

    fn fitting(requests: &[WantedCodes]) -> usize {
        let mut codes = 0;
        let fits = |request: &&WantedCodes| {
            codes += request.len();
            codes <= CODES_MAX
        };
        requests.iter().take_while(fits).count().max(1)
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        requests: &[WantedCodes],
    ) -> Result<Vec<Result<FoundCodes>>> {
        let found = find(connection, &requests.iter().flatten().collect()).await?;
        Ok(requests.iter().map(|_| Ok(found.clone())).collect())
    }
}

/// Codes of one statement, where several requests share it: each of them looks at all that is found.
const CODES_MAX: usize = 256;

async fn find(
    connection: &mut PgConnection,
    wanted: &BTreeSet<&(SystemKey, String)>,
) -> Result<FoundCodes> {
    let (tids, codes): (Vec<i64>, Vec<&str>) =
        wanted.iter().map(|(key, code)| (key.0, &**code)).unzip();
    let query = match wanted.is_empty() {
        true => sqlx::query(statements::READ_TERMINOLOGY_STATE),
        false => sqlx::query(statements::FIND_CONCEPTS)
            .bind(tids)
            .bind(codes),
    };
    let rows = query.fetch_all(connection).await.map_err(from_sqlx)?;
    let mut concepts = Vec::with_capacity(rows.len());
    if !wanted.is_empty() {
        for row in &rows {
            if let Some(concept) = concept(row)? {
                let key = SystemKey(row.try_get("tid").map_err(from_sqlx)?);
                concepts.push((key, Arc::new(concept)));
            }
        }
    }
    Ok(FoundCodes {
        revision: revision(&rows)?,
        concepts: concepts.into(),
    })
}
