//! What is fuzzed: the text of a search, the FHIRPath of a search parameter, and what `resources.rs` and `codes.rs` add. The fuzz targets
//! run this on inputs of libFuzzer's making, the ordinary tests on those that were kept and on a few thousand of
//! proptest's.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::missing_docs_in_private_items,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a fuzz target fails where it panics, and finds the packages where the set-up keeps them"
)]

mod codes;
mod resources;

use std::env;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Mutex;

use fhir::definitions::search_parameters::{
    Activity, SearchParameter, SearchParameters, SearchType,
};
use fhir::definitions::structure::Structures;
use fhir::definitions::{Definitions, DefinitionsBuilder};
use fhir::ids::ResourceType;
use fhir::json::Document;
use fhir::path::{Environment, Expression, Item, Limits, Node, evaluate};
use fhir::resource::Resource;
use fhir::search::extract::{ExtractLimits, Extractor};
use fhir::search::index_plan::IndexPlan;
use fhir::search::plan::Plan;
use fhir::search::planner::{Handling, PlanLimits, Planner};
use fhir::search::query::{Query, QueryLimits};
use flate2::read::GzDecoder;
use jiff::Timestamp;

pub use codes::import_codes;

/// Resources of many shapes, to evaluate expressions on.
const EXAMPLES: [&str; 10] = [
    "Patient-example.json",
    "Observation-blood-pressure.json",
    "Encounter-example.json",
    "Location-1.json",
    "Bundle-bundle-example.json",
    "Specimen-101.json",
    "RiskAssessment-genetic.json",
    "Group-101.json",
    "Appointment-example.json",
    "ValueSet-example-extensional.json",
];

/// What a search can be of: nothing is all types.
const SCOPES: [&[&str]; 6] = [
    &["Patient"],
    &["Observation"],
    &[],
    &["Patient", "Practitioner"],
    &["Location"],
    &["ValueSet"],
];

const SEARCH_TYPES: [SearchType; 7] = [
    SearchType::Token,
    SearchType::String,
    SearchType::Reference,
    SearchType::Date,
    SearchType::Number,
    SearchType::Quantity,
    SearchType::Uri,
];

const BASE: &str = "https://vesta.example/fhir";

/// Everything that inputs are tried on.
pub struct Bench {
    definitions: Definitions,
    index: IndexPlan,
    examples: Vec<Resource>,
    /// The same with a single search parameter, another for each input.
    single: Mutex<Definitions>,
}

impl Bench {
    /// R4's definitions and examples; nothing, and a printed reason, where their package is absent.
    pub fn new() -> Option<Self> {
        let mut builder = DefinitionsBuilder::default();
        let mut examples = Vec::new();
        let path = package();
        let Ok(file) = File::open(&path) else {
            eprintln!("skipped: {} is absent", path.display());
            return None;
        };
        let mut archive = tar::Archive::new(GzDecoder::new(file));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().into_owned();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let is_example = EXAMPLES.contains(&name.as_str());
            let uses = DefinitionsBuilder::uses(name.split('-').next().unwrap());
            if !is_example && !uses {
                continue;
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            if is_example {
                examples.push(Resource::parse(bytes).unwrap());
            } else {
                builder.add(Document::parse(bytes).unwrap().root()).unwrap();
            }
        }
        let definitions = builder.build().unwrap();
        let index = IndexPlan::compile(&definitions).unwrap();
        let single = Mutex::new(definitions.clone());
        Some(Self {
            definitions,
            index,
            examples,
            single,
        })
    }

    /// The first byte says what is searched, the rest is the query. Whatever it is, it is planned or refused; what is
    /// planned strictly is planned leniently in the same way; and what was understood, asked again, is the same search.
    pub fn query(&self, input: &[u8]) {
        let Some((scope, query)) = input.split_first() else {
            return;
        };
        let Ok(text) = std::str::from_utf8(query) else {
            return;
        };
        let scope = SCOPES[usize::from(*scope) % SCOPES.len()];
        let types: Vec<ResourceType> = scope
            .iter()
            .filter_map(|name| ResourceType::parse(name))
            .collect();
        let lenient = self.plan(&types, text, Handling::Lenient);
        let Some(strict) = self.plan(&types, text, Handling::Strict) else {
            return;
        };
        let lenient = lenient.expect("a strict search is a lenient search");
        assert_eq!(strict, lenient, "strict and lenient differ");
        assert!(strict.warnings.is_empty(), "a strict search has a warning");
        let again = self.plan(&types, &self_link(&strict), Handling::Strict);
        let again = again.expect("the self link is understood");
        assert_eq!(
            strict.criteria_key(),
            again.criteria_key(),
            "the self link finds something else"
        );
    }

    fn plan(&self, types: &[ResourceType], text: &str, handling: Handling) -> Option<Plan> {
        let query = Query::parse(text, QueryLimits::default()).ok()?;
        let planner = Planner {
            parameters: &self.definitions.search_parameters,
            index: &self.index,
            base_url: BASE,
            now: Timestamp::UNIX_EPOCH,
            handling,
            limits: PlanLimits::default(),
            codes: None,
        };
        planner.plan(types, &query).ok()
    }

    /// The first byte says the type of resource and of parameter, the rest is an expression. Whatever it is, it is
    /// refused, or evaluated to the end within its limits, or indexed to the same values each time.
    pub fn path(&self, input: &[u8]) {
        let Some((choice, expression)) = input.split_first() else {
            return;
        };
        let Ok(text) = std::str::from_utf8(expression) else {
            return;
        };
        let example = &self.examples[usize::from(*choice) % self.examples.len()];
        let search_type = SEARCH_TYPES[usize::from(*choice) / 10 % SEARCH_TYPES.len()];
        let structures = &self.definitions.structures;
        if let Ok(expression) = Expression::parse(text) {
            evaluated(&expression, example, structures);
        }
        let mut definitions = self.single.lock().unwrap();
        definitions.search_parameters =
            one_parameter(structures, example.resource_type(), search_type, text);
        let Ok(plan) = IndexPlan::compile(&definitions) else {
            return;
        };
        let extractor = Extractor {
            plan: &plan,
            definitions: &definitions,
            base_url: BASE,
            limits: ExtractLimits {
                values_max: 1000,
                ..ExtractLimits::default()
            },
        };
        let values = extractor.extract(example);
        let again = extractor.extract(example);
        assert_eq!(values.is_ok(), again.is_ok(), "an answer changes");
        if let (Ok(values), Ok(again)) = (values, again) {
            assert_eq!(values, again, "the values change");
        }
    }

    /// So that a test can say how much was searched by.
    pub fn parameters(&self) -> usize {
        let codes = |one| self.index.codes(one).count();
        ResourceType::all().map(codes).sum()
    }
}

/// An expression that is parsed has a text that is parsed to the same; its evaluation ends.
fn evaluated(expression: &Expression, example: &Resource, structures: &Structures) {
    let context = structures.by_name(example.resource_type().name()).unwrap();
    let checked = expression.check(structures, context).is_ok();
    assert_eq!(
        checked,
        expression.check(structures, context).is_ok(),
        "a check changes"
    );
    let node = Node::resource(example.root(), structures).unwrap();
    let mut environment = Environment::new(structures);
    environment.limits = Limits {
        steps: 50_000,
        items: 5_000,
        string_bytes: 1 << 16,
    };
    let _whatever_it_is = evaluate(expression, Item::Node(node), &environment);
}

/// A registry of one parameter.
fn one_parameter(
    structures: &Structures,
    resource_type: ResourceType,
    search_type: SearchType,
    expression: &str,
) -> SearchParameters {
    let parameter = SearchParameter {
        url: "http://x".into(),
        code: "x".into(),
        search_type,
        activity: Activity::Active,
        base: vec![resource_type.name().into()],
        expression: Some(expression.into()),
        targets: Vec::new(),
        components: Vec::new(),
        comparators: Vec::new(),
        modifiers: Vec::new(),
        multiple_or: true,
        multiple_and: true,
    };
    let registry = SearchParameters::default().with(structures, [parameter]);
    registry.unwrap()
}

/// The query of a self link.
fn self_link(plan: &Plan) -> String {
    let mut link = String::new();
    for (name, value) in &plan.understood {
        encode(&mut link, name);
        link.push('=');
        encode(&mut link, value);
        link.push('&');
    }
    link.pop();
    link
}

fn encode(link: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            link.push(char::from(byte));
        } else {
            write!(link, "%{byte:02X}").unwrap();
        }
    }
}

fn package() -> PathBuf {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from);
    let cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let folder = variable("VESTA_PACKAGES_DIR")
        .or_else(|| cache().map(|cache| cache.join("vesta/packages")));
    folder
        .unwrap_or_default()
        .join("hl7.fhir.r4.examples-4.0.1.tgz")
}

/// The inputs of a corpus file: one a line, in which `\xNN` is a byte and `\\` a backslash.
pub fn inputs(corpus: &str) -> Vec<Vec<u8>> {
    corpus
        .lines()
        .filter(|line| !line.is_empty())
        .map(read)
        .collect()
}

fn read(line: &str) -> Vec<u8> {
    let mut input = Vec::new();
    let mut bytes = line.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            input.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'x') => {
                let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                input.push(u8::from_str_radix(&digits, 16).expect("two hexadecimal digits"));
            }
            other => input.push(other.expect("something behind a backslash")),
        }
    }
    input
}

/// An input as a line of a corpus file.
pub fn line(input: &[u8]) -> String {
    let mut line = String::new();
    for byte in input {
        match byte {
            b'\\' => line.push_str(r"\\"),
            b' '..=b'~' => line.push(char::from(*byte)),
            _ => write!(line, "\\x{byte:02x}").unwrap(),
        }
    }
    line
}
