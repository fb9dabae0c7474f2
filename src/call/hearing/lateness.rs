//! Sessions that let the call wait for words, and whose fault it was.
//!
//! Whoever has said words of a voice and not that they were the last is late. Of whom nothing came it is known only once another session finds
//! words in the same voice: else it was a noise, a cough or a television, and nobody's fault.

use std::collections::VecDeque;

use attendant_media::frame::Samples;

use super::{Hearing, OVERHANG};
use crate::call::effect::{Effect, SttEffect};

/// A session that is suspected, and where in the voice the words would be that it owes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspect {
    session: u32,
    beyond: Samples,
    before: Samples,
}

impl Hearing {
    /// The present session was to have told the last words of a voice by now.
    pub(in crate::call) fn owes_last_words(&mut self, out: &mut VecDeque<Effect>) {
        let Some(asked) = self.flushing else { return };
        if self.told().any(|piece| piece.to > asked.from) {
            self.overdue(out);
        } else {
            self.suspect(asked.from, asked.up_to);
        }
    }

    /// The present session gave no sign of life while a voice went on that began at `from`.
    pub(in crate::call) fn owes_words(&mut self, from: Samples, now: Samples) {
        let beyond = self.last().filter(|last| *last > from).map_or(from, |last| last + OVERHANG);
        self.suspect(beyond, now);
    }

    /// The present session is late, whatever was said.
    pub(in crate::call) fn overdue(&self, out: &mut VecDeque<Effect>) {
        out.push_back(Effect::Stt(SttEffect::Late { session: self.session }));
    }

    fn suspect(&mut self, beyond: Samples, before: Samples) {
        self.suspects.push(Suspect { session: self.session, beyond, before });
    }

    /// Whoever is suspected was late if there are words now where it found none.
    pub(in crate::call) fn convict_late(&mut self, out: &mut VecDeque<Effect>) {
        if self.suspects.is_empty() {
            return;
        }
        let told: Vec<(Samples, Samples)> = self.told().map(|piece| (piece.from, piece.to)).collect();
        let present = self.session;
        let (late, rest): (Vec<Suspect>, Vec<Suspect>) =
            self.suspects.iter().copied().partition(|Suspect { session, beyond, before }| {
                *session != present && told.iter().any(|(from, to)| to > beyond && from < before)
            });
        self.suspects = rest;
        out.extend(late.into_iter().map(|Suspect { session, .. }| Effect::Stt(SttEffect::Late { session })));
    }
}
