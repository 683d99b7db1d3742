//! Numbers, quantities and positions as index values (<https://hl7.org/fhir/R4/search.html#quantity>).

use std::borrow::Cow;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::Sign;

use super::extract::ExtractError;
use super::hash;
use super::index_values::{NumberValue, PositionValue};
use super::ucum::{self, CanonicalUnit};
use super::value_kind::ValueKind;
use super::values::{Sink, text};
use crate::json::Value;

/// Longest number that is indexed, in bytes.
const NUMBER_BYTES_MAX: usize = 1000;

/// Greatest power of ten, up or down.
const EXPONENT_MAX: i64 = 1000;

/// The power of ten that an open end stands for: beyond every number that is indexed, in any unit.
const OPEN_EXPONENT: i64 = 10_000;

/// The system of a Money's currency (<https://hl7.org/fhir/R4/datatypes.html#Money>).
pub const CURRENCIES: &str = "urn:iso:std:iso:4217";

/// A decimal as JSON writes it, unless it is longer or further from one than numbers here may be.
pub fn parse_decimal(text: &str) -> Option<BigDecimal> {
    if text.len() > NUMBER_BYTES_MAX {
        return None;
    }
    let number: BigDecimal = text.parse().ok()?;
    let (_, scale) = number.as_bigint_and_scale();
    (scale.unsigned_abs() <= EXPONENT_MAX.unsigned_abs()).then_some(number)
}

/// The bound of a range without an upper end; the lower is its negative. A number, so that all ranges compare alike.
pub fn open_end() -> BigDecimal {
    BigDecimal::new(1.into(), -OPEN_EXPONENT)
}

/// A closed range; `None` is an open end.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bounds {
    lower: Option<BigDecimal>,
    upper: Option<BigDecimal>,
}

/// A unit, in the forms it is written in.
#[derive(Clone, Debug, Default, PartialEq)]
struct Unit<'v> {
    system: Option<Cow<'v, str>>,
    code: Option<Cow<'v, str>>,
    text: Option<Cow<'v, str>>,
}

impl Bounds {
    fn point(value: BigDecimal) -> Self {
        Self {
            lower: Some(value.clone()),
            upper: Some(value),
        }
    }

    fn is_open(&self) -> bool {
        self.lower.is_none() && self.upper.is_none()
    }

    fn row(self, parameter: i64, units: Vec<i64>) -> NumberValue {
        NumberValue {
            parameter,
            lower: self.lower.unwrap_or_else(|| -open_end()),
            upper: self.upper.unwrap_or_else(open_end),
            units,
        }
    }

    fn converted(&self, unit: &CanonicalUnit) -> Self {
        let convert = |bound: &Option<BigDecimal>| bound.as_ref().map(|one| unit.value(one));
        Self {
            lower: convert(&self.lower),
            upper: convert(&self.upper),
        }
    }
}

impl<'v> Unit<'v> {
    fn of(quantity: Value<'v>) -> Self {
        Self {
            system: text(quantity, "system"),
            code: text(quantity, "code"),
            text: text(quantity, "unit"),
        }
    }

    fn hashes(&self) -> Vec<i64> {
        let mut hashes = Vec::with_capacity(4);
        for form in [&self.code, &self.text].into_iter().flatten() {
            hashes.push(hash::unit(form));
            if let Some(system) = &self.system {
                hashes.push(hash::system_unit(system, form));
            }
        }
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    fn canonical(&self) -> Option<CanonicalUnit> {
        let is_ucum = self.system.as_deref() == Some(ucum::SYSTEM);
        CanonicalUnit::of(self.code.as_deref().filter(|_| is_ucum)?)
    }
}

impl Sink<'_> {
    /// A plain number; of a Range, the numbers of its ends.
    pub(super) fn number(&mut self, value: Value<'_>, kind: ValueKind) -> Result<(), ExtractError> {
        let bounds = match kind {
            ValueKind::Range => Bounds {
                lower: self.decimal(value.at(&["low", "value"]))?,
                upper: self.decimal(value.at(&["high", "value"]))?,
            },
            _ => self
                .decimal(Some(value))?
                .map(Bounds::point)
                .unwrap_or_default(),
        };
        if !bounds.is_open() {
            let row = bounds.row(self.seed, Vec::new());
            self.values.numbers.push(row);
        }
        Ok(())
    }

    /// A quantity as given and, where UCUM knows the unit, in canonical units.
    pub(super) fn quantity(
        &mut self,
        value: Value<'_>,
        kind: ValueKind,
    ) -> Result<(), ExtractError> {
        match kind {
            ValueKind::Money => {
                let bounds = self.decimal(value.get("value"))?.map(Bounds::point);
                let code = text(value, "currency");
                let unit = Unit {
                    system: code.is_some().then_some(Cow::Borrowed(CURRENCIES)),
                    code,
                    text: None,
                };
                self.measured(&bounds.unwrap_or_default(), &unit);
            }
            ValueKind::Range => self.range(value)?,
            ValueKind::SampledData => self.sampled(value)?,
            _ => {
                let bounds = self.compared(value)?;
                self.measured(&bounds, &Unit::of(value));
            }
        }
        Ok(())
    }

    fn measured(&mut self, bounds: &Bounds, unit: &Unit<'_>) {
        if bounds.is_open() {
            return;
        }
        let row = bounds.clone().row(self.seed, unit.hashes());
        self.values.numbers.push(row);
        if let Some(unit) = unit.canonical() {
            self.canonical(bounds, &unit);
        }
    }

    fn canonical(&mut self, bounds: &Bounds, unit: &CanonicalUnit) {
        let parameter = hash::canonical_seed(self.seed, unit.name());
        let row = bounds.converted(unit).row(parameter, Vec::new());
        self.values.numbers.push(row);
    }

    /// A value with a comparator is anywhere on that side.
    fn compared(&self, quantity: Value<'_>) -> Result<Bounds, ExtractError> {
        let Some(value) = self.decimal(quantity.get("value"))? else {
            return Ok(Bounds::default());
        };
        Ok(match text(quantity, "comparator").as_deref() {
            Some("<" | "<=") => Bounds {
                lower: None,
                upper: Some(value),
            },
            Some(">" | ">=") => Bounds {
                lower: Some(value),
                upper: None,
            },
            _ => Bounds::point(value),
        })
    }

    /// Both ends in one unit; in units that differ, only their canonical form can be one range.
    fn range(&mut self, range: Value<'_>) -> Result<(), ExtractError> {
        let ends = [range.get("low"), range.get("high")];
        let units = ends.map(|end| end.map(Unit::of));
        let [low, high] = ends.map(|end| end.and_then(|one| one.get("value")));
        let bounds = Bounds {
            lower: self.decimal(low)?,
            upper: self.decimal(high)?,
        };
        match &units {
            [Some(low), Some(high)] if low != high => {
                let (Some(low), Some(high)) = (low.canonical(), high.canonical()) else {
                    return Ok(());
                };
                if low.name() == high.name() && !bounds.is_open() {
                    let lower = bounds.converted(&low).lower;
                    let upper = bounds.converted(&high).upper;
                    let parameter = hash::canonical_seed(self.seed, low.name());
                    let row = Bounds { lower, upper }.row(parameter, Vec::new());
                    self.values.numbers.push(row);
                }
            }
            [Some(unit), _] | [None, Some(unit)] => self.measured(&bounds, unit),
            [None, None] => {}
        }
        Ok(())
    }

    /// The bounds of the values (<https://hl7.org/fhir/R4/datatypes.html#SampledData>): a point below or above what could
    /// be detected leaves that side open.
    fn sampled(&mut self, sampled: Value<'_>) -> Result<(), ExtractError> {
        let (Some(origin), Some(data)) = (sampled.get("origin"), text(sampled, "data")) else {
            return Ok(());
        };
        let mut points: Option<(BigDecimal, BigDecimal)> = None;
        let (mut is_below, mut is_above) = (false, false);
        for point in data.split_whitespace() {
            match point {
                "L" => is_below = true,
                "U" => is_above = true,
                "E" => {}
                number => {
                    let number = parse_decimal(number).ok_or_else(|| self.no_number())?;
                    points = Some(match points {
                        None => (number.clone(), number),
                        Some((least, greatest)) if number < least => (number, greatest),
                        Some((least, greatest)) => (least, greatest.max(number)),
                    });
                }
            }
        }
        let factor = self.decimal(sampled.get("factor"))?;
        let zero = self.decimal(origin.get("value"))?.unwrap_or_default();
        let real = |point: BigDecimal| match &factor {
            Some(factor) => point * factor + &zero,
            None => point + &zero,
        };
        let is_inverted = factor.as_ref().is_some_and(|one| one.sign() == Sign::Minus);
        let Some((least, greatest)) = points else {
            return Ok(());
        };
        let (mut lower, mut upper) = (real(least), real(greatest));
        if is_inverted {
            std::mem::swap(&mut lower, &mut upper);
            std::mem::swap(&mut is_below, &mut is_above);
        }
        let bounds = Bounds {
            lower: (!is_below).then_some(lower),
            upper: (!is_above).then_some(upper),
        };
        self.measured(&bounds, &Unit::of(origin));
        Ok(())
    }

    /// `Location.position`
    pub(super) fn position(&mut self, value: Value<'_>) -> Result<(), ExtractError> {
        let latitude = self.decimal(value.get("latitude"))?;
        let longitude = self.decimal(value.get("longitude"))?;
        if let (Some(latitude), Some(longitude)) = (latitude, longitude) {
            self.values.positions.push(PositionValue {
                parameter: self.seed,
                latitude,
                longitude,
            });
        }
        Ok(())
    }

    fn decimal(&self, value: Option<Value<'_>>) -> Result<Option<BigDecimal>, ExtractError> {
        let Some(text) = value.and_then(Value::number) else {
            return Ok(None);
        };
        match parse_decimal(text) {
            Some(number) => Ok(Some(number)),
            None => Err(self.no_number()),
        }
    }

    fn no_number(&self) -> ExtractError {
        ExtractError::Number {
            parameter: self.code.into(),
        }
    }
}

#[cfg(test)]
mod tests;
