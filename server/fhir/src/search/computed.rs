//! Values that an expression makes, and no element of the resource holds: `Patient.name.count()`
//! (<http://hl7.org/fhirpath/N1/#types>).

use bigdecimal::BigDecimal;

use super::extract::ExtractError;
use super::hash;
use super::index_values::{DateValue, NumberValue};
use super::numbers::parse_decimal;
use super::url_path;
use super::values::Sink;
use crate::definitions::search_parameters::SearchType;
use crate::path::Item;
use crate::time::parse_partial;

impl Sink<'_> {
    /// Adds a value of FHIRPath's own, if it means something to the search type; answers whether it does.
    pub(super) fn computed(&mut self, item: Item<'_>) -> Result<bool, ExtractError> {
        let seed = self.seed;
        match (self.search_type, item) {
            (SearchType::Token, Item::Boolean(value)) => {
                self.code(seed, if value { "true" } else { "false" });
            }
            (SearchType::Token, Item::String(text)) => {
                self.code(seed, &text);
                self.folded(seed, "", &text);
            }
            (SearchType::String, Item::String(text)) => self.string_of(Some(text)),
            (SearchType::Uri, Item::String(text)) => {
                self.values.tokens.push(hash::url(seed, &text));
                let above = url_path::ancestors(&text);
                let below = above.map(|one| hash::url_below(seed, one));
                self.values.tokens.extend(below);
            }
            (SearchType::Number, Item::Integer(number)) => self.point(BigDecimal::from(number)),
            (SearchType::Number, Item::Decimal(number)) => {
                let number = parse_decimal(&number.to_string());
                self.point(number.ok_or_else(|| ExtractError::Number {
                    parameter: self.code.into(),
                })?);
            }
            (SearchType::Date, Item::Date(date)) => return Ok(self.period(&date.to_string())),
            (SearchType::Date, Item::DateTime(moment)) => {
                return Ok(self.period(&moment.to_string()));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn point(&mut self, number: BigDecimal) {
        self.values.numbers.push(NumberValue {
            parameter: self.seed,
            lower: number.clone(),
            upper: number,
            units: Vec::new(),
        });
    }

    /// A moment as far as search knows its precision: hours without minutes are none.
    fn period(&mut self, text: &str) -> bool {
        let Ok(moment) = parse_partial(text) else {
            return false;
        };
        self.values.dates.push(DateValue {
            parameter: self.seed,
            lower: moment.lower(),
            upper: moment.upper(),
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::codes::CodeSets;
    use crate::path::Date;
    use crate::search::index_values::IndexValues;

    /// How many elements, strings, periods and numbers a value has; `None` where it means nothing.
    fn counts(search_type: SearchType, item: Item<'_>) -> Option<[usize; 4]> {
        let mut values = IndexValues::default();
        let mut sink = Sink {
            values: &mut values,
            seed: 7,
            search_type,
            code: "test",
            code_sets: &CodeSets::default(),
            base_url: "http://here/fhir",
            codes_only: false,
            is_folded: false,
        };
        let fits = sink.computed(item).unwrap();
        let counts = [
            values.tokens.len(),
            values.strings.len(),
            values.dates.len(),
            values.numbers.len(),
        ];
        assert_eq!(fits, counts != [0; 4]);
        fits.then_some(counts)
    }

    #[test]
    fn computed_values_are_indexed_where_they_mean_something() {
        let day = || {
            Item::Date(Date {
                year: 2020,
                month: Some(2),
                day: Some(29),
            })
        };
        let text = || Item::String("http://a/b".into());
        let check = |search_type, item: Item<'_>, expected: Option<[usize; 4]>| {
            let shown = format!("{search_type:?} {item:?}");
            assert_eq!(counts(search_type, item), expected, "{shown}");
        };
        check(SearchType::Number, Item::Integer(3), Some([0, 0, 0, 1]));
        check(
            SearchType::Number,
            Item::Decimal(3.into()),
            Some([0, 0, 0, 1]),
        );
        check(SearchType::Number, text(), None);
        check(SearchType::Date, day(), Some([0, 0, 1, 0]));
        check(SearchType::Date, Item::Integer(3), None);
        check(SearchType::Token, Item::Boolean(true), Some([2, 0, 0, 0]));
        check(SearchType::Token, text(), Some([2, 0, 0, 0]));
        check(SearchType::Token, day(), None);
        check(SearchType::String, text(), Some([1, 1, 0, 0]));
        check(SearchType::String, Item::Boolean(true), None);
        // Itself, and the two URLs that it is below.
        check(SearchType::Uri, text(), Some([3, 0, 0, 0]));
        check(SearchType::Reference, text(), None);
        check(SearchType::Quantity, Item::Integer(3), None);
    }
}
