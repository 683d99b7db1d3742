//! What goes beyond structure: invariants, extensions, references, bindings, Bundles, and the profiles a resource claims
//! or must meet (<https://hl7.org/fhir/R4/validation.html>). One walk over the resource; what is compiled is compiled
//! when it is first needed.

mod bundles;
mod coded;
mod extensions;
mod invariants;
mod nodes;
mod profiles;
mod references;
mod responses;
mod slicing;
mod vital_signs;
mod walk;
mod world;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use super::findings::{Findings, Path};
use crate::definitions::Definitions;
use crate::definitions::profiles::{Profile, Profiles};
use crate::ids::{ResourceKey, ResourceType};
use crate::json::Value;
use crate::outcome::{Issue, IssueType, Severity};
use crate::path::{DateTime, Node};
use crate::resource::Resource;
pub use coded::{CodeQuestion, FoundCoding, Terminology};
use world::World;

/// How strict a validation is where FHIR leaves it open, and how much it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strictness {
    /// What a claimed profile is that nobody defines.
    pub unknown_profile: Severity,
    /// What an extension is that nobody defines. A modifier extension nobody defines is always an error.
    pub unknown_extension: Severity,
    /// Whether advice of the specification is told, as warnings.
    pub best_practice: bool,
    /// Whether warnings and information are worked out, or errors alone.
    pub warnings: bool,
    /// What a string is that holds markup; nothing where nobody minds.
    pub markup: Option<Severity>,
    /// Whether what is only implied is checked: that a system is an absolute URI, and that an Observation with the code of
    /// a vital sign meets R4's profile for that
    /// (<https://hl7.org/fhir/R4/observation-vitalsigns.html>).
    pub implied: bool,
    /// Whether the targets of references are told.
    pub references: bool,
}

impl Default for Strictness {
    fn default() -> Self {
        Self {
            unknown_profile: Severity::Warning,
            unknown_extension: Severity::Information,
            best_practice: false,
            warnings: true,
            markup: None,
            implied: true,
            references: false,
        }
    }
}

/// What the rules of one resource may cost together, whatever it holds: a second or two, where they are made to cost much.
const STEPS_MAX: u32 = 5_000_000;

/// What they may cost more for each byte of it: the largest examples take less than one step.
const STEPS_PER_BYTE: u32 = 2;

/// Validates resources against the definitions, the profiles they claim, and others.
#[derive(Clone, Copy)]
pub struct Validator<'a> {
    /// The definitions.
    pub definitions: &'a Definitions,
    /// The profiles that are known.
    pub profiles: &'a Profiles,
    /// Who answers whether codes belong to value sets.
    pub terminology: &'a dyn Terminology,
    /// Questionnaires at hand, which responses to them are held to.
    pub questionnaires: &'a [&'a Resource],
    /// How strict.
    pub strictness: Strictness,
    /// The instant of `now()` and `today()`.
    pub now: Option<DateTime>,
    /// The base URL of the server, without a slash at the end: references that begin with it are to its resources.
    pub base_url: &'a str,
    /// What all rules together may cost: a resource that costs more is not valid.
    pub steps: u32,
    /// What they may cost more for each byte of the resource.
    pub steps_per_byte: u32,
}

/// What a validation has found.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings, in the order of the text.
    pub issues: Vec<Issue>,
    /// Whether one of the errors is by the specification itself, not by a profile alone.
    pub breaks_base: bool,
    /// What [`Terminology`] could not say: whoever can may ask further.
    pub questions: Vec<CodeQuestion>,
    /// The codings, where [`Strictness::warnings`] asks for more than errors: whether their code systems have them, the
    /// terminology knows.
    pub codings: Vec<FoundCoding>,
    /// Where literal references to resources of the server lead, where [`Strictness::references`] asks for it, and what is
    /// to be said of each that leads nowhere. What stands inside a Bundle is not among them.
    pub references: Vec<(ResourceKey, Issue)>,
    /// Whether all of [`Validator::steps`] were used up, so that not every rule was looked at.
    pub is_exhausted: bool,
}

impl Report {
    /// Whether nothing is an error.
    pub fn is_valid(&self) -> bool {
        self.issues
            .iter()
            .all(|issue| issue.severity > Severity::Error)
    }
}

impl<'a> Validator<'a> {
    /// A validator with the profiles and codes of the definitions.
    pub fn new(definitions: &'a Definitions) -> Self {
        Self {
            definitions,
            profiles: &definitions.profiles,
            terminology: &definitions.code_sets,
            questionnaires: &[],
            strictness: Strictness::default(),
            now: None,
            base_url: "",
            steps: STEPS_MAX,
            steps_per_byte: STEPS_PER_BYTE,
        }
    }

    /// Everything wrong with a resource by the specification, by the profiles it claims, and by others given here by their
    /// canonical URLs.
    pub fn validate(&self, resource: &Resource, profiles: &[&str]) -> Report {
        let mut walker = super::elements::Walker::new(self.definitions);
        let name = resource.resource_type().name();
        let path = Path::root(name);
        walker.resource(resource.root(), &path, false);
        let mut findings = walker.into_findings();
        let Some(root) = Node::resource(resource.root(), &self.definitions.structures) else {
            return Report {
                breaks_base: findings.breaks_base(),
                issues: findings.into_sorted(),
                ..Report::default()
            };
        };
        let check = Check::new(self, root);
        check.resource(&mut findings, root, &path, None);
        findings.profiles = 1;
        for canonical in profiles {
            check.asked(&mut findings, root, canonical, &path);
        }
        Report {
            breaks_base: findings.breaks_base(),
            issues: findings.into_sorted(),
            is_exhausted: check.steps.get() == 0,
            questions: check.questions.into_inner(),
            codings: check.codings.into_inner(),
            references: check.references.into_inner(),
        }
    }
}

/// One validation: what it may look at, and what it keeps in mind.
struct Check<'v, 'a> {
    validator: &'v Validator<'a>,
    world: World<'a>,
    /// Whether nodes meet profiles, as far as that is known or being found out.
    met: RefCell<HashMap<(u32, *const Profile), bool>>,
    questions: RefCell<Vec<CodeQuestion>>,
    codings: RefCell<Vec<FoundCoding>>,
    references: RefCell<Vec<(ResourceKey, Issue)>>,
    /// Resources whose meeting of a profile has been told.
    told: RefCell<HashSet<(u32, *const Profile)>>,
    depth: Cell<u8>,
    /// What is left of the steps.
    steps: Cell<u32>,
}

/// The resource a node stands in, and the one around that.
#[derive(Clone, Copy, Debug)]
struct Scope<'a> {
    resource: Node<'a>,
    /// The resource that contains it, or itself.
    root: Node<'a>,
    /// The Bundle entry or Parameters part it stands in.
    full_url: Option<&'a str>,
    /// How many steps its place is from the outermost resource.
    depth: usize,
}

impl<'v, 'a> Check<'v, 'a> {
    fn new(validator: &'v Validator<'a>, root: Node<'a>) -> Self {
        let bytes = root.value.map_or(0, |value| value.raw().len());
        let by_size = u32::try_from(bytes).unwrap_or(u32::MAX);
        let by_size = by_size.saturating_mul(validator.steps_per_byte);
        Self {
            validator,
            world: World::of(root, &validator.definitions.structures),
            met: RefCell::default(),
            questions: RefCell::default(),
            codings: RefCell::default(),
            references: RefCell::default(),
            told: RefCell::default(),
            depth: Cell::new(0),
            steps: Cell::new(validator.steps.saturating_add(by_size)),
        }
    }

    fn definitions(&self) -> &'a Definitions {
        self.validator.definitions
    }

    fn type_name(&self, node: Node<'a>) -> &'a str {
        &self.definitions().structures.get(node.type_id).name
    }

    /// A profile somebody asks to be met.
    fn asked(&self, out: &mut Findings, node: Node<'a>, canonical: &str, path: &Path<'_>) {
        let Some(value) = node.value else { return };
        match self.validator.profiles.get(canonical) {
            Some(profile) => {
                let scope = Scope {
                    resource: node,
                    root: node,
                    full_url: None,
                    depth: 0,
                };
                self.must_meet(out, node, profile, (path, scope));
            }
            None if is_base(canonical, self.type_name(node)) => {}
            None => {
                let other = based(canonical).and_then(ResourceType::parse);
                let text = match other {
                    Some(other) => format!("'{canonical}' is the definition of {other}"),
                    None => format!("the profile '{canonical}' is unknown"),
                };
                let severity = Severity::Error;
                out.note(severity, path, value, (IssueType::NotFound, text.into()));
            }
        }
    }

    fn error(
        &self,
        out: &mut Findings,
        path: &Path<'_>,
        node: Node<'a>,
        (code, text): (IssueType, impl Into<Box<str>>),
    ) {
        if let Some(value) = nodes::place(node) {
            out.note(Severity::Error, path, value, (code, text.into()));
        }
    }

    fn note(
        &self,
        out: &mut Findings,
        severity: Severity,
        (path, value): (&Path<'_>, Value<'a>),
        (code, text): (IssueType, impl Into<Box<str>>),
    ) {
        if severity <= Severity::Error || self.validator.strictness.warnings {
            out.note(severity, path, value, (code, text.into()));
        }
    }
}

/// Whether a canonical URL names R4's own definition of a type.
fn is_base(canonical: &str, type_name: &str) -> bool {
    based(canonical)
        .is_some_and(|name| name == type_name || matches!(name, "Resource" | "DomainResource"))
}

/// The type that a canonical URL names R4's own definition of.
fn based(canonical: &str) -> Option<&str> {
    let (url, version) = canonical.split_once('|').unwrap_or((canonical, R4));
    let name = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/");
    name.filter(|_| matches!(version, "4.0" | R4))
}

/// The version of R4's definitions.
const R4: &str = "4.0.1";
