//! The resources of this server that a resource refers to: by what an inclusion names
//! (<https://hl7.org/fhir/R4/search.html#include>), or wherever it does.

use super::extract::{ExtractError, Extractor};
use super::index_plan::{Operand, Source};
use super::index_values::IndexValues;
use super::operand::RootMembers;
use super::value_kind::ValueKind;
use super::values::text;
use crate::ids::{Reference, ResourceKey};
use crate::json::Value;
use crate::resource::Resource;

impl Extractor<'_> {
    /// The keys that literal references have at the operands of some seeds; sorted, each once. Canonicals are no literal
    /// references, whatever they name.
    pub fn references_of(
        &self,
        resource: &Resource,
        seeds: &[i64],
    ) -> Result<Vec<ResourceKey>, ExtractError> {
        let Some(plan) = self.plan.types.get(&resource.resource_type()) else {
            return Ok(Vec::new());
        };
        let members = RootMembers::of(resource.root());
        let mut keys = Vec::new();
        let asked = plan.operands.iter().filter(|one| seeds.contains(&one.seed));
        for operand in asked {
            self.led_to(resource.root(), &members, operand, &mut keys)?;
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// The keys that literal references have anywhere in a resource; sorted, each once.
    pub fn all_references(&self, resource: &Resource) -> Vec<ResourceKey> {
        let mut values = IndexValues::default();
        self.references(resource, &mut values);
        values.normalise();
        values.references
    }

    fn led_to(
        &self,
        resource: Value<'_>,
        members: &RootMembers<'_>,
        operand: &Operand,
        keys: &mut Vec<ResourceKey>,
    ) -> Result<(), ExtractError> {
        match &operand.source {
            Source::Path { path, .. } => path.visit(members, &mut |value, type_id| {
                keys.extend(self.key(value, self.plan.kind(type_id)));
            }),
            Source::Expression(expression) => {
                for item in self.evaluated(resource, expression, &operand.code)? {
                    if let Some(node) = item.node()
                        && let Some(value) = node.value
                    {
                        keys.extend(self.key(value, self.plan.kind(node.type_id)));
                    }
                }
            }
        }
        Ok(())
    }

    fn key(&self, value: Value<'_>, kind: ValueKind) -> Option<ResourceKey> {
        if kind != ValueKind::Reference {
            return None;
        }
        match Reference::parse(&text(value, "reference")?, self.base_url) {
            Reference::Local { key, .. } => Some(key),
            Reference::Contained(_)
            | Reference::Urn(_)
            | Reference::Conditional { .. }
            | Reference::External(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
