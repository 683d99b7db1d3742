//! Code systems in the files their publishers give out, read row by row: what a file says of a code goes on as a
//! [`Piece`] at once, and nothing is kept that grows with the texts (server/decisions/0019-imported-code-systems.md).

mod bounded;
pub mod columns;
mod fault;
pub mod head;
pub mod icd_10_cm;
mod icd_categories;
pub mod loinc;
mod piece;
pub mod snomed;
pub mod snomed_names;
mod table;
#[cfg(test)]
mod tests;

pub use fault::ImportFault;
pub use piece::{Piece, PieceKind};

/// Takes what is read; false where nobody wants more.
pub type Sink<'a> = dyn FnMut(Piece) -> bool + 'a;

/// Hands a piece on, and ends the reading where nobody wants more.
fn give(sink: &mut Sink<'_>, piece: Piece) -> Result<(), ImportFault> {
    match sink(piece) {
        true => Ok(()),
        false => Err(ImportFault::Ended),
    }
}
