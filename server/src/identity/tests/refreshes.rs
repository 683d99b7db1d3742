//! Refresh tokens: exchanged once, never for more, and over when one is shown twice.

use super::*;

#[tokio::test]
async fn each_refresh_token_is_exchanged_once_and_reuse_ends_all() {
    let mut server = Server::new().await;
    let first = server
        .tokens("anna", "app", "offline_access user/*.rs")
        .await;
    let first_refresh = first["refresh_token"].as_str().unwrap();
    server.later(1000);
    let second = server.refresh("app", first_refresh, None).await.json();
    assert_eq!(second["scope"], "offline_access user/*.rs");
    assert!(second.get("id_token").is_none());
    assert!(server.grant(&second["access_token"]).await.is_some());
    let second_refresh = second["refresh_token"].as_str().unwrap();
    server
        .refresh("other", second_refresh, None)
        .await
        .is_error(400, "invalid_grant");
    assert!(server.grant(&second["access_token"]).await.is_some());
    server
        .refresh("app", first_refresh, None)
        .await
        .is_error(400, "invalid_grant");
    assert!(server.grant(&second["access_token"]).await.is_none());
    server
        .refresh("app", second_refresh, None)
        .await
        .is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_gives_less_but_never_more() {
    let server = Server::new().await;
    let tokens = server
        .tokens("anna", "app", "offline_access user/Patient.rs user/Task.r")
        .await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for more in [
        "offline_access user/*.rs",
        "user/Patient.crs",
        "user/Task.rs",
        "patient/Patient.rs",
        "openid",
        "user/Patient.rs unknown",
    ] {
        server
            .refresh("app", refresh, Some(more))
            .await
            .is_error(400, "invalid_scope");
    }
    let less = server
        .refresh("app", refresh, Some("user/Patient.r"))
        .await
        .json();
    assert_eq!(less["scope"], "user/Patient.r");
    let grant = server.grant(&less["access_token"]).await.unwrap();
    assert_eq!(grant.scopes.to_string(), "user/Patient.r");
    // Who has asked for less once may ask for all again, with the token that came then (RFC 6749 §6).
    let refresh = less["refresh_token"].as_str().unwrap();
    let task = server.refresh("app", refresh, Some("user/Task.r")).await;
    assert_eq!(task.json()["scope"], "user/Task.r");
    let refresh = task.json()["refresh_token"].as_str().unwrap().to_owned();
    let all = server.refresh("app", &refresh, None).await.json();
    assert_eq!(all["scope"], "offline_access user/Patient.rs user/Task.r");
}

#[tokio::test]
async fn what_is_not_in_force_is_never_exchanged_whatever_is_asked_with_it() {
    let mut server = Server::new().await;
    let tokens = server
        .tokens("anna", "app", "offline_access user/Patient.rs")
        .await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    server.later(90 * 24 * 3600);
    for scope in [None, Some("user/*.cruds"), Some("user/Patient.r")] {
        let answer = server.refresh("app", refresh, scope).await;
        answer.is_error(400, "invalid_grant");
    }
    server
        .refresh("app", "unknown", Some("user/*.cruds"))
        .await
        .is_error(400, "invalid_grant");
}

#[tokio::test]
async fn online_access_never_outlives_what_a_session_may_last() {
    let mut server = Server::new().await;
    let mut cookie = Cookie::default();
    server.logged_in("paul", "/auth/account", &mut cookie).await;
    for _ in 0..59 {
        server.later(600);
        server.get("/auth/account", &mut cookie).await;
    }
    // Ten minutes before the session is over.
    let mut tokens = Vec::new();
    for scope in ["online_access patient/*.rs", "patient/*.rs"] {
        let page = server.get(&authorize("app", scope, &[]), &mut cookie).await;
        let code = server.agreed(&page, &mut cookie).await;
        tokens.push(server.exchange("app", &code).await.json());
        assert_eq!(tokens[tokens.len() - 1]["expires_in"], 600);
    }
    server.later(599);
    assert!(server.grant(&tokens[1]["access_token"]).await.is_some());
    server.later(1);
    let refresh = tokens[0]["refresh_token"].as_str().unwrap();
    let answer = server.refresh("app", refresh, None).await;
    answer.is_error(400, "invalid_grant");
    assert!(server.grant(&tokens[1]["access_token"]).await.is_none());
}

#[tokio::test]
async fn online_access_ends_with_the_session_and_offline_access_does_not() {
    let mut server = Server::new().await;
    let mut cookie = Cookie::default();
    let path = authorize("app", "online_access user/*.rs", &[]);
    let page = server.logged_in("anna", &path, &mut cookie).await;
    let code = server.agreed(&page, &mut cookie).await;
    let online = server.exchange("app", &code).await.json();
    let path = authorize("app", "offline_access user/*.rs", &[]);
    let page = server.get(&path, &mut cookie).await;
    let code = server.agreed(&page, &mut cookie).await;
    let offline = server.exchange("app", &code).await.json();
    server.later(60);
    let refresh = online["refresh_token"].as_str().unwrap();
    let online = server.refresh("app", refresh, None).await.json();
    let account = server.get("/auth/account", &mut cookie).await;
    let form = account.text.rsplit("<form").next().unwrap();
    assert!(form.contains("logout"));
    let csrf = hidden(form)[0].1.clone();
    let headers = [("cookie", cookie.0.as_deref().unwrap())];
    let out = server
        .post("/auth/logout", &[("csrf", &csrf)], &headers)
        .await;
    assert_eq!(out.status, 303);
    let refresh = online["refresh_token"].as_str().unwrap();
    server
        .refresh("app", refresh, None)
        .await
        .is_error(400, "invalid_grant");
    assert!(server.grant(&online["access_token"]).await.is_none());
    assert!(server.grant(&offline["access_token"]).await.is_some());
    server.later(89 * 24 * 3600);
    let refresh = offline["refresh_token"].as_str().unwrap();
    let again = server.refresh("app", refresh, None).await.json();
    server.later(24 * 3600);
    let refresh = again["refresh_token"].as_str().unwrap();
    server
        .refresh("app", refresh, None)
        .await
        .is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_public_client_need_not_name_itself_to_refresh() {
    let server = Server::new().await;
    let tokens = server
        .tokens("anna", "app", "offline_access user/*.rs")
        .await;
    let unnamed = async |token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        server.post("/auth/token", &form, &[]).await
    };
    let first = tokens["refresh_token"].as_str().unwrap();
    let second = unnamed(first).await.json();
    assert!(server.grant(&second["access_token"]).await.is_some());
    unnamed(first).await.is_error(400, "invalid_grant");
    let is_over = server.grant(&second["access_token"]).await.is_none();
    assert!(is_over, "shown twice");
    unnamed("unknown").await.is_error(400, "invalid_grant");
    let access = tokens["access_token"].as_str().unwrap();
    unnamed(access).await.is_error(400, "invalid_grant");
    let code = server
        .code("paul", "web", "offline_access patient/*.rs")
        .await;
    let basic = server.basic();
    let mut form = exchange("web", &code);
    form.retain(|(name, _)| *name != "client_id");
    let headers = [("authorization", basic.as_str())];
    let tokens = server.post("/auth/token", &form, &headers).await.json();
    let of_web = tokens["refresh_token"].as_str().unwrap();
    unnamed(of_web).await.is_error(401, "invalid_client");
}
