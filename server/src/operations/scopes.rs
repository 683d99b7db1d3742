//! Which scopes an operation needs: its definition names them, and without them it is not called.

use fhir::ids::ResourceType;
use fhir::json::Value;

use super::OperationTarget;
use crate::auth::{Access, Permission, Permissions};
use crate::error::{Error, ErrorKind, Result};

/// The extension of an OperationDefinition that names a scope.
const URL: &str = "https://vesta.example/fhir/StructureDefinition/operation-scope";

/// What somebody must be allowed, to call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NeededScope {
    /// Something of a type; of none it is the type that the operation is called on.
    Of(Option<ResourceType>, Permissions),
    /// Nothing: it is for whoever asks.
    Public,
    /// Everything may be seen: the answer tells of what the server does, whoever asked for it.
    Operator,
}

impl NeededScope {
    /// All that a definition names; one that names none cannot be called by anybody, so it is refused.
    pub(super) fn all(definition: Value<'_>) -> std::result::Result<Vec<Self>, String> {
        let extensions = definition.get("extension").into_iter();
        let named = extensions
            .flat_map(Value::items)
            .filter(|one| one.get("url").and_then(Value::string).as_deref() == Some(URL));
        let mut needed = Vec::new();
        for one in named {
            let text = one.get("valueString").and_then(Value::string);
            let text = text.unwrap_or_default();
            let read = Self::parse(&text).ok_or_else(|| format!("'{text}' is no scope"))?;
            needed.push(read);
        }
        match needed.is_empty() {
            true => Err(format!("no extension {URL} says which scopes it needs")),
            false => Ok(needed),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "public" {
            return Some(Self::Public);
        }
        if text == "operator" {
            return Some(Self::Operator);
        }
        let (name, letters) = text.split_once('.')?;
        let resource_type = match name {
            "*" => None,
            name => Some(ResourceType::parse(name)?),
        };
        Some(Self::Of(resource_type, Permissions::parse(letters)?))
    }

    /// Refuses whoever does not have it.
    pub(super) fn permit(self, access: &Access, target: &OperationTarget) -> Result<()> {
        if self == Self::Public {
            return Ok(());
        }
        let Self::Of(resource_type, permissions) = self else {
            let sees_all = |one| access.is_unconfined(Permission::Read, one);
            return match ResourceType::all().all(sees_all) {
                true => Ok(()),
                false => Err(forbidden("system/*.r")),
            };
        };
        let called_on = match target {
            OperationTarget::System => None,
            OperationTarget::Type(one) => Some(*one),
            OperationTarget::Instance(key) => Some(key.resource_type),
        };
        for permission in permissions.iter() {
            let is_permitted = match resource_type.or(called_on) {
                Some(one) => access.may(permission, one),
                None => ResourceType::all().any(|one| access.may(permission, one)),
            };
            if !is_permitted {
                let name = resource_type.or(called_on).map_or("*", ResourceType::name);
                return Err(forbidden(&format!("{name}.{}", permission.letter())));
            }
        }
        Ok(())
    }
}

/// The refusal of what a token or a role does not allow.
pub fn forbidden(scope: &str) -> Error {
    Error::new(
        ErrorKind::Forbidden,
        format!(
            "this access does not include {scope}: neither a scope and a role together, nor the launch, allow it"
        ),
    )
}

#[cfg(test)]
mod tests {
    use fhir::json::Document;

    use super::*;

    #[test]
    fn a_definition_names_what_it_needs() {
        let check = |text: &str, expected: std::result::Result<usize, &str>| {
            let extension = format!(r#"{{"url":"{URL}","valueString":"{text}"}}"#);
            let definition = format!(r#"{{"extension":[{extension},{extension}]}}"#);
            let definition = Document::parse(definition).unwrap();
            let needed = NeededScope::all(definition.root());
            let needed = needed.map(|all| all.len());
            assert_eq!(needed, expected.map_err(str::to_owned));
        };
        check("Patient.rs", Ok(2));
        check("*.u", Ok(2));
        check("operator", Ok(2));
        check("public", Ok(2));
        check("Nothing.r", Err("'Nothing.r' is no scope"));
        check("Patient.sr", Err("'Patient.sr' is no scope"));
        check("", Err("'' is no scope"));
        let none = Document::parse("{}".to_owned()).unwrap();
        assert!(NeededScope::all(none.root()).is_err());
    }
}
