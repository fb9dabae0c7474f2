//! What follows a session that failed: which recogniser is opened next and after what pause, and when there is no point in another.

use std::collections::VecDeque;
use std::time::Duration;

use attendant_media::frame::{RATE, Samples};

use super::Hearing;
use crate::call::effect::Effect;
use crate::provider::ErrorKind;
use crate::stt::Input;

/// Sessions before the ears are given up: two a recogniser, and never fewer than this.
const TRIES_AT_LEAST: u32 = 4;
/// The second attempt comes at once; from the third on, each waits twice as long as the one before.
const SECOND_WAIT: Duration = Duration::from_millis(500);
/// After all have failed, a caller may still be there to be heard later.
const WAIT_AT_MOST: Duration = Duration::from_secs(3);

/// A session that lasted so long was well, whether or not anybody spoke.
const LASTED: Samples = Samples(30 * RATE as u64);

/// How a session failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::call) enum Failure {
    /// It broke off, or may only seem to have failed: the same recogniser may be well the next moment.
    Passing,
    /// It let the caller wait, or refused: there is no time to ask it again.
    Lasting,
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Connection | ErrorKind::Server | ErrorKind::Empty => Self::Passing,
            ErrorKind::Timeout
            | ErrorKind::Unauthorised
            | ErrorKind::Limited
            | ErrorKind::Full
            | ErrorKind::Request => Self::Lasting,
        }
    }
}

/// What a failure of the session leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::call) enum Loss {
    /// Another session is to be opened after this time.
    Retry { after: Duration },
    /// Every recogniser has failed often enough. The next round begins after this time.
    Hopeless { after: Duration },
}

impl Hearing {
    /// The session failed: what it may still say does not count. After a passing failure the same recogniser is opened once more, then
    /// the next one; after a lasting one the next one at once.
    pub(in crate::call) fn lost(&mut self, how: Failure, now: Samples) -> Loss {
        self.session += 1;
        if now.saturating_sub(self.opened) >= LASTED {
            self.is_well();
        }
        self.failures += 1;
        self.passing = if how == Failure::Passing { self.passing + 1 } else { 0 };
        if self.failures >= self.tries() {
            self.failures = 0;
            self.passing = 0;
            self.recogniser = 0;
            self.flushing = None;
            self.doubt = None;
            self.suspects.clear();
            return Loss::Hopeless { after: WAIT_AT_MOST };
        }
        if self.passing != 1 {
            self.passing = 0;
            self.recogniser = (self.recogniser + 1) % self.recognisers.len().max(1);
        }
        let after = match self.failures {
            0 | 1 => Duration::ZERO,
            more => (SECOND_WAIT * (1 << (more - 2).min(8))).min(WAIT_AT_MOST),
        };
        Loss::Retry { after }
    }

    /// Opens another session after a failure. It hears `voice` again: where it began and, if it has, where it ended.
    pub(in crate::call) fn reopen(
        &mut self,
        voice: Option<(Samples, Option<Samples>)>,
        now: Samples,
        out: &mut VecDeque<Effect>,
    ) {
        self.open(voice.map_or(now, |(from, _)| from), now, out);
        if let Some((from, to)) = voice {
            self.input(Input::SpeechStart { at: from }, out);
            if let Some(at) = to {
                self.input(Input::SpeechEnd { at }, out);
            }
        }
        if let Some(asked) = &mut self.flushing {
            asked.again += 1;
            let up_to = asked.up_to;
            self.input(Input::Flush { up_to }, out);
        }
    }

    /// Whether every recogniser has been tried as often as makes sense: the next failure is the last.
    pub(in crate::call) fn is_at_its_last(&self) -> bool {
        self.failures + 1 >= self.tries()
    }

    fn tries(&self) -> u32 {
        TRIES_AT_LEAST.max(2 * self.recognisers.len() as u32)
    }
}
