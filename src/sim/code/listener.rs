//! Tones back to codes, frame by frame, as a caller hears them.
//!
//! A code counts only if every symbol of it was heard, in order, each once; what breaks off is reported as broken.

use std::f32::consts::TAU;

use attendant_media::frame::{Frame, RATE, SLOT_SAMPLES};

use super::tones::{marker_hz, symbol_hz};
use super::{Code, SYMBOLS};
use crate::language::Language;

/// Share of a frame's energy that one tone must have to be it.
const PURE: f32 = 0.7;

/// Mean square under which a frame is silence: -45 dB of full scale.
const QUIET: f32 = 33_000.0;

/// A frame with less of the last tone's energy than this is silence as well: the edge of a tone, or what a resampler makes of it. Of the 40 ms
/// between two words only one whole frame may be left without an edge, and two words may be the same.
const FAINT: f32 = 1.0 / 16.0;

/// How many there are.
const ALL_SYMBOLS: u8 = 16;

/// Frames of silence within a code, at most: the gap between two words spans at most three frames. More is a hole.
const LONGEST_GAP: u32 = 5;

/// What was made out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Part(Code),
    /// A code began and did not come to its end, or its check failed.
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Marker(Language),
    Symbol(u8),
}

/// Listens to one call.
#[derive(Debug)]
pub struct Listener {
    /// The tone of the newest frame, `None` for silence or anything else.
    sounding: Option<Tone>,
    /// Mean square of the last tone.
    loudness: f32,
    /// Symbols since the marker; `None` outside a code.
    code: Option<Vec<u8>>,
    /// Of the last marker.
    language: Language,
    gap: u32,
}

impl Listener {
    pub fn new() -> Self {
        Self { sounding: None, loudness: 0.0, code: None, language: Language::English, gap: 0 }
    }

    /// Takes the next 20 ms.
    pub fn hear(&mut self, frame: &Frame) -> Option<Heard> {
        let level = level(frame);
        let is_silent = level < QUIET.max(FAINT * self.loudness);
        let tone = if is_silent { None } else { tone(frame, level) };
        if tone.is_some() {
            self.loudness = level;
        }
        let begins = tone.filter(|tone| self.sounding != Some(*tone));
        if is_silent {
            self.sounding = None;
            self.gap += 1;
        } else {
            self.gap = 0;
            // A frame half tone, half silence is impure; it ends nothing.
            self.sounding = tone.or(self.sounding);
        }
        let Some(tone) = begins else { return self.hole() };
        match (tone, self.code.as_mut()) {
            (Tone::Marker(language), began) => {
                let broken = began.is_some().then_some(Heard::Broken);
                self.language = language;
                self.code = Some(Vec::with_capacity(SYMBOLS));
                broken
            }
            (Tone::Symbol(symbol), Some(symbols)) => {
                symbols.push(symbol);
                let whole: [u8; SYMBOLS] = symbols.as_slice().try_into().ok()?;
                self.code = None;
                Some(Code::from_symbols(&whole).map_or(Heard::Broken, Heard::Part))
            }
            (Tone::Symbol(_), None) => None,
        }
    }

    /// Whether a code has begun and is not complete.
    pub const fn within(&self) -> bool {
        self.code.is_some()
    }

    /// What the last code was said in, or is being said in.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Forgets a code that has begun: the answer was interrupted on purpose.
    pub fn forget(&mut self) {
        self.code = None;
    }

    fn hole(&mut self) -> Option<Heard> {
        (self.gap > LONGEST_GAP && self.code.take().is_some()).then_some(Heard::Broken)
    }
}

impl Default for Listener {
    fn default() -> Self {
        Self::new()
    }
}

/// Mean square of a frame.
fn level(frame: &Frame) -> f32 {
    frame.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / SLOT_SAMPLES as f32
}

fn tone(frame: &Frame, level: f32) -> Option<Tone> {
    let marker = |language| (Tone::Marker(language), marker_hz(language));
    let symbols = (0..ALL_SYMBOLS).map(|n| (Tone::Symbol(n), symbol_hz(n.into())));
    let english = purest(frame, level, symbols.chain([marker(Language::English)]));
    english.or_else(|| purest(frame, level, Language::ALL.into_iter().skip(1).map(marker)))
}

/// The strongest of these, if the frame is that tone.
fn purest(frame: &Frame, level: f32, candidates: impl Iterator<Item = (Tone, f32)>) -> Option<Tone> {
    let powers = candidates.map(|(tone, hz)| (tone, power(frame, hz)));
    let (tone, power) = powers.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (power > PURE * level).then_some(tone)
}

/// Goertzel: the mean square of the part of the frame at this frequency.
fn power(frame: &Frame, hz: f32) -> f32 {
    let coefficient = 2.0 * (TAU * hz / RATE as f32).cos();
    let (before, last) = frame
        .iter()
        .fold((0.0f32, 0.0f32), |(older, newer), sample| (newer, f32::from(*sample) + coefficient * newer - older));
    let squared = last.mul_add(last, before * before) - coefficient * last * before;
    2.0 * squared / (SLOT_SAMPLES * SLOT_SAMPLES) as f32
}

#[cfg(test)]
mod tests {
    use attendant_media::resample;

    use super::super::speak;
    use super::*;

    fn audio(codes: &[Code]) -> Vec<i16> {
        codes.iter().flat_map(|code| code.sentence().split(' ').flat_map(speak).collect::<Vec<_>>()).collect()
    }

    fn hear(audio: &[i16]) -> Vec<Heard> {
        let mut listener = Listener::new();
        let mut padded = audio.to_vec();
        padded.resize(audio.len() + 10 * SLOT_SAMPLES, 0);
        padded.chunks_exact(SLOT_SAMPLES).filter_map(|chunk| listener.hear(chunk.try_into().unwrap())).collect()
    }

    /// As a vendor takes it that wants 24 kHz.
    fn at_24_khz(audio: &[i16]) -> Vec<i16> {
        let theirs = resample::whole(audio, RATE, 24_000).unwrap();
        resample::whole(&theirs, 24_000, RATE).unwrap()
    }

    const CODES: [Code; 2] =
        [Code { call: 0x111, turn: 17, part: 0, parts: 2 }, Code { call: 0x111, turn: 17, part: 1, parts: 2 }];

    #[test]
    fn codes_are_heard_wherever_frames_are_cut() {
        for offset in 0..SLOT_SAMPLES {
            let mut shifted = vec![0; offset];
            shifted.extend(audio(&CODES));
            assert_eq!(hear(&shifted), CODES.map(Heard::Part), "offset {offset}");
            assert_eq!(hear(&at_24_khz(&shifted)), CODES.map(Heard::Part), "offset {offset}, at 24 kHz");
        }
    }

    #[test]
    fn codes_survive_a_telephone() {
        let coarse: Vec<i16> = audio(&CODES).iter().map(|sample| (sample / 4) & !0x3f).collect();
        assert_eq!(hear(&coarse), CODES.map(Heard::Part));
    }

    #[test]
    fn an_answer_cut_off_in_a_code_is_broken() {
        let audio = audio(&CODES);
        assert_eq!(hear(&audio[..audio.len() / 2 + 5_000]), [Heard::Part(CODES[0]), Heard::Broken]);
    }

    #[test]
    fn an_answer_with_a_hole_in_it_is_broken() {
        let mut audio = audio(&CODES);
        audio[4_800..8_000].fill(0);
        assert_eq!(hear(&audio), [Heard::Broken, Heard::Part(CODES[1])]);
    }

    #[test]
    fn a_greeting_without_a_code_is_no_code() {
        let greeting: Vec<i16> = "Good morning, how can I help?".split(' ').flat_map(speak).collect();
        assert_eq!(hear(&greeting), []);
    }
}
