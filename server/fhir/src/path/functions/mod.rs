//! The functions, by the families of the specification (<http://hl7.org/fhirpath/N1/#functions>).
//!
//! Each family is a table; the parser finds a function once and the tree keeps where it stands.

mod boundary;
mod conversion;
mod encoding;
mod existence;
mod fhir;
mod filtering;
mod math;
mod references;
mod strings;
mod subsetting;
mod utility;

use super::evaluation::{Answer, Evaluation, Focus};
use super::tree::Call;
use super::{Collection, Item};

/// What a function does with its input and arguments.
pub(super) type Run =
    for<'e, 'f, 'a> fn(&Evaluation<'e, 'a>, Collection<'a>, &'a Call, Focus<'f, 'a>) -> Answer<'a>;

/// How a function takes its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// As values, computed at the focus of the call.
    Values,
    /// As expressions, computed for each item of the input.
    Expressions,
    /// The name of a type.
    Type,
    /// A regular expression first, then values; `whole` where all the text must match.
    Pattern { whole: bool },
}

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// Fewest and most arguments.
    pub(super) arguments: (u8, u8),
    pub(super) takes: Takes,
    pub(super) run: Run,
}

const fn values(name: &'static str, arguments: (u8, u8), run: Run) -> Function {
    Function {
        name,
        arguments,
        takes: Takes::Values,
        run,
    }
}

const fn expressions(name: &'static str, arguments: (u8, u8), run: Run) -> Function {
    Function {
        name,
        arguments,
        takes: Takes::Expressions,
        run,
    }
}

const fn typed(name: &'static str, run: Run) -> Function {
    Function {
        name,
        arguments: (1, 1),
        takes: Takes::Type,
        run,
    }
}

pub(super) const FAMILIES: &[&[Function]] = &[
    existence::FUNCTIONS,
    filtering::FUNCTIONS,
    subsetting::FUNCTIONS,
    conversion::FUNCTIONS,
    strings::FUNCTIONS,
    math::FUNCTIONS,
    utility::FUNCTIONS,
    boundary::FUNCTIONS,
    fhir::FUNCTIONS,
];

/// The function of that name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FAMILIES
        .iter()
        .copied()
        .flatten()
        .find(|function| function.name == name)
}

impl<'a> Evaluation<'_, 'a> {
    /// The items of an argument; none where it is not given.
    fn argument(&self, call: &'a Call, place: usize, focus: Focus<'_, 'a>) -> Answer<'a> {
        match call.arguments.get(place) {
            Some(tree) => self.run(tree, focus),
            None => Ok(Collection::empty()),
        }
    }

    /// The only item of an input.
    fn input(
        &self,
        items: Collection<'a>,
        what: &'static str,
    ) -> Result<Option<Item<'a>>, super::EvaluationError> {
        Ok(self.single(&items, what)?.cloned())
    }
}
