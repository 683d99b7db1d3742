//! Who takes part in a visit that is being changed.

use fhir::ids::ResourceKey;
use fhir::json::{Document, Value, edit, quoted};
use fhir::resource::Resource;

use super::{Draft, local};
use crate::error::{Error, Result};

impl Draft {
    /// Everybody comes, or is asked whether they do; and these patients, where some are named, in place of others.
    pub(in crate::operations) fn set_participants(
        &mut self,
        status: &str,
        patients: &[ResourceKey],
        base: &str,
    ) -> Result<()> {
        let is_patient = |one: Value<'_>| is_one_of(one, &["Patient"], base);
        let there = self
            .0
            .root()
            .get("participant")
            .into_iter()
            .flat_map(Value::items);
        let kept = there.filter(|one| patients.is_empty() || !is_patient(*one));
        let kept = kept.map(|one| {
            let one = Document::parse(one.raw().to_owned()).map_err(Error::internal)?;
            Ok(edit::set_member(one.root(), "status", &quoted(status)))
        });
        let kept: Vec<String> = kept.collect::<Result<_>>()?;
        let named = patients.iter().map(|key| {
            format!(
                r#"{{"actor":{{"reference":"{key}"}},"required":"required","status":"{status}"}}"#
            )
        });
        let all: Vec<String> = named.chain(kept).collect();
        self.set("participant", &format!("[{}]", all.join(",")))
    }

    /// Those who take part in another visit do so in this one, but for the patients and those who come with them, who stay.
    pub(in crate::operations) fn take_actors(
        &mut self,
        other: &Resource,
        base: &str,
    ) -> Result<()> {
        let comes = |one: &Value<'_>| is_one_of(*one, &["Patient", "RelatedPerson"], base);
        let of = |visit: Value<'_>, is_kept: bool| {
            let all = visit.get("participant").into_iter().flat_map(Value::items);
            let all = all.filter(|one| comes(one) == is_kept);
            all.map(|one| one.raw().to_owned()).collect::<Vec<String>>()
        };
        let mut those = of(self.0.root(), true);
        let others = of(other.root(), false);
        those.extend(others);
        self.set("participant", &format!("[{}]", those.join(",")))?;
        self.set_participants("accepted", &[], base)
    }

    /// Everybody whose time a visit can take is needed for it: a patient does not say who is not.
    pub(in crate::operations) fn need_all(&mut self, base: &str) -> Result<()> {
        let there = self.0.root().get("participant");
        let all = there.into_iter().flat_map(Value::items).map(|one| {
            if is_one_of(one, &["HealthcareService"], base) {
                return Ok(one.raw().to_owned());
            }
            let one = Document::parse(one.raw().to_owned()).map_err(Error::internal)?;
            Ok(edit::set_member(one.root(), "required", r#""required""#))
        });
        let all: Vec<String> = all.collect::<Result<_>>()?;
        match all.is_empty() {
            true => Ok(()),
            false => self.set("participant", &format!("[{}]", all.join(","))),
        }
    }
}

/// Whether somebody who takes part is of one of these types.
fn is_one_of(participant: Value<'_>, names: &[&str], base: &str) -> bool {
    let text = participant
        .at(&["actor", "reference"])
        .and_then(Value::string);
    let key = text.and_then(|text| local(&text, base));
    key.is_some_and(|key| names.contains(&key.resource_type.name()))
}
