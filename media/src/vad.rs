//! Whether somebody is speaking: a score per 16 ms, made into starts and ends.
//!
//! A start is confirmed by a few windows and dated back to its beginning; an end needs 200 ms without a voice and is
//! dated to the last voiced sample. What is hardly above the noise of this line is no voice whatever its score.
//! It knows nothing of echoes, words or turns. Positions: samples at 16 kHz since the first frame pushed.

use std::fmt;

use crate::frame::{Frame, SLOT_SAMPLES, Samples};

/// Samples a score is given for: 16 ms, what earshot takes.
pub const WINDOW: usize = 256;

/// Says how much a window sounds like a voice, 0 to 1.
pub trait Score {
    fn score(&mut self, window: &[i16; WINDOW]) -> f32;
}

/// The default: a small recurrent network inside the `earshot` crate.
pub struct Earshot(Box<earshot::Detector>);

impl Default for Earshot {
    fn default() -> Self {
        Self(earshot::Detector::default_boxed())
    }
}

impl fmt::Debug for Earshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Earshot")
    }
}

impl Score for Earshot {
    fn score(&mut self, window: &[i16; WINDOW]) -> f32 {
        self.0.predict_i16(window)
    }
}

/// The numbers of the decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// A window with at least this score is voiced.
    pub on: f32,
    /// The same for a plain sound while listening keenly: the score is slow to rise over a soft beginning, once it has heard other speech.
    /// Onset to start, 95th percentile over the five clips of a load run by mu-law, noise at -65 dB: 216 ms at 0.5, 67 ms at 0.3 (2026-11-21;
    /// a trial, no bench prints it; `make load` prints what a caller has of it).
    pub keen: f32,
    /// A plain sound is so far above the noise of the line, in dB.
    pub plain_db: f32,
    /// While speaking, a window with at least this score still is.
    pub off: f32,
    /// So many voiced windows among the last [`CONFIRM_AMONG`] are a start.
    pub confirm: u32,
    /// A start is dated this much before its first voiced window: the score needs some sound before it rises.
    pub look_back: u64,
    /// So many windows in a row without a voice are an end.
    pub hangover: u32,
    /// How far above the noise of the line a voice must be, in dB.
    pub above_noise_db: f32,
}

/// Windows that a start is confirmed within: 64 ms.
pub const CONFIRM_AMONG: u32 = 4;

impl Default for Tuning {
    fn default() -> Self {
        Self {
            on: 0.5,
            keen: 0.3,
            plain_db: 15.0,
            off: 0.35,
            confirm: 3,
            look_back: 512,
            hangover: 13,
            above_noise_db: 3.0,
        }
    }
}

/// How readily a sound is taken for the beginning of a voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    Usual,
    /// What begins now would interrupt us: a false start costs less than a late one.
    Keen,
}

/// A change between silence and speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A voice began at `at`.
    Start { at: Samples },
    /// The last voiced sample was before `at`.
    End { at: Samples },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// One bit per window among the last ones, newest lowest: voiced or not.
    Silence { voiced: u32 },
    /// Windows since the last voiced one, and where that ended.
    Speech { unvoiced: u32, voiced_until: Samples },
}

/// See the module header.
#[derive(Debug)]
pub struct Vad<S = Earshot> {
    scorer: S,
    tuning: Tuning,
    window: [i16; WINDOW],
    filled: usize,
    /// First sample of the window being filled.
    position: Samples,
    state: State,
    listening: Listening,
    voiced: bool,
    level_db: f32,
    noise_db: f32,
    last_end: Samples,
}

impl Default for Vad {
    fn default() -> Self {
        Self::new(Earshot::default(), Tuning::default())
    }
}

/// Below this nothing is a voice, in dB of full scale: mu-law's smallest step.
const QUIETEST_DB: f32 = -72.0;

/// The noise estimate follows a quieter window at once, halfway, and creeps up 3 dB a second under a louder one, so that
/// a long sentence does not become noise but a fan that was switched on does.
const NOISE_RISE_DB: f32 = 3.0 * WINDOW as f32 / 16_000.0;

impl<S: Score> Vad<S> {
    pub fn new(scorer: S, tuning: Tuning) -> Self {
        Self {
            scorer,
            tuning,
            window: [0; WINDOW],
            filled: 0,
            position: Samples::ZERO,
            state: State::Silence { voiced: 0 },
            listening: Listening::Usual,
            voiced: false,
            level_db: QUIETEST_DB,
            noise_db: QUIETEST_DB,
            last_end: Samples::ZERO,
        }
    }

    /// How to listen from now on.
    pub const fn listen(&mut self, listening: Listening) {
        self.listening = listening;
    }

    /// Takes the next 20 ms. At most one edge comes of it: an end is many windows after its start.
    pub fn push(&mut self, frame: &Frame) -> Option<Edge> {
        let mut edge = None;
        let mut rest = &frame[..];
        while !rest.is_empty() {
            let taken = rest.len().min(WINDOW - self.filled);
            self.window[self.filled..self.filled + taken].copy_from_slice(&rest[..taken]);
            self.filled += taken;
            rest = &rest[taken..];
            if self.filled == WINDOW {
                self.filled = 0;
                edge = self.decide().or(edge);
            }
        }
        edge
    }

    /// Whether a voice has started and not yet ended.
    pub const fn speaking(&self) -> bool {
        matches!(self.state, State::Speech { .. })
    }

    /// Whether the newest window held a voice.
    pub const fn voiced(&self) -> bool {
        self.voiced
    }

    /// Level of the newest window, in dB of full scale.
    pub const fn level_db(&self) -> f32 {
        self.level_db
    }

    /// The noise of the line, in dB of full scale.
    pub const fn noise_db(&self) -> f32 {
        self.noise_db
    }

    fn decide(&mut self) -> Option<Edge> {
        let score = self.scorer.score(&self.window);
        self.level_db = level_db(&self.window);
        let begin = self.position;
        self.position = begin + Samples(WINDOW as u64);
        self.follow_noise();
        let audible = self.level_db > QUIETEST_DB && self.level_db > self.noise_db + self.tuning.above_noise_db;
        match &mut self.state {
            State::Silence { voiced } => {
                let plain = self.level_db > self.noise_db + self.tuning.plain_db;
                let on = if plain && self.listening == Listening::Keen { self.tuning.keen } else { self.tuning.on };
                self.voiced = audible && score >= on;
                *voiced = (*voiced << 1 | u32::from(self.voiced)) & ((1 << CONFIRM_AMONG) - 1);
                if voiced.count_ones() < self.tuning.confirm {
                    return None;
                }
                let first = u64::from(voiced.ilog2()) * WINDOW as u64 + self.tuning.look_back;
                let at = Samples(begin.0.saturating_sub(first).max(self.last_end.0));
                self.state = State::Speech { unvoiced: 0, voiced_until: self.position };
                Some(Edge::Start { at })
            }
            State::Speech { unvoiced, voiced_until } => {
                self.voiced = audible && score >= self.tuning.off;
                if self.voiced {
                    *unvoiced = 0;
                    *voiced_until = self.position;
                    return None;
                }
                *unvoiced += 1;
                if *unvoiced < self.tuning.hangover {
                    return None;
                }
                let at = *voiced_until;
                self.last_end = at;
                self.state = State::Silence { voiced: 0 };
                Some(Edge::End { at })
            }
        }
    }

    fn follow_noise(&mut self) {
        if self.level_db < self.noise_db {
            self.noise_db += 0.5 * (self.level_db - self.noise_db);
        } else {
            self.noise_db += NOISE_RISE_DB.min(self.level_db - self.noise_db);
        }
        self.noise_db = self.noise_db.max(QUIETEST_DB);
    }
}

/// Mean power in dB of full scale (a full-scale square wave is 0 dB).
pub fn level_db(audio: &[i16]) -> f32 {
    let power: f32 = audio.iter().map(|&sample| f32::from(sample).powi(2)).sum();
    10.0 * (power / audio.len().max(1) as f32 / (32_768.0 * 32_768.0) + 1e-10).log10()
}

const _: () = assert!(SLOT_SAMPLES >= WINDOW, "a slot gives at least one score");

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays back scores written beforehand.
    struct Scripted(Vec<f32>);

    impl Score for Scripted {
        fn score(&mut self, _: &[i16; WINDOW]) -> f32 {
            if self.0.is_empty() { 0.0 } else { self.0.remove(0) }
        }
    }

    /// One frame's worth of loud samples per 20 ms, with the score of each 16 ms window as given.
    fn edges(scores: &[f32]) -> Vec<Edge> {
        let mut vad = Vad::new(Scripted(scores.to_vec()), Tuning::default());
        let loud: Frame = std::array::from_fn(|n| if n % 2 == 0 { 3_000 } else { -3_000 });
        let frames = scores.len() * WINDOW / SLOT_SAMPLES;
        (0..frames).filter_map(|_| vad.push(&loud)).collect()
    }

    #[test]
    fn one_loud_click_is_no_start() {
        let mut scores = vec![0.0; 20];
        scores[10] = 0.9;
        scores[12] = 0.9;
        assert_eq!(edges(&scores), []);
    }

    #[test]
    fn a_start_is_dated_before_its_first_voiced_window_and_an_end_after_its_last() {
        let mut scores = vec![0.0; 60];
        scores[10..30].fill(0.9);
        let first = Samples(10 * 256 - 512);
        assert_eq!(edges(&scores), [Edge::Start { at: first }, Edge::End { at: Samples(30 * 256) }]);
    }

    #[test]
    fn listening_keenly_a_plain_sound_starts_a_voice_at_a_lower_score_and_a_soft_one_does_not() {
        for (level, listening, starts) in [
            (3_000, Listening::Usual, false),
            (3_000, Listening::Keen, true),
            // 9 dB above the noise.
            (30, Listening::Keen, false),
        ] {
            let mut scores = vec![0.0; 100];
            scores.extend([0.4; 10]);
            let mut vad = Vad::new(Scripted(scores), Tuning::default());
            let square = |level: i16| -> Frame { std::array::from_fn(|n| if n % 2 == 0 { level } else { -level }) };
            (0..80).for_each(|_| assert_eq!(vad.push(&square(10)), None));
            vad.listen(listening);
            let started = (0..8).any(|_| vad.push(&square(level)).is_some());
            assert_eq!(started, starts, "{level} {listening:?}");
        }
    }

    #[test]
    fn a_pause_shorter_than_the_hangover_is_no_end() {
        let mut scores = vec![0.9; 60];
        scores[20..32].fill(0.0);
        assert_eq!(edges(&scores), [Edge::Start { at: Samples::ZERO }]);
    }

    #[test]
    fn a_new_start_never_reaches_back_before_the_last_end() {
        let mut scores = vec![0.9; 10];
        scores.extend([0.0; 13]);
        scores.extend([0.9; 10]);
        let edges = edges(&scores);
        assert_eq!(edges[1], Edge::End { at: Samples(10 * 256) });
        assert!(matches!(edges[2], Edge::Start { at } if at >= Samples(10 * 256)));
    }

    #[test]
    fn what_stays_at_the_level_of_the_noise_is_no_voice_whatever_its_score() {
        let mut vad = Vad::new(Scripted(vec![0.9; 4_000]), Tuning::default());
        let hum: Frame = std::array::from_fn(|n| if n % 2 == 0 { 60 } else { -60 });
        // The noise estimate starts at silence and reaches a steady hum within 10 s.
        for _ in 0..600 {
            vad.push(&hum);
        }
        assert!(!vad.speaking());
    }

    #[test]
    fn digital_silence_has_no_voice() {
        let mut vad = Vad::default();
        assert!((0..200).all(|_| vad.push(&crate::frame::SILENCE).is_none()));
    }
}
