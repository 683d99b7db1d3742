//! Walks through pages while others write: what does not change is seen exactly once, whatever the order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::dice::Dice;
use super::server::{Searched, Server};
use crate::json;
use crate::wire::Request;

/// The orders that are walked; ties are many on purpose.
const ORDERS: [&str; 8] = [
    "_id",
    "-_id",
    "_lastUpdated",
    "-_lastUpdated",
    "birthdate",
    "-birthdate,_id",
    "gender,-family",
    "-family,birthdate",
];

/// How the walks fared.
#[derive(Debug, Default)]
pub struct Walked {
    /// Walks in which all was right.
    pub passed: usize,
    /// What was wrong.
    pub problems: Vec<String>,
    /// Orders that the server does not support.
    pub refused: Vec<String>,
    /// How many writes ran beside the walks.
    pub writes: usize,
}

/// Makes resources, two thirds of which stay as they are, and walks through them while the others are written.
pub async fn run(server: &Server, count: usize, seed: u64) -> Result<Walked, String> {
    let tag = format!("walk-{seed}-{count}");
    for from in (0..count).step_by(200) {
        store(server, &tag, seed, from..count.min(from + 200)).await?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writes = Arc::new(AtomicUsize::new(0));
    let mut writers = Vec::new();
    for number in 0..4_u64 {
        let writer = Writer {
            server: server.clone(),
            tag: tag.clone(),
            count,
            stop: Arc::clone(&stop),
            writes: Arc::clone(&writes),
        };
        writers.push(tokio::spawn(writer.write(seed.wrapping_add(number + 1))));
    }
    let mut walked = Walked::default();
    let mut failed = None;
    for order in ORDERS {
        if let Err(error) = walk(server, &tag, count, order, &mut walked).await {
            failed = Some(error);
            break;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.map_err(|error| error.to_string())??;
    }
    walked.writes = writes.load(Ordering::Relaxed);
    failed.map_or(Ok(walked), Err)
}

async fn walk(
    server: &Server,
    tag: &str,
    count: usize,
    order: &str,
    walked: &mut Walked,
) -> Result<(), String> {
    let query = format!("_tag=urn:walk%7C{tag}&_sort={order}&_count=37");
    let pages = match server.search("Patient", &query, false).await? {
        Searched::Pages(pages) => pages,
        Searched::NotSupported(why) => {
            walked.refused.push(format!("{order}: {why}"));
            return Ok(());
        }
        Searched::Failed(how) => {
            walked.problems.push(format!("{order}: {how}"));
            return Ok(());
        }
    };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for key in pages.iter().flat_map(|page| &page.matches) {
        *seen.entry(key).or_default() += 1;
    }
    let wrong: Vec<String> = (0..count)
        .filter(|number| is_still(*number))
        .filter_map(|number| {
            let key = format!("Patient/{tag}-{number}");
            let times = seen.get(key.as_str()).copied().unwrap_or_default();
            (times != 1).then(|| format!("{key} {times} times"))
        })
        .collect();
    match wrong.len() {
        0 => walked.passed += 1,
        many => {
            let first: Vec<String> = wrong.into_iter().take(5).collect();
            walked.problems.push(format!(
                "{order}: {many} that did not change are not seen once: {}",
                first.join(", ")
            ));
        }
    }
    Ok(())
}

fn is_still(number: usize) -> bool {
    !number.is_multiple_of(3)
}

fn patient(tag: &str, id: &str, dice: &mut Dice) -> String {
    let birth = dice.pick(&[
        "",
        r#""birthDate":"1970","#,
        r#""birthDate":"1970-01-01","#,
        r#""birthDate":"2000-02","#,
    ]);
    let gender = dice.pick(&["", r#""gender":"male","#, r#""gender":"female","#]);
    let family = dice.pick(&["Müller", "muller", "Smith", "Ødegård"]);
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","meta":{{"tag":[{{"system":"urn:walk","code":"{tag}"}}]}},{birth}{gender}"name":[{{"family":"{family}"}}]}}"#
    )
}

async fn store(
    server: &Server,
    tag: &str,
    seed: u64,
    numbers: std::ops::Range<usize>,
) -> Result<(), String> {
    let entries = numbers.map(|number| {
        let mut dice = Dice::new(seed.wrapping_add(number as u64).wrapping_mul(0x9E37_79B9));
        let id = format!("{tag}-{number}");
        let resource = patient(tag, &id, &mut dice);
        format!(r#"{{"resource":{resource},"request":{{"method":"PUT","url":"Patient/{id}"}}}}"#)
    });
    let entries: Vec<String> = entries.collect();
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#,
        entries.join(",")
    );
    let request = Request::new("POST", server.base.clone())
        .with_body("application/fhir+json", bundle.into_bytes());
    let answer = server.client.send(request).await?;
    match answer.status {
        200 => Ok(()),
        status => Err(format!(
            "storing the resources: {status}: {}",
            answer.excerpt()
        )),
    }
}

struct Writer {
    server: Server,
    tag: String,
    count: usize,
    stop: Arc<AtomicBool>,
    writes: Arc<AtomicUsize>,
}

impl Writer {
    /// Updates, deletes and creates what may change, until told to stop.
    async fn write(self, seed: u64) -> Result<(), String> {
        let mut dice = Dice::new(seed);
        while !self.stop.load(Ordering::Relaxed) {
            let number = dice.roll(self.count / 3 + 1) * 3;
            let id = match dice.chance(30) {
                true => format!("{}-new-{}", self.tag, dice.roll(self.count)),
                false => format!("{}-{number}", self.tag),
            };
            if dice.chance(5) {
                let request = Request::new("DELETE", format!("{}/Patient/{id}", self.server.base));
                self.server.client.send(request).await?;
            } else {
                let text = patient(&self.tag, &id, &mut dice);
                let resource = json::read(&text).map_err(|error| error.to_string())?;
                self.server
                    .put(&format!("Patient/{id}"), &resource)
                    .await??;
            }
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
