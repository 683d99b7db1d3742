//! What the audit trail has of logins, apps and tokens, and what it has not.

use super::*;

impl Server {
    /// The rows since the server was made, in brief.
    pub(super) async fn trail(&self) -> Vec<String> {
        self.database
            .texts(
                "select concat_ws(' ', interaction, operation, outcome, access, login, agent, client,
                        case when grant_id is not null then 'granted' end, address, target, '(' || reason || ')')
                   from audit where access <> 'command' or recorded > '2026-03-01T12:00:00Z' order by seq",
            )
            .await
    }
}

#[tokio::test]
async fn logins_consents_tokens_and_refusals_are_recorded() {
    let mut server = Server::audited().await;
    server.address = Some([192, 0, 2, 7].into());
    let before = server.trail().await.len();
    let mut cookie = Cookie::default();
    let page = server.get("/auth/account", &mut cookie).await;
    for login in ["correct horse", "paul"] {
        let fields = [("login", login), ("password", "hunter2")];
        let answer = server
            .fill("/auth/login", &page, &fields, &mut cookie)
            .await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    let tokens = server.tokens("anna", "app", "openid user/*.rs").await;
    assert!(server.grant(&tokens["access_token"]).await.is_some());
    let again = server.exchange("app", "no code").await;
    assert_eq!(again.status, 400, "{again:?}");
    let (basic, form) = (server.basic(), [("token", "none")]);
    let headers = [("authorization", basic.as_str())];
    assert_eq!(
        server.post("/auth/revoke", &form, &headers).await.status,
        200
    );
    let mut cookie = Cookie::default();
    let account = server.logged_in("paul", "/auth/account", &mut cookie).await;
    let fields = [("client_id", "app")];
    server
        .fill("/auth/account/revoke", &account, &fields, &mut cookie)
        .await;
    server
        .fill("/auth/logout", &account, &[], &mut cookie)
        .await;

    let expected = [
        "login password 8 login 192.0.2.7 (nobody has this login)",
        "login password 8 login paul Patient/p1 192.0.2.7 (the password is wrong)",
        "login password 0 login anna Practitioner/anna 192.0.2.7",
        "login second-factor 0 login anna Practitioner/anna 192.0.2.7",
        "security consent 0 login anna Practitioner/anna app granted 192.0.2.7",
        "login token 0 login anna Practitioner/anna app granted 192.0.2.7",
        "security token 4 login 192.0.2.7 (the code is not good)",
        "security token-revoked 0 login web 192.0.2.7",
        "login password 0 login paul Patient/p1 192.0.2.7",
        "security consent-revoked 0 login paul Patient/p1 app 192.0.2.7",
        "logout logout 0 login paul Patient/p1 192.0.2.7",
    ];
    assert_eq!(server.trail().await[before..], expected);
    let typed = "select a.seq::text from audit a where a::text ilike any (array['%correct horse%', '%hunter2%'])";
    assert!(server.database.texts(typed).await.is_empty());
}

#[tokio::test]
async fn too_many_attempts_and_locks_are_alerts() {
    let server = Server::audited().await;
    server.administration.lock_user("rita", true).await.unwrap();
    let mut cookie = Cookie::default();
    let page = server.get("/auth/account", &mut cookie).await;
    let fields = [("login", "rita"), ("password", PASSWORD)];
    server
        .fill("/auth/login", &page, &fields, &mut cookie)
        .await;
    for _ in 0..30 {
        let fields = [("login", "paul"), ("password", "wrong")];
        server
            .fill("/auth/login", &page, &fields, &mut cookie)
            .await;
    }
    let trail = server.trail().await;
    for alert in [
        "security user-locked 0 command rita",
        "security locked-out 8 login rita RelatedPerson/r (the account is locked)",
        "security locked-out 8 login paul Patient/p1 (there were too many attempts)",
    ] {
        assert!(trail.iter().any(|row| row == alert), "{alert}: {trail:?}");
    }
}

/// What cannot be recorded is not done.
#[tokio::test]
async fn what_changes_something_is_recorded_in_its_commit() {
    let server = Server::audited().await;
    let commands = "select operation || ' ' || target from audit where access = 'command' and operation <> 'user-added' order by seq";
    let expected = [
        "second-factor-set anna",
        "client-added app",
        "client-added other",
        "client-added web",
    ];
    assert_eq!(server.database.texts(commands).await, expected);
    let nobody = server.administration.lock_user("nobody", true).await;
    assert!(nobody.is_err());
    assert_eq!(
        server.database.texts(commands).await,
        expected,
        "nothing was done"
    );

    let refuse = "revoke execute on function add_audit(json, bigint[]) from vesta_serve";
    server.database.execute(refuse).await.unwrap();
    let administration = &server.administration;
    assert!(administration.lock_user("paul", true).await.is_err());
    assert!(administration.remove_second_factor("anna").await.is_err());
    assert!(administration.remove_client("app").await.is_err());
    let users = administration.users(ALL).await.unwrap().items;
    let anna = users.iter().find(|user| &*user.login == "anna").unwrap();
    assert!(anna.credentials.totp_secret.is_some());
    assert!(users.iter().all(|user| !user.is_locked));
    assert_eq!(administration.clients(ALL).await.unwrap().items.len(), 3);
    let mut cookie = Cookie::default();
    let page = server.get("/auth/account", &mut cookie).await;
    let fields = [("login", "paul"), ("password", PASSWORD)];
    let answer = server
        .fill("/auth/login", &page, &fields, &mut cookie)
        .await;
    assert_eq!(answer.status, 500, "{answer:?}");
    let sessions = "select count(*)::text from identity_session";
    assert_eq!(server.database.texts(sessions).await, ["0"]);
}

#[tokio::test]
async fn what_is_shown_twice_ends_the_grant_and_is_named() {
    let mut server = Server::audited().await;
    server.address = Some([192, 0, 2, 7].into());
    let code = server.code("anna", "app", "offline_access user/*.rs").await;
    let tokens = server.exchange("app", &code).await.json();
    assert_eq!(server.exchange("other", &code).await.status, 400);
    assert!(server.grant(&tokens["access_token"]).await.is_none());
    server.later(60);
    let tokens = server
        .tokens("anna", "app", "offline_access user/*.rs")
        .await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let next = server.refresh("app", refresh, None).await.json();
    // Of somebody else's token, another app learns and ends nothing.
    assert_eq!(server.refresh("other", refresh, None).await.status, 400);
    assert!(server.grant(&next["access_token"]).await.is_some());
    for _ in 0..2 {
        assert_eq!(server.refresh("app", refresh, None).await.status, 400);
    }
    assert!(server.grant(&next["access_token"]).await.is_none());
    let mut reused = server.trail().await;
    reused.retain(|row| row.contains("reused"));
    let why = "granted 192.0.2.7 (it was shown before: all that came of it has ended)";
    assert_eq!(
        reused,
        ["code-reused", "refresh-reused"]
            .map(|code| format!("security {code} 4 login anna Practitioner/anna app {why}")),
    );
}

#[tokio::test]
async fn a_refresh_that_cannot_be_recorded_may_be_tried_again() {
    let server = Server::audited().await;
    let tokens = server
        .tokens("anna", "app", "offline_access user/*.rs")
        .await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let refuse = "revoke execute on function add_audit(json, bigint[]) from vesta_serve";
    server.database.execute(refuse).await.unwrap();
    assert_eq!(server.refresh("app", refresh, None).await.status, 500);
    let allow = "grant execute on function add_audit(json, bigint[]) to vesta_serve";
    server.database.execute(allow).await.unwrap();
    let answer = server.refresh("app", refresh, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn what_our_own_pages_look_up_is_of_whom_they_are_shown_to() {
    let mut server = Server::new().await;
    server.address = Some([192, 0, 2, 7].into());
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    server.identity.records.perform = Arc::new(move |grant, address, interaction| {
        noted.lock().unwrap().push(address);
        perform(grant, interaction).boxed()
    });
    server.code("anna", "app", "launch/patient user/*.rs").await;
    let asked = asked.lock().unwrap();
    assert!(!asked.is_empty());
    assert!(
        asked.iter().all(|address| *address == server.address),
        "{asked:?}"
    );
}
