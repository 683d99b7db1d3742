//! Dates and times as spans of nanoseconds (<https://hl7.org/fhir/R4/search.html#date>).

/// `[lower, upper)`, in nanoseconds since 1970; open sides are the ends of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub lower: i128,
    /// The first moment after.
    pub upper: i128,
}

/// The beginning of time.
pub const BEGINNING: i128 = i128::MIN;
/// The end of time.
pub const END: i128 = i128::MAX;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// The span that a date, dateTime or instant of any precision covers; without an offset it is in UTC.
pub fn span(text: &str) -> Option<Span> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-').map(digits);
    let year = parts.next()??;
    let month = parts.next();
    let day = parts.next();
    if parts.next().is_some() || !(1..=9999).contains(&year) {
        return None;
    }
    let (month, day) = match (month, day) {
        (None, _) => {
            return Some(Span {
                lower: midnight(year, 1, 1),
                upper: midnight(year + 1, 1, 1),
            });
        }
        (Some(month), None) => {
            let month = month.filter(|one| (1..=12).contains(one))?;
            let (next_year, next) = if month == 12 {
                (year + 1, 1)
            } else {
                (year, month + 1)
            };
            let (lower, upper) = (midnight(year, month, 1), midnight(next_year, next, 1));
            return Some(Span { lower, upper });
        }
        (Some(month), Some(day)) => (month?, day?),
    };
    if !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    let lower = midnight(year, month, day);
    match time {
        None => Some(Span {
            lower,
            upper: lower + DAY,
        }),
        Some(time) => within_day(lower, time),
    }
}

fn within_day(midnight: i128, time: &str) -> Option<Span> {
    let (clock, offset) = match time.find(['Z', '+', '-']) {
        Some(place) => (&time[..place], zone(&time[place..])?),
        None => (time, 0),
    };
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?).filter(|one| *one < 24)?;
    let minute = digits(parts.next()?).filter(|one| *one < 60)?;
    let start = midnight + (hour * 60 + minute - offset) * 60 * SECOND;
    let Some(seconds) = parts.next() else {
        return Some(Span {
            lower: start,
            upper: start + 60 * SECOND,
        });
    };
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let whole = digits(whole).filter(|one| *one <= 60)?;
    let fraction: String = fraction.chars().take(9).collect();
    let mut unit = SECOND;
    for _ in fraction.chars() {
        unit /= 10;
    }
    let below = if fraction.is_empty() {
        0
    } else {
        digits(&fraction)?
    };
    let lower = start + whole * SECOND + below * unit;
    Some(Span {
        lower,
        upper: lower + unit,
    })
}

fn zone(text: &str) -> Option<i128> {
    if text == "Z" {
        return Some(0);
    }
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let minutes = digits(hours)? * 60 + digits(minutes)?;
    Some(if text.starts_with('-') {
        -minutes
    } else {
        minutes
    })
}

fn digits(text: &str) -> Option<i128> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn is_leap(year: i128) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i128, month: i128) -> i128 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counted month by month: slow, and easy to see through.
fn midnight(year: i128, month: i128, day: i128) -> i128 {
    let before = year - 1;
    let mut days = before * 365 + before / 4 - before / 100 + before / 400;
    for one in 1..month {
        days += days_of(year, one);
    }
    // 719 162 days lie between the first of January of the years 1 and 1970.
    (days + day - 1 - 719_162) * DAY
}

/// Whether a value's span passes a prefix for the span searched for.
///
/// | prefix | the specification's words |
/// | --- | --- |
/// | eq | the range of the search value fully contains the range of the target value |
/// | ne | … does not fully contain … |
/// | gt | the range above the search value intersects with the range of the target value |
/// | lt | the range below the search value intersects with the range of the target value |
/// | ge, le | one of the above, or the range of the search value fully contains the range of the target value |
/// | sa | does not overlap, and the range above the search value contains the range of the target value |
/// | eb | does not overlap, and the range below the search value contains the range of the target value |
/// | ap | the range of the search value overlaps with the range of the target value |
pub fn passes(prefix: &str, search: Span, value: Span) -> bool {
    let contains = search.lower <= value.lower && value.upper <= search.upper;
    let above = value.upper > search.upper;
    let below = value.lower < search.lower;
    match prefix {
        "eq" => contains,
        "ne" => !contains,
        "gt" => above,
        "lt" => below,
        "ge" => above || contains,
        "le" => below || contains,
        "sa" => value.lower >= search.upper,
        "eb" => value.upper <= search.lower,
        "ap" => value.lower < search.upper && search.lower < value.upper,
        _ => false,
    }
}

/// The search span widened by a tenth of its distance from now: as little and as much as that can mean, for the
/// distance may be measured from either side, and the clocks of two machines differ.
pub fn approximately(search: Span, now: i128) -> (Span, Span) {
    let widened = |gap: i128| Span {
        lower: search.lower - gap / 10,
        upper: search.upper + gap / 10,
    };
    let gaps = [(search.lower - now).abs(), (search.upper - now).abs()];
    let [one, other] = gaps;
    let is_now = search.lower <= now && now < search.upper;
    let least = if is_now {
        0
    } else {
        one.min(other) - 600 * SECOND
    };
    (
        widened(least.max(0)),
        widened(one.max(other) + 600 * SECOND),
    )
}
