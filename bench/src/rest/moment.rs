//! `timestamptz` in PostgreSQL's binary form, taken from one row and given to another as it is.

use jiff::Timestamp;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};

use crate::Result;

/// Microseconds since PostgreSQL's zero, the year 2000.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(i64);

/// Microseconds from 1970 to 2000.
const EPOCH: i64 = 946_684_800_000_000;

impl Moment {
    /// This moment, cut to milliseconds as the server cuts it.
    pub(super) fn now() -> Self {
        Self(vesta::context::now().as_microsecond() - EPOCH)
    }

    /// The same for the server's own types.
    pub(super) fn timestamp(self) -> Result<Timestamp> {
        Ok(match self.0 {
            i64::MAX => Timestamp::MAX,
            i64::MIN => Timestamp::MIN,
            finite => Timestamp::from_microsecond(finite + EPOCH)?,
        })
    }

    /// As `meta.lastUpdated` shows it.
    pub(super) fn text(self) -> Result<String> {
        Ok(format!("{:.3}", self.timestamp()?))
    }
}

impl Type<Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("timestamptz")
    }
}

impl PgHasArrayType for Moment {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("_timestamptz")
    }
}

impl Encode<'_, Postgres> for Moment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Postgres>>::encode(self.0, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Moment {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <i64 as Decode<Postgres>>::decode(value).map(Self)
    }
}
