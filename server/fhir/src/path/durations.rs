//! Dates and times moved by a quantity (<http://hl7.org/fhirpath/N1/#datetime-arithmetic>).

use jiff::civil;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::EvaluationError;
use super::item::Item;
use super::quantity::{Calendar, Quantity, Unit};
use super::temporal::{Date, DateTime, Time};

const NANOSECONDS_PER_DAY: i64 = 86_400_000_000_000;

/// A date, date and time, or time moved forwards or back; nothing beyond the years 1 to 9999.
pub(super) fn moved<'a>(
    item: &Item<'a>,
    amount: &Quantity<'a>,
    back: bool,
) -> Result<Option<Item<'a>>, EvaluationError> {
    let unit = match &amount.unit {
        Unit::Calendar(unit) => Some(*unit),
        // UCUM's years and months are means, which no calendar has.
        Unit::Ucum(code) => Calendar::of_ucum(code).or_else(|| Calendar::of(code)),
        Unit::Other { .. } => None,
    }
    .ok_or(EvaluationError::Type("a duration"))?;
    let value = if back { -amount.value } else { amount.value };
    Ok(match item {
        Item::Date(date) => date_moved(*date, value, unit).map(Item::Date),
        Item::DateTime(date_time) => date_time_moved(*date_time, value, unit).map(Item::DateTime),
        Item::Time(time) => time_moved(*time, value, unit)?.map(Item::Time),
        _ => return Err(EvaluationError::Type("a duration")),
    })
}

/// Nanoseconds of a duration of fixed length; only seconds keep their fraction.
fn nanoseconds(value: Decimal, unit: Calendar) -> Option<i64> {
    let value = match unit {
        Calendar::Second | Calendar::Millisecond => value,
        _ => value.trunc(),
    };
    value
        .checked_mul(unit.milliseconds()?.into())?
        .checked_mul(1_000_000.into())?
        .trunc()
        .to_i64()
}

/// The whole number of a coarser unit: `24 months` are `2 years`.
fn whole(value: Decimal, unit: Calendar, target: Calendar) -> Option<i64> {
    let days = |unit| match unit {
        Calendar::Year => Some(Decimal::from(365)),
        Calendar::Month => Some(Decimal::from(30)),
        unit => Decimal::from(unit.milliseconds()?).checked_div(Decimal::from(86_400_000)),
    };
    let value = match unit {
        Calendar::Second | Calendar::Millisecond => value,
        _ => value.trunc(),
    };
    if unit == target {
        return value.trunc().to_i64();
    }
    if (unit, target) == (Calendar::Month, Calendar::Year) {
        return value.checked_div(Decimal::from(12))?.trunc().to_i64();
    }
    let converted = value.checked_mul(days(unit)?)?.checked_div(days(target)?)?;
    converted.trunc().to_i64()
}

fn date_moved(date: Date, value: Decimal, unit: Calendar) -> Option<Date> {
    let first = date.first_day()?;
    let (target, finest) = match (date.month, date.day) {
        (None, _) => (Calendar::Year, Calendar::Year),
        (Some(_), None) => (Calendar::Month, Calendar::Month),
        (Some(_), Some(_)) => (Calendar::Day, Calendar::Day),
    };
    // Units coarser than the date's last move it as they are; finer ones are counted in the date's last.
    let unit_kept = if unit <= finest && unit != Calendar::Week {
        unit
    } else {
        target
    };
    let count = whole(value, unit, unit_kept)?;
    let result = civil_moved(first, count, unit_kept)?;
    let all = Date::of_civil(result);
    Some(Date {
        year: all.year,
        month: date.month.and(all.month),
        day: date.day.and(all.day),
    })
}

fn civil_moved(date: civil::Date, count: i64, unit: Calendar) -> Option<civil::Date> {
    let span = match unit {
        Calendar::Year => jiff::Span::new().try_years(count),
        Calendar::Month => jiff::Span::new().try_months(count),
        _ => jiff::Span::new().try_days(count),
    };
    date.checked_add(span.ok()?)
        .ok()
        .filter(|date| date.year() > 0)
}

fn date_time_moved(date_time: DateTime, value: Decimal, unit: Calendar) -> Option<DateTime> {
    let with_date = |date| DateTime { date, ..date_time };
    let Some(time) = date_time.time else {
        return date_moved(date_time.date, value, unit).map(with_date);
    };
    if let Calendar::Year | Calendar::Month | Calendar::Week | Calendar::Day = unit {
        return date_moved(date_time.date, value, unit).map(with_date);
    }
    let all = time
        .nanoseconds()
        .checked_add(precise(time, value, unit)?)?;
    let days = all.div_euclid(NANOSECONDS_PER_DAY);
    let date = civil_moved(date_time.date.first_day()?, days, Calendar::Day)?;
    Some(DateTime {
        date: Date::of_civil(date),
        time: Time::of_nanoseconds(all.rem_euclid(NANOSECONDS_PER_DAY), time),
        offset: date_time.offset,
    })
}

/// Nanoseconds of a duration in whole units of the time's last.
fn precise(time: Time, value: Decimal, unit: Calendar) -> Option<i64> {
    let all = nanoseconds(value, unit)?;
    let last: i64 = match (time.minute, time.second) {
        (None, _) => 3_600_000_000_000,
        (Some(_), None) => 60_000_000_000,
        (Some(_), Some(_)) => 1,
    };
    Some(all / last * last)
}

fn time_moved(time: Time, value: Decimal, unit: Calendar) -> Result<Option<Time>, EvaluationError> {
    if let Calendar::Year | Calendar::Month | Calendar::Week | Calendar::Day = unit {
        return Err(EvaluationError::Type("a duration"));
    }
    Ok(precise(time, value, unit).and_then(|amount| {
        let all = time.nanoseconds().checked_add(amount)?;
        Time::of_nanoseconds(all.rem_euclid(NANOSECONDS_PER_DAY), time)
    }))
}
