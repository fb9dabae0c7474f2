//! A recogniser that is at work and has found no word in a voice: whether another one is to hear it again, and whose fault it was.
//!
//! It never takes a noise for a fault: only words that another recogniser finds in the same audio are one. Nor does it cost a noise more than
//! one session: where two find nothing there is nothing, and the second stays. Nor do noises in a row cost more than two: a television may run
//! for the whole call.

use std::collections::VecDeque;

use attendant_media::frame::Samples;

use super::{Flush, Hearing};
use crate::call::effect::{Effect, SttEffect};

/// Voices in a row that are doubted in vain.
const IN_VAIN: u32 = 2;

/// A voice in which no word was found, while another recogniser hears it again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    /// Who found none.
    who: usize,
    /// The end of the voice.
    to: Samples,
}

impl Hearing {
    /// No word was found in a voice: the next session is another recogniser's, which is owed its words. `false`: it is a noise, since two
    /// have found nothing in it, the voices before it were noises too, or nobody is left to ask.
    pub(in crate::call) fn doubt(&mut self, from: Samples, to: Samples, out: &mut VecDeque<Effect>) -> bool {
        if self.doubt.take().is_some() || self.doubts >= IN_VAIN {
            return false;
        }
        let Some(who) = self.hearer(self.language).map(|hearer| hearer.who) else { return false };
        let Some(other) = self.another_than(who) else { return false };
        out.push_back(Effect::Stt(SttEffect::Doubt));
        self.session += 1;
        self.recogniser = other;
        self.doubts += 1;
        self.doubt = Some(Doubt { who, to });
        self.flushing = Some(Flush { from, up_to: to, again: 0 });
        true
    }

    /// Whether words were found in the voice that was doubted. Who missed them is not asked to hear anything again in this call.
    pub(in crate::call) fn convict(&mut self) -> bool {
        let Some(Doubt { who, to }) = self.doubt else { return false };
        let is_another = self.hearer(self.language).is_some_and(|hearer| hearer.who != who);
        let found = is_another && self.first().is_some_and(|first| first < to);
        if found {
            self.doubt = None;
            self.missed.push(who);
        }
        found
    }

    /// The first place where somebody else hears this language who has not missed words.
    fn another_than(&self, who: usize) -> Option<usize> {
        self.recognisers.iter().position(|known| {
            known.get(&self.language).is_some_and(|other| other.who != who && !self.missed.contains(&other.who))
        })
    }
}
