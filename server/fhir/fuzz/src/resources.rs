//! What is fuzzed beyond search: FHIRPath on its own, the check of a resource, and that of a narrative.

use fhir::definitions::profiles::{Profiles, ProfilesBuilder};
use fhir::json::{ParseLimits, Writer};
use fhir::outcome::Issue;
use fhir::outcome::Severity;
use fhir::path::{
    Environment, EvaluationError, Expression, Item, Limits, Node, canonical_quantity, condition,
    evaluate, evaluate_within,
};
use fhir::resource::Resource;
use fhir::validation::{ISSUES_MAX, Strictness, Validator, validate};
use fhir::xml::{XmlLimits, from_xml, to_xml};

use super::Bench;

/// A profile with slices.
const PROFILE: &str = "http://hl7.org/fhir/StructureDefinition/bp";

const LIMITS: Limits = Limits {
    steps: 50_000,
    items: 5_000,
    string_bytes: 1 << 16,
};

impl Bench {
    /// The first byte says what resource, the rest is an expression. Whatever it is, it is refused or evaluated within
    /// its limits: twice to the same, within a budget to the same or not at all, and never to more than it may have.
    pub fn fhirpath(&self, input: &[u8]) {
        let Some((choice, expression)) = input.split_first() else {
            return;
        };
        let Ok(text) = std::str::from_utf8(expression) else {
            return;
        };
        let Ok(expression) = Expression::parse(text) else {
            return;
        };
        let again = Expression::parse(expression.text()).expect("its own text is an expression");
        let example = &self.examples[usize::from(*choice) % self.examples.len()];
        let structures = &self.definitions.structures;
        let node = Node::resource(example.root(), structures).unwrap();
        let mut environment = Environment::new(structures);
        environment.limits = LIMITS;
        environment.hooks.canonical = Some(&canonical_quantity);
        environment.hooks.html_checks = Some(&|_| true);
        let shown = |found: &[Item<'_>]| format!("{found:?}");
        let found = evaluate(&expression, Item::Node(node), &environment);
        let second = evaluate(&again, Item::Node(node), &environment);
        match (&found, &second) {
            (Ok(found), Ok(second)) => {
                assert_eq!(shown(found), shown(second), "an answer changes");
                let most = found.len() <= LIMITS.items as usize * 2;
                assert!(most, "a collection is larger than it may be");
            }
            (found, second) => assert_eq!(
                found.as_ref().err(),
                second.as_ref().err(),
                "a fault changes"
            ),
        }
        let mut steps = LIMITS.steps / 2;
        match (
            evaluate_within(&expression, Item::Node(node), &environment, &mut steps),
            &found,
        ) {
            (Err(EvaluationError::Limit(_)), _) => {}
            (Ok(within), Ok(found)) => assert_eq!(shown(&within), shown(found), "a budget changes"),
            (within, found) => assert_eq!(within.err(), found.as_ref().err().cloned()),
        }
        let _whatever_it_is = condition(&expression, Item::Node(node), &environment);
    }

    /// The input is a body. Whatever it is, it is no resource, or is found wrong in the same places each time; what is
    /// right and has an XML form is right when it comes back from that.
    pub fn validate(&self, input: &[u8]) {
        let Ok(resource) = Resource::parse_with(input.to_vec(), ParseLimits::default()) else {
            return;
        };
        let issues = self.checked(&resource);
        let is_valid = self.conforms(&resource);
        assert!(
            issues.is_empty() || !is_valid,
            "what breaks the structure conforms"
        );
        self.profile(&resource);
        if !issues.is_empty() {
            return;
        }
        let structures = &self.definitions.structures;
        let Ok(xml) = to_xml(&resource, structures, false) else {
            return;
        };
        let back = from_xml(xml.as_bytes(), structures, XmlLimits::default());
        let back = back.expect("the server reads what it writes");
        let issues = self.checked(&back);
        assert!(issues.is_empty(), "{issues:?} in {xml}");
        assert_eq!(
            self.conforms(&back),
            is_valid,
            "XML changes the verdict: {xml}"
        );
    }

    /// Whether a resource is valid by everything: the same each time, and at most so many findings.
    fn conforms(&self, resource: &Resource) -> bool {
        self.conforms_by(resource, &self.definitions.profiles, PROFILE)
    }

    fn conforms_by(&self, resource: &Resource, profiles: &Profiles, asked: &str) -> bool {
        let validator = Validator {
            profiles,
            strictness: Strictness {
                best_practice: true,
                references: true,
                markup: Some(Severity::Error),
                ..Strictness::default()
            },
            ..Validator::new(&self.definitions)
        };
        let first = validator.validate(resource, &[asked]);
        let most = first.issues.len() <= 2 * ISSUES_MAX + 1;
        assert!(most, "more findings than are listed");
        let again = validator.validate(resource, &[asked]);
        let shown = (format!("{:?}", first.issues), format!("{:?}", again.issues));
        assert_eq!(shown.0, shown.1, "the findings change");
        validator.validate(resource, &[]).is_valid()
    }

    /// A StructureDefinition that is written is a profile then, or none: whatever it says, examples meet it or not.
    fn profile(&self, definition: &Resource) {
        if definition.resource_type().name() != "StructureDefinition" {
            return;
        }
        let mut builder = ProfilesBuilder::default();
        let _whatever_it_is = builder.add(definition.root());
        let known = &self.definitions.profiles;
        let (profiles, _) = builder.build(&self.definitions.structures, known);
        let url = definition.get("url").and_then(|url| url.string());
        for example in &self.examples {
            self.conforms_by(example, &profiles, url.as_deref().unwrap_or_default());
        }
    }

    /// The input is the text of a narrative. Whatever it is, it is refused, or holds nothing that runs or loads.
    pub fn narrative(&self, input: &[u8]) {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        let mut writer = Writer::default();
        writer.object(|patient| {
            patient.string("resourceType", "Patient");
            patient.object("text", |narrative| {
                narrative.string("status", "generated");
                narrative.string("div", text);
            });
        });
        let Ok(resource) = Resource::parse(writer.finish()) else {
            return;
        };
        if !self.checked(&resource).is_empty() {
            return;
        }
        // A comment may say anything; between a < and the name of an element stands nothing.
        let uncommented = without(&without(text, "<!--", "-->"), "<![CDATA[", "]]>");
        let lower = uncommented.to_lowercase();
        for forbidden in [
            "<script",
            "<iframe",
            "<object",
            "<style",
            "<link",
            "<form",
            "<!doctype",
            "<?",
        ] {
            assert!(!lower.contains(forbidden), "{forbidden} in {text}");
        }
        let xml = to_xml(&resource, &self.definitions.structures, false);
        let back = xml.map(|xml| {
            from_xml(
                xml.as_bytes(),
                &self.definitions.structures,
                XmlLimits::default(),
            )
        });
        if let Ok(Ok(back)) = back {
            let issues = self.checked(&back);
            assert!(issues.is_empty(), "{issues:?} once it was XML: {text}");
        }
    }

    /// The findings, which are bounded and the same each time.
    fn checked(&self, resource: &Resource) -> Vec<Issue> {
        let issues = validate(resource, &self.definitions);
        assert!(
            issues.len() <= ISSUES_MAX + 1,
            "more findings than are listed"
        );
        let again = validate(resource, &self.definitions);
        assert_eq!(
            format!("{issues:?}"),
            format!("{again:?}"),
            "the findings change"
        );
        issues
    }
}

/// A text without what stands between two marks; what is not closed stays.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once(open) {
        let Some((_, after)) = inside.split_once(close) else {
            break;
        };
        out.push_str(before);
        rest = after;
    }
    out + rest
}
