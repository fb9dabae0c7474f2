//! What a simulated recogniser hears: the codes of [`super::code`] as their words in the language that they are said in, any other voice as a
//! sentence of four words.
//!
//! Voice is judged by level alone. Times are samples of the audio it was given, from nought.

use attendant_media::frame::{Frame, SLOT_SAMPLES};

use super::code::{self, Heard, Listener, WORD_SAMPLES};
use super::fault::{Fault, Strike};

/// Mean square under which a frame is silence: -45 dB of full scale.
const QUIET: f32 = 33_000.0;

/// A voice without a code says its next word so often: 300 ms.
const A_WORD: u64 = 4_800;

/// Less voice than this is a click: 60 ms.
const SHORTEST: u64 = 960;

/// Less silence than this at the end of what is heard is no end of a voice: 100 ms.
const CUT: u64 = 1_600;

const WORDS: [&str; 4] = ["The", "caller", "has", "spoken."];

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) from: u64,
    pub(super) to: u64,
}

/// See the module header.
#[derive(Debug, Default)]
pub(super) struct Ear {
    strike: Strike,
    heard: u64,
    rest: Vec<i16>,
    listener: Listener,
    /// Voice of this stretch that belongs to no code.
    plain: u64,
    said: usize,
    /// The present sound is the last tone of a code.
    tail: bool,
    /// Samples of silence since the last voice.
    quiet: u64,
    voiced_from: Option<u64>,
}

impl Ear {
    pub(super) fn of(strike: Strike) -> Self {
        Self { strike, ..Self::default() }
    }

    /// Takes audio, and gives the words that became whole with it.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Vec<Word> {
        self.rest.extend(bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        let mut words = Vec::new();
        let rest = std::mem::take(&mut self.rest);
        let (frames, left) = rest.as_chunks::<SLOT_SAMPLES>();
        for frame in frames {
            self.frame(frame, &mut words);
        }
        self.rest = left.to_vec();
        words.retain(|_| self.finds_words());
        words
    }

    /// With [`Fault::Empty`] it is at work, and hears none.
    fn finds_words(&self) -> bool {
        let is_empty = self.strike.is(Fault::Empty);
        if is_empty {
            self.strike.felt(0);
        }
        !is_empty
    }

    fn frame(&mut self, frame: &Frame, words: &mut Vec<Word>) {
        let from = self.heard;
        self.heard += SLOT_SAMPLES as u64;
        let level = frame.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / SLOT_SAMPLES as f32;
        if let Some(Heard::Part(code)) = self.listener.hear(frame) {
            // The last tone is heard by its second frame at the latest.
            let sentence = code.sentence_in(self.listener.language());
            let count = code::words(&sentence).count() as u64;
            let begun = self.heard.saturating_sub(count * WORD_SAMPLES as u64);
            words.extend(code::words(&sentence).zip(0..).map(|(text, n)| {
                let from = begun + n * WORD_SAMPLES as u64;
                Word { text: text.to_owned(), from, to: from + WORD_SAMPLES as u64 }
            }));
            self.plain = 0;
            self.tail = true;
        }
        if level < QUIET {
            self.quiet += SLOT_SAMPLES as u64;
            self.tail = false;
            return;
        }
        if self.quiet > 2 * A_WORD {
            self.plain = 0;
            self.said = 0;
            self.voiced_from = None;
        }
        self.quiet = 0;
        self.voiced_from.get_or_insert(from);
        if self.tail || self.listener.within() {
            return;
        }
        self.plain += SLOT_SAMPLES as u64;
        if self.plain >= A_WORD * (self.said as u64 + 1) && self.said < WORDS.len() {
            words.push(Word {
                text: WORDS[self.said].to_owned(),
                from: self.heard.saturating_sub(A_WORD),
                to: self.heard,
            });
            self.said += 1;
        }
    }

    /// The word of a voice that was too short for one, now that it is over.
    pub(super) fn finish(&mut self) -> Option<Word> {
        let from = self.voiced_from.take()?;
        let short = self.said == 0 && self.plain >= SHORTEST;
        let word = short.then(|| Word { text: "Yes.".to_owned(), from, to: self.heard.saturating_sub(self.quiet) });
        self.plain = 0;
        self.said = 0;
        word.filter(|_| self.finds_words())
    }

    /// Who hears what follows: of a voice that was cut in the middle of its sentence the rest of that sentence.
    pub(super) fn next(&self) -> Self {
        let goes_on = self.has_voice() && self.quiet < CUT && self.said < WORDS.len();
        let (plain, said) = if goes_on { (self.plain, self.said) } else { (0, 0) };
        Self { plain, said, ..Self::of(self.strike.clone()) }
    }

    /// Samples heard so far.
    pub(super) const fn heard(&self) -> u64 {
        self.heard
    }

    /// Samples of silence at the end of it.
    pub(super) const fn quiet(&self) -> u64 {
        self.quiet
    }

    /// Whether somebody has spoken since the last [`Ear::finish`].
    pub(super) const fn has_voice(&self) -> bool {
        self.voiced_from.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::code::{Code, speak};
    use super::super::fault::Trouble;
    use super::super::vendor::Vendor;
    use super::*;

    fn bytes(audio: &[i16]) -> Vec<u8> {
        audio.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    #[test]
    fn a_code_is_heard_as_its_words_at_their_times() {
        let code = Code { call: 42, turn: 1, part: 0, parts: 1 };
        let mut audio = vec![0; 3_200];
        audio.extend(code.sentence().split(' ').flat_map(speak));
        let mut ear = Ear::default();
        let words: Vec<Word> = bytes(&audio).chunks(1_280).flat_map(|chunk| ear.hear(chunk)).collect();
        let text: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(text.join(" "), code.sentence());
        assert!(words[0].from.abs_diff(3_200) <= 1_280, "{words:?}");
    }

    #[test]
    fn who_hears_no_words_hears_a_voice_all_the_same() {
        let strike = Trouble::always(Some(Fault::Empty)).strike(Vendor::Nova).expect("it can have it");
        let mut ear = Ear::of(strike);
        assert_eq!(ear.hear(&bytes(&[5_000; 24_000])), []);
        assert!(ear.has_voice());
        assert_eq!((ear.finish(), ear.heard()), (None, 24_000));
    }

    #[test]
    fn another_voice_is_heard_as_a_sentence_and_a_short_one_as_a_yes() {
        let mut ear = Ear::default();
        let words: Vec<String> = ear.hear(&bytes(&[5_000; 24_000])).into_iter().map(|word| word.text).collect();
        assert_eq!(words.join(" "), "The caller has spoken.");
        assert_eq!(ear.finish(), None);
        ear.hear(&bytes(&[0; 16_000]));
        assert_eq!(ear.hear(&bytes(&[5_000; 3_200])), []);
        assert_eq!(ear.finish().map(|word| word.text), Some("Yes.".to_owned()));
    }
}
