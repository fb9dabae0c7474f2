//! One caller of a load run: speaks, checks the code of each answer, interrupts some of them, and counts what went wrong.
//!
//! Pure: time and chance are arguments.

use std::time::Duration;

use attendant_media::frame::Frame;
use attendant_media::time::Time;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use crate::sim::code::{Code, Heard, Listener, speak};
use crate::softphone::{Act, Behaviour, Change, Measure, Utterance};

/// An answer that has not begun by then is missing.
const PATIENCE: Duration = Duration::from_secs(6);

/// Between an answer and what is said next, milliseconds: people differ.
const THINKING_MS: std::ops::Range<u64> = 200..900;

/// One answer in so many is interrupted.
const BARGE_IN_EVERY: u32 = 3;

/// Into the answer, milliseconds: after its first part has been heard.
const BARGE_IN_MS: std::ops::Range<u64> = 1_100..2_200;

/// What a caller can find wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nobody greeted.
    NoGreeting,
    /// Nothing was said in answer.
    Missing,
    /// The answer began and was not whole.
    Cut,
    /// The answer is another call's.
    Foreign,
    /// A part came twice, out of order, or belongs to an earlier turn.
    Repeated,
    /// The agent talked on through an interruption.
    TalkedOn,
    /// The server hung up in the middle of the run.
    Dropped,
}

impl Fault {
    pub const ALL: [Self; 7] =
        [Self::NoGreeting, Self::Missing, Self::Cut, Self::Foreign, Self::Repeated, Self::TalkedOn, Self::Dropped];
}

/// What a caller counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub turns: u32,
    pub interruptions: u32,
    /// Answers heard whole, every part once and in order.
    pub whole: u32,
    pub faults: Vec<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The phone was picked up; nobody has spoken yet.
    Greeting {
        since: Time,
    },
    Greeted,
    Thinking {
        until: Time,
    },
    Speaking,
    Waiting {
        since: Time,
    },
    /// The answer is being spoken; `cut_in`: when we shall interrupt it.
    Answered {
        cut_in: Option<Time>,
    },
}

/// See the module header.
#[derive(Debug)]
pub struct Caller {
    /// Our part of every code that we may hear.
    call: u16,
    clips: Vec<Utterance>,
    random: SmallRng,
    until: Time,
    state: State,
    listener: Listener,
    /// The newest turn whose code was heard, and the next part of it.
    turn: Option<u8>,
    next_part: u8,
    parts: u8,
    tally: Tally,
}

impl Caller {
    /// Hangs up after the first answer that ends after `until`. `clips` must not be empty.
    pub fn new(call: u16, clips: Vec<Utterance>, now: Time, until: Time) -> Self {
        assert!(!clips.is_empty(), "a caller has something to say");
        Self {
            call,
            clips,
            random: SmallRng::seed_from_u64(u64::from(call)),
            until,
            state: State::Greeting { since: now },
            listener: Listener::new(),
            turn: None,
            next_part: 0,
            parts: 0,
            tally: Tally::default(),
        }
    }

    pub fn into_tally(self) -> Tally {
        self.tally
    }

    fn fault(&mut self, fault: Fault) {
        self.tally.faults.push(fault);
    }

    fn think(&mut self, now: Time) -> State {
        State::Thinking { until: now + Duration::from_millis(self.random.random_range(THINKING_MS)) }
    }

    /// The answer begins: shall we hear it out?
    fn answered(&mut self, now: Time) -> State {
        let cuts_in = self.tally.turns.is_multiple_of(BARGE_IN_EVERY);
        let after = Duration::from_millis(self.random.random_range(BARGE_IN_MS));
        State::Answered { cut_in: cuts_in.then(|| now + after) }
    }

    fn part(&mut self, code: Code) {
        if code.call != self.call {
            self.fault(Fault::Foreign);
            return;
        }
        let newer = self.turn.is_none_or(|turn| code.turn.wrapping_sub(turn) as i8 > 0);
        match (newer, self.turn == Some(code.turn)) {
            (true, _) => {
                if code.part != 0 {
                    self.fault(Fault::Cut);
                }
                self.turn = Some(code.turn);
                self.parts = code.parts;
            }
            (false, true) if code.part == self.next_part => {}
            (false, true) if code.part > self.next_part => self.fault(Fault::Cut),
            (false, true | false) => self.fault(Fault::Repeated),
        }
        self.next_part = code.part + 1;
    }

    /// The other side has fallen silent by itself.
    fn answer_over(&mut self) {
        if self.parts != 0 && self.next_part == self.parts {
            self.tally.whole += 1;
        } else if self.tally.faults.last() != Some(&Fault::Cut) || self.parts == 0 {
            self.fault(if self.parts == 0 { Fault::Missing } else { Fault::Cut });
        }
    }
}

/// A caller's first words: its code, by which a simulated model of many calls knows whom it answers, and the clip.
fn introduced(call: u16, clip: &Utterance) -> Utterance {
    let mut audio: Vec<i16> = Code::of_caller(call).sentence().split(' ').flat_map(speak).collect();
    let before = audio.len();
    audio.extend_from_slice(&clip.audio);
    Utterance { name: clip.name.clone(), audio: audio.into(), voiced: (0, before + clip.voiced.1) }
}

impl Behaviour for Caller {
    fn heard(&mut self, now: Time, frame: &Frame, change: Option<Change>, measure: &Measure) {
        match (self.listener.hear(frame), self.state) {
            (Some(Heard::Part(code)), State::Greeting { .. } | State::Greeted) => {
                // A greeting may carry a code too; it is no answer.
                if code.call == self.call { self.turn = Some(code.turn) } else { self.fault(Fault::Foreign) }
            }
            (Some(Heard::Part(code)), _) => self.part(code),
            // We spoke over it: it may break off anywhere.
            (Some(Heard::Broken), State::Speaking | State::Waiting { .. }) | (None, _) => {}
            (Some(Heard::Broken), _) => self.fault(Fault::Cut),
        }
        self.state = match (self.state, change) {
            (State::Greeting { .. }, Some(Change::Began { .. })) => State::Greeted,
            (State::Greeting { since }, _) if now.since(since) > PATIENCE => {
                self.fault(Fault::NoGreeting);
                self.think(now)
            }
            (State::Greeted, Some(Change::Finished { .. })) => self.think(now),
            (State::Waiting { .. }, _) if measure.exchanges().last().is_some_and(|e| e.answer.is_some()) => {
                self.answered(now)
            }
            (State::Waiting { since }, _) if now.since(since) > PATIENCE => {
                let talks = measure.sound().is_some();
                self.fault(if talks { Fault::TalkedOn } else { Fault::Missing });
                self.think(now)
            }
            (State::Answered { .. }, Some(Change::Finished { .. })) => {
                self.answer_over();
                self.think(now)
            }
            (state, _) => state,
        };
    }

    fn said(&mut self, now: Time, _measure: &Measure) {
        self.listener.forget();
        self.parts = 0;
        self.next_part = 0;
        self.state = State::Waiting { since: now };
    }

    fn act(&mut self, now: Time, _measure: &Measure) -> Option<Act> {
        let speaks = match self.state {
            State::Thinking { until } if now >= until => {
                if now >= self.until {
                    return Some(Act::HangUp);
                }
                true
            }
            State::Answered { cut_in: Some(at) } if now >= at => {
                self.tally.interruptions += 1;
                true
            }
            State::Thinking { .. }
            | State::Answered { .. }
            | State::Greeting { .. }
            | State::Greeted
            | State::Speaking
            | State::Waiting { .. } => false,
        };
        speaks.then(|| {
            self.tally.turns += 1;
            self.state = State::Speaking;
            let clip = self.random.random_range(0..self.clips.len());
            let clip = self.clips[clip].clone();
            Act::Speak(if self.tally.turns == 1 { introduced(self.call, &clip) } else { clip })
        })
    }
}

#[cfg(test)]
mod tests {
    use attendant_media::frame::{SILENCE, SLOT_SAMPLES};

    use super::*;

    const CALL: u16 = 42;

    /// A caller that hears what it is given, slot by slot, and speaks in no time.
    struct World {
        caller: Caller,
        measure: Measure,
        now: Time,
        spoke: u32,
    }

    impl World {
        fn new() -> Self {
            let clip = Utterance { name: "clip".into(), audio: [1; 320].into(), voiced: (0, 320) };
            let caller = Caller::new(CALL, vec![clip], Time::ZERO, Time::from_millis(1_000_000));
            Self { caller, measure: Measure::default(), now: Time::ZERO, spoke: 0 }
        }

        fn hear(&mut self, audio: &[i16]) {
            for chunk in audio.chunks(SLOT_SAMPLES) {
                let mut frame = SILENCE;
                frame[..chunk.len()].copy_from_slice(chunk);
                let change = self.measure.hear(self.now, &frame);
                self.caller.heard(self.now, &frame, change, &self.measure);
                if let Some(Act::Speak(_)) = self.caller.act(self.now, &self.measure) {
                    self.spoke += 1;
                    self.measure.begins(self.now);
                    self.measure.ends(self.now);
                    self.caller.said(self.now, &self.measure);
                }
                self.now += Duration::from_millis(20);
            }
        }

        fn silence(&mut self, ms: usize) {
            self.hear(&vec![0; 16 * ms]);
        }

        /// Greets, and waits until the caller has spoken.
        fn greet(&mut self) {
            self.silence(100);
            self.hear(&speak("hello"));
            self.silence(2_000);
            assert_eq!(self.spoke, 1);
        }

        fn answer(&mut self, call: u16, turn: u8, parts: std::ops::Range<u8>) {
            for part in parts {
                let sentence = Code { call, turn, part, parts: 2 }.sentence();
                let audio: Vec<i16> = sentence.split(' ').flat_map(speak).collect();
                self.hear(&audio);
            }
            self.silence(1_000);
        }

        fn tally(self) -> Tally {
            self.caller.into_tally()
        }
    }

    #[test]
    fn a_whole_answer_is_no_fault() {
        let mut world = World::new();
        world.greet();
        world.answer(CALL, 1, 0..2);
        let tally = world.tally();
        assert_eq!((tally.whole, tally.faults), (1, vec![]));
    }

    #[test]
    fn a_caller_says_its_code_before_its_first_words() {
        let clip = Utterance { name: "clip".into(), audio: [5; 640].into(), voiced: (100, 600) };
        let said = introduced(CALL, &clip);
        let (code, words) = said.audio.split_at(said.audio.len() - 640);
        let mut listener = Listener::new();
        let heard: Vec<_> =
            code.as_chunks::<SLOT_SAMPLES>().0.iter().filter_map(|frame| listener.hear(frame)).collect();
        assert_eq!(heard, [Heard::Part(Code::of_caller(CALL))]);
        assert_eq!((words, said.voiced), (&clip.audio[..], (0, code.len() + 600)));
    }

    #[test]
    fn a_foreign_answer_is_a_fault() {
        let mut world = World::new();
        world.greet();
        world.answer(CALL + 1, 1, 0..2);
        assert_eq!(world.tally().faults[..2], [Fault::Foreign, Fault::Foreign]);
    }

    #[test]
    fn an_answer_without_its_end_or_its_beginning_is_cut() {
        for parts in [0..1, 1..2] {
            let mut world = World::new();
            world.greet();
            world.answer(CALL, 1, parts);
            assert_eq!(world.tally().faults, [Fault::Cut]);
        }
    }

    #[test]
    fn no_answer_is_missing() {
        let mut world = World::new();
        world.greet();
        world.silence(7_000);
        assert_eq!(world.tally().faults, [Fault::Missing]);
    }

    #[test]
    fn an_answer_of_an_earlier_turn_is_repeated() {
        let mut world = World::new();
        world.greet();
        world.answer(CALL, 5, 0..2);
        world.silence(1_000);
        assert_eq!(world.spoke, 2);
        world.answer(CALL, 4, 0..2);
        assert!(world.tally().faults.contains(&Fault::Repeated));
    }
}
