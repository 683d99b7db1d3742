//! What the tables of identity let happen once, and never again.

mod logins;

use jiff::SignedDuration;
use uuid::Uuid;

use super::*;
use crate::auth::{Authentication, LaunchContext, Scopes};
use crate::store::testing::TestDatabase;

const NOW: &str = "2026-03-01T12:00:00Z";

fn at(seconds: i64) -> Timestamp {
    let now: Timestamp = NOW.parse().unwrap();
    now + SignedDuration::from_secs(seconds)
}

fn hash(byte: u8) -> SecretHash {
    SecretHash([byte; 32])
}

fn anna() -> IdentityUser {
    IdentityUser {
        id: Uuid::from_u128(1),
        login: "anna".into(),
        name: "Anna".into(),
        fhir_user: "Practitioner/anna".parse().unwrap(),
        credentials: Credentials {
            password_hash: Some("$argon2id$".into()),
            totp_secret: None,
            has_passkey: false,
        },
        is_locked: false,
        epochs: Epochs::default(),
    }
}

fn app() -> IdentityClient {
    IdentityClient {
        id: "app".into(),
        name: "App".into(),
        kind: ClientKind::Public,
        redirect_uris: vec!["https://app.example.org/".to_owned()],
        launch_uri: None,
        scopes: Scopes::parse("openid user/*.rs").scopes,
        is_self_registered: false,
        certificate_name: None,
    }
}

fn grant(session: Option<SecretHash>) -> NewGrant {
    NewGrant {
        id: Uuid::now_v7(),
        client_id: "app".into(),
        user: Some(anna().id),
        session,
        scopes: Scopes::parse("openid user/Patient.rs").scopes,
        launch: LaunchContext {
            patient: Some("p".parse().unwrap()),
            ..LaunchContext::default()
        },
        authentication: Authentication {
            at: at(-5),
            methods: vec!["pwd".into(), "otp".into()],
            acr: None,
        },
        expires: at(1000),
        epoch: 0,
    }
}

fn token(byte: u8, grant: &NewGrant, kind: TokenKind) -> NewToken {
    NewToken {
        hash: hash(byte),
        grant: grant.id,
        kind,
        scopes: grant.scopes.clone(),
        expires: at(500),
        certificate: None,
    }
}

/// A database with Anna and the app.
async fn begun() -> (TestDatabase, Store) {
    let database = TestDatabase::new().await;
    let store = database.store().await;
    assert!(store.add_identity_user(&anna(), at(0)).await.unwrap());
    assert!(store.add_identity_client(&app(), at(0)).await.unwrap());
    (database, store)
}

#[tokio::test]
async fn logins_and_client_ids_are_taken_once() {
    let (_database, store) = begun().await;
    let other = IdentityUser {
        id: Uuid::from_u128(2),
        ..anna()
    };
    assert!(!store.add_identity_user(&other, at(0)).await.unwrap());
    assert!(!store.add_identity_client(&app(), at(0)).await.unwrap());
    let users = store.identity_users("", 10).await.unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].fhir_user.to_string(), "Practitioner/anna");
    let client = store.identity_client("app").await.unwrap().unwrap();
    assert_eq!(client.scopes, app().scopes);
    assert!(store.remove_identity_client("app").await.unwrap());
    assert!(!store.remove_identity_client("app").await.unwrap());
}

#[tokio::test]
async fn each_kind_of_client_comes_back_as_it_went_in() {
    let (_database, store) = begun().await;
    for (id, kind) in [
        ("public", ClientKind::Public),
        ("symmetric", ClientKind::Symmetric(hash(7))),
        ("jwks", ClientKind::Jwks(r#"{"keys":[]}"#.into())),
        ("uri", ClientKind::JwksUri("https://a.example/jwks".into())),
    ] {
        let said = format!("{kind:?}");
        let client = IdentityClient {
            id: id.into(),
            kind,
            ..app()
        };
        assert!(store.add_identity_client(&client, at(0)).await.unwrap());
        let read = store.identity_client(id).await.unwrap().unwrap();
        assert_eq!(format!("{:?}", read.kind), said);
    }
    assert_eq!(store.identity_clients("", 10).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_client_that_registered_itself_is_forgotten_where_nobody_uses_it() {
    let (_database, store) = begun().await;
    for id in ["used", "unused"] {
        let client = IdentityClient {
            id: id.into(),
            is_self_registered: true,
            ..app()
        };
        assert!(store.add_identity_client(&client, at(0)).await.unwrap());
    }
    let used = NewGrant {
        client_id: "used".into(),
        ..grant(None)
    };
    store.add_identity_grant(&used, None, at(0)).await.unwrap();
    store.forget_identity(at(999), at(0)).await.unwrap();
    let left = store.identity_clients("", 10).await.unwrap();
    let left: Vec<&str> = left.iter().map(|client| &*client.id).collect();
    assert_eq!(left, ["app", "used"]);
}

#[tokio::test]
async fn a_time_step_and_a_recovery_code_are_used_once() {
    let (_database, store) = begun().await;
    let id = anna().id;
    let codes = [hash(1), hash(2)];
    assert!(
        store
            .set_identity_totp("anna", Some((b"secret", &codes)))
            .await
            .unwrap()
    );
    assert!(
        !store
            .set_identity_totp("bob", Some((b"secret", &codes)))
            .await
            .unwrap()
    );
    assert!(store.use_identity_step(id, 10).await.unwrap());
    assert!(!store.use_identity_step(id, 10).await.unwrap());
    assert!(!store.use_identity_step(id, 9).await.unwrap());
    assert!(store.use_identity_step(id, 11).await.unwrap());
    assert!(store.use_identity_recovery_code(id, hash(1)).await.unwrap());
    assert!(!store.use_identity_recovery_code(id, hash(1)).await.unwrap());
    assert!(!store.use_identity_recovery_code(id, hash(3)).await.unwrap());
    assert!(store.set_identity_totp("anna", None).await.unwrap());
    assert!(!store.use_identity_recovery_code(id, hash(2)).await.unwrap());
    let user = store.identity_user("anna").await.unwrap().unwrap();
    assert!(user.credentials.totp_secret.is_none());
}

#[tokio::test]
async fn a_code_is_good_once_and_ends_its_grant_when_shown_again() {
    let (_database, store) = begun().await;
    let grant = grant(None);
    let code = NewCode {
        hash: hash(1),
        terms: CodeTerms {
            redirect_uri: "https://app.example.org/".into(),
            challenge: "c".into(),
            nonce: Some("n".into()),
            expires: at(60),
        },
    };
    store
        .add_identity_grant(&grant, Some(&code), at(0))
        .await
        .unwrap();
    let used = store
        .use_identity_code(hash(1), at(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (used.grant, used.terms.nonce.as_deref()),
        (grant.id, Some("n"))
    );
    let tokens = [token(2, &grant, TokenKind::Access)];
    store.add_identity_tokens(&tokens, at(1)).await.unwrap();
    let known = store.identity_token(hash(2), at(2)).await.unwrap().unwrap();
    assert_eq!(known.scopes, grant.scopes);
    assert_eq!(known.granted.launch, grant.launch);
    assert_eq!(known.granted.authentication, grant.authentication);
    assert_eq!(known.granted.user.unwrap().fhir_user, anna().fhir_user);
    assert!(
        store
            .identity_token(hash(2), at(500))
            .await
            .unwrap()
            .is_none()
    );
    let again = store.use_identity_code(hash(1), at(2)).await;
    assert!(again.unwrap().is_none());
    assert!(store.identity_reused(hash(2)).await.unwrap().is_none());
    let reused = store.identity_reused(hash(1)).await.unwrap().unwrap();
    assert_eq!((reused.grant, &*reused.client_id), (grant.id, "app"));
    assert_eq!(&*reused.user.unwrap().login, "anna");
    store.end_identity_grant(grant.id, at(2)).await.unwrap();
    assert!(store.identity_reused(hash(1)).await.unwrap().is_none());
    assert!(
        store
            .identity_token(hash(2), at(2))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .identity_grant(grant.id, at(2))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_once_by_its_client() {
    let (_database, store) = begun().await;
    let grant = grant(None);
    store.add_identity_grant(&grant, None, at(0)).await.unwrap();
    let tokens = [
        token(1, &grant, TokenKind::Refresh),
        token(2, &grant, TokenKind::Access),
    ];
    store.add_identity_tokens(&tokens, at(0)).await.unwrap();
    let next = token(3, &grant, TokenKind::Access);
    let refresh = async |client: &str, tokens: &[NewToken]| {
        store
            .exchange_identity_refresh(hash(1), client, tokens, at(1))
            .await
    };
    let next = std::slice::from_ref(&next);
    assert!(!refresh("other", next).await.unwrap());
    // What cannot be written leaves the token as it was.
    assert!(refresh("app", &tokens).await.is_err());
    assert!(store.identity_reused(hash(1)).await.unwrap().is_none());
    assert!(refresh("app", next).await.unwrap());
    let is_known = async |byte| {
        store
            .identity_token(hash(byte), at(1))
            .await
            .unwrap()
            .is_some()
    };
    assert!(is_known(3).await);
    assert!(!refresh("app", next).await.unwrap());
    assert!(!refresh("other", next).await.unwrap());
    let reused = store.identity_reused(hash(1)).await.unwrap().unwrap();
    assert_eq!(reused.grant, grant.id);
    store.end_identity_grant(grant.id, at(1)).await.unwrap();
    assert!(!is_known(2).await && !is_known(3).await);
}

#[tokio::test]
async fn what_is_revoked_is_not_found_again() {
    let (_database, store) = begun().await;
    let methods = ["pwd".to_owned()];
    let session = NewSession {
        hash: hash(9),
        user: anna().id,
        created_at: at(0),
        authenticated_at: at(0),
        methods: &methods,
        replaces: None,
        epoch: 0,
    };
    store.begin_identity_session(session, at(0)).await.unwrap();
    let made = async |byte: u8, session: Option<SecretHash>| {
        let grant = grant(session);
        store.add_identity_grant(&grant, None, at(0)).await.unwrap();
        let tokens = [
            token(byte, &grant, TokenKind::Access),
            token(byte + 100, &grant, TokenKind::Refresh),
        ];
        store.add_identity_tokens(&tokens, at(0)).await.unwrap();
    };
    let is_known = async |byte: u8| {
        let known = store.identity_token(hash(byte), at(1));
        known.await.unwrap().is_some()
    };
    made(1, Some(hash(9))).await;
    assert!(is_known(1).await);
    let running = store.identity_grants(anna().id, at(1), 10).await.unwrap();
    assert_eq!(running.len(), 1);
    store.end_identity_session(hash(9)).await.unwrap();
    assert!(!is_known(1).await, "ends with its session");
    made(2, None).await;
    store
        .revoke_identity_token(hash(2), "other", at(1))
        .await
        .unwrap();
    assert!(is_known(2).await, "somebody else's");
    store
        .revoke_identity_token(hash(2), "app", at(1))
        .await
        .unwrap();
    assert!(
        !is_known(2).await && is_known(102).await,
        "an access token alone"
    );
    store
        .revoke_identity_token(hash(102), "app", at(1))
        .await
        .unwrap();
    assert!(!is_known(102).await);
    made(3, None).await;
    store
        .revoke_identity_grants(anna().id, "app", at(1))
        .await
        .unwrap();
    assert!(!is_known(3).await);
    assert!(
        store
            .identity_grants(anna().id, at(1), 10)
            .await
            .unwrap()
            .is_empty()
    );
    made(4, None).await;
    store.lock_identity_user("anna", true).await.unwrap();
    assert!(!is_known(4).await, "of somebody who is locked");
}

#[tokio::test]
async fn assertions_launches_and_keys() {
    let (_database, store) = begun().await;
    let assertion = |client| store.use_identity_assertion(client, hash(1), at(300));
    assert!(assertion("app").await.unwrap());
    assert!(!assertion("app").await.unwrap());
    assert!(assertion("other").await.unwrap());

    let launch = PreparedLaunch {
        hash: hash(2),
        user: anna().id,
        client_id: Some("app".into()),
        context: LaunchContext {
            patient: Some("p".parse().unwrap()),
            encounter: Some("e".parse().unwrap()),
            fhir_context: vec![crate::auth::FhirContext {
                reference: "Task/1".parse().unwrap(),
                role: Some("https://example.org/role".into()),
            }],
        },
        expires: at(60),
    };
    store.add_identity_launch(&launch).await.unwrap();
    let read = |user, client, seconds| store.identity_launch(hash(2), user, client, at(seconds));
    let context = read(anna().id, "app", 1).await.unwrap().unwrap();
    assert_eq!(context, launch.context);
    assert!(read(Uuid::from_u128(9), "app", 1).await.unwrap().is_none());
    assert!(read(anna().id, "other", 1).await.unwrap().is_none());
    assert!(read(anna().id, "app", 60).await.unwrap().is_none());
    assert!(store.end_identity_launch(hash(2)).await.unwrap());
    assert!(!store.end_identity_launch(hash(2)).await.unwrap());

    let key = |kid: &str, seconds| SigningKey {
        kid: kid.into(),
        algorithm: SigningAlgorithm::Es384,
        private_key: vec![1, 2, 3],
        created_at: at(seconds),
    };
    store
        .add_identity_key(&key("a", 0), &[1, 2], at(-100))
        .await
        .unwrap();
    store
        .add_identity_key(&key("b", 1), &[1, 2], at(-100))
        .await
        .unwrap();
    store
        .add_identity_key(&key("c", 200), &[1, 2], at(100))
        .await
        .unwrap();
    // One of another algorithm, and one where those there are sealed otherwise.
    let other = SigningKey {
        algorithm: SigningAlgorithm::Rs256,
        ..key("d", 201)
    };
    store
        .add_identity_key(&other, &[1, 2], at(100))
        .await
        .unwrap();
    store
        .add_identity_key(&key("e", 202), &[7], at(100))
        .await
        .unwrap();
    let keys = store.identity_keys(at(-1)).await.unwrap();
    let kids: Vec<&str> = keys.iter().map(|key| &*key.kid).collect();
    assert_eq!(kids, ["e", "d", "c", "a"]);

    store.forget_identity(at(2000), at(-1)).await.unwrap();
    assert!(
        assertion("app").await.unwrap(),
        "forgotten when it has expired"
    );
}
