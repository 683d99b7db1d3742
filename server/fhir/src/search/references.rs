//! The local resources that reference parameters of a resource lead to, for `_include`
//! (<https://hl7.org/fhir/R4/search.html#include>).

use super::extract::{ExtractError, Extractor};
use super::index_plan::{Operand, ParameterSeed, Source};
use super::operand::RootMembers;
use super::value_kind::{ValueKind, suits};
use super::values::text;
use crate::definitions::search_parameters::SearchType;
use crate::ids::{Reference, ResourceKey};
use crate::json::Value;
use crate::resource::Resource;

impl Extractor<'_> {
    /// The keys of the resources of this server that a resource refers to by one reference parameter, or by all of them;
    /// sorted, each once. Canonicals and uris count where they are the URL of a resource here.
    pub fn references_of(
        &self,
        resource: &Resource,
        code: Option<&str>,
    ) -> Result<Vec<ResourceKey>, ExtractError> {
        let resource_type = resource.resource_type();
        let Some(plan) = self.plan.types.get(&resource_type) else {
            return Ok(Vec::new());
        };
        let members = RootMembers::of(resource.root());
        let mut keys = Vec::new();
        for parameter in &plan.parameters {
            let is_asked = code.is_none_or(|code| code == &*parameter.code);
            if !is_asked || parameter.search_type != SearchType::Reference {
                continue;
            }
            for seed in &parameter.seeds {
                if let Some(operand) = plan.operands.iter().find(|one| one.seed == seed.seed) {
                    self.led_to(resource.root(), &members, operand, *seed, &mut keys)?;
                }
            }
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    fn led_to(
        &self,
        resource: Value<'_>,
        members: &RootMembers<'_>,
        operand: &Operand,
        seed: ParameterSeed,
        keys: &mut Vec<ResourceKey>,
    ) -> Result<(), ExtractError> {
        let mut add = |value: Value<'_>, kind: ValueKind| {
            let key = self.key(value, kind);
            // A literal reference to a resource here names its type.
            let fits = |key: &ResourceKey| seed.target.is_none_or(|one| one == key.resource_type);
            keys.extend(key.filter(fits));
        };
        match &operand.source {
            Source::Path { path, .. } => {
                path.visit(members, &mut |value, type_id| {
                    add(value, self.plan.kind(type_id))
                });
            }
            Source::Expression(expression) => {
                for item in self.evaluated(resource, expression, &operand.code)? {
                    if let Some(node) = item.node()
                        && let Some(value) = node.value
                    {
                        add(value, self.plan.kind(node.type_id));
                    }
                }
            }
        }
        Ok(())
    }

    fn key(&self, value: Value<'_>, kind: ValueKind) -> Option<ResourceKey> {
        if !suits(SearchType::Reference, kind) {
            return None;
        }
        let literal = match kind {
            ValueKind::Reference => text(value, "reference")?,
            _ => value.string()?,
        };
        let whole = match kind {
            ValueKind::Reference => &*literal,
            _ => literal.split(['|', '#']).next().unwrap_or_default(),
        };
        match Reference::parse(whole, self.base_url) {
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
