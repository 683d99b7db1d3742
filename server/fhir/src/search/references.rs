//! The resources of this server that a resource refers to: by what an inclusion names
//! (<https://hl7.org/fhir/R4/search.html#include>), or wherever it does.

use super::extract::{ExtractError, Extractor};
use super::hash;
use super::index_plan::{Operand, Source};
use super::index_values::IndexValues;
use super::operand::RootMembers;
use super::value_kind::ValueKind;
use super::values::text;
use crate::ids::{Reference, ResourceKey, ResourceType};
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
            self.visit(resource.root(), &members, operand, &mut |value, kind| {
                keys.extend(self.key(value, kind));
            });
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// The elements of what canonical references at the operands of some seeds name, where that is of one of these types.
    pub fn named_by(
        &self,
        resource: &Resource,
        seeds: &[i64],
        targets: &[ResourceType],
    ) -> Result<Vec<i64>, ExtractError> {
        let Some(plan) = self.plan.types.get(&resource.resource_type()) else {
            return Ok(Vec::new());
        };
        let members = RootMembers::of(resource.root());
        let mut texts = Vec::new();
        let asked = plan.operands.iter().filter(|one| seeds.contains(&one.seed));
        for operand in asked {
            self.visit(resource.root(), &members, operand, &mut |value, kind| {
                if kind != ValueKind::Reference {
                    texts.extend(value.string().map(|text| Box::<str>::from(&*text)));
                }
            });
        }
        let element = |text: &str, target: &ResourceType| {
            let whole = text.split_once('#').map_or(text, |(whole, _)| whole);
            hash::canonical(hash::named_seed(*target), whole)
        };
        let texts = texts.iter().filter(|text| !text.starts_with('#'));
        let elements = texts.flat_map(|text| targets.iter().map(|target| element(text, target)));
        Ok(elements.collect())
    }

    /// The elements by which canonical references at some seeds name a resource.
    pub fn naming(&self, resource: &Resource, seeds: &[i64]) -> Vec<i64> {
        let text = |name| resource.get(name).and_then(Value::string);
        let Some(url) = text("url").filter(|_| self.plan.is_named(resource.resource_type())) else {
            return Vec::new();
        };
        let versioned = text("version").map(|version| format!("{url}|{version}"));
        let of = |seed: &i64| {
            let versioned = versioned
                .as_deref()
                .map(|text| hash::canonical(*seed, text));
            [Some(hash::canonical(*seed, &url)), versioned]
        };
        seeds.iter().flat_map(of).flatten().collect()
    }

    /// The keys that literal references have anywhere in a resource; sorted, each once.
    pub fn all_references(&self, resource: &Resource) -> Vec<ResourceKey> {
        let mut values = IndexValues::default();
        self.references(resource, &mut values);
        values.normalise();
        values.references
    }

    /// Visits the values of an operand.
    fn visit(
        &self,
        resource: Value<'_>,
        members: &RootMembers<'_>,
        operand: &Operand,
        see: &mut dyn FnMut(Value<'_>, ValueKind),
    ) {
        match &operand.source {
            Source::Path { path, .. } => path.visit(members, &mut |value, type_id| {
                see(value, self.plan.kind(type_id));
            }),
            Source::Expression(expression) => {
                // One that fails leads nowhere, as it finds nothing.
                let items = self.evaluated(resource, expression, &operand.code);
                for item in items.unwrap_or_default() {
                    if let Some(node) = item.node()
                        && let Some(value) = node.value
                    {
                        see(value, self.plan.kind(node.type_id));
                    }
                }
            }
        }
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
