//! Which audio of a caller goes to a recogniser that is told where a voice begins and ends, and as which utterance: each voice of at least
//! 125 ms from a little before its beginning to its end (V6), and nothing else.
//!
//! Pure. An utterance is over where its voice ends, whether or not the call asks for last words: its words are there sooner, and help to decide
//! whether the caller has finished. A voice that goes on for long, or beyond a flush, is continued as another utterance: what was sent cannot be
//! taken back, so a cut that may wait waits for a pause, and no word is heard in two halves.

use std::time::Duration;

use attendant_media::frame::{Frame, RATE, SLOT_SAMPLES, Samples};

use super::Event;
use super::pause::Pause;
use super::tape::{Range, Tape};
use super::utterances::Utterances;

/// A voice is noticed a little after it began: 300 ms.
const PREROLL: u64 = 4_800;
/// What follows the last voiced sample: final consonants are faint. 200 ms.
const POSTROLL: u64 = 3_200;
/// Less voice than this is no speech (V6): 125 ms.
const SHORTEST: u64 = 2_000;
/// A cut waits so long for a pause: 1 s.
const WAITS: Samples = Samples(RATE as u64);
/// So long before an utterance without words is cut anywhere it is cut at a pause: first words may take 1.8 s of 2.4.
const DOUBTED: Duration = Duration::from_millis(600);
/// OpenAI refuses an utterance of less audio than 100 ms.
const LEAST: u64 = 1_600;
/// Samples a step: 40 ms of live audio, at most 500 ms of what is heard again.
const AT_LEAST: usize = 2 * SLOT_SAMPLES;
const AT_MOST: usize = RATE as usize / 2;

/// What the vendor is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An utterance of this number begins; its first sample is at this place.
    Begin { number: u32, at: Samples },
    /// Its next audio.
    Audio(Vec<i16>),
    /// It is over.
    End,
}

#[derive(Debug)]
pub(super) struct Voices {
    pub(super) utterances: Utterances,
    tape: Tape,
    pause: Pause,
    /// The open utterance is to be cut at the next pause.
    is_doubted: bool,
    /// A voice that goes on for so long is continued as another utterance from its next pause on.
    longest: u64,
    /// Where the present voice began.
    voice: Option<u64>,
    /// Everything before this was sent, or is not wanted.
    sent: u64,
    /// Of the last utterance that was begun.
    first: First,
    /// An utterance that the vendor ended was begun again here.
    again: Option<u64>,
}

/// The beginning of an utterance: of its audio, and of its voice.
#[derive(Clone, Copy, Debug, Default)]
struct First {
    audio: u64,
    voice: u64,
}

impl Voices {
    pub(super) fn new(longest: Samples) -> Self {
        Self {
            utterances: Utterances::default(),
            tape: Tape::default(),
            pause: Pause::default(),
            is_doubted: false,
            longest: longest.0,
            voice: None,
            sent: 0,
            first: First::default(),
            again: None,
        }
    }

    /// When an utterance is to be cut at a pause that is cut anywhere after so long.
    pub(super) fn doubts_after(cut: Duration) -> Duration {
        cut - DOUBTED.min(cut / 2)
    }

    pub(super) const fn is_sounding(&self) -> bool {
        self.voice.is_some()
    }

    /// The end of what was heard.
    pub(super) fn heard(&self) -> Samples {
        Samples(self.tape.end())
    }

    pub(super) fn audio(&mut self, at: Samples, frame: &Frame, out: &mut Vec<Step>) {
        self.tape.take(at.0, frame);
        self.pause.hear(frame);
        self.begin_if_due(out);
        self.send(AT_LEAST, out);
        self.cut_if_due(out);
    }

    pub(super) fn speech_start(&mut self, at: Samples, out: &mut Vec<Step>) {
        self.voice.get_or_insert(at.0);
        self.begin_if_due(out);
    }

    pub(super) fn speech_end(&mut self, at: Samples, out: &mut Vec<Step>) {
        let Some(since) = self.voice.take() else { return };
        // All of it may have come before it was known to be a voice.
        if !self.utterances.is_open() && at.0 >= since + SHORTEST && self.is_enough(since) {
            self.begin(since, out);
        }
        self.end(at.0, out);
    }

    pub(super) fn flush(&mut self, up_to: Samples, out: &mut Vec<Step>, said: &mut Vec<Event>) {
        self.end(self.tape.end(), out);
        self.utterances.flush(up_to, said);
    }

    /// No word was heard of the open utterance, if there is one: it is cut at the next pause.
    pub(super) fn doubt(&mut self, out: &mut Vec<Step>) {
        self.is_doubted = self.utterances.is_open();
        self.cut_if_due(out);
    }

    /// Something was heard of it.
    pub(super) const fn trust(&mut self) {
        self.is_doubted = false;
    }

    /// Whether an utterance is open that is not to be cut yet.
    pub(super) const fn is_trusted(&self) -> bool {
        self.utterances.is_open() && !self.is_doubted
    }

    fn cut_if_due(&mut self, out: &mut Vec<Step>) {
        let (Some(from), end) = (self.utterances.begun(), self.tape.end()) else { return };
        let longest = from.0 + self.longest;
        if (self.pause.is_now() && (self.is_doubted || end >= longest)) || end >= longest + WAITS.0 {
            self.end(end, out);
        }
    }

    /// No more audio of the open utterance: its words are wanted now. A voice that goes on is continued as another.
    pub(super) fn cut(&mut self, out: &mut Vec<Step>) {
        self.end(self.tape.end(), out);
    }

    /// The open utterance's words are final up to `at`: it is left there, and what follows is sent again as another. `false`: what follows is
    /// not kept any more, and the utterance goes on.
    pub(super) fn roll_over(&mut self, at: Samples, out: &mut Vec<Step>) -> bool {
        if !self.utterances.is_open() || at.0 < self.tape.begin() {
            return false;
        }
        self.utterances.leave();
        self.sent = at.0.min(self.sent);
        self.was_ended();
        self.begin(self.sent, out);
        self.send(1, out);
        true
    }

    /// The vendor has ended this utterance by itself in mid-voice, and may not have heard what follows its settled words: that is sent again,
    /// as another. `false`: the voice was over, the audio is not kept any more, or it was sent again before and no word of it was settled.
    pub(super) fn again(&mut self, number: u32, out: &mut Vec<Step>) -> bool {
        let Some(settled) = self.utterances.begun().filter(|_| self.utterances.is_open_as(number)) else {
            return false;
        };
        let is_settled = settled.0 > self.first.voice;
        let first = if is_settled { First { audio: settled.0, voice: settled.0 } } else { self.first };
        if first.audio < self.tape.begin() || self.again == Some(first.audio) {
            return false;
        }
        self.again = Some(first.audio);
        self.utterances.leave();
        self.sent = first.audio;
        self.begin(first.voice, out);
        self.send(1, out);
        true
    }

    /// The vendor has ended the open utterance by itself: the voice goes on as another.
    pub(super) const fn was_ended(&mut self) {
        if self.voice.is_some() {
            self.voice = Some(self.sent);
        }
    }

    /// A voice that is long enough to be one is sent from now on.
    fn begin_if_due(&mut self, out: &mut Vec<Step>) {
        let is_due = |since: &u64| self.tape.end() >= since + SHORTEST && self.is_enough(*since);
        let due = self.voice.filter(|since| !self.utterances.is_open() && is_due(since));
        if let Some(since) = due {
            self.begin(since, out);
        }
    }

    /// Whether there is audio of it that was not sent yet, as much as a vendor takes for an utterance.
    fn is_enough(&self, since: u64) -> bool {
        self.tape.end() >= self.begins(since) + LEAST
    }

    /// The first sample of an utterance that begins here.
    fn begins(&self, since: u64) -> u64 {
        since.saturating_sub(PREROLL).max(self.sent).max(self.tape.begin())
    }

    fn begin(&mut self, since: u64, out: &mut Vec<Step>) {
        let number = self.utterances.begin(Samples(since.max(self.sent)));
        self.is_doubted = false;
        self.first = First { audio: self.begins(since), voice: since.max(self.sent) };
        self.sent = self.first.audio;
        out.push(Step::Begin { number, at: Samples(self.sent) });
    }

    /// What there is of the open utterance, if it is at least so much.
    fn send(&mut self, at_least: usize, out: &mut Vec<Step>) {
        if !self.utterances.is_open() {
            return;
        }
        let waiting = self.tape.slice(Range { from: self.sent, to: self.tape.end() });
        if waiting.len() < at_least.max(1) {
            return;
        }
        out.extend(waiting.chunks(AT_MOST).map(|piece| Step::Audio(piece.to_vec())));
        self.sent = self.tape.end();
        self.utterances.goes_on(Samples(self.sent));
    }

    /// The open utterance is over; a voice that goes on begins another.
    fn end(&mut self, at: u64, out: &mut Vec<Step>) {
        if !self.utterances.is_open() {
            return;
        }
        self.send(1, out);
        self.utterances.end(Samples((at + POSTROLL).min(self.sent)));
        self.was_ended();
        out.push(Step::End);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Samples = Samples(25 * RATE as u64);

    /// What is sent when this is heard: voices by their slots, the frame numbers as samples.
    fn sent(slots: u64, voices: &[(u64, u64)]) -> Vec<String> {
        let (mut all, mut out) = (Voices::new(LONGEST), Vec::new());
        for slot in 0..slots {
            all.audio(Samples::from_slots(slot), &[slot as i16; SLOT_SAMPLES], &mut out);
            for (from, to) in voices {
                if slot == from + 3 {
                    all.speech_start(Samples::from_slots(*from), &mut out);
                }
                if slot == to + 10 {
                    all.speech_end(Samples::from_slots(*to), &mut out);
                }
            }
        }
        let mut told: Vec<String> = Vec::new();
        let mut span: Option<(i16, i16)> = None;
        for step in out {
            match step {
                Step::Begin { number, at } => told.push(format!("begin {number} at {}", at.0 / SLOT_SAMPLES as u64)),
                Step::Audio(audio) => {
                    let (first, last) = (audio[0], audio[audio.len() - 1]);
                    assert!(audio.len() <= AT_MOST && span.is_none_or(|(_, to)| first >= to), "in order");
                    span = Some((span.map_or(first, |(from, _)| from), last));
                }
                Step::End => {
                    told.push(
                        span.take().map_or_else(|| "end of nothing".into(), |(from, to)| format!("{from} to {to}")),
                    );
                }
            }
        }
        told
    }

    #[test]
    fn a_voice_is_sent_from_before_its_beginning_to_after_its_end() {
        assert_eq!(
            sent(400, &[(100, 150), (250, 300)]),
            ["begin 0 at 85", "85 to 160", "begin 1 at 235", "235 to 310"]
        );
        // What was sent is not sent again.
        assert_eq!(
            sent(400, &[(100, 150), (162, 200)]),
            ["begin 0 at 85", "85 to 160", "begin 1 at 161", "161 to 210"]
        );
    }

    #[test]
    fn silence_and_sounds_under_125_ms_are_not_sent() {
        assert_eq!(sent(400, &[]), [""; 0]);
        let (mut all, mut out) = (Voices::new(LONGEST), Vec::new());
        for slot in 0..50 {
            all.audio(Samples::from_slots(slot), &[9; SLOT_SAMPLES], &mut out);
        }
        // Told late, when it was over already.
        all.speech_start(Samples::from_slots(49), &mut out);
        all.speech_end(Samples::from_slots(50), &mut out);
        all.flush(Samples::from_slots(50), &mut out, &mut Vec::new());
        assert_eq!(out, []);
    }

    #[test]
    fn a_voice_that_goes_on_without_a_pause_is_continued_where_it_was_cut() {
        let cut = 100 + (LONGEST.0 + WAITS.0) / SLOT_SAMPLES as u64;
        let all = sent(cut + 200, &[(100, cut + 100)]);
        assert_eq!(
            all,
            [
                "begin 0 at 85".to_owned(),
                format!("85 to {}", cut - 1),
                format!("begin 1 at {cut}"),
                format!("{cut} to {}", cut + 110)
            ]
        );
    }

    /// The slots at which utterances end of a voice that begins at nought, is soft in these slots, and is doubted at this one.
    fn cuts(slots: u64, soft: std::ops::Range<u64>, doubted: Option<u64>) -> Vec<u64> {
        let (mut all, mut out, mut cuts) = (Voices::new(LONGEST), Vec::new(), Vec::new());
        for slot in 0..slots {
            let level = if soft.contains(&slot) { 40 } else { 4_000 };
            all.audio(Samples::from_slots(slot), &[level; SLOT_SAMPLES], &mut out);
            if slot == 3 {
                all.speech_start(Samples::ZERO, &mut out);
            }
            if doubted == Some(slot) {
                all.doubt(&mut out);
            }
            cuts.extend(out.drain(..).filter(|step| *step == Step::End).map(|_| slot));
        }
        cuts
    }

    #[test]
    fn an_utterance_that_has_to_be_cut_is_cut_at_a_pause_and_after_a_second_anywhere() {
        let due = LONGEST.0 / SLOT_SAMPLES as u64 - 1;
        assert_eq!(cuts(due + 60, due + 20..due + 23, None), [due + 22]);
        assert_eq!(cuts(due + 60, due - 5..due + 2, None), [due], "in the middle of one");
        assert_eq!(cuts(due + 60, due + 20..due + 22, None), [due + 50], "too short to be one");
        // One in which nothing is heard, at once or not at all: who asks may cut it anywhere.
        assert_eq!(cuts(200, 110..113, Some(100)), [112]);
        assert_eq!(cuts(200, 95..102, Some(100)), [100]);
        assert_eq!(cuts(200, 0..0, Some(100)), [0; 0]);
    }

    #[test]
    fn what_is_cut_at_a_pause_is_sent_whole_and_once() {
        for doubted in 20..170 {
            let (mut all, mut out) = (Voices::new(LONGEST), Vec::new());
            for slot in 0..200 {
                // A pause every half second.
                let level = if slot % 25 < 4 { 40 } else { 4_000 };
                all.audio(Samples::from_slots(slot), &[level; SLOT_SAMPLES], &mut out);
                if slot == 3 {
                    all.speech_start(Samples::ZERO, &mut out);
                }
                if slot == doubted {
                    all.doubt(&mut out);
                }
            }
            all.speech_end(Samples::from_slots(200), &mut out);
            let (mut next, mut utterances) = (Samples::ZERO, 0);
            for step in out {
                match step {
                    Step::Begin { at, .. } => {
                        assert_eq!(at, next, "doubted at {doubted}");
                        utterances += 1;
                    }
                    Step::Audio(audio) => next.0 += audio.len() as u64,
                    Step::End => {}
                }
            }
            assert_eq!((next, utterances), (Samples::from_slots(200), 2), "doubted at {doubted}");
        }
    }

    #[test]
    fn an_utterance_of_which_something_was_heard_is_not_cut_at_a_pause() {
        let (mut all, mut out) = (Voices::new(LONGEST), Vec::new());
        all.speech_start(Samples::ZERO, &mut out);
        for slot in 0..50 {
            all.audio(Samples::from_slots(slot), &[4_000; SLOT_SAMPLES], &mut out);
        }
        assert!(all.is_trusted());
        all.doubt(&mut out);
        assert!(!all.is_trusted());
        all.trust();
        for slot in 50..60 {
            all.audio(Samples::from_slots(slot), &[4; SLOT_SAMPLES], &mut out);
        }
        assert!(all.is_trusted() && !out.contains(&Step::End));
    }

    #[test]
    fn what_was_heard_before_it_was_known_to_be_a_voice_is_sent_at_once() {
        let (mut all, mut out) = (Voices::new(LONGEST), Vec::new());
        for slot in 0..100 {
            all.audio(Samples::from_slots(slot), &[slot as i16; SLOT_SAMPLES], &mut out);
        }
        all.speech_start(Samples::from_slots(20), &mut out);
        all.speech_end(Samples::from_slots(90), &mut out);
        let audio: usize = out.iter().map(|step| if let Step::Audio(audio) = step { audio.len() } else { 0 }).sum();
        assert_eq!(
            (out.first(), out.last(), audio),
            (Some(&Step::Begin { number: 0, at: Samples::from_slots(5) }), Some(&Step::End), 95 * SLOT_SAMPLES)
        );
    }

    /// A voice of 100 slots, from the 10th on, that goes on.
    fn sounding() -> (Voices, Vec<Step>) {
        let (mut all, mut out) = (Voices::new(LONGEST), Vec::new());
        for slot in 0..100 {
            all.audio(Samples::from_slots(slot), &[slot as i16; SLOT_SAMPLES], &mut out);
            if slot == 30 {
                all.speech_start(Samples::from_slots(30), &mut out);
            }
        }
        out.clear();
        (all, out)
    }

    /// Where the only utterance of these steps begins, its first sample, and its slots.
    fn begun(out: &mut Vec<Step>) -> (u64, i16, usize) {
        let steps = std::mem::take(out);
        let [Step::Begin { at, .. }, audio @ ..] = &steps[..] else { panic!("{steps:?}") };
        let audio =
            audio.iter().flat_map(|step| if let Step::Audio(audio) = step { &audio[..] } else { panic!("{step:?}") });
        let audio: Vec<i16> = audio.copied().collect();
        (at.0 / SLOT_SAMPLES as u64, audio[0], audio.len() / SLOT_SAMPLES)
    }

    #[test]
    fn a_voice_whose_vendor_ends_it_is_sent_again_from_its_last_settled_words_on_and_never_twice_in_vain() {
        let (mut all, mut out) = sounding();
        // Nothing is settled: from the first sample on.
        assert!(all.again(0, &mut out));
        assert_eq!(begun(&mut out), (15, 15, 85));
        assert_eq!(all.utterances.begun(), Some(Samples::from_slots(30)), "its voice began there");
        assert!(!all.again(0, &mut out) && out.is_empty(), "it is over");
        assert!(!all.again(1, &mut out) && out.is_empty() && all.utterances.is_open(), "in vain");
        all.utterances.settled(1, "hello", Some(Samples::from_slots(60)), 1.0, &mut Vec::new());
        assert!(all.again(1, &mut out));
        assert_eq!(begun(&mut out), (60, 60, 40));
        assert!(!all.again(2, &mut out));
        // Nor what is not kept any more.
        all.utterances.settled(2, "there", Some(Samples::from_slots(80)), 1.0, &mut Vec::new());
        for slot in 100..1_000 {
            all.audio(Samples::from_slots(slot), &[1_000; SLOT_SAMPLES], &mut out);
        }
        assert!(!all.again(2, &mut out));
    }

    #[test]
    fn a_voice_rolls_over_where_its_words_were_final_and_nothing_is_left_out() {
        let (mut all, mut out) = (Voices::new(LONGEST), Vec::new());
        for slot in 0..100 {
            all.audio(Samples::from_slots(slot), &[slot as i16; SLOT_SAMPLES], &mut out);
            if slot == 10 {
                all.speech_start(Samples::from_slots(10), &mut out);
            }
        }
        out.clear();
        assert!(all.roll_over(Samples::from_slots(90), &mut out));
        let [Step::Begin { number: 1, at }, Step::Audio(audio)] = &out[..] else { panic!("{out:?}") };
        assert_eq!((*at, audio.len(), audio[0]), (Samples::from_slots(90), 10 * SLOT_SAMPLES, 90));
        assert!(!all.utterances.is_awaiting(), "nothing is owed of the first");
        // What is not kept any more cannot be sent again.
        for slot in 100..1_000 {
            all.audio(Samples::from_slots(slot), &[1; SLOT_SAMPLES], &mut out);
        }
        out.clear();
        assert!(!all.roll_over(Samples::from_slots(95), &mut out) && out.is_empty() && all.utterances.is_open());
    }
}
