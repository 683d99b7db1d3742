//! Strings as string search compares them: case, accents and forms of letters do not count
//! (<https://hl7.org/fhir/R4/search.html#string>).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Letters that no decomposition makes equal, and what each is read as.
const VARIANTS: [(&str, &str); 24] = [
    ("ß", "ss"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("þ", "th"),
    ("ı", "i"),
    ("ø", "o"),
    ("đ", "d"),
    ("ð", "d"),
    ("ł", "l"),
    ("ħ", "h"),
    ("ŧ", "t"),
    ("ς", "σ"),
    ("ى", "ي"),
    ("ی", "ي"),
    ("ک", "ك"),
    ("ة", "ه"),
    ("ך", "כ"),
    ("ם", "מ"),
    ("ן", "נ"),
    ("ף", "פ"),
    ("ץ", "צ"),
    ("’", "'"),
    ("‘", "'"),
    ("–", "-"),
];

/// The folded text.
pub fn fold(text: &str) -> String {
    let decomposed: String = text.nfkd().flat_map(char::to_lowercase).nfkd().collect();
    let mut folded: String = decomposed
        .chars()
        .filter(|letter| !is_silent(*letter))
        .collect();
    for (variant, plain) in VARIANTS {
        folded = folded.replace(variant, plain);
    }
    let digit = |letter: char| match u32::from(letter) {
        code @ 0x660..=0x669 => char::from_u32(code - 0x660 + 0x30),
        code @ 0x6F0..=0x6F9 => char::from_u32(code - 0x6F0 + 0x30),
        code @ 0x30A1..=0x30F6 => char::from_u32(code - 0x60),
        code @ (0x2010..=0x2015 | 0x2212) => (code > 0).then_some('-'),
        _ => Some(letter),
    };
    let folded: String = folded.chars().filter_map(digit).nfc().collect();
    let is_gap = |letter: char| letter.is_whitespace() || letter.is_control();
    let words = folded.split(is_gap).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Accents and vowel points, and characters nobody sees. Marks of scripts that write vowels with them stay.
fn is_silent(letter: char) -> bool {
    let code = u32::from(letter);
    let is_kana_voicing = matches!(code, 0x3099 | 0x309A);
    let is_accent =
        matches!(code, 0x300..=0x6ED | 0x1AB0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F);
    let is_unseen =
        matches!(code, 0xAD | 0x640 | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2064 | 0xFEFF);
    !is_kana_voicing && (is_unseen || is_accent && is_combining_mark(letter))
}
