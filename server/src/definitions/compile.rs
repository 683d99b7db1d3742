//! Packages and the product's own files become registries.

use std::path::Path;

use fhir::definitions::corrections::Corrections;
use fhir::definitions::{DefinitionError, Definitions, DefinitionsBuilder};
use fhir::json::{Document, ParseLimits, Value};

use super::DefinitionsError;
use super::own::{OwnFile, is_correction};
use super::packages::PackageList;

/// Reads everything and joins it. Our own definitions come first, so that they count where HL7 defines the same.
pub(super) fn compile(
    packages_dir: &Path,
    packages: &PackageList,
    own: &[OwnFile],
) -> Result<Definitions, DefinitionsError> {
    let mut corrections = Corrections::default();
    for (path, text) in own.iter().filter(|(path, _)| is_correction(path)) {
        corrections.add(path, text)?;
    }
    let mut builder = DefinitionsBuilder::default();
    for (path, text) in own.iter().filter(|(path, _)| !is_correction(path)) {
        let document = parse(path, text.as_bytes().to_vec())?;
        add(&mut builder, path, &document)?;
    }
    for package in &packages.packages {
        package.visit(packages_dir, DefinitionsBuilder::uses, |origin, bytes| {
            let document = corrections.apply(parse(origin, bytes)?)?;
            add(&mut builder, origin, &document)
        })?;
    }
    corrections.finish()?;
    let definitions = builder
        .build()
        .map_err(|fault| DefinitionsError::Definition {
            origin: "the definitions as a whole".to_owned(),
            fault,
        })?;
    own_profiles_are_usable(own, &definitions)?;
    Ok(definitions)
}

/// A profile of our own that cannot be used stops the start; one of a package is only not known.
fn own_profiles_are_usable(
    own: &[OwnFile],
    definitions: &Definitions,
) -> Result<(), DefinitionsError> {
    for (path, text) in own.iter().filter(|(path, _)| !is_correction(path)) {
        let document = parse(path, text.as_bytes().to_vec())?;
        let text = |name| document.root().get(name).and_then(Value::string);
        let is_profile = text("resourceType").as_deref() == Some("StructureDefinition")
            && text("derivation").as_deref() == Some("constraint");
        let url = text("url").unwrap_or_default();
        if is_profile && definitions.profiles.get(&url).is_none() {
            return Err(DefinitionsError::Definition {
                origin: (*path).to_owned(),
                fault: DefinitionError::UnusableProfile {
                    url: url.into_owned(),
                },
            });
        }
    }
    Ok(())
}

fn parse(origin: &str, bytes: Vec<u8>) -> Result<Document, DefinitionsError> {
    Document::parse_with(bytes, ParseLimits::default()).map_err(|fault| DefinitionsError::Json {
        origin: origin.to_owned(),
        fault,
    })
}

fn add(
    builder: &mut DefinitionsBuilder,
    origin: &str,
    document: &Document,
) -> Result<(), DefinitionsError> {
    builder
        .add(document.root())
        .map_err(|fault| DefinitionsError::Definition {
            origin: origin.to_owned(),
            fault,
        })
}
