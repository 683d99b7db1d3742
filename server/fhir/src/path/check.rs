//! Whether an expression can mean anything for a type, before it meets data
//! (<http://hl7.org/fhirpath/N1/#type-safety-and-strict-evaluation>).
//!
//! Evaluation is lenient: an element that does not exist is not there. Whoever takes an expression from outside
//! checks it first, and refuses what no resource could ever satisfy.

mod operands;

use super::Expression;
use super::signatures::{Input, Output, signature};
use super::tree::{Call, Literal, Namespace, Operator, Step, Tree, TypeName};
use super::types::SYSTEM;
use crate::definitions::structure::{Structures, TypeId, TypeKind};

/// Why an expression cannot mean anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SemanticError {
    /// No type that can stand there has an element of that name.
    #[error("there is no element '{0}' here")]
    UnknownElement(Box<str>),
    /// The expression begins with a type that is not the one it is for.
    #[error("the expression is for the type '{0}'")]
    WrongContext(Box<str>),
    /// The element table does not know the type.
    #[error("the type '{0}' is unknown")]
    UnknownType(Box<str>),
    /// A function or operator never takes what stands before it.
    #[error("'{0}' does not take what stands before it")]
    WrongInput(&'static str),
    /// An operator never takes two such values together.
    #[error("'{0}' does not take such values together")]
    WrongOperands(&'static str),
    /// A condition that is never true or false.
    #[error("the condition of '{0}' is no boolean")]
    NoCondition(&'static str),
    /// A function that needs an order, on items that have none.
    #[error("'{0}' needs items that have an order")]
    NoOrder(&'static str),
}

/// What a tree may give.
#[derive(Clone, Debug, Default)]
struct Shape {
    types: Vec<Type>,
    has_no_order: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Unknown,
    Fhir(TypeId),
    System(&'static str),
}

impl Shape {
    fn of(one: Type) -> Self {
        Self {
            types: vec![one],
            has_no_order: false,
        }
    }

    fn and(mut self, other: &Self) -> Self {
        for one in &other.types {
            self.add(*one);
        }
        self.has_no_order |= other.has_no_order;
        self
    }

    fn add(&mut self, one: Type) {
        if !self.types.contains(&one) {
            self.types.push(one);
        }
    }

    fn is_unknown(&self) -> bool {
        self.types.contains(&Type::Unknown)
    }
}

type Checked = Result<Shape, SemanticError>;

struct Checker<'s> {
    structures: &'s Structures,
    context: TypeId,
}

impl Expression {
    /// Checks the expression for one type: that its elements exist, its types are known, and its functions take what
    /// they are given. Branches of a union for other types are passed over, as long as one is for this.
    pub fn check(&self, structures: &Structures, context: TypeId) -> Result<(), SemanticError> {
        self.shape(structures, context).map(drop)
    }

    /// Whether values of a data type may come of it, as far as can be told without data.
    pub fn may_give(&self, structures: &Structures, context: TypeId, type_name: &str) -> bool {
        let Ok(shape) = self.shape(structures, context) else {
            return true;
        };
        let named = structures.by_name(type_name);
        let is_given = |one: &Type| match one {
            Type::Unknown => true,
            Type::Fhir(one) => named.is_none_or(|named| {
                let is_above = structures.get(*one).is_abstract && structures.is_a(named, *one);
                is_above || structures.is_a(*one, named)
            }),
            Type::System(_) => false,
        };
        shape.types.iter().any(is_given)
    }

    fn shape(&self, structures: &Structures, context: TypeId) -> Checked {
        let checker = Checker {
            structures,
            context,
        };
        checker.tree(&self.tree, &Shape::of(Type::Fhir(context)))
    }
}

impl Checker<'_> {
    fn tree(&self, tree: &Tree, focus: &Shape) -> Checked {
        let unknown = || Shape::of(Type::Unknown);
        Ok(match tree {
            Tree::Empty => Shape::default(),
            Tree::Literal(literal) => Shape::of(Type::System(literal_type(literal))),
            Tree::Variable(name) => match &**name {
                "sct" | "loinc" | "ucum" => Shape::of(Type::System("String")),
                "context" => Shape::of(Type::Fhir(self.context)),
                _ => unknown(),
            },
            Tree::This => focus.clone(),
            Tree::Index => Shape::of(Type::System("Integer")),
            Tree::Total => unknown(),
            Tree::Path { base, steps } => match base {
                Some(base) => self.steps(self.tree(base, focus)?, steps)?,
                None => self.first_steps(focus, steps)?,
            },
            Tree::Call(call) => self.call(call, focus)?,
            Tree::Indexer(base, index) => {
                let base = self.tree(base, focus)?;
                self.tree(index, focus)?;
                ordered(&base, "[]")?;
                base
            }
            Tree::Once(_, tree) => self.tree(tree, focus)?,
            Tree::Polarity(_, operand) => {
                let operand = self.tree(operand, focus)?;
                self.numeric(&operand, "-")?;
                operand
            }
            Tree::Binary(operator, left, right) => self.binary(*operator, left, right, focus)?,
            Tree::TypeOperator { is, base, name } => {
                self.tree(base, focus)?;
                let named = self.named(name)?;
                Shape::of(if *is { Type::System("Boolean") } else { named })
            }
        })
    }

    fn binary(&self, operator: Operator, left: &Tree, right: &Tree, focus: &Shape) -> Checked {
        let (left, right) = (self.tree(left, focus), self.tree(right, focus));
        if operator == Operator::Union {
            return match (left, right) {
                (Err(SemanticError::WrongContext(_)), Ok(shape))
                | (Ok(shape), Err(SemanticError::WrongContext(_))) => Ok(shape),
                (left, right) => Ok(left?.and(&right?)),
            };
        }
        let (left, right) = (left?, right?);
        self.operands(operator, &left, &right)?;
        if super::operators::is_predicate(operator) {
            return Ok(Shape::of(Type::System("Boolean")));
        }
        if operator == Operator::Concatenate {
            return Ok(Shape::of(Type::System("String")));
        }
        // Numbers of mixed kinds, dates with durations: what comes out is for the evaluation to say.
        if left.types == right.types {
            return Ok(left);
        }
        Ok(Shape::of(Type::Unknown))
    }

    fn first_steps(&self, focus: &Shape, steps: &[Step]) -> Checked {
        let Some((first, rest)) = steps.split_first().filter(|(first, _)| first.may_be_type) else {
            return self.steps(focus.clone(), steps);
        };
        if focus.is_unknown() {
            return Ok(Shape::of(Type::Unknown));
        }
        let fits = |one: &Type| match one {
            Type::Fhir(one) => self
                .structures
                .by_name(&first.name)
                .is_some_and(|named| self.structures.is_a(*one, named)),
            Type::System(_) | Type::Unknown => false,
        };
        if focus.types.iter().any(fits) {
            return self.steps(focus.clone(), rest);
        }
        match self.structures.by_name(&first.name) {
            Some(_) => Err(SemanticError::WrongContext(first.name.clone())),
            None => Err(SemanticError::UnknownElement(first.name.clone())),
        }
    }

    fn steps(&self, mut shape: Shape, steps: &[Step]) -> Checked {
        for step in steps {
            if shape.types.is_empty() {
                return Ok(shape);
            }
            let mut next = Shape {
                types: Vec::new(),
                has_no_order: shape.has_no_order,
            };
            for one in &shape.types {
                self.step(*one, &step.name, &mut next);
            }
            if next.types.is_empty() {
                return Err(SemanticError::UnknownElement(step.name.clone()));
            }
            shape = next;
        }
        Ok(shape)
    }

    fn step(&self, from: Type, name: &str, next: &mut Shape) {
        match from {
            Type::Unknown => next.add(Type::Unknown),
            Type::System("Quantity") if name == "value" => next.add(Type::System("Decimal")),
            Type::System(_) => {}
            Type::Fhir(from) => {
                let definition = self.structures.get(from);
                if let Some(element) = definition.element(name) {
                    for one in &element.types {
                        next.add(Type::Fhir(one.type_id));
                    }
                } else if definition.is_abstract && definition.kind == TypeKind::Resource {
                    // Some resource has it, perhaps.
                    next.add(Type::Unknown);
                }
            }
        }
    }

    fn call(&self, call: &Call, focus: &Shape) -> Checked {
        let name = call.function.name;
        let input = match &call.base {
            Some(base) => self.tree(base, focus)?,
            None => focus.clone(),
        };
        let (takes, gives) = signature(name).unwrap_or((Input::Anything, Output::Unknown));
        match takes {
            Input::Anything => {}
            Input::Text => self.textual(&input, name)?,
            Input::Number => self.numeric(&input, name)?,
            Input::Ordered => ordered(&input, name)?,
        }
        let inner = match call.function.takes {
            super::functions::Takes::Expressions => &input,
            _ => focus,
        };
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            // An empty input is never looked into.
            let empty = Shape::of(Type::Unknown);
            let inner = if inner.types.is_empty() {
                &empty
            } else {
                inner
            };
            // A minus before a key of `sort` is no sign.
            let argument = match argument {
                Tree::Polarity(true, key) if name == "sort" => key,
                argument => argument,
            };
            arguments.push(self.tree(argument, inner)?);
        }
        if name == "iif" {
            self.condition(&arguments[0], name)?;
        }
        Ok(match gives {
            Output::Input | Output::OneOfInput => input,
            Output::InputAndArgument => arguments.iter().fold(input, Shape::and),
            Output::Projection => arguments.swap_remove(0),
            Output::Repetition => {
                let once = arguments.swap_remove(0);
                match self.tree(&call.arguments[0], &once) {
                    Ok(again) => once.and(&again),
                    // What came out first may have nothing further below.
                    Err(_) => once,
                }
            }
            Output::Branches => arguments[1..].iter().fold(Shape::default(), Shape::and),
            Output::Named => match &call.type_name {
                Some(name) => Shape::of(self.named(name)?),
                None => input,
            },
            Output::System(name) => {
                if let Some(name) = &call.type_name {
                    self.named(name)?;
                }
                Shape::of(Type::System(name))
            }
            Output::Fhir(name) => Shape::of(self.by_name(name).unwrap_or(Type::Unknown)),
            Output::Below => Shape {
                types: vec![Type::Unknown],
                has_no_order: true,
            },
            Output::Unknown => Shape::of(Type::Unknown),
        })
    }

    fn by_name(&self, name: &str) -> Option<Type> {
        let found = self.structures.by_name(name)?;
        (self.structures.get(found).kind != TypeKind::Backbone).then_some(Type::Fhir(found))
    }

    fn named(&self, name: &TypeName) -> Result<Type, SemanticError> {
        let in_fhir = match name.namespace {
            Some(Namespace::System) => None,
            Some(Namespace::Fhir) | None => self.by_name(&name.name),
        };
        let in_system = || {
            let known = SYSTEM.iter().find(|known| **known == &*name.name);
            match name.namespace {
                Some(Namespace::Fhir) => None,
                None => known.map(|known| Type::System(known)),
                // `System.Patient` is no type, and nothing is of it.
                Some(Namespace::System) => Some(Type::System(known.unwrap_or(&"Any"))),
            }
        };
        in_fhir
            .or_else(in_system)
            .ok_or_else(|| SemanticError::UnknownType(name.name.clone()))
    }

    /// Whether one of the types fits, or nobody can tell.
    fn some(&self, shape: &Shape, fits: impl Fn(&str) -> bool) -> bool {
        shape.types.is_empty()
            || shape.types.iter().any(|one| match one {
                Type::Unknown => true,
                Type::System(name) => *name == "Any" || fits(name),
                Type::Fhir(id) => {
                    let mut current = Some(*id);
                    while let Some(here) = current {
                        let definition = self.structures.get(here);
                        if fits(&definition.name) {
                            return true;
                        }
                        current = definition.base;
                    }
                    false
                }
            })
    }

    fn textual(&self, shape: &Shape, what: &'static str) -> Result<(), SemanticError> {
        let is_text =
            |name: &str| matches!(name, "String" | "string" | "uri" | "base64Binary" | "xhtml");
        if self.some(shape, is_text) {
            return Ok(());
        }
        Err(SemanticError::WrongInput(what))
    }

    fn numeric(&self, shape: &Shape, what: &'static str) -> Result<(), SemanticError> {
        let is_number = |name: &str| {
            matches!(
                name,
                "Integer" | "Decimal" | "integer" | "decimal" | "Quantity"
            )
        };
        if self.some(shape, is_number) {
            return Ok(());
        }
        Err(SemanticError::WrongInput(what))
    }

    fn condition(&self, shape: &Shape, what: &'static str) -> Result<(), SemanticError> {
        if self.some(shape, |name| matches!(name, "Boolean" | "boolean")) {
            return Ok(());
        }
        Err(SemanticError::NoCondition(what))
    }
}

fn ordered(shape: &Shape, what: &'static str) -> Result<(), SemanticError> {
    if shape.has_no_order {
        return Err(SemanticError::NoOrder(what));
    }
    Ok(())
}

fn literal_type(literal: &Literal) -> &'static str {
    match literal {
        Literal::Boolean(_) => "Boolean",
        Literal::Integer(_) => "Integer",
        Literal::Decimal(_) => "Decimal",
        Literal::String(_) => "String",
        Literal::Date(_) => "Date",
        Literal::DateTime(_) => "DateTime",
        Literal::Time(_) => "Time",
        Literal::Quantity(..) | Literal::Calendar(..) => "Quantity",
    }
}
