//! `conformance`: runs the cases, the official examples and the Synthea Bundles against a FHIR base URL.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the report is this program's output"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use conformance_tests::examples::{self, Known};
use conformance_tests::oracle::server::Server;
use conformance_tests::oracle::{beside, generate, judge, walk};
use conformance_tests::run::{Verdict, case_files, run_all};
use conformance_tests::search_data;
use conformance_tests::synthea;
use conformance_tests::terminology::{self, Suites};
use conformance_tests::wire::Client;

/// Black-box tests of a FHIR R4 server.
#[derive(Parser)]
struct Arguments {
    /// The FHIR base URL of the server.
    #[arg(
        long,
        global = true,
        env = "CONFORMANCE_URL",
        default_value = "http://127.0.0.1:8080/fhir"
    )]
    base_url: String,
    /// Only what has this text in its name.
    #[arg(long, global = true, default_value = "")]
    only: String,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the cases (the default).
    Cases {
        /// The folder of the cases.
        #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/cases"))]
        cases: PathBuf,
        /// How many cases run at once.
        #[arg(long, default_value_t = 8)]
        at_once: usize,
    },
    /// Store every resource of a FHIR package and read it back, as JSON and through XML.
    Examples {
        /// The package file.
        #[arg(long)]
        package: Option<PathBuf>,
        /// The folder of packages, when no file is given.
        #[arg(long, env = "VESTA_PACKAGES_DIR")]
        packages_dir: Option<PathBuf>,
        /// The list of examples that have to be refused.
        #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/invalid-examples.json"))]
        invalid: PathBuf,
    },
    /// Load the Synthea Bundles of the test data.
    Synthea {
        /// The folder of the test data.
        #[arg(long, env = "VESTA_TESTDATA", default_value = "../shared/testdata")]
        testdata: PathBuf,
    },
    /// Search the resources of the test data, on a server that holds nothing else.
    SearchData {
        /// The folder of the test data.
        #[arg(long, env = "VESTA_TESTDATA", default_value = "../shared/testdata")]
        testdata: PathBuf,
        /// The list of searches that the specification answers otherwise.
        #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/contested-searches.json"))]
        contested: PathBuf,
    },
    /// Ask the terminology server what HL7's tests of terminology servers ask.
    Terminology {
        /// The folder of the test data.
        #[arg(long, env = "VESTA_TESTDATA", default_value = "../shared/testdata")]
        testdata: PathBuf,
        /// The list of tests that are answered otherwise.
        #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/known-terminology.json"))]
        known: PathBuf,
    },
    /// Answer random searches in memory and by the server, and compare.
    SearchOracle(SearchOracle),
    /// Walk through pages while others write.
    SearchWalk {
        /// How many resources.
        #[arg(long, default_value_t = 2000)]
        resources: usize,
        /// Which.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// An order that the server does not support is a failure.
        #[arg(long)]
        complete: bool,
    },
}

#[derive(clap::Args)]
struct SearchOracle {
    /// The folder of packages.
    #[arg(long, env = "VESTA_PACKAGES_DIR")]
    packages_dir: PathBuf,
    /// How many searches.
    #[arg(long, default_value_t = 3000)]
    queries: u32,
    /// Which searches.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What they may ask for, between commas; without it everything.
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// How many run side by side.
    #[arg(long, default_value_t = 3)]
    at_once: u32,
    /// How many patients are generated, and about nine other resources for each.
    #[arg(long, default_value_t = 60)]
    patients: usize,
    /// How many differences each runner looks for before it gives up.
    #[arg(long, default_value_t = 5)]
    failures_max: usize,
    /// Something that the server says it does not support is a failure.
    #[arg(long)]
    complete: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match perform(arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn perform(arguments: Arguments) -> Result<bool, String> {
    let client = Client::new()?;
    let base = arguments.base_url.trim_end_matches('/').to_owned();
    let only = arguments.only;
    let default_cases = || Command::Cases {
        cases: concat!(env!("CARGO_MANIFEST_DIR"), "/cases").into(),
        at_once: 8,
    };
    match arguments.command.unwrap_or_else(default_cases) {
        Command::Cases { cases, at_once } => {
            run_cases(&client, &base, &cases, &only, at_once).await
        }
        Command::Examples {
            package,
            packages_dir,
            invalid,
        } => {
            let package = package.or(packages_dir.map(|folder| folder.join(EXAMPLES)));
            let package =
                package.ok_or("give --package, or --packages-dir or VESTA_PACKAGES_DIR")?;
            run_examples(&client, &base, package, invalid, only).await
        }
        Command::Synthea { testdata } => {
            run_synthea(&client, &base, &testdata.join("synthea")).await
        }
        Command::SearchData {
            testdata,
            contested,
        } => run_search_data(&client, &base, &testdata.join("search"), &contested).await,
        Command::Terminology { testdata, known } => {
            let suites = Suites {
                client: &client,
                base: &base,
                folder: &testdata.join("terminology"),
                only: &only,
            };
            run_terminology(suites, &known).await
        }
        Command::SearchOracle(arguments) => {
            run_search_oracle(Server { client, base }, arguments).await
        }
        Command::SearchWalk {
            resources,
            seed,
            complete,
        } => run_search_walk(Server { client, base }, resources, seed, complete).await,
    }
}

async fn run_cases(
    client: &Client,
    base: &str,
    folder: &std::path::Path,
    only: &str,
    at_once: usize,
) -> Result<bool, String> {
    let reports = run_all(client, base, case_files(folder, only)?, at_once).await?;
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for report in reports {
        match report.verdict {
            Verdict::Passed => passed += 1,
            Verdict::Skipped => skipped += 1,
            Verdict::Failed(why) => {
                failed += 1;
                println!("FAILED {} ({}): {why}", report.name, report.title);
            }
        }
    }
    println!("{}", closing(passed, failed, skipped));
    Ok(failed == 0)
}

fn closing(passed: usize, failed: usize, skipped: usize) -> String {
    match skipped {
        0 => format!("{passed} passed, {failed} failed"),
        _ => format!("{passed} passed, {failed} failed, {skipped} skipped"),
    }
}

async fn run_examples(
    client: &Client,
    base: &str,
    package: PathBuf,
    invalid: PathBuf,
    only: String,
) -> Result<bool, String> {
    let text = std::fs::read_to_string(&invalid);
    let text = text.map_err(|error| format!("{}: {error}", invalid.display()))?;
    let mut known: Known = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    known.invalid.retain(|named| named.name.contains(&only));
    known.repeated.retain(|named| named.name.contains(&only));
    let tally = examples::run(client, base, package, only).await?;
    println!(
        "{} examples stored and read back equal as JSON and through XML: {} definitions, {} instances",
        tally.equal,
        tally.definitions,
        tally.equal - tally.definitions
    );
    for named in &known.invalid {
        if let Some(answer) = tally.refused.get(&named.name) {
            println!(
                "invalid: {}: {} (refused: {answer})",
                named.name, named.reason
            );
        }
    }
    for named in &known.repeated {
        println!("repeated: {}: {}", named.name, named.reason);
    }
    let surprises = tally.surprises(&known);
    for surprise in &surprises {
        println!("FAILED {surprise}");
    }
    println!("{}", closing(tally.equal, surprises.len(), 0));
    Ok(surprises.is_empty())
}

async fn run_synthea(
    client: &Client,
    base: &str,
    folder: &std::path::Path,
) -> Result<bool, String> {
    let Some(files) = synthea::bundle_files(folder) else {
        println!("skipped: no Synthea Bundles in {}", folder.display());
        println!("{}", closing(0, 0, 1));
        return Ok(true);
    };
    let (mut passed, mut failed) = (0, 0);
    for file in files {
        let loaded = synthea::load(client, base, &file).await?;
        if loaded.problems.is_empty() {
            passed += 1;
            println!("{}: {} entries", loaded.name, loaded.entries);
            continue;
        }
        failed += 1;
        for problem in loaded.problems.iter().take(20) {
            println!("FAILED {}: {problem}", loaded.name);
        }
        println!("FAILED {}: {} problems", loaded.name, loaded.problems.len());
    }
    println!("{}", closing(passed, failed, 0));
    Ok(failed == 0)
}

async fn run_terminology(suites: Suites<'_>, known: &std::path::Path) -> Result<bool, String> {
    if !terminology::is_there(suites.folder) {
        println!("skipped: no tests in {}", suites.folder.display());
        println!("{}", closing(0, 0, 1));
        return Ok(true);
    }
    let text = std::fs::read_to_string(known);
    let text = text.map_err(|error| format!("{}: {error}", known.display()))?;
    let known: terminology::Known =
        serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let reports = suites.run().await?;
    let surprises = terminology::surprises(&reports, &known, suites.only);
    for one in &known.differing {
        println!("known: {}: {}", one.test, one.reason);
    }
    for surprise in &surprises {
        println!("FAILED {surprise}");
    }
    let passed = reports
        .iter()
        .filter(|one| one.difference.is_none())
        .count();
    println!(
        "{passed} of {} tests are answered as HL7 has it",
        reports.len()
    );
    println!("{}", closing(passed, surprises.len(), 0));
    Ok(surprises.is_empty())
}

const EXAMPLES: &str = "hl7.fhir.r4.examples-4.0.1.tgz";

async fn run_search_oracle(server: Server, arguments: SearchOracle) -> Result<bool, String> {
    let known = |feature: &String| generate::FEATURES.contains(&feature.as_str());
    if let Some(unknown) = arguments.features.iter().find(|one| !known(one)) {
        let all = generate::FEATURES.join(", ");
        return Err(format!("`{unknown}` is not a feature; they are: {all}"));
    }
    let features = match arguments.features.is_empty() {
        true => generate::FEATURES.map(str::to_owned).into(),
        false => arguments.features.into_iter().collect(),
    };
    let settings = judge::Settings {
        queries: arguments.queries,
        seed: arguments.seed,
        features,
        at_once: arguments.at_once,
        patients: arguments.patients,
        failures_max: arguments.failures_max,
    };
    let package = arguments.packages_dir.join(EXAMPLES);
    let world = judge::load(&server, &package, &settings).await?;
    println!("{} resources are searched", world.resources.len());
    let world = Arc::new(world);
    let report = judge::run(Arc::clone(&world), server.clone(), &settings).await?;
    let is_all = settings.features.len() == generate::FEATURES.len();
    let judged = match is_all {
        true => beside::run(&world, &server, settings.seed).await?,
        false => Vec::new(),
    };
    let wrong = judged
        .iter()
        .filter_map(|(path, wrong)| Some((path, wrong.as_ref()?)));
    let wrong: Vec<String> = wrong
        .map(|(path, how)| format!("{path}\n    {how}"))
        .collect();
    let refused: usize = report.refused.values().sum();
    for (what, times) in &report.refused {
        println!("not supported, {times} times: {what}");
    }
    for difference in report.differences.iter().chain(&wrong) {
        println!("FAILED {difference}");
    }
    println!("{} searches found something", report.found_some);
    println!(
        "{} were asked beside them: $everything, $lastn, _elements, _score",
        judged.len()
    );
    let refusals = if arguments.complete { refused } else { 0 };
    let failed = report.differences.len() + wrong.len() + refusals;
    let agreed = report.agreed + judged.len() - wrong.len();
    println!("{}", closing(agreed, failed, refused));
    Ok(failed == 0)
}

async fn run_search_walk(
    server: Server,
    resources: usize,
    seed: u64,
    complete: bool,
) -> Result<bool, String> {
    let walked = walk::run(&server, resources, seed).await?;
    for refused in &walked.refused {
        println!("not supported: {refused}");
    }
    for problem in &walked.problems {
        println!("FAILED {problem}");
    }
    println!(
        "{} writes ran beside the walks over {resources} resources",
        walked.writes
    );
    let failed = walked.problems.len() + if complete { walked.refused.len() } else { 0 };
    println!("{}", closing(walked.passed, failed, walked.refused.len()));
    Ok(failed == 0)
}

async fn run_search_data(
    client: &Client,
    base: &str,
    folder: &std::path::Path,
    contested: &std::path::Path,
) -> Result<bool, String> {
    let Some(searches) = search_data::searches(folder) else {
        println!("skipped: no searches in {}", folder.display());
        println!("{}", closing(0, 0, 1));
        return Ok(true);
    };
    let mut searches = searches?;
    let text = std::fs::read_to_string(contested);
    let text = text.map_err(|error| format!("{}: {error}", contested.display()))?;
    let known: search_data::Known =
        serde_json::from_str(&text).map_err(|error| error.to_string())?;
    search_data::correct(&mut searches, &known)?;
    let stored = search_data::load(client, base, folder).await?;
    println!("{stored} resources stored");
    let mut failed = 0;
    for search in &searches {
        if let Some(why) = search_data::run(client, base, search).await {
            failed += 1;
            println!("FAILED {why}");
        }
    }
    for one in &known.contested {
        println!("contested: {}: {}", one.search, one.reason);
    }
    println!("{}", closing(searches.len() - failed, failed, 0));
    Ok(failed == 0)
}
