//! Each shape of search goes by the index made for it, whatever the values are: the plans that searches run by, on
//! generated data.

use bigdecimal::BigDecimal;
use fhir::ids::ResourceType;
use fhir::search::period_test::{PeriodTest, Prefix};
use fhir::search::plan::{
    Clause, Criteria, NearTest, NumberTest, Plan, Sort, SortKey, StringTest, TextPart, TextQuery,
};
use jiff::SignedDuration;
use sqlx::{Connection, Executor, PgConnection};

use super::world::{context, day, resource_type};
use crate::context::RequestContext;
use crate::store::testing::TestDatabase;
use crate::store::{Source, Store};

const SUBJECT: i64 = 1 << 40;
/// Its references are listed in order, too.
const PATIENT: i64 = 1 << 41 | 1;

/// 2 000 patients, 20 000 observations of them.
const GENERATE: &str = "
insert into resource (resource_type, id, key_hash, version_id, last_updated, method, tok, json)
select case when n % 11 = 0 then 'Patient' else 'Observation' end, 'r' || n, n * 2, 1,
       timestamptz '2020-01-01' + n * interval '1 minute', 'PUT',
       array[2, 10 + n % 2 * 2, 100 + n % 50 * 2, 10000 + n * 2, (1::bigint << 40) # (n / 11 * 22),
             (1::bigint << 41) # 1 # (n / 11 * 22), 201 + n % 50 * 2],
       jsonb_build_object('resourceType', 'Patient', 'gender', n % 3)
  from generate_series(11, 22010) n;
insert into index_element (element, rid)
select e, rid from resource cross join unnest(tok) e where is_listed(e);
insert into index_string (parameter, folded, rid, grams) select 1, 'name' || rid, rid, array[rid::integer] from resource where resource_type = 'Patient';
insert into index_date (parameter, lower, upper, is_long, rid)
select 2, t, t + interval '1 hour', false, rid from (select rid, last_updated as t from resource) r;
insert into index_number (parameter, lower, upper, units, rid) select 3, rid % 1000, rid % 1000, '{5}', rid from resource;
insert into index_position (parameter, latitude, longitude, rid) select 4, rid % 90, rid % 180, rid from resource where resource_type = 'Patient';
insert into index_text (rid, narrative, content) select rid, '', ('''word' || rid % 100 || ''':1')::tsvector from resource;
insert into change (resource_type, id, version_id, method, at) select resource_type, id, 1, 'PUT', last_updated from resource;
analyze;
";

struct Gate {
    _database: TestDatabase,
    store: Store,
    cx: RequestContext,
}

/// The plans of all statements, and their texts.
struct Taken {
    plans: String,
    texts: String,
    statements: usize,
}

impl Taken {
    /// What the plans say of each scan of an index.
    fn of_index(&self, index: &str, what: &str) -> Vec<i64> {
        let (named, said) = (
            format!("\"Index Name\": \"{index}\""),
            format!("\"{what}\": "),
        );
        let scans = self.plans.split(named.as_str()).skip(1);
        let number = |scan: &str| {
            let (_, rest) = scan.split_once(said.as_str()).unwrap();
            let (number, _) = rest.split_once(',').unwrap();
            number.parse().unwrap()
        };
        scans.map(number).collect()
    }

    /// How often an index was looked into.
    fn looks(&self, index: &str) -> i64 {
        self.of_index(index, "Actual Loops").iter().sum()
    }
}

impl Gate {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        let mut connection = PgConnection::connect(&database.url()).await.unwrap();
        connection.execute(GENERATE).await.unwrap();
        Self {
            store: database.store().await,
            _database: database,
            cx: context(),
        }
    }

    async fn take(&self, plan: &Plan) -> Taken {
        let explained = Source::Committed(&self.store)
            .explain(&self.cx, plan, 20)
            .await
            .unwrap();
        assert!(explained.statements.last().unwrap().is_certain);
        let plans = explained.statements.iter().map(|one| one.plan.as_str());
        let texts = explained.statements.iter().map(|one| one.sql.as_str());
        Taken {
            plans: plans.collect(),
            texts: texts.collect(),
            statements: explained.statements.len(),
        }
    }

    /// One statement, by these indexes, without looking through a table.
    async fn check(&self, plan: &Plan, indexes: &[&str]) {
        let taken = self.take(plan).await;
        assert_eq!(taken.statements, 1, "{plan:?}");
        assert!(
            !taken.plans.contains("Seq Scan"),
            "{plan:?}: {}",
            taken.plans
        );
        for index in indexes {
            let named = format!("\"Index Name\": \"{index}\"");
            assert!(
                taken.plans.contains(&named),
                "{index}, {plan:?}: {}",
                taken.plans
            );
        }
    }
}

fn observation() -> ResourceType {
    resource_type("Observation")
}

fn of(clauses: &[Clause]) -> Plan {
    Plan {
        resource_types: vec![observation()],
        clauses: clauses.to_vec(),
        ..Plan::default()
    }
}

fn token(element: i64) -> Clause {
    Clause::AnyToken(vec![element])
}

fn date(prefix: Prefix, from: i64, to: i64) -> Clause {
    Clause::Date {
        parameters: vec![2],
        tests: vec![PeriodTest {
            prefix,
            lower: day(from),
            upper: day(to),
        }],
        single: true,
    }
}

fn number(prefix: Prefix, value: i64) -> Clause {
    Clause::Number(vec![NumberTest {
        parameters: vec![3],
        unit: Some(5),
        prefix,
        exact: BigDecimal::from(value),
        lower: BigDecimal::from(value),
        upper: BigDecimal::from(value + 1),
        second: None,
        beside: Vec::new(),
    }])
}

fn sorted(mut plan: Plan, key: SortKey) -> Plan {
    plan.sort = vec![
        Sort {
            key,
            descending: true,
        },
        Sort {
            key: SortKey::Id,
            descending: false,
        },
    ];
    plan
}

fn of_patients(clauses: &[Clause]) -> Plan {
    Plan {
        resource_types: vec![resource_type("Patient")],
        ..of(clauses)
    }
}

fn named(text: &str) -> Clause {
    Clause::String {
        parameters: vec![1],
        tests: vec![StringTest::StartsWith(text.into())],
    }
}

#[tokio::test]
async fn elements_and_keys_go_by_their_index() {
    let gate = Gate::new().await;
    let patient = token(PATIENT ^ (22 * 2));
    let shapes: [(Plan, &[&str]); 13] = [
        (of(&[token(201)]), &["index_element_value", "resource_rid"]),
        (
            of(&[Clause::AnyToken(vec![201, 203])]),
            &["index_element_value", "resource_rid"],
        ),
        (of(&[patient]), &["index_element_value"]),
        (of(&[token(201), token(10)]), &["index_element_value"]),
        (of(&[token(10_024)]), &["resource_tok"]),
        (of(&[token(2)]), &["resource_walk"]),
        (of(&[token(2), token(10_024)]), &["resource_tok"]),
        (
            of(&[Clause::AnyToken(vec![10_024, 10_026])]),
            &["resource_tok"],
        ),
        (of(&[Clause::NoToken(vec![10])]), &["resource_walk"]),
        (of(&[]), &["resource_walk"]),
        (Plan::default(), &["resource_rid"]),
        (
            of(&[Clause::Ids(vec!["r12".parse().unwrap()])]),
            &["resource_pkey"],
        ),
        (
            of(&[Clause::LastUpdated(vec![PeriodTest {
                prefix: Prefix::Ap,
                lower: day(1),
                upper: day(1) + SignedDuration::from_mins(30),
            }])]),
            &["change_by_time"],
        ),
    ];
    for (plan, indexes) in shapes {
        gate.check(&plan, indexes).await;
    }
}

#[tokio::test]
async fn values_go_by_their_index() {
    let gate = Gate::new().await;
    let near = Clause::Near {
        parameters: vec![4],
        tests: vec![NearTest {
            latitude: BigDecimal::from(7),
            longitude: BigDecimal::from(7),
            distance: BigDecimal::from(5000),
        }],
    };
    let words = Clause::Text {
        part: TextPart::Content,
        query: TextQuery::Word("word7".into()),
    };
    let part = Clause::String {
        parameters: vec![1],
        tests: vec![StringTest::Contains("ame777".into())],
    };
    let shapes: [(Plan, &[&str]); 9] = [
        (
            of(&[date(Prefix::Ap, 3, 3)]),
            &["index_date_lower", "index_date_upper"],
        ),
        (
            of(&[date(Prefix::Ge, 0, 0)]),
            &["resource_walk", "index_date_rid"],
        ),
        (of(&[number(Prefix::Eq, 7)]), &["index_number_lower"]),
        (
            of(&[number(Prefix::Gt, 998)]),
            &["index_number_lower", "index_number_upper"],
        ),
        (of(&[near]), &["index_position_latitude"]),
        (of(&[words]), &["index_text_content"]),
        (of_patients(&[named("name77")]), &["index_string_value"]),
        (
            of_patients(&[named("name")]),
            &["resource_walk", "index_string_rid"],
        ),
        (of_patients(&[part]), &["index_string_grams"]),
    ];
    for (plan, indexes) in shapes {
        gate.check(&plan, indexes).await;
    }
}

#[tokio::test]
async fn chains_and_orders_go_by_their_index() {
    let gate = Gate::new().await;
    let chain = |seed| Clause::RefersTo {
        seeds: vec![seed],
        target: Criteria {
            resource_types: vec![resource_type("Patient")],
            clauses: vec![token(10_022)],
        },
    };
    let has = Clause::ReferredBy {
        seeds: vec![SUBJECT],
        source: Criteria {
            resource_types: vec![observation()],
            clauses: vec![token(10_024)],
        },
    };
    let shapes: [(Plan, &[&str]); 9] = [
        (of(&[chain(SUBJECT)]), &["resource_tok", "resource_rid"]),
        (
            of(&[chain(PATIENT)]),
            &["resource_tok", "index_element_value", "resource_rid"],
        ),
        (of(&[has]), &["resource_tok", "resource_key"]),
        (
            sorted(of(&[token(2)]), SortKey::Date(vec![2])),
            &["index_date_lower"],
        ),
        (
            sorted(of(&[token(2)]), SortKey::Number(vec![3])),
            &["index_number_lower"],
        ),
        (
            sorted(of(&[token(2)]), SortKey::LastUpdated),
            &["change_by_time"],
        ),
        (sorted(of(&[token(2)]), SortKey::Id), &["resource_pkey"]),
        (
            sorted(of(&[token(10_024)]), SortKey::Date(vec![2])),
            &["resource_tok", "index_date_rid"],
        ),
        (
            sorted(of_patients(&[]), SortKey::String(vec![1])),
            &["index_string_value"],
        ),
    ];
    for (plan, indexes) in shapes {
        gate.check(&plan, indexes).await;
    }
}

#[tokio::test]
async fn a_walk_reads_in_order_and_ends_early() {
    let gate = Gate::new().await;
    for plan in [
        of(&[token(10)]),
        of(&[token(201)]),
        of(&[token(201), token(10)]),
        sorted(of(&[token(10)]), SortKey::Date(vec![2])),
        sorted(of(&[token(10)]), SortKey::Date(vec![2, 22])),
        sorted(of(&[token(10)]), SortKey::Number(vec![3])),
        sorted(of(&[token(10)]), SortKey::LastUpdated),
    ] {
        let taken = gate.take(&plan).await;
        assert!(
            !taken.plans.contains("\"Node Type\": \"Sort\""),
            "{}",
            taken.plans
        );
    }
}

/// What has been found once is not looked up again.
#[tokio::test]
async fn nothing_is_looked_up_in_vain() {
    let gate = Gate::new().await;
    // A page of value rows is one of resources: each is read once, for what it says.
    let found = gate.take(&of_patients(&[named("name77")])).await;
    assert_eq!(found.of_index("resource_rid", "Actual Loops").len(), 1);
    // Where a chain leads, what it leads to is not gathered for another question.
    let chain = Clause::RefersTo {
        seeds: vec![PATIENT],
        target: Criteria {
            resource_types: vec![resource_type("Patient")],
            clauses: vec![token(10_022)],
        },
    };
    let led = gate.take(&of(&[chain])).await;
    assert!(!led.texts.contains("as element"), "{}", led.texts);
    // And no more of a list is read than a page may need.
    let newest = "order by l.rid desc limit 24 offset 0";
    assert!(led.texts.contains(newest), "{}", led.texts);
    // Of what refers by a listed element only listed elements are tried: the reference, the code, and one more.
    let has = Clause::ReferredBy {
        seeds: vec![PATIENT],
        source: Criteria {
            resource_types: vec![observation()],
            clauses: vec![token(10_024)],
        },
    };
    let tried = gate.take(&of_patients(&[has])).await;
    assert!(tried.looks("resource_key") <= 3, "{}", tried.plans);
    // Of ninety in the order of another key, dates are looked up where those tie that may be on the page: a third.
    let patients = (2..11).map(|n| PATIENT ^ (22 * n)).collect();
    let ninety = of(&[Clause::AnyToken(patients)]);
    let mut by_two = sorted(ninety, SortKey::Text(vec!["$.gender".into()]));
    by_two.sort[1].key = SortKey::Date(vec![2]);
    let ordered = gate.take(&by_two).await;
    let looks = ordered.looks("index_date_rid");
    assert!((24..45).contains(&looks), "{looks}: {}", ordered.plans);
    // Where only values are walked by and asked about, the rows behind them are not visited.
    let mut walked = sorted(of(&[date(Prefix::Lt, 9, 9)]), SortKey::Date(vec![2]));
    walked.sort.truncate(1);
    let values = gate.take(&walked).await;
    assert_eq!(values.looks("resource_rid"), 20, "{}", values.plans);
    // The date that is asked about and ordered by is looked up once.
    let of_one = [token(PATIENT ^ 44), date(Prefix::Ge, 0, 0)];
    let mut by_date = sorted(of(&of_one), SortKey::Date(vec![2]));
    by_date.sort.truncate(1);
    let dated = gate.take(&by_date).await;
    assert_eq!(dated.looks("index_date_rid"), 10, "{}", dated.plans);
}

/// One of two types is as rare to a plan without values as one of all there are.
#[tokio::test]
async fn a_type_is_walked_by_its_own_index_however_few_there_are() {
    let gate = Gate::new().await;
    let walked = gate.take(&of_patients(&[Clause::NoToken(vec![10])])).await;
    let rows = walked.of_index("resource_walk", "Plan Rows");
    assert!(rows.iter().all(|rows| *rows < 250), "{}", walked.plans);
}

#[tokio::test]
async fn an_explanation_shows_the_way_and_no_value() {
    let gate = Gate::new().await;
    let plan = of_patients(&[named("name77")]);
    let mut source = Source::Committed(&gate.store);
    for _ in 0..2 {
        let explained = source.explain(&gate.cx, &plan, 20).await.unwrap();
        let statement = &explained.statements[0];
        assert!(statement.plan.contains("Actual Rows"));
        assert!(!statement.plan.contains("name77") && !statement.sql.contains("name77"));
        assert_eq!(statement.bound[0], "bigint");
        assert!(
            explained.choice.contains("1 clauses"),
            "{}",
            explained.choice
        );
        assert!(explained.matches > 0);
    }
    // The connection's own statements are as they were.
    assert!(
        !source
            .search(&gate.cx, &plan, 5, "", None)
            .await
            .unwrap()
            .matches
            .is_empty()
    );
}
