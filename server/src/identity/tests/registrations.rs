//! Apps that register themselves: what they may be, and what people are told of them.

use serde_json::json;

use super::*;

const AT_MOST: &str = "openid launch/patient offline_access patient/*.rs";

/// A server on which apps register themselves.
async fn open() -> Server {
    let mut server = Server::new().await;
    server.identity.settings.registration = Some(Scopes::parse(AT_MOST).scopes);
    server
}

async fn register(server: &Server, body: &Value) -> Answer {
    let request = Request::builder()
        .method("POST")
        .uri("/auth/register")
        .header(CONTENT_TYPE, "application/json");
    let body = Bytes::from(body.to_string());
    server.ask(request.body(body).unwrap()).await
}

fn metadata() -> Value {
    json!({
        "client_name": "Diary",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "openid offline_access patient/Observation.rs user/*.rs system/*.rs",
        "tos_uri": "https://app.example.org/terms",
    })
}

#[tokio::test]
async fn an_app_registers_itself_and_people_are_told() {
    let server = open().await;
    let answer = register(&server, &metadata()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let client = answer.json();
    assert_eq!(
        client["scope"],
        "openid offline_access patient/Observation.rs"
    );
    assert!(client.get("client_secret").is_none());
    let id = client["client_id"].as_str().unwrap();
    let mut cookie = Cookie::default();
    let path = authorize(id, "openid patient/*.rs system/*.rs", &[]);
    let page = server.logged_in("paul", &path, &mut cookie).await;
    assert!(
        page.text.contains("Nobody here has checked this app"),
        "{page:?}"
    );
    let code = server.agreed(&page, &mut cookie).await;
    let tokens = server.exchange(id, &code).await.json();
    assert_eq!(tokens["scope"], "openid patient/Observation.rs");
    let known = server
        .logged_in(
            "rita",
            &authorize("app", "openid", &[]),
            &mut Cookie::default(),
        )
        .await;
    assert!(!known.text.contains("Nobody here has checked"), "{known:?}");
}

#[tokio::test]
async fn a_secret_is_made_up_and_no_app_acts_by_itself() {
    let server = open().await;
    let mut asked = metadata();
    asked
        .as_object_mut()
        .unwrap()
        .remove("token_endpoint_auth_method");
    asked.as_object_mut().unwrap().remove("scope");
    let client = register(&server, &asked).await.json();
    assert_eq!(client["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(client["client_secret_expires_at"], 0);
    assert_eq!(client["scope"], AT_MOST);
    use base64::Engine;
    let pair = format!(
        "{}:{}",
        client["client_id"].as_str().unwrap(),
        client["client_secret"].as_str().unwrap()
    );
    let basic = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    );
    let headers = [("authorization", basic.as_str())];
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let answer = server.post("/auth/token", &form, &headers).await;
    answer.is_error(400, "invalid_grant");
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "system/*.rs"),
    ];
    let answer = server.post("/auth/token", &form, &headers).await;
    answer.is_error(400, "unauthorized_client");
}

#[tokio::test]
async fn what_an_app_says_of_itself_is_checked() {
    let mut server = open().await;
    let check = async |server: &mut Server, name: &str, value: Value, error: &str| {
        server.later(60);
        let mut asked = metadata();
        asked[name] = value.clone();
        let answer = register(server, &asked).await;
        assert_eq!(answer.status, 400, "{name} {value} {answer:?}");
        assert_eq!(answer.json()["error"], error, "{name} {value}");
    };
    let metadata_error = "invalid_client_metadata";
    for (name, value) in [
        ("client_name", json!("")),
        ("client_name", json!(null)),
        ("client_name", json!("x".repeat(81))),
        ("client_name", json!("a\u{7}b")),
        ("grant_types", json!(["client_credentials"])),
        ("grant_types", json!(["implicit"])),
        ("response_types", json!(["token"])),
        ("scope", json!("system/*.rs")),
        ("scope", json!("user/*.cruds")),
        ("scope", json!("x ".repeat(101))),
        ("token_endpoint_auth_method", json!("client_secret_post")),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("jwks_uri", json!("https://app.example.org/keys")),
        ("jwks", json!({"keys": []})),
        ("jwks", json!({"keys": [], "more": "x".repeat(8192)})),
    ] {
        check(&mut server, name, value, metadata_error).await;
    }
    let uri_error = "invalid_redirect_uri";
    for value in [
        json!([]),
        json!(["javascript:alert(1)"]),
        json!(["http://app.example.org/"]),
        json!(["https://app.example.org/#a"]),
        json!(vec![CALLBACK; 11]),
    ] {
        check(&mut server, "redirect_uris", value, uri_error).await;
    }
    let statement = json!("a.b.c");
    check(
        &mut server,
        "software_statement",
        statement,
        "unapproved_software_statement",
    )
    .await;
    // Keys of its own are kept to the same rules as those of other clients.
    server.later(60);
    let mut asked = metadata();
    asked["token_endpoint_auth_method"] = json!("private_key_jwt");
    asked["jwks_uri"] = json!("http://app.example.org/keys");
    let answer = register(&server, &asked).await;
    answer.is_error(400, metadata_error);
    asked["jwks_uri"] = json!("https://app.example.org/keys");
    assert_eq!(register(&server, &asked).await.status, 201);
    let form = [("client_name", "Diary")];
    let answer = server.post("/auth/register", &form, &[]).await;
    answer.is_error(400, metadata_error);
}

#[tokio::test]
async fn nobody_registers_without_the_setting_nor_many_at_once() {
    let closed = Server::new().await;
    register(&closed, &metadata())
        .await
        .is_error(404, "invalid_request");
    let endpoint = async |server: &Server| {
        let path = "/.well-known/smart-configuration";
        let answer = server.get(path, &mut Cookie::default()).await.json();
        answer.get("registration_endpoint").cloned()
    };
    assert_eq!(endpoint(&closed).await, None);
    let server = open().await;
    let expected = json!(format!("{BASE}/auth/register"));
    assert_eq!(endpoint(&server).await, Some(expected));
    for _ in 0..5 {
        assert_eq!(register(&server, &metadata()).await.status, 201);
    }
    let answer = register(&server, &metadata()).await;
    answer.is_error(429, "temporarily_unavailable");
}
