//! Which words are whose: utterances that were begun and ended at a recogniser, what it says of them, and the flush that waits for them.
//!
//! Pure. Places are samples of the call; words have the place of their utterance. Utterances are numbered from nought on, one for each
//! that is begun.

use std::collections::VecDeque;

use attendant_media::frame::Samples;

use crate::privacy::Pii;
use crate::stt::Event;

/// What was never made final has no confidence.
const NEVER_FINAL: f32 = 0.0;

#[derive(Clone, Debug)]
struct Utterance {
    number: u32,
    from: Samples,
    to: Samples,
    /// What was heard of it so far.
    partial: String,
}

#[derive(Debug, Default)]
pub(super) struct Utterances {
    next: u32,
    open: Option<Utterance>,
    /// Ended, and not yet final.
    awaited: VecDeque<Utterance>,
    /// Last words were asked for up to here, when so many utterances had been begun.
    flush: Option<(Samples, u32)>,
}

impl Utterances {
    pub(super) fn begin(&mut self, from: Samples) {
        self.open = Some(Utterance { number: self.next, from, to: from, partial: String::new() });
        self.next += 1;
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Where the open one began.
    pub(super) fn begun(&self) -> Option<Samples> {
        self.open.as_ref().map(|utterance| utterance.from)
    }

    /// It has so much audio.
    pub(super) fn goes_on(&mut self, to: Samples) {
        if let Some(open) = &mut self.open {
            open.to = open.to.max(to);
        }
    }

    /// No more audio of it.
    pub(super) fn end(&mut self, to: Samples) {
        if let Some(open) = self.open.take() {
            self.awaited.push_back(Utterance { to: to.max(open.from), ..open });
        }
    }

    pub(super) fn flush(&mut self, up_to: Samples, out: &mut Vec<Event>) {
        self.flush = Some((up_to, self.next));
        self.flushed(out);
    }

    /// Whether words are owed that will not change.
    pub(super) fn is_awaiting(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// Words so far, of which the first `stable` bytes will not change.
    pub(super) fn partial(&mut self, number: u32, text: &str, stable: usize, out: &mut Vec<Event>) {
        let all = self.open.iter_mut().chain(&mut self.awaited);
        // One that overtook its final, or that is not wanted any more, is old.
        let Some(utterance) = all.into_iter().find(|utterance| utterance.number == number) else { return };
        if text.trim().is_empty() {
            return;
        }
        text.clone_into(&mut utterance.partial);
        let (text, from, to) = (Pii::new(utterance.partial.clone()), utterance.from, utterance.to);
        out.push(Event::Partial { text, stable, from, to });
    }

    /// `true` if the open one is over that was not ended here: no more audio is taken for it.
    pub(super) fn fin(&mut self, number: u32, text: &str, confidence: f32, out: &mut Vec<Event>) -> bool {
        let place = self.awaited.iter().position(|utterance| utterance.number == number);
        let (utterance, was_open) = match place.and_then(|place| self.awaited.remove(place)) {
            Some(utterance) => (utterance, false),
            None => match self.open.take_if(|open| open.number == number) {
                Some(open) => (open, true),
                None => return false,
            },
        };
        say(&utterance, text, confidence, out);
        self.flushed(out);
        was_open
    }

    /// The vendor is there and has had long enough: what was heard is all there is.
    pub(super) fn settle(&mut self, out: &mut Vec<Event>) {
        for utterance in std::mem::take(&mut self.awaited) {
            say(&utterance, &utterance.partial, NEVER_FINAL, out);
        }
        self.flushed(out);
    }

    fn flushed(&mut self, out: &mut Vec<Event>) {
        let owed = |through| self.awaited.iter().any(|utterance| utterance.number < through);
        if let Some((up_to, _)) = self.flush.take_if(|(_, through)| !owed(*through)) {
            out.push(Event::Flushed { up_to });
        }
    }
}

fn say(utterance: &Utterance, text: &str, confidence: f32, out: &mut Vec<Event>) {
    let (from, to) = (utterance.from, utterance.to);
    let text = text.trim();
    out.push(if text.is_empty() {
        Event::Listening { up_to: to }
    } else {
        Event::Final { text: Pii::new(text.to_owned()), from, to, confidence, language: None }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fin(text: &str, from: u64, to: u64, confidence: f32) -> Event {
        let text = Pii::new(text.to_owned());
        Event::Final { text, from: Samples(from), to: Samples(to), confidence, language: None }
    }

    #[test]
    fn a_flush_waits_for_every_utterance_before_it_and_none_after() {
        let (mut all, mut out) = (Utterances::default(), Vec::new());
        all.begin(Samples(100));
        all.end(Samples(200));
        all.begin(Samples(300));
        all.end(Samples(400));
        all.flush(Samples(400), &mut out);
        all.begin(Samples(500));
        assert!(!all.fin(1, "two", 1.0, &mut out) && out.len() == 1, "{out:?}");
        assert!(!all.fin(0, " one ", 1.0, &mut out));
        let flushed = Event::Flushed { up_to: Samples(400) };
        assert_eq!(out, [fin("two", 300, 400, 1.0), fin("one", 100, 200, 1.0), flushed]);
        // With nothing owed there is nothing to wait for.
        out.clear();
        all.flush(Samples(450), &mut out);
        assert_eq!(out, [Event::Flushed { up_to: Samples(450) }]);
    }

    #[test]
    fn a_partial_after_its_final_is_old_and_an_empty_final_is_a_sign_of_life() {
        let (mut all, mut out) = (Utterances::default(), Vec::new());
        all.begin(Samples(100));
        all.goes_on(Samples(900));
        all.end(Samples(800));
        all.fin(0, "", 1.0, &mut out);
        all.partial(0, "hello", 0, &mut out);
        assert_eq!(out, [Event::Listening { up_to: Samples(800) }]);
    }

    #[test]
    fn words_that_are_never_made_final_are_taken_as_they_are() {
        let (mut all, mut out) = (Utterances::default(), Vec::new());
        all.begin(Samples(100));
        all.goes_on(Samples(900));
        all.partial(0, "yes please", 0, &mut out);
        all.end(Samples(900));
        all.flush(Samples(900), &mut out);
        out.clear();
        all.settle(&mut out);
        assert_eq!(out, [fin("yes please", 100, 900, 0.0), Event::Flushed { up_to: Samples(900) }]);
        assert!(!all.fin(0, "yes please", 1.0, &mut out), "late: it counts no more");
        assert_eq!(out.len(), 2);
    }

    #[test]
    fn one_that_the_vendor_ends_by_itself_is_over() {
        let (mut all, mut out) = (Utterances::default(), Vec::new());
        all.begin(Samples(100));
        all.goes_on(Samples(900));
        assert!(all.fin(0, "hello", 1.0, &mut out) && !all.is_open());
        assert_eq!(out, [fin("hello", 100, 900, 1.0)]);
    }
}
