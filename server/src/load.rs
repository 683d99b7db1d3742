//! stub
use crate::{context::RequestContext, error::Result, interactions::Interactions};
/// l
pub async fn load(_: &Interactions, _: &RequestContext, _: &[std::path::PathBuf]) -> Result<()> {
    Ok(())
}
