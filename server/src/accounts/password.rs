//! Passwords, time-based codes and recovery codes: made, and held against what is stored.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use totp_rs::{Builder, Totp};

use super::secret;
use crate::error::{Error, ErrorKind, Result};
use crate::store::SecretHash;

/// Shortest password; length is what counts (NIST SP 800-63B).
const LETTERS_MIN: usize = 12;
/// Longest password that is looked at.
const BYTES_MAX: usize = 1024;
/// Hashes that are computed at one time: each takes 19 MiB.
const AT_ONCE: usize = 4;
/// Logins that may wait for a hash: more than that are an attack, and would hold up every other request.
const WAITING: usize = 32;
/// Recovery codes of a person.
const RECOVERY_CODES: usize = 10;
/// Seconds of a time step.
const STEP_S: u64 = 30;

/// Computes hashes off the threads that answer requests, a few at a time.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }
}

/// A place among the logins that wait for a hash.
#[derive(Debug)]
pub(crate) struct Place {
    turns: Arc<Semaphore>,
    place: OwnedSemaphorePermit,
}

/// A hash that nothing has: checked where there is no person, so that a login tells nobody who exists.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$dmVzdGEtbm9ib2R5LXNhbHQ$YmzcdjKSyR3cUz41b9e+eVF7ftwm5nYbrK7xrmxGVKI";

impl Passwords {
    /// A place. Whoever gets none has not tried anything yet, and is not counted.
    pub(crate) fn place(&self) -> Result<Place> {
        let busy = "too many people log in at this moment: try again in a while";
        let place = Arc::clone(&self.waiting).try_acquire_owned();
        Ok(Place {
            turns: Arc::clone(&self.turns),
            place: place
                .map_err(|_| Error::new(ErrorKind::Throttled { retry_after_s: 1 }, busy))?,
        })
    }

    /// The argon2id hash of a new password.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let refused = |sentence| Err(Error::new(ErrorKind::BadValue, sentence));
        if password.chars().count() < LETTERS_MIN {
            return refused("a password has 12 letters at least");
        }
        if password.len() > BYTES_MAX {
            return refused("a password has 1024 bytes at most");
        }
        let password = password.to_owned();
        let hashed = tokio::task::spawn_blocking(move || {
            let hashed = Argon2::default().hash_password(password.as_bytes());
            hashed.map(|hash| hash.to_string())
        });
        let hashed = hashed.await.map_err(Error::internal)?;
        hashed.map_err(|_| Error::internal("a password cannot be hashed"))
    }
}

impl Place {
    /// Whether a password is the one of a hash; without a hash it is not, and takes as long.
    pub(crate) async fn verify(self, password: &str, hash: Option<&str>) -> Result<bool> {
        if password.len() > BYTES_MAX {
            return Ok(false);
        }
        let is_somebody = hash.is_some();
        let (password, hash) = (password.to_owned(), hash.unwrap_or(NOBODY).to_owned());
        let checked = self.work(move || {
            let hash = PasswordHash::new(&hash)
                .map_err(|_| Error::internal("the hash of a password is not in the form of PHC"))?;
            let verified = Argon2::default().verify_password(password.as_bytes(), &hash);
            Ok::<bool, Error>(verified.is_ok())
        });
        Ok(checked.await?? && is_somebody)
    }

    /// Works when it is its turn. Turn and place are given back when the work is done, not when nobody waits for it any
    /// more: who asks and goes away at once, again and again, gets no more memory than others.
    async fn work<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = turn.await.map_err(Error::internal)?;
        let place = self.place;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, place));
            done
        });
        done.await.map_err(Error::internal)
    }
}

/// A password nobody can guess.
pub fn new_password() -> Result<String> {
    secret::random()
}

/// A second factor that is new: shown once, to whom it belongs.
pub struct NewSecondFactor {
    pub(crate) secret: [u8; 20],
    pub(crate) hashes: Vec<SecretHash>,
    /// What an authenticator app reads.
    pub url: String,
    /// Each replaces the app once.
    pub recovery_codes: Vec<String>,
}

impl NewSecondFactor {
    pub(crate) fn new(login: &str) -> Result<Self> {
        let secret = secret::random_bytes::<20>()?;
        let builder = Builder::new()
            .with_secret(secret)
            .with_issuer(Some("Vesta"))
            .with_account_name(login);
        let url = builder.build().and_then(|totp| totp.to_url());
        let code = || {
            let letters = secret::random()?;
            let letters = letters.replace(['-', '_'], "0");
            Ok(format!("{}-{}", &letters[..8], &letters[8..16]))
        };
        let recovery_codes: Vec<String> =
            (0..RECOVERY_CODES).map(|_| code()).collect::<Result<_>>()?;
        Ok(Self {
            secret,
            hashes: recovery_codes
                .iter()
                .map(|code| secret::hash(code))
                .collect(),
            url: url.map_err(Error::internal)?,
            recovery_codes,
        })
    }
}

/// The time step a code belongs to, if it is right now or one step off (<https://www.rfc-editor.org/rfc/rfc6238>).
pub(crate) fn totp_step(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let totp = totp(secret)?;
    let seconds = u64::try_from(now.as_second()).ok()?;
    let step = totp.check(code, seconds)?;
    i64::try_from(step).ok()
}

fn totp(secret: &[u8]) -> Option<Totp> {
    let builder = Builder::new()
        .with_secret(secret)
        .with_step_duration(STEP_S);
    builder.build().ok()
}

/// The code of this moment.
#[cfg(test)]
pub(crate) fn totp_code(secret: &[u8], now: Timestamp) -> String {
    let seconds = u64::try_from(now.as_second()).unwrap();
    totp(secret).unwrap().generate(seconds).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_goes_away_keeps_turn_and_place_until_the_work_is_done() {
        let passwords = Passwords::default();
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let work = passwords.place().unwrap().work(move || {
            begun.send(()).unwrap();
            finished.recv().unwrap();
        });
        // Given up once it has begun.
        tokio::select! {
            biased;
            _ = work => panic!("nobody has let it finish"),
            _ = begins => {}
        }
        let free = || {
            let turns = passwords.turns.available_permits();
            (turns, passwords.waiting.available_permits())
        };
        assert_eq!(free(), (AT_ONCE - 1, WAITING - 1));
        finish.send(()).unwrap();
        while free() != (AT_ONCE, WAITING) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn places_have_an_end() {
        let passwords = Passwords::default();
        let places: Vec<Place> = (0..WAITING).map(|_| passwords.place().unwrap()).collect();
        assert!(passwords.place().is_err());
        drop(places);
        assert!(passwords.place().is_ok());
    }
}
