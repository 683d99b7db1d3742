//! Visits and blocks as the rules of booking see them: who takes part, which states follow which, and who is busy when. It
//! knows no database: the store asks it at every write (server/decisions/0030-claims-of-time.md).

mod actor;
mod calendars;
mod claims;
mod judge;
mod matching;
mod pools;
pub(crate) mod quiet;
mod rebook;
mod states;
#[cfg(test)]
mod tests;
mod visit;

pub(crate) use actor::Actor;
pub(crate) use calendars::Calendars;
pub use claims::{Actors, Claim, ClaimKind, Clash, claims_of_block};
pub(crate) use claims::{actors_of, claims_of_visit, refuse_out_of_use};
pub(crate) use judge::{Judged, Kind, Known, not_by_patients, refuse_beyond};
pub(crate) use pools::{LEVELS, Pools};
pub(crate) use quiet::TZ_CODE;
pub use rebook::Rebook;
pub use states::{Status, Transition};
pub(crate) use visit::canonical;
pub use visit::{Answer, Block, Calendar, Participant, Ruled, Visit, is_ruled};
