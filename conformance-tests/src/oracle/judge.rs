//! Random searches, answered by the server and by the evaluation, and compared.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Handle;

use super::data;
use super::definitions::Definitions;
use super::evaluate::{Answer, evaluate};
use super::generate::{Maker, raw};
use super::include::included;
use super::order;
use super::query::Query;
use super::server::{Page, Searched, Server, success};
use super::world::World;
use crate::json::Json;

/// What to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many searches.
    pub queries: u32,
    /// Which searches: the same seed makes the same ones of the same data.
    pub seed: u64,
    /// What they may ask for ([`super::generate::FEATURES`]).
    pub features: BTreeSet<String>,
    /// How many runners work side by side.
    pub at_once: u32,
    /// How many patients are generated, and about nine other resources for each.
    pub patients: usize,
    /// How many differences are looked for before giving up.
    pub failures_max: usize,
}

/// How the searches fared.
#[derive(Debug, Default)]
pub struct Report {
    /// The answers were the same.
    pub agreed: usize,
    /// Of those, how many were not empty.
    pub found_some: usize,
    /// The server said that it does not support something: what, and how often.
    pub refused: BTreeMap<String, usize>,
    /// What differed, in its least form.
    pub differences: Vec<String>,
}

/// How one search fared.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both found the same, this many.
    Agrees(usize),
    /// The server does not support it.
    NotSupported(String),
    /// They found different things.
    Differs(String),
}

/// Stores what is searched and reads everything back: the definitions, the examples and the generated resources.
pub async fn load(
    server: &Server,
    package: &std::path::Path,
    settings: &Settings,
) -> Result<World, String> {
    let (mut definitions, examples) = Definitions::read(package).await?;
    definitions.listed(&success(&server.get("metadata").await?)?)?;
    let mut resources = examples;
    resources.extend(data::generate(settings.seed, settings.patients)?);
    let mut stored = 0_usize;
    for chunk in resources.chunks(16) {
        let puts = chunk.iter().map(|(key, json)| server.put(key, json));
        for (done, (key, _)) in futures_util::future::join_all(puts)
            .await
            .into_iter()
            .zip(chunk)
        {
            let is_generated = key.contains("/o-");
            match done? {
                Ok(()) => stored += 1,
                Err(why) if is_generated => {
                    return Err(format!("the server refuses the generated {key}: {why}"));
                }
                Err(_) => {}
            }
        }
    }
    let kinds: Vec<String> = definitions.resource_types.iter().cloned().collect();
    let mut contents: Vec<Json> = Vec::new();
    for kind in kinds {
        contents.extend(server.all(&kind, 500).await?);
    }
    if contents.len() < stored / 2 {
        return Err(format!(
            "{stored} resources were stored, but the server shows {}",
            contents.len()
        ));
    }
    Ok(World::new(definitions, &server.base, contents))
}

/// Runs the searches.
pub async fn run(world: Arc<World>, server: Server, settings: &Settings) -> Result<Report, String> {
    let share = settings.queries / settings.at_once.max(1);
    let mut runners = Vec::new();
    for number in 0..settings.at_once {
        let (world, server, settings) = (Arc::clone(&world), server.clone(), settings.clone());
        let handle = Handle::current();
        runners.push(tokio::task::spawn_blocking(move || {
            let seed = settings.seed.wrapping_add(u64::from(number));
            one_runner(&world, &server, &settings, share, seed, &handle)
        }));
    }
    let mut report = Report::default();
    for runner in runners {
        let part = runner.await.map_err(|error| error.to_string())??;
        report.agreed += part.agreed;
        report.found_some += part.found_some;
        report.differences.extend(part.differences);
        for (what, times) in part.refused {
            *report.refused.entry(what).or_default() += times;
        }
    }
    Ok(report)
}

fn one_runner(
    world: &World,
    server: &Server,
    settings: &Settings,
    queries: u32,
    seed: u64,
    handle: &Handle,
) -> Result<Report, String> {
    let maker = Maker {
        world,
        features: settings.features.clone(),
    };
    let report = RefCell::new(Report::default());
    let config = Config {
        cases: queries,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    loop {
        let done = report.borrow().agreed + report.borrow().refused.values().sum::<usize>();
        let rest = usize::try_from(queries)
            .unwrap_or_default()
            .saturating_sub(done);
        if rest == 0 || report.borrow().differences.len() >= settings.failures_max {
            return Ok(report.into_inner());
        }
        let cases = u32::try_from(rest).unwrap_or(u32::MAX);
        let mut runner = TestRunner::new_with_rng(
            Config {
                cases,
                ..config.clone()
            },
            rng,
        );
        let outcome = runner.run(&raw(), |raw| {
            let query = maker.query(&raw);
            let verdict = handle.block_on(judge(world, server, &query));
            let mut report = report.borrow_mut();
            match verdict.map_err(TestCaseError::fail)? {
                Verdict::Agrees(count) => {
                    report.agreed += 1;
                    report.found_some += usize::from(count > 0);
                    Ok(())
                }
                Verdict::NotSupported(why) => {
                    *report.refused.entry(why).or_default() += 1;
                    Ok(())
                }
                Verdict::Differs(how) => Err(TestCaseError::fail(how)),
            }
        });
        rng = runner.new_rng();
        match outcome {
            Ok(()) => return Ok(report.into_inner()),
            Err(TestError::Fail(how, _)) => {
                report
                    .borrow_mut()
                    .differences
                    .push(format!("seed {seed}: {how}"));
            }
            Err(TestError::Abort(why)) => return Err(why.to_string()),
        }
    }
}

/// Runs one search on both sides.
pub async fn judge(world: &World, server: &Server, query: &Query) -> Result<Verdict, String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|error| error.to_string())?;
    let now = i128::try_from(now.as_nanos()).map_err(|error| error.to_string())?;
    let expected = evaluate(world, query, now);
    let mut query = query.clone();
    // Few enough pages to walk them all.
    let least = expected.sure.len() / 25 + 1;
    query.count = Some(query.count.map_or(1000, |count| count.max(least)));
    let found = server
        .search(&query.path(), &query.text(), query.post)
        .await?;
    let pages = match found {
        Searched::Pages(pages) => pages,
        Searched::NotSupported(why) => return Ok(Verdict::NotSupported(why)),
        Searched::Failed(how) => return Ok(Verdict::Differs(described(&query, &how))),
    };
    match differs(world, &query, &expected, &pages) {
        Some(how) => Ok(Verdict::Differs(described(&query, &how))),
        None => Ok(Verdict::Agrees(expected.sure.len())),
    }
}

fn described(query: &Query, how: &str) -> String {
    let post = if query.post { "POST " } else { "" };
    format!("{post}{}?{}\n    {how}", query.path(), query.text())
}

/// What is wrong with the pages of a search; nothing where all is right.
pub fn differs(world: &World, query: &Query, expected: &Answer, pages: &[Page]) -> Option<String> {
    let place = |key: &String| {
        key.split_once('/')
            .and_then(|(kind, id)| world.find(kind, id))
    };
    if query.counts {
        return wrong_count(expected, pages);
    }
    let keys: Vec<&String> = pages.iter().flat_map(|page| &page.matches).collect();
    let mut actual = BTreeSet::new();
    let mut order = Vec::new();
    for key in keys {
        let Some(place) = place(key) else {
            return Some(format!("{key} is found, which was not there"));
        };
        if !actual.insert(place) {
            return Some(format!("{key} is found twice"));
        }
        order.push(place);
    }
    let wrong = set_difference(world, expected, &actual);
    if wrong.is_some() {
        return wrong;
    }
    for page in pages {
        if query.count.is_some_and(|count| page.matches.len() > count) {
            return Some(format!("a page has {} matches", page.matches.len()));
        }
    }
    let total = pages.first().and_then(|page| page.total);
    if query.total && total != Some(actual.len()) {
        return Some(format!(
            "the total is {total:?}, and {} are found",
            actual.len()
        ));
    }
    out_of_order(world, query, &order).or_else(|| {
        pages
            .iter()
            .find_map(|page| wrong_includes(world, query, page))
    })
}

/// What is wrong with the answer of `_summary=count`.
fn wrong_count(expected: &Answer, pages: &[Page]) -> Option<String> {
    let (least, open) = (expected.sure.len(), expected.open.len());
    let is_right = |total: usize| (least..=least + open).contains(&total);
    match pages {
        [one] if one.matches.is_empty() && one.included.is_empty() => {
            (!one.total.is_some_and(is_right))
                .then(|| format!("the total is {:?}, not {least}", one.total))
        }
        _ => Some(format!("{} pages, or entries in them", pages.len())),
    }
}

fn set_difference(world: &World, expected: &Answer, actual: &BTreeSet<usize>) -> Option<String> {
    let missing: Vec<&usize> = expected.sure.difference(actual).collect();
    let surplus = actual
        .iter()
        .filter(|one| !expected.sure.contains(one) && !expected.open.contains(one));
    let surplus: Vec<&usize> = surplus.collect();
    if missing.is_empty() && surplus.is_empty() {
        return None;
    }
    Some(format!(
        "expected {}, found {}\n    not found: {}\n    found wrongly: {}",
        expected.sure.len(),
        actual.len(),
        named(world, &missing),
        named(world, &surplus),
    ))
}

fn named(world: &World, places: &[&usize]) -> String {
    let names = places.iter().take(8).map(|place| {
        let resource = &world.resources[**place];
        format!("{}/{}", resource.kind, resource.id)
    });
    let names: Vec<String> = names.collect();
    let more = places.len().saturating_sub(8);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    if names.is_empty() {
        "none".to_owned()
    } else {
        format!("{}{more}", names.join(" "))
    }
}

fn out_of_order(world: &World, query: &Query, order: &[usize]) -> Option<String> {
    let keys: Vec<_> = order
        .iter()
        .map(|place| order::keys(world, *place, &query.sort))
        .collect();
    let pairs = keys.windows(2).zip(order.windows(2));
    for (keys, places) in pairs {
        if let ([left, right], [first, second]) = (keys, places)
            && order::compare(left, right, &query.sort).is_gt()
        {
            return Some(format!(
                "out of order: {} {left:?} stands before {} {right:?}",
                named(world, &[first]),
                named(world, &[second]),
            ));
        }
    }
    None
}

fn wrong_includes(world: &World, query: &Query, page: &Page) -> Option<String> {
    let place = |key: &String| {
        key.split_once('/')
            .and_then(|(kind, id)| world.find(kind, id))
    };
    let matches: BTreeSet<usize> = page.matches.iter().filter_map(place).collect();
    let expected = included(world, &matches, &query.includes);
    let actual: BTreeSet<usize> = page.included.iter().filter_map(place).collect();
    if actual.len() < page.included.len() {
        return Some("something is included twice, or was not there".to_owned());
    }
    let missing: Vec<&usize> = expected.difference(&actual).collect();
    let surplus: Vec<&usize> = actual.difference(&expected).collect();
    (!missing.is_empty() || !surplus.is_empty()).then(|| {
        format!(
            "beside {} matches\n    not included: {}\n    included wrongly: {}",
            matches.len(),
            named(world, &missing),
            named(world, &surplus),
        )
    })
}
