//! The caller's audio on its way to the recogniser: 10 s are kept, so that a session that opens late, or replaces one that
//! failed, hears what was said meanwhile. Never waits: what a session does not take is counted.

use std::collections::VecDeque;

use attendant_media::frame::{Frame, SLOT_SAMPLES, Samples};
use tokio::sync::mpsc;

use crate::stt::Input;

/// 10 s of 20 ms frames (DESIGN.md, rule 13): 320 KB a call.
const KEPT: usize = 500;

#[derive(Debug, Default)]
pub(super) struct Ears {
    kept: VecDeque<(Samples, Frame)>,
    session: Option<mpsc::Sender<Input>>,
    dropped: u64,
}

impl Ears {
    pub(super) fn heard(&mut self, at: Samples, frame: &Frame) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((at, *frame));
        self.send(Input::Audio { at, frame: *frame });
    }

    /// A new session takes over, beginning with what was heard since `from`.
    pub(super) fn open(&mut self, session: mpsc::Sender<Input>, from: Samples) {
        self.session = Some(session);
        for place in 0..self.kept.len() {
            let (at, frame) = self.kept[place];
            if at.0 + SLOT_SAMPLES as u64 > from.0 {
                self.send(Input::Audio { at, frame });
            }
        }
    }

    pub(super) fn send(&mut self, input: Input) {
        let Some(session) = &self.session else { return };
        if session.try_send(input).is_err() {
            self.dropped += 1;
            metrics::counter!("stt_inputs_dropped_total").increment(1);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}
