//! Hears a fax machine calling: CNG, 1,100 Hz for half a second every three and a half (ITU-T T.30 section 4).
//!
//! A Goertzel filter per 10 ms says how much of its energy lies at 1,100 Hz; a voice never keeps nearly all of it there
//! for 400 ms. It must not fire on speech, music on hold or dial tones. Unit: 16 kHz frames.

use crate::frame::{Frame, RATE};

const CNG_HZ: f32 = 1_100.0;

/// Samples a share is taken of: 10 ms, wide enough in frequency for a machine that is 38 Hz off.
const WINDOW: usize = 160;

/// Least share of a window's energy at 1,100 Hz. A pure tone 38 Hz off has 0.6; one 100 Hz off has nothing.
const PURITY: f32 = 0.55;

/// Slots in a row: 400 of the 500 ms, so that a slot lost at either end does no harm.
const SLOTS: u32 = 20;

/// Quieter than this (-43 dBm0, the least a receiver must take) is no call: mean square of a sample.
const LEAST_POWER: f32 = 10_000.0;

/// See the module header.
#[derive(Clone, Debug, Default)]
pub struct Cng {
    slots: u32,
}

impl Cng {
    /// Takes the next 20 ms; true once per tone, when it has lasted 400 ms.
    pub fn push(&mut self, frame: &Frame) -> bool {
        if frame.chunks_exact(WINDOW).all(pure) {
            self.slots += 1;
            self.slots == SLOTS
        } else {
            self.slots = 0;
            false
        }
    }
}

fn pure(window: &[i16]) -> bool {
    let coefficient = 2.0 * (std::f32::consts::TAU * CNG_HZ / RATE as f32).cos();
    let (mut last, mut before, mut energy) = (0.0_f32, 0.0_f32, 0.0_f32);
    for &sample in window {
        let sample = f32::from(sample);
        energy += sample * sample;
        let next = sample + coefficient * last - before;
        (last, before) = (next, last);
    }
    let power = last * last + before * before - coefficient * last * before;
    // A pure tone of energy E gives |X|^2 = E x N / 2.
    energy > LEAST_POWER * WINDOW as f32 && power > PURITY * energy * WINDOW as f32 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::SLOT_SAMPLES;

    fn found(hz: f32, amplitude: f32, slots: usize) -> usize {
        let mut cng = Cng::default();
        (0..slots)
            .filter(|slot| {
                let frame: Frame = std::array::from_fn(|n| {
                    let t = (slot * SLOT_SAMPLES + n) as f32 / RATE as f32;
                    (amplitude * (std::f32::consts::TAU * hz * t).sin()) as i16
                });
                cng.push(&frame)
            })
            .count()
    }

    #[test]
    fn a_fax_call_is_found_once_a_tone_within_its_tolerance() {
        for hz in [1_062.0, 1_100.0, 1_138.0] {
            assert_eq!(found(hz, 4_000.0, 25), 1, "{hz} Hz");
            assert_eq!(found(hz, 300.0, 25), 1, "{hz} Hz, faint");
        }
    }

    #[test]
    fn other_tones_short_beeps_and_whispers_are_no_fax() {
        for hz in [350.0, 440.0, 941.0, 1_000.0, 1_209.0, 2_100.0] {
            assert_eq!(found(hz, 4_000.0, 100), 0, "{hz} Hz");
        }
        assert_eq!(found(1_100.0, 4_000.0, 19), 0);
        assert_eq!(found(1_100.0, 50.0, 100), 0);
    }
}
