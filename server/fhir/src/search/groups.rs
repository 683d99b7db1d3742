//! Composites inside a resource: values of one item of a repeating element together
//! (<https://hl7.org/fhir/R4/search.html#composite>).

use super::extract::{ExtractError, Extractor};
use super::hash;
use super::index_plan::{Group, GroupComponent};
use super::index_values::{IndexValues, NumberValue};
use super::operand::RootMembers;
use super::value_kind::suits;
use super::values::Sink;

impl Extractor<'_> {
    /// Adds what each item of a group's base has together.
    pub(super) fn group(
        &self,
        members: &RootMembers<'_>,
        group: &Group,
        values: &mut IndexValues,
    ) -> Result<(), ExtractError> {
        let Some(base) = &group.base else {
            return self.item(members, members, group, values);
        };
        let mut done = Ok(());
        base.visit(members, &mut |item, _| {
            if done.is_ok() {
                done = self.item(members, &RootMembers::of(item), group, values);
            }
        });
        done
    }

    fn item(
        &self,
        resource: &RootMembers<'_>,
        item: &RootMembers<'_>,
        group: &Group,
        values: &mut IndexValues,
    ) -> Result<(), ExtractError> {
        let mut found = Vec::with_capacity(group.components.len());
        let mut count = 1usize;
        for component in &group.components {
            let values = self.component(resource, item, component, group)?;
            count = count.saturating_mul(values.tokens.len() + values.numbers.len());
            if count == 0 {
                return Ok(());
            }
            found.push(values);
        }
        // Before they are there: each may have thousands.
        self.check_count(values.count().saturating_add(count), &group.code)?;
        match found.as_slice() {
            [first, second] => {
                for one in &first.tokens {
                    let pair = |other: &i64| hash::group_pair(group.seed, *one, *other);
                    values.tokens.extend(second.tokens.iter().map(pair));
                }
                beside(group.seed, 0, &first.tokens, &second.numbers, values);
                beside(group.seed, 1, &second.tokens, &first.numbers, values);
            }
            [first, second, third] => {
                let pairs = second.numbers.iter().flat_map(|one| {
                    third.numbers.iter().map(|other| NumberValue {
                        upper: other.upper.clone(),
                        ..one.clone()
                    })
                });
                let pairs: Vec<NumberValue> = pairs.collect();
                beside(group.seed, 0, &first.tokens, &pairs, values);
            }
            _ => {}
        }
        Ok(())
    }

    /// The values of a component, under the seed 0.
    fn component(
        &self,
        resource: &RootMembers<'_>,
        item: &RootMembers<'_>,
        component: &GroupComponent,
        group: &Group,
    ) -> Result<IndexValues, ExtractError> {
        let mut values = IndexValues::default();
        let mut sink = Sink {
            values: &mut values,
            seed: 0,
            search_type: component.search_type,
            code: &group.code,
            code_sets: &self.definitions.code_sets,
            base_url: self.base_url,
            codes_only: group.base.is_none(),
            is_folded: false,
        };
        let mut done = Ok(());
        for source in &component.sources {
            let members = if source.of_resource { resource } else { item };
            source.path.visit(members, &mut |value, type_id| {
                let kind = self.plan.kind(type_id);
                if done.is_ok() && suits(component.search_type, kind) {
                    done = sink.add(value, kind, &source.code_sets);
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
