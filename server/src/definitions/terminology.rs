//! Code systems, value sets and concept maps of the packages, and our own: they go into tables, not into registries.

use fhir::definitions::corrections::Corrections;
use fhir::json::{Document, ParseLimits};

use super::own::{OWN, is_correction};
use super::{DefinitionsError, Settings, Take, compact_file};

/// What changes with any of them.
pub fn terminology_fingerprint(settings: &Settings) -> String {
    compact_file::fingerprint(&settings.packages, OWN).file_name()
}

/// Visits all of them as JSON, corrected; ours first. Ends where `visit` says false.
pub fn terminology(
    settings: &Settings,
    mut visit: impl FnMut(Vec<u8>) -> bool,
) -> Result<(), DefinitionsError> {
    let mut corrections = Corrections::default();
    for (path, text) in OWN.iter().filter(|(path, _)| is_correction(path)) {
        corrections.add(path, text)?;
    }
    for (path, text) in OWN.iter().filter(|(path, _)| !is_correction(path)) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let resource_type = name.split('-').next().unwrap_or_default();
        if is_wanted(resource_type) && !visit(text.as_bytes().to_vec()) {
            return Ok(());
        }
    }
    let mut goes_on = true;
    let packages = settings.packages.packages.iter();
    // Expansions repeat the value sets that others define.
    for package in packages.filter(|one| one.take.contains(&Take::Definitions)) {
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
            goes_on = visit(corrected.bytes().to_vec());
            Ok(())
        })?;
    }
    Ok(())
}

fn is_wanted(resource_type: &str) -> bool {
    matches!(resource_type, "CodeSystem" | "ValueSet" | "ConceptMap")
}
