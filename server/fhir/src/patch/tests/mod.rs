//! Patches of our own and the official cases.

mod json;
mod official;
mod xml;
