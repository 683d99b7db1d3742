//! What becomes of visits is told once, to whom it concerns, and never of what is no more.

mod kept;
mod once;
mod reached;
mod replies;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use fhir::json::Value;
use fhir::resource::Resource;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use super::providers::tests::mail_server;
use super::{
    Delivered, Hands, Medium, Messages, Outgoing, Provider, Smtp, SmtpSettings, Unsent, Work,
    deliver, end_over, plan,
};
use crate::context::RequestContext;
use crate::interactions::{Interaction, WriteConditions};
use crate::operations::testing::World;

/// A provider that keeps what it is given, and answers as it is told.
#[derive(Default)]
struct Kept {
    sent: Mutex<Vec<Outgoing>>,
    answers: Mutex<VecDeque<Result<(), Unsent>>>,
}

impl Provider for Kept {
    fn sends(&self, _: Medium) -> bool {
        true
    }

    fn send<'a>(&'a self, message: &'a Outgoing) -> BoxFuture<'a, Result<(), Unsent>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.sent.lock().unwrap().push(message.clone());
            self.answers.lock().unwrap().pop_front().unwrap_or(Ok(()))
        })
    }
}

/// A clinic, what sends for it, and its time.
struct Clinic {
    world: World,
    kept: Arc<Kept>,
    messages: Messages,
    now: Timestamp,
}

const SERVICE: &str = r#"{"resourceType":"HealthcareService","id":"scan","active":true,"extension":[
    {"url":"https://vesta.example/fhir/StructureDefinition/scheduling-policy","extension":[
    {"url":"duration","valuePositiveInt":30},
    {"url":"reminder","extension":[{"url":"offset","valueDuration":{"value":24,"system":"http://unitsofmeasure.org","code":"h"}}]},
    {"url":"reminder","extension":[{"url":"offset","valueDuration":{"value":3,"system":"http://unitsofmeasure.org","code":"h"}},
      {"url":"medium","valueCodeableConcept":{"coding":[{"system":"https://vesta.example/fhir/CodeSystem/message-medium","code":"sms"}]}}]}]}]}"#;

const ANNA: &str = r#"{"resourceType":"Patient","id":"anna","telecom":[{"system":"email","value":"anna@example.org","rank":1},
    {"system":"phone","use":"mobile","value":"+49301","rank":2}]}"#;

impl Clinic {
    async fn new() -> Option<Self> {
        let practitioner = r#"{"resourceType":"Practitioner","id":"weiss"}"#;
        let world = World::with(&[SERVICE, ANNA, practitioner]).await?;
        let kept = Arc::new(Kept::default());
        let messages = Messages {
            clinic: "Haus am See".into(),
            zone: fhir::scheduling::zone("Europe/Berlin").unwrap(),
            language: "en".into(),
            link: Some("https://portal.example/{id}".into()),
            replies: None,
            providers: vec![Arc::clone(&kept) as Arc<dyn Provider>],
            hands: Hands::new(4),
        };
        Some(Self {
            world,
            kept,
            messages,
            // Noon in Berlin, on a Monday that no test lives to see.
            now: "2099-03-02T11:00:00Z".parse().unwrap(),
        })
    }

    fn cx(&self) -> RequestContext {
        RequestContext {
            now: self.now,
            ..self.world.cx.clone()
        }
    }

    fn wait(&mut self, minutes: i64) {
        self.now += SignedDuration::from_mins(minutes);
    }

    async fn write(&self, json: &str) {
        let resource = Resource::parse(json.to_owned()).unwrap();
        let key = format!("{}/{}", resource.resource_type(), resource.id().unwrap());
        let update = Interaction::Update {
            key: key.parse().unwrap(),
            resource,
            conditions: WriteConditions::default(),
        };
        let interactions = &self.world.interactions;
        interactions.perform(&self.cx(), update).await.unwrap();
    }

    /// A visit on Thursday, as plain REST writes it.
    async fn visit(&self, id: &str, status: &str, hour: u32) {
        let more = match status {
            "cancelled" => r#""cancelationReason":{"text":"x"},"#,
            _ => "",
        };
        self.write(&format!(
            r#"{{"resourceType":"Appointment","id":"{id}","status":"{status}",{more}"start":"2099-03-05T{hour:02}:00:00+01:00","end":"2099-03-05T{hour:02}:30:00+01:00",
            "participant":[{{"actor":{{"reference":"Patient/anna"}},"required":"information-only","status":"accepted"}},
            {{"actor":{{"reference":"HealthcareService/scan"}},"required":"information-only","status":"accepted"}}]}}"#
        ))
        .await;
    }

    async fn plan(&self) {
        let cx = self.cx();
        while plan(self.work(&cx)).await.unwrap() {}
    }

    async fn deliver(&self) -> Delivered {
        let cx = self.cx();
        deliver(self.work(&cx)).await.unwrap()
    }

    fn work<'a>(&'a self, cx: &'a RequestContext) -> Work<'a> {
        Work {
            cx,
            store: &self.world.interactions.store,
            definitions: &self.world.interactions.definitions,
            messages: &self.messages,
        }
    }

    /// What is planned: of what kind, and when.
    async fn planned(&self) -> Vec<String> {
        let sql = "select kind || to_char(due at time zone 'Europe/Berlin', ' DD.MM. HH24:MI') from message order by due, kind";
        self.world.database().texts(sql).await
    }

    /// The states and reasons of the resources of a type, sorted.
    async fn states(&self, name: &str) -> Vec<String> {
        let sql = format!(
            "select concat_ws(' ', json ->> 'status', json #>> '{{statusReason,coding,0,code}}', json #>> '{{medium,0,coding,0,code}}') \
             from resource where resource_type = '{name}' order by 1"
        );
        self.world.database().texts(sql.leak()).await
    }

    fn sent(&self) -> Vec<Outgoing> {
        self.kept.sent.lock().unwrap().clone()
    }

    /// A visit that was told, and whose reminder was tried once, in vain.
    async fn try_reminder(&mut self) {
        self.visit("v", "booked", 10).await;
        self.plan().await;
        assert_eq!(self.deliver().await, Delivered::Sent);
        self.wait(2 * 24 * 60);
        let later = Err(Unsent::Later("x".to_owned()));
        self.kept.answers.lock().unwrap().push_back(later);
        assert_eq!(self.deliver().await, Delivered::Later);
    }
}

#[tokio::test]
async fn reminders_follow_the_visit() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    clinic.visit("v", "booked", 10).await;
    clinic.plan().await;
    // Three hours before ten is night.
    let expected = [
        "booked 02.03. 12:00",
        "reminder 04.03. 10:00",
        "reminder 04.03. 20:00",
    ];
    assert_eq!(clinic.planned().await, expected);
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    clinic.wait(60);
    clinic.visit("v", "booked", 12).await;
    clinic.plan().await;
    let expected = [
        "changed 02.03. 13:00",
        "reminder 04.03. 12:00",
        "reminder 05.03. 09:00",
    ];
    assert_eq!(clinic.planned().await, expected);
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    assert_eq!(clinic.deliver().await, Delivered::Nothing);
    // The first reminder of the new time is sent as any; the second is of a visit that is no more.
    clinic.wait(2 * 24 * 60);
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    clinic.visit("v", "cancelled", 12).await;
    clinic.wait(24 * 60);
    assert_eq!(clinic.deliver().await, Delivered::NotSent);
    clinic.plan().await;
    assert_eq!(clinic.planned().await, [""; 0]);
    let requests = clinic.states("CommunicationRequest").await;
    let count = |state: &str| requests.iter().filter(|one| one.starts_with(state)).count();
    assert_eq!(
        (count("completed"), count("revoked"), count("active")),
        (3, 3, 0)
    );
    let communications = clinic.states("Communication").await;
    let expected = [
        "completed email",
        "completed email",
        "completed email",
        "not-done superseded",
    ];
    assert_eq!(communications, expected);
    let texts: Vec<String> = clinic.sent().into_iter().map(|one| one.text).collect();
    assert_eq!(
        texts,
        [
            "Your appointment at Haus am See: Thursday, 5 March 2099, 10:00.\nhttps://portal.example/v",
            "Your appointment at Haus am See was moved. It is now on Thursday, 5 March 2099, 12:00.\nhttps://portal.example/v",
            "We look forward to seeing you at Haus am See: Thursday, 5 March 2099, 12:00.\nhttps://portal.example/v",
        ]
    );
    clinic.world.close().await;
}

/// What is written is what any client could have written.
#[tokio::test]
async fn what_is_noted_is_valid() {
    let Some(clinic) = Clinic::new().await else {
        return;
    };
    clinic.visit("v", "booked", 10).await;
    clinic.plan().await;
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    let sql = "select json::text from resource where resource_type in ('Communication', 'CommunicationRequest')";
    let all = clinic.world.database().texts(sql).await;
    assert_eq!(all.len(), 4);
    for json in &all {
        clinic.write(json).await;
    }
    clinic.world.close().await;
}

#[tokio::test]
async fn of_two_that_send_each_sends_what_the_other_does_not() {
    let Some(clinic) = Clinic::new().await else {
        return;
    };
    for place in 0..8 {
        clinic
            .visit(&format!("v{place}"), "booked", 9 + place)
            .await;
    }
    let cx = clinic.cx();
    let planning = async || while plan(clinic.work(&cx)).await.unwrap() {};
    tokio::join!(planning(), planning(), planning());
    assert_eq!(clinic.states("CommunicationRequest").await.len(), 24);
    let sending = async || while deliver(clinic.work(&cx)).await.unwrap() != Delivered::Nothing {};
    tokio::join!(sending(), sending(), sending());
    let sent = clinic.sent();
    let ids: BTreeSet<&str> = sent.iter().map(|one| &*one.id).collect();
    assert_eq!((sent.len(), ids.len()), (8, 8));
    assert_eq!(clinic.states("Communication").await.len(), 8);
    clinic.world.close().await;
}

#[tokio::test]
async fn what_is_not_taken_is_tried_five_times() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    let later = || Err(Unsent::Later("x".to_owned()));
    clinic.visit("v", "booked", 10).await;
    clinic.plan().await;
    clinic
        .kept
        .answers
        .lock()
        .unwrap()
        .extend((0..5).map(|_| later()));
    for pause in [1, 5, 15, 60] {
        assert_eq!(clinic.deliver().await, Delivered::Later);
        clinic.wait(pause - 1);
        assert_eq!(clinic.deliver().await, Delivered::Nothing, "{pause}");
        clinic.wait(1);
    }
    assert_eq!(clinic.states("Communication").await, ["in-progress email"]);
    assert_eq!(clinic.deliver().await, Delivered::NotSent);
    let said = clinic.states("Communication").await;
    assert_eq!(said, ["not-done undeliverable email"]);
    let ids: BTreeSet<String> = clinic.sent().into_iter().map(|one| one.id).collect();
    assert_eq!((clinic.sent().len(), ids.len()), (5, 1));
    // What is refused for good is not tried again.
    clinic.visit("w", "booked", 11).await;
    clinic.plan().await;
    let never = Err(Unsent::Never("x".to_owned()));
    clinic.kept.answers.lock().unwrap().push_back(never);
    assert_eq!(clinic.deliver().await, Delivered::NotSent);
    assert_eq!(clinic.sent().len(), 6);
    clinic.world.close().await;
}

/// A process that ends after it has handed a message over, and before it has noted that.
#[tokio::test]
async fn what_is_lost_is_sent_again_as_the_same() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    clinic.visit("v", "booked", 10).await;
    clinic.plan().await;
    {
        struct Stuck;
        impl Provider for Stuck {
            fn sends(&self, _: Medium) -> bool {
                true
            }
            fn send<'a>(&'a self, _: &'a Outgoing) -> BoxFuture<'a, Result<(), Unsent>> {
                Box::pin(std::future::pending())
            }
        }
        let messages = Messages {
            providers: vec![Arc::new(Stuck)],
            ..clinic.messages.clone()
        };
        let cx = clinic.cx();
        let work = Work {
            messages: &messages,
            ..clinic.work(&cx)
        };
        let given_up = tokio::time::timeout(std::time::Duration::from_secs(2), deliver(work));
        assert!(given_up.await.is_err());
    }
    assert_eq!(clinic.states("Communication").await, ["in-progress email"]);
    assert_eq!(clinic.deliver().await, Delivered::Nothing);
    clinic.wait(3);
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    assert_eq!(clinic.states("Communication").await, ["completed email"]);
    clinic.world.close().await;
}

/// What is due where nothing is sent stays for processes that send, and for whoever else does.
#[tokio::test]
async fn what_others_send_stays() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    let providers = std::mem::take(&mut clinic.messages.providers);
    clinic.visit("v", "booked", 10).await;
    // News is left to those that send, for a while.
    clinic.wait(4);
    clinic.plan().await;
    assert_eq!(clinic.planned().await, [""; 0]);
    clinic.wait(1);
    clinic.plan().await;
    clinic.wait(2 * 24 * 60);
    assert_eq!(clinic.deliver().await, Delivered::Nothing);
    assert_eq!(clinic.planned().await.len(), 2);
    let states = clinic.states("CommunicationRequest").await;
    assert_eq!(states, ["active", "active sms"]);
    clinic.messages.providers = providers;
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    clinic.messages.providers.clear();
    // When it has long been due it is of no use to anybody here.
    let due: Timestamp = "2099-03-04T19:00:00Z".parse().unwrap();
    let cx = clinic.cx();
    let end = async |before| end_over(clinic.work(&cx), before).await.unwrap();
    assert!(!end(due - SignedDuration::from_mins(1)).await);
    assert_eq!(clinic.planned().await.len(), 1);
    assert!(end(due).await && !end(due).await);
    assert_eq!(clinic.planned().await, [""; 0]);
    let states = clinic.states("CommunicationRequest").await;
    assert_eq!(states, ["completed", "revoked sms"]);
    let said = clinic.states("Communication").await;
    assert_eq!(said, ["completed email", "not-done no-provider"]);
    clinic.world.close().await;
}

#[tokio::test]
async fn a_mail_server_is_told() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    let (url, heard) = mail_server("250 good").await;
    let settings = SmtpSettings {
        url,
        from: "Haus am See <front@clinic.example>".to_owned(),
        credentials: None,
    };
    clinic.messages.providers = vec![Arc::new(Smtp::new(&settings).unwrap())];
    clinic.visit("v", "booked", 10).await;
    clinic.plan().await;
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    let heard = heard.lock().unwrap().join("");
    let sql = "select id from resource where resource_type = 'Communication'";
    let id = &clinic.world.database().texts(sql).await[0];
    for part in [
        "RCPT TO:<anna@example.org>",
        "Subject: Your appointment at Haus am See",
        id,
    ] {
        assert!(heard.contains(part), "{part} in {heard}");
    }
    assert!(!heard.contains("scan"), "{heard}");
    let written = clinic.states("Communication").await;
    assert_eq!(written, ["completed email"]);
    clinic.world.close().await;
}

/// Whoever has told the patient says so.
#[tokio::test]
async fn a_cancelation_is_told_unless_somebody_has() {
    let Some(clinic) = Clinic::new().await else {
        return;
    };
    for (notify, expected) in [("true", 1), ("false", 0)] {
        let id = format!("v-{notify}");
        clinic.visit(&id, "booked", 10).await;
        clinic.plan().await;
        let body = format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"reason","valueCodeableConcept":{{"text":"x"}}}},{{"name":"notify","valueBoolean":{notify}}}]}}"#
        );
        let path = format!("Appointment/{id}/$cancel");
        let cx = clinic.cx();
        let conditions = crate::interactions::CallConditions::default();
        let called = clinic.world.call_with(&cx, &path, Some(&body), conditions);
        let answer = called.await.unwrap();
        let bundle = Resource::parse(answer.body.unwrap()).unwrap();
        assert_eq!(bundle.get("total").map(Value::raw), Some("1"));
        clinic.plan().await;
        let planned = clinic.planned().await;
        let told = planned
            .iter()
            .filter(|one| one.starts_with("cancelled"))
            .count();
        assert_eq!(told, expected, "{planned:?}");
        assert!(
            !planned.iter().any(|one| one.starts_with("reminder")),
            "{planned:?}"
        );
        clinic
            .world
            .database()
            .execute("delete from message")
            .await
            .unwrap();
    }
    clinic.world.close().await;
}
