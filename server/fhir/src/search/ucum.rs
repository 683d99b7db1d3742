//! Quantities in canonical units of UCUM (<https://ucum.org/ucum>): the one place that knows the library for it.
//!
//! Factors are kept as a quotient of exact decimals, so that a value converts alike from all units: 60 /min is 1 s-1, and
//! 98.6 \[degF\] is 37 Cel. Where a quotient has no end, or a factor is known to 28 digits only, 24 digits are kept.
//! Units of a logarithm or another curve (pH, decibel) have no canonical form: they are compared as given. An amount of
//! substance is a number in UCUM: mmol/L and 10*6/mL are units of the same.

use std::num::NonZeroU64;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode};
use octofhir_ucum::{
    Case, Dimension, EvalResult, Number, SpecialKind, UnitExpr, evaluate, lookup_unit,
    parse_expression,
};

/// The system of UCUM's codes in quantities.
pub const SYSTEM: &str = "http://unitsofmeasure.org";

/// Longest code that is read.
const CODE_BYTES_MAX: usize = 200;

/// Most digits, and greatest power of ten, of what is calculated with.
const DIGITS_MAX: u64 = 500;
const EXPONENT_MAX: i64 = 1000;

/// Digits that are kept of what has no end.
const ROUNDED_DIGITS: NonZeroU64 = match NonZeroU64::new(24) {
    Some(digits) => digits,
    None => NonZeroU64::MIN,
};

/// Digits that the library keeps of a factor.
const FACTOR_DIGITS: u64 = 28;

/// How values in one unit become values in base units: `(value * scale + offset) * numerator / denominator`.
#[derive(Clone, Debug)]
pub struct CanonicalUnit {
    name: Box<str>,
    scale: BigDecimal,
    offset: BigDecimal,
    ratio: Ratio,
}

#[derive(Clone, Debug)]
struct Ratio {
    numerator: BigDecimal,
    denominator: BigDecimal,
    is_rounded: bool,
}

/// A value in the base units of its unit, and their name; `None` where the code is no unit of UCUM or has no canonical
/// form.
pub fn canonical(value: &BigDecimal, unit: &str) -> Option<(BigDecimal, Box<str>)> {
    let unit = CanonicalUnit::of(unit)?;
    Some((unit.value(value), unit.name))
}

/// Whether a code is a unit of UCUM.
pub fn is_unit(code: &str) -> bool {
    let is_short = !code.is_empty() && code.len() <= CODE_BYTES_MAX;
    is_short && parse_expression(code).is_ok_and(|expression| evaluate(&expression).is_ok())
}

impl CanonicalUnit {
    /// Reads a code.
    pub fn of(code: &str) -> Option<Self> {
        if code.is_empty() || code.len() > CODE_BYTES_MAX {
            return None;
        }
        let expression = parse_expression(code).ok()?;
        let meaning = evaluate(&expression).ok()?;
        let (scale, offset, ratio) = match meaning.special {
            None => {
                let zero = BigDecimal::from(0);
                (BigDecimal::from(1), zero, Ratio::of(&expression)?)
            }
            Some(special) => {
                let (offset, numerator, denominator) = temperature(special.unit.special)?;
                let scale = decimal(special.scale)?;
                (scale, offset, Ratio::exact(numerator, denominator))
            }
        };
        Some(Self {
            name: name(&meaning),
            scale,
            offset,
            ratio,
        })
    }

    /// The base units: equal for all units that can be compared.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A value, converted. The order of values stays.
    pub fn value(&self, value: &BigDecimal) -> BigDecimal {
        let Ratio {
            numerator,
            denominator,
            is_rounded,
        } = &self.ratio;
        let above = (value * &self.scale + &self.offset) * numerator;
        let (below, exponent) = denominator.normalized().into_bigint_and_exponent();
        let is_exact = !is_rounded && below == BigInt::from(1);
        if is_exact {
            return (above * BigDecimal::new(below, -exponent)).normalized();
        }
        let quotient = above / denominator;
        if quotient.digits() <= ROUNDED_DIGITS.get() {
            return quotient.normalized();
        }
        quotient
            .with_precision_round(ROUNDED_DIGITS, RoundingMode::HalfUp)
            .normalized()
    }
}

/// Zero and degree of a temperature, in kelvin: `(r + offset) * numerator / denominator`.
fn temperature(kind: SpecialKind) -> Option<(BigDecimal, i64, i64)> {
    let hundredths = |offset: i64| BigDecimal::new(BigInt::from(offset), 2);
    match kind {
        SpecialKind::Celsius => Some((hundredths(27_315), 1, 1)),
        SpecialKind::Fahrenheit => Some((hundredths(45_967), 5, 9)),
        SpecialKind::Reaumur => Some((hundredths(21_852), 5, 4)),
        SpecialKind::None
        | SpecialKind::Arbitrary
        | SpecialKind::Lg
        | SpecialKind::LgTimes2
        | SpecialKind::Ln
        | SpecialKind::Ld
        | SpecialKind::PH
        | SpecialKind::HpX
        | SpecialKind::HpC
        | SpecialKind::HpM
        | SpecialKind::HpQ
        | SpecialKind::TanTimes100
        | SpecialKind::Sqrt => None,
    }
}

/// Base units and arbitrary units with their powers: `g1m-3`, `[iU]1m-3`, nothing for a number.
fn name(meaning: &EvalResult) -> Box<str> {
    let base = Dimension::BASE_UNITS.iter().zip(meaning.dim.0);
    let base = base.map(|(unit, power)| (*unit, i32::from(power)));
    let all = meaning.arbitrary.iter().copied().chain(base);
    all.filter(|(_, power)| *power != 0)
        .map(|(unit, power)| format!("{unit}{power}"))
        .collect::<String>()
        .into()
}

impl Ratio {
    fn exact(numerator: impl Into<BigDecimal>, denominator: impl Into<BigDecimal>) -> Self {
        Self {
            numerator: numerator.into(),
            denominator: denominator.into(),
            is_rounded: false,
        }
    }

    /// What a term multiplies with.
    fn of(term: &UnitExpr) -> Option<Self> {
        match term {
            UnitExpr::Symbol(code) => {
                let (prefix, unit) = lookup_unit(code, Case::Sensitive)?;
                let factor = decimal(unit.factor)?;
                let is_rounded = factor.digits() >= FACTOR_DIGITS;
                let prefix = prefix.map_or(Some(BigDecimal::from(1)), |one| decimal(one.factor))?;
                Some(Self {
                    is_rounded,
                    ..Self::exact(prefix * factor, 1)
                })
            }
            UnitExpr::Numeric(number) => Some(Self::exact(decimal(*number)?, 1)),
            UnitExpr::Annotation(_) => Some(Self::exact(1, 1)),
            UnitExpr::Annotated(term, _) => Self::of(term),
            UnitExpr::Power(base, power) => Self::of(base)?.power(*power),
            UnitExpr::Product(terms) => terms
                .iter()
                .try_fold(Self::exact(1, 1), |product, one| product.by(Self::of(one)?)),
            UnitExpr::Quotient(above, below) => Self::of(above)?.by(Self::of(below)?.inverse()),
            UnitExpr::Reciprocal(term) => Some(Self::of(term)?.inverse()),
        }
    }

    fn inverse(self) -> Self {
        Self {
            numerator: self.denominator,
            denominator: self.numerator,
            is_rounded: self.is_rounded,
        }
    }

    fn by(self, other: Self) -> Option<Self> {
        let product = Self {
            numerator: self.numerator * other.numerator,
            denominator: self.denominator * other.denominator,
            is_rounded: self.is_rounded || other.is_rounded,
        };
        let fits = |number: &BigDecimal| {
            let (_, scale) = number.as_bigint_and_scale();
            number.digits() <= DIGITS_MAX && scale.unsigned_abs() <= EXPONENT_MAX.unsigned_abs()
        };
        (fits(&product.numerator) && fits(&product.denominator)).then_some(product)
    }

    fn power(self, power: i32) -> Option<Self> {
        let mut square = if power < 0 { self.inverse() } else { self };
        let mut product = Self::exact(1, 1);
        let mut left = power.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                product = product.by(square.clone())?;
            }
            left >>= 1;
            if left > 0 {
                square = square.clone().by(square)?;
            }
        }
        Some(product)
    }
}

fn decimal(number: Number) -> Option<BigDecimal> {
    let (digits, exponent) = number.to_integer_and_exponent();
    let exponent = i64::from(exponent);
    (exponent.abs() <= EXPONENT_MAX).then(|| BigDecimal::new(BigInt::from(digits), -exponent))
}

#[cfg(test)]
mod tests;
