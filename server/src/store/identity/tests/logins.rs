//! Attempts, sessions, and what ends them while something is under way.

use super::*;

/// What sessions of Anna are compared with at this moment.
async fn epoch(store: &Store) -> i32 {
    let anna = store.identity_user("anna").await.unwrap().unwrap();
    anna.epochs.sessions
}

#[tokio::test]
async fn failures_are_counted_before_they_are_judged_and_make_the_next_one_wait() {
    let (_database, store) = begun().await;
    let from = |address: &'static [u8]| Attempt {
        login: secret_of("anna"),
        address,
    };
    let attempt = async |seconds: i64| {
        let begun = store.begin_identity_attempt(from(b"near"), at(seconds));
        begun.await.unwrap()
    };
    for _ in 0..5 {
        assert!(attempt(0).await);
    }
    assert!(!attempt(29).await);
    assert!(attempt(30).await);
    assert!(!attempt(89).await);
    // A good password alone forgives itself, not those before it.
    assert!(attempt(90).await);
    let end = async |is_complete, seconds: i64| {
        let ended = store.end_identity_attempt(from(b"near"), is_complete, at(seconds));
        ended.await.unwrap();
    };
    end(false, 90).await;
    assert!(attempt(90).await);
    assert!(!attempt(209).await);
    end(true, 210).await;
    for _ in 0..5 {
        assert!(attempt(211).await);
    }
    assert!(!attempt(212).await);
    assert!(store.lock_identity_user("anna", true).await.unwrap());
    assert!(attempt(212).await, "who administers begins the count anew");
}

fn secret_of(login: &str) -> SecretHash {
    SecretHash::of(login)
}

#[tokio::test]
async fn strangers_make_themselves_wait_and_not_who_is_known_where_they_are() {
    let (_database, store) = begun().await;
    let attempt = async |login: &str, address: &[u8], seconds: i64| {
        let attempt = Attempt {
            login: secret_of(login),
            address,
        };
        let begun = store.begin_identity_attempt(attempt, at(seconds));
        begun.await.unwrap()
    };
    assert!(attempt("anna", b"home", 0).await);
    let home = Attempt {
        login: secret_of("anna"),
        address: b"home",
    };
    store.end_identity_attempt(home, true, at(0)).await.unwrap();
    // A login that nobody has is counted in the same way, and nobody else's.
    for login in ["anna", "nobody"] {
        for number in 0..50_u8 {
            let address = [number / 5];
            assert!(attempt(login, &address, 1).await, "{login} {number}");
        }
        assert!(!attempt(login, &[0], 1).await, "five from there");
        assert!(!attempt(login, b"elsewhere", 1).await, "fifty from all");
    }
    assert!(attempt("anna", b"home", 1).await, "Anna is at home");
    assert!(attempt("anna", b"elsewhere", 32).await);
    assert!(attempt("paul", b"elsewhere", 1).await);

    // What is known of an address is kept for a while, the count of others for days.
    let day = 24 * 3600;
    store.forget_identity(at(9 * day), at(day)).await.unwrap();
    for number in 0..50_u8 {
        assert!(attempt("anna", &[number], 9 * day).await);
    }
    assert!(!attempt("anna", b"elsewhere", 9 * day).await);
    assert!(attempt("anna", b"home", 9 * day).await);
    let old = at(200 * day);
    store.forget_identity(old, at(192 * day)).await.unwrap();
    for number in 0..50_u8 {
        assert!(attempt("anna", &[number], 200 * day).await);
    }
    assert!(!attempt("anna", b"home", 200 * day).await);
}

#[tokio::test]
async fn what_is_under_way_while_a_password_changes_comes_to_nothing() {
    let (_database, store) = begun().await;
    let methods = ["pwd".to_owned()];
    // Somebody has shown the old password, and agreed to something, before each of these.
    let under_way = async |byte: u8| {
        let anna = store.identity_user("anna").await.unwrap().unwrap();
        let session = NewSession {
            hash: hash(byte),
            user: anna.id,
            created_at: at(0),
            authenticated_at: at(0),
            methods: &methods,
            replaces: None,
            epoch: anna.epochs.sessions,
        };
        let mut grants = [grant(None), grant(Some(hash(byte)))];
        grants[0].epoch = anna.epochs.grants;
        grants[1].epoch = anna.epochs.grants;
        (session, grants)
    };
    // What comes of it afterwards: the session, the grant, the grant that ends with the session.
    let arrives = async |byte: u8, (session, grants): (NewSession<'_>, [NewGrant; 2])| {
        store.begin_identity_session(session, at(1)).await.unwrap();
        for (number, grant) in (1..).zip(&grants) {
            store.add_identity_grant(grant, None, at(1)).await.unwrap();
            let tokens = [token(byte + number, grant, TokenKind::Access)];
            store.add_identity_tokens(&tokens, at(1)).await.unwrap();
        }
        let limits = SessionLimits {
            seen_since: at(-100),
            created_since: at(-100),
        };
        let session = store.identity_session(hash(byte), at(2), limits).await;
        let mut is_there = vec![session.unwrap().is_some()];
        for number in 1..3 {
            let known = store.identity_token(hash(byte + number), at(2)).await;
            is_there.push(known.unwrap().is_some());
            let grant = &grants[usize::from(number) - 1];
            let grant = store.identity_grant(grant.id, at(2)).await.unwrap();
            assert_eq!(grant.is_some(), is_there[usize::from(number)]);
        }
        is_there
    };
    let begun = under_way(10).await;
    assert_eq!(arrives(10, begun).await, [true, true, true]);
    let begun = under_way(20).await;
    store
        .set_identity_password("anna", "$new", at(1))
        .await
        .unwrap();
    assert_eq!(arrives(20, begun).await, [false, false, false]);
    let begun = under_way(30).await;
    store.set_identity_totp("anna", None).await.unwrap();
    assert_eq!(arrives(30, begun).await, [false, true, false]);
    let begun = under_way(40).await;
    store.lock_identity_user("anna", true).await.unwrap();
    store.lock_identity_user("anna", false).await.unwrap();
    assert_eq!(arrives(40, begun).await, [false, true, false]);
}

#[tokio::test]
async fn a_session_ends_idle_old_replaced_locked_and_with_its_password() {
    let (_database, store) = begun().await;
    let methods = ["pwd".to_owned()];
    let begin = async |byte: u8, replaces: Option<SecretHash>| {
        let session = NewSession {
            hash: hash(byte),
            user: anna().id,
            created_at: at(0),
            authenticated_at: at(0),
            methods: &methods,
            replaces,
            epoch: epoch(&store).await,
        };
        store.begin_identity_session(session, at(0)).await.unwrap();
    };
    let is_there = async |byte: u8, seconds: i64| {
        let limits = SessionLimits {
            seen_since: at(seconds - 100),
            created_since: at(seconds - 250),
        };
        let read = store.identity_session(hash(byte), at(seconds), limits);
        read.await.unwrap().is_some()
    };
    begin(1, None).await;
    assert!(is_there(1, 99).await);
    assert!(is_there(1, 198).await, "seen meanwhile");
    assert!(!is_there(1, 251).await, "too old");
    begin(2, Some(hash(1))).await;
    assert!(!is_there(1, 1).await, "replaced");
    assert!(!is_there(2, 101).await, "idle");
    assert!(is_there(2, 50).await);
    store
        .set_identity_password("anna", "$new", at(0))
        .await
        .unwrap();
    assert!(!is_there(2, 50).await);
    begin(3, None).await;
    store.lock_identity_user("anna", true).await.unwrap();
    store.lock_identity_user("anna", false).await.unwrap();
    assert!(!is_there(3, 1).await);
    begin(4, None).await;
    store.end_identity_session(hash(4)).await.unwrap();
    assert!(!is_there(4, 1).await);
}

#[tokio::test]
async fn what_ends_with_a_session_goes_on_with_the_next_one_of_the_same_person() {
    let (_database, store) = begun().await;
    let bob = IdentityUser {
        id: Uuid::from_u128(2),
        login: "bob".into(),
        ..anna()
    };
    assert!(store.add_identity_user(&bob, at(0)).await.unwrap());
    let methods = ["pwd".to_owned()];
    let begin = async |byte: u8, user: Uuid, replaces: Option<u8>| {
        let session = NewSession {
            hash: hash(byte),
            user,
            created_at: at(0),
            authenticated_at: at(0),
            methods: &methods,
            replaces: replaces.map(hash),
            epoch: 0,
        };
        store.begin_identity_session(session, at(0)).await.unwrap();
    };
    begin(1, anna().id, None).await;
    let grant = grant(Some(hash(1)));
    store.add_identity_grant(&grant, None, at(0)).await.unwrap();
    let tokens = [token(9, &grant, TokenKind::Access)];
    store.add_identity_tokens(&tokens, at(0)).await.unwrap();
    let is_good = async || {
        let known = store.identity_token(hash(9), at(1)).await;
        known.unwrap().is_some()
    };
    begin(2, anna().id, Some(1)).await;
    assert!(is_good().await, "she has logged in once more");
    begin(3, bob.id, Some(2)).await;
    assert!(!is_good().await, "somebody else has");
    begin(4, anna().id, Some(3)).await;
    assert!(!is_good().await, "it does not come back");
}

#[tokio::test]
async fn the_last_second_factor_of_who_works_here_is_not_removed() {
    let (database, store) = begun().await;
    let passkey = StoredPasskey {
        id: vec![1],
        name: "Key".into(),
        passkey: "{}".into(),
        created_at: at(0),
        used_at: None,
    };
    let user = anna().id;
    let remove = async || {
        let removed = store.remove_identity_passkey(user, &[1], true, hash(9));
        removed.await.unwrap()
    };
    assert!(store.add_identity_passkey(user, &passkey).await.unwrap());
    assert!(!remove().await);
    // What counts is what there is now, not what there was when the page was shown.
    let codes = "update identity_user set totp_secret = 'codes' where login = 'anna'";
    assert_eq!(database.execute(codes).await.unwrap(), 1);
    assert!(remove().await);
    assert!(store.identity_passkeys(user).await.unwrap().is_empty());
}
