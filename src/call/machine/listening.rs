//! What the caller's voice and words mean for the floor: the transitions of [`Floor`] that the caller causes.

use std::time::Duration;

use attendant_media::frame::Samples;

use super::{Line, Machine, Phase, Timer};
use crate::agent::Expect;
use crate::call::effect::Effect;
use crate::call::settings::deadline;
use crate::call::timeline::{BargeIn, Entry};
use crate::call::turn::{Floor, Heard, Verdict, Voice, judge};
use crate::stt;

/// A voice that has had no words for this long is noise: the agent goes on over it, or what was said before it is the turn.
const NOISE: Duration = Duration::from_secs(5);
/// Echoes return within 400 ms, and are noticed a little later.
const ECHO_TAIL: Duration = Duration::from_millis(500);

impl Machine {
    pub(super) fn speech_start(&mut self, at: Samples, echo: f32) {
        self.echo = echo;
        match self.phase {
            Phase::Talking if !self.noise => {}
            // It changes nothing any more, but for a refusal to be recorded.
            Phase::Transferring(Line::Open) | Phase::Closing(_) | Phase::HangingUp(_) => {
                return self.hearing.input(stt::Input::SpeechStart { at }, &mut self.out);
            }
            Phase::Talking
            | Phase::Ringing
            | Phase::OnHold
            | Phase::Transferring(Line::Held)
            | Phase::Leaving(_)
            | Phase::Ended => return,
        }
        // The end that follows is that of a voice, if one is sounding.
        if self.is_echo(echo) && self.floor.voice() != Some(Voice::Sounding) {
            self.echo_watch.begin();
            self.journal(Entry::BargeIn {
                at_us: self.at_us(),
                onset_us: at.as_duration().as_micros() as u64,
                outcome: BargeIn::Echo,
            });
            return;
        }
        self.voice_begins(at);
    }

    pub(super) fn speaking(&mut self, at: Samples, echo: f32) {
        self.echo = echo;
        let is_echo = self.is_echo(echo);
        if let Some(from) = self.echo_watch.speaking(at, is_echo)
            && self.phase == Phase::Talking
        {
            self.voice_begins(from);
        }
    }

    /// Whether a sound of this likelihood is our own: only while we speak, and as long after as an echo travels.
    fn is_echo(&self, likelihood: f32) -> bool {
        let may_be = self.floor == Floor::Agent || self.now.since(self.spoke) < ECHO_TAIL;
        may_be && likelihood > self.config.echo_threshold
    }

    fn voice_begins(&mut self, at: Samples) {
        self.echo_watch.end();
        self.hearing.input(stt::Input::SpeechStart { at }, &mut self.out);
        self.timers.clear(Timer::Silence);
        let voice = Voice::Sounding;
        self.keep_watching(voice);
        // Words of an earlier voice that are still awaited belong to this one.
        let at = self.hearing.unanswered().map_or(at, |(from, _)| from.min(at));
        self.floor = match self.floor {
            Floor::Open => Floor::Caller { from: at, voice },
            Floor::Agent => {
                self.mouth.pause(&mut self.out);
                self.timers.clear(Timer::Filler);
                self.timers.set(Timer::Contest, self.now + NOISE);
                Floor::Contested { from: at, voice }
            }
            Floor::Contested { from, .. } => {
                self.timers.set(Timer::Contest, self.now + NOISE);
                Floor::Contested { from, voice }
            }
            Floor::Caller { from, .. } => {
                self.timers.clear(Timer::Endpoint);
                Floor::Caller { from, voice }
            }
            // The words that are owed keep their deadline: a caller who goes on does not excuse a recogniser that went deaf.
            Floor::Settling { from, .. } => {
                self.timers.clear(Timer::Filler);
                self.release_filler();
                Floor::Caller { from, voice }
            }
        };
    }

    pub(super) fn speech_end(&mut self, at: Samples) {
        self.noise = false;
        if self.echo_watch.is_watching() {
            self.echo_watch.end();
            return;
        }
        self.timers.clear(Timer::SttPartial);
        match self.floor {
            Floor::Caller { from, voice: Voice::Sounding } => {
                self.hearing.input(stt::Input::SpeechEnd { at }, &mut self.out);
                self.floor = Floor::Caller { from, voice: Voice::Quiet(at) };
                self.turn.speech_end_us = Some(at.as_duration().as_micros() as u64);
                self.set_endpoint(at);
            }
            Floor::Contested { from, voice: Voice::Sounding } => {
                self.hearing.input(stt::Input::SpeechEnd { at }, &mut self.out);
                self.hearing.flush(from, at, &mut self.out);
                self.floor = Floor::Contested { from, voice: Voice::Quiet(at) };
                let budget = Duration::from_millis(self.config.barge_in_budget_ms);
                self.timers.set(Timer::Contest, self.now + budget);
            }
            // The end of a voice that no longer counts: noise, what began on hold, or over our last words.
            Floor::Open
            | Floor::Agent
            | Floor::Settling { .. }
            | Floor::Caller { voice: Voice::Quiet(_), .. }
            | Floor::Contested { voice: Voice::Quiet(_), .. } => {
                self.hearing.input(stt::Input::SpeechEnd { at }, &mut self.out);
                if self.recording.is_on() && matches!(self.phase, Phase::Transferring(_) | Phase::Closing(_)) {
                    self.hearing.flush(at, at, &mut self.out);
                }
            }
        }
    }

    /// New words of the caller.
    pub(super) fn words(&mut self, to: Samples, fin: bool) {
        if self.phase != Phase::Talking {
            if fin && self.phase != Phase::OnHold {
                let words = self.hearing.words();
                self.refused(&words);
            }
            return;
        }
        self.timers.clear(Timer::Silence);
        match self.floor {
            Floor::Contested { from, voice } => {
                self.keep_watching(voice);
                match self.verdict(if fin { Heard::Whole } else { Heard::SoFar }) {
                    // The agent is silent: to wait for words that stay costs the caller nothing, and an answer that was dropped is lost.
                    Verdict::Interruption if self.may_be_taken_back() => {}
                    Verdict::Interruption => self.interrupt(from, voice),
                    Verdict::Echo => self.go_on_over_it(BargeIn::Echo),
                    Verdict::Backchannel | Verdict::Unknown => {}
                }
            }
            Floor::Caller { voice, .. } => {
                self.keep_watching(voice);
                if let Voice::Quiet(last) = voice {
                    self.set_endpoint(last);
                }
            }
            // Words without a voice: too soft for acoustics, or from a recogniser that is slower than the agent.
            Floor::Open => {
                let from = self.hearing.first().unwrap_or(to);
                self.floor = Floor::Caller { from, voice: Voice::Quiet(to) };
                self.set_endpoint(to);
            }
            Floor::Agent if fin => self.late_words(to),
            Floor::Agent | Floor::Settling { .. } => {}
        }
    }

    /// The recogniser is at work. A voice in which it finds no words for long is none.
    pub(super) fn listened(&mut self) {
        if self.phase != Phase::Talking {
            return;
        }
        match self.floor {
            Floor::Caller { from, voice: Voice::Sounding } => {
                self.keep_watching(Voice::Sounding);
                if self.hearing.wordless(from).as_duration() >= NOISE {
                    self.end_of_noise(from);
                }
            }
            Floor::Contested { voice, .. } => self.keep_watching(voice),
            Floor::Open | Floor::Agent | Floor::Settling { .. } | Floor::Caller { voice: Voice::Quiet(_), .. } => {}
        }
    }

    /// A voice goes on that is none: what was said before it became one is the turn.
    pub(super) fn end_of_noise(&mut self, from: Samples) {
        let at = self.clock();
        self.noise = true;
        self.timers.clear(Timer::SttPartial);
        self.hearing.input(stt::Input::SpeechEnd { at }, &mut self.out);
        self.floor = Floor::Caller { from, voice: Voice::Quiet(at) };
        self.turn.speech_end_us = Some(at.as_duration().as_micros() as u64);
        self.turn.endpoint_due_us = Some(self.at_us());
        self.endpoint();
    }

    /// All the words of a voice over which the agent went on have come.
    fn late_words(&mut self, to: Samples) {
        match self.verdict(Heard::Whole) {
            Verdict::Interruption => {
                self.mouth.pause(&mut self.out);
                self.interrupt(self.hearing.first().unwrap_or(to), Voice::Quiet(to));
            }
            Verdict::Backchannel | Verdict::Echo | Verdict::Unknown => self.hearing.forget(to),
        }
    }

    pub(super) fn keep_watching(&mut self, voice: Voice) {
        match voice {
            Voice::Sounding if self.hearing.partials() != stt::Partials::None => {
                self.timers.set(Timer::SttPartial, self.now + deadline::STT_PARTIAL);
            }
            Voice::Sounding | Voice::Quiet(_) => {}
        }
    }

    pub(super) fn verdict(&self, heard: Heard) -> Verdict {
        self.verdict_on(&self.hearing.words(), heard)
    }

    fn verdict_on(&self, words: &str, heard: Heard) -> Verdict {
        judge(words, heard, self.language, self.expecting(), &self.mouth.recent_words(), self.echo)
    }

    /// Whether a voice is an interruption only by words that the recogniser may yet take back.
    fn may_be_taken_back(&self) -> bool {
        let stable = self.hearing.stable_words();
        stable.is_some_and(|words| self.verdict_on(&words, Heard::SoFar) != Verdict::Interruption)
    }

    /// The caller wants the floor: what the agent had not said is dropped, and what it was thinking.
    pub(super) fn interrupt(&mut self, from: Samples, voice: Voice) {
        self.timers.clear(Timer::Contest);
        self.counters.barge_ins += 1;
        let onset_us = from.as_duration().as_micros() as u64;
        self.journal(Entry::BargeIn { at_us: self.at_us(), onset_us, outcome: BargeIn::Confirmed });
        self.drop_answer();
        self.floor = Floor::Caller { from, voice };
        if let Voice::Quiet(last) = voice {
            self.turn.speech_end_us = Some(last.as_duration().as_micros() as u64);
            self.set_endpoint(last);
        }
    }

    /// A cough, a backchannel, an echo: the agent goes on where it was.
    fn go_on_over_it(&mut self, outcome: BargeIn) {
        let Floor::Contested { from, voice } = self.floor else { return };
        self.timers.clear(Timer::Contest);
        self.timers.clear(Timer::SttPartial);
        self.counters.false_barge_ins += 1;
        let onset_us = from.as_duration().as_micros() as u64;
        self.journal(Entry::BargeIn { at_us: self.at_us(), onset_us, outcome });
        match voice {
            Voice::Sounding => {
                self.noise = true;
                self.hearing.forget(self.clock());
            }
            // The agent goes on, but a voice that was not put into words to its end may still be an interruption.
            Voice::Quiet(_) if self.hearing.unanswered().is_some() => {
                self.timers.set(Timer::Flush, self.now + deadline::STT_FLUSH);
            }
            Voice::Quiet(last) => self.hearing.forget(last),
        }
        self.resume_agent();
    }

    pub(super) fn resume_agent(&mut self) {
        self.floor = Floor::Agent;
        self.mouth.release(&mut self.out);
        if !self.mouth.has_answer() {
            self.timers.set(Timer::Filler, self.now + self.config.filler());
        }
    }

    /// The budget for words is used up.
    pub(super) fn contest_over(&mut self) {
        let Floor::Contested { from, voice } = self.floor else { return };
        match self.verdict(Heard::Whole) {
            Verdict::Interruption => self.interrupt(from, voice),
            Verdict::Backchannel | Verdict::Unknown => self.go_on_over_it(BargeIn::Resumed),
            Verdict::Echo => self.go_on_over_it(BargeIn::Echo),
        }
    }

    /// The recogniser has said all that it will of a voice.
    pub(super) fn flushed(&mut self, from: Samples, to: Samples) {
        if self.doubt(from, to) {
            return;
        }
        match self.floor {
            Floor::Contested { voice: Voice::Quiet(_), .. } => self.contest_over(),
            Floor::Settling { from, last } => self.turn_over(from, last),
            Floor::Open => self.timers.clear(Timer::Flush),
            Floor::Agent => {
                self.timers.clear(Timer::Flush);
                // Words that no final confirmed are all there are.
                if let Some(last) = self.hearing.last().filter(|_| self.phase == Phase::Talking) {
                    self.late_words(last);
                }
            }
            Floor::Caller { .. } | Floor::Contested { voice: Voice::Sounding, .. } => {}
        }
    }

    /// What is asked, from the moment it is being heard.
    pub(super) fn ask(&mut self, expect: Expect) {
        let answer = expect.kind.into();
        self.hearing.hint(stt::Hints { phrases: expect.hints.clone(), answer }, &mut self.out);
        self.asked = expect;
    }

    /// Nothing the agent was about to say is wanted any more.
    pub(super) fn drop_answer(&mut self) {
        self.drop_draft();
        if !self.thought.is_idle() {
            self.out.push_back(Effect::CancelThought);
        }
        self.thought.drop_answer();
        self.timers.clear(Timer::Agent);
        self.timers.clear(Timer::Filler);
        self.timers.clear(Timer::Tts);
        if let Some(said) = self.mouth.cut(&mut self.out) {
            self.agent_said(said);
        }
    }
}
