//! News is told once, reminders are kept however often they are tried, and nobody waits for who does not answer.

use jiff::tz::{Offset, TimeZone};
use tokio::sync::Semaphore;

use super::*;

/// A provider of mail that never answers, and lets others know whenever it is asked.
struct Stuck(Semaphore);

impl Provider for Stuck {
    fn sends(&self, medium: Medium) -> bool {
        medium == Medium::Email
    }
    fn send<'a>(&'a self, _: &'a Outgoing) -> BoxFuture<'a, Result<(), Unsent>> {
        self.0.add_permits(1);
        Box::pin(std::future::pending())
    }
}

/// A provider of text messages that lets others know whenever it is asked.
struct Heard(Semaphore);

impl Provider for Heard {
    fn sends(&self, medium: Medium) -> bool {
        medium == Medium::Sms
    }
    fn send<'a>(&'a self, _: &'a Outgoing) -> BoxFuture<'a, Result<(), Unsent>> {
        self.0.add_permits(1);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Clinic {
    /// The visit of Thursday, from ten, for so many minutes, with somebody else beside the patient.
    async fn visit_with(&self, minutes: u32, hour: u32, more: &str) {
        self.write(&format!(
            r#"{{"resourceType":"Appointment","id":"v","status":"booked","start":"2099-03-05T{hour:02}:00:00+01:00","end":"2099-03-05T{hour:02}:{minutes:02}:00+01:00",
            "participant":[{{"actor":{{"reference":"Patient/anna"}},"required":"information-only","status":"accepted"}},{more}
            {{"actor":{{"reference":"HealthcareService/scan"}},"required":"information-only","status":"accepted"}}]}}"#
        ))
        .await;
    }
}

const WEISS: &str = r#"{"actor":{"reference":"Practitioner/weiss"},"required":"information-only","status":"accepted"},"#;

#[tokio::test]
async fn a_reminder_that_is_tried_again_stays_when_others_take_part() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    clinic.try_reminder().await;
    clinic.visit_with(30, 10, WEISS).await;
    clinic.plan().await;
    let expected = ["reminder 04.03. 12:01", "reminder 04.03. 20:00"];
    assert_eq!(clinic.planned().await, expected);
    clinic.wait(1);
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    assert_eq!(clinic.deliver().await, Delivered::Nothing);
    assert_eq!(clinic.states("Communication").await.len(), 2);
    clinic.world.close().await;
}

#[tokio::test]
async fn the_same_news_is_told_once() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    let news = async |clinic: &Clinic| {
        let planned = clinic.planned().await.into_iter();
        let news = planned.filter(|one| !one.starts_with("reminder"));
        news.collect::<Vec<String>>()
    };
    // Nobody has heard of it when it is moved, and moved again.
    for hour in [10, 11, 12] {
        clinic.visit("v", "booked", hour).await;
        clinic.plan().await;
        clinic.wait(1);
    }
    assert_eq!(news(&clinic).await, ["booked 02.03. 12:02"]);
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    assert_eq!(clinic.deliver().await, Delivered::Nothing);
    // It is moved, and is longer a minute later.
    for minutes in [30, 45] {
        clinic.visit_with(minutes, 14, "").await;
        clinic.plan().await;
        clinic.wait(1);
    }
    assert_eq!(news(&clinic).await, ["changed 02.03. 12:03"]);
    clinic.visit("v", "cancelled", 14).await;
    clinic.plan().await;
    assert_eq!(news(&clinic).await, ["cancelled 02.03. 12:05"]);
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    assert_eq!(clinic.deliver().await, Delivered::Nothing);
    let texts: Vec<String> = clinic.sent().into_iter().map(|one| one.text).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("5 March 2099, 12:00"), "{}", texts[0]);
    assert!(texts[1].contains("was cancelled"), "{}", texts[1]);
    // What was not told was no failure.
    let said = clinic.states("Communication").await;
    assert_eq!(said, ["completed email", "completed email"]);
    clinic.world.close().await;
}

/// A reminder that nobody took in the evening is sent at night where the morning would be too late.
#[tokio::test]
async fn a_reminder_is_of_use_or_not_sent() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    clinic.visit("v", "booked", 9).await;
    clinic.visit("w", "booked", 11).await;
    clinic.plan().await;
    let reminders = [
        "reminder 04.03. 09:00",
        "reminder 04.03. 11:00",
        "reminder 04.03. 20:00",
        "reminder 05.03. 08:00",
    ];
    assert_eq!(clinic.planned().await[2..], reminders);
    clinic
        .world
        .database()
        .execute("delete from message where due <> '2099-03-04T20:00:00+01:00'")
        .await
        .unwrap();
    // From noon on Monday to eight in the evening of Wednesday.
    clinic.wait(56 * 60);
    let later = || Err(Unsent::Later("x".to_owned()));
    let answers = (0..4).map(|_| later());
    clinic.kept.answers.lock().unwrap().extend(answers);
    for pause in [1, 5, 15, 60] {
        assert_eq!(clinic.deliver().await, Delivered::Later);
        clinic.wait(pause);
    }
    // It is past nine, and the visit is at nine in the morning.
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    clinic.world.close().await;
}

/// Jobs go by the clock: it is noon where the clinic is.
fn noon(now: Timestamp) -> TimeZone {
    let hour = now.to_zoned(TimeZone::UTC).hour();
    TimeZone::fixed(Offset::from_hours(12 - hour).unwrap())
}

#[tokio::test]
async fn who_does_not_answer_holds_nobody_up() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    clinic.now = clinic.world.cx.now;
    let (stuck, heard) = (
        Arc::new(Stuck(Semaphore::new(0))),
        Arc::new(Heard(Semaphore::new(0))),
    );
    clinic.messages = Messages {
        zone: noon(clinic.now),
        providers: vec![
            Arc::clone(&stuck) as Arc<dyn Provider>,
            Arc::clone(&heard) as Arc<dyn Provider>,
        ],
        hands: Hands::new(3),
        ..clinic.messages.clone()
    };
    let ben =
        r#"{"resourceType":"Patient","id":"ben","telecom":[{"system":"sms","value":"+49302"}]}"#;
    for hour in 9..14 {
        clinic.visit(&format!("v{hour}"), "booked", hour).await;
    }
    clinic.write(ben).await;
    let bens = r#"{"resourceType":"Appointment","id":"last","status":"booked","start":"2099-03-05T15:00:00+01:00","end":"2099-03-05T15:30:00+01:00",
        "participant":[{"actor":{"reference":"Patient/ben"},"required":"information-only","status":"accepted"}]}"#;
    clinic.write(bens).await;
    let interactions = &clinic.world.interactions;
    let (store, current) = (&interactions.store, &interactions.current);
    let cx = clinic.cx();
    let jobs = async {
        let planning = crate::jobs::keep_planning(store, current, &cx, &clinic.messages);
        let sending = crate::jobs::keep_sending(store, current, &cx, &clinic.messages);
        tokio::join!(planning, sending);
    };
    // Two hands hold mail that nobody takes; the third has gone on, and tells Ben.
    let asked = async {
        stuck.0.acquire_many(2).await.unwrap().forget();
        heard.0.acquire().await.unwrap().forget();
    };
    tokio::select! {
        () = jobs => unreachable!("jobs go on"),
        () = asked => {}
    }
    assert_eq!(stuck.0.available_permits(), 0);
    // What found no hand was not tried.
    let sql = "select tries::text from message where kind = 'booked' and patient = 'Patient/anna' and tries > 0";
    assert_eq!(clinic.world.database().texts(sql).await, ["1", "1"]);
    clinic.world.close().await;
}
