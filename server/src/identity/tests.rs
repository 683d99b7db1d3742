//! The protocols through the one door, on a database, with records that are made up.

mod assertions;
mod audited;
mod codes;
mod discovery;
mod federation;
mod launches;
mod logins;
mod passkeys;
mod refreshes;
mod registrations;

use std::sync::Arc;

use bytes::Bytes;
use fhir::form;
use futures_util::FutureExt;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::*;
use crate::accounts::{Administration, ListPage, NewClient, NewClientKind, totp_code};
use crate::error::{Error, ErrorKind};
use crate::interactions::{Interaction, Outcome};
use crate::store::testing::TestDatabase;

const BASE: &str = "https://fhir.example.org/fhir";
/// All of a list.
const ALL: ListPage<'static> = ListPage {
    after: "",
    count: 100,
};
const PASSWORD: &str = "correct horse battery";
const CALLBACK: &str = "https://app.example.org/callback?x=1";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const STATE: &str = "state & more";

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// A server with people and clients, and the moment it is.
struct Server {
    database: TestDatabase,
    identity: Identity,
    administration: Administration,
    now: Timestamp,
    /// The secret of Anna's second factor, and a recovery code.
    totp: [u8; 20],
    recovery: String,
    /// The secret of the client `web`.
    secret: String,
    /// Where requests come from.
    address: Option<IpAddr>,
    /// What they show.
    certificate: Option<Arc<ClientCertificate>>,
}

/// An answer that has arrived whole.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The parameter of the URL that the browser is sent to.
    fn sent(&self, name: &str) -> String {
        let location = self.header(LOCATION);
        let (_, query) = location.split_once('?').unwrap_or_default();
        let mut pairs = form::pairs(query).map(|pair| pair.unwrap());
        let found = pairs.find(|(own, _)| own == name);
        found.map_or(String::new(), |(_, value)| value)
    }

    /// Whether it is this error of OAuth.
    fn is_error(&self, status: u16, error: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.json()["error"], error, "{self:?}");
        assert!(self.json()["error_description"].is_string(), "{self:?}");
    }
}

/// A browser, by its cookie.
#[derive(Clone, Debug, Default)]
struct Cookie(Option<String>);

impl Cookie {
    fn keep(&mut self, answer: &Answer) {
        let set = answer.header(SET_COOKIE);
        if let Some(pair) = set.split(';').next().filter(|pair| !pair.is_empty()) {
            self.0 = Some(pair.to_owned());
        }
    }
}

async fn perform(_: Option<Grant>, interaction: Interaction) -> Result<Outcome> {
    let patient = r#"{"resourceType":"Patient","id":"p1","name":[{"family":"Moreau","given":["Ada"]}],"birthDate":"1990-05-17"}"#;
    match interaction {
        Interaction::Read { key, .. } if key.to_string() == "Patient/p1" => {
            Ok(Outcome::body(StatusCode::OK, patient))
        }
        Interaction::Read { key, .. } if key.to_string() == "RelatedPerson/r" => Ok(Outcome::body(
            StatusCode::OK,
            r#"{"resourceType":"RelatedPerson","id":"r","patient":{"reference":"Patient/p1"}}"#,
        )),
        Interaction::Read { key, .. }
            if ["Encounter/e1", "Encounter/e2"].contains(&&*key.to_string()) =>
        {
            let patient = key.id.as_str().replace('e', "p");
            let subject = format!(
                r#"{{"resourceType":"Encounter","id":"{}","status":"finished","class":{{"code":"AMB"}},"type":[{{"text":"Check-up"}}],
                    "period":{{"start":"2026-02-01T10:00:00Z"}},"subject":{{"reference":"Patient/{patient}"}}}}"#,
                key.id
            );
            Ok(Outcome::body(StatusCode::OK, subject))
        }
        Interaction::Read { key, .. }
            if ["Task/1", "ImagingStudy/2"].contains(&&*key.to_string()) =>
        {
            Ok(Outcome::body(StatusCode::OK, r#"{"resourceType":"Task"}"#))
        }
        Interaction::Search { query, .. } if query.starts_with("name=ada") => Ok(Outcome::body(
            StatusCode::OK,
            format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{patient}}}]}}"#),
        )),
        Interaction::Search { query, .. } if query == "patient=p1&_sort=-date&_count=20" => {
            let encounter = r#"{"resourceType":"Encounter","id":"e1","status":"in-progress","period":{"start":"2026-02-01","end":"2026-02-03"}}"#;
            let bundle =
                format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{encounter}}}]}}"#);
            Ok(Outcome::body(StatusCode::OK, bundle))
        }
        Interaction::Search { .. } => Ok(Outcome::body(
            StatusCode::OK,
            r#"{"resourceType":"Bundle"}"#,
        )),
        _ => Err(Error::new(ErrorKind::NotFound, "nobody")),
    }
}

impl Server {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        let store = database.store().await;
        Self::on(database, store).await
    }

    /// One whose doings are recorded.
    async fn audited() -> Self {
        let database = TestDatabase::new().await;
        let store = database.audited_store().await;
        Self::on(database, store).await
    }

    async fn on(database: TestDatabase, store: Store) -> Self {
        let administration = Administration::new(store.clone(), Vault::of(&[1; 32]).unwrap());
        let people = [
            ("anna", "Practitioner/anna"),
            ("paul", "Patient/p1"),
            ("rita", "RelatedPerson/r"),
            ("newcomer", "Practitioner/new"),
        ];
        // One hash is enough for all of them.
        let hash = Passwords::default().hash(PASSWORD).await.unwrap();
        for (number, (login, fhir_user)) in people.into_iter().enumerate() {
            let user = crate::store::IdentityUser {
                id: uuid::Uuid::from_u128(u128::try_from(number).unwrap() + 1),
                login: login.into(),
                name: format!("<{login}>").into(),
                fhir_user: fhir_user.parse().unwrap(),
                credentials: crate::store::Credentials {
                    password_hash: Some(hash.as_str().into()),
                    totp_secret: None,
                    has_passkey: false,
                },
                is_locked: false,
                epochs: crate::store::Epochs::default(),
            };
            assert!(store.add_identity_user(&user, now()).await.unwrap());
        }
        let factor = administration.set_second_factor("Anna").await.unwrap();
        let mut clients = Vec::new();
        for (id, kind) in [
            ("app", NewClientKind::Public),
            ("other", NewClientKind::Public),
            ("web", NewClientKind::Secret),
        ] {
            let client = NewClient {
                certificate_name: None,
                id: Some(id.to_owned()),
                name: format!("The <{id}>"),
                kind,
                redirect_uris: vec![CALLBACK.to_owned()],
                launch_uri: Some("https://app.example.org/launch".to_owned()),
                scopes: "openid fhirUser profile launch launch/patient launch/encounter offline_access online_access user/*.cruds patient/*.cruds system/*.rs".to_owned(),
            };
            clients.push(administration.add_client(client, now()).await.unwrap().1);
        }
        let settings = Settings {
            base_url: BASE.into(),
            ..Settings::default()
        };
        let perform: PerformFor = Arc::new(|grant, _, asked| perform(grant, asked).boxed());
        Self {
            database,
            identity: Identity::new(store, settings, Vault::of(&[1; 32]).unwrap(), perform),
            administration,
            now: now(),
            totp: factor.secret,
            recovery: factor.recovery_codes[0].clone(),
            secret: clients.pop().flatten().unwrap(),
            address: None,
            certificate: None,
        }
    }

    fn later(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    async fn ask(&self, mut request: Request<Bytes>) -> Answer {
        if let Some(address) = self.address {
            request.extensions_mut().insert(address);
        }
        request.extensions_mut().insert(self.certificate.clone());
        let (head, body) = self.identity.answer(request, self.now).await.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str, cookie: &mut Cookie) -> Answer {
        let path = path.strip_prefix(BASE).unwrap_or(path);
        let mut request = Request::builder().uri(path);
        if let Some(pair) = &cookie.0 {
            request = request.header(COOKIE, format!("a=b; {pair}"));
        }
        let answer = self.ask(request.body(Bytes::new()).unwrap()).await;
        cookie.keep(&answer);
        answer
    }

    async fn post(&self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body = answer::with_query("", form);
        let mut request = Request::builder()
            .method("POST")
            .uri(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.trim_start_matches('?').to_owned();
        self.ask(request.body(body.into()).unwrap()).await
    }

    /// Posts the form that was shown, with the fields it hides and those filled in.
    async fn fill(
        &self,
        path: &str,
        shown: &Answer,
        fields: &[(&str, &str)],
        cookie: &mut Cookie,
    ) -> Answer {
        let hidden = hidden(&shown.text);
        let mut form: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        form.extend(fields);
        let pair = cookie.0.clone().unwrap_or_default();
        let headers = [
            ("cookie", pair.as_str()),
            ("origin", "https://fhir.example.org"),
        ];
        let answer = self.post(path, &form, &headers).await;
        cookie.keep(&answer);
        answer
    }

    /// Logs in for a request, as far as a password goes, and gives the page that comes then.
    async fn with_password(&self, login: &str, path: &str, cookie: &mut Cookie) -> Answer {
        let page = self.get(path, cookie).await;
        assert!(page.text.contains("current-password"), "{page:?}");
        let fields = [("login", login), ("password", PASSWORD)];
        let answer = self.fill("/auth/login", &page, &fields, cookie).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        self.get(answer.header(LOCATION), cookie).await
    }

    /// Logs in with all factors, and gives the page that comes then.
    async fn logged_in(&self, login: &str, path: &str, cookie: &mut Cookie) -> Answer {
        let page = self.with_password(login, path, cookie).await;
        if !page.text.contains("one-time-code") {
            return page;
        }
        let code = totp_code(&self.totp, self.now);
        let answer = self
            .fill("/auth/second-factor", &page, &[("code", &code)], cookie)
            .await;
        assert_eq!(answer.status, 303, "{answer:?}");
        self.get(answer.header(LOCATION), cookie).await
    }

    /// The code that somebody who agrees to all sends an app.
    async fn code(&self, login: &str, client: &str, scope: &str) -> String {
        let mut cookie = Cookie::default();
        let path = authorize(client, scope, &[("patient", "p1")]);
        let page = self.logged_in(login, &path, &mut cookie).await;
        self.agreed(&page, &mut cookie).await
    }

    async fn agreed(&self, page: &Answer, cookie: &mut Cookie) -> String {
        assert!(page.text.contains("decision"), "{page:?}");
        let fields = [("decision", "allow")];
        let answer = self.fill("/auth/consent", page, &fields, cookie).await;
        let place = answer.header(LOCATION);
        assert!(
            place.starts_with(&format!("{CALLBACK}&code=")),
            "{answer:?}"
        );
        assert_eq!(answer.sent("state"), STATE);
        assert_eq!(answer.sent("iss"), BASE);
        answer.sent("code")
    }

    /// Exchanges a code as a public client does.
    async fn exchange(&self, client: &str, code: &str) -> Answer {
        self.post("/auth/token", &exchange(client, code), &[]).await
    }

    /// The tokens of somebody who agrees to all.
    async fn tokens(&self, login: &str, client: &str, scope: &str) -> Value {
        let code = self.code(login, client, scope).await;
        let answer = self.exchange(client, &code).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    async fn refresh(&self, client: &str, token: &str, scope: Option<&str>) -> Answer {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", client),
        ];
        form.extend(scope.map(|scope| ("scope", scope)));
        self.post("/auth/token", &form, &[]).await
    }

    async fn grant(&self, token: &Value) -> Option<Grant> {
        let token = token.as_str().unwrap();
        let shown = self.certificate.as_ref().map(|own| own.thumbprint());
        let held = self.identity.grant(token, shown, self.now).await;
        held.unwrap().map(|held| held.grant)
    }

    fn basic(&self) -> String {
        use base64::Engine;
        let text = format!("web:{}", self.secret);
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        format!("Basic {encoded}")
    }
}

fn exchange<'a>(client: &'a str, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", client),
    ]
}

/// The path of a request to authorize; parameters given here replace those of the same name.
fn authorize(client: &str, scope: &str, other: &[(&str, &str)]) -> String {
    let challenge = secret::challenge(VERIFIER);
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("state", STATE),
        ("aud", BASE),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("nonce", "n-1"),
    ];
    pairs.retain(|(name, _)| !other.iter().any(|(own, _)| own == name));
    pairs.extend(other.iter().filter(|(_, value)| *value != "-"));
    answer::with_query("/auth/authorize", &pairs)
}

/// Names and values of the hidden fields of the first form.
fn hidden(html: &str) -> Vec<(String, String)> {
    let form = html.split("</form>").next().unwrap_or_default();
    let fields = form.split("<input type=\"hidden\" name=\"").skip(1);
    let unescaped = |text: &str| {
        text.replace("&#38;", "&")
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
    };
    fields
        .map(|field| {
            let (name, rest) = field.split_once("\" value=\"").unwrap();
            let (value, _) = rest.split_once('"').unwrap();
            (name.to_owned(), unescaped(value))
        })
        .collect()
}
