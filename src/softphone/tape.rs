//! The caller's own recording: stereo, the caller left, the other side right, aligned by the leg clock.

use std::io;
use std::path::Path;

use attendant_media::frame::{Frame, RATE, SLOT_SAMPLES, Samples};

/// Heard frames may come so many slots after what was said in them: a jitter buffer's patience and more.
const OPEN_SLOTS: u64 = 25;

/// Sides arrive apart: what was heard in a slot may come later than what was said in it. Slots are written once both sides had
/// their chance.
pub struct Tape {
    wav: hound::WavWriter<io::BufWriter<std::fs::File>>,
    /// Slots not yet written, from `next` on.
    open: std::collections::VecDeque<(Frame, Frame)>,
    next: u64,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Tape {
    pub fn create(file: &Path) -> io::Result<Self> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let wav = hound::WavWriter::create(file, spec).map_err(io::Error::other)?;
        Ok(Self { wav, open: std::collections::VecDeque::new(), next: 0 })
    }

    pub fn said(&mut self, at: Samples, frame: &Frame) -> io::Result<()> {
        if let Some((left, _)) = self.slot(at) {
            *left = *frame;
        }
        self.write(OPEN_SLOTS)
    }

    pub fn heard(&mut self, at: Samples, frame: &Frame) -> io::Result<()> {
        if let Some((_, right)) = self.slot(at) {
            *right = *frame;
        }
        self.write(OPEN_SLOTS)
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.write(0)?;
        self.wav.finalize().map_err(io::Error::other)
    }

    fn slot(&mut self, at: Samples) -> Option<&mut (Frame, Frame)> {
        let place = (at.0 / SLOT_SAMPLES as u64).checked_sub(self.next)? as usize;
        while self.open.len() <= place {
            self.open.push_back(([0; SLOT_SAMPLES], [0; SLOT_SAMPLES]));
        }
        self.open.get_mut(place)
    }

    fn write(&mut self, keep: u64) -> io::Result<()> {
        while self.open.len() as u64 > keep {
            let Some((left, right)) = self.open.pop_front() else { break };
            self.next += 1;
            for (left, right) in left.iter().zip(&right) {
                self.wav.write_sample(*left).and_then(|()| self.wav.write_sample(*right)).map_err(io::Error::other)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_aligned_by_their_slots_however_late_one_comes() {
        let file = tempfile::Builder::new().suffix(".wav").tempfile().unwrap();
        let mut tape = Tape::create(file.path()).unwrap();
        for slot in 0..10 {
            tape.said(Samples::from_slots(slot), &[slot as i16; 320]).unwrap();
            if slot >= 3 {
                tape.heard(Samples::from_slots(slot - 3), &[100 + slot as i16 - 3; 320]).unwrap();
            }
        }
        tape.finish().unwrap();
        let samples: Vec<i16> = hound::WavReader::open(file.path()).unwrap().samples().map(|s| s.unwrap()).collect();
        assert_eq!(samples.len(), 10 * 320 * 2);
        assert_eq!(samples[5 * 640..5 * 640 + 2], [5, 105]);
        assert_eq!(samples[9 * 640..9 * 640 + 2], [9, 0]);
    }
}
