//! What nova-3 says over v1, read: interim words become partials, final ones finals, and an answer to Finalize ends a flush.
//!
//! Deepgram answers Finalize only if it had audio left to recognise (its page on Finalize says "may"). A flush is therefore also over
//! when something final covers the audio it was about, or, after [`super::session`]'s patience, when anything does.

use std::collections::VecDeque;

use attendant_media::frame::Samples;
use serde::Deserialize;

use super::clock::{Clock, sample};
use super::{failed, not_configured};
use crate::language::chinese::without_blanks;
use crate::privacy::Pii;
use crate::provider::{ErrorKind, ProviderError, code};
use crate::stt::Event;

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Message {
    Results(Results),
    SpeechStarted {
        timestamp: f64,
    },
    Error {
        #[serde(default)]
        variant: Option<String>,
        #[serde(default)]
        code: Option<String>,
    },
    ConfigureFailure,
    /// ConfigureSuccess, Metadata, UtteranceEnd, and whatever is new.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Results {
    start: f64,
    duration: f64,
    #[serde(default)]
    is_final: bool,
    #[serde(default)]
    from_finalize: bool,
    channel: Channel,
}

#[derive(Debug, Deserialize)]
struct Channel {
    #[serde(default)]
    alternatives: Vec<Alternative>,
}

#[derive(Debug, Deserialize)]
struct Alternative {
    transcript: String,
    #[serde(default)]
    confidence: f32,
    #[serde(default)]
    words: Vec<Word>,
}

#[derive(Debug, Deserialize)]
struct Word {
    start: f64,
    end: f64,
}

/// Last words that were asked for.
#[derive(Clone, Copy, Debug)]
struct Flush {
    up_to: Samples,
    /// The end of the audio sent by then, of the connection's.
    sent: Samples,
}

#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Words that are not final yet.
    partial: Option<(String, Samples, Samples)>,
    /// The end of the audio that something was said about.
    covered: Samples,
    /// Everything before this sample of the connection is final, without a gap.
    settled: Samples,
    /// Final stretches of the connection behind a gap: finals may come out of order.
    ahead: Vec<(Samples, Samples)>,
    /// Each is answered, in turn.
    flushes: VecDeque<Flush>,
    finalize: Finalize,
}

/// Which Finalize an answer is to: Deepgram numbers neither, and may leave one unanswered.
#[derive(Debug, Default)]
struct Finalize {
    /// The end of the connection's audio sent by the last one, until it is answered.
    last: Option<Samples>,
    /// The same of one before it that was not answered.
    before: Option<Samples>,
}

impl Finalize {
    fn asked(&mut self, sent: Samples) {
        // About the same audio one answer is enough.
        if self.last != Some(sent) {
            self.before = self.last.replace(sent).or(self.before);
        }
    }

    /// The end of the connection's audio sent by the one that an answer about the audio up to `end` is to.
    fn answered(&mut self, end: Samples) -> Option<Samples> {
        match self.before {
            Some(sent) if end <= sent + ROUNDING => Some(sent),
            Some(_) | None => std::mem::take(self).last,
        }
    }
}

/// The error that ends nothing: "the stream continues with its previous settings" (Deepgram's changelog of 2026-10-02).
const NO_KEYTERMS: &str = "KeytermsNotSupported";

/// Two finals follow each other although their seconds were rounded: 20 ms.
const ROUNDING: Samples = Samples::from_millis(20);

/// A gap that never fills is forgotten: so many stretches behind it.
const MOST_AHEAD: usize = 8;

impl Reading {
    pub(super) fn read(&mut self, text: &str, clock: &Clock, out: &mut Vec<Event>) -> Result<(), ProviderError> {
        let message =
            serde_json::from_str(text).map_err(|_| failed(ErrorKind::Server, "sent a message that cannot be read"))?;
        match message {
            Message::Results(results) => self.results(results, clock, out),
            Message::SpeechStarted { timestamp } => out.push(Event::SpeechStart { at: clock.at(timestamp) }),
            Message::Error { variant, code: told } => {
                let told = variant.as_deref().or(told.as_deref()).and_then(code).unwrap_or("without a code");
                if told == NO_KEYTERMS {
                    not_configured();
                    return Ok(());
                }
                return Err(failed(ErrorKind::Server, &format!("an error message, {told}")));
            }
            Message::ConfigureFailure => not_configured(),
            Message::Other => {}
        }
        Ok(())
    }

    fn results(&mut self, results: Results, clock: &Clock, out: &mut Vec<Event>) {
        let last = sample(results.start + results.duration);
        let end = clock.at(results.start + results.duration);
        self.covered = self.covered.max(end);
        if results.is_final {
            self.settle_to(sample(results.start), last);
        }
        let Some(best) = results.channel.alternatives.into_iter().next() else { return };
        let text = without_blanks(best.transcript.trim());
        let from = clock.at(best.words.first().map_or(results.start, |word| word.start));
        let to = best.words.last().map_or(end, |word| clock.at(word.end));
        match (results.is_final, text.is_empty()) {
            (true, false) => {
                if self.partial.as_ref().is_some_and(|(_, begun, _)| *begun < to) {
                    self.partial = None;
                }
                out.push(Event::Final { text: Pii::new(text), from, to, confidence: best.confidence, language: None });
            }
            (true, true) => {
                self.partial = None;
                out.push(Event::Listening { up_to: end });
            }
            (false, false) => {
                // What it has settled has come as final.
                out.push(Event::Partial { text: Pii::new(text.clone()), stable: 0, from, to });
                self.partial = Some((text, from, to));
            }
            (false, true) => out.push(Event::Listening { up_to: end }),
        }
        let answered = if results.from_finalize { self.finalize.answered(last) } else { None };
        if results.is_final {
            let answered = answered.filter(|_| self.ahead.is_empty());
            let settled = answered.map_or(self.settled, |sent| sent.max(self.settled));
            while let Some(flush) = self.flushes.pop_front_if(|flush| flush.sent <= settled) {
                out.push(Event::Flushed { up_to: flush.up_to });
            }
        }
    }

    fn settle_to(&mut self, begin: Samples, end: Samples) {
        self.ahead.push((begin, end));
        self.ahead.sort_unstable();
        if self.ahead.len() > MOST_AHEAD {
            self.settled = self.ahead[0].0;
        }
        while let Some((_, end)) = self.ahead.first().filter(|(begin, _)| *begin <= self.settled + ROUNDING) {
            self.settled = self.settled.max(*end);
            self.ahead.remove(0);
        }
    }

    /// Last words are wanted: Finalize is due.
    pub(super) fn flush(&mut self, up_to: Samples, clock: &Clock) {
        self.flushes.push_back(Flush { up_to, sent: clock.sent() });
        self.finalize.asked(clock.sent());
    }

    pub(super) fn is_flushing(&self) -> bool {
        !self.flushes.is_empty()
    }

    /// No words are under way.
    pub(super) fn is_settled(&self) -> bool {
        self.flushes.is_empty() && self.partial.is_none()
    }

    /// Finalize has had no answer for long: if the audio was heard at all, what there is is all there is.
    pub(super) fn flush_late(&mut self, out: &mut Vec<Event>) {
        let heard = self.flushes.partition_point(|flush| flush.up_to <= self.covered);
        let Some(last) = heard.checked_sub(1).map(|last| self.flushes[last]) else { return };
        if self.partial.as_ref().is_some_and(|(.., to)| *to <= last.up_to || heard == self.flushes.len()) {
            self.settle(out);
        }
        if self.partial.is_none() {
            out.extend(self.flushes.drain(..heard).map(|flush| Event::Flushed { up_to: flush.up_to }));
        }
    }

    /// Words that nobody will make final any more.
    pub(super) fn settle(&mut self, out: &mut Vec<Event>) {
        if let Some((text, from, to)) = self.partial.take() {
            out.push(Event::Final { text: Pii::new(text), from, to, confidence: 0.0, language: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(text: &str, start: f64, duration: f64, more: &str) -> String {
        format!(
            r#"{{"type":"Results","channel_index":[0,1],"start":{start},"duration":{duration}{more},
            "channel":{{"alternatives":[{{"transcript":"{text}","confidence":0.9,"words":[]}}]}}}}"#
        )
    }

    fn read(reading: &mut Reading, text: &str) -> Vec<Event> {
        let mut clock = Clock::default();
        clock.take(Samples(16_000), 64_000);
        let mut out = Vec::new();
        reading.read(text, &clock, &mut out).unwrap();
        out
    }

    #[test]
    fn interim_words_are_partial_and_final_ones_final_on_the_calls_clock() {
        let mut reading = Reading::default();
        let partial = read(&mut reading, &results("are you", 1.0, 0.5, ""));
        let [Event::Partial { from, to, .. }] = &partial[..] else { panic!("{partial:?}") };
        assert_eq!((*from, *to), (Samples(32_000), Samples(40_000)));
        let word = r#"{"type":"Results","start":1.0,"duration":1.5,"is_final":true,"speech_final":true,"channel":
            {"alternatives":[{"transcript":"Are you open?","confidence":0.98,"words":
            [{"word":"are","start":1.1,"end":1.3},{"word":"open","start":1.5,"end":1.9}]}]}}"#;
        let fin = read(&mut reading, word);
        let [Event::Final { text, from, to, confidence, .. }] = &fin[..] else { panic!("{fin:?}") };
        assert_eq!((text.reveal().as_str(), *from, *to), ("Are you open?", Samples(33_600), Samples(46_400)));
        assert!((confidence - 0.98).abs() < 1e-6);
    }

    #[test]
    fn audio_without_words_is_a_sign_of_life() {
        let mut reading = Reading::default();
        for (text, up_to) in
            [(results("", 1.0, 0.5, ""), 40_000), (results("", 1.0, 1.0, r#","is_final":true"#), 48_000)]
        {
            assert_eq!(read(&mut reading, &text), [Event::Listening { up_to: Samples(up_to) }]);
        }
    }

    #[test]
    fn a_flush_ends_with_the_answer_to_finalize_or_a_final_beyond_it() {
        for (text, ends) in [
            (results("", 0.0, 1.5, r#","is_final":true,"from_finalize":true"#), true),
            (results("", 0.0, 4.0, r#","is_final":true"#), true),
            (results("", 0.0, 2.0, r#","is_final":true"#), false),
            (results("", 1.0, 3.0, r#","is_final":true"#), false),
            (results("yes", 0.0, 4.0, ""), false),
        ] {
            let mut clock = Clock::default();
            clock.take(Samples(16_000), 64_000);
            let mut reading = Reading::default();
            reading.flush(Samples(40_000), &clock);
            assert_eq!(read(&mut reading, &text).contains(&Event::Flushed { up_to: Samples(40_000) }), ends, "{text}");
        }
    }

    #[test]
    fn the_answer_to_an_earlier_finalize_ends_its_own_flush_and_no_later_one() {
        let mut clock = Clock::default();
        clock.take(Samples(16_000), 32_000);
        let mut reading = Reading::default();
        reading.flush(Samples(40_000), &clock);
        clock.take(Samples(48_000), 32_000);
        reading.flush(Samples(70_000), &clock);
        let fin = |text: &str, start: f64, length: f64| {
            results(text, start, length, r#","is_final":true,"from_finalize":true"#)
        };
        let earlier = read(&mut reading, &fin("are you", 0.0, 2.0));
        assert!(
            matches!(&earlier[..], [Event::Final { .. }, Event::Flushed { up_to: Samples(40_000) }]),
            "{earlier:?}"
        );
        let own = read(&mut reading, &fin("open", 2.0, 1.6));
        assert!(matches!(&own[..], [Event::Final { .. }, Event::Flushed { up_to: Samples(70_000) }]), "{own:?}");
    }

    #[test]
    fn a_flush_waits_for_a_final_that_others_overtook() {
        let mut clock = Clock::default();
        clock.take(Samples(16_000), 64_000);
        let mut reading = Reading::default();
        reading.flush(Samples(40_000), &clock);
        let late = results("are you open", 0.0, 2.0, r#","is_final":true"#);
        let early = results("today", 2.0, 2.0, r#","is_final":true,"from_finalize":true"#);
        assert_eq!(read(&mut reading, &early).len(), 1);
        assert!(matches!(&read(&mut reading, &late)[..], [Event::Final { .. }, Event::Flushed { .. }]));
    }

    #[test]
    fn without_an_answer_to_finalize_what_was_heard_is_taken_and_what_was_not_is_waited_for() {
        let mut clock = Clock::default();
        clock.take(Samples(16_000), 64_000);
        let mut reading = Reading::default();
        reading.flush(Samples(60_000), &clock);
        read(&mut reading, &results("yes", 1.0, 1.0, ""));
        let mut out = Vec::new();
        reading.flush_late(&mut out);
        assert_eq!(out, []);
        read(&mut reading, &results("yes please", 1.0, 2.0, ""));
        reading.flush_late(&mut out);
        assert!(matches!(&out[..], [Event::Final { .. }, Event::Flushed { .. }]), "{out:?}");
    }

    #[test]
    fn an_earlier_flush_without_an_answer_is_over_when_its_words_are_all_there() {
        let mut clock = Clock::default();
        clock.take(Samples(16_000), 64_000);
        let mut reading = Reading::default();
        reading.flush(Samples(48_000), &clock);
        reading.flush(Samples(70_000), &clock);
        read(&mut reading, &results("yes", 1.0, 1.0, ""));
        let mut out = Vec::new();
        reading.flush_late(&mut out);
        assert!(matches!(&out[..], [Event::Final { .. }, Event::Flushed { up_to: Samples(48_000) }]), "{out:?}");
        // Words that may be of both wait for both.
        out.clear();
        reading.flush(Samples(90_000), &clock);
        read(&mut reading, &results("yes please", 1.0, 3.5, ""));
        reading.flush_late(&mut out);
        assert_eq!(out, []);
    }

    #[test]
    fn likely_words_that_are_refused_in_mid_stream_end_nothing() {
        let mut reading = Reading::default();
        for text in [
            r#"{"type":"ConfigureSuccess","request_id":"r","keyterms":["Wong"]}"#,
            r#"{"type":"ConfigureFailure","request_id":"r"}"#,
            r#"{"type":"Error","code":"KeytermsNotSupported","description":"not this model"}"#,
        ] {
            assert_eq!(read(&mut reading, text), [], "{text}");
        }
    }

    #[test]
    fn an_error_message_keeps_its_code_and_not_its_words() {
        let text = r#"{"type":"Error","description":"Jane Roe","message":"Jane","variant":"NET-0000"}"#;
        let error = Reading::default().read(text, &Clock::default(), &mut Vec::new()).unwrap_err();
        assert_eq!((error.kind, error.what.as_str()), (ErrorKind::Server, "an error message, NET-0000"));
        let odd = Reading::default().read("<html>", &Clock::default(), &mut Vec::new()).unwrap_err();
        assert_eq!(odd.kind, ErrorKind::Server);
    }
}
