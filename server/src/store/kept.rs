//! Answers that are the same for everybody for a while: they are made once in that time, however many ask.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::error::Result;

/// Answers that are kept at once.
const MOST: usize = 32;

/// Answers by what was asked, and when they were made.
#[derive(Debug, Default)]
pub struct KeptAnswers(Mutex<BTreeMap<String, (Timestamp, Bytes)>>);

impl KeptAnswers {
    /// The answer to a question, made where none is as young as it has to be. Whoever asks meanwhile waits for it.
    pub async fn of(
        &self,
        question: String,
        now: Timestamp,
        age: SignedDuration,
        made: impl Future<Output = Result<String>>,
    ) -> Result<Bytes> {
        let mut kept = self.0.lock().await;
        kept.retain(|_, (at, _)| now.duration_since(*at).abs() < age);
        if let Some((_, answer)) = kept.get(&question) {
            return Ok(answer.clone());
        }
        let answer = Bytes::from(made.await?);
        if kept.len() < MOST {
            kept.insert(question, (now, answer.clone()));
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_made_once_while_it_is_young() {
        let kept = KeptAnswers::default();
        let minute = SignedDuration::from_mins(1);
        let at = |second| Timestamp::from_second(second).unwrap();
        let ask = async |question: &str, second, answer: &str| {
            let made = async { Ok(answer.to_owned()) };
            let answer = kept.of(question.to_owned(), at(second), minute, made).await;
            String::from_utf8(answer.unwrap().into()).unwrap()
        };
        assert_eq!(ask("a", 100, "first").await, "first");
        assert_eq!(ask("a", 159, "second").await, "first");
        assert_eq!(ask("b", 159, "other").await, "other");
        assert_eq!(ask("a", 160, "second").await, "second");
        // A clock that was set back keeps nothing for long.
        assert_eq!(ask("a", 20, "third").await, "third");
        let refused = async { Err(crate::error::Error::internal("no")) };
        assert!(
            kept.of("c".to_owned(), at(20), minute, refused)
                .await
                .is_err()
        );
        assert_eq!(ask("c", 20, "made").await, "made");
    }
}
