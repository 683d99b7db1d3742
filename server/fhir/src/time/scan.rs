//! The grammar of dates and times, read byte by byte without allocating.

use super::{DateTime, Precision, Time, TimeError, Zone};

struct Scanner<'a> {
    rest: &'a [u8],
}

impl Scanner<'_> {
    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Exactly `count` digits.
    fn number(&mut self, count: usize) -> Result<u16, TimeError> {
        let (digits, rest) = self
            .rest
            .split_at_checked(count)
            .filter(|(digits, _)| digits.iter().all(u8::is_ascii_digit))
            .ok_or(TimeError::Syntax)?;
        self.rest = rest;
        Ok(digits
            .iter()
            .fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
    }

    /// Two digits within bounds.
    fn two(&mut self, least: u8, most: u8) -> Result<u8, TimeError> {
        let number = self.number(2)?;
        u8::try_from(number)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or(TimeError::Syntax)
    }

    fn done(&self) -> bool {
        self.rest.is_empty()
    }

    fn time(&mut self) -> Result<Time, TimeError> {
        let mut time = Time {
            hour: self.two(0, 23)?,
            minute: 0,
            second: 0,
            nanosecond: 0,
            fraction_digits: 0,
            precision: Precision::Hour,
        };
        if !self.take(b':') {
            return Ok(time);
        }
        time.minute = self.two(0, 59)?;
        time.precision = Precision::Minute;
        if !self.take(b':') {
            return Ok(time);
        }
        time.second = self.two(0, 60)?;
        time.precision = Precision::Second;
        if self.take(b'.') {
            self.fraction(&mut time)?;
        }
        Ok(time)
    }

    fn fraction(&mut self, time: &mut Time) -> Result<(), TimeError> {
        let count = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, rest) = self.rest.split_at(count);
        if digits.is_empty() {
            return Err(TimeError::Syntax);
        }
        self.rest = rest;
        for place in 0..9 {
            let digit = digits.get(place).map_or(0, |digit| digit - b'0');
            time.nanosecond = time.nanosecond * 10 + u32::from(digit);
        }
        time.fraction_digits = u8::try_from(count.min(9)).map_err(|_| TimeError::Syntax)?;
        time.precision = Precision::Fraction;
        Ok(())
    }

    fn zone(&mut self) -> Result<Zone, TimeError> {
        if self.done() {
            return Ok(Zone::Local);
        }
        if self.take(b'Z') {
            return Ok(Zone::Utc);
        }
        let negative = self.take(b'-');
        if !negative && !self.take(b'+') {
            return Err(TimeError::Syntax);
        }
        let hours = self.two(0, 14)?;
        if !self.take(b':') {
            return Err(TimeError::Syntax);
        }
        let minutes = i16::from(hours) * 60 + i16::from(self.two(0, 59)?);
        match (negative, minutes) {
            (_, 841..) => Err(TimeError::Syntax),
            (true, 0) => Ok(Zone::NegativeZero),
            (true, minutes) => Ok(Zone::Offset(-minutes)),
            (false, minutes) => Ok(Zone::Offset(minutes)),
        }
    }
}

pub(super) fn time(text: &str) -> Result<Time, TimeError> {
    let mut scanner = Scanner {
        rest: text.as_bytes(),
    };
    let time = scanner.time()?;
    if scanner.done() {
        Ok(time)
    } else {
        Err(TimeError::Syntax)
    }
}

pub(super) fn date_time(text: &str) -> Result<DateTime, TimeError> {
    let mut scanner = Scanner {
        rest: text.as_bytes(),
    };
    let year = scanner.number(4)?;
    let mut read = DateTime {
        year: i16::try_from(year).map_err(|_| TimeError::Syntax)?,
        month: 1,
        day: 1,
        time: Time {
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            fraction_digits: 0,
            precision: Precision::Hour,
        },
        precision: Precision::Year,
        zone: Zone::Local,
    };
    if read.year == 0 {
        return Err(TimeError::Syntax);
    }
    if scanner.take(b'-') {
        read.month = scanner.two(1, 12)?;
        read.precision = Precision::Month;
        if scanner.take(b'-') {
            read.day = scanner.two(1, 31)?;
            read.precision = Precision::Day;
            if scanner.take(b'T') {
                read.time = scanner.time()?;
                read.precision = read.time.precision;
                read.zone = scanner.zone()?;
            }
        }
    }
    if !scanner.done() {
        return Err(TimeError::Syntax);
    }
    if read.day > days(read.year, read.month) {
        return Err(TimeError::Calendar);
    }
    Ok(read)
}

fn days(year: i16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}
