//! Vital signs, which have profiles of R4 to meet by their codes
//! (<https://hl7.org/fhir/R4/observation-vitalsigns.html>).

use super::{Check, Scope};
use crate::json::Value;
use crate::path::Node;
use crate::validation::findings::{Findings, Path};

const LOINC: &str = "http://loinc.org";

/// LOINC codes, and the profile of each.
const PROFILES: [(&str, &str); 12] = [
    ("85353-1", "vitalspanel"),
    ("9279-1", "resprate"),
    ("8867-4", "heartrate"),
    ("2708-6", "oxygensat"),
    ("8310-5", "bodytemp"),
    ("8302-2", "bodyheight"),
    ("9843-4", "headcircum"),
    ("29463-7", "bodyweight"),
    ("39156-5", "bmi"),
    ("85354-9", "bp"),
    ("8480-6", "bp"),
    ("8462-4", "bp"),
];

impl<'a> Check<'_, 'a> {
    /// An Observation with the code of a vital sign meets its profile.
    pub(super) fn vital_signs(
        &self,
        out: &mut Findings,
        node: Node<'a>,
        path: &Path<'_>,
        scope: Scope<'a>,
    ) {
        if self.type_name(node) != "Observation" {
            return;
        }
        let codings = node.value.and_then(|value| value.at(&["code", "coding"]));
        for coding in codings.into_iter().flat_map(Value::items) {
            let text = |name| coding.get(name).and_then(Value::string);
            let system = text("system");
            let code = text("code");
            let is_it = |own: &str| code.as_deref() == Some(own);
            let known = match system.as_deref() {
                Some(LOINC) => PROFILES.iter().find(|(own, _)| is_it(own)),
                // The temperature of the body in SNOMED CT: its profile asks for LOINC's code beside it.
                Some("http://snomed.info/sct") if is_it("276885007") => Some(&PROFILES[4]),
                _ => None,
            };
            let profile = known.and_then(|(_, name)| {
                let url = format!("http://hl7.org/fhir/StructureDefinition/{name}");
                self.validator.profiles.get(&url)
            });
            if let Some(profile) = profile {
                self.must_meet(out, node, profile, (path, scope));
            }
        }
    }
}
