//! stub
/// c
#[derive(Debug)]
pub struct Capabilities;
impl Capabilities {
    /// i
    pub fn answer(&self, _: Option<&str>) -> crate::error::Result<super::Outcome> {
        Err(crate::error::Error::internal("x"))
    }
}
