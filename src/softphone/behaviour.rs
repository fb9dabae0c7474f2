//! What a caller does when: pure, told of every slot, asked for an act in every slot.

use std::collections::VecDeque;
use std::time::Duration;

use attendant_media::frame::Frame;
use attendant_media::time::Time;

use super::Change;
use super::keys::Keys;
use super::measure::Measure;
use super::utterance::Utterance;

/// What to do now.
#[derive(Clone, Debug)]
pub enum Act {
    Speak(Utterance),
    /// Only where the other side takes telephone-events.
    Press(Keys),
    HangUp,
}

/// A caller's mind.
pub trait Behaviour {
    /// 20 ms of the other side were heard. `change`: it began or finished speaking.
    fn heard(&mut self, now: Time, frame: &Frame, change: Option<Change>, measure: &Measure);

    /// The utterance has been said to its end, or the last key was released.
    fn said(&mut self, now: Time, measure: &Measure);

    /// What to do in this slot.
    fn act(&mut self, now: Time, measure: &Measure) -> Option<Act>;
}

/// What happened in a scripted call, for the conversation that is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The other side spoke.
    Heard { began: Time, last: Time },
    /// We said this file, or pressed these keys.
    Said { at: Time, name: String },
    /// Nobody answered for so long.
    NoAnswer { at: Time },
}

/// Presses keys and says each utterance once the other side has finished, or into its answer; hangs up when the last answer is over.
#[derive(Debug)]
pub struct Script {
    left: VecDeque<Turn>,
    barge_in_after: Option<Duration>,
    patience: Duration,
    state: State,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Turn {
    Keys(Keys),
    Speech(Utterance),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Since then we have waited for the greeting to begin.
    Greeting(Time),
    /// We are speaking.
    Speaking,
    /// Since then we have waited for an answer to begin.
    Waiting(Time),
    /// The other side is speaking; `answer`: to us, so it may be interrupted.
    Listening { since: Time, answer: bool },
    /// The other side has finished: our turn.
    OurTurn,
}

impl Script {
    /// `patience`: how long to wait for the other side to begin before going on without it.
    pub fn new(
        utterances: impl IntoIterator<Item = Utterance>,
        barge_in_after: Option<Duration>,
        patience: Duration,
        now: Time,
    ) -> Self {
        let left = utterances.into_iter().map(Turn::Speech).collect();
        Self { left, barge_in_after, patience, state: State::Greeting(now), steps: Vec::new() }
    }

    /// Presses these keys before anything is said, each group in a turn of its own.
    pub fn with_keys(mut self, groups: Vec<Keys>) -> Self {
        self.left = groups.into_iter().map(Turn::Keys).chain(self.left).collect();
        self
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Behaviour for Script {
    fn heard(&mut self, now: Time, _frame: &Frame, change: Option<Change>, _measure: &Measure) {
        if let Some(Change::Finished { began, last }) = change {
            self.steps.push(Step::Heard { began, last });
        }
        self.state = match (self.state, change) {
            (State::Greeting(_), Some(Change::Began { at })) => State::Listening { since: at, answer: false },
            (State::Waiting(_), Some(Change::Began { at })) => State::Listening { since: at, answer: true },
            (State::Listening { .. }, Some(Change::Finished { .. })) => State::OurTurn,
            (State::Greeting(since) | State::Waiting(since), None | Some(Change::Finished { .. }))
                if now.since(since) >= self.patience =>
            {
                self.steps.push(Step::NoAnswer { at: now });
                State::OurTurn
            }
            (state, None | Some(Change::Began { .. } | Change::Finished { .. })) => state,
        };
    }

    fn said(&mut self, now: Time, measure: &Measure) {
        // The answer may have begun under the last of our silence.
        let answered = measure.exchanges().last().and_then(|exchange| exchange.answer);
        self.state = match answered {
            Some(since) if measure.sound().is_some() => State::Listening { since, answer: true },
            Some(_) | None => State::Waiting(now),
        };
    }

    fn act(&mut self, now: Time, _measure: &Measure) -> Option<Act> {
        let cuts_in = match (self.state, self.barge_in_after) {
            (State::Listening { since, answer: true }, Some(after)) => {
                now.since(since) >= after && !self.left.is_empty()
            }
            (
                State::Listening { .. } | State::Greeting(_) | State::Speaking | State::Waiting(_) | State::OurTurn,
                _,
            ) => false,
        };
        if !cuts_in && self.state != State::OurTurn {
            return None;
        }
        self.state = State::Speaking;
        let (name, act) = match self.left.pop_front() {
            None => return Some(Act::HangUp),
            Some(Turn::Keys(keys)) => (format!("keys {}", keys.text()), Act::Press(keys)),
            Some(Turn::Speech(utterance)) => (utterance.name.to_string(), Act::Speak(utterance)),
        };
        self.steps.push(Step::Said { at: now, name });
        Some(act)
    }
}

#[cfg(test)]
mod tests {
    use attendant_media::frame::SILENCE;

    use super::*;

    fn utterance(name: &str) -> Utterance {
        Utterance { name: name.into(), audio: [1; 320].into(), voiced: (0, 320) }
    }

    fn told(script: &mut Script, at_ms: u64, change: Option<Change>) -> Option<String> {
        let now = Time::from_millis(at_ms);
        script.heard(now, &SILENCE, change, &Measure::default());
        script.act(now, &Measure::default()).map(|act| match act {
            Act::Speak(utterance) => utterance.name.to_string(),
            Act::Press(keys) => keys.text().to_owned(),
            Act::HangUp => "hang up".into(),
        })
    }

    fn began(ms: u64) -> Option<Change> {
        Some(Change::Began { at: Time::from_millis(ms) })
    }

    fn finished(began: u64, last: u64) -> Option<Change> {
        Some(Change::Finished { began: Time::from_millis(began), last: Time::from_millis(last) })
    }

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn each_utterance_waits_for_the_other_side_and_the_last_answer_is_heard_out() {
        let mut script = Script::new([utterance("one"), utterance("two")], None, PATIENCE, Time::ZERO);
        assert_eq!(told(&mut script, 500, began(500)), None);
        assert_eq!(told(&mut script, 3_000, finished(500, 2_300)), Some("one".into()));
        script.said(Time::from_millis(4_000), &Measure::default());
        assert_eq!(told(&mut script, 5_000, began(5_000)), None);
        assert_eq!(told(&mut script, 8_000, finished(5_000, 7_300)), Some("two".into()));
        script.said(Time::from_millis(9_000), &Measure::default());
        assert_eq!(told(&mut script, 10_000, began(10_000)), None);
        assert_eq!(told(&mut script, 13_000, finished(10_000, 12_300)), Some("hang up".into()));
    }

    #[test]
    fn an_answer_is_interrupted_and_the_greeting_is_not() {
        let after = Some(Duration::from_secs(1));
        let mut script = Script::new([utterance("one"), utterance("two")], after, PATIENCE, Time::ZERO);
        assert_eq!(told(&mut script, 500, began(500)), None);
        assert_eq!(told(&mut script, 2_000, None), None);
        assert_eq!(told(&mut script, 3_000, finished(500, 2_300)), Some("one".into()));
        script.said(Time::from_millis(4_000), &Measure::default());
        assert_eq!(told(&mut script, 5_000, began(5_000)), None);
        assert_eq!(told(&mut script, 5_980, None), None);
        assert_eq!(told(&mut script, 6_000, None), Some("two".into()));
    }

    #[test]
    fn keys_are_pressed_before_anything_is_said_and_each_group_waits_for_its_answer() {
        let keys = Keys::groups("1,2#").unwrap();
        let mut script = Script::new([utterance("one")], None, PATIENCE, Time::ZERO).with_keys(keys);
        let mut acts = Vec::new();
        for at in [0, 10_000, 20_000] {
            assert_eq!(told(&mut script, at + 500, began(at + 500)), None);
            acts.extend(told(&mut script, at + 3_000, finished(at + 500, at + 2_300)));
            script.said(Time::from_millis(at + 4_000), &Measure::default());
        }
        assert_eq!(acts, ["1", "2#", "one"]);
        assert!(matches!(&script.steps()[1], Step::Said { name, .. } if name == "keys 1"));
    }

    #[test]
    fn nobody_is_waited_for_without_end() {
        let mut script = Script::new([utterance("one")], None, PATIENCE, Time::ZERO);
        assert_eq!(told(&mut script, 9_980, None), None);
        assert_eq!(told(&mut script, 10_000, None), Some("one".into()));
        script.said(Time::from_millis(11_000), &Measure::default());
        assert_eq!(told(&mut script, 21_000, None), Some("hang up".into()));
        assert_eq!(script.steps().iter().filter(|step| matches!(step, Step::NoAnswer { .. })).count(), 2);
    }
}
