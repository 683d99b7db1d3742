//! `CapabilityStatement.rest.security`: how somebody gets in
//! (<https://hl7.org/fhir/smart-app-launch/conformance.html#declaring-support-for-oauth2-endpoints>).

use fhir::json::ObjectWriter;

use super::Software;

const OAUTH_URIS: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";
const SERVICES: &str = "http://terminology.hl7.org/CodeSystem/restful-security-service";

/// The endpoints that the extension names.
const ENDPOINTS: [(&str, &str); 5] = [
    ("authorize", "authorize"),
    ("token", "token"),
    ("introspect", "introspect"),
    ("revoke", "revoke"),
    ("manage", "account"),
];

/// Writes the element.
pub(super) fn write(software: &Software, rest: &mut ObjectWriter<'_>) {
    rest.object("security", |security| {
        if !software.asks_for_tokens {
            security.boolean("cors", false);
            security.string(
                "description",
                "Authorization is switched off: whoever reaches the server may read and write everything.",
            );
            return;
        }
        security.array("extension", |list| {
            list.object(|extension| {
                extension.array("extension", |list| {
                    for (name, path) in ENDPOINTS {
                        list.object(|endpoint| {
                            endpoint.string("url", name);
                            let url = format!("{}/auth/{path}", software.base_url);
                            endpoint.string("valueUri", &url);
                        });
                    }
                });
                extension.string("url", OAUTH_URIS);
            });
        });
        security.boolean("cors", true);
        security.array("service", |list| {
            list.object(|service| {
                service.array("coding", |list| {
                    list.object(|coding| {
                        coding.string("system", SERVICES);
                        coding.string("code", "SMART-on-FHIR");
                    });
                });
            });
        });
        security.string(
            "description",
            "OAuth 2.0 by SMART App Launch 2.2: see .well-known/smart-configuration.",
        );
    });
}
