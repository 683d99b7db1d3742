//! The sentences of `$validate-code`, where several places say the same. Clients of terminology servers know them.

use crate::terminology::concept::Coding;
use crate::terminology::versions::listed;

/// A coding as it was given.
pub(super) fn provided(coding: &Coding) -> String {
    let mut text = coding.system.as_deref().unwrap_or_default().to_owned();
    if let Some(version) = &coding.version {
        text.push('|');
        text.push_str(version);
    }
    text.push('#');
    text.push_str(coding.code.as_deref().unwrap_or_default());
    if let Some(display) = &coding.display {
        text.push_str(&format!(" ('{display}')"));
    }
    text
}

pub(super) fn not_in_value_set(provided: &str, named: &str) -> String {
    format!("The provided code '{provided}' was not found in the value set '{named}'")
}

pub(in crate::terminology) fn unknown_code(
    code: &str,
    system: &str,
    version: Option<&str>,
) -> String {
    match version {
        Some(version) => {
            format!("Unknown code '{code}' in the CodeSystem '{system}' version '{version}'")
        }
        None => format!("Unknown code '{code}' in the CodeSystem '{system}'"),
    }
}

pub(in crate::terminology) fn unknown_in_fragment(
    code: &str,
    system: &str,
    version: Option<&str>,
) -> String {
    let version = version.map_or(String::new(), |version| format!(" version '{version}'"));
    format!(
        "Unknown Code '{code}' in the CodeSystem '{system}'{version} - note that the code system is labeled as a fragment, so the code may be valid in some other fragment"
    )
}

pub(in crate::terminology) fn unknown_system(system: &str) -> String {
    format!(
        "A definition for CodeSystem '{system}' could not be found, so the code cannot be validated"
    )
}

pub(in crate::terminology) fn unknown_version(
    system: &str,
    version: &str,
    known: &[Box<str>],
) -> String {
    let known = match known.is_empty() {
        true => "No versions of this code system are known".to_owned(),
        false => format!("Valid versions: {}", listed(known)),
    };
    format!(
        "A definition for CodeSystem '{system}' version '{version}' could not be found, so the code cannot be validated. {known}"
    )
}
