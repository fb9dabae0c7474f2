//! One piece of text and the audio that comes of it: the silence around it is cut to a pause, and its words get times.
//!
//! Pure. Times are estimated: while audio comes, from how fast the voice has spoken so far; of what is left when the piece is done, from
//! its true length. A word is told of when its audio is there, never before, so that a voice that breaks off leaves only words that it
//! has spoken; the first alone is told of with the first audio, so that what is cut is cut at its beginning. Positions are samples of
//! the utterance and bytes of its text.

use std::ops::Range;

use crate::language::Language;
use crate::tts::pieces::{AFTER_CLAUSE, AFTER_SENTENCE, AUDIBLE, BEFORE, ends_sentence, is_han, words};

/// So much digital silence, and no sound: 1.5 s is more than any pause before a first word, or between two.
const SILENCE_AT_MOST: usize = 24_000;

/// The same once all may have been said: 2.5 s. Some voices of Azure's end a clause with 2 s (cognitive-services-speech-sdk issue 1949, 2023-05-21).
const TAIL_AT_MOST: usize = 40_000;

/// A pause at the end of a piece is seldom longer: 300 ms. Azure's is 800 ms (cognitive-services-speech-sdk-js issue 691, 2023-07-18), so that
/// its length alone tells nothing.
const PAUSE: usize = 4_800;

/// Nobody speaks a piece in this share of the time that its letters need.
const TOO_FAST: f64 = 0.4;

/// How fast a voice speaks: samples a letter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate(f64);

impl Rate {
    /// Until it has spoken: 15 letters a second, 12 of Gurmukhi with its marks, 4.5 Chinese characters.
    pub(super) const fn usual(language: Language) -> Self {
        Self(match language {
            Language::English | Language::French => 1_067.0,
            Language::Punjabi => 1_333.0,
            Language::Mandarin | Language::Cantonese => 3_556.0,
        })
    }

    /// A voice that has just read out digits seems slow: over 1.
    fn of_usual(self, language: Language) -> f64 {
        self.0 / Self::usual(language).0
    }
}

/// How long a text usually takes, in samples, without pauses: Chinese has English names in it, and marks are not spoken.
fn usual(text: &str) -> f64 {
    let spoken = text.chars().filter(|c| c.is_alphanumeric());
    spoken.map(|c| Rate::usual(if is_han(c) { Language::Mandarin } else { Language::English }).0).sum()
}

/// Where a word is in text and audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) at: usize,
    pub(super) len: usize,
    pub(super) from: u64,
    pub(super) to: u64,
}

#[derive(Debug)]
pub(super) struct Piece {
    /// Its place in the text of the utterance, and in its audio.
    at: usize,
    base: u64,
    letters: f64,
    ends_sentence: bool,
    words: Vec<(usize, usize, Range<f64>)>,
    /// Words that were told of.
    told: usize,
    /// What it is thought to be long, in samples.
    expected: f64,
    /// With less sound than this, not all of it was said.
    needed: f64,
    /// Samples that were given on.
    given: u64,
    /// Silence since the last sound, or since the beginning.
    held: Vec<i16>,
    odd: Option<u8>,
    /// Nothing but noughts came last: so many.
    noughts: usize,
}

impl Piece {
    pub(super) fn new(text: &str, at: usize, base: u64, rate: Rate, language: Language) -> Self {
        let letters = text.chars().count() as f64;
        Self {
            at,
            base,
            letters,
            ends_sentence: ends_sentence(text),
            words: words(text),
            told: 0,
            expected: letters * rate.0,
            needed: usual(text) * rate.of_usual(language).min(1.0) * TOO_FAST,
            given: 0,
            held: Vec::new(),
            odd: None,
            noughts: 0,
        }
    }

    /// It ended in noughts after too little sound for its letters.
    pub(super) fn fell_silent(&self) -> bool {
        self.noughts > PAUSE && self.is_short()
    }

    const fn is_short(&self) -> bool {
        (self.given as f64) < self.needed
    }

    pub(super) const fn is_heard(&self) -> bool {
        self.given > 0
    }

    /// Whether any word of it was told of.
    pub(super) const fn is_told(&self) -> bool {
        self.told > 0
    }

    /// More audio; what is to be given on. `None`: it sends nothing but noughts.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<Vec<i16>> {
        let bytes: Vec<u8> = self.odd.take().into_iter().chain(bytes.iter().copied()).collect();
        let (pairs, odd) = bytes.as_chunks::<2>();
        self.odd = odd.first().copied();
        let samples = pairs.iter().map(|pair| i16::from_le_bytes(*pair));
        let noughts = samples.clone().rev().take_while(|sample| *sample == 0).count();
        self.noughts = if noughts == pairs.len() { self.noughts + noughts } else { noughts };
        self.held.extend(samples);
        let sounds = |sample: &i16| sample.unsigned_abs() > AUDIBLE;
        let Some(last) = self.held.iter().rposition(sounds) else {
            if self.given == 0 {
                self.held.drain(..self.held.len().saturating_sub(BEFORE));
            }
            return self.goes_on().then(Vec::new);
        };
        let first =
            if self.given == 0 { self.held.iter().position(sounds).unwrap_or(0).saturating_sub(BEFORE) } else { 0 };
        let rest = self.held.split_off(last + 1);
        let audio = std::mem::replace(&mut self.held, rest).split_off(first);
        self.given += audio.len() as u64;
        self.goes_on().then_some(audio)
    }

    const fn goes_on(&self) -> bool {
        self.noughts <= if self.is_short() { SILENCE_AT_MOST } else { TAIL_AT_MOST }
    }

    /// Words whose audio is there.
    pub(super) fn spoken(&mut self) -> Vec<Placed> {
        let mut all = Vec::new();
        while let Some((at, len, share)) = self.words.get(self.told) {
            let (from, to) = ((share.start * self.expected) as u64, (share.end * self.expected) as u64);
            let begins = self.told == 0 && self.words.len() > 1 && self.given > 0;
            if to > self.given && !begins {
                break;
            }
            all.push(Placed { at: self.at + at, len: *len, from: self.base + from, to: self.base + to });
            self.told += 1;
        }
        all
    }

    /// The pause after it, the words not told of yet, and how fast it was spoken.
    pub(super) fn finish(mut self, rate: Rate) -> (Vec<i16>, Vec<Placed>, Rate) {
        let sounding = self.given as f64;
        self.held.truncate(if self.ends_sentence { AFTER_SENTENCE } else { AFTER_CLAUSE });
        // What is left of the text has what is left of the audio.
        let done = self.told.checked_sub(1).and_then(|last| self.words.get(last)).map_or(0.0, |(.., share)| share.end);
        // A word that is thought to end after the whole piece ends where its letters do.
        let begin = Some(done * self.expected).filter(|end| *end <= sounding).unwrap_or(done * sounding);
        let place =
            |share: f64| self.base + (begin + (share - done) / (1.0 - done).max(1e-9) * (sounding - begin)) as u64;
        let rest = self.words[self.told..].iter().map(|(at, len, share)| {
            let (from, to) = (place(share.start.max(done)), place(share.end));
            Placed { at: self.at + at, len: *len, from, to }
        });
        let rest = rest.collect();
        // Half of what is known and half of what was heard: one piece may be drawled.
        let rate = if self.letters > 0.0 { Rate((rate.0 + sounding / self.letters) / 2.0) } else { rate };
        (self.held, rest, rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(audio: &[i16]) -> Vec<u8> {
        audio.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    #[test]
    fn silence_around_a_piece_is_cut_to_a_pause_wherever_chunks_are_cut() {
        let mut audio = vec![0_i16; 4_000];
        audio.extend([5_000; 1_000]);
        audio.extend([0; 2_000]);
        audio.extend([5_000; 1_000]);
        audio.extend([0; 8_000]);
        for cut in [1, 3, 640, 9_999, 100_000] {
            for (text, pause) in [("Monday, to", AFTER_CLAUSE), ("Monday. ", AFTER_SENTENCE)] {
                let mut piece = Piece::new(text, 0, 0, Rate(1_000.0), Language::English);
                let mut given: Vec<i16> = bytes(&audio).chunks(cut).flat_map(|c| piece.take(c).unwrap()).collect();
                given.extend(piece.finish(Rate(1_000.0)).0);
                assert_eq!(given.len(), BEFORE + 4_000 + pause, "{cut} {text}");
            }
        }
    }

    #[test]
    fn a_word_is_told_of_when_its_audio_is_there_and_the_rest_at_the_end() {
        let mut piece = Piece::new("aaa bbb ccc ddd", 10, 5_000, Rate(1_000.0), Language::English);
        let tell =
            |piece: &mut Piece| piece.spoken().iter().map(|word| (word.at, word.from, word.to)).collect::<Vec<_>>();
        assert_eq!(tell(&mut piece), []);
        piece.take(&bytes(&[5_000; 100])).unwrap();
        assert_eq!(tell(&mut piece), [(10, 5_000, 8_000)], "the first with the first audio");
        piece.take(&bytes(&[5_000; 6_900])).unwrap();
        assert_eq!(tell(&mut piece), [(14, 9_000, 12_000)]);
        // It speaks faster than was thought: 9,000 samples in all.
        piece.take(&bytes(&[5_000; 2_000])).unwrap();
        let (_, rest, rate) = piece.finish(Rate(1_000.0));
        let rest: Vec<_> = rest.iter().map(|word| (word.at, word.from, word.to)).collect();
        assert_eq!(rest, [(18, 12_250, 13_000), (22, 13_250, 14_000)]);
        assert_eq!(rate, Rate(800.0));
    }

    #[test]
    fn a_piece_of_one_word_ends_where_its_audio_does() {
        let mut piece = Piece::new("ਹਾਂਜੀ।", 0, 0, Rate::usual(Language::Punjabi), Language::Punjabi);
        piece.take(&bytes(&[5_000; 3_000])).unwrap();
        assert_eq!(piece.spoken(), []);
        let (_, rest, _) = piece.finish(Rate::usual(Language::Punjabi));
        assert_eq!(rest, [Placed { at: 0, len: "ਹਾਂਜੀ।".len(), from: 0, to: 3_000 }]);
    }

    #[test]
    fn words_of_a_voice_far_faster_than_thought_have_times_of_their_own() {
        let mut piece = Piece::new("aaa bbb", 0, 0, Rate(1_000.0), Language::English);
        piece.take(&bytes(&[5_000; 700])).unwrap();
        assert_eq!(piece.spoken().len(), 1);
        let (_, rest, _) = piece.finish(Rate(1_000.0));
        assert_eq!(rest, [Placed { at: 4, len: 3, from: 400, to: 700 }]);
    }

    #[test]
    fn nothing_but_noughts_is_no_speech() {
        let mut piece = Piece::new("hello", 0, 0, Rate(1_000.0), Language::English);
        assert_eq!(piece.take(&[0; 32_000]), Some(Vec::new()));
        assert_eq!(piece.take(&[0; 32_000]), None);
    }

    #[test]
    fn a_piece_that_ends_in_noughts_has_failed_if_its_sound_is_too_short_for_its_letters() {
        // Nine letters need 3,841 samples at least. Sound, noughts: the pause that Azure adds, and what a voice leaves out.
        for (sound, noughts, fails) in
            [(3_842, 12_800, false), (3_800, 12_800, true), (3_800, PAUSE, false), (2_000, PAUSE + 1, true)]
        {
            let usual = Rate::usual(Language::English);
            for rate in [usual, Rate(4.0 * usual.0)] {
                let mut piece = Piece::new("ten: letter", 0, 0, rate, Language::English);
                piece.take(&bytes(&vec![5_000; sound])).unwrap();
                piece.take(&bytes(&vec![0; noughts])).unwrap();
                assert_eq!(piece.fell_silent(), fails, "{sound} {noughts} {rate:?}");
            }
        }
    }

    /// As long as espeak-ng speaks them, which is faster than vendors do.
    #[test]
    fn no_healthy_clause_is_too_short_whatever_its_pause() {
        for (text, language, ms) in [
            ("您好，West Coast Family Practice，", Language::Mandarin, 2_500),
            ("Elizabeth Thompson 医生，", Language::Mandarin, 1_760),
            ("Qu'est-ce que c'est ?", Language::French, 560),
            ("Qu'est-ce qui ne va pas ?", Language::French, 820),
            ("OK.", Language::English, 250),
            ("ਹਾਂਜੀ।", Language::Punjabi, 400),
        ] {
            let mut piece = Piece::new(text, 0, 0, Rate::usual(language), language);
            piece.take(&bytes(&vec![5_000; ms * 16])).unwrap();
            assert!(piece.take(&bytes(&vec![0; TAIL_AT_MOST])).is_some() && !piece.fell_silent(), "{text}");
        }
    }

    #[test]
    fn a_long_pause_that_comes_with_its_piece_is_one_too() {
        let mut piece = Piece::new("hello", 0, 0, Rate(1_000.0), Language::English);
        let audio = [vec![5_000; 4_000], vec![0; TAIL_AT_MOST]].concat();
        assert!(piece.take(&bytes(&audio)).is_some());
        assert!(!piece.fell_silent());
    }

    #[test]
    fn a_voice_that_goes_on_with_noughts_has_failed_and_one_that_is_quiet_has_not() {
        // In 100 ms nobody says hello; in 250 ms somebody may, and a long pause follows.
        for (quiet, sound, most, fails) in [
            (0, 1_000, SILENCE_AT_MOST, true),
            (1, 1_000, SILENCE_AT_MOST, false),
            (0, 4_000, TAIL_AT_MOST, true),
            (1, 4_000, TAIL_AT_MOST, false),
        ] {
            let mut piece = Piece::new("hello", 0, 0, Rate(1_000.0), Language::English);
            assert!(piece.take(&bytes(&vec![5_000; sound])).is_some());
            assert!(piece.take(&bytes(&vec![quiet; most])).is_some());
            assert_eq!(piece.take(&bytes(&[quiet; 1])).is_none(), fails, "{quiet} {sound}");
        }
    }
}
