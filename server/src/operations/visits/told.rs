//! The zone that a visit tells its time in (<https://hl7.org/fhir/R4/extension-tz-code.html>): that of a calendar of those who
//! take part, as `$find` tells it.

use fhir::json::{Document, Value, edit, quoted};

use super::{Draft, visit_of};
use crate::error::{Error, Result};
use crate::scheduling::TZ_CODE;
use crate::store::Transaction;

impl Draft {
    /// Says the zone, where nobody has said one and a calendar does.
    pub(in crate::operations) async fn tell_zone(&mut self, tx: &mut Transaction) -> Result<()> {
        let resource = self.resource()?;
        let told = resource.get("_start");
        let extensions = told.and_then(|one| one.get("extension"));
        let extensions: Vec<Value<'_>> = extensions.into_iter().flat_map(Value::items).collect();
        let is_zone =
            |one: &Value<'_>| one.get("url").and_then(Value::string).as_deref() == Some(TZ_CODE);
        if resource.get("start").is_none() || extensions.iter().any(is_zone) {
            return Ok(());
        }
        let zone = tx.zone_of(&visit_of(&resource)?).await?;
        let Some(zone) = zone.as_ref().and_then(|zone| zone.iana_name()) else {
            return Ok(());
        };
        let own = format!(r#"{{"url":"{TZ_CODE}","valueCode":{}}}"#, quoted(zone));
        let all = extensions.iter().map(|one| one.raw().to_owned());
        let all: Vec<String> = all.chain([own]).collect();
        let element = Document::parse(told.map_or("{}", Value::raw).to_owned());
        let element = element.map_err(Error::internal)?;
        let all = format!("[{}]", all.join(","));
        self.set(
            "_start",
            &edit::set_member(element.root(), "extension", &all),
        )
    }
}
