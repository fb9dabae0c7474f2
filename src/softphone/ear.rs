//! Whether the other side can be heard, by level alone: it has to hold for speech and for the tones of scripted voices.
//!
//! Time is an argument: when a frame was heard, not when it was made.

use std::time::Duration;

use attendant_media::frame::Frame;
use attendant_media::time::Time;
use attendant_media::vad::level_db;

/// Softer is silence: idle G.711 lies at -66 dB of full scale or lower, soft speech at -40.
const SILENT_DB: f32 = -48.0;

/// Silence after which the other side has finished. Pauses between sentences are shorter.
pub const FINISHED: Duration = Duration::from_millis(700);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Began {
        at: Time,
    },
    /// `last` is when the last frame with sound in it was heard, [`FINISHED`] ago.
    Finished {
        began: Time,
        last: Time,
    },
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Ear {
    /// When the sound that is going on began, and when it was last heard.
    sound: Option<(Time, Time)>,
}

impl Ear {
    /// Takes the next 20 ms.
    pub fn hear(&mut self, now: Time, frame: &Frame) -> Option<Change> {
        let audible = level_db(frame) > SILENT_DB;
        match (audible, self.sound) {
            (true, Some((began, _))) => {
                self.sound = Some((began, now));
                None
            }
            (true, None) => {
                self.sound = Some((now, now));
                Some(Change::Began { at: now })
            }
            (false, Some((began, last))) if now.since(last) >= FINISHED => {
                self.sound = None;
                Some(Change::Finished { began, last })
            }
            (false, Some(_) | None) => None,
        }
    }

    /// Since when the other side has been heard, and when last; `None` once it has finished.
    pub const fn sound(&self) -> Option<(Time, Time)> {
        self.sound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: Frame = [3_000; 320];
    const QUIET: Frame = [8; 320];

    #[test]
    fn pauses_do_not_finish_speech_and_silence_does() {
        let mut ear = Ear::default();
        let mut changes = Vec::new();
        let slots = [(10, QUIET), (20, LOUD), (20, QUIET), (20, LOUD), (40, QUIET)];
        let mut slot = 0;
        for (count, frame) in slots {
            for _ in 0..count {
                changes.extend(ear.hear(Time::from_millis(slot * 20), &frame));
                slot += 1;
            }
        }
        let began = Time::from_millis(200);
        assert_eq!(changes, [Change::Began { at: began }, Change::Finished { began, last: Time::from_millis(1_380) }]);
    }
}
