//! How likely it is that what is heard is our own speech coming back: off the line, a loudspeaker, a hybrid.
//!
//! The far end is known exactly, since we sent it. What is heard is an echo if it is coherent with what was said at one
//! delay up to 510 ms; a caller's voice is not, nor is a caller's voice over an echo. It says how likely and whether
//! there was enough to judge by; what follows from it is the call's decision. It alters no audio; [`Cancel`] does, where it is switched on.
//! Likelihood: 0 to 1; above [`OWN`] it is our own voice.

mod cancel;
mod clear;
mod coherence;
mod spectrum;

pub use cancel::Cancel;

use crate::frame::Frame;
use clear::Clear;
use coherence::{Coherence, Match};
use spectrum::{HOP, Transform, Window};

/// Likelihood above which a voice is our own.
pub const OWN: f32 = 0.5;

/// How sure a judgement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Enough was heard to judge by.
    Enough,
    /// Too few windows carry the averages, or the share explained lies between the two kinds.
    Thin,
}

/// The judgement of the newest frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    pub likelihood: f32,
    pub evidence: Evidence,
    /// Delay of the echo on the leg clock, in milliseconds, if it is one.
    pub delay_ms: Option<u32>,
}

impl Judgement {
    /// Nothing of ours is in what is heard.
    pub(crate) const NO_ECHO: Self = Self { likelihood: 0.0, evidence: Evidence::Enough, delay_ms: None };
}

/// Share explained that an echo reaches before its line is known: low, for two speech codecs in a row leave 0.4 to 0.7 of
/// an echo coherent, and independent speech stays under 0.4.
const FIRST_REFERENCE: f32 = 0.62;

/// Share of the reference at which echo and speech over it part: a caller as loud as the echo explains half away.
const PART: f32 = 0.75;

/// Chance agreement above which the evidence is thin: fewer than three independent windows.
const CHANCE: f32 = 0.3;

/// See the module header.
#[derive(Debug)]
pub struct Echo {
    transform: Transform,
    said: Window,
    heard: Window,
    coherence: Coherence,
    clear: Clear,
    /// What an echo alone reaches on this line: lines without noise and codecs come to 0.9.
    reference: f32,
}

impl Default for Echo {
    fn default() -> Self {
        Self::new()
    }
}

impl Echo {
    pub fn new() -> Self {
        Self {
            transform: Transform::new(),
            said: Window::SILENT,
            heard: Window::SILENT,
            coherence: Coherence::new(),
            clear: Clear::new(),
            reference: FIRST_REFERENCE,
        }
    }

    /// The next frame that left; the first one is slot 0 of the leg clock.
    pub fn said(&mut self, frame: &Frame) {
        self.clear.said(frame);
        for hop in frame.chunks_exact(HOP) {
            let spectrum = self.transform.push(&mut self.said, hop);
            self.coherence.ours(spectrum);
        }
    }

    /// The next frame heard; the first one is slot 0 of the leg clock. `speaking`: a voice was on the line before it.
    pub fn heard(&mut self, frame: &Frame, speaking: bool) -> Judgement {
        let too_loud = self.clear.heard(frame, speaking);
        for hop in frame.chunks_exact(HOP) {
            let spectrum = self.transform.push(&mut self.heard, hop);
            self.coherence.theirs(&spectrum);
        }
        if !self.coherence.audible() {
            return Judgement::NO_ECHO;
        }
        let judged = self.judge(self.coherence.best());
        let certain = judged.evidence == Evidence::Enough && judged.likelihood > OWN;
        if too_loud && !certain { Judgement::NO_ECHO } else { judged }
    }

    /// Whether this line has shown that nothing of ours comes back on it.
    pub fn is_absent(&self) -> bool {
        self.clear.returns_nothing()
    }

    fn judge(&mut self, best: Match) -> Judgement {
        let share = best.explained / (self.reference * PART);
        // 1 at the threshold becomes 0.5; an echo as good as the reference becomes 1.
        let likelihood =
            if share < 1.0 { OWN * share } else { OWN + (share - 1.0) * OWN / (1.0 / PART - 1.0) }.min(1.0);
        let evidence = if best.explained < FIRST_REFERENCE / 2.0 || (best.chance < CHANCE && share > 1.1) {
            Evidence::Enough
        } else {
            Evidence::Thin
        };
        if evidence == Evidence::Enough && likelihood > OWN {
            self.clear.returns();
            // Up within half a second, down over several: speech over an echo must not lower it.
            let speed = if best.explained > self.reference { 0.1 } else { 0.004 };
            self.reference += speed * (best.explained - self.reference);
        }
        let delay_ms = (likelihood > OWN).then_some(best.delay as u32 * 10);
        Judgement { likelihood, evidence, delay_ms }
    }
}

#[cfg(test)]
mod tests;
