//! Takes steady noise out of what is heard, for the recogniser's sake: a fan, a car, a bad line.
//!
//! WebRTC's noise suppressor by way of the `sonora-ns` crate, in 10 ms steps. It delays by 6 ms and must never touch what
//! the echo judgement sees. Unit: 16 kHz frames.

use sonora_ns::config::{NsConfig, SuppressionLevel};
use sonora_ns::noise_suppressor::NoiseSuppressor;

use crate::frame::Frame;

const STEP: usize = 160;

/// See the module header.
#[derive(Debug)]
pub struct Denoise(Box<NoiseSuppressor>);

impl Default for Denoise {
    fn default() -> Self {
        Self::new()
    }
}

impl Denoise {
    pub fn new() -> Self {
        // 12 dB: more makes speech thin, which recognisers mind more than noise.
        Self(Box::new(NoiseSuppressor::new(NsConfig { target_level: SuppressionLevel::K12dB })))
    }

    pub fn process(&mut self, frame: &mut Frame) {
        let mut step = [0.0; STEP];
        for half in frame.chunks_exact_mut(STEP) {
            for (wide, &sample) in step.iter_mut().zip(&*half) {
                *wide = f32::from(sample);
            }
            self.0.analyze(&step);
            self.0.process(&mut step);
            for (sample, &wide) in half.iter_mut().zip(&step) {
                *sample = wide.round() as i16;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vad::level_db;

    #[test]
    fn steady_noise_falls_by_10_db_within_two_seconds() {
        let mut denoise = Denoise::new();
        let mut state = 1_u32;
        let mut levels = Vec::new();
        for _ in 0..150 {
            let mut frame: Frame = std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 16) as i16) / 32
            });
            let before = level_db(&frame);
            denoise.process(&mut frame);
            levels.push(level_db(&frame) - before);
        }
        assert!(levels[100..].iter().all(|&change| change < -10.0), "{:?}", &levels[100..110]);
    }
}
