//! What goes into tables, not into registries: code systems, value sets and concept maps, ours among them, and all that
//! packages define, as the resources it is.

use fhir::definitions::corrections::Corrections;
use fhir::json::{Document, ParseLimits, Value};

use super::own::{OWN, is_correction};
use super::{DefinitionsError, Settings, Take, compact_file};

/// What changes with any of them.
pub fn terminology_fingerprint(settings: &Settings) -> String {
    compact_file::fingerprint(&settings.packages, OWN).file_name()
}

/// Types of what packages define.
pub const PACKAGE_TYPES: [&str; 8] = [
    "CodeSystem",
    "CompartmentDefinition",
    "ConceptMap",
    "NamingSystem",
    "OperationDefinition",
    "SearchParameter",
    "StructureDefinition",
    "ValueSet",
];

/// A definition as JSON, corrected.
#[derive(Clone, Debug)]
pub struct Brought {
    /// The JSON text.
    pub text: Vec<u8>,
    /// Whether it is a code system, a value set or a concept map.
    pub is_terminology: bool,
    /// Whether a package brings it; ours are part of the server.
    pub is_of_package: bool,
}

/// Visits all of them; ours first, of which only the terminology. Ends where `visit` says false.
pub fn terminology(
    settings: &Settings,
    mut visit: impl FnMut(Brought) -> bool,
) -> Result<(), DefinitionsError> {
    let mut corrections = Corrections::default();
    for (path, text) in OWN.iter().filter(|(path, _)| is_correction(path)) {
        corrections.add(path, text)?;
    }
    for (path, text) in OWN.iter().filter(|(path, _)| !is_correction(path)) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let resource_type = name.split('-').next().unwrap_or_default();
        let ours = || Brought {
            text: text.as_bytes().to_vec(),
            is_terminology: true,
            is_of_package: false,
        };
        if is_terminology(resource_type) && !visit(ours()) {
            return Ok(());
        }
    }
    let mut goes_on = true;
    let packages = settings.packages.packages.iter();
    // Expansions repeat the value sets that others define.
    for package in packages.filter(|one| one.take.contains(&Take::Definitions)) {
        let is_wanted = |resource_type: &str| PACKAGE_TYPES.contains(&resource_type);
        package.visit(&settings.packages_dir, is_wanted, |origin, bytes| {
            if !goes_on {
                return Ok(());
            }
            let document = Document::parse_with(bytes, ParseLimits::default());
            let document = document.map_err(|fault| DefinitionsError::Json {
                origin: origin.to_owned(),
                fault,
            })?;
            let corrected = corrections.apply(document)?;
            let resource_type = corrected.root().get("resourceType").and_then(Value::string);
            goes_on = visit(Brought {
                is_terminology: resource_type.is_some_and(|name| is_terminology(&name)),
                text: corrected.bytes().to_vec(),
                is_of_package: true,
            });
            Ok(())
        })?;
    }
    Ok(())
}

fn is_terminology(resource_type: &str) -> bool {
    matches!(resource_type, "CodeSystem" | "ValueSet" | "ConceptMap")
}
