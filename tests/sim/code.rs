//! Audio that says where it is from: each sample holds its source and its place in it, so that what leaves can be checked.

use std::sync::Arc;

/// Sources that can be told apart at a time.
pub const SOURCES: u32 = 8;
/// Places repeat after so many milliseconds.
pub const CYCLE_MS: u64 = 4_000;

/// `len` samples of `source`, from place `from` on.
pub fn audio(source: u32, from: u64, len: usize) -> Arc<[i16]> {
    let mut audio = vec![0; len];
    // A place is a millisecond.
    let first = (16 - from % 16) as usize % 16;
    let (begun, whole) = audio.split_at_mut(first.min(len));
    begun.fill(sample(source, from));
    for (stretch, place) in whole.chunks_mut(16).zip((from + first as u64..).step_by(16)) {
        stretch.fill(sample(source, place));
    }
    audio.into()
}

fn sample(source: u32, place: u64) -> i16 {
    (64 + u64::from(source % SOURCES) * CYCLE_MS + (place / 16) % CYCLE_MS) as i16
}

/// Source (modulo [`SOURCES`]) and place (ms, modulo [`CYCLE_MS`]); `None` for silence.
pub fn decode(sample: i16) -> Option<(u32, u64)> {
    let value = u64::try_from(sample).ok()?.checked_sub(64)?;
    Some(((value / CYCLE_MS) as u32, value % CYCLE_MS))
}
