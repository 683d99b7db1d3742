//! Units of UCUM, as far as the data has them: each as a multiple of a base unit (<https://ucum.org/ucum>).

use std::str::FromStr;

use bigdecimal::BigDecimal;

/// The system of UCUM.
pub const UCUM: &str = "http://unitsofmeasure.org";

/// Unit, how many of the base unit it is, base unit. Units whose scale has another zero stand alone.
const UNITS: [(&str, &str, &str); 37] = [
    ("g", "1", "g"),
    ("kg", "1000", "g"),
    ("mg", "0.001", "g"),
    ("ug", "0.000001", "g"),
    ("[lb_av]", "453.59237", "g"),
    ("[oz_av]", "28.349523125", "g"),
    ("m", "1", "m"),
    ("cm", "0.01", "m"),
    ("mm", "0.001", "m"),
    ("km", "1000", "m"),
    ("[in_i]", "0.0254", "m"),
    ("L", "0.001", "m3"),
    ("dL", "0.0001", "m3"),
    ("mL", "0.000001", "m3"),
    ("g/L", "1000", "g/m3"),
    ("g/dL", "10000", "g/m3"),
    ("mg/dL", "10", "g/m3"),
    ("mg/L", "1", "g/m3"),
    ("ng/mL", "0.001", "g/m3"),
    ("s", "1", "s"),
    ("min", "60", "s"),
    ("h", "3600", "s"),
    ("d", "86400", "s"),
    ("wk", "604800", "s"),
    ("a", "31557600", "s"),
    ("mo", "2629800", "s"),
    ("/s", "60", "/min"),
    ("/min", "1", "/min"),
    ("mmol/L", "1", "mmol/L"),
    ("mol/L", "1000", "mmol/L"),
    ("umol/L", "0.001", "mmol/L"),
    ("mm[Hg]", "1", "mm[Hg]"),
    ("%", "0.01", "1"),
    ("1", "1", "1"),
    ("{score}", "1", "1"),
    ("Cel", "1", "Cel"),
    ("[degF]", "1", "[degF]"),
];

/// How many of which base unit a unit is.
pub fn base(code: &str) -> Option<(BigDecimal, &'static str)> {
    let (_, factor, base) = UNITS.iter().find(|(unit, _, _)| *unit == code)?;
    Some((BigDecimal::from_str(factor).ok()?, base))
}
