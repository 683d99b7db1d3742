//! The selectors of RFC 5261 §4.1: a path of child steps with predicates, ending in an element, an attribute or a
//! text, comment or processing instruction.
//!
//! One thing more is read, since FHIR's values are attributes: a predicate may compare a path of children, as in
//! `f:Patient/f:name[f:use/@value='official']`.

use super::tree::{Attribute, Content, NodeId, Tree};
use crate::xml::{Binding, FHIR_NAMESPACE, XHTML_NAMESPACE, XML_NAMESPACE};

/// What a selector stands for in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selected {
    Node(NodeId),
    /// An attribute, by its place among those of an element.
    Attribute(NodeId, usize),
}

#[derive(Clone, Debug)]
struct Step {
    test: Test,
    predicates: Vec<Predicate>,
}

#[derive(Clone, Debug)]
enum Test {
    /// A child element; no name is `*`.
    Element(Option<Name>),
    Attribute(Name),
    Text,
    Comment,
    /// A processing instruction, of a target where one is named.
    Instruction(Option<String>),
}

#[derive(Clone, Debug)]
struct Name {
    namespace: String,
    local: String,
}

#[derive(Clone, Debug)]
enum Predicate {
    Position(usize),
    Equals(Vec<Step>, String),
}

/// A selector that has been read.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    steps: Vec<Step>,
}

impl Selector {
    /// Reads a selector; an error is a sentence. Prefixes are those in scope at the operation; `f` and `h` are FHIR's
    /// and XHTML's, as in the specification's own paths, unless the patch says otherwise.
    pub(super) fn parse(text: &str, scope: &[Binding<'_>]) -> Result<Self, &'static str> {
        if text.len() > LENGTH_MAX {
            return Err("'sel' is too long");
        }
        let mut parser = Parser {
            rest: text.trim(),
            scope,
            in_predicate: false,
        };
        parser.take("/");
        let steps = parser.path()?;
        match parser.rest.is_empty() {
            true => Ok(Self { steps }),
            false => Err(UNREAD),
        }
    }

    /// Whether it asks for a comment or a processing instruction.
    pub(super) fn is_of_no_content(&self) -> bool {
        let last = self.steps.last().map(|step| &step.test);
        matches!(last, Some(Test::Comment | Test::Instruction(_)))
    }

    /// All places it stands for.
    pub(super) fn find(&self, tree: &Tree<'_>) -> Vec<Selected> {
        select(tree, 0, &self.steps)
    }
}

/// Longest selector, in bytes: each predicate costs a look at every candidate.
const LENGTH_MAX: usize = 1024;

const UNREAD: &str = "'sel' is not a selector of RFC 5261";

struct Parser<'t, 's> {
    rest: &'t str,
    scope: &'s [Binding<'s>],
    /// Predicates do not nest.
    in_predicate: bool,
}

impl<'t> Parser<'t, '_> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn path(&mut self) -> Result<Vec<Step>, &'static str> {
        let mut steps = vec![self.step()?];
        while self.take("/") {
            let is_last = |test: &Test| !matches!(test, Test::Element(_));
            if steps.last().is_some_and(|step| is_last(&step.test)) {
                return Err(UNREAD);
            }
            steps.push(self.step()?);
        }
        Ok(steps)
    }

    fn step(&mut self) -> Result<Step, &'static str> {
        let test = if self.take("@") {
            Test::Attribute(self.name(false)?)
        } else if self.take("*") {
            Test::Element(None)
        } else if self.take("text()") {
            Test::Text
        } else if self.take("comment()") {
            Test::Comment
        } else if self.take("processing-instruction(") {
            let target = match self.rest.starts_with(['\'', '"']) {
                true => Some(self.literal()?),
                false => None,
            };
            if !self.take(")") {
                return Err(UNREAD);
            }
            Test::Instruction(target)
        } else {
            Test::Element(Some(self.name(true)?))
        };
        let mut predicates = Vec::new();
        while !self.in_predicate && self.take("[") {
            predicates.push(self.predicate()?);
        }
        Ok(Step { test, predicates })
    }

    fn predicate(&mut self) -> Result<Predicate, &'static str> {
        self.space();
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let predicate = if digits > 0 {
            let (number, rest) = self.rest.split_at(digits);
            self.rest = rest;
            let position = number.parse().ok().filter(|position| *position > 0);
            Predicate::Position(position.ok_or(UNREAD)?)
        } else {
            self.in_predicate = true;
            let path = match self.take(".") {
                true => Vec::new(),
                false => self.path()?,
            };
            self.in_predicate = false;
            self.space();
            if !self.take("=") {
                return Err(UNREAD);
            }
            self.space();
            Predicate::Equals(path, self.literal()?)
        };
        self.space();
        match self.take("]") {
            true => Ok(predicate),
            false => Err(UNREAD),
        }
    }

    fn literal(&mut self) -> Result<String, &'static str> {
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|first| matches!(first, '\'' | '"'))
            .ok_or(UNREAD)?;
        let (value, rest) = self.rest[1..].split_once(quote).ok_or(UNREAD)?;
        self.rest = rest;
        Ok(value.to_owned())
    }

    /// A name and its namespace; one without prefix is in the default namespace if it is an element's (RFC 5261 §4.2.2).
    fn name(&mut self, is_element: bool) -> Result<Name, &'static str> {
        let prefix_or_local = self.plain_name()?;
        let (prefix, local) = match self.rest.strip_prefix(':') {
            Some(rest) if !rest.starts_with(':') => {
                self.rest = rest;
                (prefix_or_local, self.plain_name()?)
            }
            _ => ("", prefix_or_local),
        };
        let declared = self.scope.iter().rfind(|one| one.prefix == prefix);
        let namespace = match (declared, prefix) {
            (_, "") if !is_element => "",
            (Some(binding), _) => &binding.namespace,
            (None, "") => "",
            (None, "f") => FHIR_NAMESPACE,
            (None, "h") => XHTML_NAMESPACE,
            (None, "xml") => XML_NAMESPACE,
            (None, _) => return Err("'sel' uses a prefix that is not declared"),
        };
        Ok(Name {
            namespace: namespace.to_owned(),
            local: local.to_owned(),
        })
    }

    fn plain_name(&mut self) -> Result<&'t str, &'static str> {
        let is_end = |character: char| {
            !(character.is_alphanumeric() || matches!(character, '_' | '-' | '.'))
        };
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        match name.is_empty() {
            true => Err(UNREAD),
            false => Ok(name),
        }
    }
}

fn select(tree: &Tree<'_>, context: NodeId, steps: &[Step]) -> Vec<Selected> {
    let Some((step, rest)) = steps.split_first() else {
        return vec![Selected::Node(context)];
    };
    let mut found = candidates(tree, context, &step.test);
    for predicate in &step.predicates {
        found = match predicate {
            Predicate::Position(position) => {
                found.into_iter().nth(position - 1).into_iter().collect()
            }
            Predicate::Equals(path, value) => found
                .into_iter()
                .filter(|one| is_equal(tree, one, path, value))
                .collect(),
        };
    }
    if rest.is_empty() {
        return found;
    }
    found
        .into_iter()
        .flat_map(|one| match one {
            Selected::Node(node) => select(tree, node, rest),
            Selected::Attribute(..) => Vec::new(),
        })
        .collect()
}

fn candidates(tree: &Tree<'_>, context: NodeId, test: &Test) -> Vec<Selected> {
    if let Test::Attribute(name) = test {
        let attributes = tree.element(context).map(|element| &element.attributes);
        let is_it =
            |one: &Attribute<'_>| one.local == *name.local && one.namespace == *name.namespace;
        return attributes
            .and_then(|attributes| attributes.iter().position(is_it))
            .map(|place| Selected::Attribute(context, place))
            .into_iter()
            .collect();
    }
    let is_it = |child: &&NodeId| match (&tree.node(**child).content, test) {
        (Content::Element(_), Test::Element(None))
        | (Content::Text(_), Test::Text)
        | (Content::Comment(_), Test::Comment)
        | (Content::Instruction(_), Test::Instruction(None)) => true,
        (Content::Element(element), Test::Element(Some(name))) => {
            element.local == name.local && element.namespace == *name.namespace
        }
        (Content::Instruction(raw), Test::Instruction(Some(target))) => raw
            .strip_prefix("<?")
            .and_then(|raw| raw.strip_prefix(target.as_str()))
            .is_some_and(|rest| rest.starts_with([' ', '\t', '\n', '\r', '?'])),
        _ => false,
    };
    tree.children(context)
        .iter()
        .filter(is_it)
        .map(|child| Selected::Node(*child))
        .collect()
}

fn is_equal(tree: &Tree<'_>, one: &Selected, path: &[Step], value: &str) -> bool {
    let text = |selected: &Selected| match selected {
        Selected::Node(node) => tree.string_value(*node),
        Selected::Attribute(node, place) => tree
            .element(*node)
            .and_then(|element| element.attributes.get(*place))
            .map(|attribute| attribute.value.to_string())
            .unwrap_or_default(),
    };
    match one {
        Selected::Node(node) if !path.is_empty() => select(tree, *node, path)
            .iter()
            .any(|selected| text(selected) == value),
        _ => path.is_empty() && text(one) == value,
    }
}
