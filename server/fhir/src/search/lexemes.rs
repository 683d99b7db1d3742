//! Words with their places, in the form PostgreSQL reads a `tsvector` from.
//!
//! <https://www.postgresql.org/docs/current/datatype-textsearch.html>

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use xxhash_rust::xxh3::xxh3_128;

/// The longest word the database keeps as it is, in bytes.
const LEXEME_BYTES: usize = 2046;

/// How much of a longer word is kept before its hash.
const LONG_PREFIX_BYTES: usize = 1024;

/// The last place that is told apart from those after it.
const LAST_PLACE: u16 = 16_383;

/// How many places of one word are kept.
const PLACES: usize = 255;

/// What all words of a resource may take.
const VECTOR_BYTES: usize = (1 << 20) - 1;

/// A text of so many bytes has room whatever its words are: six bytes for a letter with its blank.
const ALWAYS_FITS: usize = VECTOR_BYTES / 3;

/// A word as it is kept: itself, or its beginning and a hash of the whole. A search asks for the same.
pub fn lexeme(word: &str) -> Cow<'_, str> {
    if word.len() <= LEXEME_BYTES {
        return Cow::Borrowed(word);
    }
    let end = (0..=LONG_PREFIX_BYTES)
        .rev()
        .find(|end| word.is_char_boundary(*end));
    let prefix = &word[..end.unwrap_or(0)];
    Cow::Owned(format!("{prefix}{:032x}", xxh3_128(word.as_bytes())))
}

/// The longest beginning of a word that can be asked for, in bytes.
pub const PREFIX_BYTES_MAX: usize = LONG_PREFIX_BYTES - 3;

/// Words that are separated by blanks, each with its places: `'blood':1,7 'pressure':2`.
pub fn lexemes(words: &str) -> String {
    let mut text = String::with_capacity(words.len() * 2);
    for (lexeme, places) in places(words) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push('\'');
        for letter in lexeme.chars() {
            if matches!(letter, '\'' | '\\') {
                text.push(letter);
            }
            text.push(letter);
        }
        text.push('\'');
        for (number, place) in places.iter().enumerate() {
            let separator = if number == 0 { ':' } else { ',' };
            let _infallible = write!(text, "{separator}{place}");
        }
    }
    text
}

/// Whether the database can keep these words.
pub fn fits(words: &str) -> bool {
    // A place takes two bytes, their number two more, and a lexeme ends on an even byte.
    let bytes = |(lexeme, places): (&Cow<'_, str>, &Vec<u16>)| lexeme.len() + 3 + 2 * places.len();
    words.len() <= ALWAYS_FITS || places(words).iter().map(bytes).sum::<usize>() <= VECTOR_BYTES
}

fn places(words: &str) -> BTreeMap<Cow<'_, str>, Vec<u16>> {
    let mut places: BTreeMap<Cow<'_, str>, Vec<u16>> = BTreeMap::new();
    let numbered = (1..=LAST_PLACE).chain(std::iter::repeat(LAST_PLACE));
    for (word, place) in words
        .split(' ')
        .filter(|word| !word.is_empty())
        .zip(numbered)
    {
        let known = places.entry(lexeme(word)).or_default();
        if known.len() < PLACES && known.last() != Some(&place) {
            known.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_written_with_their_places() {
        let check = |words: &str, expected: &str| assert_eq!(lexemes(words), expected);
        check("", "");
        check("blood pressure", "'blood':1 'pressure':2");
        check("a b a", "'a':1,3 'b':2");
        check("it's a\\b", "'a\\\\b':2 'it''s':1");
        check("τεστ 血圧", "'τεστ':1 '血圧':2");
    }

    #[test]
    fn places_end_where_the_database_ends_them() {
        let many = "a ".repeat(300);
        let expected: Vec<String> = (1..=255).map(|place: u32| place.to_string()).collect();
        assert_eq!(lexemes(&many), format!("'a':{}", expected.join(",")));
        let late = format!("{}last last", "x ".repeat(20_000));
        assert!(lexemes(&late).starts_with("'last':16383 'x':1,2,"));
    }

    #[test]
    fn a_long_word_is_kept_as_its_beginning_and_a_hash() {
        let kept = "x".repeat(2046);
        assert_eq!(lexeme(&kept), kept);
        let (long, other) = ("é".repeat(1100), format!("{}e", "é".repeat(1099)));
        assert_eq!(lexeme(&long).len(), 1024 + 32);
        assert!(lexeme(&long).starts_with(&"é".repeat(512)));
        assert_ne!(lexeme(&long), lexeme(&other));
    }

    #[test]
    fn more_different_words_than_the_database_keeps_do_not_fit() {
        let different = |count: u32| {
            let words: Vec<String> = (0..count).map(|n| format!("{n:010}")).collect();
            words.join(" ")
        };
        // Ten letters, three bytes, one place.
        let most = u32::try_from(VECTOR_BYTES / 15).unwrap();
        assert!(fits("") && fits(&"same ".repeat(1 << 20)) && fits(&different(most)));
        assert!(!fits(&different(most + 1)));
    }
}
