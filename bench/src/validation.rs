//! What validating takes, beside parsing and beside a JSON Schema of R4, on the official examples
//! (<https://hl7.org/fhir/R4/validation.html>); and what the definitions take in memory.

mod schema;
mod tape;

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use fhir::definitions::Definitions;
use fhir::definitions::profiles::ProfileElement;
use fhir::definitions::structure::{Structures, TypeDefinition};
use fhir::json::{Document, Value};
use fhir::resource::Resource;
use fhir::validation::{Strictness, Validator, validate};
use flate2::read::GzDecoder;

use crate::Result;
use crate::report::{self, Table};
use crate::statistics::{Ratio, median, percentile};
use schema::Grammars;
use tape::{Tape, TapeNode};

/// The archive that the resources come from.
const PACKAGE: &str = "hl7.fhir.r4.examples-4.0.1.tgz";
/// How many of the slowest are shown.
const SHOWN: usize = 8;

/// What `bench validation` is asked for.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often each example is validated; the fastest counts
    #[arg(long, default_value_t = 5, value_name = "N")]
    rounds: u32,
    /// The folder of the FHIR packages
    #[arg(long, env = "VESTA_PACKAGES_DIR", value_name = "DIR")]
    packages_dir: PathBuf,
}

/// An example: file name and text.
struct Example {
    name: String,
    bytes: Vec<u8>,
}

/// What is measured, in the order of the columns.
const STEPS: [&str; 6] = [
    "parsing",
    "JSON Schema of R4, on the tape",
    "structure alone",
    "what a write checks, without invariants",
    "what a write checks",
    "what $validate tells",
];

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    let before = memory()?;
    let settings = vesta::definitions::Settings {
        packages_dir: options.packages_dir.clone(),
        data_dir: options.packages_dir.clone(),
        packages: vesta::definitions::PackageList::shipped()?,
    };
    let loaded = vesta::definitions::load(&settings)?;
    report::line(&format!(
        "definitions of R4, of this product and of the International Patient Summary: {} MB of memory, {} ms ({:?})",
        memory()?.saturating_sub(before) / 1024,
        loaded.elapsed.as_millis(),
        loaded.origin,
    ));
    let definitions = loaded.definitions;
    let rules = parse_rules(&definitions);
    report::line(&format!(
        "with all {rules} rules parsed, as after long use: {} MB",
        memory()?.saturating_sub(before) / 1024,
    ));
    report::progress("reading examples");
    let (examples, grammars) = examples(&options.packages_dir.join(PACKAGE))?;
    let schema = schema::schema(&definitions, &grammars);
    let schema = jsonschema::options_for::<Tape>()
        .build(&schema)
        .map_err(|error| error.to_string())?;
    report::progress("validating examples");
    let plain = without_rules(&definitions);
    let mut all = Vec::new();
    for example in &examples {
        all.extend(measure(
            example,
            (&definitions, &plain),
            &schema,
            options.rounds,
        ));
    }
    summary(&all).print();
    let valid = all.iter().filter(|one| one.is_valid_by_schema).count();
    report::line(&format!("the schema finds {valid} of them valid"));
    slowest(&all).print();
    Ok(())
}

/// Parses every rule, which else is parsed when it is first needed; how many there are.
fn parse_rules(definitions: &Definitions) -> usize {
    let of_type = |one: &TypeDefinition| {
        let below = one.elements.iter().flat_map(|element| &element.constraints);
        one.constraints
            .iter()
            .chain(below)
            .filter(|rule| rule.parsed().is_some())
            .count()
    };
    let types = definitions.structures.all().map(|(_, one)| of_type(one));
    let profiles = definitions.profiles.all().map(|one| in_profile(&one.root));
    types.chain(profiles).sum()
}

fn in_profile(element: &ProfileElement) -> usize {
    let own = element
        .rules
        .constraints
        .iter()
        .filter(|rule| rule.parsed().is_some());
    let below = element.children.iter().chain(&element.slices);
    own.count() + below.map(in_profile).sum::<usize>()
}

/// Kilobytes of this process that are backed by no file.
fn memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let digits = line.and_then(|line| line.trim().split(' ').next());
    Ok(digits.ok_or("the kernel does not tell RssAnon")?.parse()?)
}

/// All examples, and the grammars of primitives by their definitions.
fn examples(path: &Path) -> Result<(Vec<Example>, Grammars)> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path)?));
    let (mut found, mut grammars) = (Vec::new(), Grammars::new());
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if !name.contains('-') || !path.parent().is_some_and(|up| up.ends_with("package")) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if name.starts_with("StructureDefinition-") {
            grammars.extend(grammar(&bytes));
        }
        // Some are broken on purpose.
        if Resource::parse(bytes.clone()).is_ok() {
            found.push(Example { name, bytes });
        }
    }
    Ok((found, grammars))
}

/// The name and the grammar of a primitive type.
fn grammar(bytes: &[u8]) -> Option<(String, String)> {
    let document = Document::parse(bytes.to_vec()).ok()?;
    let root = document.root();
    let text = |value: Value<'_>, name: &str| Some(value.get(name)?.string()?.into_owned());
    if text(root, "kind")? != "primitive-type" {
        return None;
    }
    let name = text(root, "name")?;
    let elements = root.at(&["snapshot", "element"])?.items();
    let types = elements
        .filter_map(|element| element.get("type"))
        .flat_map(Value::items);
    let extensions = types
        .filter_map(|one| one.get("extension"))
        .flat_map(Value::items);
    let is_grammar = |one: &Value<'_>| text(*one, "url").is_some_and(|url| url.ends_with("/regex"));
    let found = extensions.filter(is_grammar).last()?;
    Some((name, text(found, "valueString")?))
}

/// The definitions without any rule.
fn without_rules(definitions: &Definitions) -> Definitions {
    let mut types: Vec<TypeDefinition> = definitions.structures.clone().into();
    for definition in &mut types {
        definition.constraints.clear();
        for element in &mut definition.elements {
            element.constraints.clear();
        }
    }
    Definitions {
        structures: Structures::from(types),
        ..definitions.clone()
    }
}

/// One example, and what each step took, in nanoseconds.
struct Measured<'e> {
    name: &'e str,
    bytes: usize,
    nanos: [u64; STEPS.len()],
    is_valid_by_schema: bool,
}

fn measure<'e>(
    example: &'e Example,
    (definitions, plain): (&Definitions, &Definitions),
    schema: &jsonschema::Validator<Tape>,
    rounds: u32,
) -> Option<Measured<'e>> {
    let resource = Resource::parse(example.bytes.clone()).ok()?;
    let writing = Strictness {
        warnings: false,
        implied: false,
        ..Strictness::default()
    };
    let report = |definitions, strictness| {
        let validator = Validator {
            strictness,
            ..Validator::new(definitions)
        };
        black_box(validator.validate(black_box(&resource), &[]))
            .issues
            .len()
    };
    let fastest = |step: &dyn Fn() -> usize| {
        let once = |_| {
            let begin = Instant::now();
            black_box(step());
            u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
        };
        (0..rounds.max(1)).map(once).min().unwrap_or_default()
    };
    // The copy of the text is not part of parsing it.
    let texts: Vec<_> = (0..rounds.max(1)).map(|_| example.bytes.clone()).collect();
    let parsed = texts.into_iter().map(|text| {
        let begin = Instant::now();
        black_box(Resource::parse(text)).ok();
        u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    });
    Some(Measured {
        name: &example.name,
        bytes: example.bytes.len(),
        nanos: [
            parsed.min().unwrap_or_default(),
            fastest(&|| usize::from(schema.is_valid(TapeNode::Value(resource.root())))),
            fastest(&|| validate(black_box(&resource), definitions).len()),
            fastest(&|| report(plain, writing)),
            fastest(&|| report(definitions, writing)),
            fastest(&|| report(definitions, Strictness::default())),
        ],
        is_valid_by_schema: schema.is_valid(TapeNode::Value(resource.root())),
    })
}

fn summary(all: &[Measured<'_>]) -> Table {
    let title = format!("{} examples", all.len());
    let mut table = Table::new(&[&title, "µs, median", "of parsing", "90 %", "99 %"]);
    for (place, step) in STEPS.iter().enumerate() {
        let nanos = all.iter().map(|one| one.nanos[place]);
        let mut ratios: Vec<u64> = all
            .iter()
            .map(|one| one.nanos[place] * 1_000 / one.nanos[0].max(1))
            .collect();
        ratios.sort_unstable();
        let ratio = |permille| Ratio::permille(percentile(&ratios, permille)).to_string();
        table.row(vec![
            (*step).to_owned(),
            micros(median(nanos.collect())),
            ratio(500),
            ratio(900),
            ratio(990),
        ]);
    }
    table
}

fn slowest(all: &[Measured<'_>]) -> Table {
    const WRITE: usize = 4;
    let mut order: Vec<_> = all.iter().collect();
    order.sort_by_key(|one| std::cmp::Reverse(one.nanos[WRITE]));
    let mut table = Table::new(&[
        "the slowest",
        "KB",
        "parsing µs",
        "without invariants µs",
        "µs",
    ]);
    for one in order.into_iter().take(SHOWN) {
        table.row(vec![
            one.name.to_owned(),
            (one.bytes / 1024).to_string(),
            micros(one.nanos[0]),
            micros(one.nanos[WRITE - 1]),
            micros(one.nanos[WRITE]),
        ]);
    }
    table
}

fn micros(nanos: u64) -> String {
    format!("{}.{}", nanos / 1_000, nanos % 1_000 / 100)
}
