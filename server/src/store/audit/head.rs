//! What this node remembers of the chain outside the database (server/decisions/0028-what-verify-finds.md).

use super::AuditTrail;
use super::seal::checkpoint;
use crate::audit::{Checkpoint, HeadFile, KnownHead};
use crate::error::{Error, Result};
use crate::store::fault::from_sqlx;
use crate::store::{Store, statements};

impl Store {
    /// What this node has seen of the chain and is there no more, as a sentence.
    pub async fn cut_off(&self) -> Result<Option<String>> {
        match self.known_head().await? {
            Some(known) => self.missing(&known).await,
            None => Ok(None),
        }
    }

    /// Remembers the newest checkpoint, unless what was remembered is missing: that is answered, and stays remembered.
    pub async fn remember_head(&self) -> Result<Option<String>> {
        let Some(file) = self.head_file() else {
            return Ok(None);
        };
        let known = self.known_head().await?;
        if let Some(known) = &known
            && let Some(missing) = self.missing(known).await?
        {
            return Ok(Some(missing));
        }
        let newest = sqlx::query(statements::READ_LAST_CHECKPOINT)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let Some(newest) = newest.as_ref().map(checkpoint).transpose()? else {
            return Ok(None);
        };
        let chain = self.audit_chain_name().await?;
        let is_known = known.is_some_and(|known| known.number >= newest.number);
        if is_known
            || !self
                .audit_key()?
                .has_signed(&newest.text(&chain), &newest.signature)
        {
            return Ok(None);
        }
        let newest = KnownHead::of(&chain, &newest);
        off_thread(move || file.write(&newest)).await?;
        Ok(None)
    }

    fn head_file(&self) -> Option<HeadFile> {
        let trail: &AuditTrail = self.audit.as_deref()?;
        trail.head.clone()
    }

    async fn known_head(&self) -> Result<Option<KnownHead>> {
        match self.head_file() {
            Some(file) => off_thread(move || file.read()).await,
            None => Ok(None),
        }
    }

    /// Whether what was remembered is gone.
    async fn missing(&self, known: &KnownHead) -> Result<Option<String>> {
        let chain = self.audit_chain_name().await?;
        if chain != known.chain {
            return Ok(Some(format!(
                "this node has seen the chain {} up to its checkpoint {}, and this is another chain",
                known.chain, known.number
            )));
        }
        let found = sqlx::query(statements::LIST_CHECKPOINTS)
            .bind(known.number - 1)
            .bind(1_i64)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let found: Option<Checkpoint> = found.as_ref().map(checkpoint).transpose()?;
        let is_there =
            found.is_some_and(|one| one.number == known.number && one.signature == known.signature);
        Ok((!is_there).then(|| {
            format!(
                "the end of the chain is missing: this node has seen checkpoint {}, of link {}",
                known.number, known.seq
            )
        }))
    }
}

/// Files keep a thread waiting.
async fn off_thread<T: Send + 'static, E: std::error::Error + Send + Sync + 'static>(
    work: impl FnOnce() -> std::result::Result<T, E> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)
}
