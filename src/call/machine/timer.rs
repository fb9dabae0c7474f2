//! The named deadlines of a call.

use attendant_media::time::Named;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The caller has been silent long enough to have finished.
    Endpoint,
    /// A voice over the agent must have words by now.
    Contest,
    /// The recogniser's last words are due.
    Flush,
    /// The answer is late: cover the wait.
    Filler,
    /// The agent's next event is due.
    Agent,
    /// A voice's next audio is due.
    Tts,
    SttReady,
    /// A voice is heard: words are due.
    SttPartial,
    /// Nobody has said anything for long.
    Silence,
    MaxDuration,
    /// The caller's packets have stopped.
    Media,
    /// The last words have been heard, or the transport does not answer our hang-up.
    HangUp,
    Transfer,
}

impl Timer {
    pub(super) const COUNT: usize = 13;
}

impl Named for Timer {
    const ALL: &'static [Self] = &[
        Self::Endpoint,
        Self::Contest,
        Self::Flush,
        Self::Filler,
        Self::Agent,
        Self::Tts,
        Self::SttReady,
        Self::SttPartial,
        Self::Silence,
        Self::MaxDuration,
        Self::Media,
        Self::HangUp,
        Self::Transfer,
    ];

    fn index(self) -> usize {
        self as usize
    }
}
