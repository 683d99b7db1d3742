//! `$validate-code` beside the bare lookup of the same codes in the same tables, alternated in one run
//! (<https://hl7.org/fhir/R4/valueset-operation-validate-code.html>).

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use sqlx::{PgConnection, Row};

use crate::Result;
use crate::http::{Client, Request};
use crate::load::{self, Rounds, Window, Work};
use crate::random::Random;
use crate::report::{Table, line, progress};
use crate::server::{OwnServer, ServerOptions};
use crate::statistics::{Millis, Ratio, median};

const FIND_CONCEPTS: &str = include_str!("../../server/src/store/sql/find_concepts.sql");

/// How long and how often is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    rounds: Rounds,
}

/// Clients with HTTP, and as many connections without.
const CLIENTS: [u64; 2] = [1, 8];

/// What was aimed at, at 8 clients.
const AIM: Ratio = Ratio::permille(400);

/// Codes of the code system, in groups of a hundred below one each.
const CODES: u64 = 5_000;
const GROUP: u64 = 100;

const SYSTEM: &str = "http://bench.example/codes";
const VALUE_SET: &str = "http://bench.example/half";

/// Measures and prints.
pub(crate) async fn run(options: &Options) -> Result<()> {
    progress("starting a server and its database");
    let server = OwnServer::start(&options.server).await?;
    progress("storing a code system and a value set");
    store(&mut server.client()).await?;
    let key = system_key(&mut server.connect().await?).await?;
    let (rounds, window) = (options.rounds.count(), options.rounds.window());
    let mut figures = Figures::default();
    for round in 1..=rounds {
        progress(&format!("round {round} of {rounds}"));
        for clients in CLIENTS {
            let requests = (0..clients).map(|number| Requests {
                client: server.client(),
                random: Random::new(number + 1_000),
            });
            let (_, http) = load::run(&server, requests.collect(), window).await?;
            let mut lookups = Vec::new();
            for number in 0..clients {
                lookups.push(Lookups {
                    connection: server.connect().await?,
                    key,
                    random: Random::new(number + 2_000),
                });
            }
            let (_, direct) = load::run(&server, lookups, window).await?;
            figures.rounds.push((clients, http, direct));
        }
    }
    figures.print(rounds, window);
    Ok(())
}

/// A code, and whether it belongs to the value set: those of the first half do.
fn code(random: &mut Random) -> (String, bool) {
    let number = random.below(CODES);
    (format!("c{number}"), number < CODES / 2)
}

async fn store(client: &mut Client) -> Result<()> {
    let mut concepts = String::new();
    for group in 0..CODES / GROUP {
        let first = group * GROUP;
        let separator = if group == 0 { "" } else { "," };
        let below: Vec<String> = (first + 1..first + GROUP)
            .map(|number| format!(r#"{{"code":"c{number}","display":"Code {number}"}}"#))
            .collect();
        write!(
            concepts,
            r#"{separator}{{"code":"c{first}","display":"Code {first}","concept":[{}]}}"#,
            below.join(",")
        )?;
    }
    let system = format!(
        r#"{{"resourceType":"CodeSystem","id":"codes","url":"{SYSTEM}","status":"active","content":"complete","concept":[{concepts}]}}"#
    );
    let groups: Vec<String> = (0..CODES / GROUP / 2)
        .map(|group| {
            let first = group * GROUP;
            format!(
                r#"{{"system":"{SYSTEM}","filter":[{{"property":"concept","op":"is-a","value":"c{first}"}}]}}"#
            )
        })
        .collect();
    let value_set = format!(
        r#"{{"resourceType":"ValueSet","id":"half","url":"{VALUE_SET}","status":"active","compose":{{"include":[{}]}}}}"#,
        groups.join(",")
    );
    for (path, body) in [
        ("/fhir/CodeSystem/codes", system),
        ("/fhir/ValueSet/half", value_set),
    ] {
        let request = Request::new("PUT", path, &body);
        client.send(request).await?.expect(201)?;
    }
    Ok(())
}

async fn system_key(connection: &mut PgConnection) -> Result<i64> {
    let found =
        sqlx::query_scalar("select tid from terminology where kind = 'CodeSystem' and url = $1");
    Ok(found.bind(SYSTEM).fetch_one(connection).await?)
}

/// A client that asks whether codes belong to the value set.
#[derive(Debug)]
struct Requests {
    client: Client,
    random: Random,
}

impl Work for Requests {
    async fn step(&mut self) -> Result<()> {
        let (code, belongs) = code(&mut self.random);
        let path =
            format!("/fhir/ValueSet/$validate-code?url={VALUE_SET}&system={SYSTEM}&code={code}");
        let answer = self.client.send(Request::new("GET", &path, "")).await?;
        let body = std::str::from_utf8(answer.expect(200)?.body)?;
        let said = format!(r#"{{"name":"result","valueBoolean":{belongs}}}"#);
        match body.contains(&said) {
            true => Ok(()),
            false => Err(format!("{code} was answered {body}").into()),
        }
    }
}

/// A connection that looks the same codes up, with the server's own statement.
#[derive(Debug)]
struct Lookups {
    connection: PgConnection,
    key: i64,
    random: Random,
}

impl Work for Lookups {
    async fn step(&mut self) -> Result<()> {
        let (code, _) = code(&mut self.random);
        let row = sqlx::query(FIND_CONCEPTS)
            .bind(vec![self.key])
            .bind(vec![code])
            .fetch_one(&mut self.connection)
            .await?;
        let detail: String = row.try_get("detail")?;
        match detail.is_empty() {
            true => Err("a lookup found nothing".into()),
            false => Ok(()),
        }
    }
}

/// The windows of both sides, round by round.
#[derive(Debug, Default)]
struct Figures {
    rounds: Vec<(u64, Window, Window)>,
}

impl Figures {
    fn print(&self, rounds: usize, window: Duration) {
        line(&format!(
            "$validate-code: medians of {rounds} rounds of {} ms; latencies in ms; processor time in µs per request.",
            window.as_millis()
        ));
        line(
            "lookup: the statement that finds the concept, without HTTP, on as many connections.\n",
        );
        let mut table = Table::new(&[
            "",
            "clients",
            "per s",
            "of lookup",
            "p50",
            "p95",
            "p99",
            "server",
            "database",
        ]);
        for clients in CLIENTS {
            let ratio = self.ratio(clients).to_string();
            table.row(self.cells("$validate-code", clients, ratio, |one| &one.1));
            table.row(self.cells("lookup", clients, String::new(), |one| &one.2));
        }
        table.print();
        line(&format!(
            "$validate-code at 8 clients: {} of its lookup; the aim is {AIM}",
            self.ratio(8)
        ));
    }

    /// The median of the ratios of each round, in which both sides stood next to each other.
    fn ratio(&self, clients: u64) -> Ratio {
        let own = self.rounds.iter().filter(|one| one.0 == clients);
        let mut ratios: Vec<Ratio> = own
            .map(|(_, http, direct)| Ratio::of(http.rate(), direct.rate()))
            .collect();
        ratios.sort_unstable();
        let middle = ratios.len().saturating_sub(1) / 2;
        ratios.get(middle).copied().unwrap_or(Ratio::permille(0))
    }

    fn cells(
        &self,
        name: &str,
        clients: u64,
        ratio: String,
        side: for<'w> fn(&'w (u64, Window, Window)) -> &'w Window,
    ) -> Vec<String> {
        let own = self.rounds.iter().filter(|one| one.0 == clients);
        let windows: Vec<&Window> = own.map(side).collect();
        let of = |figure: &dyn Fn(&Window) -> u64| {
            median(windows.iter().map(|window| figure(window)).collect())
        };
        let latency =
            |permille: usize| Millis(of(&|window| window.percentile(permille))).to_string();
        let each = |micros: &dyn Fn(&Window) -> u64| {
            of(&|window| micros(window) / window.steps.max(1)).to_string()
        };
        vec![
            name.to_owned(),
            clients.to_string(),
            of(&Window::rate).to_string(),
            ratio,
            latency(500),
            latency(950),
            latency(990),
            each(&|window| window.usage.server),
            each(&|window| window.usage.database),
        ]
    }
}
