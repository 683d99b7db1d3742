//! Logging in: brute force, second factors, forged forms, stolen and planted cookies; and what pages allow.

use super::*;

async fn try_password(server: &Server, login: &str, password: &str) -> Answer {
    let mut cookie = Cookie::default();
    let page = server.get("/auth/account", &mut cookie).await;
    let fields = [("login", login), ("password", password)];
    server
        .fill("/auth/login", &page, &fields, &mut cookie)
        .await
}

#[tokio::test]
async fn guessing_has_to_wait_longer_each_time() {
    let mut server = Server::new().await;
    let unknown = try_password(&server, "nobody", PASSWORD).await;
    for _ in 0..5 {
        let wrong = try_password(&server, "paul", "wrong").await;
        assert_eq!(wrong.status, 401);
        let problem =
            |answer: &Answer| answer.text.split("role=\"alert\"").nth(1).unwrap()[..90].to_owned();
        assert_eq!(
            problem(&wrong),
            problem(&unknown),
            "nobody learns who exists"
        );
    }
    assert_eq!(try_password(&server, "paul", PASSWORD).await.status, 401);
    server.later(31);
    assert_eq!(try_password(&server, "paul", "wrong").await.status, 401);
    server.later(31);
    assert_eq!(try_password(&server, "paul", PASSWORD).await.status, 401);
    server.later(31);
    assert_eq!(try_password(&server, "PAUL", PASSWORD).await.status, 303);
    assert_eq!(try_password(&server, "paul", "wrong").await.status, 401);
    assert_eq!(try_password(&server, "paul", PASSWORD).await.status, 303);
    server.administration.lock_user("paul", true).await.unwrap();
    assert_eq!(try_password(&server, "paul", PASSWORD).await.status, 401);
}

#[tokio::test]
async fn a_stranger_locks_nobody_out() {
    let mut server = Server::new().await;
    server.address = Some("192.0.2.1".parse().unwrap());
    assert_eq!(try_password(&server, "paul", PASSWORD).await.status, 303);
    // The addresses of one holder count as one.
    for number in 0..6 {
        let address = format!("2001:db8:1:2::{number}");
        server.address = Some(address.parse().unwrap());
        assert_eq!(try_password(&server, "paul", "wrong").await.status, 401);
    }
    assert_eq!(try_password(&server, "paul", PASSWORD).await.status, 401);
    server.address = Some("192.0.2.1".parse().unwrap());
    assert_eq!(try_password(&server, "paul", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn who_finds_no_place_to_log_in_has_tried_nothing() {
    let server = Server::new().await;
    let mut places = Vec::new();
    while let Ok(place) = server.identity.passwords.place() {
        places.push(place);
    }
    for _ in 0..10 {
        let answer = try_password(&server, "paul", "wrong").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("retry-after")),
            (429, "1")
        );
    }
    places.clear();
    assert_eq!(try_password(&server, "paul", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn who_asks_too_fast_is_told_so_on_a_page() {
    let server = Server::new().await;
    for path in ["/auth/login", "/auth/authorize?x=1", "/auth/account"] {
        let mut request = Request::builder().uri(path).body(Bytes::new()).unwrap();
        request.extensions_mut().insert(TooFast(7));
        let answer = server.ask(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("retry-after")),
            (429, "7")
        );
        assert_eq!(answer.header(CONTENT_TYPE), "text/html; charset=utf-8");
        assert!(
            answer.text.contains("Try again in 7 seconds."),
            "{answer:?}"
        );
    }
    assert!(Identity::is_for_people("/auth/consent") && !Identity::is_for_people("/auth/token"));
}

#[tokio::test]
async fn a_second_factor_is_needed_and_good_once() {
    let mut server = Server::new().await;
    let mut cookie = Cookie::default();
    let path = authorize("app", "user/*.rs", &[]);
    let page = server.with_password("anna", &path, &mut cookie).await;
    assert!(page.text.contains("one-time-code"), "{page:?}");
    // The password alone opens nothing, whatever page is asked for.
    let account = server.get("/auth/account", &mut cookie).await;
    assert!(account.text.contains("one-time-code"));
    let csrf = ("csrf", &*hidden(&page.text)[0].1);
    let request = path.split_once('?').unwrap().1;
    let form = [csrf, ("request", request), ("decision", "allow")];
    let headers = [("cookie", cookie.0.as_deref().unwrap())];
    let skipped = server.post("/auth/consent", &form, &headers).await;
    assert_eq!(
        (skipped.status.as_u16(), skipped.header(LOCATION)),
        (400, "")
    );

    let code = totp_code(&server.totp, server.now);
    let right = server
        .fill(
            "/auth/second-factor",
            &page,
            &[("code", &code)],
            &mut cookie,
        )
        .await;
    assert_eq!(right.status, 303);
    let try_code = async |server: &Server, code: &str| {
        let mut cookie = Cookie::default();
        let page = server
            .with_password("anna", "/auth/account", &mut cookie)
            .await;
        server
            .fill("/auth/second-factor", &page, &[("code", code)], &mut cookie)
            .await
            .status
    };
    assert_eq!(try_code(&server, &code).await, 401, "shown before");
    assert_eq!(try_code(&server, "000000").await, 401);
    let recovery = server.recovery.clone();
    assert_eq!(try_code(&server, &recovery).await, 303);
    assert_eq!(try_code(&server, &recovery).await, 401, "used before");
    server.later(60);
    let code = totp_code(&server.totp, server.now);
    assert_eq!(try_code(&server, &code).await, 303);
    let old = totp_code(&server.totp, server.now - SignedDuration::from_secs(300));
    assert_eq!(try_code(&server, &old).await, 401);
}

#[tokio::test]
async fn codes_cannot_be_guessed_by_who_has_the_password() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let page = server
        .with_password("anna", "/auth/account", &mut cookie)
        .await;
    for _ in 0..5 {
        let wrong = server.fill(
            "/auth/second-factor",
            &page,
            &[("code", "000000")],
            &mut cookie,
        );
        assert_eq!(wrong.await.status, 401);
    }
    let code = totp_code(&server.totp, server.now);
    let late = server
        .fill(
            "/auth/second-factor",
            &page,
            &[("code", &code)],
            &mut cookie,
        )
        .await;
    assert_eq!(late.status, 401, "has to wait now");
    // The password alone does not begin the count anew.
    assert_eq!(try_password(&server, "anna", PASSWORD).await.status, 401);
}

#[tokio::test]
async fn who_works_here_gets_nothing_without_a_second_factor() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let path = authorize("app", "openid user/*.rs", &[]);
    let page = server.with_password("newcomer", &path, &mut cookie).await;
    assert!(page.text.contains("A second factor is needed"), "{page:?}");
    let account = server.get("/auth/account", &mut cookie).await;
    assert!(account.text.contains("A second factor is needed"));
    server
        .administration
        .remove_second_factor("anna")
        .await
        .unwrap();
    let page = server
        .with_password("anna", &path, &mut Cookie::default())
        .await;
    assert!(page.text.contains("A second factor is needed"));
}

#[tokio::test]
async fn a_form_counts_only_from_our_page_in_the_same_browser() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let page = server
        .logged_in("paul", &authorize("app", "openid", &[]), &mut cookie)
        .await;
    let fields = hidden(&page.text);
    let value = |name: &str| {
        fields
            .iter()
            .find(|(own, _)| own == name)
            .unwrap()
            .1
            .clone()
    };
    let (csrf, request) = (value("csrf"), value("request"));
    let pair = cookie.0.clone().unwrap();
    let post = async |csrf: &str, headers: &[(&str, &str)]| {
        let form = [
            ("csrf", csrf),
            ("request", &*request),
            ("decision", "allow"),
        ];
        let answer = server.post("/auth/consent", &form, headers).await;
        (answer.status.as_u16(), answer.sent("code").is_empty())
    };
    let own = ("cookie", pair.as_str());
    let refused = (400, true);
    assert_eq!(post("", &[own]).await, refused);
    assert_eq!(post("wrong", &[own]).await, refused);
    assert_eq!(post(&csrf, &[]).await, refused, "no cookie");
    assert_eq!(
        post(&csrf, &[("cookie", "__Host-vesta=planted")]).await,
        refused
    );
    assert_eq!(
        post(&csrf, &[own, ("origin", "https://evil.example.org")]).await,
        refused
    );
    assert_eq!(post(&csrf, &[own, ("origin", "null")]).await, refused);
    let both = format!("{pair}; __Host-vesta=planted");
    assert_eq!(
        post(&csrf, &[("cookie", &both)]).await,
        refused,
        "two cookies"
    );
    let mut other = Cookie::default();
    let others = server.get("/auth/account", &mut other).await;
    assert_eq!(
        post(&hidden(&others.text)[0].1, &[own]).await,
        refused,
        "another browser's"
    );
    assert_eq!(post(&csrf, &[own]).await, (303, false));
}

#[tokio::test]
async fn a_cookie_from_before_the_login_is_worth_nothing_after_it() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let page = server.get("/auth/account", &mut cookie).await;
    let planted = cookie.clone();
    let set = page.header(SET_COOKIE);
    assert!(set.starts_with("__Host-vesta="), "{set}");
    for word in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(set.contains(word), "{set}");
    }
    let fields = [("login", "anna"), ("password", PASSWORD)];
    let answer = server
        .fill("/auth/login", &page, &fields, &mut cookie)
        .await;
    assert_eq!(answer.status, 303);
    let half = cookie.clone();
    let page = server.get("/auth/account", &mut cookie).await;
    let code = totp_code(&server.totp, server.now);
    server
        .fill(
            "/auth/second-factor",
            &page,
            &[("code", &code)],
            &mut cookie,
        )
        .await;
    let is_in = async |cookie: &Cookie| {
        let page = server.get("/auth/account", &mut cookie.clone()).await;
        page.text.contains("Apps that act for you")
    };
    assert!(is_in(&cookie).await);
    assert!(!is_in(&half).await);
    assert!(!is_in(&planted).await);
}

#[tokio::test]
async fn after_the_login_nobody_is_sent_elsewhere() {
    let server = Server::new().await;
    for request in [
        "https://evil.example.org/",
        "//evil.example.org/",
        "@evil.example.org/",
        "a\r\nLocation: https://evil.example.org/",
        "../../evil",
    ] {
        let mut cookie = Cookie::default();
        let page = server.get("/auth/account", &mut cookie).await;
        let fields = [
            ("login", "paul"),
            ("password", PASSWORD),
            ("request", request),
        ];
        let answer = server
            .fill("/auth/login", &page, &fields, &mut cookie)
            .await;
        let place = answer.header(LOCATION);
        let rest = place.strip_prefix(&format!("{BASE}/auth/authorize"));
        let is_ours = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('?'));
        assert!(is_ours && answer.status == 303, "{answer:?}");
        assert!(answer.headers.get_all(LOCATION).iter().count() <= 1);
    }
}

#[tokio::test]
async fn an_app_can_ask_for_a_new_login_and_for_a_recent_one() {
    let mut server = Server::new().await;
    let mut cookie = Cookie::default();
    server.logged_in("paul", "/auth/account", &mut cookie).await;
    let again = authorize("app", "openid", &[("prompt", "login")]);
    let page = server.logged_in("paul", &again, &mut cookie).await;
    assert!(page.text.contains("decision"), "asked once: {page:?}");
    let again = authorize("app", "openid", &[("max_age", "0")]);
    server.later(1);
    let page = server.logged_in("paul", &again, &mut cookie).await;
    assert!(page.text.contains("decision"), "asked once: {page:?}");
    server.later(100);
    let recent = authorize("app", "openid", &[("max_age", "99")]);
    let page = server.get(&recent, &mut cookie).await;
    assert!(page.text.contains("current-password"), "{page:?}");
    let recent = authorize("app", "openid", &[("max_age", "100")]);
    let page = server.get(&recent, &mut cookie).await;
    assert!(page.text.contains("decision"), "{page:?}");
    server.later(15 * 60);
    let page = server.get("/auth/account", &mut cookie).await;
    assert!(page.text.contains("current-password"), "idle too long");
}

#[tokio::test]
async fn an_app_can_ask_for_a_second_factor() {
    let server = Server::new().await;
    let mfa = "urn:vesta:acr:mfa";
    let asked = async |login: &str, acr: &str| {
        let path = authorize("app", "openid", &[("acr_values", acr)]);
        let page = server.logged_in(login, &path, &mut Cookie::default()).await;
        (page.sent("error"), page.text.contains("decision"))
    };
    let unmet = ("unmet_authentication_requirements".to_owned(), false);
    assert_eq!(asked("anna", mfa).await, (String::new(), true));
    assert_eq!(asked("paul", mfa).await, unmet, "Paul has none");
    let either = format!("urn:other {mfa} urn:vesta:acr:password");
    assert_eq!(asked("paul", &either).await, (String::new(), true));
    let unknown = authorize("app", "openid", &[("acr_values", "urn:other")]);
    let answer = server.get(&unknown, &mut Cookie::default()).await;
    assert_eq!(answer.sent("error"), unmet.0);
    // Nor is it got by deciding on a form that was asked for without it.
    let mut cookie = Cookie::default();
    let plain = authorize("app", "openid", &[]);
    let page = server.logged_in("paul", &plain, &mut cookie).await;
    let asking = authorize("app", "openid", &[("acr_values", mfa)]);
    let csrf = &*hidden(&page.text)[0].1;
    let form = [
        ("csrf", csrf),
        ("request", asking.split_once('?').unwrap().1),
        ("decision", "allow"),
    ];
    let headers = [("cookie", cookie.0.as_deref().unwrap())];
    let answer = server.post("/auth/consent", &form, &headers).await;
    assert_eq!(answer.sent("error"), unmet.0);
}

#[tokio::test]
async fn pages_let_nothing_in_and_stand_in_no_frame() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let path = authorize("app", "openid launch/patient patient/*.rs", &[]);
    let mut pages = vec![server.get(&path, &mut cookie).await];
    pages.push(server.with_password("anna", &path, &mut cookie).await);
    let second = pages[1].text.clone();
    let code = totp_code(&server.totp, server.now);
    let shown = Answer {
        status: StatusCode::OK,
        headers: http::HeaderMap::new(),
        text: second,
    };
    server
        .fill(
            "/auth/second-factor",
            &shown,
            &[("code", &code)],
            &mut cookie,
        )
        .await;
    pages.push(server.get(&path, &mut cookie).await);
    pages.push(server.get(&format!("{path}&patient=p1"), &mut cookie).await);
    pages.push(server.get("/auth/account", &mut cookie).await);
    pages.push(
        server
            .get("/auth/authorize?client_id=none", &mut cookie)
            .await,
    );
    for page in pages {
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'; base-uri 'none'"),
            "{policy}"
        );
        assert!(
            !policy.contains("script") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("access-control-allow-origin"), "");
        let mut words = page.text.split_whitespace();
        let acts = words.any(|word| word.starts_with("on") && word.contains('='));
        assert!(!acts && !page.text.contains("<script"), "{}", page.text);
        assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("<h1>"));
        let inputs = page.text.matches("<input id=").count();
        assert_eq!(
            page.text.matches("<label for=").count(),
            inputs,
            "each has a label"
        );
    }
}
