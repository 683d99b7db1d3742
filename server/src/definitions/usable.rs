//! Definitions that are written and could not be used: profiles, value sets, search parameters. An active one is
//! refused; another may still become what it wants to be (<https://hl7.org/fhir/R4/valueset-publication-status.html>).

use fhir::ids::{ResourceId, ResourceKey};
use fhir::json::Value;
use fhir::outcome::{Issue, Severity};
use fhir::resource::Resource;
use fhir::terminology;

use super::rules::Definitions;
use super::validity::refuse_errors;
use crate::error::{ErrorKind, Result};

impl Definitions {
    /// Refuses an active definition that could not be used (422, with all reasons), and one for which there is no room.
    pub fn check_definition(&self, key: &ResourceKey, resource: &Resource) -> Result<()> {
        self.check_search_parameter(key, resource)?;
        let faults = self.definition_faults(Some(&key.id), resource);
        refuse_errors(ErrorKind::Invalid, faults)?;
        self.check_room(key, resource)
    }

    /// What keeps a profile or a value set from being used: errors where it is active, and else warnings.
    pub fn definition_faults(&self, id: Option<&ResourceId>, resource: &Resource) -> Vec<Issue> {
        let status = resource.get("status").and_then(Value::string);
        let mut faults = match resource.resource_type().name() {
            _ if status.as_deref() == Some("retired") => Vec::new(),
            "StructureDefinition" => self.profile_faults(id, resource),
            "ValueSet" => terminology::faults(resource),
            _ => Vec::new(),
        };
        if status.as_deref() != Some("active") {
            for fault in &mut faults {
                fault.severity = Severity::Warning;
            }
        }
        faults
    }
}
