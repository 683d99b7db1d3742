//! News is kept for those that send, what was tried is ended with its request, and nobody is reminded twice in one evening.

use super::*;

#[tokio::test]
async fn news_waits_for_a_process_that_sends() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    let news = async |clinic: &Clinic| {
        let sql = "select kind from visit_news order by id";
        clinic.world.database().texts(sql).await
    };
    // It has been there, and is late.
    clinic.plan().await;
    let providers = std::mem::take(&mut clinic.messages.providers);
    clinic.visit("v", "booked", 10).await;
    for minutes in [6, 60, 12 * 60] {
        clinic.wait(minutes);
        clinic.plan().await;
        assert_eq!(news(&clinic).await, ["booked"], "{minutes}");
    }
    clinic.messages.providers = providers;
    clinic.plan().await;
    assert_eq!(news(&clinic).await, [""; 0]);
    // Not by night.
    assert!(
        clinic
            .planned()
            .await
            .contains(&"booked 03.03. 08:00".to_owned())
    );
    // Where none has been there for a day, there is none.
    clinic.messages.providers.clear();
    clinic.wait(1);
    clinic.visit("w", "booked", 11).await;
    clinic.wait(24 * 60 - 1);
    clinic.plan().await;
    assert_eq!(news(&clinic).await, ["booked"]);
    clinic.wait(1);
    clinic.plan().await;
    assert_eq!(news(&clinic).await, [""; 0]);
    clinic.world.close().await;
}

#[tokio::test]
async fn a_reminder_that_was_tried_says_that_it_is_superseded() {
    let Some(mut clinic) = Clinic::new().await else {
        return;
    };
    clinic.try_reminder().await;
    let said = clinic.states("Communication").await;
    assert_eq!(said, ["completed email", "in-progress email"]);
    clinic.visit("v", "cancelled", 10).await;
    clinic.plan().await;
    assert_eq!(clinic.deliver().await, Delivered::Sent);
    let said = clinic.states("Communication").await;
    let expected = [
        "completed email",
        "completed email",
        "not-done superseded email",
    ];
    assert_eq!(said, expected);
    let requests = clinic.states("CommunicationRequest").await;
    assert!(!requests.iter().any(|one| one.starts_with("active")));
    clinic.world.close().await;
}

#[tokio::test]
async fn two_reminders_of_one_evening_are_one() {
    let Some(clinic) = Clinic::new().await else {
        return;
    };
    // Twelve and eleven hours before ten in the morning is night, and three hours before it as well.
    let offset = r#"{"url":"reminder","extension":[{"url":"offset","valueDuration":{"value":24,"#;
    let both = [11, 12].map(|hours| {
        format!(
            r#"{{"url":"reminder","extension":[{{"url":"offset","valueDuration":{{"value":{hours},"system":"http://unitsofmeasure.org","code":"h"}}}}]}},"#
        )
    });
    let service = SERVICE.replacen(offset, &format!("{}{offset}", both.concat()), 1);
    clinic.write(&service).await;
    clinic.visit("v", "booked", 10).await;
    clinic.plan().await;
    // By whatever medium, and as a text message.
    let expected = [
        "booked 02.03. 12:00",
        "reminder 04.03. 10:00",
        "reminder 04.03. 20:00",
        "reminder 04.03. 20:00",
    ];
    assert_eq!(clinic.planned().await, expected);
    clinic.world.close().await;
}
