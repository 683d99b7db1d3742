//! Places within a distance of a point (<https://hl7.org/fhir/R4/location.html#search>).

use bigdecimal::BigDecimal;
use rust_decimal::{Decimal, MathematicalOps};

use super::number_test::SearchNumber;
use super::plan::NearTest;
use super::query::split_unescaped;

/// How far is near where a search does not say, in metres.
pub const DEFAULT_DISTANCE_METRES: u32 = 50_000;

/// The mean radius of the earth, in metres: distances are those on a sphere.
pub const EARTH_RADIUS_METRES: u32 = 6_371_009;

/// Units of distance as UCUM writes them, with what they are in metres.
const UNITS: [(&str, &str); 7] = [
    ("km", "1000"),
    ("m", "1"),
    ("cm", "0.01"),
    ("[mi_us]", "1609.347219"),
    ("[mi_i]", "1609.344"),
    ("[nmi_i]", "1852"),
    ("[ft_i]", "0.3048"),
];

impl NearTest {
    /// Reads `latitude|longitude[|distance[|units]]`; kilometres where no unit is given, and
    /// [`DEFAULT_DISTANCE_METRES`] where no distance is. A sentence says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = split_unescaped(text, '|').collect();
        let (latitude, longitude, distance, unit) = match *parts.as_slice() {
            [latitude, longitude] => (latitude, longitude, "", ""),
            [latitude, longitude, distance] => (latitude, longitude, distance, ""),
            [latitude, longitude, distance, unit] => (latitude, longitude, distance, unit),
            _ => return Err("a value is 'latitude|longitude|distance|units'".to_owned()),
        };
        let latitude = degrees(latitude, 90).ok_or("a latitude is a number from -90 to 90")?;
        let longitude =
            degrees(longitude, 180).ok_or("a longitude is a number from -180 to 180")?;
        let distance = match (distance, unit) {
            ("", "") => BigDecimal::from(DEFAULT_DISTANCE_METRES),
            ("", _) => return Err("a unit needs a distance before it".to_owned()),
            (distance, unit) => {
                let unit = if unit.is_empty() { "km" } else { unit };
                let names = || UNITS.map(|one| one.0).join(", ");
                let factor = UNITS
                    .iter()
                    .find(|one| one.0 == unit)
                    .and_then(|one| one.1.parse::<BigDecimal>().ok())
                    .ok_or_else(|| format!("a unit is one of {}", names()))?;
                let distance = SearchNumber::parse(distance)
                    .filter(|number| number.exact >= 0)
                    .ok_or("a distance is a number, 0 or greater")?;
                distance.exact * factor
            }
        };
        Ok(Self {
            latitude,
            longitude,
            distance: distance.normalized(),
        })
    }

    /// Whether a position is within the distance, along the great circle. Where a number has more digits than can be
    /// computed with, it is not.
    pub fn matches(&self, latitude: &BigDecimal, longitude: &BigDecimal) -> bool {
        self.is_within(latitude, longitude).unwrap_or(false)
    }

    /// The haversine of the angle between the points against that of the distance: no arc functions, no roots.
    fn is_within(&self, latitude: &BigDecimal, longitude: &BigDecimal) -> Option<bool> {
        let (from, to) = (radians(&self.latitude)?, radians(latitude)?);
        let across = radians(longitude)?.checked_sub(radians(&self.longitude)?)?;
        let diameter = Decimal::from(EARTH_RADIUS_METRES).checked_mul(Decimal::TWO)?;
        let reach = match decimal(&self.distance) {
            Some(distance) => distance.checked_div(diameter)?,
            // Longer than any number that can be computed with: all the earth.
            None => return Some(true),
        };
        if reach >= Decimal::HALF_PI {
            return Some(true);
        }
        let haversine = half_angle(from.checked_sub(to)?)?.checked_add(
            from.checked_cos()?
                .checked_mul(to.checked_cos()?)?
                .checked_mul(half_angle(across)?)?,
        )?;
        let limit = reach.checked_sin()?;
        Some(haversine <= limit.checked_mul(limit)?)
    }
}

/// The square of the sine of half an angle.
fn half_angle(angle: Decimal) -> Option<Decimal> {
    let sine = angle.checked_div(Decimal::TWO)?.checked_sin()?;
    sine.checked_mul(sine)
}

fn radians(degrees: &BigDecimal) -> Option<Decimal> {
    decimal(degrees)?
        .checked_mul(Decimal::PI)?
        .checked_div(Decimal::from(180))
}

fn decimal(number: &BigDecimal) -> Option<Decimal> {
    // More digits than this say nothing about a place.
    number.with_prec(20).to_plain_string().parse().ok()
}

fn degrees(text: &str, most: u32) -> Option<BigDecimal> {
    let number = SearchNumber::parse(text)?.exact;
    (number.abs() <= most).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_point_and_a_distance() {
        let shown = |text: &str| {
            NearTest::parse(text).map(|one| {
                let parts = [&one.latitude, &one.longitude, &one.distance];
                parts.map(BigDecimal::to_plain_string).join(" ")
            })
        };
        let check = |text: &str, expected: &str| {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        };
        check("-83.694810|42.256500|11.20|km", "-83.69481 42.2565 11200");
        check("1|2", "1 2 50000");
        check("1|2|", "1 2 50000");
        check("1|2||", "1 2 50000");
        check("1|2|3", "1 2 3000");
        check("1|2|1.5|m", "1 2 1.5");
        check("1|2|10|[mi_us]", "1 2 16093.47219");
        check("1|2|10|[mi_i]", "1 2 16093.44");
        check("90|-180|0|m", "90 -180 0");
        let refuse = |text: &str, part: &str| {
            let message = shown(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        };
        refuse("1", "'latitude|longitude|distance|units'");
        refuse("1|2|3|km|x", "'latitude|longitude|distance|units'");
        refuse("91|2", "-90 to 90");
        refuse("x|2", "-90 to 90");
        refuse("1|180.1", "-180 to 180");
        refuse("1|2|-3", "0 or greater");
        refuse("1|2|x", "0 or greater");
        refuse("1|2||km", "needs a distance");
        refuse("1|2|3|mile", "km, m, cm, [mi_us]");
    }

    #[test]
    fn distances_are_those_on_a_sphere() {
        let check = |test: &str, place: &str, expected: bool| {
            let (latitude, longitude) = place.split_once('|').unwrap();
            let test_read = NearTest::parse(test).unwrap();
            let found = test_read.matches(&latitude.parse().unwrap(), &longitude.parse().unwrap());
            assert_eq!(found, expected, "{test} {place}");
        };
        // Berlin to Paris: 877.5 km.
        check("52.5200|13.4050|870", "48.8566|2.3522", false);
        check("52.5200|13.4050|885", "48.8566|2.3522", true);
        // A degree of latitude: 111.195 km.
        check("0|0|111.1", "1|0", false);
        check("0|0|111.3", "1|0", true);
        // A few metres.
        check("52.520000|13.405000|12|m", "52.5201|13.405", true);
        check("52.520000|13.405000|11|m", "52.5201|13.405", false);
        // Across the date line and over the pole.
        check("0|179.9|30", "0|-179.9", true);
        check("89.9|0|30", "89.9|180", true);
        check("89.9|0|20", "89.9|180", false);
        check("1|2|0", "1|2", true);
        check("0|0|20100", "0|180", true);
        check("0|0|20000", "0|180", false);
        check("0|0|1e90", "5|5", true);
    }
}
