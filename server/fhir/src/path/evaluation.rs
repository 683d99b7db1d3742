//! Walking the tree: what each kind of node makes of its focus.

use std::borrow::Cow;
use std::cell::Cell;

use super::collection::Collection;
use super::environment::Environment;
use super::item::{Item, Node};
use super::memo::Memo;
use super::tree::{Call, Operator, Tree};
use super::{EvaluationError, Expression, comparison, equality, operators};

pub(super) type Answer<'a> = Result<Collection<'a>, EvaluationError>;

/// One evaluation: its environment and what it has cost so far.
pub(super) struct Evaluation<'e, 'a> {
    pub(super) environment: &'e Environment<'a>,
    pub(super) resource: Option<Node<'a>>,
    pub(super) context: Item<'a>,
    pub(super) memo: Memo<'a>,
    steps: Cell<u32>,
}

/// What `$this`, `$index` and `$total` mean where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct Focus<'f, 'a> {
    pub(super) this: Option<&'f Item<'a>>,
    pub(super) index: Option<usize>,
    pub(super) total: Option<&'f Collection<'a>>,
}

/// Evaluates an expression on one item.
pub fn evaluate<'a>(
    expression: &'a Expression,
    focus: Item<'a>,
    environment: &Environment<'a>,
) -> Result<Collection<'a>, EvaluationError> {
    let evaluation = Evaluation::new(focus.clone(), environment);
    evaluation.run(&expression.tree, Focus::root(&focus))
}

/// The same within a budget of steps that several evaluations share: what this one costs is taken from it.
pub fn evaluate_within<'a>(
    expression: &'a Expression,
    focus: Item<'a>,
    environment: &Environment<'a>,
    steps: &mut u32,
) -> Result<Collection<'a>, EvaluationError> {
    let mut environment = *environment;
    environment.limits.steps = *steps;
    let evaluation = Evaluation::new(focus.clone(), &environment);
    let answer = evaluation.run(&expression.tree, Focus::root(&focus));
    *steps = steps.saturating_sub(evaluation.steps.get());
    answer
}

/// What an expression says of an item as a condition; nothing where it says nothing, which breaks no invariant.
pub fn condition<'a>(
    expression: &'a Expression,
    focus: Item<'a>,
    environment: &Environment<'a>,
) -> Result<Option<bool>, EvaluationError> {
    let evaluation = Evaluation::new(focus.clone(), environment);
    evaluation.boolean(&expression.tree, Focus::root(&focus))
}

/// The same within a budget of steps that several conditions share: what this one costs is taken from it.
pub fn condition_within<'a>(
    expression: &'a Expression,
    focus: Item<'a>,
    environment: &Environment<'a>,
    steps: &mut u32,
) -> Result<Option<bool>, EvaluationError> {
    let mut environment = *environment;
    environment.limits.steps = environment.limits.steps.min(*steps);
    let evaluation = Evaluation::new(focus.clone(), &environment);
    let answer = evaluation.boolean(&expression.tree, Focus::root(&focus));
    *steps = steps.saturating_sub(evaluation.steps.get());
    answer
}

impl<'f, 'a> Focus<'f, 'a> {
    fn root(item: &'f Item<'a>) -> Self {
        Self {
            this: Some(item),
            index: None,
            total: None,
        }
    }

    /// The focus of one item of a list.
    pub(super) fn item(self, item: &'f Item<'a>, index: usize) -> Self {
        Self {
            this: Some(item),
            index: Some(index),
            total: self.total,
        }
    }
}

impl<'e, 'a> Evaluation<'e, 'a> {
    fn new(focus: Item<'a>, environment: &'e Environment<'a>) -> Self {
        let structures = environment.structures;
        let node = focus.node();
        let own = || {
            node.filter(|node| {
                structures.get(node.type_id).kind
                    == crate::definitions::structure::TypeKind::Resource
            })
        };
        let resource = environment.resource.or_else(own);
        Self {
            environment,
            resource,
            context: focus,
            memo: Memo::default(),
            steps: Cell::new(0),
        }
    }

    /// `%rootResource`: as supplied, or the outermost of the document unless that only collects others.
    pub(super) fn root_resource(&self) -> Option<Node<'a>> {
        let structures = self.environment.structures;
        let outermost = || {
            let root = Node::resource(self.context.node()?.value?.document().root(), structures)?;
            let collects = matches!(&*structures.get(root.type_id).name, "Bundle" | "Parameters");
            (!collects || self.resource.is_none()).then_some(root)
        };
        let supplied = self.environment.root_resource;
        supplied.or_else(outermost).or(self.resource)
    }

    /// Counts work; an error once there was too much.
    pub(super) fn charge(&self, steps: usize) -> Result<(), EvaluationError> {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        let all = self.steps.get().saturating_add(steps);
        self.steps.set(all);
        if all > self.environment.limits.steps {
            return Err(EvaluationError::Limit("steps"));
        }
        Ok(())
    }

    /// Adds to a collection that must not grow beyond its limit.
    pub(super) fn push(
        &self,
        collection: &mut Collection<'a>,
        item: Item<'a>,
    ) -> Result<(), EvaluationError> {
        self.charge(1 + weight(&item))?;
        if collection.len() >= self.environment.limits.items as usize {
            return Err(EvaluationError::Limit("items"));
        }
        collection.push(item);
        Ok(())
    }

    /// A string an expression has made, if it is not too long.
    pub(super) fn text(&self, text: String) -> Answer<'a> {
        self.charge(text.len() / 64)?;
        if text.len() > self.environment.limits.string_bytes as usize {
            return Err(EvaluationError::Limit("characters"));
        }
        Ok(Item::String(text.into()).into())
    }

    pub(super) fn run(&self, tree: &'a Tree, focus: Focus<'_, 'a>) -> Answer<'a> {
        self.charge(1)?;
        match tree {
            Tree::Empty => Ok(Collection::empty()),
            Tree::Literal(literal) => Ok(literal.item().into()),
            Tree::Variable(name) => self.variable(name),
            Tree::This => self.this(focus),
            Tree::Index => Ok(focus
                .index
                .and_then(|index| i32::try_from(index).ok())
                .map(Item::Integer)
                .into()),
            Tree::Total => {
                let total = focus.total.map_or(&[][..], |total| total);
                self.charge(total.iter().map(|item| 1 + weight(item)).sum())?;
                Ok(focus.total.cloned().unwrap_or_default())
            }
            Tree::Path { base, steps } => self.path(base.as_deref(), steps, focus),
            Tree::Call(call) => self.call(call, focus),
            Tree::Indexer(base, index) => self.indexer(base, index, focus),
            Tree::Polarity(negative, operand) => {
                operators::polarity(self.run(operand, focus)?, *negative, self)
            }
            Tree::Binary(operator, left, right) => self.binary(*operator, left, right, focus),
            Tree::Once(slot, tree) => self.once_more(*slot, tree, focus),
            Tree::TypeOperator { is, base, name } => {
                let base = self.run(base, focus)?;
                if *is {
                    self.is(&base, name)
                } else {
                    self.cast(base, name, "as")
                }
            }
        }
    }

    /// `$this`, which is copied where it is a text an expression has made.
    fn this(&self, focus: Focus<'_, 'a>) -> Answer<'a> {
        self.charge(focus.this.map_or(0, weight))?;
        Ok(focus.this.cloned().into())
    }

    fn call(&self, call: &'a Call, focus: Focus<'_, 'a>) -> Answer<'a> {
        let input = match &call.base {
            Some(base) => self.run(base, focus)?,
            None => self.this(focus)?,
        };
        (call.function.run)(self, input, call, focus)
    }

    fn indexer(&self, base: &'a Tree, index: &'a Tree, focus: Focus<'_, 'a>) -> Answer<'a> {
        let base = self.run(base, focus)?;
        let index = self.run(index, focus)?;
        let Some(index) = self.integer(&index, "[]")? else {
            return Ok(Collection::empty());
        };
        let place = usize::try_from(index).ok();
        Ok(place.and_then(|place| base.get(place).cloned()).into())
    }

    fn binary(
        &self,
        operator: Operator,
        left: &'a Tree,
        right: &'a Tree,
        focus: Focus<'_, 'a>,
    ) -> Answer<'a> {
        match operator {
            Operator::Implies
            | Operator::Or
            | Operator::Xor
            | Operator::And
            | Operator::In
            | Operator::Contains
            | Operator::Equal
            | Operator::NotEqual
            | Operator::Equivalent
            | Operator::NotEquivalent
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => Ok(self.predicate(operator, left, right, focus)?.into()),
            Operator::Union => {
                let mut all = self.run(left, focus)?;
                let more = self.run(right, focus)?;
                self.charge(all.len() + more.len())?;
                all.extend(more);
                self.distinct(all)
            }
            Operator::Add
            | Operator::Subtract
            | Operator::Concatenate
            | Operator::Multiply
            | Operator::Divide
            | Operator::Div
            | Operator::Mod => {
                let (left, right) = (self.run(left, focus)?, self.run(right, focus)?);
                operators::arithmetic(operator, left, right, self)
            }
        }
    }

    /// A tree as a condition: true, false or nothing.
    pub(super) fn boolean(
        &self,
        tree: &'a Tree,
        focus: Focus<'_, 'a>,
    ) -> Result<Option<bool>, EvaluationError> {
        if let Tree::Binary(operator, left, right) = tree
            && operators::is_predicate(*operator)
        {
            self.charge(1)?;
            return self.predicate(*operator, left, right, focus);
        }
        let items = self.run(tree, focus)?;
        self.as_boolean(&items, "a condition")
    }

    fn predicate(
        &self,
        operator: Operator,
        left: &'a Tree,
        right: &'a Tree,
        focus: Focus<'_, 'a>,
    ) -> Result<Option<bool>, EvaluationError> {
        if let Operator::And | Operator::Or | Operator::Xor | Operator::Implies = operator {
            let left = self.boolean(left, focus)?;
            return match (operator, left) {
                (Operator::And, Some(false)) => Ok(Some(false)),
                (Operator::Or, Some(true)) | (Operator::Implies, Some(false)) => Ok(Some(true)),
                _ => Ok(operators::logic(
                    operator,
                    left,
                    self.boolean(right, focus)?,
                )),
            };
        }
        if let (Operator::In, Tree::Once(slot, list)) = (operator, right) {
            let left = self.run(left, focus)?;
            let list = self.once(*slot, list, focus)?;
            return equality::member_of(&left, &list, "in", self);
        }
        let (left, right) = (self.run(left, focus)?, self.run(right, focus)?);
        match operator {
            Operator::Equal => equality::equal_collections(&left, &right, self),
            Operator::NotEqual => {
                Ok(equality::equal_collections(&left, &right, self)?.map(|equal| !equal))
            }
            Operator::Equivalent => equality::equivalent_collections(&left, &right, self).map(Some),
            Operator::NotEquivalent => Ok(Some(!equality::equivalent_collections(
                &left, &right, self,
            )?)),
            Operator::In => equality::member_of(&left, &right, "in", self),
            Operator::Contains => equality::member_of(&right, &left, "contains", self),
            _ => comparison::compare(operator, &left, &right, self),
        }
    }

    fn variable(&self, name: &'a str) -> Answer<'a> {
        let supplied = self
            .environment
            .variables
            .iter()
            .find(|(known, _)| *known == name);
        if let Some((_, items)) = supplied {
            return Ok(items.iter().cloned().collect());
        }
        let uri = |text: &'static str| Ok(Item::String(text.into()).into());
        match name {
            "context" => Ok(self.context.clone().into()),
            "resource" => self.container(self.resource, name),
            "rootResource" => self.container(self.root_resource(), name),
            "sct" => uri("http://snomed.info/sct"),
            "loinc" => uri("http://loinc.org"),
            "ucum" => uri(super::item::UCUM),
            _ => {
                let place = |prefix: &str, folder: &str| {
                    let rest = name.strip_prefix(prefix)?;
                    Some(format!("http://hl7.org/fhir/{folder}/{rest}"))
                };
                place("vs-", "ValueSet")
                    .or_else(|| place("ext-", "StructureDefinition"))
                    .map(|url| Item::String(url.into()).into())
                    .ok_or_else(|| EvaluationError::UnknownVariable(name.into()))
            }
        }
    }

    fn container(&self, node: Option<Node<'a>>, name: &str) -> Answer<'a> {
        node.map(|node| Item::Node(node).into())
            .ok_or_else(|| EvaluationError::UnknownVariable(name.into()))
    }

    /// The condition a collection is: a boolean, or whether one item is there.
    pub(super) fn as_boolean(
        &self,
        items: &[Item<'a>],
        what: &'static str,
    ) -> Result<Option<bool>, EvaluationError> {
        match items {
            [] => Ok(None),
            [Item::Boolean(value)] => Ok(Some(*value)),
            [Item::Node(node)] => match node.value {
                Some(value) => Ok(Some(value.boolean().unwrap_or(true))),
                None => {
                    let name = &self.environment.structures.get(node.type_id).name;
                    Ok((&**name != "boolean").then_some(true))
                }
            },
            [_] => Ok(Some(true)),
            _ => Err(EvaluationError::Singleton(what)),
        }
    }

    /// At most one item.
    pub(super) fn single<'i>(
        &self,
        items: &'i [Item<'a>],
        what: &'static str,
    ) -> Result<Option<&'i Item<'a>>, EvaluationError> {
        match items {
            [] => Ok(None),
            [item] => Ok(Some(item)),
            _ => Err(EvaluationError::Singleton(what)),
        }
    }

    /// At most one integer.
    pub(super) fn integer(
        &self,
        items: &[Item<'a>],
        what: &'static str,
    ) -> Result<Option<i32>, EvaluationError> {
        let Some(item) = self.single(items, what)? else {
            return Ok(None);
        };
        match item.system(self.environment.structures) {
            Some(Item::Integer(value)) => Ok(Some(value)),
            None if item.node().is_some_and(|node| node.value.is_none()) => Ok(None),
            _ => Err(EvaluationError::Type(what)),
        }
    }

    /// At most one string.
    pub(super) fn string(
        &self,
        items: &[Item<'a>],
        what: &'static str,
    ) -> Result<Option<Cow<'a, str>>, EvaluationError> {
        let Some(item) = self.single(items, what)? else {
            return Ok(None);
        };
        match item.string(self.environment.structures) {
            Some(text) => Ok(Some(text)),
            None if item.node().is_some_and(|node| node.value.is_none()) => Ok(None),
            None => Err(EvaluationError::Type(what)),
        }
    }
}

/// What copying an item costs beyond a step.
pub(super) fn weight(item: &Item<'_>) -> usize {
    match item {
        Item::String(Cow::Owned(text)) => text.len() / 64,
        _ => 0,
    }
}
