//! The named deadlines of a call.

use attendant_media::time::Named;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Neither answered nor given up: the transport has forgotten the call.
    Ringing,
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
    /// The recogniser failed more than once: it is opened again, after a pause.
    SttReopen,
    /// A voice is heard: words are due.
    SttPartial,
    /// Nobody has said anything for long.
    Silence,
    MaxDuration,
    /// The caller's packets have stopped.
    Media,
    /// The last words have been heard by the far side too.
    HangUp,
    Transfer,
}

impl Timer {
    pub(super) const COUNT: usize = 15;
}

impl Named for Timer {
    const ALL: &'static [Self] = &[
        Self::Ringing,
        Self::Endpoint,
        Self::Contest,
        Self::Flush,
        Self::Filler,
        Self::Agent,
        Self::Tts,
        Self::SttReady,
        Self::SttReopen,
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
