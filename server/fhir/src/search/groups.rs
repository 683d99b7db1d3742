//! Composites inside a resource: values of one item of a repeating element together
//! (<https://hl7.org/fhir/R4/search.html#composite>).

use super::extract::{ExtractError, Extractor};
use super::hash;
use super::index_plan::{Group, GroupComponent};
use super::index_values::{IndexValues, NumberValue};
use super::operand::RootMembers;
use super::value_kind::suits;
use super::values::Sink;
use crate::json::Value;

impl Extractor<'_> {
    /// Adds what each item of a group's base has together.
    pub(super) fn group(
        &self,
        members: &RootMembers<'_>,
        group: &Group,
        values: &mut IndexValues,
    ) -> Result<(), ExtractError> {
        let mut done = Ok(());
        group.base.visit(members, &mut |item, _| {
            if done.is_ok() {
                done = self.item(item, group, values);
            }
        });
        done
    }

    fn item(
        &self,
        item: Value<'_>,
        group: &Group,
        values: &mut IndexValues,
    ) -> Result<(), ExtractError> {
        let members = RootMembers::of(item);
        let [first, second] = &group.components;
        let first = self.component(&members, first, &group.code)?;
        if first.tokens.is_empty() && first.numbers.is_empty() {
            return Ok(());
        }
        let second = self.component(&members, second, &group.code)?;
        let pairs = (first.tokens.len() + first.numbers.len())
            .saturating_mul(second.tokens.len() + second.numbers.len());
        // Before they are there: each side may have thousands.
        self.check_count(values.count().saturating_add(pairs), &group.code)?;
        for one in &first.tokens {
            let pair = |other: &i64| hash::group_pair(group.seed, *one, *other);
            values.tokens.extend(second.tokens.iter().map(pair));
        }
        beside(group.seed, 0, &first.tokens, &second.numbers, values);
        beside(group.seed, 1, &second.tokens, &first.numbers, values);
        Ok(())
    }

    /// The values of a component, under the seed 0.
    fn component(
        &self,
        members: &RootMembers<'_>,
        component: &GroupComponent,
        code: &str,
    ) -> Result<IndexValues, ExtractError> {
        let mut values = IndexValues::default();
        let mut sink = Sink {
            values: &mut values,
            seed: 0,
            search_type: component.search_type,
            code,
            code_sets: &self.definitions.code_sets,
            base_url: self.base_url,
        };
        let mut done = Ok(());
        for (path, code_sets) in &component.sources {
            path.visit(members, &mut |value, type_id| {
                let kind = self.plan.kind(type_id);
                if done.is_ok() && suits(component.search_type, kind) {
                    done = sink.add(value, kind, code_sets);
                }
            });
        }
        done?;
        values.tokens.sort_unstable();
        values.tokens.dedup();
        Ok(values)
    }
}

/// Numbers beside each of some values; `component` is the place of the values.
fn beside(
    group: i64,
    component: usize,
    tokens: &[i64],
    numbers: &[NumberValue],
    values: &mut IndexValues,
) {
    for token in tokens {
        let parameter = hash::group_value(group, component, *token);
        values
            .numbers
            .extend(numbers.iter().map(|number| NumberValue {
                // The number's own is 0, or that of its canonical unit.
                parameter: parameter ^ number.parameter,
                ..number.clone()
            }));
    }
}

#[cfg(test)]
mod tests;
