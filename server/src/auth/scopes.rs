//! SMART scopes of versions 1 and 2: read, normalised, compared, intersected, printed
//! (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>).

#[cfg(test)]
mod tests;

use std::fmt;

use fhir::form;
use fhir::ids::ResourceType;

use super::permissions::{Permission, Permissions};

/// The most scopes that anybody asks for or is registered with, and the longest text of them.
const SCOPES_MAX: usize = 100;
const SCOPE_BYTES_MAX: usize = 4 * 1024;

/// Whether a text of scopes has an end that can be worked with.
pub fn is_bounded(scopes: &str) -> bool {
    scopes.len() <= SCOPE_BYTES_MAX && scopes.split_ascii_whitespace().nth(SCOPES_MAX).is_none()
}

/// Whose data a scope is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeContext {
    /// The one patient of the launch.
    Patient,
    /// What the person who logged in may see.
    User,
    /// What a client may do without any person.
    System,
}

impl ScopeContext {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "patient" => Some(Self::Patient),
            "user" => Some(Self::User),
            "system" => Some(Self::System),
            _ => None,
        }
    }

    /// The word of a scope.
    pub fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::User => "user",
            Self::System => "system",
        }
    }

    /// What both allow: the patient's part of what a user may see is the patient's part.
    fn intersection(self, other: Self) -> Option<Self> {
        match (self, other) {
            (own, other) if own == other => Some(own),
            (Self::Patient, Self::User) | (Self::User, Self::Patient) => Some(Self::Patient),
            _ => None,
        }
    }
}

/// Search parameters that a resource must match, all of them: what stands behind `?` in a granular scope.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeFilter(Vec<Box<str>>);

impl ScopeFilter {
    /// Reads what stands behind the question mark; `None` where it cannot limit which resources are meant.
    fn parse(text: &str) -> Option<Self> {
        let mut parts: Vec<Box<str>> = Vec::new();
        for part in text.split('&') {
            let (name, value) = part.split_once('=')?;
            if name.is_empty() || value.is_empty() || !limits(name) {
                return None;
            }
            parts.push(part.into());
        }
        form::pairs(text).all(|pair| pair.is_ok()).then_some(())?;
        parts.sort();
        parts.dedup();
        Some(Self(parts))
    }

    /// The condition as the query of a search: `category=a|b&status=final`.
    pub fn query(&self) -> String {
        self.0.join("&")
    }

    /// Names, with modifiers, and values, percent-decoded.
    pub fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        self.0
            .iter()
            .flat_map(|part| form::pairs(part).filter_map(Result::ok))
    }

    fn and(&self, other: &Self) -> Self {
        let mut parts = [self.0.as_slice(), other.0.as_slice()].concat();
        parts.sort();
        parts.dedup();
        Self(parts)
    }

    /// Whether whatever `other` lets through is let through here too, as far as that can be told from the text.
    fn covers(&self, other: &Self) -> bool {
        self.0.iter().all(|part| other.0.contains(part))
    }
}

/// Whether a parameter says which resources are meant, rather than how they are answered.
fn limits(name: &str) -> bool {
    const UNDERSCORED: [&str; 7] = [
        "_id",
        "_tag",
        "_security",
        "_profile",
        "_source",
        "_lastUpdated",
        "_has",
    ];
    let base = name.split([':', '.']).next().unwrap_or(name);
    !base.starts_with('_') || UNDERSCORED.contains(&base)
}

/// `patient/Observation.rs?category=…`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceScope {
    /// Whose data.
    pub context: ScopeContext,
    /// Which type; `None` is `*`.
    pub resource_type: Option<ResourceType>,
    /// Only those that match; `None` is all.
    pub filter: Option<ScopeFilter>,
    /// What may be done.
    pub permissions: Permissions,
}

impl ResourceScope {
    fn parse(text: &str) -> Option<Self> {
        let (context, rest) = text.split_once('/')?;
        let (rest, filter) = match rest.split_once('?') {
            Some((rest, filter)) => (rest, Some(ScopeFilter::parse(filter)?)),
            None => (rest, None),
        };
        let (name, permissions) = rest.split_once('.')?;
        let resource_type = match name {
            "*" => None,
            name => Some(ResourceType::parse(name)?),
        };
        Some(Self {
            context: ScopeContext::parse(context)?,
            resource_type,
            filter,
            permissions: Permissions::parse(permissions)?,
        })
    }

    /// Whether it speaks of a type.
    pub fn names(&self, resource_type: ResourceType) -> bool {
        self.resource_type.is_none_or(|own| own == resource_type)
    }

    fn is_about_the_same(&self, other: &Self) -> bool {
        (self.context, self.resource_type, &self.filter)
            == (other.context, other.resource_type, &other.filter)
    }

    fn intersection(&self, other: &Self) -> Option<Self> {
        let resource_type = match (self.resource_type, other.resource_type) {
            (Some(own), Some(other)) if own != other => return None,
            (own, other) => own.or(other),
        };
        let permissions = self.permissions.intersection(other.permissions);
        let filter = match (&self.filter, &other.filter) {
            (Some(own), Some(other)) => Some(own.and(other)),
            (own, other) => own.as_ref().or(other.as_ref()).cloned(),
        };
        let context = self.context.intersection(other.context)?;
        (!permissions.is_empty()).then_some(Self {
            context,
            resource_type,
            filter,
            permissions,
        })
    }

    /// Whether all that `other` means is meant here too, apart from the letters.
    fn reaches(&self, other: &Self) -> bool {
        let filter = match (&self.filter, &other.filter) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => own.covers(other),
        };
        self.context == other.context
            && (self.resource_type.is_none() || self.resource_type == other.resource_type)
            && filter
    }
}

impl fmt::Display for ResourceScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.resource_type.map_or("*", ResourceType::name);
        write!(f, "{}/{name}.{}", self.context.name(), self.permissions)?;
        match &self.filter {
            Some(filter) => write!(f, "?{}", filter.query()),
            None => Ok(()),
        }
    }
}

/// One scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `openid`: an ID token.
    OpenId,
    /// `fhirUser`: who logged in, as a resource.
    FhirUser,
    /// `profile`: the same, as OpenID Connect calls it.
    Profile,
    /// `launch`: the context that the EHR has prepared.
    Launch,
    /// `launch/patient`: a patient is chosen before the app starts.
    LaunchPatient,
    /// `launch/encounter`: an encounter is chosen before the app starts.
    LaunchEncounter,
    /// `online_access`: a refresh token that ends with the session of the person.
    OnlineAccess,
    /// `offline_access`: a refresh token that outlives the session.
    OfflineAccess,
    /// What may be done with resources.
    Resource(ResourceScope),
}

impl Scope {
    /// The scopes that are words.
    const WORDS: [(&'static str, Self); 8] = [
        ("openid", Self::OpenId),
        ("fhirUser", Self::FhirUser),
        ("profile", Self::Profile),
        ("launch", Self::Launch),
        ("launch/patient", Self::LaunchPatient),
        ("launch/encounter", Self::LaunchEncounter),
        ("online_access", Self::OnlineAccess),
        ("offline_access", Self::OfflineAccess),
    ];

    /// Reads one scope; `None` is one that this server does not know.
    pub fn parse(text: &str) -> Option<Self> {
        let word = Self::WORDS.iter().find(|(word, _)| *word == text);
        match word {
            Some((_, scope)) => Some(scope.clone()),
            None => ResourceScope::parse(text).map(Self::Resource),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Resource(scope) = self {
            return scope.fmt(f);
        }
        let word = Self::WORDS.iter().find(|(_, scope)| scope == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

/// A way in which scopes allow something: whose data, and which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowance<'a> {
    /// Whose data.
    pub context: ScopeContext,
    /// Only those that match; `None` is all.
    pub filter: Option<&'a ScopeFilter>,
}

/// Scopes in version 2, sorted, each thing said once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

/// What a scope text says, and what of it nobody here understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedScopes {
    /// What is understood.
    pub scopes: Scopes,
    /// What is not, letter by letter: it grants nothing.
    pub dropped: Vec<Box<str>>,
}

impl Scopes {
    /// Reads scopes between spaces.
    pub fn parse(text: &str) -> ParsedScopes {
        let mut known = Vec::new();
        let mut dropped: Vec<Box<str>> = Vec::new();
        for word in text.split_ascii_whitespace() {
            match Scope::parse(word) {
                Some(scope) => known.push(scope),
                None => dropped.push(word.into()),
            }
        }
        ParsedScopes {
            scopes: known.into_iter().collect(),
            dropped,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each scope.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Whether a scope is among them, as it is written.
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// The scopes for resources.
    pub fn of_resources(&self) -> impl Iterator<Item = &ResourceScope> {
        self.0.iter().filter_map(|scope| match scope {
            Scope::Resource(scope) => Some(scope),
            _ => None,
        })
    }

    /// The ways in which something may be done with a type; any of them is enough, and none means that it may not be
    /// done. A way without a filter stands for all others of its context.
    pub fn allowances(
        &self,
        resource_type: ResourceType,
        permission: Permission,
    ) -> Vec<Allowance<'_>> {
        let mut ways: Vec<Allowance<'_>> = self
            .of_resources()
            .filter(|scope| scope.names(resource_type) && scope.permissions.contains(permission))
            .map(|scope| Allowance {
                context: scope.context,
                filter: scope.filter.as_ref(),
            })
            .collect();
        ways.sort();
        ways.dedup();
        let all: Vec<ScopeContext> = ways
            .iter()
            .filter(|way| way.filter.is_none())
            .map(|way| way.context)
            .collect();
        ways.retain(|way| way.filter.is_none() || !all.contains(&way.context));
        ways
    }

    /// What may be done with a type in any way, filtered or not.
    pub fn permissions(&self, resource_type: ResourceType) -> Permissions {
        self.of_resources()
            .filter(|scope| scope.names(resource_type))
            .fold(Permissions::default(), |all, scope| {
                all.union(scope.permissions)
            })
    }

    /// What both allow. Words are kept where both have them.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let words = self.words().filter(|scope| other.contains(scope));
        words
            .cloned()
            .chain(self.resources_of_both(other))
            .collect()
    }

    /// What is left of these scopes for a client that may have those at most: each stays in the context it was asked in.
    #[must_use]
    pub fn limited_to(&self, most: &Self) -> Self {
        let words = self.words().filter(|scope| most.contains(scope));
        let resources = self.of_resources().flat_map(|own| {
            let both = most
                .of_resources()
                .filter_map(|most| own.intersection(most));
            both.filter(|both| both.context == own.context)
        });
        let resources = resources.map(Scope::Resource);
        words.cloned().chain(resources).collect()
    }

    /// These scopes for somebody whose role allows those; a role says nothing of words, so all are kept.
    #[must_use]
    pub fn within_role(&self, role: &Self) -> Self {
        let both = self.resources_of_both(role);
        self.words().cloned().chain(both).collect()
    }

    fn words(&self) -> impl Iterator<Item = &Scope> {
        let all = self.0.iter();
        all.filter(|scope| !matches!(scope, Scope::Resource(_)))
    }

    fn resources_of_both<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Scope> + 'a {
        self.of_resources().flat_map(move |own| {
            let both = |theirs| own.intersection(theirs).map(Scope::Resource);
            other.of_resources().filter_map(both)
        })
    }

    /// Whether all that `other` allows is allowed here: what a refresh may ask for.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|scope| match scope {
            Scope::Resource(wanted) => wanted.permissions.iter().all(|permission| {
                self.of_resources()
                    .any(|own| own.permissions.contains(permission) && own.reaches(wanted))
            }),
            word => self.contains(word),
        })
    }

    /// Whether any of them is about resources in a context.
    pub fn has_context(&self, context: ScopeContext) -> bool {
        self.of_resources().any(|scope| scope.context == context)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut all: Vec<Scope> = scopes.into_iter().collect();
        // Those about the same stand together: permissions are compared last.
        all.sort();
        all.dedup_by(|next, known| match (next, known) {
            (Scope::Resource(next), Scope::Resource(known)) if known.is_about_the_same(next) => {
                known.permissions = known.permissions.union(next.permissions);
                true
            }
            (next, known) => next == known,
        });
        Self(all)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            scope.fmt(f)?;
        }
        Ok(())
    }
}
