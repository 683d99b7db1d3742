//! Asking for types (<http://hl7.org/fhirpath/N1/#types>).
//!
//! `is` follows what a type specialises. `as` and `ofType` do so for resources and complex types; a primitive they
//! take by its own type alone, as R4's test suite has it: a `code` is no result of `ofType(string)`.

use super::EvaluationError;
use super::collection::Collection;
use super::evaluation::{Answer, Evaluation};
use super::item::Item;
use super::tree::{Namespace, TypeName};
use crate::definitions::structure::{TypeId, TypeKind};

/// The types of the namespace `System`.
pub(super) const SYSTEM: &[&str] = &[
    "Any", "Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity",
];

impl<'a> Evaluation<'_, 'a> {
    /// `is` on at most one item.
    pub(super) fn is(&self, items: &[Item<'a>], name: &TypeName) -> Answer<'a> {
        let Some(item) = self.single(items, "is")? else {
            return Ok(Collection::empty());
        };
        Ok(self.is_of(item, name)?.into())
    }

    /// `as`: the item, where it is of that type.
    pub(super) fn cast(
        &self,
        items: Collection<'a>,
        name: &TypeName,
        what: &'static str,
    ) -> Answer<'a> {
        if self.environment.as_is_singular {
            self.single(&items, what)?;
        }
        self.of_type(items, name)
    }

    /// The items of a type.
    pub(super) fn of_type(&self, items: Collection<'a>, name: &TypeName) -> Answer<'a> {
        let mut found = Collection::empty();
        for item in items {
            let fits = match &item {
                Item::Node(node) if node.is_primitive(self.environment.structures) => {
                    let own = &self.environment.structures.get(node.type_id).name;
                    let fits = name.namespace != Some(Namespace::System) && **own == *name.name;
                    if !fits {
                        self.known(name)?;
                    }
                    fits
                }
                item => self.is_of(item, name)? == Some(true),
            };
            if fits {
                self.push(&mut found, item)?;
            }
        }
        Ok(found)
    }

    /// Whether an item is of a type or one that specialises it; nothing where only its place is known.
    pub(super) fn is_of(
        &self,
        item: &Item<'a>,
        name: &TypeName,
    ) -> Result<Option<bool>, EvaluationError> {
        let type_id = match item {
            Item::Node(node) => Some(node.type_id),
            Item::Elsewhere(elsewhere) => elsewhere.type_id,
            _ => {
                let info = item.type_info(self.environment.structures);
                let fits = name.namespace != Some(Namespace::Fhir)
                    && (info.name == &*name.name || &*name.name == "Any");
                if !fits {
                    self.known(name)?;
                }
                return Ok(Some(fits));
            }
        };
        let Some(type_id) = type_id else {
            self.known(name)?;
            return Ok(matches!(&*name.name, "Resource").then_some(true));
        };
        let fits = name.namespace != Some(Namespace::System) && self.descends(type_id, &name.name);
        if !fits {
            self.known(name)?;
        }
        Ok(Some(fits))
    }

    /// Whether an item's type, or one it specialises, has that name.
    pub(super) fn is_named(&self, item: &Item<'a>, name: &str) -> bool {
        item.node()
            .is_some_and(|node| self.descends(node.type_id, name))
    }

    fn descends(&self, type_id: TypeId, name: &str) -> bool {
        let structures = self.environment.structures;
        let mut current = Some(type_id);
        while let Some(here) = current {
            let definition = structures.get(here);
            if *definition.name == *name {
                return true;
            }
            current = definition.base;
        }
        false
    }

    /// A type nobody defines is an error, not an item that is not there.
    fn known(&self, name: &TypeName) -> Result<(), EvaluationError> {
        if name.namespace == Some(Namespace::System) {
            return Ok(());
        }
        let in_table = self
            .environment
            .structures
            .by_name(&name.name)
            .is_some_and(|found| self.environment.structures.get(found).kind != TypeKind::Backbone);
        let in_system = name.namespace.is_none() && SYSTEM.contains(&&*name.name);
        if in_table || in_system {
            return Ok(());
        }
        Err(EvaluationError::UnknownType(name.name.clone()))
    }
}
