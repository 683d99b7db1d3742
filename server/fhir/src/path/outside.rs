//! What an expression asks for that a resource alone never tells: a clock, terminology, profiles, other resources,
//! variables nobody supplies. Whoever evaluates without services refuses it before it meets data.

use super::functions::Takes;
use super::tree::{Call, Literal, Operator, Step, Tree};
use super::{EvaluationError, Expression};

impl Expression {
    /// The first thing an evaluation with nothing but the element table
    /// ([`Environment::new`](super::Environment::new)) could not answer, whatever the resource; none where there is no
    /// such thing.
    pub fn outside(&self) -> Option<EvaluationError> {
        leads_elsewhere(&self.tree, false).err()
    }
}

/// Whether a tree gives resources that are elsewhere, of which only the type is known.
fn leads_elsewhere(tree: &Tree, focus: bool) -> Result<bool, EvaluationError> {
    Ok(match tree {
        Tree::Empty | Tree::Literal(_) | Tree::Index | Tree::Total => false,
        Tree::This => focus,
        Tree::Variable(name) => match is_known(name) {
            true => false,
            false => return Err(EvaluationError::UnknownVariable(name.clone())),
        },
        Tree::Path { base, steps } => {
            let from = match base {
                Some(base) => leads_elsewhere(base, focus)?,
                None => focus,
            };
            let is_type = base.is_none() && steps.first().is_some_and(may_be_type);
            if from && steps.len() > usize::from(is_type) {
                let what = "the content of a resource that is elsewhere";
                return Err(EvaluationError::NotSupported(what));
            }
            from
        }
        Tree::Call(call) => called(call, focus)?,
        Tree::Indexer(base, index) => {
            leads_elsewhere(index, focus)?;
            leads_elsewhere(base, focus)?
        }
        Tree::Polarity(_, tree) | Tree::Once(_, tree) => leads_elsewhere(tree, focus)?,
        Tree::Binary(operator, left, right) => {
            let (left, right) = (
                leads_elsewhere(left, focus)?,
                leads_elsewhere(right, focus)?,
            );
            *operator == Operator::Union && left && right
        }
        Tree::TypeOperator { is, base, .. } => leads_elsewhere(base, focus)? && !is,
    })
}

fn called(call: &Call, focus: bool) -> Result<bool, EvaluationError> {
    let name = call.function.name;
    let input = match &call.base {
        Some(base) => leads_elsewhere(base, focus)?,
        None => focus,
    };
    let inner = match call.function.takes {
        Takes::Expressions => input,
        Takes::Values | Takes::Type | Takes::Pattern { .. } => focus,
    };
    for argument in &call.arguments {
        leads_elsewhere(argument, inner)?;
    }
    if SERVICES.contains(&name) {
        return Err(EvaluationError::NotSupported(name));
    }
    if let Some((_, formats)) = FORMATS.iter().find(|one| one.0 == name)
        && let Some(Tree::Literal(Literal::String(format))) = call.arguments.first()
        && !formats.contains(&&**format)
    {
        return Err(EvaluationError::NotSupported("a format of this name"));
    }
    Ok(match name {
        "resolve" => true,
        "where" | "ofType" | "as" | "first" | "last" | "single" | "tail" | "skip" | "take"
        | "distinct" | "trace" => input,
        _ => false,
    })
}

/// Functions that are answered by somebody else, or by nobody.
const SERVICES: [&str; 10] = [
    "now",
    "today",
    "timeOfDay",
    "conformsTo",
    "memberOf",
    "subsumes",
    "subsumedBy",
    "htmlChecks",
    "elementDefinition",
    "slice",
];

/// What the functions that write a text otherwise know.
const FORMATS: [(&str, &[&str]); 4] = [
    ("encode", &["hex", "base64", "urlbase64"]),
    ("decode", &["hex", "base64", "urlbase64"]),
    ("escape", &["html", "json"]),
    ("unescape", &["html", "json"]),
];

fn is_known(variable: &str) -> bool {
    let names = [
        "context",
        "resource",
        "rootResource",
        "sct",
        "loinc",
        "ucum",
    ];
    names.contains(&variable) || variable.starts_with("vs-") || variable.starts_with("ext-")
}

fn may_be_type(step: &Step) -> bool {
    step.may_be_type
        && step
            .name
            .starts_with(|letter: char| letter.is_ascii_uppercase())
}
