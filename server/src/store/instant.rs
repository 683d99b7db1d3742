//! Instants on the wire: `timestamptz` in PostgreSQL's binary form, with infinity at both ends of time.

use jiff::Timestamp;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};

/// A moment as the database knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Timestamp);

/// Microseconds from 1970 to 2000, PostgreSQL's zero.
const EPOCH: i64 = 946_684_800_000_000;

/// PostgreSQL's time begins in 4714 BC, ours before: what lies earlier is minus infinity.
const EARLIEST: i64 = -210_866_803_200_000_000;

impl Type<Postgres> for Instant {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("timestamptz")
    }
}

impl PgHasArrayType for Instant {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("_timestamptz")
    }
}

impl Encode<'_, Postgres> for Instant {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let microseconds = match self.0 {
            at if at == Timestamp::MAX => i64::MAX,
            at if at.as_microsecond() < EARLIEST => i64::MIN,
            at => at.as_microsecond().saturating_sub(EPOCH),
        };
        <i64 as Encode<Postgres>>::encode(microseconds, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Instant {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.format() == PgValueFormat::Text {
            return Err("instants are read in binary form".into());
        }
        let microseconds = <i64 as Decode<Postgres>>::decode(value)?;
        match microseconds {
            i64::MAX => Ok(Self(Timestamp::MAX)),
            i64::MIN => Ok(Self(Timestamp::MIN)),
            finite => Ok(Self(Timestamp::from_microsecond(
                finite.saturating_add(EPOCH),
            )?)),
        }
    }
}
