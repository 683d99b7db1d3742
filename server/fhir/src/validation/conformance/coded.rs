//! Codes and the value sets they come from (<https://hl7.org/fhir/R4/terminologies.html#strength>). What value sets hold
//! is asked of a [`Terminology`]; what that does not know becomes a [`CodeQuestion`].

use std::borrow::Cow;

use super::Check;
use crate::definitions::codes::{CodeSets, Membership};
use crate::definitions::structure::{Binding, BindingStrength, Shape};
use crate::json::Value;
use crate::outcome::{Issue, IssueType, Severity};
use crate::path::{Item, Node};
use crate::terminology::concept::Coding;
use crate::validation::findings::{Findings, Path};

/// Answers whether codes belong to value sets.
pub trait Terminology {
    /// Whether a code belongs to the value set of a canonical URL; without a system, whether any system's does. `None`
    /// where that is not known here.
    fn contains(&self, value_set: &str, system: Option<&str>, code: &str) -> Option<bool>;
}

impl Terminology for CodeSets {
    fn contains(&self, value_set: &str, system: Option<&str>, code: &str) -> Option<bool> {
        match self.by_canonical(value_set)?.membership(system, code) {
            Membership::In => Some(true),
            Membership::Out => Some(false),
            Membership::Unknown => None,
        }
    }
}

/// Whether one of some codes belongs to a value set, and what is to be said where none does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeQuestion {
    /// The canonical URL of the value set.
    pub value_set: Box<str>,
    /// System and code of each coding; one of them must belong to it.
    pub codings: Vec<(Option<Box<str>>, Box<str>)>,
    /// The finding where none does.
    pub issue: Issue,
}

/// A coding, and what is to be said of it where its code system does not have the code, or has another text for it: the
/// sentence is the terminology's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCoding {
    /// It, with a system and a code.
    pub coding: Coding,
    /// A warning without a sentence.
    pub issue: Issue,
}

/// How many codings are told of at most.
const CODINGS_MAX: usize = 1_000;

/// A code and its system.
pub(super) type Code<'c> = (Option<Cow<'c, str>>, Cow<'c, str>);

impl<'a> Check<'_, 'a> {
    /// A binding of the type itself. Required codes are part of the structural check; what is weaker is told here.
    pub(super) fn binding_of_type(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        binding: &Binding,
        path: &Path<'_>,
    ) {
        if binding.strength == BindingStrength::Extensible && self.validator.strictness.warnings {
            self.bound(out, node, (Severity::Warning, &binding.value_set), path);
        }
    }

    /// Takes note of a coding, where warnings are asked for.
    pub(super) fn coding(&self, node: Node<'a>, path: &Path<'_>) {
        if let Some(value) = node.value {
            self.found(Coding::read(value), (path.to_string(), value));
        }
    }

    /// The same of the unit of a quantity: it is coded by `system` and `code`.
    pub(super) fn unit(&self, node: Node<'a>, path: &Path<'_>) {
        let text = |name| Some(node.value?.get(name)?.string()?.as_ref().into());
        if let Some(code) = node.value.and_then(|value| value.get("code")) {
            let unit = Coding {
                system: text("system"),
                code: text("code"),
                ..Coding::default()
            };
            self.found(unit, (path.member("code").to_string(), code));
        }
    }

    fn found(&self, coding: Coding, (place, value): (String, Value<'a>)) {
        if !self.validator.strictness.warnings {
            return;
        }
        let mut codings = self.codings.borrow_mut();
        if coding.system.is_some() && coding.code.is_some() && codings.len() < CODINGS_MAX {
            let issue = Issue::new(Severity::Warning, IssueType::CodeInvalid, "")
                .at(place)
                .positioned(value.position());
            codings.push(FoundCoding { coding, issue });
        }
    }

    /// A binding that a profile gives.
    pub(super) fn binding(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        binding: &Binding,
        path: &Path<'_>,
    ) {
        if let Some(maximum) = &binding.maximum {
            self.bound(out, node, (Severity::Error, maximum), path);
        }
        let severity = match binding.strength {
            BindingStrength::Required => Severity::Error,
            BindingStrength::Extensible => Severity::Warning,
            BindingStrength::Preferred => Severity::Information,
            BindingStrength::Example => return,
        };
        if severity > Severity::Error && !self.validator.strictness.warnings {
            return;
        }
        self.bound(out, node, (severity, &binding.value_set), path);
    }

    fn bound(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        (severity, value_set): (Severity, &str),
        path: &Path<'_>,
    ) {
        let Some(value) = node.value else { return };
        let Some(codes) = codes(value, self.shape(node)) else {
            return;
        };
        if codes.is_empty() {
            // A text or an extension says why there is no code, and an extensible binding takes that.
            let has_other = value
                .members()
                .any(|(name, _)| matches!(&*name, "text" | "extension" | "value" | "display"));
            if severity == Severity::Error || !has_other {
                let text = format!("has no code; it must have one of the value set {value_set}");
                self.note(out, severity, (path, value), (IssueType::CodeInvalid, text));
            }
            return;
        }
        let text = match severity {
            Severity::Error | Severity::Fatal => {
                format!("has no code of the value set {value_set}, which is required")
            }
            Severity::Warning => format!(
                "has no code of the value set {value_set}, from which it must come where one fits"
            ),
            Severity::Information => {
                format!("has no code of the value set {value_set}, which is recommended")
            }
        };
        match self.is_one_in(&codes, value_set) {
            Some(true) => {}
            Some(false) => {
                self.note(out, severity, (path, value), (IssueType::CodeInvalid, text));
            }
            None => {
                let issue = Issue::new(severity, IssueType::CodeInvalid, text)
                    .at(path.to_string())
                    .positioned(value.position());
                self.ask(value_set, &codes, issue);
            }
        }
    }

    /// Leaves open whether one of these codes belongs to a value set, and what is to be said where none does.
    pub(super) fn ask(&self, value_set: &str, codes: &[Code<'_>], issue: Issue) {
        let owned =
            |(system, code): &Code<'_>| (system.as_deref().map(Box::from), Box::from(&**code));
        let question = CodeQuestion {
            value_set: value_set.into(),
            codings: codes.iter().map(owned).collect(),
            issue,
        };
        let mut questions = self.questions.borrow_mut();
        if questions.len() < super::super::ISSUES_MAX && !questions.contains(&question) {
            questions.push(question);
        }
    }

    fn is_one_in(&self, codes: &[Code<'_>], value_set: &str) -> Option<bool> {
        let mut answer = Some(false);
        for (system, code) in codes {
            let terminology = self.validator.terminology;
            match terminology.contains(value_set, system.as_deref(), code) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => answer = None,
            }
        }
        answer
    }

    /// Whether a coded node belongs to a value set, as far as that is known here.
    pub(super) fn is_node_in(&self, node: Node<'a>, value_set: &str) -> Option<bool> {
        let codes = codes(node.value?, self.shape(node))?;
        self.is_one_in(&codes, value_set)
    }

    /// The service behind `memberOf()`.
    pub(super) fn is_member(&self, item: &Item<'_>, value_set: &str) -> Option<bool> {
        match item {
            Item::String(code) => self.is_one_in(&[(None, Cow::Borrowed(code))], value_set),
            item => self.is_node_in(self.world.own(item.node()?)?, value_set),
        }
    }

    fn shape(&self, node: Node<'a>) -> Shape {
        self.definitions().structures.get(node.type_id).shape
    }
}

/// The codes of a coded value; `None` for a value that has none by its type.
fn codes(value: Value<'_>, shape: Shape) -> Option<Vec<Code<'_>>> {
    match shape {
        Shape::Primitive(_) => Some(
            value
                .string()
                .map(|code| (None, code))
                .into_iter()
                .collect(),
        ),
        Shape::Coding | Shape::Quantity => Some(coding(value).into_iter().collect()),
        Shape::CodeableConcept => {
            let codings = value.get("coding").into_iter().flat_map(Value::items);
            Some(codings.filter_map(coding).collect())
        }
        Shape::Plain | Shape::AnyResource | Shape::Extension | Shape::Reference => None,
    }
}

/// System and code. A coding without a system is of no system, not of any.
fn coding(value: Value<'_>) -> Option<Code<'_>> {
    let code = value.get("code")?.string()?;
    let system = value.get("system").and_then(Value::string);
    Some((Some(system.unwrap_or_default()), code))
}
