//! People who log in at another OpenID Connect provider and come back with its word
//! (<https://openid.net/specs/openid-connect-core-1_0.html>, server/decisions/0026-federation.md). They are held to what
//! everybody is held to here: the provider says who somebody is, and by what they have shown it; nothing else.

mod person;
mod provider;
mod vouched;

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};

pub use provider::Provider;

use super::answer::{Answered, Form, Refusal, redirect, set_cookie};
use super::audited::Told;
use super::fetch::Fetcher;
use super::session::{Browser, Shown};
use super::{Asked, Identity, login, secret};
use crate::error::Error;
use crate::store::{Departed, Departure, IdentityUser};
use vouched::{Demands, Place, Ties, Unvouched, Vouched};

/// Where somebody is sent to a provider, and below it where they come back to.
pub(super) const PATH: &str = "/auth/federated";
/// How long somebody may stay there.
const AWAY: SignedDuration = SignedDuration::from_mins(10);
/// What somebody is told where the provider cannot be asked.
const AWAY_SAID: &str = "The identity provider cannot be reached at this moment. Nothing is wrong with your login: try again in a while.";
/// How far clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// The longest request of an app that is kept meanwhile.
const REQUEST_MAX: usize = 8 * 1024;

/// The providers whose word counts here.
pub(super) struct Federation {
    fetcher: Fetcher,
    places: Vec<Place>,
}

impl Federation {
    pub(super) fn new(providers: &[Provider], fetcher: Fetcher, base_url: &str) -> Self {
        let place = |provider: &Provider| {
            let redirect_uri = format!("{base_url}{PATH}/{}", provider.id);
            Place::new(provider.clone(), redirect_uri)
        };
        Self {
            fetcher,
            places: providers.iter().map(place).collect(),
        }
    }

    /// What people may choose among: ids and names.
    pub(super) fn choices(&self) -> Vec<(&str, &str)> {
        let providers = self.places.iter().map(|place| &place.provider);
        providers
            .map(|provider| (&*provider.id, &*provider.name))
            .collect()
    }

    fn place(&self, id: &str) -> Answered<&Place> {
        let place = self.places.iter().find(|place| *place.provider.id == *id);
        place.ok_or_else(|| Refusal::OAuth {
            status: StatusCode::NOT_FOUND,
            error: "invalid_request",
            description: "There is no such identity provider here.".to_owned(),
        })
    }
}

/// Somebody who is not let in, and what the trail calls that.
struct Turned {
    code: &'static str,
    user: Option<IdentityUser>,
    refusal: Refusal,
}

impl From<Refusal> for Turned {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: "federated",
            user: None,
            refusal,
        }
    }
}

impl From<Error> for Turned {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}

impl From<Unvouched> for Turned {
    fn from(reason: Unvouched) -> Self {
        match reason {
            Unvouched::Refused(reason) => reason.into(),
            Unvouched::Away => Self {
                code: "provider-unreachable",
                user: None,
                refusal: Refusal::OAuth {
                    status: StatusCode::BAD_GATEWAY,
                    error: "temporarily_unavailable",
                    description: AWAY_SAID.to_owned(),
                },
            },
        }
    }
}

impl From<&'static str> for Turned {
    fn from(reason: &'static str) -> Self {
        Refusal::OAuth {
            status: StatusCode::UNAUTHORIZED,
            error: "access_denied",
            description: reason.to_owned(),
        }
        .into()
    }
}

/// What a request of an app asks of the login there.
fn demands(identity: &Identity, request: &str) -> Answered<Demands> {
    let form = Form::parse(request)?;
    let asked = form.get("max_age").and_then(|text| text.parse().ok());
    let asked = asked.map(|seconds: u32| SignedDuration::from_secs(i64::from(seconds)));
    let session = identity.settings.session_max;
    Ok(Demands {
        max_age: asked.map_or(session, |age| age.min(session)),
        is_new: form.get("prompt") == Some("login"),
    })
}

/// What ties a login there to this browser, made of its cookie, so that none of it is kept.
fn ties(browser: &Browser, state: String) -> Ties {
    Ties {
        nonce: browser.derived(&format!("nonce {state}")),
        verifier: browser.derived(&format!("verifier {state}")),
        state,
    }
}

/// `GET /auth/federated?provider=…`: the browser is sent away. Whoever made it ask gains nothing: it comes back as whoever
/// logs in there.
pub(super) async fn depart(identity: &Identity, asked: &Asked<'_>) -> Answered {
    let form = Form::parse(asked.query)?;
    let place = identity.federation.place(form.need("provider")?)?;
    let request = form.get("request").unwrap_or_default();
    if request.len() > REQUEST_MAX {
        let long = "The request of the app is too long.";
        return Err(Refusal::new("invalid_request", long));
    }
    let browser = Browser::of(identity, asked).await?;
    let state = secret::random()?;
    let departure = Departure {
        state: secret::hash(&state),
        browser: browser.hash(),
        provider: &place.provider.id,
    };
    let demands = demands(identity, request)?;
    let fetcher = &identity.federation.fetcher;
    let url = place.departure(fetcher, ties(&browser, state), &demands, asked.now);
    let url = match url.await {
        Ok(url) => url,
        Err(reason) => {
            let id = &place.provider.id;
            return Err(turned_away(identity, asked, id, reason.into()).await?);
        }
    };
    let store = &identity.store;
    store
        .add_identity_departure(departure, request, asked.now, asked.now + AWAY)
        .await?;
    browser.remember(identity, redirect(&url)?)
}

/// `GET /auth/federated/[id]`: the browser is back.
pub(super) async fn arrive(identity: &Identity, asked: &Asked<'_>, id: &str) -> Answered {
    let place = identity.federation.place(id)?;
    match arrived(identity, asked, place).await {
        Ok(response) => Ok(response),
        Err(turned) => Err(turned_away(identity, asked, id, turned).await?),
    }
}

/// Tells the trail who is not let in, and why.
async fn turned_away(
    identity: &Identity,
    asked: &Asked<'_>,
    id: &str,
    turned: Turned,
) -> Answered<Refusal> {
    if let Refusal::OAuth {
        status,
        description,
        ..
    } = &turned.refusal
    {
        let told = match turned.code {
            "federated" => Told::login(turned.code),
            code => Told::of(code),
        };
        let told = match &turned.user {
            Some(user) => told.by(user),
            None => told,
        };
        let reason = format!("{id}: {description}");
        identity
            .tell(asked, told.refused(status.as_u16(), &reason))
            .await?;
    }
    Ok(turned.refusal)
}

async fn arrived(
    identity: &Identity,
    asked: &Asked<'_>,
    place: &Place,
) -> Result<Response<Bytes>, Turned> {
    let form = Form::parse(asked.query)?;
    let state = form.need("state")?;
    let browser = Browser::of(identity, asked).await?;
    let foreign = "this login has taken too long, or was begun in another browser";
    let departure = Departure {
        state: secret::hash(state),
        browser: browser.known_by().ok_or(foreign)?,
        provider: &place.provider.id,
    };
    let departed = identity.store.end_identity_departure(departure, asked.now);
    let departed = departed.await?.ok_or(foreign)?;
    let fetcher = &identity.federation.fetcher;
    // An answer of another provider, which a mixed-up browser brings, is not one to ask this provider about.
    let metadata = place.known(fetcher, asked.now).await?;
    let names_issuers = metadata
        .additional_metadata()
        .authorization_response_iss_parameter_supported;
    match form.get("iss") {
        Some(issuer) if issuer != place.provider.issuer.as_str() => {
            return Err("the answer is of another identity provider".into());
        }
        None if names_issuers => return Err("the answer does not say whose it is (iss)".into()),
        _ => {}
    }
    if form.get("error").is_some() {
        return Err("the identity provider has refused the login".into());
    }
    let code = form.need("code")?;
    let ties = ties(&browser, state.to_owned());
    let vouched = place.vouched(fetcher, code, ties, asked.now).await?;
    let demands = demands(identity, &departed.request)?;
    is_in_time(&vouched, &departed, &demands, identity, asked.now)?;
    let user = person::account(identity, asked, &place.provider, &vouched).await?;
    if user.is_locked {
        return Err(Turned {
            code: "locked-out",
            user: Some(user),
            ..Turned::from("the account is locked")
        });
    }
    let shown = Shown {
        factor: "federated",
        methods: &vouched.methods,
        at: vouched.authenticated_at.min(asked.now),
    };
    let cookie = browser.begin(identity, &user, shown, asked).await?;
    let request = Some(departed.request.as_str()).filter(|request| !request.is_empty());
    let mut response = redirect(&login::next(identity, request)?)?;
    set_cookie(&mut response, &cookie)?;
    Ok(response)
}

/// Whether the login was when it had to be.
fn is_in_time(
    vouched: &Vouched,
    departed: &Departed,
    demands: &Demands,
    identity: &Identity,
    now: Timestamp,
) -> Result<(), &'static str> {
    let at = vouched.authenticated_at;
    if at > now + SKEW {
        return Err("the login is of a time to come");
    }
    let is_over = at <= now - identity.settings.session_max;
    let is_old = at + SKEW < now - demands.max_age;
    let is_of_before = demands.is_new && at + SKEW < departed.departed_at;
    match is_over || is_old || is_of_before {
        true => Err("the login there is too old"),
        false => Ok(()),
    }
}
