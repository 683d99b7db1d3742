//! Somebody who manages accounts and clients, for the tests of the operations.

use jiff::SignedDuration;

use crate::auth::{Act, Authentication, Grant, LaunchContext, Rows, Scopes};
use crate::context::RequestContext;
use crate::operations::CallConditions;
use crate::operations::testing::{World, held_by, said};

/// A world with an audit trail, and who asks.
pub(crate) struct Office {
    pub(crate) world: World,
    pub(crate) cx: RequestContext,
}

/// Who asks.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) user: Option<&'static str>,
    pub(crate) methods: Vec<Box<str>>,
    pub(crate) may: Vec<Act>,
    /// Seconds since the login.
    pub(crate) since: i64,
}

impl Asking {
    /// An administrator who has just logged in with a second factor.
    pub(crate) fn administrator() -> Self {
        Self {
            user: Some("Practitioner/me"),
            methods: vec!["pwd".into(), "otp".into(), "mfa".into()],
            may: vec![Act::ManageAccounts],
            since: 0,
        }
    }

    /// The request, by the login `me` and the client `app`.
    pub(crate) fn request(self, world: &World) -> RequestContext {
        let cx = world.cx.clone();
        let grant = Grant {
            id: uuid::Uuid::nil(),
            client_id: "app".into(),
            user: self.user.map(|user| user.parse().unwrap()),
            login: self.user.map(|_| "me".into()),
            scopes: Scopes::default(),
            launch: LaunchContext::default(),
            purpose: None,
            authentication: Authentication {
                at: cx.now - SignedDuration::from_secs(self.since),
                methods: self.methods,
                acr: None,
            },
            expires: jiff::Timestamp::MAX,
        };
        RequestContext {
            access: held_by(grant, Rows::All, self.may),
            ..cx
        }
    }
}

impl Office {
    pub(crate) async fn open() -> Option<Self> {
        let world = World::audited().await?;
        let cx = Asking::administrator().request(&world);
        Some(Self { world, cx })
    }

    /// What an operation answers the administrator; parameters are written `name=text`, `name:=json of the member`.
    pub(crate) async fn call(&self, code: &str, parameters: &[&str]) -> Result<String, String> {
        let (path, body) = (format!("${code}"), body(parameters));
        let conditions = CallConditions::default();
        let called = self
            .world
            .call_with(&self.cx, &path, Some(&body), conditions);
        said(called.await)
    }

    /// All AuditEvents of logins, accounts and clients with a code.
    pub(crate) async fn trail(&self, code: &str) -> String {
        let found = self.world.get(&format!("AuditEvent?subtype={code}")).await;
        found.unwrap()
    }

    /// That a text stands nowhere in the trail.
    pub(crate) async fn trail_lacks(&self, secret: &str) {
        assert!(secret.len() > 8, "{secret} is no secret");
        let all = self.world.get("AuditEvent?_count=100").await.unwrap();
        assert!(!all.contains(secret), "{all}");
    }
}

/// A Parameters resource: `login=anna` is a string, `unlock?true` a boolean, `redirect-uri@…` a uri, `fhir-user>…` a reference.
pub(crate) fn body(parameters: &[&str]) -> String {
    let one = |text: &&str| {
        let place = text.find(['=', '?', '@', '>']).unwrap();
        let (name, value) = (&text[..place], &text[place + 1..]);
        let member = match &text[place..=place] {
            "=" => format!(r#""valueString":"{}""#, value.replace('"', "\\\"")),
            "?" => format!(r#""valueBoolean":{value}"#),
            "@" => format!(r#""valueUri":"{value}""#),
            _ => format!(r#""valueReference":{{"reference":"{value}"}}"#),
        };
        format!(r#"{{"name":"{name}",{member}}}"#)
    };
    let parameters: Vec<String> = parameters.iter().map(one).collect();
    match parameters.is_empty() {
        true => r#"{"resourceType":"Parameters"}"#.to_owned(),
        false => format!(
            r#"{{"resourceType":"Parameters","parameter":[{}]}}"#,
            parameters.join(",")
        ),
    }
}

/// The text of a parameter of an answer.
pub(crate) fn text_of(answer: &str, name: &str) -> String {
    let place = answer
        .find(&format!(r#"{{"name":"{name}","value"#))
        .unwrap();
    answer[place..].split('"').nth(7).unwrap().to_owned()
}
