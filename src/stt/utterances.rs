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
    /// Words made final after it was ended, and how sure of them the vendor is: they are told with the rest of it.
    held: Option<(String, f32)>,
}

impl Utterance {
    /// A place that the vendor told, within the audio it was given.
    fn place(&self, to: Option<Samples>) -> Samples {
        to.filter(|to| *to > self.from).map_or(self.to, |to| to.min(self.to))
    }

    /// These words after those that are held: with a blank between them, but for Chinese.
    fn with_held(&self, text: &str) -> String {
        let Some((held, _)) = &self.held else { return text.to_owned() };
        let parts = |c: char| c.is_whitespace() || ('\u{2e80}'..='\u{9fff}').contains(&c) || c >= '\u{ff00}';
        let blank = if text.is_empty() || held.ends_with(parts) || text.starts_with(parts) { "" } else { " " };
        format!("{held}{blank}{text}")
    }
}

#[derive(Debug, Default)]
pub(super) struct Utterances {
    next: u32,
    open: Option<Utterance>,
    /// Ended, and not yet final.
    awaited: VecDeque<Utterance>,
    /// Last words were asked for up to here, when so many utterances had been begun. Each is answered, in turn.
    flushes: VecDeque<(Samples, u32)>,
}

impl Utterances {
    /// Its number.
    pub(super) fn begin(&mut self, from: Samples) -> u32 {
        let number = self.next;
        self.open = Some(Utterance { number, from, to: from, partial: String::new(), held: None });
        self.next += 1;
        number
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Where the open one began, or, if words of it are settled, where these end.
    pub(super) fn begun(&self) -> Option<Samples> {
        self.open.as_ref().map(|utterance| utterance.from)
    }

    /// Whether the open one has this number.
    pub(super) fn is_open_as(&self, number: u32) -> bool {
        self.open.as_ref().is_some_and(|open| open.number == number)
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

    /// All that matters of the open one was said: nothing is owed of it.
    pub(super) fn leave(&mut self) {
        self.open = None;
    }

    pub(super) fn flush(&mut self, up_to: Samples, out: &mut Vec<Event>) {
        self.flushes.push_back((up_to, self.next));
        self.flushed(out);
    }

    /// Whether words are owed that will not change.
    pub(super) fn is_awaiting(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// One that overtook its final, or that is not wanted any more, is old: `None`.
    fn known(&mut self, number: u32) -> Option<&mut Utterance> {
        self.open.iter_mut().chain(&mut self.awaited).find(|utterance| utterance.number == number)
    }

    /// Words so far, up to `to` if the vendor says so, behind those that are held; the first `stable` bytes will not change, nor will these.
    pub(super) fn partial(
        &mut self,
        number: u32,
        text: &str,
        stable: usize,
        to: Option<Samples>,
        out: &mut Vec<Event>,
    ) {
        let Some(utterance) = self.known(number).filter(|_| !text.trim().is_empty()) else { return };
        utterance.partial = utterance.with_held(text);
        let stable = utterance.partial.len() - text.len() + stable;
        let (text, from, to) = (Pii::new(utterance.partial.clone()), utterance.from, utterance.place(to));
        out.push(Event::Partial { text, stable, from, to });
    }

    /// Words up to `to` that will not change, of an utterance that may have more. In mid-voice they are told at once; of a voice that is over
    /// the call wants one answer, not pieces that it might take for one.
    pub(super) fn settled(
        &mut self,
        number: u32,
        text: &str,
        to: Option<Samples>,
        confidence: f32,
        out: &mut Vec<Event>,
    ) {
        let is_open = self.is_open_as(number);
        let Some(utterance) = self.known(number).filter(|_| !text.trim().is_empty()) else { return };
        if !is_open {
            let sure = utterance.held.as_ref().map_or(confidence, |(_, before)| before.min(confidence));
            utterance.held = Some((utterance.with_held(text), sure));
            return;
        }
        let to = utterance.place(to);
        say(&Utterance { to, ..utterance.clone() }, text, confidence, out);
        utterance.from = to;
        utterance.partial.clear();
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
        let confidence = match &utterance.held {
            Some((_, held)) if text.trim().is_empty() => *held,
            Some(_) | None => confidence,
        };
        say(&utterance, &utterance.with_held(text), confidence, out);
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
        while let Some((up_to, _)) = self.flushes.pop_front_if(|(_, through)| !owed(*through)) {
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
    fn an_earlier_flush_has_an_answer_of_its_own() {
        let (mut all, mut out) = (Utterances::default(), Vec::new());
        all.begin(Samples(100));
        all.end(Samples(200));
        all.flush(Samples(200), &mut out);
        all.begin(Samples(300));
        all.end(Samples(400));
        all.flush(Samples(400), &mut out);
        all.fin(0, "one", 1.0, &mut out);
        assert_eq!(out, [fin("one", 100, 200, 1.0), Event::Flushed { up_to: Samples(200) }]);
        all.fin(1, "two", 1.0, &mut out);
        assert_eq!(out[2..], [fin("two", 300, 400, 1.0), Event::Flushed { up_to: Samples(400) }]);
    }

    #[test]
    fn a_partial_after_its_final_is_old_and_an_empty_final_is_a_sign_of_life() {
        let (mut all, mut out) = (Utterances::default(), Vec::new());
        all.begin(Samples(100));
        all.goes_on(Samples(900));
        all.end(Samples(800));
        all.fin(0, "", 1.0, &mut out);
        all.partial(0, "hello", 0, None, &mut out);
        assert_eq!(out, [Event::Listening { up_to: Samples(800) }]);
    }

    #[test]
    fn words_that_are_never_made_final_are_taken_as_they_are() {
        let (mut all, mut out) = (Utterances::default(), Vec::new());
        all.begin(Samples(100));
        all.goes_on(Samples(900));
        all.partial(0, "yes please", 0, None, &mut out);
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

    #[test]
    fn words_made_final_in_mid_voice_have_their_own_places_and_the_rest_follows_them() {
        let (mut all, mut out) = (Utterances::default(), Vec::new());
        all.begin(Samples(100));
        all.goes_on(Samples(900));
        all.partial(0, "hello the", 5, Some(Samples(600)), &mut out);
        all.settled(0, "Hello.", Some(Samples(400)), 0.5, &mut out);
        // A place beyond what was sent is none.
        all.partial(0, " there", 0, Some(Samples(2_000)), &mut out);
        all.end(Samples(800));
        all.settled(0, " There", Some(Samples(700)), 0.5, &mut out);
        all.settled(0, " now.", Some(Samples(790)), 0.25, &mut out);
        assert!(!all.fin(0, "", 1.0, &mut out));
        let partial = |text: &str, stable, from, to| {
            let text = Pii::new(text.to_owned());
            Event::Partial { text, stable, from: Samples(from), to: Samples(to) }
        };
        let finals = [fin("Hello.", 100, 400, 0.5), fin("There now.", 400, 800, 0.25)];
        assert_eq!(out[..2], [partial("hello the", 5, 100, 600), finals[0].clone()]);
        assert_eq!(out[2..], [partial(" there", 0, 400, 900), finals[1].clone()]);
        for (before, after, whole) in
            [("one", "two", "one two"), ("我要", "预约。", "我要预约。"), ("one ", "two", "one two")]
        {
            let number = all.begin(Samples(900));
            all.goes_on(Samples(1_000));
            all.end(Samples(1_000));
            out.clear();
            all.settled(number, before, None, 1.0, &mut out);
            // What is held will not change, whatever follows it.
            all.partial(number, after, after.len(), None, &mut out);
            all.partial(number, after, 0, None, &mut out);
            let stable = |event: Event| match event {
                Event::Partial { text, stable, .. } => text.reveal()[..stable].trim_end().to_owned(),
                other => panic!("{other:?}"),
            };
            assert_eq!(out.drain(..).map(stable).collect::<Vec<_>>(), [whole, before.trim_end()]);
            all.fin(number, after, 1.0, &mut out);
            assert_eq!(out, [fin(whole, 900, 1_000, 1.0)]);
        }
    }
}
