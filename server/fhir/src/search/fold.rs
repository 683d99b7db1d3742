//! Folding of text for string search: case, accents and width do not count (<https://hl7.org/fhir/R4/search.html#string>).
//!
//! Compatibility decomposition, then: accents, vowel points and invisible characters are dropped; letters are
//! lower-cased and variants of one letter made one; runs of white space become one space; then recomposition. Marks that
//! carry the word itself (Indic and Thai vowels, kana voicing) stay. The result depends on nothing but the text: an index
//! and a query fold alike. Changing a rule asks for a reindex.

use unicode_normalization::UnicodeNormalization;

/// The text as string search compares it.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return collapse(text.chars().map(|letter| letter.to_ascii_lowercase()));
    }
    let letters = text
        .nfkd()
        .filter(|letter| !is_ignored(*letter))
        .flat_map(char::to_lowercase)
        // Lower-casing can bring back an accent: `İ` gives `i` and a dot.
        .filter(|letter| !is_ignored(*letter))
        .flat_map(Variant::of);
    collapse(letters.nfc())
}

/// The least text greater than every text that begins with `prefix`, in code point order; `None` where there is none.
pub fn prefix_end(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// One space for each run of white space, none at the ends.
fn collapse(letters: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    let mut gap = false;
    for letter in letters {
        if letter.is_whitespace() || letter.is_control() {
            gap = !out.is_empty();
            continue;
        }
        if gap {
            out.push(' ');
            gap = false;
        }
        out.push(letter);
    }
    out
}

/// Accents and vowel points of alphabets that read without them, and characters nobody sees.
fn is_ignored(letter: char) -> bool {
    matches!(letter,
        // Combining diacritical marks: Latin, Greek, Cyrillic, phonetic.
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE20}'..='\u{FE2F}' | '\u{483}'..='\u{489}'
        // Hebrew points and accents.
        | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}' | '\u{5C4}' | '\u{5C5}' | '\u{5C7}'
        // Arabic harakat, Quranic marks and the lengthening stroke; Syriac points.
        | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}' | '\u{6D6}'..='\u{6DC}'
        | '\u{6DF}'..='\u{6E4}' | '\u{6E7}' | '\u{6E8}' | '\u{6EA}'..='\u{6ED}' | '\u{8D3}'..='\u{8FF}'
        | '\u{711}' | '\u{730}'..='\u{74A}'
        // Soft hyphen, joiners, marks of direction, byte order mark.
        | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// The one form of a letter that has several: a letter, or the few letters it stands for.
enum Variant {
    Letter(Option<char>),
    Letters(std::str::Chars<'static>),
}

impl Variant {
    fn of(letter: char) -> Self {
        let letters = match letter {
            'ß' => "ss",
            'æ' => "ae",
            'œ' => "oe",
            'þ' => "th",
            other => return Self::Letter(Some(single(other))),
        };
        Self::Letters(letters.chars())
    }
}

impl Iterator for Variant {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::Letter(letter) => letter.take(),
            Self::Letters(letters) => letters.next(),
        }
    }
}

fn single(letter: char) -> char {
    match letter {
        // Latin letters with a stroke have no decomposition; the dotless i is the lower case of a Turkish I.
        'ı' => 'i',
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ł' => 'l',
        'ħ' => 'h',
        'ŧ' => 't',
        'ς' => 'σ',
        // Arabic: final forms that writers exchange, and the Persian and Urdu letters of the same shape.
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        'ة' => 'ه',
        // Hebrew final letters.
        'ך' => 'כ',
        'ם' => 'מ',
        'ן' => 'נ',
        'ף' => 'פ',
        'ץ' => 'צ',
        // Katakana to hiragana.
        '\u{30A1}'..='\u{30F6}' => shifted(letter, 0x30A1, 0x3041),
        // Digits of other scripts.
        '\u{660}'..='\u{669}' => shifted(letter, 0x660, 0x30),
        '\u{6F0}'..='\u{6F9}' => shifted(letter, 0x6F0, 0x30),
        '\u{966}'..='\u{96F}' => shifted(letter, 0x966, 0x30),
        // Apostrophes and hyphens.
        '‘' | '’' | 'ʼ' | '`' | '´' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

fn shifted(letter: char, from: u32, to: u32) -> char {
    char::from_u32(u32::from(letter) - from + to).unwrap_or(letter)
}

/// The part of a folded text that an ordered index keeps: at most `characters` of it.
pub fn index_prefix(folded: &str, characters: usize) -> &str {
    match folded.char_indices().nth(characters) {
        Some((end, _)) => &folded[..end],
        None => folded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_alike_folds_alike() {
        let check = |text: &str, expected: &str| assert_eq!(fold(text), expected, "{text}");
        check("  Peter\t James ", "peter james");
        check("MÜLLER", "muller");
        check("Mu\u{308}ller", "muller");
        check("Straße", "strasse");
        check("STRASSE", "strasse");
        check("ẞ", "ss");
        // Turkish: dotted and dotless i, upper and lower case.
        check("IŞIK", "isik");
        check("ışık", "isik");
        check("İstanbul", "istanbul");
        check("Øresund Łódź Đorđe", "oresund lodz dorde");
        // Greek: final sigma and accents.
        check("Ὀδυσσεύς", "οδυσσευσ");
        check("ΟΔΥΣΣΕΥΣ", "οδυσσευσ");
        // Cyrillic.
        check("Алёна", "алена");
        check("ЙОСИП", "иосип");
        // Arabic: tatweel, harakat, hamza, final forms; Persian letters; digits.
        check("مُحَمَّد", "محمد");
        check("محـــمد", "محمد");
        check("أحمد", "احمد");
        check("فاطمة", fold("فاطمه").as_str());
        check("علی", fold("علي").as_str());
        check("٠١٢ ۳۴ ५", "012 34 5");
        // Hebrew points and final letters.
        check("שָׁלוֹם", "שלומ");
        // Kana: width and kind; the voicing mark stays.
        check("ﾔﾏﾀﾞ", "やまだ");
        check("ヤマダ", "やまだ");
        check("ＡＢＣ１２", "abc12");
        // Vowel signs of Indic scripts and Thai are letters of the word.
        check("की", "की");
        check("น้ำ", fold("น้ำ").as_str());
        check("김민수", "김민수");
        check("O’Brien", "o'brien");
        check("Anne‑Marie", "anne-marie");
        check("a\u{200D}b\u{AD}c", "abc");
        check("\u{301}", "");
        check("", "");
    }

    #[test]
    fn different_letters_stay_different() {
        let check = |one: &str, other: &str| assert_ne!(fold(one), fold(other));
        check("か", "が");
        check("कि", "का");
        check("li", "1i");
        check("김", "기");
    }

    #[test]
    fn the_end_of_a_prefix_bounds_it() {
        let check = |prefix: &str, end: Option<&str>| {
            assert_eq!(prefix_end(prefix).as_deref(), end, "{prefix:?}");
        };
        check("ab", Some("ac"));
        check("a\u{D7FF}", Some("a\u{E000}"));
        check("a\u{10FFFF}", Some("b"));
        check("\u{10FFFF}", None);
        check("", None);
    }

    #[test]
    fn an_index_prefix_is_cut_between_characters() {
        let check =
            |text: &str, expected: &str| assert_eq!(index_prefix(text, 3), expected, "{text}");
        check("abcd", "abc");
        check("ab", "ab");
        check("äöüß", "äöü");
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["Straße İ ﾀﾞ Ὀδυσσεύς Å ﬁ ½", "Ǆ ŉ ϓ", "ΰ ẛ̣"] {
            assert_eq!(fold(&fold(text)), fold(text), "{text}");
        }
    }
}
