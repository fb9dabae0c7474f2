//! Words as tones: 60 ms of tone and 40 ms of silence each. A word that is no symbol is a low hum, so that a greeting is audible too.

use std::f32::consts::TAU;

use attendant_media::frame::RATE;

use super::tongue;
use crate::language::Language;

/// 100 ms a word.
pub const WORD_SAMPLES: usize = RATE as usize / 10;

/// 60 ms of it sound.
const TONE_SAMPLES: usize = RATE as usize * 60 / 1_000;

/// Half of full scale: -9 dBm0 on a telephone, about as loud as speech.
const LEVEL: f32 = 8_000.0;

/// Hum of words that are no symbols, below every tone of a code.
const HUM_HZ: f32 = 300.0;

/// Below the symbols in English, above them in the other languages.
pub(super) const fn marker_hz(language: Language) -> f32 {
    match language {
        Language::English => 600.0,
        Language::Mandarin => 2_750.0,
        Language::Cantonese => 2_875.0,
        Language::Punjabi => 3_000.0,
        Language::French => 3_125.0,
    }
}

pub(super) const fn symbol_hz(symbol: usize) -> f32 {
    750.0 + 125.0 * symbol as f32
}

/// The audio of one word at 16 kHz.
pub fn speak(word: &str) -> [i16; WORD_SAMPLES] {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let hz = Language::ALL.into_iter().find_map(|language| hz(&bare, language)).unwrap_or(HUM_HZ);
    let mut audio = [0; WORD_SAMPLES];
    for (n, sample) in audio[..TONE_SAMPLES].iter_mut().enumerate() {
        *sample = (LEVEL * (TAU * hz * n as f32 / RATE as f32).sin()) as i16;
    }
    audio
}

/// Of a word that is one of this language's codes.
fn hz(bare: &str, language: Language) -> Option<f32> {
    let tongue = tongue::of(language);
    if bare == tongue.marker {
        return Some(marker_hz(language));
    }
    tongue.symbols.iter().position(|symbol| *symbol == bare).map(symbol_hz)
}
