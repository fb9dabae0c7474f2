//! An utterance that cannot go on as it is becomes two: what was said of it, and the rest, which the next voice or the same one says
//! later. No word is lost between them and none comes twice.

use std::collections::VecDeque;

use attendant_media::speech::SpeechId;

use super::Mouth;
use crate::agent::Expect;
use crate::call::effect::{Audio, Effect};
use crate::call::utterance::{Purpose, Source, Utterance, Voicing};
use crate::tts::Input;

impl Mouth {
    /// Replaces the voice that failed: the next attempt says what is left, with the next voice. `false` if there is none.
    pub(in crate::call) fn next_voice(&mut self, out: &mut VecDeque<Effect>) -> bool {
        let Some(place) = self.unmade() else { return true };
        let Source::Voice { voice, .. } = self.queue[place].source else { return true };
        let id = self.queue[place].id;
        let next = voice + 1;
        if next >= self.voices {
            out.push_back(Effect::Tts { voice, input: Input::Cancel { id } });
            self.queue[place].truncate();
            if self.queue[place].received == 0 {
                self.queue.remove(place);
            }
            return false;
        }
        let again = SpeechId { attempt: id.attempt + 1, ..id };
        self.divide(place, again, next, out);
        true
    }

    /// The place of the voice that is at work, and its utterance.
    pub(in crate::call) fn speaking(&self) -> Option<(usize, SpeechId)> {
        let utterance = &self.queue[self.unmade()?];
        match utterance.source {
            Source::Voice { voice, .. } => Some((voice, utterance.id)),
            Source::Canned => None,
        }
    }

    /// The first whose audio is not all there.
    fn unmade(&self) -> Option<usize> {
        self.queue.iter().position(|utterance| !utterance.all_received())
    }

    /// Says a filler now. An answer that is audible but has run dry is divided: what is left of it follows the filler.
    pub(in crate::call) fn say_filler(&mut self, text: &str, audio: Audio, out: &mut VecDeque<Effect>) {
        let mut place = 0;
        if let Some(head) = self.queue.front().filter(|head| self.audible == Some(head.id)) {
            place = 1;
            if let Source::Voice { voice, .. } = head.source
                && !head.all_received()
            {
                let id = self.new_id();
                self.divide(0, id, voice, out);
            }
        }
        let id = self.new_id();
        self.queue.insert(place, Utterance::canned(id, Purpose::Filler, Expect::default(), text, audio));
    }

    /// Ends the utterance where its audio ends, and gives the rest of its text to another one behind it.
    fn divide(&mut self, place: usize, id: SpeechId, voice: usize, out: &mut VecDeque<Effect>) {
        let utterance = &mut self.queue[place];
        if let Source::Voice { voice, state: Voicing::Open | Voicing::Closed, .. } = utterance.source {
            out.push_back(Effect::Tts { voice, input: Input::Cancel { id: utterance.id } });
        }
        let growth = utterance.growth;
        let source = Source::Voice { voice, sent: 0, state: Voicing::Waiting };
        let mut rest = Utterance::new(id, utterance.purpose, utterance.expect.clone(), source);
        rest.add_text(&utterance.truncate());
        rest.growth = growth;
        let nothing_came = utterance.received == 0;
        if !(growth.is_complete() && rest.text.trim().is_empty()) {
            self.queue.insert(place + 1, rest);
        }
        if nothing_came {
            self.queue.remove(place);
        }
    }
}
