//! Whose voice it is: joins the voice detector's edges with the echo judgement into starts and ends of one voice each.
//!
//! A start is held back up to 100 ms while our own speech is audible and the judgement is still open. A caller who speaks
//! over our echo ends the echo's voice and starts one of his own, and the other way about, so that starts and ends always
//! come in pairs. It must never let a start pass without the best likelihood known by then.

use crate::echo::{Evidence, Judgement, OWN};
use crate::frame::{SLOT_SAMPLES, Samples};
use crate::vad::Edge;

/// How long a start waits for evidence, in slots: 100 ms.
const HOLD_SLOTS: u32 = 5;

/// While our speech is audible a voice that looks like a caller's is looked at once more, 20 ms later: after a pause of ours the
/// averages hold noise, in which the first slot of an echo looks like anybody's (seen at -20 dB after 220 ms of silence).
const SECOND_LOOK: u32 = 1;

/// Judgements below [`OWN`] in a row that make an echo a caller: 60 ms, so that one lost packet does not.
const CALLER_SLOTS: usize = 3;

/// Judgements above [`OWN`] in a row that make a caller an echo: 200 ms, since what is cut off here is a caller's voice.
const ECHO_SLOTS: usize = 10;

/// The averages behind a judgement lag: a voice over an echo began about so long before the judgement fell.
const LAG: Samples = Samples::from_millis(60);

/// A start or an end to report, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Changes {
    pub(super) end: Option<Samples>,
    pub(super) start: Option<(Samples, f32)>,
    /// An end that follows the start at once: a held start whose voice was over before the evidence came.
    pub(super) brief: Option<Samples>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Voice {
    None,
    /// Somebody speaks since `at`; who it is, is open for so many slots already.
    Unknown {
        at: Samples,
        slots: u32,
    },
    Own {
        since: Samples,
    },
    Caller {
        since: Samples,
    },
}

/// See the module header.
#[derive(Debug)]
pub(super) struct Voices {
    voice: Voice,
    /// The newest judgements of voiced slots, in a ring.
    recent: [f32; ECHO_SLOTS],
    count: usize,
}

impl Default for Voices {
    fn default() -> Self {
        Self { voice: Voice::None, recent: [0.0; ECHO_SLOTS], count: 0 }
    }
}

impl Voices {
    /// Takes one slot: where it ends, the edge found in it, whether it is voiced, and the judgement.
    pub(super) fn push(&mut self, end: Samples, edge: Option<Edge>, voiced: bool, judged: &Judgement) -> Changes {
        if voiced || edge.is_some() {
            self.recent[self.count % ECHO_SLOTS] = judged.likelihood;
            self.count += 1;
        }
        match (self.voice, edge) {
            (Voice::None, Some(Edge::Start { at })) => self.start(at, 0, judged),
            (Voice::None, Some(Edge::End { .. }) | None) => Changes::default(),
            (Voice::Unknown { at, .. }, Some(Edge::End { at: end })) => {
                self.voice = Voice::None;
                Changes { start: Some((at, judged.likelihood)), brief: Some(end), end: None }
            }
            (Voice::Unknown { at, slots }, Some(Edge::Start { .. }) | None) => self.start(at, slots + 1, judged),
            (Voice::Own { since } | Voice::Caller { since }, Some(Edge::End { at })) => {
                self.voice = Voice::None;
                Changes { end: Some(at.max(since)), ..Changes::default() }
            }
            (Voice::Own { since }, Some(Edge::Start { .. }) | None) => {
                if !voiced || self.count < CALLER_SLOTS || self.highest(CALLER_SLOTS) > OWN {
                    return Changes::default();
                }
                let back = Samples::from_slots(CALLER_SLOTS as u64) + LAG;
                let at = end.saturating_sub(back).max(since);
                self.voice = Voice::Caller { since: at };
                Changes { end: Some(at), start: Some((at, judged.likelihood)), brief: None }
            }
            (Voice::Caller { since }, Some(Edge::Start { .. }) | None) => {
                if !voiced || self.count < ECHO_SLOTS || self.lowest(ECHO_SLOTS) <= OWN {
                    return Changes::default();
                }
                let at = end.saturating_sub(Samples::from_slots(ECHO_SLOTS as u64)).max(since);
                self.voice = Voice::Own { since: at };
                Changes { end: Some(at), start: Some((at, judged.likelihood)), brief: None }
            }
        }
    }

    /// Whose voice is reported, with its likelihood to be ours; `None` while nobody's is.
    pub(super) fn echo(&self) -> Option<f32> {
        match self.voice {
            Voice::None | Voice::Unknown { .. } => None,
            // One slot against the verdict is no news; so many as would change it are.
            Voice::Own { .. } => Some(self.highest(CALLER_SLOTS)),
            Voice::Caller { .. } => Some(self.lowest(ECHO_SLOTS)),
        }
    }

    fn start(&mut self, at: Samples, slots: u32, judged: &Judgement) -> Changes {
        let hold = match judged.evidence {
            Evidence::Thin => HOLD_SLOTS,
            Evidence::Enough if *judged == Judgement::NO_ECHO || judged.likelihood > OWN => 0,
            Evidence::Enough => SECOND_LOOK,
        };
        if slots < hold {
            self.voice = Voice::Unknown { at, slots };
            return Changes::default();
        }
        self.count = 0;
        self.recent[0] = judged.likelihood;
        self.count = 1;
        self.voice = if judged.likelihood > OWN { Voice::Own { since: at } } else { Voice::Caller { since: at } };
        Changes { start: Some((at, judged.likelihood)), ..Changes::default() }
    }

    fn last(&self, most: usize) -> impl Iterator<Item = f32> {
        (0..most.min(self.count)).map(|age| self.recent[(self.count - 1 - age) % ECHO_SLOTS])
    }

    fn highest(&self, most: usize) -> f32 {
        self.last(most).fold(0.0, f32::max)
    }

    fn lowest(&self, most: usize) -> f32 {
        self.last(most).fold(1.0, f32::min)
    }
}

const _: () = assert!(SLOT_SAMPLES == 320, "the counts of slots above are milliseconds over 20");

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(likelihood: f32, evidence: Evidence) -> Judgement {
        Judgement { likelihood, evidence, delay_ms: None }
    }

    /// Feeds voiced slots with these judgements after a start at 0, and returns the changes with their slots.
    fn run(slots: &[(f32, Evidence)]) -> Vec<(usize, Changes)> {
        let mut voices = Voices::default();
        let mut changes = Vec::new();
        for (n, &(likelihood, evidence)) in slots.iter().enumerate() {
            let edge = (n == 0).then_some(Edge::Start { at: Samples::ZERO });
            let change = voices.push(Samples::from_slots(n as u64 + 1), edge, true, &judged(likelihood, evidence));
            if change != Changes::default() {
                changes.push((n, change));
            }
        }
        changes
    }

    use Evidence::{Enough, Thin};

    #[test]
    fn a_clear_start_is_reported_at_once_with_its_likelihood() {
        for likelihood in [0.0, 0.9] {
            let changes = run(&[(likelihood, Enough); 5]);
            assert_eq!(changes, [(0, Changes { start: Some((Samples::ZERO, likelihood)), ..Changes::default() })]);
        }
    }

    #[test]
    fn a_caller_over_our_speech_is_looked_at_twice() {
        let changes = run(&[(0.1, Enough); 5]);
        assert_eq!(changes, [(1, Changes { start: Some((Samples::ZERO, 0.1)), ..Changes::default() })]);
        let changes = run(&[(0.1, Enough), (0.8, Enough), (0.8, Enough)]);
        assert_eq!(changes, [(1, Changes { start: Some((Samples::ZERO, 0.8)), ..Changes::default() })]);
    }

    #[test]
    fn an_open_one_waits_for_evidence_but_no_longer_than_100_ms() {
        let mut slots = vec![(0.4, Thin); 3];
        slots.push((0.9, Enough));
        assert_eq!(run(&slots), [(3, Changes { start: Some((Samples::ZERO, 0.9)), ..Changes::default() })]);
        let changes = run(&[(0.4, Thin); 20]);
        assert_eq!(changes, [(5, Changes { start: Some((Samples::ZERO, 0.4)), ..Changes::default() })]);
    }

    #[test]
    fn a_voice_over_the_echo_ends_the_echo_and_starts_its_own() {
        let mut slots = vec![(0.9, Enough); 20];
        slots.extend([(0.2, Enough); 10]);
        let changes = run(&slots);
        assert_eq!(changes.len(), 2);
        let at = Samples::from_slots(23) - Samples::from_slots(3) - LAG;
        assert_eq!(changes[1], (22, Changes { end: Some(at), start: Some((at, 0.2)), brief: None }));
    }

    #[test]
    fn two_slots_against_an_echo_are_not_enough() {
        let mut slots = vec![(0.9, Enough); 20];
        slots.extend([(0.1, Enough); 2]);
        slots.extend([(0.9, Enough); 20]);
        assert_eq!(run(&slots).len(), 1);
    }

    #[test]
    fn what_is_left_when_the_caller_stops_is_an_echo_after_200_ms() {
        let mut slots = vec![(0.1, Enough); 20];
        slots.extend([(0.9, Enough); 10]);
        let changes = run(&slots);
        assert_eq!(changes[1].0, 29);
        assert_eq!(changes[1].1.end, Some(Samples::from_slots(20)));
    }

    #[test]
    fn silence_within_an_echo_says_nothing_about_whose_voice_it_is() {
        let mut voices = Voices::default();
        let echo = judged(0.9, Enough);
        voices.push(Samples::from_slots(1), Some(Edge::Start { at: Samples::ZERO }), true, &echo);
        for n in 2..12 {
            let change = voices.push(Samples::from_slots(n), None, false, &judged(0.0, Enough));
            assert_eq!(change, Changes::default());
        }
        assert_eq!(voices.echo(), Some(0.9));
    }
}
