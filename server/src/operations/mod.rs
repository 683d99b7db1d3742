//! stub
use crate::{
    context::RequestContext, definitions::Definitions, error::Result, interactions::*, store::Store,
};
/// r
#[derive(Debug)]
pub struct Registry;
impl Registry {
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
