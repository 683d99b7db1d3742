//! Patients answer by the links of messages, without logging in, and to nothing but what the message told.

use fhir::json::Value;

use super::*;
use crate::identity::Identity;
use crate::identity::testing::{identity, look, reply};

const QUESTION: &str = r#"name="answer" value="accepted""#;

impl Clinic {
    fn pages(&self) -> Identity {
        identity(&self.world, self.now)
    }

    /// What is sent next, and the secret of its link.
    async fn told(&self) -> (String, String) {
        self.plan().await;
        assert_eq!(self.deliver().await, Delivered::Sent);
        let text = self.sent().pop().unwrap().text;
        let (before, key) = text.split_once("https://x/auth/reply?key=").unwrap();
        assert_eq!(key.len(), 22, "{text}");
        (before.to_owned(), key.to_owned())
    }

    async fn text(&self, key: &str, name: &str) -> String {
        let stored = Resource::parse(self.world.read(key).await.unwrap()).unwrap();
        let text = stored.get(name).and_then(Value::string);
        text.map_or_else(String::new, |text| text.into_owned())
    }

    async fn answers(&self) -> Vec<String> {
        let sql = "select json ->> 'participantStatus' from resource where resource_type = 'AppointmentResponse' order by 1";
        self.world.database().texts(sql).await
    }
}

async fn asking() -> Option<Clinic> {
    let mut clinic = Clinic::new().await?;
    clinic.messages.replies = Some("https://x/auth/reply".into());
    Some(clinic)
}

#[tokio::test]
async fn a_patient_confirms_and_cancels_by_the_link() {
    let Some(clinic) = asking().await else {
        return;
    };
    clinic.visit("v", "booked", 10).await;
    let (before, key) = clinic.told().await;
    assert!(before.ends_with("https://portal.example/v\nConfirm or cancel: "));
    // The secret is in the message alone.
    let stored = "select json::text || coalesce((select string_agg(told, '') from reply_link), '') from resource";
    for text in clinic.world.database().texts(stored).await {
        assert!(!text.contains(&key) && !text.contains("key="), "{text}");
    }
    let pages = clinic.pages();
    let (status, page) = look(&pages, &key, clinic.now).await;
    assert!(status == 200 && page.contains(QUESTION), "{page}");
    assert!(page.contains("at Haus am See: Thursday, 5 March 2099, 10:00."));
    // To look changes nothing; to send the form twice no more than once.
    assert!(clinic.answers().await.is_empty());
    for _ in 0..2 {
        let (status, page) = reply(&pages, (&key, "accepted"), clinic.now).await;
        assert!(status == 200 && page.contains("Thank you"), "{page}");
        assert!(!page.contains(QUESTION), "{page}");
    }
    assert_eq!(clinic.answers().await, ["accepted"]);
    assert_eq!(clinic.text("Appointment/v", "status").await, "booked");
    for _ in 0..2 {
        let (status, page) = reply(&pages, (&key, "declined"), clinic.now).await;
        assert!(status == 200 && page.contains("is cancelled"), "{page}");
    }
    assert_eq!(clinic.answers().await, ["accepted", "declined"]);
    assert_eq!(clinic.text("Appointment/v", "status").await, "cancelled");
    let (status, page) = look(&pages, &key, clinic.now).await;
    assert!(status == 200 && page.contains("is cancelled"), "{page}");
    let (status, page) = reply(&pages, (&key, "accepted"), clinic.now).await;
    assert!(status == 410 && page.contains("leads nowhere"), "{page}");
    clinic.world.close().await;
}

#[tokio::test]
async fn a_link_leads_to_what_the_message_told_alone() {
    let Some(mut clinic) = asking().await else {
        return;
    };
    clinic
        .write(&ANNA.replace(
            r#""telecom""#,
            r#""communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"de-AT"}]}}],"telecom""#,
        ))
        .await;
    clinic.visit("v", "booked", 10).await;
    let (_, first) = clinic.told().await;
    clinic.visit("v", "booked", 12).await;
    let (_, second) = clinic.told().await;
    let pages = clinic.pages();
    for (key, answer) in [(&first, "declined"), (&first, "accepted")] {
        let (status, page) = reply(&pages, (key, answer), clinic.now).await;
        assert!(status == 410 && page.contains("führt nicht mehr"), "{page}");
    }
    let (status, page) = look(&pages, &second, clinic.now).await;
    assert!(status == 200 && page.contains(r#"lang="de""#), "{page}");
    assert!(page.contains("Termin absagen"), "{page}");
    // Nobody guesses, says something else, or comes when the visit has begun.
    let (status, page) = look(&pages, &first[1..], clinic.now).await;
    assert!(status == 404 && page.contains(r#"lang="en""#), "{page}");
    let (status, _) = reply(&pages, (&second, "tentative"), clinic.now).await;
    assert_eq!(status, 400);
    clinic.wait(3 * 24 * 60);
    let (status, _) = look(&clinic.pages(), &second, clinic.now).await;
    assert_eq!(status, 404);
    let store = &clinic.world.interactions.store;
    store.forget_identity(clinic.now, clinic.now).await.unwrap();
    let kept = "select told from reply_link";
    assert!(clinic.world.database().texts(kept).await.is_empty());
    assert!(clinic.answers().await.is_empty());
    clinic.world.close().await;
}

#[tokio::test]
async fn it_is_too_late_by_the_link_when_it_is_by_any_way() {
    let Some(clinic) = asking().await else {
        return;
    };
    let duration = r#"{"url":"duration""#;
    let cutoff = format!(r#"{{"url":"cancel-cutoff-hours","valueUnsignedInt":96}},{duration}"#);
    clinic.write(&SERVICE.replacen(duration, &cutoff, 1)).await;
    clinic.visit("v", "booked", 10).await;
    let (_, key) = clinic.told().await;
    let pages = clinic.pages();
    let (status, page) = reply(&pages, (&key, "declined"), clinic.now).await;
    assert!(status == 409 && page.contains("too late"), "{page}");
    assert_eq!(clinic.text("Appointment/v", "status").await, "booked");
    assert!(clinic.answers().await.is_empty());
    // What is no more a visit of this patient is not answered.
    let visit = clinic.world.read("Appointment/v").await.unwrap();
    clinic
        .write(r#"{"resourceType":"Patient","id":"eva"}"#)
        .await;
    let others = visit.replace("Patient/anna", "Patient/eva");
    clinic.write(&others).await;
    let (status, page) = look(&pages, &key, clinic.now).await;
    assert!(status == 410 && page.contains("leads nowhere"), "{page}");
    clinic.world.close().await;
}
