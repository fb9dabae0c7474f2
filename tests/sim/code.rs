//! Audio that says where it is from: each sample holds its source and its place in it, so that what leaves can be checked.

use std::sync::Arc;

/// Sources that can be told apart at a time.
pub const SOURCES: u32 = 8;
/// Places repeat after so many milliseconds.
pub const CYCLE_MS: u64 = 4_000;

/// `len` samples of `source`, from place `from` on.
pub fn audio(source: u32, from: u64, len: usize) -> Arc<[i16]> {
    (0..len as u64).map(|n| sample(source, from + n)).collect()
}

fn sample(source: u32, place: u64) -> i16 {
    (64 + u64::from(source % SOURCES) * CYCLE_MS + (place / 16) % CYCLE_MS) as i16
}

/// Source (modulo [`SOURCES`]) and place (ms, modulo [`CYCLE_MS`]); `None` for silence.
pub fn decode(sample: i16) -> Option<(u32, u64)> {
    let value = u64::try_from(sample).ok()?.checked_sub(64)?;
    Some(((value / CYCLE_MS) as u32, value % CYCLE_MS))
}
