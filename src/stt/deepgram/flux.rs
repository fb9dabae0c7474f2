//! What Flux says over v2, read: its turns become partials, eager ends, resumptions and finals.
//!
//! A message holds the whole turn's words, so a partial is passed on only when they have changed. A flush is over when the turn has
//! ended, or when no turn is open and the audio it was about has been heard; silence is not sent, so that the last of it may never be
//! spoken of. ForceEndTurn ends only what was recognised by then, and
//! is ignored where no turn is open (its page, 2026-11-21): a turn that opens after it is asked to end once more.

mod message;

use std::collections::VecDeque;

use attendant_media::frame::Samples;
use message::{Kind, Message, TurnInfo};

use super::clock::Clock;
use super::revised::behind;
use super::{failed, not_configured};
use crate::privacy::Pii;
use crate::provider::{ErrorKind, ProviderError, code};
use crate::stt::Event;

/// Words begin about so long before Flux reports that a turn has: used where it gives no times of words.
const NOTICED_AFTER: Samples = Samples::from_millis(500);

/// Flux speaks of every 250 ms of audio, as its page says: twice that at the end of what was sent, all of it silence, may go without a word.
const UNSPOKEN: Samples = Samples::from_millis(500);

#[derive(Debug)]
struct Turn {
    from: Samples,
    to: Samples,
    text: String,
    /// With what was taken of it before.
    whole: String,
}

#[derive(Clone, Copy, Debug)]
struct Flush {
    up_to: Samples,
    /// What Flux must have spoken of.
    sent: Samples,
    asked_again: bool,
}

/// What the session is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// Flux takes audio now.
    Ready,
    ForceEndTurn,
}

#[derive(Debug, Default)]
pub(super) struct Reading {
    turn: Option<Turn>,
    /// Words of the turn of this index were taken already, up to this text: the next messages begin with them, or with what Flux thinks of
    /// them now.
    taken: Option<(u64, String)>,
    /// Everything before this is in a turn that has ended.
    closed: Samples,
    covered: Samples,
    /// Each is answered, in turn.
    flushes: VecDeque<Flush>,
    last_index: u64,
}

impl Reading {
    pub(super) fn read(&mut self, text: &str, clock: &Clock, out: &mut Vec<Event>) -> Result<Due, ProviderError> {
        match message::read(text)? {
            Message::Connected => return Ok(Due::Ready),
            Message::TurnInfo(info) => return Ok(self.turn_info(info, clock, out)),
            Message::ConfigureFailure => not_configured(),
            Message::Error { code: told } => {
                let told = code(&told).unwrap_or("without a code");
                return Err(failed(ErrorKind::Server, &format!("an error message, {told}")));
            }
            Message::Other => {}
        }
        Ok(Due::Nothing)
    }

    fn turn_info(&mut self, info: TurnInfo, clock: &Clock, out: &mut Vec<Event>) -> Due {
        let end = clock.at(info.audio_window_end);
        self.covered = self.covered.max(end);
        self.last_index = info.turn_index;
        out.push(Event::Listening { up_to: end });
        let text = self.untaken(&info).to_owned();
        let first = info.words.first().and_then(|word| word.start).filter(|_| self.taken.is_none());
        let first = first.map(|seconds| clock.at(seconds));
        let last = info.words.last().and_then(|word| word.end).map_or(end, |seconds| clock.at(seconds));
        let opens = match info.event {
            Kind::StartOfTurn => true,
            Kind::Update | Kind::EagerEndOfTurn | Kind::TurnResumed | Kind::EndOfTurn => !text.is_empty(),
            Kind::Other => false,
        };
        if opens && self.turn.is_none() {
            let begun = clock.at(info.audio_window_start).max(end.saturating_sub(NOTICED_AFTER)).max(self.closed);
            let from = first.unwrap_or(begun).max(self.closed);
            out.push(Event::SpeechStart { at: from });
            self.turn = Some(Turn { from, to: last.max(from), text: String::new(), whole: String::new() });
        }
        if let Some(turn) = &mut self.turn {
            if let Some(first) = first {
                turn.from = first.max(self.closed);
            }
            turn.to = last.max(turn.from);
            if turn.text != text && !text.is_empty() && info.event != Kind::EndOfTurn {
                // Until the turn has ended Flux may think again about all of it.
                let partial = Pii::new(text.clone());
                out.push(Event::Partial { text: partial, stable: 0, from: turn.from, to: turn.to });
            }
            turn.text = text;
            info.transcript.trim().clone_into(&mut turn.whole);
        }
        match info.event {
            Kind::EagerEndOfTurn => out.push(Event::EagerEnd { at: end }),
            Kind::TurnResumed => out.push(Event::Resumed { at: end }),
            Kind::EndOfTurn => return self.end_of_turn(end, &info, out),
            Kind::StartOfTurn | Kind::Update | Kind::Other => {}
        }
        self.go_on_flushing(out)
    }

    fn end_of_turn(&mut self, end: Samples, info: &TurnInfo, out: &mut Vec<Event>) -> Due {
        if let Some(turn) = self.turn.take().filter(|turn| !turn.text.is_empty()) {
            let confidence = info.end_of_turn_confidence;
            let text = Pii::new(turn.text);
            out.push(Event::Final { text, from: turn.from, to: turn.to, confidence, language: None });
        }
        self.closed = self.closed.max(end);
        self.taken = None;
        if let Some(flush) = self.flushes.pop_front() {
            out.push(Event::Flushed { up_to: flush.up_to });
        } else if info.trigger.as_deref() != Some("manual") {
            out.push(Event::EndOfTurn { at: end, confidence: info.end_of_turn_confidence });
        }
        self.go_on_flushing(out)
    }

    /// The words of the turn that were not taken before it ended.
    fn untaken<'a>(&self, info: &'a TurnInfo) -> &'a str {
        let text = info.transcript.trim();
        match &self.taken {
            Some((index, taken)) if *index == info.turn_index => behind(taken, text),
            Some(_) | None => text,
        }
    }

    fn go_on_flushing(&mut self, out: &mut Vec<Event>) -> Due {
        let (covered, closed) = (self.covered, self.closed);
        if self.turn.is_none() {
            let over = |flush: &mut Flush| closed >= flush.up_to || covered >= flush.sent;
            while let Some(flush) = self.flushes.pop_front_if(over) {
                out.push(Event::Flushed { up_to: flush.up_to });
            }
            return Due::Nothing;
        }
        // A turn that opened after it was asked to end is asked again: the first request found none.
        let mut due = Due::Nothing;
        for flush in self.flushes.iter_mut().filter(|flush| covered >= flush.sent && !flush.asked_again) {
            flush.asked_again = true;
            due = Due::ForceEndTurn;
        }
        due
    }

    /// Last words are wanted. What Flux has ended by itself needs no asking.
    pub(super) fn flush(&mut self, up_to: Samples, clock: &Clock, out: &mut Vec<Event>) -> Due {
        self.flush_of(up_to, clock.now(), out)
    }

    /// The same while nothing is sent.
    pub(super) fn flush_at_rest(&mut self, up_to: Samples, clock: &Clock, out: &mut Vec<Event>) -> Due {
        self.flush_of(up_to, spoken_of(clock), out)
    }

    fn flush_of(&mut self, up_to: Samples, sent: Samples, out: &mut Vec<Event>) -> Due {
        self.flushes.push_back(Flush { up_to, sent, asked_again: false });
        if self.turn.is_none() {
            self.go_on_flushing(out);
        }
        if self.is_flushing() { Due::ForceEndTurn } else { Due::Nothing }
    }

    /// Nothing more is sent for now.
    pub(super) fn rest(&mut self, clock: &Clock, out: &mut Vec<Event>) -> Due {
        for flush in &mut self.flushes {
            flush.sent = flush.sent.min(spoken_of(clock));
        }
        self.go_on_flushing(out)
    }

    pub(super) fn is_flushing(&self) -> bool {
        !self.flushes.is_empty()
    }

    /// No words are under way.
    pub(super) fn is_settled(&self) -> bool {
        self.flushes.is_empty() && self.turn.is_none()
    }

    /// ForceEndTurn has had no answer for long: if the audio was heard at all, what there is is all there is.
    pub(super) fn flush_late(&mut self, out: &mut Vec<Event>) {
        let heard = self.flushes.partition_point(|flush| flush.up_to.min(flush.sent) <= self.covered);
        let Some(last) = heard.checked_sub(1).map(|last| self.flushes[last]) else { return };
        if self.turn.as_ref().is_some_and(|turn| turn.to <= last.up_to || heard == self.flushes.len()) {
            self.settle(out);
        }
        if self.turn.is_none() {
            out.extend(self.flushes.drain(..heard).map(|flush| Event::Flushed { up_to: flush.up_to }));
        }
    }

    /// Words that nobody will make final any more.
    pub(super) fn settle(&mut self, out: &mut Vec<Event>) {
        let Some(turn) = self.turn.take().filter(|turn| !turn.text.is_empty()) else { return };
        self.taken = Some((self.last_index, turn.whole));
        self.closed = self.closed.max(turn.to);
        out.push(Event::Final {
            text: Pii::new(turn.text),
            from: turn.from,
            to: turn.to,
            confidence: 0.0,
            language: None,
        });
    }
}

/// While nothing is sent, Flux has nothing to say of what comes after this.
fn spoken_of(clock: &Clock) -> Samples {
    clock.now().saturating_sub(UNSPOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(event: &str, index: u64, text: &str, from: f64, to: f64, more: &str) -> String {
        format!(
            r#"{{"type":"TurnInfo","request_id":"r","sequence_id":3,"event":"{event}","turn_index":{index},
            "audio_window_start":{from},"audio_window_end":{to},"transcript":"{text}","words":[],
            "end_of_turn_confidence":0.8{more}}}"#
        )
    }

    struct Bench {
        reading: Reading,
        clock: Clock,
    }

    impl Bench {
        fn new() -> Self {
            let mut clock = Clock::default();
            clock.take(Samples(16_000), 64_000);
            Self { reading: Reading::default(), clock }
        }

        fn read(&mut self, text: &str) -> (Due, Vec<String>) {
            let mut out = Vec::new();
            let due = self.reading.read(text, &self.clock, &mut out).unwrap();
            let is_news = |event: &&Event| !matches!(event, Event::Listening { .. });
            (due, out.iter().filter(is_news).map(short).collect())
        }
    }

    fn short(event: &Event) -> String {
        match event {
            Event::Partial { text, from, to, .. } => format!("partial {} {}..{}", text.reveal(), from.0, to.0),
            Event::Final { text, from, to, .. } => format!("final {} {}..{}", text.reveal(), from.0, to.0),
            Event::SpeechStart { at } => format!("start {}", at.0),
            Event::EagerEnd { at } => format!("eager {}", at.0),
            Event::Resumed { at } => format!("resumed {}", at.0),
            Event::EndOfTurn { at, .. } => format!("end {}", at.0),
            Event::Flushed { up_to } => format!("flushed {}", up_to.0),
            Event::Ready | Event::Listening { .. } | Event::Left | Event::Failed(_) => panic!("not from here"),
        }
    }

    #[test]
    fn every_message_about_the_audio_is_a_sign_of_life() {
        let mut bench = Bench::new();
        let mut out = Vec::new();
        bench.reading.read(&info("Update", 0, "", 0.0, 2.0, ""), &bench.clock, &mut out).unwrap();
        assert_eq!(out, [Event::Listening { up_to: Samples(48_000) }]);
    }

    #[test]
    fn a_turn_with_a_doubt_in_it_is_read() {
        let mut bench = Bench::new();
        let mut all = Vec::new();
        for text in [
            r#"{"type":"Connected","request_id":"r","sequence_id":0}"#.to_owned(),
            info("Update", 0, "", 0.0, 0.25, ""),
            info("StartOfTurn", 0, "I need", 0.0, 1.0, ""),
            info("Update", 0, "I need", 0.0, 1.25, ""),
            info("Update", 0, "I need to", 0.0, 1.5, ""),
            info("EagerEndOfTurn", 0, "I need to", 0.0, 1.75, ""),
            info("TurnResumed", 0, "I need to cancel", 0.0, 2.0, ""),
            info("EndOfTurn", 0, "I need to cancel.", 0.0, 2.5, r#","trigger":"model""#),
        ] {
            all.extend(bench.read(&text).1);
        }
        assert_eq!(
            all,
            [
                "start 24000",
                "partial I need 24000..32000",
                "partial I need to 24000..40000",
                "eager 44000",
                "partial I need to cancel 24000..48000",
                "resumed 48000",
                "final I need to cancel. 24000..56000",
                "end 56000",
            ]
        );
    }

    #[test]
    fn times_of_words_are_taken_where_flux_gives_them() {
        let mut bench = Bench::new();
        let words = r#"{"type":"TurnInfo","event":"EndOfTurn","turn_index":0,"audio_window_start":0.0,"audio_window_end":2.0,
            "transcript":"yes","words":[{"word":"yes","confidence":0.9,"start":0.5,"end":0.75}],"end_of_turn_confidence":0.9}"#;
        assert_eq!(bench.read(words).1, ["start 24000", "final yes 24000..28000", "end 48000"]);
    }

    #[test]
    fn a_flush_of_what_flux_has_ended_is_answered_at_once() {
        let mut bench = Bench::new();
        bench.read(&info("EndOfTurn", 0, "yes", 0.0, 2.0, ""));
        let mut out = Vec::new();
        assert_eq!(bench.reading.flush(Samples(47_000), &bench.clock, &mut out), Due::Nothing);
        assert_eq!(out, [Event::Flushed { up_to: Samples(47_000) }]);
    }

    #[test]
    fn a_turn_that_is_forced_to_end_is_no_end_that_flux_found() {
        let mut bench = Bench::new();
        bench.read(&info("StartOfTurn", 0, "six oh", 0.0, 2.0, ""));
        assert_eq!(bench.reading.flush(Samples(47_000), &bench.clock, &mut Vec::new()), Due::ForceEndTurn);
        let (_, said) = bench.read(&info("EndOfTurn", 0, "six oh four", 0.0, 2.5, r#","trigger":"manual""#));
        assert_eq!(said, ["final six oh four 40000..56000", "flushed 47000"]);
    }

    #[test]
    fn a_turn_that_opens_after_it_was_forced_to_end_is_forced_again_once() {
        let mut bench = Bench::new();
        bench.reading.flush(Samples(47_000), &bench.clock, &mut Vec::new());
        assert_eq!(bench.read(&info("StartOfTurn", 0, "yes", 0.0, 2.0, "")).0, Due::Nothing);
        assert_eq!(bench.read(&info("Update", 0, "yes", 0.0, 4.0, "")).0, Due::ForceEndTurn);
        assert_eq!(bench.read(&info("Update", 0, "yes", 0.0, 4.25, "")).0, Due::Nothing);
    }

    #[test]
    fn an_earlier_flush_has_an_answer_of_its_own() {
        let mut bench = Bench::new();
        bench.read(&info("StartOfTurn", 0, "six oh", 0.0, 2.0, ""));
        bench.reading.flush(Samples(47_000), &bench.clock, &mut Vec::new());
        bench.clock.take(Samples(80_000), 16_000);
        bench.reading.flush(Samples(95_000), &bench.clock, &mut Vec::new());
        let (_, said) = bench.read(&info("EndOfTurn", 0, "six oh four", 0.0, 2.5, r#","trigger":"manual""#));
        assert_eq!(said, ["final six oh four 40000..56000", "flushed 47000"]);
        bench.read(&info("StartOfTurn", 1, "one", 2.5, 4.5, ""));
        let (_, said) = bench.read(&info("EndOfTurn", 1, "one two", 2.5, 5.0, r#","trigger":"manual""#));
        assert_eq!(said, ["final one two 80000..96000", "flushed 95000"]);
        // One end of a turn may be the end of what both were about.
        bench.read(&info("StartOfTurn", 2, "three", 4.5, 5.0, ""));
        bench.reading.flush(Samples(95_500), &bench.clock, &mut Vec::new());
        bench.reading.flush(Samples(96_000), &bench.clock, &mut Vec::new());
        let (_, said) = bench.read(&info("EndOfTurn", 2, "three", 4.5, 5.0, r#","trigger":"manual""#));
        assert_eq!(said[1..], ["flushed 95500", "flushed 96000"]);
    }

    #[test]
    fn a_flush_without_a_turn_is_over_when_the_audio_was_heard() {
        let mut bench = Bench::new();
        bench.reading.flush(Samples(47_000), &bench.clock, &mut Vec::new());
        assert_eq!(bench.read(&info("Update", 0, "", 0.0, 3.9, "")).1, [""; 0]);
        assert_eq!(bench.read(&info("Update", 0, "", 0.0, 4.0, "")).1, ["flushed 47000"]);
    }

    #[test]
    fn the_last_of_the_silence_that_was_sent_is_not_waited_for_once_nothing_more_is() {
        let mut bench = Bench::new();
        let mut out = Vec::new();
        bench.read(&info("Update", 0, "", 0.0, 3.8, ""));
        assert_eq!(bench.reading.flush(Samples(70_000), &bench.clock, &mut out), Due::ForceEndTurn);
        assert_eq!(out, []);
        assert_eq!(bench.reading.rest(&bench.clock, &mut out), Due::Nothing);
        assert_eq!(out, [Event::Flushed { up_to: Samples(70_000) }]);
        // Asked in the middle of the silence, long after the audio that was sent.
        out.clear();
        assert_eq!(bench.reading.flush_at_rest(Samples(900_000), &bench.clock, &mut out), Due::Nothing);
        assert_eq!(out, [Event::Flushed { up_to: Samples(900_000) }]);
        // What has not been heard yet is waited for.
        bench.clock.take(Samples(900_000), 64_000);
        assert_eq!(bench.reading.flush_at_rest(Samples(990_000), &bench.clock, &mut out), Due::ForceEndTurn);
        assert_eq!(bench.read(&info("Update", 0, "", 0.0, 7.0, "")).1, [""; 0]);
        assert_eq!(bench.read(&info("Update", 0, "", 0.0, 7.5, "")).1, ["flushed 990000"]);
    }

    #[test]
    fn an_open_turn_is_taken_as_it_is_though_its_end_was_asked_for_in_silence_and_never_came() {
        let mut bench = Bench::new();
        bench.read(&info("StartOfTurn", 0, "are you open", 0.0, 3.75, ""));
        let mut out = Vec::new();
        assert_eq!(bench.reading.flush_at_rest(Samples(900_000), &bench.clock, &mut out), Due::ForceEndTurn);
        bench.reading.flush_late(&mut out);
        assert_eq!(out.iter().map(short).collect::<Vec<_>>(), ["final are you open 68000..76000", "flushed 900000"]);
    }

    #[test]
    fn words_taken_from_an_open_turn_are_not_said_twice() {
        let mut bench = Bench::new();
        bench.read(&info("StartOfTurn", 0, "are you open", 0.0, 3.0, ""));
        bench.reading.flush(Samples(60_000), &bench.clock, &mut Vec::new());
        let mut out = Vec::new();
        bench.reading.flush_late(&mut out);
        assert_eq!(out.iter().map(short).collect::<Vec<_>>(), ["final are you open 56000..64000", "flushed 60000"]);
        let (_, said) = bench.read(&info("EndOfTurn", 0, "are you open today", 0.0, 4.0, ""));
        assert_eq!(said[1..], ["final today 72000..80000", "end 80000"]);
    }

    #[test]
    fn words_taken_from_an_open_turn_are_not_said_twice_though_flux_revises_them() {
        for (taken, ended, rest) in [
            ("I need to cancel", "I need to cancel.", None),
            ("i need to cancel.", "I need to cancel my appointment.", Some("my appointment.")),
            ("I need two cancel", "I need to cancel. My appointment.", Some("My appointment.")),
            ("I need to cancel", "Indeed to cancel", None),
            ("I can not", "I cannot come", Some("come")),
        ] {
            let mut bench = Bench::new();
            bench.read(&info("StartOfTurn", 0, taken, 0.0, 3.0, ""));
            bench.reading.flush(Samples(60_000), &bench.clock, &mut Vec::new());
            bench.reading.flush_late(&mut Vec::new());
            let (_, said) = bench.read(&info("EndOfTurn", 0, ended, 0.0, 4.0, ""));
            let fin = rest.map(|rest| format!("final {rest} 72000..80000"));
            let start = rest.map(|_| "start 72000".to_owned());
            let all: Vec<String> = start.into_iter().chain(fin).chain(["end 80000".to_owned()]).collect();
            assert_eq!(said, all, "{taken} {ended}");
        }
    }

    #[test]
    fn words_that_were_taken_twice_from_a_turn_are_left_out_as_flux_has_them_last() {
        let mut bench = Bench::new();
        bench.read(&info("StartOfTurn", 0, "are you", 0.0, 3.0, ""));
        bench.reading.settle(&mut Vec::new());
        bench.read(&info("Update", 0, "Are you open?", 0.0, 3.5, ""));
        let mut out = Vec::new();
        bench.reading.settle(&mut out);
        assert_eq!(out.iter().map(short).collect::<Vec<_>>(), ["final open? 64000..72000"]);
        let (_, said) = bench.read(&info("EndOfTurn", 0, "Are you open today?", 0.0, 4.0, ""));
        assert_eq!(said[1..], ["final today? 72000..80000", "end 80000"]);
    }

    #[test]
    fn an_error_keeps_its_code() {
        let text = r#"{"type":"Error","sequence_id":3,"code":"INTERNAL_SERVER_ERROR","description":"Jane"}"#;
        let error = Reading::default().read(text, &Clock::default(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.what, "an error message, INTERNAL_SERVER_ERROR");
    }
}
