//! Searches of a generated clinic beside the best statement for each over tables made for it, alternated in one run
//! (<https://hl7.org/fhir/R4/search.html>).

mod clinic;
mod dataset;
mod figures;
mod ideal;
mod shapes;
mod sides;
mod writers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;

use crate::Result;
use crate::http::Request;
use crate::load::{self, Window, Work};
use crate::random::Random;
use crate::report::progress;
use dataset::{Dataset, DatasetOptions};
use figures::{Figures, Key, Side};
use shapes::{Answer, DEEP_PLACE, Question, SHAPES, Shape};
use sides::{Searches, Statements};

/// What is measured, and how long.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    dataset: DatasetOptions,

    /// Patients of the clinic, with 119 resources each; several sizes show how searches slow down as it grows
    #[arg(long, value_delimiter = ',', default_values_t = [1_000])]
    patients: Vec<u64>,

    /// Only these shapes
    #[arg(long, value_delimiter = ',', value_parser = shape_name)]
    shape: Vec<&'static str>,

    /// Rounds; each figure is the median of them
    #[arg(long, default_value_t = 2)]
    rounds: usize,

    /// Milliseconds of each window of a round
    #[arg(long, default_value_t = 500)]
    window_ms: u64,

    /// Leave out what reads take while others write
    #[arg(long)]
    no_writers: bool,

    /// One short round, to see that everything works: its figures say little
    #[arg(long)]
    quick: bool,
}

/// Clients with HTTP, and connections without.
const CLIENTS: [usize; 2] = [1, 8];

/// Different questions of one shape.
const QUESTIONS: usize = 200;
/// A hundredth page is reached by ninety-nine links, so there are fewer.
const DEEP_QUESTIONS: usize = 8;
const PAGES_BEFORE: usize = 99;

/// A search that takes longer alone is not put under load.
const TOO_SLOW: Duration = Duration::from_secs(3);

fn shape_name(name: &str) -> Result<&'static str, String> {
    let mut names = SHAPES.iter().map(|shape| shape.name);
    names.find(|known| *known == name).ok_or_else(|| {
        let names: Vec<&str> = SHAPES.iter().map(|shape| shape.name).collect();
        format!("there are {}", names.join(", "))
    })
}

impl Options {
    fn rounds(&self) -> usize {
        if self.quick { 1 } else { self.rounds.max(1) }
    }

    fn window(&self) -> Duration {
        let window_ms = if self.quick { 100 } else { self.window_ms };
        Duration::from_millis(window_ms.max(50))
    }

    fn shapes(&self) -> impl Iterator<Item = &'static Shape> {
        let wanted = |shape: &&Shape| self.shape.is_empty() || self.shape.contains(&shape.name);
        SHAPES.iter().filter(wanted)
    }
}

/// Measures and prints.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let mut sizes = Vec::new();
    for patients in &options.patients {
        progress(&format!("a clinic of {patients} patients"));
        let dataset = Dataset::open(&options.dataset, *patients).await?;
        let mut bench = Bench {
            dataset,
            window: options.window(),
            figures: Figures::default(),
        };
        bench.measure(options).await?;
        bench
            .figures
            .print(bench.dataset.clinic.size(), options.rounds(), bench.window);
        sizes.push((bench.dataset.clinic.size(), bench.figures));
    }
    if let [(small, first), .., (large, last)] = sizes.as_slice() {
        figures::print_growth((*small, first), (*large, last));
    }
    Ok(())
}

/// One size.
#[derive(Debug)]
struct Bench {
    dataset: Dataset,
    window: Duration,
    figures: Figures,
}

impl Bench {
    async fn measure(&mut self, options: &Options) -> Result<()> {
        progress("comparing the answers of both sides");
        let mut asked = Vec::new();
        for shape in options.shapes() {
            match self.prepare(shape, options.dataset.seed).await {
                Ok(questions) => asked.push((shape, Arc::new(questions))),
                Err(error) => self.figures.refuse(shape.name, &error.to_string()),
            }
        }
        for round in 1..=options.rounds() {
            progress(&format!("round {round} of {}", options.rounds()));
            for (shape, questions) in &asked {
                for clients in CLIENTS {
                    self.alternate(shape, questions, clients, false).await?;
                }
            }
        }
        if options.no_writers {
            return Ok(());
        }
        progress("the same while eight clients write");
        let writers = writers::start(&self.dataset)?;
        for (shape, questions) in &asked {
            self.alternate(shape, questions, 1, true).await?;
        }
        self.figures.writes(writers.stop().await?);
        Ok(())
    }

    /// Chooses the questions, and makes sure that both sides answer the same to each: what is measured has been read once.
    async fn prepare(&self, shape: &'static Shape, seed: u64) -> Result<Vec<Question>> {
        let mut random = Random::new(seed);
        let is_deep = shape.answer == Answer::DeepPage;
        let count = if is_deep { DEEP_QUESTIONS } else { QUESTIONS };
        let mut questions: Vec<Question> = (0..count)
            .map(|_| (shape.ask)(&self.dataset.clinic, &mut random))
            .collect();
        if is_deep {
            for question in &mut questions {
                self.page_100(question).await?;
            }
        }
        let none = Arc::new(Vec::new());
        let server = &self.dataset.server;
        let mut searches = Searches::new(server.client(), Arc::clone(&none), 0);
        let mut statements = Statements::new(server.connect().await?, shape.sql, none, 0);
        for question in &questions {
            let started = Instant::now();
            let found = searches.keys(question).await?;
            let taken = started.elapsed();
            let expected = statements.keys(question).await?;
            if found != expected {
                return Err(different(question, &found, &expected).into());
            }
            if taken > TOO_SLOW {
                return Err(format!("one search takes {} ms", taken.as_millis()).into());
            }
        }
        Ok(questions)
    }

    /// Walks to page 100: the question becomes that page.
    async fn page_100(&self, question: &mut Question) -> Result<()> {
        let mut client = self.dataset.server.client();
        for _ in 0..PAGES_BEFORE {
            let request = Request::new("GET", &question.path, "");
            let answer = client.send(request).await?.expect(200)?;
            let body: serde_json::Value = serde_json::from_slice(answer.body)?;
            let links = body["link"].as_array().ok_or("a page has no links")?;
            let next = links.iter().find(|link| link["relation"] == "next");
            let url = next.and_then(|link| link["url"].as_str());
            let path = url.and_then(|url| Some(&url[url.find("/fhir")?..]));
            question.path = path.ok_or("there is no hundredth page")?.to_owned();
        }
        let mut connection = self.dataset.server.connect().await?;
        let place: String = sqlx::query_scalar(DEEP_PLACE)
            .bind(&question.binds[0])
            .fetch_one(&mut connection)
            .await?;
        question.binds.push(place);
        Ok(())
    }

    /// Both sides one after the other. A fault of the server is a figure, too.
    async fn alternate(
        &mut self,
        shape: &'static Shape,
        questions: &Arc<Vec<Question>>,
        clients: usize,
        written: bool,
    ) -> Result<()> {
        if self.figures.is_refused(shape.name) {
            return Ok(());
        }
        let key = |side| Key {
            shape: shape.name,
            side,
            clients,
            written,
        };
        let server = &self.dataset.server;
        let searches = (0..clients)
            .map(|number| Searches::new(server.client(), Arc::clone(questions), number));
        match self.work(searches.collect()).await {
            Ok(window) => self.figures.add(key(Side::Http), window),
            Err(error) => {
                self.figures.refuse(shape.name, &error.to_string());
                return Ok(());
            }
        }
        let mut statements = Vec::with_capacity(clients);
        for number in 0..clients {
            let connection = server.connect().await?;
            let questions = Arc::clone(questions);
            statements.push(Statements::new(connection, shape.sql, questions, number));
        }
        let window = self.work(statements).await?;
        self.figures.add(key(Side::Direct), window);
        Ok(())
    }

    async fn work<W: Work>(&self, workers: Vec<W>) -> Result<Window> {
        let (_, window) = load::run(&self.dataset.server, workers, self.window).await?;
        match window.steps {
            0 => Err("nothing was answered within a window".into()),
            _ => Ok(window),
        }
    }
}

fn different(
    question: &Question,
    found: &std::collections::BTreeSet<String>,
    expected: &std::collections::BTreeSet<String>,
) -> String {
    let one = |keys: Option<&String>| keys.map_or("none", String::as_str).to_owned();
    format!(
        "{}: {} found, {} expected; one too many: {}, one missing: {}",
        question.path,
        found.len(),
        expected.len(),
        one(found.difference(expected).next()),
        one(expected.difference(found).next())
    )
}
