//! Passkeys beside a password: what an authenticator is asked, what of its answers counts, and what pages may run a script.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::assertions::base64;
use super::*;

const ORIGIN: &str = "https://fhir.example.org";
const RP_ID: &str = "fhir.example.org";
/// Somebody was there; the authenticator knows who; what is made is attested.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// An authenticator with one key.
struct Authenticator {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    counter: u32,
    flags: u8,
    rp_id: &'static str,
    origin: &'static str,
}

impl Authenticator {
    fn new(id: u8) -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id: vec![id; 32],
            counter: 1,
            flags: PRESENT | VERIFIED,
            rp_id: RP_ID,
            origin: ORIGIN,
        }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let challenge = &options["publicKey"]["challenge"];
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false})
            .to_string()
    }

    /// Makes its passkey, as it was asked.
    fn made(&self, options: &Value) -> String {
        let mut data = self.data(self.flags | ATTESTED);
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(&self.id);
        let point = self.key.public_key().as_ref();
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        // {"fmt": "none", "attStmt": {}, "authData": …}
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let client_data = self.client_data("webauthn.create", options);
        json!({"id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key", "response": {
            "attestationObject": base64(object), "clientDataJSON": base64(client_data),
        }})
        .to_string()
    }

    /// Shows its passkey, as it was asked; each time it counts.
    fn shown(&mut self, options: &Value) -> String {
        self.counter += 1;
        let data = self.data(self.flags);
        let client_data = self.client_data("webauthn.get", options);
        let mut message = data.clone();
        message.extend(Sha256::digest(&client_data));
        let signature = self.key.sign(&SystemRandom::new(), &message).unwrap();
        json!({"id": base64(&self.id), "rawId": base64(&self.id), "type": "public-key", "response": {
            "authenticatorData": base64(data), "clientDataJSON": base64(client_data),
            "signature": base64(signature.as_ref()),
        }})
        .to_string()
    }
}

/// What a page asks the authenticator.
fn options(page: &Answer) -> Value {
    let text = page.text.split("data-options=\"").nth(1);
    let text = text.unwrap_or_else(|| panic!("{page:?}"));
    let text = text.split('"').next().unwrap().replace("&#34;", "\"");
    serde_json::from_str(&text).unwrap()
}

/// Fields of the page's form, without the empty one that the script fills.
fn blank(mut page: Answer) -> Answer {
    let empty = "<input type=\"hidden\" name=\"credential\" value=\"\">";
    assert!(page.text.contains(empty), "{page:?}");
    page.text = page.text.replace(empty, "");
    page
}

impl Server {
    async fn add(&self, authenticator: &Authenticator, cookie: &mut Cookie) -> Answer {
        let page = blank(self.get("/auth/passkey", cookie).await);
        let credential = authenticator.made(&options(&page));
        let fields = [("credential", credential.as_str()), ("name", "My <key>")];
        self.fill("/auth/passkey", &page, &fields, cookie).await
    }

    /// The page on which a passkey is shown, after the password.
    async fn asked_for_passkey(&self, login: &str, cookie: &mut Cookie) -> Answer {
        let page = self.with_password(login, "/auth/account", cookie).await;
        assert!(page.text.contains("Use a passkey"), "{page:?}");
        blank(self.get("/auth/passkey-login?request=", cookie).await)
    }

    async fn show(&self, page: &Answer, credential: &str, cookie: &mut Cookie) -> Answer {
        let fields = [("credential", credential)];
        self.fill("/auth/passkey-login", page, &fields, cookie)
            .await
    }

    async fn passkeys(&self) -> Vec<String> {
        let sql = "select login || ' ' || p.name from identity_passkey p join identity_user u on u.id = user_id order by 1";
        self.database.texts(sql).await
    }
}

#[tokio::test]
async fn a_passkey_is_a_second_factor_beside_the_password() {
    let mut server = Server::audited().await;
    let mut key = Authenticator::new(1);
    let mut cookie = Cookie::default();
    let account = server.logged_in("anna", "/auth/account", &mut cookie).await;
    assert!(account.text.contains("You have none."), "{account:?}");
    let added = server.add(&key, &mut cookie).await;
    assert_eq!(
        added.header(LOCATION),
        format!("{BASE}/auth/account"),
        "{added:?}"
    );
    let account = server.get("/auth/account", &mut cookie).await;
    assert!(account.text.contains("My &#60;key&#62;"), "{account:?}");

    // Through the request of an app, which is the same one behind it.
    let mut cookie = Cookie::default();
    let path = authorize(
        "app",
        "openid user/*.rs",
        &[("acr_values", "urn:vesta:acr:mfa")],
    );
    let page = server.with_password("anna", &path, &mut cookie).await;
    assert!(page.text.contains("one-time-code"), "codes go on");
    let link = page.text.split("class=\"button\" href=\"").nth(1).unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&");
    let page = blank(server.get(&format!("/auth/{link}"), &mut cookie).await);
    let before = cookie.0.clone();
    let credential = key.shown(&options(&page));
    let shown = server.show(&page, &credential, &mut cookie).await;
    assert_eq!(shown.status, 303, "{shown:?}");
    assert_ne!(cookie.0, before, "a cookie for each factor");
    let page = server.get(shown.header(LOCATION), &mut cookie).await;
    let code = server.agreed(&page, &mut cookie).await;
    let tokens = server.exchange("app", &code).await.json();
    let grant = server.grant(&tokens["access_token"]).await.unwrap();
    assert_eq!(
        *grant.authentication.methods,
        ["pwd".into(), "hwk".into(), "mfa".into()]
    );
    assert_eq!(
        grant.authentication.acr.as_deref(),
        Some("urn:vesta:acr:mfa")
    );
    let mut trail = server.trail().await;
    trail.retain(|row| row.contains("passkey"));
    let by = "0 login anna Practitioner/anna";
    assert_eq!(
        trail,
        [
            format!("security passkey-added {by}"),
            format!("login passkey {by}")
        ]
    );

    // Codes are as good as before.
    server.later(60);
    let mut cookie = Cookie::default();
    let page = server
        .with_password("anna", "/auth/account", &mut cookie)
        .await;
    let recovery = server.recovery.clone();
    let fields = [("code", recovery.as_str())];
    let answer = server
        .fill("/auth/second-factor", &page, &fields, &mut cookie)
        .await;
    assert_eq!(answer.status, 303, "{answer:?}");
    // A new second factor by an administrator takes all of the old ones.
    server
        .administration
        .set_second_factor("anna")
        .await
        .unwrap();
    assert!(server.passkeys().await.is_empty());
}

#[tokio::test]
async fn who_has_a_passkey_alone_is_asked_for_it() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    server.logged_in("paul", "/auth/account", &mut cookie).await;
    let mut keys = [Authenticator::new(1), Authenticator::new(2)];
    // One that may be copied to other devices is a key in software.
    keys[1].flags |= 0x18;
    let added = server.add(&keys[0], &mut cookie).await;
    assert_eq!(added.status, 303, "{added:?}");
    let page = server.get("/auth/account", &mut cookie).await;
    assert!(page.text.contains("Use a passkey") && !page.text.contains("one-time-code"));
    for (number, method) in [(0, "hwk"), (0, "hwk"), (1, "swk")] {
        let mut cookie = Cookie::default();
        let page = server.asked_for_passkey("paul", &mut cookie).await;
        let credential = keys[number].shown(&options(&page));
        let shown = server.show(&page, &credential, &mut cookie).await;
        assert_eq!(shown.status, 303, "{number} {shown:?}");
        let methods = "select array_to_string(methods, ' ') from identity_session order by authenticated_at desc, methods desc limit 1";
        let methods = server.database.texts(methods).await;
        assert_eq!(methods, [format!("pwd {method} mfa")]);
        if number == 0 && server.passkeys().await.len() == 1 {
            let added = server.add(&keys[1], &mut cookie).await;
            assert_eq!(added.status, 303, "{added:?}");
        }
    }
    assert_eq!(server.passkeys().await, ["paul My <key>", "paul My <key>"]);
}

#[tokio::test]
async fn what_is_not_the_answer_to_the_question_adds_nothing() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    server.logged_in("anna", "/auth/account", &mut cookie).await;
    for wrong in ["origin", "rp", "presence", "challenge", "twice"] {
        let mut other = Authenticator::new(9);
        match wrong {
            "origin" => other.origin = "https://fhir.example.org.evil.example",
            "rp" => other.rp_id = "evil.example",
            "presence" => other.flags = PRESENT,
            _ => {}
        }
        let page = blank(server.get("/auth/passkey", &mut cookie).await);
        let mut asked = options(&page);
        if wrong == "challenge" {
            asked["publicKey"]["challenge"] = json!(base64([7; 32]));
        }
        let credential = other.made(&asked);
        if wrong == "twice" {
            let spent = [("credential", "{}")];
            server
                .fill("/auth/passkey", &page, &spent, &mut cookie)
                .await;
        }
        let fields = [("credential", credential.as_str())];
        let answer = server
            .fill("/auth/passkey", &page, &fields, &mut cookie)
            .await;
        assert_eq!(answer.status, 400, "{wrong} {answer:?}");
    }
    assert!(server.passkeys().await.is_empty());
}

/// Asks for a passkey of anna's after her password, and lets in whoever shows a good one, once.
async fn signed(
    server: &Server,
    sign: &mut dyn FnMut(&Value) -> String,
    is_good: bool,
    what: &str,
) {
    let mut cookie = Cookie::default();
    let page = server.asked_for_passkey("anna", &mut cookie).await;
    let credential = sign(&options(&page));
    let before = cookie.0.clone();
    let answer = server.show(&page, &credential, &mut cookie).await;
    assert_eq!(answer.status == 303, is_good, "{what} {answer:?}");
    assert_eq!(cookie.0 != before, is_good, "{what}");
    let again = server.show(&page, &credential, &mut cookie).await;
    // After a good one, the form is that of a cookie of before.
    let expected = if is_good { 400 } else { 401 };
    assert_eq!(again.status, expected, "{what} twice {again:?}");
}

#[tokio::test]
async fn what_is_not_the_answer_to_the_question_lets_nobody_in() {
    let mut server = Server::new().await;
    let mut cookie = Cookie::default();
    server.logged_in("anna", "/auth/account", &mut cookie).await;
    let mut key = Authenticator::new(1);
    assert_eq!(server.add(&key, &mut cookie).await.status, 303);
    // Nobody else's.
    let mut paul = Cookie::default();
    server.logged_in("paul", "/auth/account", &mut paul).await;
    assert_eq!(
        server.add(&key, &mut paul).await.status,
        400,
        "it is there already"
    );
    let mut pauls = Authenticator::new(2);
    assert_eq!(server.add(&pauls, &mut paul).await.status, 303);
    let mut seen = String::new();
    server.later(7200);
    signed(
        &server,
        &mut |asked| {
            seen = key.shown(asked);
            seen.clone()
        },
        true,
        "right",
    )
    .await;
    server.later(7200);
    signed(&server, &mut |_| seen.clone(), false, "replayed").await;
    server.later(7200);
    signed(
        &server,
        &mut |asked| pauls.shown(asked),
        false,
        "of another person",
    )
    .await;
    // A copy that is behind: one of the two is a thief.
    key.counter -= 1;
    server.later(7200);
    signed(&server, &mut |asked| key.shown(asked), false, "cloned").await;
    key.flags = PRESENT;
    server.later(7200);
    signed(&server, &mut |asked| key.shown(asked), false, "unverified").await;
    key.flags = PRESENT | VERIFIED;
    key.origin = "http://fhir.example.org";
    server.later(7200);
    signed(&server, &mut |asked| key.shown(asked), false, "phished").await;
    key.origin = ORIGIN;
    server.later(7200);
    signed(&server, &mut |_| "{}".to_owned(), false, "nothing").await;
    let stranger = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let own = std::mem::replace(&mut key.key, stranger);
    server.later(7200);
    signed(&server, &mut |asked| key.shown(asked), false, "another key").await;
    key.key = own;
    server.later(7200);
    signed(&server, &mut |asked| key.shown(asked), true, "right again").await;
    // Never in the place of the password.
    let mut cookie = Cookie::default();
    let page = server.get("/auth/passkey-login", &mut cookie).await;
    assert_eq!(page.header(LOCATION), format!("{BASE}/auth/account"));
}

#[tokio::test]
async fn passkeys_are_changed_after_a_recent_login_by_forms_of_ours() {
    let mut server = Server::new().await;
    let mut cookie = Cookie::default();
    server.logged_in("anna", "/auth/account", &mut cookie).await;
    let key = Authenticator::new(1);
    assert_eq!(server.add(&key, &mut cookie).await.status, 303);
    let id = base64(&key.id);
    let forged = [("id", id.as_str())];
    let headers = [("cookie", cookie.0.as_deref().unwrap())];
    let forged = server.post("/auth/passkey-remove", &forged, &headers).await;
    assert_eq!(forged.status, 400);
    let account = server.get("/auth/account", &mut cookie).await;
    server.later(301);
    let late = server.get("/auth/passkey", &mut cookie).await;
    assert!(late.text.contains("Log in again"), "{late:?}");
    server
        .fill("/auth/passkey-remove", &account, &[], &mut cookie)
        .await;
    assert_eq!(server.passkeys().await.len(), 1, "too late");
    // Somebody else cannot remove it.
    let mut paul = Cookie::default();
    let others = server.logged_in("paul", "/auth/account", &mut paul).await;
    let fields = [("id", id.as_str())];
    server
        .fill("/auth/passkey-remove", &others, &fields, &mut paul)
        .await;
    assert_eq!(server.passkeys().await.len(), 1, "not theirs");
    let mut cookie = Cookie::default();
    let account = server.logged_in("anna", "/auth/account", &mut cookie).await;
    server
        .fill("/auth/passkey-remove", &account, &[], &mut cookie)
        .await;
    assert!(server.passkeys().await.is_empty());
}

#[tokio::test]
async fn who_removes_a_passkey_ends_what_it_may_have_begun_and_keeps_what_they_need() {
    let mut server = Server::new().await;
    let mut elsewhere = Cookie::default();
    server
        .logged_in("anna", "/auth/account", &mut elsewhere)
        .await;
    server.later(60);
    let mut cookie = Cookie::default();
    server.logged_in("anna", "/auth/account", &mut cookie).await;
    let keys = [1, 2, 3].map(Authenticator::new);
    for key in &keys {
        assert_eq!(server.add(key, &mut cookie).await.status, 303);
    }
    let account = server.get("/auth/account", &mut cookie).await;
    let remove = async |key: &Authenticator| {
        let id = base64(&key.id);
        let mut form = hidden(&account.text);
        form.retain(|(name, _)| name != "id");
        form.push(("id".to_owned(), id));
        let form: Vec<(&str, &str)> = form
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let headers = [
            ("cookie", cookie.0.as_deref().unwrap()),
            ("origin", "https://fhir.example.org"),
        ];
        server.post("/auth/passkey-remove", &form, &headers).await
    };
    assert_eq!(remove(&keys[0]).await.status, 303);
    assert_eq!(server.passkeys().await.len(), 2);
    let other = server.get("/auth/account", &mut elsewhere).await;
    assert!(other.text.contains("password"), "{other:?}");
    let own = server.get("/auth/account", &mut cookie.clone()).await;
    assert!(own.text.contains("passkey-remove"), "{own:?}");

    // Without codes staff keep the last one, even of two that go at once.
    let sql = "update identity_user set totp_secret = null where login = 'anna'";
    assert_eq!(server.database.execute(sql).await.unwrap(), 1);
    let both = tokio::join!(remove(&keys[1]), remove(&keys[2]));
    assert_eq!(server.passkeys().await.len(), 1, "{both:?}");
}

#[tokio::test]
async fn one_script_runs_on_the_pages_that_ask_an_authenticator() {
    let server = Server::new().await;
    let mut cookie = Cookie::default();
    let login = server.get("/auth/account", &mut cookie).await;
    let code = server
        .with_password("anna", "/auth/account", &mut cookie)
        .await;
    let mut cookie = Cookie::default();
    let account = server.logged_in("paul", "/auth/account", &mut cookie).await;
    for page in [login, code, account] {
        assert!(!page.text.contains("<script"), "{page:?}");
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("script-src"),
            "{policy}"
        );
    }
    let page = server.get("/auth/passkey", &mut cookie).await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("; script-src https://fhir.example.org/fhir/auth/passkey.js;"),
        "{policy}"
    );
    assert_eq!(page.text.matches("<script").count(), 1);
    assert!(page.text.contains("<script src=\"passkey.js\"></script>"));
    let script = server.get("/auth/passkey.js", &mut Cookie(None)).await;
    assert_eq!(
        script.header(CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert!(script.text.contains("navigator.credentials"));
    // Where people come to an address, browsers know no passkeys.
    assert!(!Passkeys::new("http://127.0.0.1:8080").are_possible());
    assert!(Passkeys::new("http://localhost:8080").are_possible());
}
