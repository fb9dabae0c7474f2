//! Takes our own voice out of what is heard, so that a recogniser does not write our words down as the caller's.
//!
//! A normalised least-mean-squares filter of 20 ms, placed where the coherence search found the echo. It learns only while
//! the judgement says "echo and nothing else", so a caller's voice over the echo neither spoils it nor is touched by it.
//! What it leaves of a pure echo is turned down. Off unless the leg is told so. Unit: 16 kHz frames.

use super::{Judgement, OWN};
use crate::frame::{Frame, SLOT_SAMPLES};

/// Length of the filter: the codec filters, a short room, and the 10 ms grid of the delay search.
const TAPS: usize = 320;

/// How far before the delay found the filter begins: 7 ms, for the search rounds to 10 ms.
const LEAD: u64 = 112;

/// What we said that is kept: 510 ms of delay, the filter, and frames that come late.
const KEPT: usize = 10_240;

/// What a frame meets of it.
const WINDOW: usize = SLOT_SAMPLES + TAPS;

/// Step of the adaptation, a share of the stable maximum: converged in half a second of speech.
const STEP: f32 = 0.4;

/// What is left of a pure echo is turned down by 12 dB; more would make holes that sound like a broken line.
const RESIDUE: f32 = 0.25;

/// Outputs per run of the inner loop.
const LANES: usize = 8;

/// See the module header.
#[derive(Debug)]
pub struct Cancel {
    said: Box<[i16; KEPT]>,
    said_count: u64,
    heard_count: u64,
    taps: Box<[f32; TAPS]>,
    delay: Option<u64>,
    residue: f32,
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

impl Cancel {
    pub fn new() -> Self {
        Self {
            said: Box::new([0; KEPT]),
            said_count: 0,
            heard_count: 0,
            taps: Box::new([0.0; TAPS]),
            delay: None,
            residue: 1.0,
        }
    }

    /// The next frame that left.
    pub fn said(&mut self, frame: &Frame) {
        let start = (self.said_count % KEPT as u64) as usize;
        // The ring holds whole frames.
        self.said[start..start + SLOT_SAMPLES].copy_from_slice(frame);
        self.said_count += SLOT_SAMPLES as u64;
    }

    /// Takes the echo out of the next heard frame, given the judgement of it.
    pub fn heard(&mut self, frame: &mut Frame, judged: &Judgement) {
        let position = self.heard_count;
        self.heard_count += SLOT_SAMPLES as u64;
        if let Some(delay) = judged.delay_ms.map(|ms| u64::from(ms) * 16) {
            // The search may waver by one step of its grid; only a real move makes the filter useless.
            if self.delay.is_none_or(|known| known.abs_diff(delay) > 160) {
                self.delay = Some(delay);
                self.taps.fill(0.0);
            }
        }
        let Some(delay) = self.delay else { return };
        // Sample n of the frame meets said[position + n - delay + LEAD - age], age 0..TAPS.
        let Some(newest) = (position + SLOT_SAMPLES as u64 - 1 + LEAD).checked_sub(delay) else { return };
        let Some(oldest) = (newest + 1).checked_sub(WINDOW as u64) else { return };
        if newest >= self.said_count || oldest + (KEPT as u64) < self.said_count {
            return;
        }
        let window = self.window(oldest);
        let pure = judged.likelihood > OWN;
        let goal = if pure { RESIDUE } else { 1.0 };
        let mut power: f32 = window[..TAPS].iter().map(|x| x * x).sum();
        for (n, sample) in frame.iter_mut().enumerate() {
            let x = &window[n + 1..][..TAPS];
            power += x[TAPS - 1] * x[TAPS - 1] - window[n] * window[n];
            let error = f32::from(*sample) - dot(x, &self.taps[..]);
            if pure {
                // The floor keeps the filter still while we say next to nothing: 30 dB below normal speech.
                let step = STEP * error / (power.max(0.0) + TAPS as f32 * 2_500.0);
                for (tap, x) in self.taps.iter_mut().zip(x) {
                    *tap += step * x;
                }
            }
            self.residue += (goal - self.residue) * 0.01;
            *sample = (error * self.residue).round() as i16;
        }
    }
}

impl Cancel {
    /// What was said from this sample on.
    fn window(&self, oldest: u64) -> [f32; WINDOW] {
        let start = (oldest % KEPT as u64) as usize;
        let first = WINDOW.min(KEPT - start);
        let mut window = [0.0; WINDOW];
        for (part, said) in [(0..first, &self.said[start..]), (first..WINDOW, &self.said[..])] {
            for (slot, &sample) in window[part].iter_mut().zip(said) {
                *slot = f32::from(sample);
            }
        }
        window
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}
