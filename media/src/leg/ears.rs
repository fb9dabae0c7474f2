//! What a heard frame means acoustically: cleaned if wanted, then voices, echo, level and fax tone.
//!
//! The echo is judged on the frame as it was decoded; cleaning comes after it. It must never change the number of samples.

use super::contract::LegConfig;
use super::pending::{Pending, Ready};
use super::voices::Voices;
use crate::denoise::Denoise;
use crate::echo::{Cancel, Echo};
use crate::frame::{Frame, SLOT_SAMPLES, Samples};
use crate::gain::Gain;
use crate::tone::Cng;
use crate::vad::{Listening, Vad, level_db};

#[derive(Debug)]
pub(super) struct Ears {
    echo: Echo,
    cancel: Option<Cancel>,
    denoise: Option<Denoise>,
    gain: Option<Gain>,
    vad: Vad,
    voices: Voices,
    /// Slots since we said anything.
    silent: u32,
    cng: Cng,
}

/// Below this we say nothing, in dB of full scale.
const SAID_DB: f32 = -60.0;

/// A pause within our speech is shorter: 400 ms, in slots.
const PAUSE: u32 = 20;

impl Ears {
    pub(super) fn new(config: &LegConfig) -> Self {
        Self {
            echo: Echo::new(),
            cancel: config.echo_control.then(Cancel::new),
            denoise: config.denoise.then(Denoise::new),
            gain: config.gain.then(Gain::new),
            vad: Vad::default(),
            voices: Voices::default(),
            silent: PAUSE,
            cng: Cng::default(),
        }
    }

    /// The frame that left in the next slot.
    pub(super) fn said(&mut self, frame: &Frame) {
        self.echo.said(frame);
        self.silent = if level_db(frame) < SAID_DB { self.silent.saturating_add(1) } else { 0 };
        if let Some(cancel) = &mut self.cancel {
            cancel.said(frame);
        }
    }

    /// The frame heard at `at`, cleaned in place; what there is to say of it goes to `pending`.
    pub(super) fn heard(&mut self, at: Samples, frame: &mut Frame, pending: &mut Pending) {
        let judged = self.echo.heard(frame, self.vad.speaking());
        let fax = self.cng.push(frame);
        if let Some(cancel) = &mut self.cancel {
            cancel.heard(frame, &judged);
        }
        if let Some(denoise) = &mut self.denoise {
            denoise.process(frame);
        }
        if let Some(gain) = &mut self.gain {
            gain.process(frame, self.vad.voiced());
        }
        // An interruption must be noticed soonest of all; but not where something of ours comes back.
        let keen = self.silent < PAUSE && self.echo.is_absent();
        self.vad.listen(if keen { Listening::Keen } else { Listening::Usual });
        let edge = self.vad.push(frame);
        let end = at + Samples(SLOT_SAMPLES as u64);
        let changes = self.voices.push(end, edge, self.vad.voiced(), &judged);
        if let Some(at) = changes.end {
            pending.put(Ready::SpeechEnd { at });
        }
        if let Some((at, echo)) = changes.start {
            pending.put(Ready::SpeechStart { at, echo });
        }
        if let Some(at) = changes.brief {
            pending.put(Ready::SpeechEnd { at });
        }
        if let Some(echo) = self.voices.echo() {
            pending.put(Ready::Speaking { at, echo, level_db: self.vad.level_db() });
        }
        if fax {
            pending.put(Ready::FaxTone { at: end });
        }
    }
}
