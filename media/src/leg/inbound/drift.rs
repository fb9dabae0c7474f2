//! When a stream whose clock is not ours is set right: where it is quiet while there is time, anywhere at the limit.
//!
//! A stream that runs ahead of the slots has 20 ms left out, one that falls behind has 20 ms twice. Quiet is what lies near the
//! noise of the line, however loud that is: a pause on a noisy line is a pause. It must never touch a frame that is between both
//! limits. Positions: samples at 16 kHz; levels: dB of full scale.

use crate::frame::SLOT_SAMPLES;
use crate::vad::level_db;

const SLOT: i64 = SLOT_SAMPLES as i64;

/// So far ahead of the slots a quiet stretch is left out: 60 ms, more than jitter makes after a first packet that was late.
const FAR_AHEAD: i64 = 3 * SLOT;
/// And any at this: what is between is time to find a pause in, at 200 ppm five minutes.
const FARTHEST_AHEAD: i64 = 6 * SLOT;

/// So far behind a quiet stretch comes twice: 40 ms, a slot before a frame is made up for want of one.
const FAR_BEHIND: i64 = -2 * SLOT;

/// Quieter than this nobody misses 20 ms, whatever the noise of the line.
const QUIET_DB: f32 = -45.0;
/// How far above the noise a pause may be.
const ABOVE_NOISE_DB: f32 = 4.0;
/// Louder than this nothing is taken for noise.
const LOUDEST_NOISE_DB: f32 = -36.0;
/// The noise follows a quieter stretch halfway at once and creeps up 3 dB a second, in 20 ms.
const RISE_DB: f32 = 0.06;

/// What to do with the beginning of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Correction {
    None,
    Twice,
    LeftOut,
}

/// See the module header.
#[derive(Debug, Default)]
pub(super) struct Drift {
    noise_db: Option<f32>,
    quiet: bool,
}

impl Drift {
    /// Judges the next 20 ms, or the whole of a shorter packet, which would begin `ahead` of the present slot.
    pub(super) fn judge(&mut self, stretch: &[i16], ahead: i64) -> Correction {
        let level = level_db(stretch);
        let noise = match self.noise_db {
            None => level,
            Some(noise) if level < noise => (noise + level) / 2.0,
            Some(noise) => noise + RISE_DB,
        };
        let noise = noise.min(LOUDEST_NOISE_DB);
        self.noise_db = Some(noise);
        self.quiet = level < QUIET_DB.max(noise + ABOVE_NOISE_DB);
        if ahead > FARTHEST_AHEAD || (ahead > FAR_AHEAD && self.quiet) {
            Correction::LeftOut
        } else if ahead <= FAR_BEHIND && self.quiet {
            Correction::Twice
        } else {
            Correction::None
        }
    }

    /// Whether the newest stretch was a pause.
    pub(super) const fn quiet(&self) -> bool {
        self.quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn stretch(level: i16) -> [i16; SLOT_SAMPLES] {
        [level; SLOT_SAMPLES]
    }

    /// Noise for a second, then what becomes of a stretch at each place.
    fn judged(noise: i16, level: i16) -> [Correction; 5] {
        [FAR_BEHIND - SLOT, FAR_BEHIND, 0, FAR_AHEAD + 1, FARTHEST_AHEAD + 1].map(|ahead| {
            let mut drift = Drift::default();
            for _ in 0..50 {
                assert_eq!(drift.judge(&stretch(noise), 0), Correction::None);
            }
            drift.judge(&stretch(level), ahead)
        })
    }

    #[test]
    fn pauses_are_corrected_early_and_speech_only_at_the_limit() {
        use Correction::{LeftOut, None, Twice};
        assert_eq!(judged(20, 20), [Twice, Twice, None, LeftOut, LeftOut]);
        assert_eq!(judged(20, 3_000), [None, None, None, None, LeftOut]);
    }

    #[test]
    fn a_pause_on_a_noisy_line_is_a_pause_and_soft_speech_on_a_clean_one_is_none() {
        use Correction::{LeftOut, None, Twice};
        // -38 dB, both.
        assert_eq!(judged(400, 420), [Twice, Twice, None, LeftOut, LeftOut]);
        assert_eq!(judged(5, 420), [None, None, None, None, LeftOut]);
    }
}
