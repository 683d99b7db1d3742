//! What files of a release of SNOMED CT are for, and its version, as their names say it: `sct2_Concept_Snapshot_INT_20240701.txt`
//! (<https://hl7.org/fhir/R4/snomedct.html>).

/// What a file of a snapshot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Concepts.
    Concepts,
    /// Descriptions, or text definitions.
    Descriptions,
    /// Inferred relationships.
    Relationships,
    /// Which descriptions languages prefer.
    Languages,
    /// Members of simple reference sets.
    Members,
}

/// The international edition's module.
const CORE: &str = "900000000000207008";

impl FileKind {
    /// What the file of that name holds; nothing where it is none of a snapshot, or none that is imported.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_prefix('x').unwrap_or(&name);
        let (kind, _) = name.strip_suffix(".txt")?.split_once("snapshot")?;
        match kind {
            "sct2_concept_" => Some(Self::Concepts),
            "sct2_description_" | "sct2_textdefinition_" => Some(Self::Descriptions),
            "sct2_relationship_" => Some(Self::Relationships),
            "der2_crefset_language" => Some(Self::Languages),
            "der2_refset_simple" => Some(Self::Members),
            _ => None,
        }
    }
}

/// The version URI of a module at a date, where they can be both.
pub fn version(module: &str, date: &str) -> Option<String> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = module.len() >= 6 && is_number(module) && date.len() == 8 && is_number(date);
    fits.then(|| format!("http://snomed.info/sct/{module}/version/{date}"))
}

/// Whether a text is a version URI of an edition.
pub fn is_version(text: &str) -> bool {
    let parts = text
        .strip_prefix("http://snomed.info/sct/")
        .and_then(|rest| rest.split_once("/version/"));
    parts.is_some_and(|(module, date)| version(module, date).is_some())
}

/// The version that the name of a file of the international edition tells.
pub fn international_version(name: &str) -> Option<String> {
    let rest = name.strip_suffix(".txt")?;
    let (rest, date) = rest.rsplit_once('_')?;
    let is_international = rest.rsplit_once('_')?.1.eq_ignore_ascii_case("INT");
    version(CORE, date).filter(|_| is_international)
}

/// Module and date of a version URI, for an id: `900000000000207008-20240701`.
pub fn short_version(version: &str) -> String {
    let numbers = version
        .split('/')
        .filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    numbers.collect::<Vec<_>>().join("-")
}
