//! Authorization requests and the exchange of codes: what is refused, and how.

use super::*;

#[tokio::test]
async fn a_public_app_gets_what_a_person_agrees_to() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let path = authorize(
        "app",
        "openid fhirUser launch/patient patient/*.rs email",
        &[],
    );
    let page = server.logged_in("anna", &path, &mut cookie).await;
    assert!(page.text.contains("Choose a patient"), "{page:?}");
    let page = server
        .get(&format!("{path}&search=nobody"), &mut cookie)
        .await;
    assert!(page.text.contains("Nobody was found"));
    let page = server.get(&format!("{path}&search=ada"), &mut cookie).await;
    assert!(page.text.contains("Ada Moreau"), "{page:?}");
    let page = server.get(&format!("{path}&patient=p1"), &mut cookie).await;
    assert!(
        page.text.contains("The &#60;app&#62;"),
        "names are escaped: {page:?}"
    );
    assert!(
        page.text
            .contains("see everything in the record, of this patient")
    );
    let code = server.agreed(&page, &mut cookie).await;
    let tokens = server.exchange("app", &code).await;
    assert_eq!(tokens.header("cache-control"), "no-store");
    let tokens = tokens.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 900);
    assert_eq!(
        tokens["scope"],
        "openid fhirUser launch/patient patient/*.rs"
    );
    assert_eq!(tokens["patient"], "p1");
    assert!(tokens.get("refresh_token").is_none());

    let grant = server.grant(&tokens["access_token"]).await.unwrap();
    assert_eq!(grant.user.unwrap().to_string(), "Practitioner/anna");
    assert_eq!(grant.login.as_deref(), Some("anna"));
    assert_eq!(grant.launch.patient.unwrap().as_str(), "p1");
    assert!(grant.authentication.has_second_factor());
    assert_eq!(&*grant.client_id, "app");
    check_id_token(&server, &tokens).await;
}

async fn check_id_token(server: &Server, tokens: &Value) {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
    let keys = server.get("/auth/jwks", &mut Cookie::default()).await;
    let keys: JwkSet = serde_json::from_str(&keys.text).unwrap();
    let key = DecodingKey::from_jwk(&keys.keys[0]).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.set_audience(&["app"]);
    validation.set_issuer(&[BASE]);
    let token = tokens["id_token"].as_str().unwrap();
    let claims = decode::<Value>(token, &key, &validation).unwrap().claims;
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["fhirUser"], format!("{BASE}/Practitioner/anna"));
    assert_eq!(claims["acr"], "urn:vesta:acr:mfa");
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
    assert!(claims.get("name").is_none(), "profile was not asked for");
}

#[tokio::test]
async fn a_patient_and_who_speaks_for_one_need_not_choose() {
    let server = Server::new().await;
    for (login, user) in [("paul", "Patient/p1"), ("rita", "RelatedPerson/r")] {
        let mut cookie = Cookie::default();
        let path = authorize("app", "patient/Observation.read", &[]);
        let page = server.logged_in(login, &path, &mut cookie).await;
        let code = server.agreed(&page, &mut cookie).await;
        let tokens = server.exchange("app", &code).await.json();
        assert_eq!(tokens["scope"], "patient/Observation.rs");
        let grant = server.grant(&tokens["access_token"]).await.unwrap();
        assert_eq!(grant.user.unwrap().to_string(), user);
        assert_eq!(grant.launch.patient.unwrap().as_str(), "p1");
        let other = authorize("app", "patient/Observation.read", &[("patient", "p2")]);
        let denied = server.get(&other, &mut cookie).await;
        assert_eq!(denied.sent("error"), "access_denied", "{denied:?}");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_the_apps() {
    let server = Server::new().await;
    let check = async |client: &str, other: &[(&str, &str)]| {
        let path = authorize(client, "openid", other);
        let answer = server.get(&path, &mut Cookie::default()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.header(LOCATION), "");
        assert!(answer.text.contains("This did not work"), "{answer:?}");
    };
    check("nobody", &[]).await;
    check("app", &[("client_id", "-")]).await;
    check("app", &[("redirect_uri", "-")]).await;
    for uri in [
        "https://evil.example.org/",
        "https://app.example.org/callback",
        "https://app.example.org/callback?x=1&y=2",
        "https://app.example.org/callback?x=1#a",
        "https://app.example.org.evil.example.org/callback?x=1",
        "HTTPS://app.example.org/callback?x=1",
        "javascript:alert(1)",
    ] {
        check("app", &[("redirect_uri", uri)]).await;
    }
    let twice = format!("{}&client_id=other", authorize("app", "openid", &[]));
    let answer = server.get(&twice, &mut Cookie::default()).await;
    assert_eq!((answer.status.as_u16(), answer.header(LOCATION)), (400, ""));
}

#[tokio::test]
async fn an_app_is_told_what_is_wrong_with_its_request() {
    let server = Server::new().await;
    let check = async |scope: &str, other: &[(&str, &str)], error: &str| {
        let path = authorize("app", scope, other);
        let answer = server.get(&path, &mut Cookie::default()).await;
        assert_eq!(answer.status, 303, "{other:?} {answer:?}");
        assert!(answer.header(LOCATION).starts_with(CALLBACK), "{answer:?}");
        assert_eq!(answer.sent("error"), error, "{scope} {other:?}");
        assert_eq!(answer.sent("iss"), BASE);
        if !other.contains(&("state", "-")) {
            assert_eq!(answer.sent("state"), STATE);
        }
    };
    let invalid = "invalid_request";
    check(
        "openid",
        &[("response_type", "token")],
        "unsupported_response_type",
    )
    .await;
    check("openid", &[("response_type", "-")], invalid).await;
    check("openid", &[("response_mode", "fragment")], invalid).await;
    check("openid", &[("state", "-")], invalid).await;
    check("openid", &[("aud", "-")], invalid).await;
    check(
        "openid",
        &[("aud", "https://other.example.org/fhir")],
        invalid,
    )
    .await;
    // PKCE cannot be left out, nor weakened.
    check("openid", &[("code_challenge", "-")], invalid).await;
    check("openid", &[("code_challenge_method", "-")], invalid).await;
    check("openid", &[("code_challenge_method", "plain")], invalid).await;
    check(
        "openid",
        &[
            ("code_challenge", VERIFIER),
            ("code_challenge_method", "plain"),
        ],
        invalid,
    )
    .await;
    check("openid", &[("code_challenge", "short")], invalid).await;
    check("openid", &[("request", "a.b.c")], "request_not_supported").await;
    check("openid", &[("prompt", "select")], invalid).await;
    check("openid", &[("max_age", "-1")], invalid).await;
    check("system/*.c unknown", &[], "invalid_scope").await;
    check("openid launch", &[], invalid).await;
    check("openid", &[("launch", "abc")], invalid).await;
    check("openid", &[("prompt", "none")], "login_required").await;
}

#[tokio::test]
async fn nothing_of_the_system_is_granted_by_a_person() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let path = authorize("app", "system/*.rs", &[]);
    let answer = server.logged_in("anna", &path, &mut cookie).await;
    assert_eq!(answer.sent("error"), "invalid_scope");
    let path = authorize("app", "openid system/*.rs", &[("prompt", "none")]);
    let answer = server.get(&path, &mut cookie).await;
    assert_eq!(answer.sent("error"), "consent_required");
    let tokens = server
        .get(&authorize("app", "openid system/*.rs", &[]), &mut cookie)
        .await;
    let code = server.agreed(&tokens, &mut cookie).await;
    let tokens = server.exchange("app", &code).await.json();
    assert_eq!(tokens["scope"], "openid");
}

#[tokio::test]
async fn somebody_who_does_not_agree_sends_no_code() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let page = server
        .logged_in("paul", &authorize("app", "openid", &[]), &mut cookie)
        .await;
    let fields = [("decision", "deny")];
    let answer = server
        .fill("/auth/consent", &page, &fields, &mut cookie)
        .await;
    assert_eq!(answer.sent("error"), "access_denied");
    assert_eq!(answer.sent("code"), "");
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_its_tokens_end_when_it_is_shown_again() {
    let server = Server::new().await;
    let code = server
        .code("paul", "app", "openid offline_access patient/*.rs")
        .await;
    let tokens = server.exchange("app", &code).await.json();
    assert!(server.grant(&tokens["access_token"]).await.is_some());
    server
        .exchange("app", &code)
        .await
        .is_error(400, "invalid_grant");
    assert!(server.grant(&tokens["access_token"]).await.is_none());
    let refresh = tokens["refresh_token"].as_str().unwrap();
    server
        .refresh("app", refresh, None)
        .await
        .is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_code_is_good_for_one_client_one_address_one_verifier_and_one_minute() {
    let mut server = Server::new().await;
    let other_verifier = "a".repeat(43);
    let changes: [(&str, &str, &str); 8] = [
        ("client_id", "other", "invalid_grant"),
        ("redirect_uri", "https://app.example.org/", "invalid_grant"),
        ("redirect_uri", "-", "invalid_request"),
        ("code_verifier", &other_verifier, "invalid_grant"),
        ("code_verifier", "-", "invalid_request"),
        ("code_verifier", "short", "invalid_request"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("code", "unknown", "invalid_grant"),
    ];
    for (name, value, error) in changes {
        let code = server.code("paul", "app", "openid").await;
        let mut form = exchange("app", &code);
        form.retain(|(own, _)| *own != name);
        if value != "-" {
            form.push((name, value));
        }
        server
            .post("/auth/token", &form, &[])
            .await
            .is_error(400, error);
    }
    let code = server.code("paul", "app", "openid").await;
    server.later(60);
    server
        .exchange("app", &code)
        .await
        .is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_token_is_good_until_it_expires_and_is_known_by_its_client_alone() {
    let mut server = Server::new().await;
    let basic = server.basic();
    let code = server.code("paul", "web", "openid patient/*.rs").await;
    server
        .exchange("web", &code)
        .await
        .is_error(401, "invalid_client");
    let mut form = exchange("web", &code);
    form.retain(|(name, _)| *name != "client_id");
    let headers = [(AUTHORIZATION.as_str(), basic.as_str())];
    let tokens = server.post("/auth/token", &form, &headers).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    let asked = [("token", token)];
    let known = server
        .post("/auth/introspect", &asked, &headers)
        .await
        .json();
    assert_eq!(known["active"], true);
    assert_eq!(known["scope"], "openid patient/*.rs");
    assert_eq!(known["patient"], "p1");
    assert_eq!(known["username"], "paul");
    let by_nobody = server.post("/auth/introspect", &asked, &[]).await;
    by_nobody.is_error(401, "invalid_client");
    assert_eq!(
        by_nobody.headers["www-authenticate"],
        "Basic realm=\"vesta\""
    );
    let by_public = [("token", token), ("client_id", "app")];
    let refused = server.post("/auth/introspect", &by_public, &[]).await;
    refused.is_error(401, "invalid_client");

    let foreign = server.tokens("paul", "app", "openid").await;
    let asked_foreign = [("token", foreign["access_token"].as_str().unwrap())];
    let unknown = server
        .post("/auth/introspect", &asked_foreign, &headers)
        .await;
    assert_eq!(unknown.json(), serde_json::json!({"active": false}));
    let revoked = server.post("/auth/revoke", &asked_foreign, &headers).await;
    assert_eq!(revoked.status, 200);
    assert!(
        server.grant(&foreign["access_token"]).await.is_some(),
        "another client's"
    );

    assert_eq!(
        server.post("/auth/revoke", &asked, &headers).await.status,
        200
    );
    assert!(server.grant(&tokens["access_token"]).await.is_none());
    server.later(900);
    assert!(
        server.grant(&foreign["access_token"]).await.is_none(),
        "expired"
    );
}

#[tokio::test]
async fn a_secret_is_right_and_goes_into_the_header() {
    let server = Server::new().await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let by = async |authorization: &str| {
        server
            .post("/auth/token", &form, &[("authorization", authorization)])
            .await
    };
    by(&server.basic()).await.is_error(400, "invalid_grant");
    for wrong in [
        "Basic d2ViOndyb25n",
        "Basic !",
        "Bearer abc",
        "Basic bm9ib2R5Ong=",
        "Basic YXBwOng=",
    ] {
        let answer = by(wrong).await;
        answer.is_error(401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic"));
    }
    let secret = server.secret.clone();
    let in_body = [
        form[0],
        form[1],
        ("client_id", "web"),
        ("client_secret", &secret),
    ];
    let answer = server.post("/auth/token", &in_body, &[]).await;
    answer.is_error(401, "invalid_client");
    let twice = [form[0], form[1], ("client_assertion", "a.b.c")];
    let basic = server.basic();
    let answer = server
        .post("/auth/token", &twice, &[("authorization", &basic)])
        .await;
    answer.is_error(400, "invalid_request");
}

#[tokio::test]
async fn scopes_and_parameters_have_an_end() {
    let server = Server::new().await;
    let many = |count: usize| {
        let scopes = (0..count).map(|number| format!("user/Task.r?code={number}"));
        scopes.collect::<Vec<String>>().join(" ")
    };
    let asked = async |scope: &str| {
        let path = authorize("app", scope, &[("prompt", "none")]);
        let answer = server.get(&path, &mut Cookie::default()).await;
        answer.sent("error")
    };
    assert_eq!(asked(&many(100)).await, "login_required");
    assert_eq!(asked(&many(101)).await, "invalid_scope");
    assert_eq!(asked(&"x".repeat(4097)).await, "invalid_scope");
    let refreshed = server.refresh("app", "x", Some(&many(101))).await;
    refreshed.is_error(400, "invalid_scope");

    let padded = async |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("p{number}")).collect();
        let mut form = vec![("client_id", "app"), ("grant_type", "refresh_token")];
        form.extend(names.iter().map(|name| (name.as_str(), "1")));
        server.post("/auth/token", &form, &[]).await.json()["error_description"].clone()
    };
    assert_eq!(padded(62).await, "refresh_token is missing");
    assert_eq!(padded(63).await, "there are more than 64 parameters");

    let client = NewClient {
        certificate_name: None,
        id: None,
        name: "Many".to_owned(),
        kind: NewClientKind::Public,
        redirect_uris: Vec::new(),
        launch_uri: None,
        scopes: many(101),
    };
    assert!(
        server
            .administration
            .add_client(client, now())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn texts_that_no_text_can_be_are_refused_not_failed_upon() {
    let server = Server::new().await;
    let path = authorize("app", "openid", &[("client_id", "a\0b")]);
    let answer = server.get(&path, &mut Cookie::default()).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let form = [("grant_type", "refresh_token"), ("client_id", "a\0b")];
    let answer = server.post("/auth/token", &form, &[]).await;
    answer.is_error(400, "invalid_request");
    let mut cookie = Cookie::default();
    let page = server.get("/auth/account", &mut cookie).await;
    let fields = [("login", "pa\0ul"), ("password", PASSWORD)];
    let answer = server
        .fill("/auth/login", &page, &fields, &mut cookie)
        .await;
    assert_eq!(answer.status, 400, "{answer:?}");

    let posted = async |body: &str| {
        let request = Request::builder()
            .method("POST")
            .uri("/auth/authorize")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = Bytes::from(body.to_owned());
        server.ask(request.body(body).unwrap()).await
    };
    assert_eq!(posted("client_id=app&state=\u{e4}").await.status, 400);
    let spaced = posted("client_id=app&scope=openid fhirUser&state=%C3%A4").await;
    assert_eq!(spaced.status, 303);
    assert_eq!(spaced.sent("scope"), "openid fhirUser");
    assert_eq!(spaced.sent("state"), "\u{e4}");
}
