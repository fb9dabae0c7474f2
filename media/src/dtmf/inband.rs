//! Hears keys as tones (ITU-T Q.23), for telephones and gateways that send no telephone-events.
//!
//! A key is one tone of a low and one of a high group. Every 10 ms a Goertzel filter per tone says how much of the energy is theirs;
//! three such windows in a row are a key, so that any tone of 40 ms is heard and none of less than 25 ms (ITU-T Q.24 table A-1); three
//! without it end the key, so that a gap of 40 ms separates and one of 10 ms does not. A voice must not press keys: nearly all energy must
//! lie in the two tones, neither much louder than the other, both where Q.24 puts them. It never changes the audio. Unit: 16 kHz frames.

use crate::frame::{Frame, RATE};

/// The low group, then the high.
const TONES: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0];

const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Samples of a window: 10 ms.
const WINDOW: usize = 160;

/// Windows with a key that press it, and without it that release it: as many as any 40 ms hold whole.
const ENOUGH: u32 = 3;

/// Least amplitude of each tone: -31 dBm0, a little below the -25 that a receiver must take (mu-law's loudest sine is 3 dBm0).
const LEAST: f32 = 650.0;

/// How much louder the high tone may be than the low one, and the low one than the high one, as ratios of powers: 6 and 11 dB, where Q.24
/// has 4 to 6 and 8 to 9: in 10 ms the louder tone is seen in the filter of the fainter by 2 dB.
const TWIST: f32 = 4.0;
const REVERSE_TWIST: f32 = 12.0;

/// Least share of a window's energy in the two tones. Where a tone is off by the 1.8 % that must be taken its filter sees 0.8 of it;
/// noise 15 dB below takes 0.03.
const PURITY: f32 = 0.75;

/// How far off a tone may be: 1.5 % and 2 Hz must be taken, 3.5 % must not (Q.24).
const OFF: f32 = 0.028;

/// One tone in one window.
#[derive(Clone, Copy, Debug, Default)]
struct Tone {
    re: f32,
    im: f32,
}

impl Tone {
    /// Square of the amplitude.
    fn power(self) -> f32 {
        (self.re * self.re + self.im * self.im) * (2.0 / WINDOW as f32).powi(2)
    }

    /// How far the phase went on beyond a whole number of turns, as from `before` to this, in Hz.
    fn off(self, before: Self) -> f32 {
        let re = self.re * before.re + self.im * before.im;
        let im = self.im * before.re - self.re * before.im;
        im.atan2(re) / std::f32::consts::TAU * RATE as f32 / WINDOW as f32
    }
}

/// A key in one window: its tones by their places in [`TONES`], and what was seen of them.
#[derive(Clone, Copy, Debug)]
struct Sight {
    low: usize,
    high: usize,
    tones: [Tone; 2],
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Quiet,
    /// Seen in so many windows, and how far off both tones were, added up.
    Coming { first: Sight, seen: u32, off: [f32; 2] },
    /// Pressed and not yet released; so many windows without it.
    Held { low: usize, high: usize, missing: u32 },
}

/// See the module header.
#[derive(Clone, Debug)]
pub struct InBand {
    coefficients: [f32; 8],
    /// The filters' own angles, by which a phase is told.
    rotation: [(f32, f32); 8],
    state: State,
    last: Option<Sight>,
}

impl Default for InBand {
    fn default() -> Self {
        Self::new()
    }
}

impl InBand {
    pub fn new() -> Self {
        let angle = |hz: f32| std::f32::consts::TAU * hz / RATE as f32;
        Self {
            coefficients: TONES.map(|hz| 2.0 * angle(hz).cos()),
            rotation: TONES.map(|hz| (angle(hz).cos(), angle(hz).sin())),
            state: State::Quiet,
            last: None,
        }
    }

    /// Takes the next 20 ms; a key when it is plainly pressed, once a press. No two begin within one frame.
    pub fn push(&mut self, frame: &Frame) -> Option<char> {
        let mut key = None;
        for window in frame.chunks_exact(WINDOW) {
            let sight = self.look(window);
            key = self.step(sight).or(key);
            self.last = sight;
        }
        key
    }

    fn step(&mut self, sight: Option<Sight>) -> Option<char> {
        let (state, key) = match (self.state, sight) {
            (State::Quiet | State::Coming { .. }, None) => (State::Quiet, None),
            (State::Quiet, Some(first)) => (State::Coming { first, seen: 1, off: [0.0; 2] }, None),
            (State::Coming { first, seen, off }, Some(sight)) => {
                if (first.low, first.high) == (sight.low, sight.high) {
                    self.again(first, seen, off, sight)
                } else {
                    (State::Coming { first: sight, seen: 1, off: [0.0; 2] }, None)
                }
            }
            (State::Held { low, high, missing }, sight) => match sight {
                Some(sight) if (sight.low, sight.high) == (low, high) => (State::Held { low, high, missing: 0 }, None),
                Some(first) if missing + 1 >= ENOUGH => (State::Coming { first, seen: 1, off: [0.0; 2] }, None),
                None if missing + 1 >= ENOUGH => (State::Quiet, None),
                Some(_) | None => (State::Held { low, high, missing: missing + 1 }, None),
            },
        };
        self.state = state;
        key
    }

    /// The same key in one more window.
    fn again(&self, first: Sight, seen: u32, off: [f32; 2], sight: Sight) -> (State, Option<char>) {
        let Some(before) = self.last else { return (State::Quiet, None) };
        let off =
            std::array::from_fn(|n| off[n] + self.drifted([sight.low, sight.high][n], before.tones[n], sight.tones[n]));
        if seen + 1 < ENOUGH {
            return (State::Coming { first, seen: seen + 1, off }, None);
        }
        let straight = [sight.low, sight.high]
            .iter()
            .zip(off)
            .all(|(&tone, off)| (off / (ENOUGH - 1) as f32).abs() < OFF * TONES[tone]);
        if straight {
            let held = State::Held { low: sight.low, high: sight.high, missing: 0 };
            (held, Some(KEYS[sight.low][sight.high - 4]))
        } else {
            // Not where a key's tones are: it must begin anew.
            (State::Coming { first: sight, seen: 1, off: [0.0; 2] }, None)
        }
    }

    /// How far off the tone is, by what its phase did from one window to the next, in Hz.
    fn drifted(&self, tone: usize, before: Tone, now: Tone) -> f32 {
        // The filter's own tone turns by this much in a window.
        let turn = std::f32::consts::TAU * TONES[tone] * WINDOW as f32 / RATE as f32;
        let (sin, cos) = turn.sin_cos();
        now.off(Tone { re: before.re * cos - before.im * sin, im: before.re * sin + before.im * cos })
    }

    /// The key in a window, if there is one and nothing else.
    fn look(&self, window: &[i16]) -> Option<Sight> {
        let (mut last, mut before, mut energy) = ([0.0_f32; 8], [0.0_f32; 8], 0.0_f32);
        for &sample in window {
            let sample = f32::from(sample);
            energy += sample * sample;
            for n in 0..8 {
                let next = sample + self.coefficients[n] * last[n] - before[n];
                before[n] = last[n];
                last[n] = next;
            }
        }
        // Two tones at their least.
        if energy < LEAST * LEAST * WINDOW as f32 {
            return None;
        }
        let tones: [Tone; 8] = std::array::from_fn(|n| {
            let (cos, sin) = self.rotation[n];
            Tone { re: last[n] * cos - before[n], im: last[n] * sin }
        });
        let powers = tones.map(Tone::power);
        let loudest =
            |group: std::ops::Range<usize>| group.max_by(|&a, &b| powers[a].total_cmp(&powers[b])).unwrap_or(0);
        let (low, high) = (loudest(0..4), loudest(4..8));
        let (low_power, high_power) = (powers[low], powers[high]);
        let loud = low_power.min(high_power) > LEAST * LEAST;
        let level = high_power < TWIST * low_power && low_power < REVERSE_TWIST * high_power;
        // A sine of amplitude a has the energy a^2 / 2 in each sample.
        let pure = (low_power + high_power) * WINDOW as f32 / 2.0 > PURITY * energy;
        (loud && level && pure).then_some(Sight { low, high, tones: [tones[low], tones[high]] })
    }
}

#[cfg(test)]
mod tests;
