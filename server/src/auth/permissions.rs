//! The letters c, r, u, d and s of a scope
//! (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources>).

use std::fmt;

/// One thing that may be done with resources of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// `c`: create.
    Create,
    /// `r`: read, vread and the history of one resource.
    Read,
    /// `u`: update and patch.
    Update,
    /// `d`: delete.
    Delete,
    /// `s`: search, and the history of a type.
    Search,
}

impl Permission {
    /// All, in the order in which a scope names them.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Search,
    ];

    /// The letter of a scope.
    pub fn letter(self) -> char {
        match self {
            Self::Create => 'c',
            Self::Read => 'r',
            Self::Update => 'u',
            Self::Delete => 'd',
            Self::Search => 's',
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Create => 1,
            Self::Read => 2,
            Self::Update => 4,
            Self::Delete => 8,
            Self::Search => 16,
        }
    }
}

/// Some of c, r, u, d and s.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permissions(u8);

impl Permissions {
    /// `cruds`, which version 1 writes `*`.
    pub const ALL: Self = Self(31);
    /// `cud`, which version 1 writes `write`.
    pub const WRITE: Self = Self(1 | 4 | 8);
    /// `rs`, which version 1 writes `read`.
    pub const READ: Self = Self(2 | 16);

    /// Reads one or more letters in the order c, r, u, d, s, or a word of version 1.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => return Some(Self::READ),
            "write" => return Some(Self::WRITE),
            "*" => return Some(Self::ALL),
            _ => {}
        }
        let mut letters = text.chars().peekable();
        let mut bits = 0;
        for permission in Permission::ALL {
            if letters.next_if_eq(&permission.letter()).is_some() {
                bits |= permission.bit();
            }
        }
        (bits != 0 && letters.peek().is_none()).then_some(Self(bits))
    }

    /// Whether one of them is there.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether none is there.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What either has.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both have.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Each that is there, in order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .into_iter()
            .filter(move |permission| self.contains(*permission))
    }
}

impl From<Permission> for Permissions {
    fn from(permission: Permission) -> Self {
        Self(permission.bit())
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|permission| {
            let letter: char = permission.letter();
            write!(f, "{letter}")
        })
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
