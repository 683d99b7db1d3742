//! stub
use crate::{
    context::RequestContext, definitions::Definitions, error::Result, interactions::*, store::Store,
};
/// r
#[derive(Debug)]
pub struct Registry;
impl Registry {
    /// a
    pub fn all() -> std::result::Result<Self, std::fmt::Error> {
        Ok(Self)
    }
    /// e
    pub fn entries(&self) -> Vec<crate::interactions::capabilities::OperationEntry<'_>> {
        Vec::new()
    }
    /// i
    pub async fn invoke(
        &self,
        _: &RequestContext,
        _: &Store,
        _: &Definitions,
        _: OperationTarget,
        _: &str,
        _: OperationInput,
    ) -> Result<Outcome> {
        Err(crate::error::Error::internal("x"))
    }
}
