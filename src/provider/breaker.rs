//! Whether a provider is worth asking, for every call of this server together: one breaker a provider and account. Instances that share their state
//! tell each other of what failed, though not of a refused key, which may be one's own mistake.
//!
//! Five failures in a row, a refused key, or a Retry-After open it; then nobody asks for a while, and after that one session tries
//! (half-open). What is no fault of the provider's, such as a request it must refuse or one too many, does not count.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{ErrorKind, ProviderError};

/// In a row.
const FAILURES: u32 = 5;

/// Nobody asks for so long. A Retry-After may make it longer, up to [`OPEN_AT_MOST`].
const OPEN: Duration = Duration::from_secs(60);
const OPEN_AT_MOST: Duration = Duration::from_secs(600);

/// A session that tries whether it is well again and says nothing for so long has not found out.
const PROBE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
        cause: Cause,
    },
    /// One session tries, since then.
    HalfOpen {
        since: Instant,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It failed here.
    Failures,
    /// It refused the key that this instance has.
    Key,
    /// It failed at another instance.
    Told,
}

/// See the module header.
#[derive(Debug)]
pub struct Breaker {
    provider: &'static str,
    state: Arc<Mutex<State>>,
}

/// Those of this process, for what instances tell each other. Taken before a state, never after.
static ALL: Mutex<Vec<Known>> = Mutex::new(Vec::new());

type Known = (&'static str, Weak<Mutex<State>>);

/// The providers of this process, and for how long each that failed here is not asked any more.
pub fn failed_here(now: Instant) -> Vec<(&'static str, Option<Duration>)> {
    let mut all = ALL.lock();
    all.retain(|(_, state)| state.strong_count() > 0);
    let mut found: Vec<(&'static str, Option<Duration>)> = Vec::new();
    for (provider, state) in all.iter() {
        let left = state.upgrade().and_then(|state| match *state.lock() {
            State::Open { until, cause: Cause::Failures } => {
                Some(until.duration_since(now)).filter(|left| !left.is_zero())
            }
            State::Open { cause: Cause::Key | Cause::Told, .. } | State::Closed { .. } | State::HalfOpen { .. } => None,
        });
        match found.iter_mut().find(|(known, _)| known == provider) {
            Some((_, longest)) => *longest = (*longest).max(left),
            None => found.push((*provider, left)),
        }
    }
    found
}

/// It failed at another instance: nobody here asks it for so long, unless it is known here already.
pub fn failed_elsewhere(provider: &str, left: Duration, now: Instant) {
    let all = ALL.lock();
    for state in all.iter().filter(|(name, _)| *name == provider).filter_map(|(_, state)| state.upgrade()) {
        let mut state = state.lock();
        if matches!(*state, State::Closed { .. }) {
            *state = State::Open { until: now + left.min(OPEN_AT_MOST), cause: Cause::Told };
            tracing::warn!(
                provider,
                seconds = left.as_secs(),
                "failed at another instance and is not asked for a while"
            );
        }
    }
}

impl Breaker {
    pub fn new(provider: &'static str) -> Self {
        let state = Arc::new(Mutex::new(State::Closed { failures: 0 }));
        ALL.lock().push((provider, Arc::downgrade(&state)));
        Self { provider, state }
    }

    /// Whether a session may be opened now.
    pub fn is_well(&self, now: Instant) -> bool {
        match *self.state.lock() {
            State::Closed { .. } => true,
            State::Open { until, .. } => now >= until,
            State::HalfOpen { since } => now >= since + PROBE,
        }
    }

    /// A session is opened: if the breaker was open, this is the one that tries.
    pub fn asked(&self, now: Instant) {
        let mut state = self.state.lock();
        match *state {
            State::Open { until, .. } if now >= until => *state = State::HalfOpen { since: now },
            State::HalfOpen { since } if now >= since + PROBE => *state = State::HalfOpen { since: now },
            State::Closed { .. } | State::Open { .. } | State::HalfOpen { .. } => {}
        }
    }

    /// It did what it was asked for.
    pub fn succeeded(&self) {
        let mut state = self.state.lock();
        match *state {
            State::Closed { failures: 0 } => {}
            State::Closed { .. } => *state = State::Closed { failures: 0 },
            State::HalfOpen { .. } => {
                *state = State::Closed { failures: 0 };
                tracing::info!(provider = self.provider, "is well again");
            }
            // A session from before it opened.
            State::Open { .. } => {}
        }
    }

    pub fn failed(&self, error: &ProviderError, now: Instant) {
        let at_once = match error.kind {
            ErrorKind::Request | ErrorKind::Full => return,
            ErrorKind::Unauthorised => true,
            ErrorKind::Limited => error.retry_after.is_some(),
            ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Server | ErrorKind::Empty => false,
        };
        let mut state = self.state.lock();
        let failures = match *state {
            State::Closed { failures } => failures + 1,
            State::HalfOpen { .. } => FAILURES,
            State::Open { .. } => return,
        };
        if failures < FAILURES && !at_once {
            *state = State::Closed { failures };
            return;
        }
        let wait = error.retry_after.map_or(OPEN, |wait| wait.clamp(OPEN, OPEN_AT_MOST));
        let cause = if error.kind == ErrorKind::Unauthorised { Cause::Key } else { Cause::Failures };
        *state = State::Open { until: now + wait, cause };
        metrics::counter!("provider_breaker_opened_total", "provider" => self.provider).increment(1);
        if error.kind == ErrorKind::Unauthorised {
            // Time alone mends everything else.
            tracing::error!(provider = self.provider, %error, "its key is refused: see to the key in its section of [providers]");
        }
        tracing::warn!(provider = self.provider, %error, seconds = wait.as_secs(), "is not asked for a while");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind, retry_after: Option<u64>) -> ProviderError {
        let retry_after = retry_after.map(Duration::from_secs);
        ProviderError { provider: "x", kind, what: "it failed".into(), retry_after }
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_open_it_for_a_minute_and_then_one_session_tries() {
        let breaker = Breaker::new("x");
        let now = Instant::now();
        for _ in 0..4 {
            breaker.failed(&error(ErrorKind::Timeout, None), now);
        }
        breaker.succeeded();
        for _ in 0..4 {
            breaker.failed(&error(ErrorKind::Timeout, None), now);
            assert!(breaker.is_well(now));
        }
        breaker.failed(&error(ErrorKind::Empty, None), now);
        assert!(!breaker.is_well(now + Duration::from_secs(59)));
        let later = now + OPEN;
        assert!(breaker.is_well(later));
        breaker.asked(later);
        assert!(!breaker.is_well(later), "one tries");
        breaker.failed(&error(ErrorKind::Connection, None), later);
        assert!(!breaker.is_well(later + Duration::from_secs(59)), "in vain");
        breaker.asked(later + OPEN);
        breaker.succeeded();
        assert!(breaker.is_well(later + OPEN));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_key_and_a_retry_after_open_it_at_once_and_a_wrong_request_or_a_full_house_never() {
        let now = Instant::now();
        for (kind, retry_after, well_after) in [
            (ErrorKind::Unauthorised, None, 60),
            (ErrorKind::Limited, Some(20), 60),
            (ErrorKind::Limited, Some(120), 120),
            (ErrorKind::Limited, Some(9_000), 600),
        ] {
            let breaker = Breaker::new("x");
            breaker.failed(&error(kind, retry_after), now);
            assert!(!breaker.is_well(now + Duration::from_secs(well_after - 1)), "{kind:?}");
            assert!(breaker.is_well(now + Duration::from_secs(well_after)), "{kind:?}");
        }
        let breaker = Breaker::new("x");
        for _ in 0..10 {
            breaker.failed(&error(ErrorKind::Request, None), now);
            breaker.failed(&error(ErrorKind::Full, None), now);
        }
        assert!(breaker.is_well(now));
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_is_told_to_others_and_what_others_told_is_not_told_on() {
        let now = Instant::now();
        let (here, key, well) = (Breaker::new("here"), Breaker::new("key"), Breaker::new("well"));
        here.failed(&error(ErrorKind::Limited, Some(90)), now);
        key.failed(&error(ErrorKind::Unauthorised, None), now);
        let of = |name: &str| failed_here(now).into_iter().find(|(provider, _)| *provider == name).unwrap().1;
        assert_eq!((of("here"), of("key"), of("well")), (Some(Duration::from_secs(90)), None, None));
        failed_elsewhere("well", Duration::from_secs(30), now);
        failed_elsewhere("nobody", Duration::from_secs(30), now);
        assert!(!well.is_well(now + Duration::from_secs(29)) && well.is_well(now + Duration::from_secs(30)));
        assert_eq!(of("well"), None);
        well.asked(now + Duration::from_secs(30));
        failed_elsewhere("well", Duration::from_secs(30), now + Duration::from_secs(30));
        well.succeeded();
        assert!(well.is_well(now + Duration::from_secs(30)), "who tries finds out by themselves");
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_says_nothing_does_not_close_the_way_for_ever() {
        let breaker = Breaker::new("x");
        let now = Instant::now();
        breaker.failed(&error(ErrorKind::Unauthorised, None), now);
        breaker.asked(now + OPEN);
        assert!(!breaker.is_well(now + OPEN));
        assert!(breaker.is_well(now + OPEN + PROBE));
    }
}
