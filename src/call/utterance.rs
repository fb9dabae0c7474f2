//! One thing the agent says: its text as it grows, its audio as it comes, and how much of both was heard.
//!
//! Positions in audio are samples of this utterance; positions in text are bytes of its text.

use std::collections::VecDeque;
use std::time::Duration;

use attendant_media::frame::{SLOT_SAMPLES, Samples};
use attendant_media::speech::SpeechId;

use super::effect::Audio;
use crate::agent::Expect;
use crate::tts::Times;

/// A resume goes back at most this far: 400 ms.
const RESUME_AT_MOST: u64 = 6_400;
/// Where no word time is known: 200 ms.
const RESUME_BLIND: u64 = 3_200;

/// A last word may end a little after its audio: 20 ms.
const ROUNDING: u64 = 320;

/// 20 ms.
const SLOT: Samples = Samples(SLOT_SAMPLES as u64);

/// No voice takes longer for a character than 500 ms, digits of a number and Chinese ones included, and 5 s in all for what it adds.
const MOST_A_CHARACTER: u64 = 8_000;
const MOST_PAUSE: u64 = 80_000;

/// What an utterance is to the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An answer, or a greeting: part of the history.
    Answer,
    /// Covers a wait; no part of the history.
    Filler,
    /// "Are you still there?", an apology: part of the history, answers nothing.
    Notice,
    /// That the call is recorded: a notice that must be heard whole.
    Announcement,
}

/// Where its audio comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// Rendered before the call.
    Canned,
    /// Spoken by the voice of this place in the list, of which `sent` bytes of the text have been given to it.
    Voice { voice: usize, sent: usize, state: Voicing },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voicing {
    /// The voice has not been asked yet.
    Waiting,
    /// It has the utterance open.
    Open,
    /// It was told that no more text will come.
    Closed,
    /// All its audio is here.
    Done,
}

/// What may still come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// Text.
    Open,
    /// Audio.
    Complete,
    /// Nothing: the leg was told so.
    Ended,
}

impl Growth {
    pub(super) const fn is_complete(self) -> bool {
        match self {
            Self::Open => false,
            Self::Complete | Self::Ended => true,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    at: usize,
    end: usize,
    from: u64,
    to: u64,
    times: Times,
}

#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) id: SpeechId,
    pub(super) purpose: Purpose,
    pub(super) expect: Expect,
    pub(super) text: String,
    /// Where each clause ends that the voice was not given yet.
    pub(super) clauses: VecDeque<usize>,
    pub(super) growth: Growth,
    pub(super) source: Source,
    audio: VecDeque<Audio>,
    /// Samples of the first chunk already given to the leg.
    offset: usize,
    pub(super) received: u64,
    pub(super) offered: u64,
    pub(super) played: u64,
    /// Of these, what the carrier said it has played.
    pub(super) confirmed: u64,
    pub(super) words: Vec<Word>,
    /// What had no audio when it was to be heard, although the voice had all of the text.
    missing: Samples,
}

impl Utterance {
    pub(super) fn new(id: SpeechId, purpose: Purpose, expect: Expect, source: Source) -> Self {
        Self {
            id,
            purpose,
            expect,
            text: String::new(),
            clauses: VecDeque::new(),
            growth: Growth::Open,
            source,
            audio: VecDeque::new(),
            offset: 0,
            received: 0,
            offered: 0,
            played: 0,
            confirmed: 0,
            words: Vec::new(),
            missing: Samples::ZERO,
        }
    }

    pub(super) fn canned(id: SpeechId, purpose: Purpose, expect: Expect, text: &str, audio: Audio) -> Self {
        let mut utterance = Self::new(id, purpose, expect, Source::Canned);
        text.clone_into(&mut utterance.text);
        utterance.complete();
        utterance.add_audio(audio);
        utterance
    }

    /// No more text will come.
    pub(super) fn complete(&mut self) {
        self.growth = match self.growth {
            Growth::Open | Growth::Complete => Growth::Complete,
            Growth::Ended => Growth::Ended,
        };
    }

    /// Appends a clause, which goes to the voice as one piece.
    pub(super) fn add_text(&mut self, clause: &str) {
        if !clause.is_empty() {
            self.text.push_str(clause);
            self.clauses.push_back(self.text.len());
        }
    }

    pub(super) fn add_audio(&mut self, audio: Audio) {
        self.received += audio.len() as u64;
        self.audio.push_back(audio);
    }

    /// Whether a voice has made more of what it was given than anybody needs to say it, and perhaps never ends.
    pub(super) fn babbles(&self, more: usize) -> bool {
        match self.source {
            Source::Canned => false,
            Source::Voice { sent, .. } => {
                let given = self.text[..sent].chars().count() as u64;
                self.received + more as u64 > MOST_PAUSE + given * MOST_A_CHARACTER
            }
        }
    }

    /// A slot passed without audio. What had none by now that the voice owed.
    pub(super) fn ran_dry(&mut self) -> Duration {
        match self.source {
            Source::Voice { state: Voicing::Closed, .. } => {
                self.missing = self.missing + SLOT;
                self.missing.as_duration()
            }
            // What may be missing is text; and of who was replaced, nothing is any more.
            Source::Voice { state: Voicing::Waiting | Voicing::Open | Voicing::Done, .. } | Source::Canned => {
                Duration::ZERO
            }
        }
    }

    pub(super) fn add_word(&mut self, at: usize, len: usize, from: u64, to: u64, times: Times) {
        // A vendor's place that is none in this text is the nearest one before it.
        let place = |at: usize| self.text.floor_char_boundary(at);
        let (at, end) = (place(at), place(at.saturating_add(len)));
        self.words.push(Word { at, end, from, to, times });
    }

    /// All audio it will ever have is here.
    pub(super) fn all_received(&self) -> bool {
        match self.source {
            Source::Canned | Source::Voice { state: Voicing::Done, .. } => true,
            Source::Voice { state: Voicing::Waiting | Voicing::Open | Voicing::Closed, .. } => false,
        }
    }

    pub(super) fn unplayed(&self) -> u64 {
        self.received.saturating_sub(self.played)
    }

    /// The next at most `room` samples for the leg.
    pub(super) fn next_audio(&mut self, room: usize) -> Option<&[i16]> {
        while self.audio.front().is_some_and(|chunk| self.offset >= chunk.len()) {
            self.audio.pop_front();
            self.offset = 0;
        }
        let chunk = self.audio.front()?;
        let take = room.min(chunk.len() - self.offset);
        if take == 0 {
            return None;
        }
        let piece = &chunk[self.offset..self.offset + take];
        self.offset += take;
        self.offered += take as u64;
        Some(piece)
    }

    pub(super) fn all_offered(&self) -> bool {
        self.all_received() && self.offered >= self.received
    }

    /// How well it is known what was heard when so many samples were.
    pub(super) fn certainty(&self, played: u64) -> Times {
        let is_whole = self.all_received() && played >= self.received;
        let mut heard = self.words.iter().filter(|word| word.from <= played);
        if is_whole || (!self.words.is_empty() && heard.all(|word| word.times == Times::Exact)) {
            Times::Exact
        } else {
            Times::Estimated
        }
    }

    /// The text that was heard when so many samples were: whole words by their times, else in proportion.
    pub(super) fn heard(&self, played: u64) -> &str {
        if played == 0 {
            return "";
        }
        if self.all_received() && played >= self.received {
            return &self.text;
        }
        let end = match self.words.iter().rev().find(|word| word.to <= played) {
            Some(word) => word.end,
            None if self.words.is_empty() && self.received > 0 => {
                (self.text.len() as u64 * played.min(self.received) / self.received.max(1)) as usize
            }
            None => 0,
        };
        let mut end = end.min(self.text.len());
        if self.words.is_empty() {
            // Proportional: back to the last blank, so that no half word counts as heard.
            end = self.text.get(..end).and_then(|text| text.rfind(char::is_whitespace)).unwrap_or(end);
        }
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        &self.text[..end]
    }

    /// How far back a resume goes: to the last word boundary, at most 400 ms.
    pub(super) fn resume_back(&self) -> u32 {
        let boundary =
            self.words.iter().rev().find(|word| word.from <= self.played).map(|word| self.played - word.from);
        boundary.filter(|back| *back <= RESUME_AT_MOST).unwrap_or(RESUME_BLIND).min(self.played) as u32
    }

    /// Cuts the utterance where its failed voice left off: at a word whose audio has not been given to the leg. Returns the
    /// text still to be said. What was received before the cut is still played.
    pub(super) fn truncate(&mut self) -> String {
        // Hosted voices give times ahead of audio: a word without all of its audio has not been spoken.
        let broken = self.words.iter().position(|word| word.to > self.received + ROUNDING);
        let whole = broken.map_or(self.received, |place| self.words[place].from.min(self.received));
        self.words.truncate(broken.unwrap_or(self.words.len()));
        let spoken = self.words.last().map_or(0, |word| word.end);
        let sentence = sentence_start(&self.text, spoken);
        let at_sentence = self.words.iter().find(|word| word.at >= sentence).map_or(whole, |word| word.from);
        let (cut_text, cut_audio) = if self.received == 0 {
            (0, 0)
        } else if at_sentence >= self.offered && sentence > 0 {
            (sentence, at_sentence)
        } else {
            match self.words.iter().find(|word| word.from >= self.offered) {
                Some(word) => (word.at, word.from),
                None => (spoken, whole),
            }
        };
        let rest = self.text.split_off(cut_text.min(self.text.len()));
        self.clauses.clear();
        self.trim_audio(cut_audio);
        self.words.retain(|word| word.end <= self.text.len());
        self.complete();
        if let Source::Voice { state, sent, .. } = &mut self.source {
            *state = Voicing::Done;
            *sent = self.text.len();
        }
        rest
    }

    fn trim_audio(&mut self, keep: u64) {
        let mut excess = self.received.saturating_sub(keep.max(self.offered));
        self.received -= excess;
        while excess > 0 {
            let Some(last) = self.audio.pop_back() else { return };
            if last.len() as u64 > excess {
                self.audio.push_back(last[..last.len() - excess as usize].into());
                return;
            }
            excess -= last.len() as u64;
        }
    }
}

/// About how many samples a byte of text becomes: 16 bytes a second, which is so for European languages and for Chinese (3 bytes a
/// character, 4 to 5 characters a second).
const SAMPLES_A_BYTE: u64 = 1_000;
/// No voice needs fewer.
const SAMPLES_A_BYTE_AT_LEAST: u64 = 500;

/// Samples that a voice will still make of the first `given` bytes of a text, of which it has made these words and samples. It must
/// come down to nothing when all is spoken, or the text behind it would wait for ever.
pub(super) fn unspoken(given: usize, words: &[Word], received: u64) -> u64 {
    let spoken = words.last().map_or(received / SAMPLES_A_BYTE_AT_LEAST, |word| word.end as u64);
    (given as u64).saturating_sub(spoken) * SAMPLES_A_BYTE
}

/// The start of the sentence that holds byte `at`.
fn sentence_start(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text[..at]
        .char_indices()
        .rev()
        .find(|(_, c)| matches!(c, '.' | '!' | '?' | '。' | '！' | '？' | '।'))
        .map_or(0, |(place, c)| place + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken() -> Utterance {
        let source = Source::Voice { voice: 0, sent: 0, state: Voicing::Open };
        let mut utterance = Utterance::new(SpeechId::default(), Purpose::Answer, Expect::default(), source);
        utterance.text = "We are open. Come in.".into();
        utterance.add_audio(vec![1; 16_000].into());
        for (at, len, from, to) in
            [(0, 2, 0, 3_000), (3, 3, 3_000, 6_000), (7, 5, 6_000, 10_000), (13, 4, 12_000, 14_000)]
        {
            utterance.add_word(at, len, from, to, Times::Exact);
        }
        utterance
    }

    #[test]
    fn only_words_heard_whole_count_as_said() {
        let utterance = spoken();
        assert_eq!(utterance.heard(6_500), "We are");
        assert_eq!(utterance.heard(2_999), "");
    }

    #[test]
    fn what_was_heard_is_certain_by_exact_times_or_to_the_end() {
        let mut utterance = spoken();
        assert_eq!(utterance.certainty(6_500), Times::Exact);
        utterance.add_word(18, 3, 14_000, 15_000, Times::Estimated);
        assert_eq!([13_999, 14_500].map(|played| utterance.certainty(played)), [Times::Exact, Times::Estimated]);
        let audio = vec![1; 16_000].into();
        let id = SpeechId::default();
        let untimed = Utterance::canned(id, Purpose::Notice, Expect::default(), "One moment please.", audio);
        assert_eq!([8_000, 16_000].map(|played| untimed.certainty(played)), [Times::Estimated, Times::Exact]);
    }

    #[test]
    fn a_resume_goes_back_to_the_word_that_was_cut() {
        let mut utterance = spoken();
        utterance.played = 6_500;
        assert_eq!(utterance.resume_back(), 500);
        utterance.played = 12_000 - 1;
        assert_eq!(utterance.resume_back(), 5_999);
    }

    #[test]
    fn without_word_times_a_resume_goes_back_200_ms() {
        let mut utterance = Utterance::canned(
            SpeechId::default(),
            Purpose::Notice,
            Expect::default(),
            "One moment please.",
            vec![1; 16_000].into(),
        );
        utterance.played = 8_000;
        assert_eq!(utterance.resume_back(), 3_200);
        assert_eq!(utterance.heard(8_000), "One");
        utterance.played = 100;
        assert_eq!(utterance.resume_back(), 100);
    }

    #[test]
    fn a_failed_voice_is_cut_at_the_sentence_it_was_in() {
        let mut utterance = spoken();
        assert_eq!(utterance.next_audio(4_000).map(<[i16]>::len), Some(4_000));
        let rest = utterance.truncate();
        assert_eq!((utterance.text.as_str(), rest.as_str()), ("We are open.", " Come in."));
        assert_eq!(utterance.received, 12_000);
        assert_eq!(utterance.next_audio(usize::MAX).map(<[i16]>::len), Some(8_000));
        assert!(utterance.all_offered());
    }

    #[test]
    fn a_word_whose_audio_never_came_is_said_by_the_next_voice() {
        let mut utterance = spoken();
        utterance.text.push_str(" We wait.");
        utterance.add_word(18, 3, 15_000, 16_000, Times::Exact);
        utterance.add_word(22, 2, 16_500, 18_000, Times::Exact);
        utterance.add_word(25, 5, 18_000, 22_000, Times::Exact);
        utterance.next_audio(4_000);
        assert_eq!(utterance.truncate(), " We wait.");
        assert_eq!(utterance.received, 16_000);

        // The half of a word is neither heard nor left out.
        let mut utterance = spoken();
        utterance.next_audio(15_500);
        utterance.add_word(18, 3, 15_500, 17_000, Times::Exact);
        assert_eq!(utterance.truncate(), " in.");
        assert_eq!(utterance.received, 15_500);
    }

    #[test]
    fn no_word_already_given_to_the_leg_is_said_again() {
        let mut utterance = spoken();
        utterance.next_audio(13_000);
        let rest = utterance.truncate();
        assert_eq!(rest, " in.");
        assert_eq!(utterance.received, 16_000);
    }
}
