//! Everything the agent says, in order: one utterance is audible, the others wait. It gives text to voices, audio to the leg,
//! and knows what was heard.
//!
//! It never decides to pause, resume or cut: turn-taking does. A voice that fails in mid-sentence is replaced by the next in
//! the list, from the sentence that was cut, with no word twice.

mod division;

use std::collections::VecDeque;
use std::time::Duration;

use attendant_media::frame::RATE;
use attendant_media::speech::SpeechId;

use super::effect::{Audio, Effect, LegEffect};
use super::utterance::{Growth, Purpose, Source, Utterance, Voicing, unspoken};
use crate::agent::Expect;
use crate::language::Language;
use crate::privacy::Pii;
use crate::tts::sentence::Splitter;
use crate::tts::{Event, Input, Times};

/// So much unplayed speech is enough: the rest of the text waits (DESIGN.md, rule 13).
const UNPLAYED_AT_MOST: u64 = 15 * RATE as u64;
/// With less than this unplayed, audio that is missing will soon be missed: 300 ms.
const NEARLY_DRY: u64 = 4_800;

/// Whether speech may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// Nothing new begins: the caller may be about to go on.
    Held,
    /// The audible utterance is paused on the leg.
    Paused,
}

/// Who knows what the caller has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Playback {
    /// The leg: what has left is heard.
    Sent,
    /// A carrier that buffers, and reports by marks what it has played.
    Marked,
}

/// What the voice's news mean to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Nothing,
    FirstAudio,
    Audio,
    /// The present voice failed; [`Mouth::next_voice`] is due.
    Failed,
}

/// An utterance that has left the mouth, whole or cut.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) purpose: Purpose,
    pub(super) text: String,
    pub(super) heard: Extent,
    pub(super) expect: Expect,
}

/// How much of an utterance was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// To a word that is known so well.
    Cut(Times),
}

impl Extent {
    pub(super) const fn is_cut(self) -> bool {
        match self {
            Self::Whole => false,
            Self::Cut(_) => true,
        }
    }
}

#[derive(Debug)]
pub(super) struct Mouth {
    language: Language,
    voices: usize,
    next: SpeechId,
    queue: VecDeque<Utterance>,
    /// The utterance at the head of the queue that the leg was told is audible.
    audible: Option<SpeechId>,
    gate: Gate,
    playback: Playback,
    /// The text of the answer that is being streamed, until it makes a clause.
    splitter: Option<Splitter>,
    /// What the caller heard last, for telling echo from words.
    recent: String,
}

impl Mouth {
    pub(super) fn new(language: Language, voices: usize) -> Self {
        Self {
            language,
            voices,
            next: SpeechId { generation: 1, utterance: 0, attempt: 0 },
            queue: VecDeque::new(),
            audible: None,
            gate: Gate::Held,
            playback: Playback::Sent,
            splitter: None,
            recent: String::new(),
        }
    }

    pub(super) fn speak(&mut self, language: Language) {
        self.language = language;
    }

    /// Says a phrase that was rendered before the call.
    pub(super) fn say_canned(&mut self, purpose: Purpose, expect: Expect, text: &str, audio: Audio) {
        let id = self.new_id();
        self.queue.push_back(Utterance::canned(id, purpose, expect, text, audio));
    }

    /// Says a text with a voice.
    pub(super) fn say(&mut self, purpose: Purpose, expect: Expect, text: &str) {
        self.open(purpose, expect);
        self.text(text);
        self.close();
    }

    /// Begins an utterance whose text is streamed: [`Mouth::text`], then [`Mouth::close`].
    pub(super) fn open(&mut self, purpose: Purpose, expect: Expect) {
        let id = self.new_id();
        let source = Source::Voice { voice: 0, sent: 0, state: Voicing::Waiting };
        self.queue.push_back(Utterance::new(id, purpose, expect, source));
        self.splitter = Some(Splitter::new(self.language));
    }

    pub(super) fn is_open(&self) -> bool {
        self.splitter.is_some()
    }

    pub(super) fn text(&mut self, text: &str) {
        let Some(splitter) = &mut self.splitter else { return };
        splitter.push(text);
        let Some(utterance) = self.queue.back_mut() else { return };
        while let Some(piece) = splitter.poll() {
            utterance.add_text(&piece);
        }
    }

    pub(super) fn expect(&mut self, expect: Expect) {
        if let (Some(_), Some(utterance)) = (&self.splitter, self.queue.back_mut()) {
            utterance.expect = expect;
        }
    }

    /// Whether whole clauses of the utterance that is being streamed are there.
    pub(super) fn has_words(&self) -> bool {
        self.splitter.is_some() && self.queue.back().is_some_and(|utterance| !utterance.text.trim().is_empty())
    }

    /// Forgets the text that makes no whole clause yet: whoever said it will not finish it.
    pub(super) fn drop_unsent(&mut self) {
        if let Some(splitter) = &mut self.splitter {
            *splitter = Splitter::new(self.language);
        }
    }

    /// Ends the streamed utterance. Whether it has words.
    pub(super) fn close(&mut self) -> bool {
        let Some(mut splitter) = self.splitter.take() else { return false };
        let Some(utterance) = self.queue.back_mut() else { return false };
        while let Some(piece) = splitter.finish() {
            utterance.add_text(&piece);
        }
        utterance.complete();
        let has_words = !utterance.text.trim().is_empty();
        if !has_words {
            self.queue.pop_back();
        }
        has_words
    }

    /// Gives text to the voice and the head of the queue to the leg, as far as both may go now. Whether a voice was given text.
    pub(super) fn pump(&mut self, out: &mut VecDeque<Effect>) -> bool {
        let gave = self.give_text(out);
        let gate = self.gate;
        let Some(head) = self.queue.front_mut() else { return gave };
        if self.audible != Some(head.id) && gate == Gate::Open && head.received > 0 {
            self.audible = Some(head.id);
            out.push_back(Effect::Leg(LegEffect::Audible(head.id)));
        }
        if self.audible == Some(head.id) && head.all_offered() && head.growth != Growth::Ended {
            head.growth = Growth::Ended;
            out.push_back(Effect::Leg(LegEffect::SpeechEnd(head.id)));
        }
        gave
    }

    /// A voice speaks one utterance at a time: the first that is not done has it, the others wait their turn. Clause by clause,
    /// while what is unplayed and what the voice was given and has not spoken yet are not too much together.
    fn give_text(&mut self, out: &mut VecDeque<Effect>) -> bool {
        let unplayed: u64 = self.queue.iter().map(Utterance::unplayed).sum();
        let mut gave = false;
        let language = self.language;
        for utterance in &mut self.queue {
            let Source::Voice { voice, sent, state } = &mut utterance.source else { continue };
            if *state == Voicing::Done {
                continue;
            }
            let (voice, id) = (*voice, utterance.id);
            while let Some(&end) = utterance.clauses.front()
                && unplayed + unspoken(*sent, &utterance.words, utterance.received) < UNPLAYED_AT_MOST
            {
                if *state == Voicing::Waiting {
                    *state = Voicing::Open;
                    out.push_back(Effect::Tts { voice, input: Input::Begin { id, language } });
                }
                let text = Pii::new(utterance.text[*sent..end].to_owned());
                *sent = end;
                utterance.clauses.pop_front();
                gave = true;
                out.push_back(Effect::Tts { voice, input: Input::Text { id, text } });
            }
            if utterance.growth.is_complete() && *state == Voicing::Open && *sent == utterance.text.len() {
                *state = Voicing::Closed;
                out.push_back(Effect::Tts { voice, input: Input::End { id } });
            }
            return gave;
        }
        gave
    }

    pub(super) fn handle(&mut self, event: Event) -> News {
        let id = match &event {
            Event::Audio { id, .. } | Event::Word { id, .. } | Event::Done { id, .. } | Event::Failed { id, .. } => *id,
        };
        let Some(utterance) = self.queue.iter_mut().find(|utterance| utterance.id == id) else { return News::Nothing };
        match event {
            Event::Audio { audio, .. } if utterance.babbles(audio.len()) => News::Failed,
            Event::Audio { audio, .. } => {
                let first = utterance.received == 0;
                utterance.add_audio(audio);
                if first { News::FirstAudio } else { News::Audio }
            }
            Event::Word { at, len, from, to, exact, .. } => {
                let times = if exact { Times::Exact } else { Times::Estimated };
                utterance.add_word(at, len, from, to, times);
                News::Nothing
            }
            Event::Done { .. } if utterance.received == 0 => News::Failed,
            Event::Done { .. } => {
                if let Source::Voice { state, .. } = &mut utterance.source {
                    *state = Voicing::Done;
                }
                News::Nothing
            }
            Event::Failed { .. } => News::Failed,
        }
    }

    /// Whether audio is owed by a voice and nearly nothing is left to play before it is missed: its deadline runs. What waits behind it
    /// cannot be played before.
    pub(super) fn is_starving(&self) -> bool {
        let mut unplayed = 0;
        for utterance in &self.queue {
            unplayed += utterance.unplayed();
            let waiting = match utterance.source {
                Source::Voice { state: Voicing::Open, sent, .. } => utterance.received == 0 && sent > 0,
                Source::Voice { state: Voicing::Closed, .. } => true,
                Source::Voice { state: Voicing::Waiting | Voicing::Done, .. } | Source::Canned => false,
            };
            if waiting {
                return unplayed < NEARLY_DRY;
            }
        }
        false
    }

    /// The next samples for the leg, if the audible utterance has some.
    pub(super) fn poll_audio(&mut self, room: usize) -> Option<(SpeechId, &[i16])> {
        if self.gate == Gate::Paused {
            return None;
        }
        let head = self.queue.front_mut()?;
        if self.audible != Some(head.id) {
            return None;
        }
        let id = head.id;
        head.next_audio(room).map(|audio| (id, audio))
    }

    pub(super) fn played(&mut self, id: SpeechId, samples: u64) {
        if let Some(head) = self.queue.front_mut().filter(|head| head.id == id) {
            head.played = samples;
        }
    }

    /// The carrier has played so much of a speech.
    pub(super) fn confirmed(&mut self, id: SpeechId, samples: u64) {
        self.playback = Playback::Marked;
        if let Some(head) = self.queue.front_mut().filter(|head| head.id == id) {
            head.confirmed = head.confirmed.max(samples);
        }
    }

    /// A slot of this utterance passed without audio. How many have by now whose audio its voice owed, in all.
    pub(super) fn ran_dry(&mut self, id: SpeechId) -> Duration {
        match self.queue.front_mut() {
            Some(head) if head.id == id => head.ran_dry(),
            Some(_) | None => Duration::ZERO,
        }
    }

    /// The leg has sent the last sample: the utterance is out of the queue and part of what was said.
    pub(super) fn finished(&mut self, id: SpeechId) -> Option<Said> {
        let head = self.queue.pop_front_if(|head| head.id == id)?;
        self.audible = None;
        self.remember(&head.text);
        Some(Said { purpose: head.purpose, text: head.text, heard: Extent::Whole, expect: head.expect })
    }

    /// Something is being said, or will be as soon as its audio comes.
    pub(super) fn is_busy(&self) -> bool {
        !self.queue.is_empty()
    }

    /// That the call is recorded is being said, or will be.
    pub(super) fn is_announcing(&self) -> bool {
        self.queue.iter().any(|utterance| utterance.purpose == Purpose::Announcement)
    }

    /// An answer, not a filler, is on its way or audible.
    pub(super) fn has_answer(&self) -> bool {
        self.queue.iter().any(|utterance| match utterance.purpose {
            Purpose::Answer | Purpose::Notice | Purpose::Announcement => utterance.received > 0,
            Purpose::Filler => false,
        })
    }

    /// Audio of an answer is here and not yet heard.
    pub(super) fn has_unplayed_answer(&self) -> bool {
        self.queue.iter().any(|utterance| match utterance.purpose {
            Purpose::Answer | Purpose::Notice | Purpose::Announcement => utterance.unplayed() > 0,
            Purpose::Filler => false,
        })
    }

    /// The purpose of what is audible now.
    pub(super) fn audible_purpose(&self) -> Option<Purpose> {
        let audible = self.audible?;
        self.queue.front().filter(|head| head.id == audible).map(|head| head.purpose)
    }

    pub(super) fn expecting(&self) -> Option<&Expect> {
        self.queue.front().map(|head| &head.expect)
    }

    /// Stops at the next slot, at a place from which it can go on; or keeps anything from beginning.
    pub(super) fn pause(&mut self, out: &mut VecDeque<Effect>) {
        if self.audible.is_some() && self.gate != Gate::Paused {
            self.gate = Gate::Paused;
            out.push_back(Effect::Leg(LegEffect::Pause));
        } else if self.audible.is_none() {
            self.gate = Gate::Held;
        }
    }

    /// Goes on where it was paused or held.
    pub(super) fn release(&mut self, out: &mut VecDeque<Effect>) {
        if self.gate == Gate::Paused
            && let Some(head) = self.queue.front()
        {
            out.push_back(Effect::Leg(LegEffect::Resume { back: head.resume_back() }));
        }
        self.gate = Gate::Open;
    }

    /// Silences everything and forgets what was not heard. Returns what was.
    pub(super) fn cut(&mut self, out: &mut VecDeque<Effect>) -> Option<Said> {
        self.splitter = None;
        for utterance in &self.queue {
            if let Source::Voice { voice, state: Voicing::Open | Voicing::Closed, .. } = utterance.source {
                out.push_back(Effect::Tts { voice, input: Input::Cancel { id: utterance.id } });
            }
        }
        let said = self.audible.take().and_then(|_| {
            out.push_back(Effect::Leg(LegEffect::Mute));
            out.push_back(Effect::ClearStream);
            let head = self.queue.pop_front()?;
            let heard = match self.playback {
                Playback::Sent => head.played,
                Playback::Marked => head.confirmed.min(head.played),
            };
            let text = head.heard(heard).trim().to_owned();
            let extent = Extent::Cut(head.certainty(heard));
            Some(Said { purpose: head.purpose, text, heard: extent, expect: head.expect })
        });
        self.queue.clear();
        self.next = SpeechId { generation: self.next.generation + 1, utterance: 0, attempt: 0 };
        self.gate = Gate::Open;
        if let Some(said) = &said {
            let text = said.text.clone();
            self.remember(&text);
        }
        said
    }

    /// The words the caller heard last or is hearing: what an echo of ours would say.
    pub(super) fn recent_words(&self) -> String {
        let audible = self.queue.front().filter(|head| self.audible == Some(head.id)).map_or("", |head| &head.text);
        format!("{} {audible}", self.recent)
    }

    fn remember(&mut self, text: &str) {
        text.clone_into(&mut self.recent);
    }

    fn new_id(&mut self) -> SpeechId {
        self.next.utterance += 1;
        SpeechId { attempt: 0, ..self.next }
    }
}
