//! `metadata?mode=terminology`: the TerminologyCapabilities (<https://hl7.org/fhir/R4/terminologycapabilities.html>).

use fhir::json::{ObjectWriter, Value, Writer};
use fhir::resource::Resource;
use fhir::terminology::MADE_BY_GRAMMARS;
use fhir::terminology::canonical::compare_versions;

use super::Software;
use crate::store::KnownSystem;

/// The statement: which code systems there are, and which parameters an expansion takes by its definition.
pub(super) fn statement(
    software: &Software,
    systems: &[KnownSystem],
    expand: Option<&Resource>,
) -> String {
    let mut writer = Writer::with_capacity(128 * systems.len() + 2048);
    writer.object(|statement| {
        statement.string("resourceType", "TerminologyCapabilities");
        statement.string("name", "Vesta");
        statement.string("title", "Vesta, a FHIR R4 server: its terminology");
        statement.string("status", "active");
        statement.string("date", &software.date.to_string());
        statement.string("kind", "instance");
        statement.object("software", |one| {
            one.string("name", "Vesta");
            one.string("version", software.version);
        });
        statement.object("implementation", |one| {
            one.string("description", "Vesta, a FHIR R4 server");
            one.string("url", &software.base_url);
        });
        statement.boolean("lockedDate", false);
        statement.array("codeSystem", |list| {
            let known = || systems.iter().filter(|one| one.concepts > 0);
            for system in known() {
                list.object(|one| code_system(one, system));
            }
            // Nobody lists their codes, so they have none by number.
            let is_listed = |url: &str| known().any(|one| one.url == url);
            for url in MADE_BY_GRAMMARS.iter().filter(|url| !is_listed(url)) {
                list.object(|one| {
                    one.string("uri", url);
                    one.boolean("subsumption", false);
                });
            }
        });
        statement.object("expansion", |one| expansion(one, expand));
        statement.string("codeSearch", "all");
        statement.object("validateCode", |one| one.boolean("translations", true));
        statement.object("translation", |one| one.boolean("needsMap", false));
        statement.object("closure", |one| one.boolean("translation", false));
    });
    writer.finish()
}

fn code_system(one: &mut ObjectWriter<'_>, system: &KnownSystem) {
    one.string("uri", &system.url);
    let versions: Vec<&String> = system
        .versions
        .iter()
        .filter(|one| !one.is_empty())
        .collect();
    let latest = versions
        .iter()
        .copied()
        .max_by(|one, other| compare_versions(one, other));
    if !versions.is_empty() {
        one.array("version", |list| {
            for &version in &versions {
                list.object(|one| {
                    one.string("code", version);
                    one.boolean("isDefault", Some(version) == latest);
                });
            }
        });
    }
    one.boolean("subsumption", system.subsumption);
}

fn expansion(one: &mut ObjectWriter<'_>, expand: Option<&Resource>) {
    one.boolean("hierarchical", true);
    one.boolean("paging", true);
    one.boolean("incomplete", false);
    let parameters = expand.and_then(|expand| expand.get("parameter"));
    let taken = parameters
        .into_iter()
        .flat_map(Value::items)
        .filter(|parameter| {
            let usage = parameter.get("use").and_then(Value::string);
            usage.as_deref() == Some("in")
        });
    let names: Vec<_> = taken
        .filter_map(|parameter| parameter.get("name")?.string())
        .collect();
    if !names.is_empty() {
        one.array("parameter", |list| {
            for name in &names {
                list.object(|one| one.string("name", name));
            }
        });
    }
    one.string(
        "textFilter",
        "all words, in any case, anywhere in the code or in a text for it",
    );
}
