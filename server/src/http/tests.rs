//! The HTTP side through its router, with interactions that are made up.

mod negotiation;
