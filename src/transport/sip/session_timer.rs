//! Session timers (RFC 4028): agrees who refreshes a call and how often, and says when to refresh or to give up.
//!
//! A call whose far side vanished without BYE ends when its refreshes stop. Pure: intervals in seconds as on the wire,
//! time as an argument; sending UPDATE, re-INVITE or BYE is the session's part.

use std::time::Duration;

use attendant_media::time::Time;

/// The shortest interval anyone may ask for (RFC 4028 section 4).
pub const MIN_SE: u32 = 90;

/// Which end of the transaction that carried the header: the sender of the request, or its answerer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Uac,
    Uas,
}

/// A Session-Expires header: `1800;refresher=uas`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    pub interval: u32,
    pub refresher: Option<Role>,
}

impl SessionExpires {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let interval = parts.next()?.trim().parse().ok()?;
        let refresher = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("refresher") {
                return None;
            }
            match value.trim() {
                value if value.eq_ignore_ascii_case("uac") => Some(Role::Uac),
                value if value.eq_ignore_ascii_case("uas") => Some(Role::Uas),
                _ => None,
            }
        });
        Some(Self { interval, refresher })
    }
}

impl std::fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.interval)?;
        match self.refresher {
            Some(Role::Uac) => f.write_str(";refresher=uac"),
            Some(Role::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

/// What a request says about session timers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// `timer` in its Supported header.
    pub supported: bool,
    pub session_expires: Option<SessionExpires>,
    pub min_se: Option<u32>,
}

/// What we answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 2xx with this Session-Expires; `require`: with `Require: timer`, since the other side must refresh.
    Timer { session_expires: SessionExpires, require: bool },
    /// 422 with this Min-SE.
    TooSmall { min_se: u32 },
}

/// Answers a request as its UAS (RFC 4028 section 9, table 2). `wanted`: our own interval in seconds.
pub fn answer(asked: Asked, wanted: u32) -> Answer {
    let wanted = wanted.max(MIN_SE);
    let floor = asked.min_se.unwrap_or(MIN_SE).max(MIN_SE);
    match asked.session_expires {
        Some(theirs) if theirs.interval < MIN_SE && asked.supported => Answer::TooSmall { min_se: MIN_SE },
        Some(theirs) => {
            let interval = theirs.interval.min(wanted).max(floor);
            let refresher = match theirs.refresher {
                Some(Role::Uac) if asked.supported => Role::Uac,
                // A UAC that does not know the extension cannot refresh; one that leaves it open gets its call kept by us.
                Some(Role::Uac | Role::Uas) | None => Role::Uas,
            };
            let session_expires = SessionExpires { interval, refresher: Some(refresher) };
            Answer::Timer { session_expires, require: asked.supported && refresher == Role::Uac }
        }
        None => {
            let session_expires = SessionExpires { interval: wanted.max(floor), refresher: Some(Role::Uas) };
            Answer::Timer { session_expires, require: false }
        }
    }
}

/// Which of the two sides refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    Us,
    Them,
}

impl Refresher {
    /// `ours`: the role we had in the transaction that agreed it.
    pub fn from_roles(refresher: Role, ours: Role) -> Self {
        if refresher == ours { Self::Us } else { Self::Them }
    }
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Send UPDATE or re-INVITE.
    Refresh,
    /// No refresh came in time: BYE.
    Expired,
}

/// The running timer of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimer {
    interval: u32,
    refresher: Refresher,
    /// When the last refresh was agreed.
    agreed: Time,
    refresh_at: Time,
}

/// After a refresh that failed for a passing reason, the next try.
const RETRY: Duration = Duration::from_secs(10);

impl SessionTimer {
    pub fn new(interval: u32, refresher: Refresher, now: Time) -> Self {
        let half = Duration::from_secs(u64::from(interval) / 2);
        Self { interval, refresher, agreed: now, refresh_at: now + half }
    }

    /// The interval agreed, seconds.
    pub const fn interval(&self) -> u32 {
        self.interval
    }

    pub const fn refresher(&self) -> Refresher {
        self.refresher
    }

    /// What comes next, and when. The side that waits ends the call `min(32, interval / 3)` seconds before the
    /// interval is over (RFC 4028 section 10); so do we when our own refreshes get no answer.
    pub fn next(&self) -> (Due, Time) {
        let interval = u64::from(self.interval);
        let expires = self.agreed + Duration::from_secs(interval - (interval / 3).min(32));
        match self.refresher {
            Refresher::Us if self.refresh_at < expires => (Due::Refresh, self.refresh_at),
            Refresher::Us | Refresher::Them => (Due::Expired, expires),
        }
    }

    /// A refresh is under way: the next one only after it failed.
    pub fn refreshing(&mut self) {
        self.refresh_at = Time::NEVER;
    }

    /// The refresh failed for a passing reason (glare, overload): try again soon.
    pub fn failed(&mut self, now: Time) {
        self.refresh_at = now + RETRY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(supported: bool, session_expires: Option<&str>, min_se: Option<u32>) -> Asked {
        Asked { supported, session_expires: session_expires.and_then(SessionExpires::parse), min_se }
    }

    fn agreed(text: &str, require: bool) -> Answer {
        Answer::Timer { session_expires: SessionExpires::parse(text).unwrap(), require }
    }

    #[test]
    fn headers_are_read_and_written() {
        for text in ["1800", "90;refresher=uac", "3600;refresher=uas"] {
            assert_eq!(SessionExpires::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            SessionExpires::parse(" 1800 ; Refresher = UAC;x=y"),
            Some(SessionExpires { interval: 1_800, refresher: Some(Role::Uac) })
        );
        assert_eq!(SessionExpires::parse("soon"), None);
        assert_eq!(SessionExpires::parse("-5"), None);
    }

    #[test]
    fn the_answer_follows_the_table_of_the_rfc() {
        // Too short, and the caller can be told so.
        assert_eq!(answer(asked(true, Some("60"), None), 1_800), Answer::TooSmall { min_se: 90 });
        // Too short from one that does not know the extension: lengthened.
        assert_eq!(answer(asked(false, Some("60"), None), 1_800), agreed("90;refresher=uas", false));
        // The caller refreshes if it asked to.
        assert_eq!(answer(asked(true, Some("600;refresher=uac"), None), 1_800), agreed("600;refresher=uac", true));
        assert_eq!(answer(asked(true, Some("600;refresher=uas"), None), 1_800), agreed("600;refresher=uas", false));
        // Left open, or impossible: we do.
        assert_eq!(answer(asked(true, Some("600"), None), 1_800), agreed("600;refresher=uas", false));
        assert_eq!(answer(asked(false, Some("600;refresher=uac"), None), 1_800), agreed("600;refresher=uas", false));
        // Longer than we like is shortened, but never below the caller's minimum.
        assert_eq!(answer(asked(true, Some("7200"), None), 1_800), agreed("1800;refresher=uas", false));
        assert_eq!(answer(asked(true, Some("7200"), Some(3_600)), 1_800), agreed("3600;refresher=uas", false));
        // Nothing asked: we keep watch ourselves.
        assert_eq!(answer(asked(false, None, None), 1_800), agreed("1800;refresher=uas", false));
    }

    #[test]
    fn the_refresher_acts_at_half_time() {
        let timer = SessionTimer::new(1_800, Refresher::Us, Time::from_millis(1_000));
        assert_eq!(timer.next(), (Due::Refresh, Time::from_millis(901_000)));
    }

    #[test]
    fn the_waiting_side_gives_up_32_seconds_early() {
        let timer = SessionTimer::new(1_800, Refresher::Them, Time::ZERO);
        assert_eq!(timer.next(), (Due::Expired, Time::from_millis(1_768_000)));
        let short = SessionTimer::new(90, Refresher::Them, Time::ZERO);
        assert_eq!(short.next(), (Due::Expired, Time::from_millis(60_000)));
    }

    #[test]
    fn refreshes_that_fail_end_the_call() {
        let mut timer = SessionTimer::new(90, Refresher::Us, Time::ZERO);
        assert_eq!(timer.next(), (Due::Refresh, Time::from_millis(45_000)));
        timer.refreshing();
        assert_eq!(timer.next(), (Due::Expired, Time::from_millis(60_000)));
        timer.failed(Time::from_millis(46_000));
        assert_eq!(timer.next(), (Due::Refresh, Time::from_millis(56_000)));
        timer.failed(Time::from_millis(57_000));
        assert_eq!(timer.next(), (Due::Expired, Time::from_millis(60_000)));
    }
}
