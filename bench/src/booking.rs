//! What booking costs: `$book` beside a create, and `$find` beside a read, with an audit trail and access tokens.

mod clinic;

use std::sync::Arc;

use clap::Args;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::Result;
use crate::diary::{at, instant, parameters, today, visit};
use crate::http::{Client, Request};
use crate::load::{self, Rounds, Window, Work};
use crate::report::{Table, line, progress};
use crate::rest::{Kind, Library, Requests};
use crate::server::{Guard, OwnServer, Person, ServerOptions};
use crate::statistics::{Millis, Ratio, median};

/// How long and how often is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    rounds: Rounds,
}

/// Those who book at the same time.
const BOOKERS: usize = 8;
/// Days that are looked through.
const DAYS: i64 = 14;
/// What a `$book` may cost of a create's throughput.
const AIM: Ratio = Ratio::permille(150);
/// Reads whose processor time a `$find` may take.
const READS: u64 = 30;

/// Measures and prints.
pub(crate) async fn run(options: &Options) -> Result<()> {
    progress("starting a server with a trail and tokens, and filling its book");
    let mut server = OwnServer::start_guarded(&options.server, Guard::Tokens).await?;
    let mut connection = server.connect().await?;
    let mut client = server.client();
    let library = Arc::new(Library::seed(&mut client, &mut connection).await?);
    clinic::store(&mut client, BOOKERS).await?;
    sqlx::raw_sql("vacuum (analyze)")
        .execute(&mut connection)
        .await?;
    server.lock(Person::Desk).await?;

    let mut figures: [Vec<Window>; 4] = Default::default();
    let mut diaries: Vec<Books> = (0..BOOKERS)
        .map(|number| Books::new(&server, number))
        .collect::<Result<_>>()?;
    for round in 1..=options.rounds.count() {
        progress(&format!("round {round} of {}", options.rounds.count()));
        let window = options.rounds.window();
        let requests = |kind, count| -> Vec<Requests> {
            let one = |number| Requests::new(server.client(), kind, Arc::clone(&library), number);
            (0..count).map(one).collect()
        };
        let create = load::run(&server, requests(Kind::Create, BOOKERS), window).await?;
        figures[0].push(create.1);
        let (back, book) = load::run(&server, diaries, window).await?;
        diaries = back;
        figures[1].push(book);
        figures[2].push(load::run(&server, requests(Kind::Read, 1), window).await?.1);
        let finds = vec![Finds::new(server.client())?];
        figures[3].push(load::run(&server, finds, window).await?.1);
    }
    print(&figures);
    Ok(())
}

fn print(figures: &[Vec<Window>; 4]) {
    let rate = |windows: &[Window]| median(windows.iter().map(Window::rate).collect());
    let [create, book, read, find] = figures;
    let mut table = Table::new(&[
        "",
        "clients",
        "per s",
        "p50 ms",
        "p99 ms",
        "server µs",
        "database µs",
    ]);
    let named = [
        ("create", BOOKERS, create),
        ("$book", BOOKERS, book),
        ("read", 1, read),
        ("$find", 1, find),
    ];
    for (name, clients, windows) in named {
        let of = |figure: fn(&Window) -> u64| median(windows.iter().map(figure).collect());
        table.row(vec![
            name.to_owned(),
            clients.to_string(),
            rate(windows).to_string(),
            Millis(of(|window| window.percentile(500))).to_string(),
            Millis(of(|window| window.percentile(990))).to_string(),
            of(|window| window.usage.server / window.done.max(1)).to_string(),
            of(|window| window.usage.database / window.done.max(1)).to_string(),
        ]);
    }
    line("Booking, with an audit trail and access tokens; medians of all rounds.");
    table.print();
    line(&format!(
        "$book keeps {} of a create's throughput (aim {AIM})",
        Ratio::of(rate(book), rate(create))
    ));
    line(&format!(
        "$find takes the processor time of {} reads (aim {READS})",
        Ratio::of(processor(find), processor(read))
    ));
}

/// Microseconds of processor time of server and database for one step.
fn processor(windows: &[Window]) -> u64 {
    let each = windows.iter().map(|window| {
        let both = window.usage.server + window.usage.database;
        both / window.done.max(1)
    });
    median(each.collect())
}

/// Somebody who books one visit after the other, of people whom nobody else books.
struct Books {
    client: Client,
    number: usize,
    next: Timestamp,
    done: u64,
}

impl Books {
    fn new(server: &OwnServer, number: usize) -> Result<Self> {
        Ok(Self {
            client: server.client(),
            number,
            next: at(today()?.checked_add(1.days())?, 0)?,
            done: 0,
        })
    }
}

impl Work for Books {
    async fn step(&mut self) -> Result<()> {
        let n = self.number;
        let actors = [
            format!("Patient/bench-booker-{n}"),
            format!("PractitionerRole/bench-alone-{n}"),
            format!("Location/bench-alone-room-{n}"),
        ];
        let minutes = clinic::MINUTES;
        let wanted = visit(None, "pending", clinic::TALK, &actors, self.next, minutes)?;
        self.next = self.next.checked_add(SignedDuration::from_mins(minutes))?;
        self.done += 1;
        let body = parameters(&[format!(
            r#"{{"name":"appointment-resource","resource":{wanted}}}"#
        )]);
        let key = format!("idempotency-key: {n}-{}\r\n", self.done);
        let request = Request {
            headers: &key,
            ..Request::new("POST", "/fhir/Appointment/$book", &body)
        };
        self.client.send(request).await?.expect(201)?;
        Ok(())
    }
}

/// Somebody who asks for the free times of two weeks.
struct Finds {
    client: Client,
    body: String,
}

impl Finds {
    fn new(client: Client) -> Result<Self> {
        let day = today()?.checked_add(1.days())?;
        let moment = |name: &str, days: i64| -> Result<String> {
            let moment = at(day.checked_add(days.days())?, 0)?;
            Ok(format!(
                r#"{{"name":"{name}","valueDateTime":"{}"}}"#,
                instant(moment)
            ))
        };
        let reference = |name: &str, to: &str| {
            format!(r#"{{"name":"{name}","valueReference":{{"reference":"{to}"}}}}"#)
        };
        let body = parameters(&[
            moment("start", 0)?,
            moment("end", DAYS)?,
            reference(
                "healthcare-service",
                &format!("HealthcareService/{}", clinic::SCAN),
            ),
            reference("patient-reference", "Patient/bench-booker-0"),
        ]);
        Ok(Self { client, body })
    }
}

impl Work for Finds {
    async fn step(&mut self) -> Result<()> {
        let request = Request::new("POST", "/fhir/Appointment/$find", &self.body);
        let answer = self.client.send(request).await?.expect(200)?;
        let found: serde_json::Value = serde_json::from_slice(answer.body)?;
        match found["total"].as_u64() {
            Some(total) if total > 0 => Ok(()),
            _ => Err("nothing is free: the book is fuller than it is meant to be".into()),
        }
    }
}
