//! HL7's own validator cases: the same verdict, and the same places
//! (<https://github.com/FHIR/fhir-test-cases>, `validator/`).
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the cases where they are at hand"
)]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::hl7_reasons::REASONS;
use super::{Strictness, Terminology, Validator};
use crate::definitions::Definitions;
use crate::definitions::codes::CodeSets;
use crate::definitions::codes_builder::CodeSetsBuilder;
use crate::definitions::fixtures::{self, definitions};
use crate::definitions::profiles::{Profiles, ProfilesBuilder};
use crate::json::{Document, Value};
use crate::outcome::Severity;
use crate::resource::Resource;
use crate::xml::{XmlLimits, from_xml};

/// The modules whose cases count.
const MODULES: [&str; 10] = [
    "general",
    "base",
    "bundle",
    "profile",
    "extensions",
    "references",
    "questionnaire",
    "invariants",
    "xhtml",
    "security",
];

fn folder() -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/testdata/validator"))
        .find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: HL7's validator cases are absent");
    }
    found
}

/// One case: a resource, what is known beside it, and the places of the errors HL7's validator finds.
struct Case {
    name: String,
    file: String,
    /// A profile to be met, and what defines it and what it needs.
    profile: Option<String>,
    beside: Vec<String>,
    expected: BTreeSet<String>,
    messages: Vec<String>,
    best_practice: bool,
    security: bool,
    /// Whether references must lead somewhere, and nothing is there.
    resolves: bool,
}

/// All value sets and code systems at hand, and those of a case: compiled when they are asked for.
struct Codes {
    own: CodeSetsBuilder,
    known: RefCell<BTreeMap<String, CodeSets>>,
}

impl Terminology for Codes {
    fn contains(&self, value_set: &str, system: Option<&str>, code: &str) -> Option<bool> {
        let url = value_set.split('|').next().unwrap();
        let mut known = self.known.borrow_mut();
        let sets = known.entry(url.to_owned()).or_insert_with(|| {
            let url = || std::iter::once(Box::from(url));
            let own = self.own.build(url());
            let is_open = own.by_url(value_set).is_none_or(|set| set.is_open);
            match is_open {
                true => fixtures::codes().build(url()),
                false => own,
            }
        });
        sets.contains(url, system, code)
    }
}

fn text(value: Value<'_>, name: &str) -> Option<String> {
    value.get(name)?.string().map(String::from)
}

fn texts(value: Value<'_>, name: &str) -> Vec<String> {
    let items = value.get(name).into_iter().flat_map(Value::items);
    items
        .filter_map(|item| item.string().map(String::from))
        .collect()
}

/// A place without its comments: `entry[0].resource/*Patient/1*/.name` is `entry[0].resource.name`.
fn place(expression: &str) -> String {
    let mut out = String::new();
    let mut rest = expression;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.trim_end_matches('.').to_owned()
}

/// The errors of an OperationOutcome: places, and what is said.
fn errors(outcome: &Document) -> (BTreeSet<String>, Vec<String>) {
    let issues = outcome
        .root()
        .get("issue")
        .into_iter()
        .flat_map(Value::items);
    let mut places = BTreeSet::new();
    let mut messages = Vec::new();
    for issue in issues {
        let severity = text(issue, "severity").unwrap_or_default();
        if !matches!(&*severity, "error" | "fatal") {
            continue;
        }
        let at = texts(issue, "expression");
        let at = at.first().map(|one| place(one)).unwrap_or_default();
        let said = issue.at(&["details", "text"]).and_then(Value::string);
        messages.push(format!("{at}: {}", said.unwrap_or_default()));
        places.insert(at);
    }
    (places, messages)
}

/// The cases that count: every file there, no package from elsewhere.
fn cases(folder: &Path) -> Vec<Case> {
    let manifest = Document::parse(fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let mut found = Vec::new();
    for case in manifest.root().get("test-cases").unwrap().items() {
        let module = text(case, "module").unwrap_or_default();
        let profile = case.get("profile");
        let needs_package = case.get("packages").is_some()
            || profile.is_some_and(|profile| profile.get("packages").is_some());
        if !MODULES.contains(&&*module) || needs_package {
            continue;
        }
        let file = text(case, "file").unwrap();
        let beside: Vec<String> = ["supporting", "supporting5", "profiles"]
            .map(|name| texts(case, name))
            .concat();
        let of_profile: Vec<String> = profile
            .into_iter()
            .flat_map(|profile| {
                let mut all = texts(profile, "supporting");
                all.extend(text(profile, "source"));
                all
            })
            .collect();
        let is_there = |name: &String| folder.join(name).is_file();
        let is_known = file.ends_with(".json") || file.ends_with(".xml");
        if !is_known
            || !is_there(&file)
            || ![&beside[..], &of_profile].concat().iter().all(is_there)
        {
            continue;
        }
        let name = text(case, "name").unwrap();
        let security = case.get("security-checks").and_then(Value::boolean) == Some(true);
        let resolves = text(case, "validateReference").as_deref() == Some("CHECK_EXISTS_AND_TYPE");
        let best_practice = text(case, "best-practice").as_deref() == Some("error");
        let mut add = |name: String, outcome: Option<String>, profile: Option<String>, beside| {
            let bytes = outcome.and_then(|path| fs::read(folder.join("outcomes").join(path)).ok());
            let Some(bytes) = bytes else { return };
            let (expected, messages) = errors(&Document::parse(bytes).unwrap());
            let file = file.clone();
            found.push(Case {
                name,
                file,
                profile,
                beside,
                expected,
                messages,
                best_practice,
                security,
                resolves,
            });
        };
        match profile {
            None => add(name, text(case, "java"), None, beside),
            Some(profile) => {
                add(name.clone(), text(case, "java"), None, beside.clone());
                let beside = [beside, of_profile].concat();
                let source = text(profile, "source");
                add(
                    format!("{name} (profile)"),
                    text(profile, "java"),
                    source,
                    beside,
                );
            }
        }
    }
    found
}

fn read(folder: &Path, file: &str, definitions: &Definitions) -> Result<Resource, String> {
    let bytes = fs::read(folder.join(file)).unwrap();
    if file.ends_with(".json") {
        return Resource::parse(bytes).map_err(|fault| fault.to_string());
    }
    from_xml(&bytes, &definitions.structures, XmlLimits::default())
        .map_err(|fault| fault.to_string())
}

/// What this validator finds: the places of its errors, and what it says.
fn found(folder: &Path, case: &Case, definitions: &Definitions) -> (BTreeSet<String>, Vec<String>) {
    let resource = match read(folder, &case.file, definitions) {
        Ok(resource) => resource,
        Err(fault) => return (BTreeSet::from(["?".to_owned()]), vec![fault]),
    };
    let mut builder = ProfilesBuilder::default();
    let mut own = CodeSetsBuilder::default();
    let mut asked = Vec::new();
    let mut questionnaires = Vec::new();
    for name in &case.beside {
        let one = match read(folder, name, definitions) {
            Ok(one) => one,
            Err(fault) => {
                println!("      {name}: {fault}");
                continue;
            }
        };
        let _ = builder.add(one.root());
        match one.resource_type().name() {
            "Questionnaire" => questionnaires.push(one.clone()),
            "ValueSet" => own.add_value_set(one.root()),
            "CodeSystem" => own.add_code_system(one.root()),
            _ => {}
        }
        if case.profile.as_ref() == Some(name) {
            asked.extend(text(one.root(), "url"));
        }
    }
    let (profiles, faults): (Profiles, _) =
        builder.build(&definitions.structures, &definitions.profiles);
    for fault in faults {
        println!("      {}: {}", fault.0, fault.1);
    }
    let codes = Codes {
        own,
        known: RefCell::default(),
    };
    let questionnaires: Vec<&Resource> = questionnaires.iter().collect();
    let validator = Validator {
        questionnaires: &questionnaires,
        profiles: &profiles,
        terminology: &codes,
        strictness: Strictness {
            unknown_extension: Severity::Error,
            best_practice: case.best_practice,
            references: case.resolves,
            markup: case.security.then_some(Severity::Error),
            ..Strictness::default()
        },
        ..Validator::new(definitions)
    };
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let report = validator.validate(&resource, &asked);
    let missing = report.references.iter().map(|(_, issue)| issue);
    let errors = report
        .issues
        .iter()
        .chain(missing)
        .filter(|issue| issue.severity <= Severity::Error);
    let mut places = BTreeSet::new();
    let mut messages = Vec::new();
    for issue in errors {
        let at = issue
            .expression
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        messages.push(format!("{at}: {}", issue.diagnostics));
        places.insert(at);
    }
    (places, messages)
}

#[test]
fn verdicts_and_places_are_hl7s() {
    let (Some(definitions), Some(folder)) = (definitions(), folder()) else {
        return;
    };
    let reasons: BTreeMap<_, _> = REASONS.into_iter().collect();
    let (mut all, mut same_verdict, mut invalid, mut same_place) = (0, 0, 0, 0);
    let mut disagreements = BTreeSet::new();
    for case in cases(&folder) {
        all += 1;
        let (places, messages) = found(&folder, &case, definitions);
        let agrees = places.is_empty() == case.expected.is_empty();
        same_verdict += usize::from(agrees);
        let mut at_same = true;
        if !case.expected.is_empty() {
            invalid += 1;
            at_same = places.iter().any(|one| case.expected.contains(one));
            same_place += usize::from(at_same);
        }
        if !agrees || !at_same {
            let reason = reasons.get(&*case.name).unwrap_or(&"no reason is known");
            println!("{} ({}): {reason}", case.name, case.file);
            for message in messages.iter().take(6) {
                println!("    here {message}");
            }
            for message in case.messages.iter().take(6) {
                println!("    HL7  {message}");
            }
            disagreements.insert(case.name);
        }
    }
    println!(
        "{all} verdicts, {same_verdict} the same; {invalid} invalid, {same_place} with an error at the same place"
    );
    assert!(same_verdict * 100 >= all * 95, "{same_verdict} of {all}");
    assert!(
        same_place * 100 >= invalid * 80,
        "{same_place} of {invalid}"
    );
}
