//! The audit trail, apart from its tables: what a record says, the AuditEvents it is shown as, the chain that links them
//! and the key that signs it (<https://hl7.org/fhir/R4/auditevent.html>, server/AUDIT.md).

mod chain;
mod codes;
mod event;
mod head;
mod key;
mod record;
mod refused;
mod security;
#[cfg(test)]
mod tests;

pub use crate::context::AuditedResource;
pub use chain::{Checkpoint, Digest, GENESIS, Link, link};
pub use event::{AuditEventId, AuditRow, event};
pub use head::{HeadError, HeadFile, KnownHead};
pub use key::{AuditKey, KeyError};
pub(crate) use record::{AuditIndex, element, rows};
pub use record::{AuditRecord, AuditSource, Who};
pub use refused::RefusedRequest;
pub use security::{SecurityEvent, SecurityEventKind};
