//! Whether an operator can ever take what stands on its two sides.

use super::{Checker, SemanticError, Shape, Type};
use crate::path::tree::Operator;

/// What operators tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Quantity,
    Text,
    /// Dates with or without a time.
    Moment,
    Time,
    /// What the operators are not asked about here.
    Other,
}

impl Checker<'_> {
    /// Refuses what fails whatever the data: `1 + 'a'`, `birthDate + 1`.
    pub(super) fn operands(
        &self,
        operator: Operator,
        left: &Shape,
        right: &Shape,
    ) -> Result<(), SemanticError> {
        let symbol = match operator {
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Div => "div",
            Operator::Mod => "mod",
            _ => return Ok(()),
        };
        let kinds = |shape: &Shape| -> Vec<Kind> {
            shape.types.iter().map(|one| self.kind(*one)).collect()
        };
        let (left, right) = (kinds(left), kinds(right));
        let is_taken = |one: &Kind| right.iter().any(|other| takes(operator, *one, *other));
        if left.is_empty() || right.is_empty() || left.iter().any(is_taken) {
            return Ok(());
        }
        Err(SemanticError::WrongOperands(symbol))
    }

    fn kind(&self, of: Type) -> Kind {
        let mut current = match of {
            Type::Unknown => return Kind::Other,
            Type::System(name) => {
                return match name {
                    "Integer" | "Decimal" => Kind::Number,
                    "Quantity" => Kind::Quantity,
                    "String" => Kind::Text,
                    "Date" | "DateTime" => Kind::Moment,
                    "Time" => Kind::Time,
                    _ => Kind::Other,
                };
            }
            Type::Fhir(id) => Some(id),
        };
        while let Some(here) = current {
            let definition = self.structures.get(here);
            match &*definition.name {
                "integer" | "decimal" => return Kind::Number,
                "Quantity" => return Kind::Quantity,
                "string" | "uri" => return Kind::Text,
                "date" | "dateTime" | "instant" => return Kind::Moment,
                "time" => return Kind::Time,
                _ => current = definition.base,
            }
        }
        Kind::Other
    }
}

fn takes(operator: Operator, left: Kind, right: Kind) -> bool {
    let is_amount = |one: Kind| matches!(one, Kind::Number | Kind::Quantity);
    match (operator, left, right) {
        (_, Kind::Other, _) | (_, _, Kind::Other) => true,
        (Operator::Add | Operator::Subtract, Kind::Moment | Kind::Time, Kind::Quantity) => true,
        (Operator::Add, Kind::Text, Kind::Text) => true,
        (Operator::Add | Operator::Subtract, left, right) => left == right && is_amount(left),
        (
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual,
            left,
            right,
        ) => left == right || is_amount(left) && is_amount(right),
        (_, left, right) => is_amount(left) && is_amount(right),
    }
}
