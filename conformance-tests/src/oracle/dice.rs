//! A small generator of numbers for what must be the same again.

/// A small generator of numbers: the same seed, the same resources.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Any seed will do.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Less than `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let sides = u64::try_from(sides.max(1)).unwrap_or(u64::MAX);
        usize::try_from((self.0 >> 11) % sides).unwrap_or_default()
    }

    /// One of them.
    pub fn pick<'l>(&mut self, list: &[&'l str]) -> &'l str {
        list.get(self.roll(list.len())).copied().unwrap_or_default()
    }

    /// True this often of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}
