//! What a request asks of an evaluation, beside what is evaluated.

use super::canonical::Canonical;
use super::language::Languages;
use super::versions::VersionRules;

/// How an evaluation is done.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The languages of texts.
    pub languages: Languages,
    /// Which versions are meant.
    pub versions: VersionRules,
    /// Supplements that must be used.
    pub supplements: Vec<Canonical>,
    /// Only codes that are still used.
    pub active_only: bool,
    /// Whether codes that group others may be chosen.
    pub abstract_allowed: bool,
    /// Whether a wrong display is a warning.
    pub lenient_display: bool,
    /// Whether the system of a code without one is found out from the value set.
    pub infer_system: bool,
    /// Most concepts that are looked at for one set, and most codes of an expansion.
    pub codes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            languages: Languages::default(),
            versions: VersionRules::default(),
            supplements: Vec::new(),
            active_only: false,
            abstract_allowed: true,
            lenient_display: false,
            infer_system: false,
            codes_max: 10_000,
        }
    }
}
