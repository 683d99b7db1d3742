//! EHR launch, and the page where people take back what they have granted.

use super::*;

async fn prepared(server: &Server, token: &Value, form: &[(&str, &str)]) -> Answer {
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    server
        .post("/auth/launch", form, &[("authorization", &bearer)])
        .await
}

#[tokio::test]
async fn an_ehr_starts_an_app_with_patient_and_encounter() {
    let mut server = Server::new().await;
    let ehr = server.tokens("anna", "other", "user/*.rs").await;
    let form = [
        ("client_id", "app"),
        ("patient", "p1"),
        ("encounter", "e1"),
        ("fhirContext", "Task/1 ImagingStudy/2"),
    ];
    let answer = prepared(&server, &ehr["access_token"], &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let handle = answer.json()["launch"].as_str().unwrap().to_owned();
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with("https://app.example.org/launch?iss=https%3A%2F%2Ffhir"),
        "{url}"
    );

    server.later(60);
    let scope = "openid launch launch/encounter patient/*.rs";
    let started = authorize("app", scope, &[("launch", &handle)]);
    let mut cookie = Cookie::default();
    let page = server.logged_in("anna", &started, &mut cookie).await;
    let code = server.agreed(&page, &mut cookie).await;
    let tokens = server.exchange("app", &code).await.json();
    assert_eq!(tokens["patient"], "p1");
    assert_eq!(tokens["encounter"], "e1");
    assert_eq!(tokens["need_patient_banner"], false);
    assert_eq!(tokens["fhirContext"][1]["reference"], "ImagingStudy/2");
    let again = server.get(&started, &mut cookie).await;
    assert_eq!(
        again.sent("error"),
        "invalid_request",
        "a handle starts one app once"
    );
}

#[tokio::test]
async fn a_launch_is_refused_whose_parts_do_not_belong_together() {
    let server = Server::new().await;
    let ehr = server.tokens("anna", "other", "user/*.rs").await;
    for (form, said) in [
        (
            [("patient", "nobody"), ("encounter", "e1")],
            "no such patient",
        ),
        (
            [("patient", "p1"), ("encounter", "e2")],
            "of another patient",
        ),
        (
            [("patient", "p1"), ("encounter", "e9")],
            "no such encounter",
        ),
        (
            [("patient", "p1"), ("fhirContext", "Task/1 Task/9")],
            "no such fhirContext",
        ),
    ] {
        let mut all = vec![("client_id", "app")];
        all.extend(form);
        let answer = prepared(&server, &ehr["access_token"], &all).await;
        answer.is_error(400, "invalid_request");
        assert!(answer.text.contains(said), "{answer:?}");
    }
}

#[tokio::test]
async fn a_launch_is_for_one_person_one_client_and_five_minutes() {
    let mut server = Server::new().await;
    let ehr = server.tokens("anna", "other", "user/*.rs").await;
    let form = [("client_id", "app"), ("patient", "p1")];
    let answer = prepared(&server, &ehr["access_token"], &form).await;
    let handle = answer.json()["launch"].as_str().unwrap().to_owned();
    let check = async |server: &Server, login: &str, client: &str| {
        let path = authorize(client, "openid launch patient/*.rs", &[("launch", &handle)]);
        let answer = server.logged_in(login, &path, &mut Cookie::default()).await;
        assert_eq!(answer.sent("error"), "invalid_request", "{login} {client}");
    };
    check(&server, "paul", "app").await;
    server.later(30);
    check(&server, "anna", "other").await;
    server.later(271);
    check(&server, "anna", "app").await;
}

#[tokio::test]
async fn a_launch_is_about_a_patient_whom_its_person_may_see() {
    let mut server = Server::new().await;
    let ehr = server.tokens("anna", "other", "user/*.rs").await;
    server.later(60);
    let form = [("client_id", "app"), ("patient", "p2")];
    let unseen = prepared(&server, &ehr["access_token"], &form).await;
    unseen.is_error(400, "invalid_request");
    let form = [("client_id", "app"), ("patient", "p1")];
    let answer = prepared(&server, &ehr["access_token"], &form).await;
    let handle = answer.json()["launch"].as_str().unwrap().to_owned();
    let path = authorize("app", "launch patient/*.rs", &[("launch", &handle)]);
    let answer = server
        .logged_in("anna", &path, &mut Cookie::default())
        .await;
    assert_eq!(answer.sent("error"), "", "{answer:?}");
}

#[tokio::test]
async fn a_launch_is_prepared_by_who_sees_patients() {
    let server = Server::new().await;
    let form = [("client_id", "app"), ("patient", "p1")];
    let nobody = server.post("/auth/launch", &form, &[]).await;
    nobody.is_error(401, "invalid_token");
    let wrong = prepared(&server, &Value::from("wrong"), &form).await;
    wrong.is_error(401, "invalid_token");
    let weak = server.tokens("paul", "app", "patient/*.rs").await;
    prepared(&server, &weak["access_token"], &form)
        .await
        .is_error(403, "insufficient_scope");
    let ehr = server.tokens("anna", "app", "user/Patient.r").await;
    for wrong in [
        ("client_id", "none"),
        ("patient", "a/b"),
        ("fhirContext", "Task"),
    ] {
        let mut form = form.to_vec();
        form.retain(|(name, _)| *name != wrong.0);
        form.push(wrong);
        let answer = prepared(&server, &ehr["access_token"], &form).await;
        answer.is_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn people_see_the_apps_that_act_for_them_and_end_that() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let path = authorize("app", "offline_access patient/*.rs", &[]);
    let page = server.logged_in("paul", &path, &mut cookie).await;
    let code = server.agreed(&page, &mut cookie).await;
    let tokens = server.exchange("app", &code).await.json();
    let page = server.get("/auth/account", &mut cookie).await;
    assert!(page.text.contains("The &#60;app&#62;"), "{page:?}");
    assert!(
        page.text
            .contains("see everything in the record, of this patient")
    );
    assert!(server.grant(&tokens["access_token"]).await.is_some());
    let done = server
        .fill("/auth/account/revoke", &page, &[], &mut cookie)
        .await;
    assert_eq!(done.header(LOCATION), format!("{BASE}/auth/account"));
    assert!(server.grant(&tokens["access_token"]).await.is_none());
    let refresh = tokens["refresh_token"].as_str().unwrap();
    server
        .refresh("app", refresh, None)
        .await
        .is_error(400, "invalid_grant");
    let page = server.get("/auth/account", &mut cookie).await;
    assert!(page.text.contains("There are none."), "{page:?}");
}

/// A link of a page behind a text.
fn link_before(page: &Answer, text: &str) -> String {
    let before = page.text.split(&format!("\">{text}</a>")).next().unwrap();
    let link = before.rsplit("href=\"").next().unwrap();
    link.replace("&#38;", "&").replace("&amp;", "&")
}

#[tokio::test]
async fn an_app_that_works_with_an_encounter_is_given_one_to_choose() {
    let server = Server::new().await;
    let path = authorize("app", "openid launch/encounter user/*.rs", &[]);
    let mut cookie = Cookie::default();
    let page = server.logged_in("anna", &path, &mut cookie).await;
    assert!(page.text.contains("Choose a patient"), "{page:?}");
    let chosen = format!("{path}&patient=p1");
    let visits = server.get(&chosen, &mut cookie).await;
    for said in ["Choose a visit", "Ada Moreau", "in-progress"] {
        assert!(visits.text.contains(said), "{said} {visits:?}");
    }
    let silent = server
        .get(&format!("{chosen}&prompt=none"), &mut cookie)
        .await;
    assert_eq!(silent.sent("error"), "interaction_required");
    // One of somebody else, and one that is none, is not chosen.
    for other in ["e2", "e9", "*"] {
        let page = server
            .get(&format!("{chosen}&encounter={other}"), &mut cookie)
            .await;
        assert!(page.text.contains("Choose a visit"), "{other} {page:?}");
    }
    let link = link_before(&visits, "2026-02-01 – 2026-02-03");
    let page = server.get(&link, &mut cookie).await;
    assert!(
        page.text
            .contains("<strong>2026-02-01</strong> Check-up, finished"),
        "{page:?}"
    );
    let code = server.agreed(&page, &mut cookie).await;
    let tokens = server.exchange("app", &code).await.json();
    assert_eq!(tokens["encounter"], "e1");
    assert_eq!(tokens["patient"], "p1");
    assert!(
        tokens["scope"]
            .as_str()
            .unwrap()
            .contains("launch/encounter"),
        "{tokens}"
    );
    let without = server
        .get(&link_before(&visits, "Go on without a visit"), &mut cookie)
        .await;
    let code = server.agreed(&without, &mut cookie).await;
    let tokens = server.exchange("app", &code).await.json();
    assert_eq!(tokens["encounter"], Value::Null);
    assert!(
        !tokens["scope"]
            .as_str()
            .unwrap()
            .contains("launch/encounter"),
        "{tokens}"
    );
}

#[tokio::test]
async fn a_patient_chooses_among_the_own_encounters() {
    let server = Server::new().await;
    let path = authorize("app", "launch/encounter patient/*.rs", &[]);
    let mut cookie = Cookie::default();
    let page = server.logged_in("paul", &path, &mut cookie).await;
    let page = server
        .get(&link_before(&page, "2026-02-01 – 2026-02-03"), &mut cookie)
        .await;
    let code = server.agreed(&page, &mut cookie).await;
    let tokens = server.exchange("app", &code).await.json();
    assert_eq!(tokens["encounter"], "e1");
}
