//! Words as tones: 60 ms of tone and 40 ms of silence each. A word that is no symbol is a low hum, so that a greeting is audible too.

use std::f32::consts::TAU;

use attendant_media::frame::RATE;

use super::{MARKER, WORDS};

/// 100 ms a word.
pub const WORD_SAMPLES: usize = RATE as usize / 10;

/// 60 ms of it sound.
const TONE_SAMPLES: usize = RATE as usize * 60 / 1_000;

/// Half of full scale: -9 dBm0 on a telephone, about as loud as speech.
const LEVEL: f32 = 8_000.0;

/// Hum of words that are no symbols, below every tone of a code.
const HUM_HZ: f32 = 300.0;

pub(super) const MARKER_HZ: f32 = 600.0;

pub(super) const fn symbol_hz(symbol: usize) -> f32 {
    750.0 + 125.0 * symbol as f32
}

/// The audio of one word at 16 kHz.
pub fn speak(word: &str) -> [i16; WORD_SAMPLES] {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let hz = if bare == MARKER {
        MARKER_HZ
    } else {
        WORDS.iter().position(|symbol| *symbol == bare).map_or(HUM_HZ, symbol_hz)
    };
    let mut audio = [0; WORD_SAMPLES];
    for (n, sample) in audio[..TONE_SAMPLES].iter_mut().enumerate() {
        *sample = (LEVEL * (TAU * hz * n as f32 / RATE as f32).sin()) as i16;
    }
    audio
}
