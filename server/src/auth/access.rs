//! [`Access`]: the permission every call of the store asks for. There is no way to data without one.

/// Why somebody may do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `VESTA_AUTH=disabled`, which only a loopback listener allows.
    AuthDisabled,
    /// What everybody may know: what the server can do.
    Public,
    /// The scopes of a token, for as long as they are all that is asked.
    Scopes,
    /// `vesta load` or the demo data of an empty database.
    Load,
    /// A background job of the server itself.
    Job,
}

/// What a request may touch. Made only by this module's constructors, never by default.
#[derive(Clone, Debug)]
pub struct Access {
    reason: Reason,
}

impl Access {
    /// Everything, for a reason that is written down with whatever is done.
    pub fn system(reason: Reason) -> Self {
        Self { reason }
    }

    /// Why this access exists.
    pub fn reason(&self) -> Reason {
        self.reason
    }
}
