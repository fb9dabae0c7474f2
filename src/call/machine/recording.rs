//! Whether the call may be recorded: only once the caller has heard the notice whole, and not after a refusal.
//!
//! Whoever talks over the notice hears it again before the next answer. What was recorded of a caller who never heard it, or who
//! refused in whatever was said last, is deleted.

use super::Machine;
use crate::agent::Expect;
use crate::call::canned::Phrase;
use crate::call::effect::Effect;
use crate::call::utterance::Purpose;
use crate::phrases::{Refusal, refuses_recording};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recording {
    /// It never was recorded, or no longer is.
    Off,
    /// The caller has not heard the notice to its end.
    Unannounced,
    Announced,
}

impl Recording {
    pub(super) const fn of(recorded: bool, has_notice: bool) -> Self {
        match (recorded, has_notice) {
            (false, _) => Self::Off,
            (true, true) => Self::Unannounced,
            (true, false) => Self::Announced,
        }
    }

    pub(super) const fn is_on(self) -> bool {
        match self {
            Self::Off => false,
            Self::Unannounced | Self::Announced => true,
        }
    }
}

impl Machine {
    /// Says that the call is recorded, unless that was heard or is about to be.
    pub(super) fn announce(&mut self) {
        if self.recording == Recording::Unannounced && !self.mouth.is_announcing() {
            self.say(Phrase::RecordingNotice, Purpose::Announcement, Expect::default());
        }
    }

    /// The notice, or what was left of it for another voice, was said.
    pub(super) fn announced(&mut self, whole: bool) {
        self.recording = match self.recording {
            Recording::Off => Recording::Off,
            Recording::Unannounced | Recording::Announced if whole => {
                self.out.push_back(Effect::KeepRecording);
                Recording::Announced
            }
            Recording::Unannounced | Recording::Announced => Recording::Unannounced,
        };
    }

    /// Deletes the recording if these words refuse it.
    pub(super) fn refused(&mut self, words: &str) -> Option<Refusal> {
        match self.recording {
            Recording::Off => None,
            Recording::Unannounced | Recording::Announced => {
                let refusal = refuses_recording(words, self.language)?;
                self.discard_recording();
                Some(refusal)
            }
        }
    }

    /// Whether what was recorded may be kept if the call breaks off now: by the rule of every end, so not if the words that were still
    /// to be answered refuse it.
    pub fn may_keep_recording(&self) -> bool {
        match self.recording {
            Recording::Off | Recording::Unannounced => false,
            Recording::Announced => refuses_recording(&self.hearing.words(), self.language).is_none(),
        }
    }

    /// The call is over.
    pub(super) fn keep_only_what_was_announced(&mut self) {
        match self.recording {
            Recording::Unannounced => self.discard_recording(),
            Recording::Off | Recording::Announced => {}
        }
    }

    fn discard_recording(&mut self) {
        self.recording = Recording::Off;
        self.out.push_back(Effect::DiscardRecording);
    }
}
