//! What a call gave, checked against the definition, and how an operation takes it.

use fhir::json::{Document, Kind};
use fhir::resource::Resource;

use super::definition::Parameter;
use crate::error::{Error, Result};

/// The values of a call by the name of their parameter. Names, types and cardinalities have been checked.
///
/// An operation takes every parameter of its definition once, whether it was given or not, and no other; a test holds
/// all operations to that, so that definition and code cannot drift apart.
#[derive(Debug)]
pub struct Arguments<'d> {
    declared: &'d [Parameter],
    given: Vec<Given<'d>>,
    taken: Vec<&'d str>,
}

/// One value.
#[derive(Debug)]
struct Given<'d> {
    name: &'d str,
    argument: Argument<'d>,
}

/// What one parameter of a call carries.
#[derive(Debug)]
pub enum Argument<'d> {
    /// A value of a data type: its own JSON text and tape, digits as they were sent.
    Value(Document),
    /// A resource. Nothing about it has been checked but its type.
    Resource(Resource),
    /// Parameters of its own.
    Parts(Arguments<'d>),
    /// Name and value of a search parameter.
    Search(String, String),
}

/// What an argument becomes in the fields of an operation's parameters.
pub trait FromArgument<'d>: Sized {
    /// The argument as this type; `None` where the definition's type is another, which is a fault of the operation.
    fn from_argument(argument: Argument<'d>) -> Option<Self>;
}

/// The parameters of one operation, or of one parameter that has parts.
pub trait Params: Sized + Send {
    /// Takes every parameter of the definition by its name.
    fn take(arguments: &mut Arguments<'_>) -> Result<Self>;
}

/// An operation without parameters.
impl Params for () {
    fn take(_: &mut Arguments<'_>) -> Result<Self> {
        Ok(())
    }
}

impl<'d> Arguments<'d> {
    pub(super) fn new(declared: &'d [Parameter]) -> Self {
        Self {
            declared,
            given: Vec::new(),
            taken: Vec::new(),
        }
    }

    pub(super) fn declared(&self) -> &'d [Parameter] {
        self.declared
    }

    pub(super) fn push(&mut self, name: &'d str, argument: Argument<'d>) {
        self.given.push(Given { name, argument });
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.given.iter().filter(|given| given.name == name).count()
    }

    /// The value of a parameter that must be given once.
    pub fn required<T: FromArgument<'d>>(&mut self, name: &str) -> Result<T> {
        self.optional(name)?
            .ok_or_else(|| drifted(name, "is not required by the definition"))
    }

    /// The value of a parameter that may be given once.
    pub fn optional<T: FromArgument<'d>>(&mut self, name: &str) -> Result<Option<T>> {
        if self.parameter(name)?.max != Some(1) {
            return Err(drifted(name, "may repeat by the definition"));
        }
        Ok(self.take(name)?.pop())
    }

    /// The values of a parameter that may repeat, in the order they were given.
    pub fn list<T: FromArgument<'d>>(&mut self, name: &str) -> Result<Vec<T>> {
        self.parameter(name)?;
        self.take(name)
    }

    /// The values of a parameter that has parts, each bound on its own.
    pub fn parts<P: Params>(&mut self, name: &str) -> Result<Vec<P>> {
        self.parameter(name)?;
        self.remove(name)
            .into_iter()
            .map(|argument| match argument {
                Argument::Parts(parts) => parts.bind(),
                Argument::Value(_) | Argument::Resource(_) | Argument::Search(..) => {
                    Err(mistyped(name))
                }
            })
            .collect()
    }

    /// Names and values, decoded, of all search parameters that were given, in their order.
    pub fn search(&mut self, name: &str) -> Result<Vec<(String, String)>> {
        self.parameter(name)?;
        self.remove(name)
            .into_iter()
            .map(|argument| match argument {
                Argument::Search(name, value) => Ok((name, value)),
                Argument::Value(_) | Argument::Resource(_) | Argument::Parts(_) => {
                    Err(mistyped(name))
                }
            })
            .collect()
    }

    /// The parameters as an operation wants them, all of them taken.
    pub(super) fn bind<P: Params>(mut self) -> Result<P> {
        let params = P::take(&mut self)?;
        self.finish()?;
        Ok(params)
    }

    /// Ends the taking: a parameter that the operation never looked at would be ignored in silence.
    fn finish(self) -> Result<()> {
        let ignored = self
            .declared
            .iter()
            .find(|parameter| !self.taken.contains(&&*parameter.name));
        match ignored {
            None => Ok(()),
            Some(parameter) => Err(drifted(&parameter.name, "is never taken")),
        }
    }

    fn parameter(&mut self, name: &str) -> Result<&'d Parameter> {
        let parameter = self
            .declared
            .iter()
            .find(|parameter| &*parameter.name == name)
            .ok_or_else(|| drifted(name, "is not in the definition"))?;
        self.taken.push(&parameter.name);
        Ok(parameter)
    }

    fn take<T: FromArgument<'d>>(&mut self, name: &str) -> Result<Vec<T>> {
        self.remove(name)
            .into_iter()
            .map(|argument| T::from_argument(argument).ok_or_else(|| mistyped(name)))
            .collect()
    }

    fn remove(&mut self, name: &str) -> Vec<Argument<'d>> {
        let (found, rest) = self.given.drain(..).partition(|given| given.name == name);
        self.given = rest;
        let found: Vec<Given<'d>> = found;
        found.into_iter().map(|given| given.argument).collect()
    }
}

fn mistyped(name: &str) -> Error {
    drifted(name, "has another type in the definition")
}

/// Definition and code of an operation say different things.
fn drifted(name: &str, what: &str) -> Error {
    Error::internal(format!(
        "the operation takes parameter '{name}', which {what}"
    ))
}

/// Whatever it is.
impl<'d> FromArgument<'d> for Argument<'d> {
    fn from_argument(argument: Argument<'d>) -> Option<Self> {
        Some(argument)
    }
}

impl<'d> FromArgument<'d> for Resource {
    fn from_argument(argument: Argument<'d>) -> Option<Self> {
        match argument {
            Argument::Resource(resource) => Some(resource),
            Argument::Value(_) | Argument::Parts(_) | Argument::Search(..) => None,
        }
    }
}

/// Data types with elements, and numbers that must keep their digits.
impl<'d> FromArgument<'d> for Document {
    fn from_argument(argument: Argument<'d>) -> Option<Self> {
        match argument {
            Argument::Value(value) => match value.root().kind() {
                Kind::Object | Kind::Number => Some(value),
                Kind::Array | Kind::String | Kind::Boolean | Kind::Null => None,
            },
            Argument::Resource(_) | Argument::Parts(_) | Argument::Search(..) => None,
        }
    }
}

/// Every primitive type that JSON shows as a string.
impl<'d> FromArgument<'d> for String {
    fn from_argument(argument: Argument<'d>) -> Option<Self> {
        match argument {
            Argument::Value(value) => value.root().string().map(Into::into),
            Argument::Resource(_) | Argument::Parts(_) | Argument::Search(..) => None,
        }
    }
}

impl<'d> FromArgument<'d> for bool {
    fn from_argument(argument: Argument<'d>) -> Option<Self> {
        match argument {
            Argument::Value(value) => value.root().boolean(),
            Argument::Resource(_) | Argument::Parts(_) | Argument::Search(..) => None,
        }
    }
}

/// `integer`, `positiveInt` and `unsignedInt`: 32 bits by their definition.
impl<'d> FromArgument<'d> for i32 {
    fn from_argument(argument: Argument<'d>) -> Option<Self> {
        match argument {
            Argument::Value(value) => value.root().number()?.parse().ok(),
            Argument::Resource(_) | Argument::Parts(_) | Argument::Search(..) => None,
        }
    }
}
