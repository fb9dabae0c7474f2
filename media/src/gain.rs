//! Brings quiet callers up to a level that recognisers like, slowly and never with the noise.
//!
//! The estimators and the adaptive gain of WebRTC's AGC2 (`sonora-agc2`), told by our own voice detector what speech is.
//! Its limiter is left out (it allocates); the gain aims 5 dB below full scale and what still peaks is clipped.
//! Levels in dB of full scale; 16 kHz frames.

use std::fmt;

use sonora_agc2::adaptive_digital_gain_controller::{AdaptiveDigitalGainController, FrameInfo};
use sonora_agc2::common::{
    ADJACENT_SPEECH_FRAMES_THRESHOLD, SATURATION_PROTECTOR_INITIAL_HEADROOM_DB, float_s16_to_dbfs,
};
use sonora_agc2::noise_level_estimator::NoiseLevelEstimator;
use sonora_agc2::saturation_protector::SaturationProtector;
use sonora_agc2::speech_level_estimator::{AdaptiveDigitalConfig, SpeechLevelEstimator};

use crate::frame::Frame;

const STEP: usize = 160;

/// A telephone's AGC has been at work before us: a caller 30 dB down is a bad line and no whisper.
const CONFIG: AdaptiveDigitalConfig = AdaptiveDigitalConfig {
    headroom_db: 5.0,
    max_gain_db: 30.0,
    initial_gain_db: 0.0,
    max_gain_change_db_per_second: 6.0,
    max_output_noise_level_dbfs: -50.0,
};

/// See the module header.
pub struct Gain {
    speech: SpeechLevelEstimator,
    noise: NoiseLevelEstimator,
    saturation: SaturationProtector,
    controller: AdaptiveDigitalGainController,
}

impl fmt::Debug for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gain")
    }
}

impl Default for Gain {
    fn default() -> Self {
        Self::new()
    }
}

impl Gain {
    pub fn new() -> Self {
        Self {
            speech: SpeechLevelEstimator::new(&CONFIG, ADJACENT_SPEECH_FRAMES_THRESHOLD),
            noise: NoiseLevelEstimator::default(),
            saturation: SaturationProtector::new(
                SATURATION_PROTECTOR_INITIAL_HEADROOM_DB,
                ADJACENT_SPEECH_FRAMES_THRESHOLD,
            ),
            controller: AdaptiveDigitalGainController::new(CONFIG, ADJACENT_SPEECH_FRAMES_THRESHOLD),
        }
    }

    /// Scales `frame`; `voiced` is whether the frame before it held a voice.
    pub fn process(&mut self, frame: &mut Frame, voiced: bool) {
        let probability = if voiced { 1.0 } else { 0.0 };
        let mut step = [0.0_f32; STEP];
        for half in frame.chunks_exact_mut(STEP) {
            let (mut peak, mut power) = (0.0_f32, 0.0_f32);
            for (wide, &sample) in step.iter_mut().zip(&*half) {
                *wide = f32::from(sample);
                peak = peak.max(wide.abs());
                power += *wide * *wide;
            }
            let peak_dbfs = float_s16_to_dbfs(peak);
            self.speech.update(float_s16_to_dbfs((power / STEP as f32).sqrt()), probability);
            self.saturation.analyze(probability, peak_dbfs, self.speech.level_dbfs());
            let info = FrameInfo {
                speech_probability: probability,
                speech_level_dbfs: self.speech.level_dbfs(),
                speech_level_reliable: self.speech.is_confident(),
                noise_rms_dbfs: self.noise.analyze(&[&step]),
                headroom_db: self.saturation.headroom_db(),
                limiter_envelope_dbfs: peak_dbfs,
            };
            self.controller.process(&info, &mut [&mut step]);
            for (sample, &wide) in half.iter_mut().zip(&step) {
                *sample = wide.round() as i16;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::SILENCE;

    #[test]
    fn silence_stays_silent() {
        let mut gain = Gain::new();
        for _ in 0..100 {
            let mut frame = SILENCE;
            gain.process(&mut frame, false);
            assert_eq!(frame, SILENCE);
        }
    }
}
