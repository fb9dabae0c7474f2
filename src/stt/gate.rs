//! Which of a caller's audio goes to a recogniser that is paid by the minute (V6): sounds of at least 125 ms, with what led up to them and the
//! silence that ends their words; neither shorter sounds nor silence.
//!
//! Pure; counts in slots of 20 ms. A first word is never lost: what came just before it is kept and goes first. In doubt, as on a line whose
//! noise is loud, everything goes.

use std::collections::VecDeque;
use std::collections::vec_deque::Drain;

use attendant_media::frame::{Frame, SLOT_SAMPLES, Samples};

/// What goes before a sound: 500 ms, more than the softest beginning of a word.
const KEPT: usize = 25;
/// The first whole slots that are over 125 ms.
const SHORTEST: u32 = 7;
/// A sound that breaks off for longer begins anew: 100 ms, as between two syllables.
const BREAK: u32 = 5;
/// What goes after a sound: 3 s, longer than any turn waits for its end.
const AFTER: u32 = 150;
/// Mean square under which a slot is silence: -60 dB of full scale, below the softest speech of a telephone.
pub(super) const SILENT: f32 = 1_074.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many slots of the present sound, and of the silence since.
    Closed { loud: u32, quiet: u32 },
    /// So many slots of silence since the last sound.
    Open { quiet: u32 },
}

/// The audio of one session.
#[derive(Debug)]
pub(super) struct Gate {
    kept: VecDeque<(Samples, Frame)>,
    state: State,
    /// Acoustics hear a voice, however soft.
    voice: bool,
}

impl Default for Gate {
    fn default() -> Self {
        let state = State::Closed { loud: 0, quiet: 0 };
        Self { kept: VecDeque::with_capacity(KEPT + 1), state, voice: false }
    }
}

impl Gate {
    /// Acoustics say that a voice begins or ends.
    pub(super) const fn voice(&mut self, sounding: bool) {
        self.voice = sounding;
    }

    /// Acoustics heard a voice begin, and not end yet.
    pub(super) const fn has_voice(&self) -> bool {
        self.voice
    }

    /// What comes next is sent, silence too.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// One slot more; what is to be sent now, in order.
    pub(super) fn take(&mut self, at: Samples, frame: &Frame) -> Drain<'_, (Samples, Frame)> {
        let sounds = self.voice || mean_square(frame) >= SILENT;
        self.state = match (self.state, sounds) {
            (State::Closed { loud, .. }, true) if loud + 1 >= SHORTEST => State::Open { quiet: 0 },
            (State::Closed { loud, .. }, true) => State::Closed { loud: loud + 1, quiet: 0 },
            (State::Closed { loud, quiet }, false) if quiet < BREAK => State::Closed { loud, quiet: quiet + 1 },
            (State::Closed { .. }, false) => State::Closed { loud: 0, quiet: 0 },
            (State::Open { .. }, true) => State::Open { quiet: 0 },
            (State::Open { quiet }, false) if quiet < AFTER => State::Open { quiet: quiet + 1 },
            (State::Open { .. }, false) => State::Closed { loud: 0, quiet: 0 },
        };
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((at, *frame));
        let due = match self.state {
            State::Open { .. } => self.kept.len(),
            State::Closed { .. } => 0,
        };
        self.kept.drain(..due)
    }
}

pub(super) fn mean_square(frame: &Frame) -> f32 {
    frame.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / SLOT_SAMPLES as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slots that are sent of sounds of this level in these spans, and of silence elsewhere.
    fn sent(slots: u64, spans: &[(u64, u64)]) -> Vec<u64> {
        let mut gate = Gate::default();
        let mut all = Vec::new();
        for slot in 0..slots {
            let level = if spans.iter().any(|(from, to)| (*from..*to).contains(&slot)) { 500 } else { 8 };
            let sent = gate.take(Samples::from_slots(slot), &[level; SLOT_SAMPLES]);
            all.extend(sent.map(|(at, _)| at.0 / SLOT_SAMPLES as u64));
        }
        all
    }

    #[test]
    fn silence_and_sounds_under_125_ms_are_not_sent() {
        assert_eq!(sent(1_000, &[]), [0; 0]);
        assert_eq!(sent(1_000, &[(100, 106), (300, 306)]), [0; 0]);
    }

    #[test]
    fn a_sound_is_sent_with_what_led_up_to_it_and_the_silence_after() {
        let all: Vec<u64> = (100 - 18..200 + 150).collect();
        assert_eq!(sent(1_000, &[(100, 200)]), all);
        assert_eq!(sent(1_000, &[(100, 107)]).first(), Some(&82), "125 ms are enough");
        // Two syllables with a stop between them.
        assert_eq!(sent(1_000, &[(100, 104), (108, 112)]).first(), Some(&(110 - 24)));
        // A second sound before the silence is over is one piece with the first.
        assert_eq!(sent(1_000, &[(100, 200), (340, 400)]), (82..550).collect::<Vec<_>>());
    }

    #[test]
    fn a_voice_that_acoustics_hear_is_sent_however_soft() {
        let mut gate = Gate::default();
        let quiet = [8; SLOT_SAMPLES];
        for slot in 0..100 {
            assert_eq!(gate.take(Samples::from_slots(slot), &quiet).count(), 0);
        }
        gate.voice(true);
        let sent: usize = (100..110).map(|slot| gate.take(Samples::from_slots(slot), &quiet).count()).sum();
        assert_eq!(sent, KEPT + 3);
    }

    #[test]
    fn no_slot_makes_it_grow() {
        let mut gate = Gate::default();
        let room = gate.kept.capacity();
        for slot in 0..2_000 {
            gate.take(Samples::from_slots(slot), &[if slot % 500 < 100 { 900 } else { 0 }; SLOT_SAMPLES]);
        }
        assert_eq!(gate.kept.capacity(), room);
    }
}
