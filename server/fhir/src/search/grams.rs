//! Three letters at a time, hashed: what finds a folded string by any part of it (`:contains`).

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Letters of a gram.
const LETTERS: usize = 3;

/// The grams of a folded string of one operand, sorted, each once. A string that has `text` anywhere has all grams of
/// `text`; a text of fewer than three letters has none, and is found by looking at every string.
pub fn grams(parameter: i64, folded: &str) -> Vec<i32> {
    let seed = u64::from_ne_bytes(parameter.to_ne_bytes());
    let ends = folded
        .char_indices()
        .map(|(place, letter)| place + letter.len_utf8());
    let starts = folded.char_indices().map(|(place, _)| place);
    let mut grams: Vec<i32> = starts
        .zip(ends.skip(LETTERS - 1))
        .filter_map(|(start, end)| folded.get(start..end))
        .map(|gram| short(xxh3_64_with_seed(gram.as_bytes(), seed)))
        .collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// The lower half.
fn short(hash: u64) -> i32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests;
