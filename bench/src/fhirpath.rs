//! What an evaluation of FHIRPath takes: expressions of search, and the invariants of R4 on its own examples
//! (<https://hl7.org/fhir/R4/fhirpath.html>).

mod invariants;

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use fhir::definitions::structure::Structures;
use fhir::json::Document;
use fhir::path::{Environment, Expression, Item, Node, evaluate};
use flate2::read::GzDecoder;

use crate::report::{self, Table};
use crate::{Result, statistics};

/// The archive that the resources come from.
const PACKAGE: &str = "hl7.fhir.r4.examples-4.0.1.tgz";
/// The largest example that is looked at: the few beyond hold nothing the others do not.
const EXAMPLE_BYTES_MAX: usize = 500_000;

/// Expressions, each with the example it is evaluated on.
const EXPRESSIONS: [(&str, &str); 6] = [
    ("Patient.name.given", "Patient-example.json"),
    ("Observation.status", "Observation-f001.json"),
    ("Observation.value.as(Quantity)", "Observation-f001.json"),
    (
        "Bundle.entry.resource.ofType(Observation).where(code.coding.exists(code = '85354-9'))",
        BUNDLE,
    ),
    (
        "Observation.code.coding.where(system = 'http://loinc.org').code",
        "Observation-blood-pressure.json",
    ),
    (
        "Observation.subject.where(resolve() is Patient)",
        "Observation-f001.json",
    ),
];
/// A collection of all Observations among the examples, made here.
const BUNDLE: &str = "all Observations";

/// What `bench fhirpath` is asked for.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Milliseconds of each measurement
    #[arg(long, default_value_t = 300, value_name = "N")]
    window_ms: u64,
    /// The folder of the FHIR packages
    #[arg(long, env = "VESTA_PACKAGES_DIR", value_name = "DIR")]
    packages_dir: PathBuf,
}

/// An example and its file name.
struct Example {
    name: String,
    document: Document,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    report::progress("reading definitions and examples");
    let settings = vesta::definitions::Settings {
        packages_dir: options.packages_dir.clone(),
        data_dir: options.packages_dir.clone(),
        packages: vesta::definitions::PackageList::shipped()?,
    };
    let structures = vesta::definitions::load(&settings)?.definitions.structures;
    let mut examples = examples(&options.packages_dir.join(PACKAGE))?;
    examples.push(bundle(&examples)?);
    let window = Duration::from_millis(options.window_ms);
    report::progress("evaluating expressions");
    expressions(&examples, &structures, window)?.print();
    report::progress("evaluating the invariants of all examples");
    invariants::measure(&examples, &structures, window)?.print();
    Ok(())
}

/// All examples that are JSON and not too large.
fn examples(path: &std::path::Path) -> Result<Vec<Example>> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path)?));
    let mut found = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let is_resource =
            name.contains('-') && path.parent().is_some_and(|up| up.ends_with("package"));
        let name = name.to_owned();
        let mut bytes = Vec::new();
        if is_resource {
            entry.read_to_end(&mut bytes)?;
        }
        if bytes.is_empty() || bytes.len() > EXAMPLE_BYTES_MAX {
            continue;
        }
        // Some examples are broken on purpose.
        if let Ok(document) = Document::parse(bytes) {
            found.push(Example { name, document });
        }
    }
    Ok(found)
}

fn bundle(examples: &[Example]) -> Result<Example> {
    let entries: Vec<String> = examples
        .iter()
        .filter(|example| example.name.starts_with("Observation-"))
        .map(|example| format!("{{\"resource\":{}}}", example.document.text()))
        .collect();
    let text = format!(
        "{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{}]}}",
        entries.join(",")
    );
    Ok(Example {
        name: BUNDLE.to_owned(),
        document: Document::parse(text)?,
    })
}

fn expressions(examples: &[Example], structures: &Structures, window: Duration) -> Result<Table> {
    let mut table = Table::new(&["expression", "items", "parsing ns", "evaluation ns"]);
    for (text, name) in EXPRESSIONS {
        let example = examples.iter().find(|example| example.name == name);
        let example = example.ok_or_else(|| format!("the example {name} is not in the package"))?;
        let node = Node::resource(example.document.root(), structures)
            .ok_or_else(|| format!("the example {name} is no resource"))?;
        let expression = Expression::parse(text)?;
        let environment = Environment::new(structures);
        let items = evaluate(&expression, Item::Node(node), &environment)?.len();
        let parsing = nanos(window, || {
            black_box(Expression::parse(black_box(text))).is_ok()
        });
        let evaluation = nanos(window, || {
            black_box(evaluate(
                black_box(&expression),
                Item::Node(node),
                &environment,
            ))
            .is_ok()
        });
        let figures = [
            items.to_string(),
            parsing.to_string(),
            evaluation.to_string(),
        ];
        table.row([vec![text.to_owned()], figures.to_vec()].concat());
    }
    Ok(table)
}

/// Nanoseconds of one call: the median of eight rounds that take the window together.
fn nanos(window: Duration, mut call: impl FnMut() -> bool) -> u64 {
    const ROUNDS: u32 = 8;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (begin, mut calls) = (Instant::now(), 0u64);
        let mut is_done = false;
        while !is_done {
            for _ in 0..16 {
                black_box(call());
            }
            calls += 16;
            is_done = begin.elapsed() * ROUNDS >= window;
        }
        let elapsed = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        rounds.push(elapsed / calls);
    }
    statistics::median(rounds)
}
