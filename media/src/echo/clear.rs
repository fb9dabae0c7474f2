//! Whether this line has shown that it returns nothing loud enough to explain what is heard now.
//!
//! Most lines return nothing. Once we have spoken for a while and heard no voice, what came back meanwhile is the most that an
//! echo of ours can be here, in proportion to what we say. A voice far above that is a caller's, at once, where coherence would
//! need 100 ms more. A line on which our own voice was heard has to prove itself for longer. It must never learn from a voice, nor
//! from the moment before one is noticed. It only shortens a wait: coherence goes on judging.
//! Powers: mean squares of 16-bit samples. Times: slots of 20 ms.

use crate::frame::{Frame, SLOT_SAMPLES};

/// Our speech heard out without a voice coming back: 1 s is longer than any echo's delay.
const PROOF: u32 = 50;

/// The same after our own voice came back once: 10 s.
const PROOF_AFTER_ECHO: u32 = 500;

/// An echo comes back within so many slots of what it echoes: 510 ms and one slot of alignment.
const REACH: usize = 27;

/// What is heard in so many slots before a voice is noticed belongs to the voice: 200 ms.
const PENDING: usize = 10;

/// A caller is louder than the loudest possible echo by at least this: 9 dB.
const MARGIN: f32 = 8.0;

/// And at most 13 dB softer than what we say: a louder echo than that is a voice to the detector, so it would have been noticed,
/// while a softer one may lie under the noise of the line for a second and rise above it in the next.
const LEAST: f32 = 0.05;

/// A line that returns nothing has at most so much of our loudest come back while nobody speaks: -30 dB.
const NOTHING: f32 = 0.001;

/// Below this we say nothing that could be heard back: -60 dB of full scale.
const AUDIBLE: f32 = 1_000.0;

/// Nothing returns less than the steps of mu-law make of silence: -66 dB.
const FLOOR: f32 = 270.0;

/// A door that slammed is forgotten by 1 dB a second of our speech; an echo is heard all the time.
const FORGET: f32 = 0.9954;

/// See the module header.
#[derive(Debug)]
pub(super) struct Clear {
    /// Powers of the newest frames said, in a ring.
    said: [f32; REACH],
    said_count: usize,
    /// What was heard in the newest slots and is not believed yet, each with the loudest that it could be an echo of.
    pending: [(f32, f32); PENDING],
    pending_count: usize,
    /// The most that came back without a voice, and the most that we said meanwhile.
    returned: f32,
    loudest: f32,
    /// Slots of our speech heard out, and how many are wanted.
    proven: u32,
    wanted: u32,
}

impl Clear {
    pub(super) const fn new() -> Self {
        Self {
            said: [0.0; REACH],
            said_count: 0,
            pending: [(0.0, 0.0); PENDING],
            pending_count: 0,
            returned: FLOOR,
            loudest: 0.0,
            proven: 0,
            wanted: PROOF,
        }
    }

    pub(super) fn said(&mut self, frame: &Frame) {
        self.said[self.said_count % REACH] = power(frame);
        self.said_count += 1;
    }

    /// Takes a frame heard. `speaking`: a voice is on the line. Whether it is too loud for an echo.
    pub(super) fn heard(&mut self, frame: &Frame, speaking: bool) -> bool {
        let heard = power(frame);
        let loudest = self.said.iter().copied().fold(0.0, f32::max);
        if speaking {
            self.pending_count = 0;
        } else {
            self.learn(heard, loudest);
        }
        let most = self.returned * (loudest / self.loudest.max(1.0)).max(1.0);
        self.proven >= self.wanted && heard > MARGIN * most && heard > LEAST * loudest
    }

    /// Whether the line has proven to return nothing of what we say.
    pub(super) fn returns_nothing(&self) -> bool {
        self.proven >= self.wanted && self.returned < NOTHING * self.loudest
    }

    /// Our own voice came back.
    pub(super) fn returns(&mut self) {
        self.proven = 0;
        self.wanted = PROOF_AFTER_ECHO;
        self.returned = FLOOR;
        self.loudest = 0.0;
    }

    fn learn(&mut self, heard: f32, loudest: f32) {
        let place = self.pending_count % PENDING;
        if self.pending_count >= PENDING {
            let (heard, loudest) = self.pending[place];
            if loudest > AUDIBLE {
                self.returned = (self.returned * FORGET).max(heard).max(FLOOR);
                self.loudest = self.loudest.max(loudest);
                self.proven = self.proven.saturating_add(1).min(PROOF_AFTER_ECHO);
            }
        }
        self.pending[place] = (heard, loudest);
        self.pending_count += 1;
    }
}

fn power(frame: &Frame) -> f32 {
    frame.iter().map(|&sample| f32::from(sample).powi(2)).sum::<f32>() / SLOT_SAMPLES as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: Frame = [3_000; SLOT_SAMPLES];
    const NOISE: Frame = [30; SLOT_SAMPLES];
    const VOICE: Frame = [1_600; SLOT_SAMPLES];

    /// Speaks for so many slots over a line that gives `heard` back.
    fn speak(clear: &mut Clear, slots: usize, heard: &Frame) {
        for _ in 0..slots {
            clear.said(&LOUD);
            assert!(!clear.heard(heard, false));
        }
    }

    #[test]
    fn a_voice_far_above_what_the_line_returns_is_known_once_the_line_is_proven() {
        // The last 200 ms are not believed yet.
        for (slots, known) in [(PROOF as usize, false), (PROOF as usize + PENDING, true)] {
            let mut clear = Clear::new();
            speak(&mut clear, slots, &NOISE);
            assert_eq!(clear.heard(&VOICE, false), known, "after {slots} slots");
        }
    }

    #[test]
    fn an_echo_on_the_line_is_the_measure_of_what_an_echo_can_be() {
        let mut clear = Clear::new();
        let echo: Frame = [800; SLOT_SAMPLES];
        speak(&mut clear, 200, &echo);
        assert!(!clear.heard(&VOICE, false), "6 dB above the echo");
        assert!(clear.heard(&[3_200; SLOT_SAMPLES], false), "12 dB above it");
        (0..REACH).for_each(|_| clear.said(&[12_000; SLOT_SAMPLES]));
        assert!(!clear.heard(&[3_200; SLOT_SAMPLES], false), "we speak 12 dB louder now, and so would it");
    }

    #[test]
    fn a_voice_and_the_moment_before_it_is_noticed_teach_nothing() {
        let mut clear = Clear::new();
        speak(&mut clear, 100, &NOISE);
        for noticed in [false, false, false, true, true, true, true] {
            clear.said(&LOUD);
            assert!(clear.heard(&VOICE, noticed));
        }
    }

    #[test]
    fn a_line_that_returned_our_voice_is_believed_only_after_10_s() {
        for (slots, known) in [(400, false), (520, true)] {
            let mut clear = Clear::new();
            speak(&mut clear, 100, &NOISE);
            clear.returns();
            speak(&mut clear, slots, &NOISE);
            assert_eq!(clear.heard(&VOICE, false), known, "after {slots} slots");
        }
    }

    #[test]
    fn silence_of_ours_proves_nothing() {
        let mut clear = Clear::new();
        for _ in 0..1_000 {
            clear.said(&[0; SLOT_SAMPLES]);
            clear.heard(&NOISE, false);
        }
        clear.said(&LOUD);
        assert!(!clear.heard(&VOICE, false));
    }
}
