//! Whether a provider is worth asking, for every call of this server together: one breaker a purpose, provider and account. Instances that share
//! their state tell each other of what failed, though not of a refused key, which may be one's own mistake.
//!
//! Five failures in a row, or a refused key, open it; then nobody asks for a while, and after that one session tries (half-open). A
//! Retry-After rests it: no session begins for so long, and those that are connected go on. A request that it must refuse counts for who
//! says so ([`Breaker::refused`]): of a voice or a recogniser in its language alone. One too many never counts.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{ErrorKind, ProviderError};

/// In a row.
const FAILURES: u32 = 5;

/// Nobody asks for so long. A Retry-After may make it longer, up to [`OPEN_AT_MOST`], which also bounds a rest.
const OPEN: Duration = Duration::from_secs(60);
const OPEN_AT_MOST: Duration = Duration::from_secs(600);

/// A session that tries whether it is well again and says nothing for so long has not found out.
const PROBE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
        /// No session begins before.
        rests: Option<Instant>,
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
    /// It refused what this instance sends: its key, or its requests.
    Ours,
    /// It failed at another instance.
    Told,
}

impl State {
    const WELL: Self = Self::Closed { failures: 0, rests: None };

    /// What it is once somebody asks; `None`: nobody may.
    fn asked(self, now: Instant) -> Option<Self> {
        match self {
            Self::Closed { rests: Some(until), .. } if now < until => None,
            Self::Closed { .. } => Some(self),
            Self::Open { until, .. } if now >= until => Some(Self::HalfOpen { since: now }),
            Self::HalfOpen { since } if now >= since + PROBE => Some(Self::HalfOpen { since: now }),
            Self::Open { .. } | Self::HalfOpen { .. } => None,
        }
    }
}

/// See the module header. Its clones are one.
#[derive(Clone, Debug)]
pub struct Breaker {
    provider: &'static str,
    /// Whose alone it is; none: every clinic's.
    clinic: Option<Arc<str>>,
    /// The tag of the language that it concerns; none: all.
    language: Option<&'static str>,
    state: Arc<Mutex<State>>,
}

/// Those of this process that other instances have too, by the name that all know them by. Taken before a state, never after.
static ALL: Mutex<Vec<Known>> = Mutex::new(Vec::new());

struct Known {
    /// Whose alone it is.
    clinic: Option<Arc<str>>,
    name: Arc<str>,
    state: Weak<Mutex<State>>,
}

/// What other instances have too, and for how long it is not asked any more, if it failed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedHere {
    /// Whose alone it is; `None`: every clinic's.
    pub clinic: Option<Arc<str>>,
    pub name: Arc<str>,
    pub left: Option<Duration>,
}

impl Known {
    fn is(&self, clinic: Option<&str>, name: &str) -> bool {
        self.clinic.as_deref() == clinic && *self.name == *name
    }
}

/// Each that other instances have too.
pub fn failed_here(now: Instant) -> Vec<FailedHere> {
    let mut all = ALL.lock();
    all.retain(|known| known.state.strong_count() > 0);
    let mut found: Vec<FailedHere> = Vec::new();
    for known in all.iter() {
        let left = known.state.upgrade().and_then(|state| match *state.lock() {
            State::Open { until, cause: Cause::Failures } => {
                Some(until.duration_since(now)).filter(|left| !left.is_zero())
            }
            State::Open { cause: Cause::Ours | Cause::Told, .. } | State::Closed { .. } | State::HalfOpen { .. } => {
                None
            }
        });
        match found.iter_mut().find(|failed| known.is(failed.clinic.as_deref(), &failed.name)) {
            Some(failed) => failed.left = failed.left.max(left),
            None => found.push(FailedHere { clinic: known.clinic.clone(), name: known.name.clone(), left }),
        }
    }
    found
}

/// It failed at another instance: nobody here asks it for so long, unless it is known here already.
pub fn failed_elsewhere(clinic: Option<&str>, name: &str, left: Duration, now: Instant) {
    let all = ALL.lock();
    for state in all.iter().filter(|known| known.is(clinic, name)).filter_map(|known| known.state.upgrade()) {
        let mut state = state.lock();
        if matches!(*state, State::Closed { .. }) {
            *state = State::Open { until: now + left.min(OPEN_AT_MOST), cause: Cause::Told };
            tracing::warn!(
                provider = name,
                clinic,
                seconds = left.as_secs(),
                "failed at another instance and is not asked for a while"
            );
        }
    }
}

impl Breaker {
    /// Of a service that only this clinic asks, at an account of its own. Other instances have it too, for the same clinic.
    pub fn of_clinic(provider: &'static str, clinic: &str) -> Self {
        let clinic: Arc<str> = clinic.into();
        let breaker = Self { clinic: Some(clinic.clone()), ..Self::alone(provider) };
        ALL.lock().push(Known { clinic: Some(clinic), name: provider.into(), state: Arc::downgrade(&breaker.state) });
        breaker
    }

    /// Nobody else has it: what it guards is on this machine, or what it knows concerns this instance alone.
    pub fn alone(provider: &'static str) -> Self {
        Self { provider, clinic: None, language: None, state: Arc::new(Mutex::new(State::WELL)) }
    }

    /// Of what is asked in the language of this tag. Nobody else has it.
    pub fn in_language(provider: &'static str, language: &'static str) -> Self {
        Self { language: Some(language), ..Self::alone(provider) }
    }

    /// The one of this name: whoever asks for it in this process has the same, and other instances have it too.
    pub fn shared(provider: &'static str, name: &str) -> Self {
        let mut all = ALL.lock();
        all.retain(|known| known.state.strong_count() > 0);
        let known = all.iter().filter(|known| known.is(None, name)).find_map(|known| known.state.upgrade());
        known.map_or_else(
            || {
                let breaker = Self::alone(provider);
                all.push(Known { clinic: None, name: name.into(), state: Arc::downgrade(&breaker.state) });
                breaker
            },
            |state| Self { provider, clinic: None, language: None, state },
        )
    }

    /// Whether both are one.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }

    /// Whether a session might be opened now.
    pub fn is_well(&self, now: Instant) -> bool {
        self.state.lock().asked(now).is_some()
    }

    /// Whether a session may be opened now: it is to be. Of those who ask after a failure, one may.
    #[must_use]
    pub fn try_ask(&self, now: Instant) -> bool {
        let mut state = self.state.lock();
        let asked = state.asked(now);
        asked.inspect(|asked| *state = *asked).is_some()
    }

    /// The same where both must be well. `self` comes first wherever two are taken: else two that wait would wait for each other.
    #[must_use]
    pub fn try_ask_both(&self, account: &Self, now: Instant) -> bool {
        let (mut own, mut other) = (self.state.lock(), account.state.lock());
        let (Some(asked), Some(too)) = (own.asked(now), other.asked(now)) else { return false };
        (*own, *other) = (asked, too);
        true
    }

    /// Whether who is connected may go on: it rests, or is well.
    pub fn goes_on(&self) -> bool {
        matches!(*self.state.lock(), State::Closed { .. })
    }

    /// It did what it was asked for.
    pub fn succeeded(&self) {
        let mut state = self.state.lock();
        match *state {
            // Who was connected goes on while it rests.
            State::Closed { rests, .. } => *state = State::Closed { failures: 0, rests },
            State::HalfOpen { .. } => {
                *state = State::WELL;
                tracing::info!(provider = self.provider, clinic = self.clinic.as_deref(), "is well again");
            }
            // A session from before it opened.
            State::Open { .. } => {}
        }
    }

    /// Of a wrong request it says nothing: whoever asks knows whether that was the provider's doing ([`Self::refused`]).
    pub fn failed(&self, error: &ProviderError, now: Instant) {
        match error.kind {
            ErrorKind::Request | ErrorKind::Full => {}
            ErrorKind::Unauthorised => self.count(error, FAILURES, now),
            ErrorKind::Limited | ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Server | ErrorKind::Empty => {
                self.count(error, 1, now);
            }
        }
    }

    /// It refuses a request as wrong. Once may be that request's own fault; again and again it is how this instance asks.
    pub fn refused(&self, error: &ProviderError, now: Instant) {
        self.count(error, 1, now);
    }

    /// `more`: as many failures it is.
    fn count(&self, error: &ProviderError, more: u32, now: Instant) {
        let mut state = self.state.lock();
        let (failures, rests) = match *state {
            State::Closed { failures, rests } => (failures.saturating_add(more), rests),
            State::Open { until, .. } if now < until => return,
            // Who was warmed for a call tries as well.
            State::HalfOpen { .. } | State::Open { .. } => (FAILURES, None),
        };
        if failures < FAILURES {
            let rest = error.retry_after.map(|wait| now + wait.min(OPEN_AT_MOST));
            *state = State::Closed { failures, rests: rests.max(rest) };
            if let Some(wait) = error.retry_after {
                tracing::warn!(provider = self.provider, %error, seconds = wait.as_secs_f64(), "no session begins for a while");
            }
            return;
        }
        let wait = error.retry_after.map_or(OPEN, |wait| wait.clamp(OPEN, OPEN_AT_MOST));
        let is_ours = matches!(error.kind, ErrorKind::Unauthorised | ErrorKind::Request);
        let cause = if is_ours { Cause::Ours } else { Cause::Failures };
        *state = State::Open { until: now + wait, cause };
        let clinic = self.clinic.as_deref();
        let whose = clinic.unwrap_or_default().to_owned();
        metrics::counter!("provider_breaker_opened_total", "provider" => self.provider, "clinic" => whose).increment(1);
        if is_ours {
            // Time alone mends everything else.
            tracing::error!(provider = self.provider, clinic, language = self.language, %error, "{}", mend(error.kind));
        }
        tracing::warn!(provider = self.provider, clinic, language = self.language, %error, seconds = wait.as_secs(), "is not asked for a while");
    }
}

/// What to do about a refusal that is this instance's own fault.
const fn mend(kind: ErrorKind) -> &'static str {
    if matches!(kind, ErrorKind::Unauthorised) {
        "its key is refused: see to the key in its section of [providers]"
    } else {
        "our requests are refused: see to its section of [providers], and try it with `attendant providers check`"
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
        let breaker = Breaker::alone("x");
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
        assert!(breaker.try_ask(later));
        assert!(!breaker.is_well(later) && !breaker.try_ask(later), "one tries");
        breaker.failed(&error(ErrorKind::Connection, None), later);
        assert!(!breaker.is_well(later + Duration::from_secs(59)), "in vain");
        assert!(breaker.try_ask(later + OPEN));
        breaker.succeeded();
        assert!(breaker.is_well(later + OPEN));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_key_opens_it_at_once_and_a_wrong_request_or_a_full_house_never() {
        let now = Instant::now();
        let breaker = Breaker::alone("x");
        breaker.failed(&error(ErrorKind::Unauthorised, None), now);
        assert!(!breaker.is_well(now + Duration::from_secs(59)) && !breaker.goes_on());
        assert!(breaker.is_well(now + Duration::from_secs(60)));
        let breaker = Breaker::alone("x");
        for _ in 0..10 {
            breaker.failed(&error(ErrorKind::Request, None), now);
            breaker.failed(&error(ErrorKind::Full, None), now);
        }
        assert!(breaker.is_well(now));
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_after_rests_it_for_just_that_long_and_who_is_connected_goes_on() {
        let now = Instant::now();
        for (kind, retry_after, well_after) in [
            (ErrorKind::Limited, 1, 1),
            (ErrorKind::Server, 2, 2),
            (ErrorKind::Limited, 120, 120),
            (ErrorKind::Limited, 9_000, 600),
        ] {
            let breaker = Breaker::alone("x");
            breaker.failed(&error(kind, Some(retry_after)), now);
            // Who was connected is well: that says nothing of new sessions.
            breaker.succeeded();
            let well_again = now + Duration::from_secs(well_after);
            let before = well_again - Duration::from_millis(1);
            assert!(!breaker.is_well(before) && !breaker.try_ask(before) && breaker.goes_on(), "{kind:?}");
            assert!(
                breaker.is_well(well_again) && breaker.try_ask(well_again) && breaker.try_ask(well_again),
                "{kind:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_refusals_with_a_retry_after_open_it_for_a_minute_or_as_long_as_they_say() {
        for (retry_after, open) in [(1, 60), (120, 120), (9_000, 600)] {
            let (breaker, mut now) = (Breaker::alone("x"), Instant::now());
            for _ in 0..4 {
                breaker.failed(&error(ErrorKind::Limited, Some(retry_after)), now);
                assert!(breaker.goes_on());
                now += OPEN_AT_MOST;
                assert!(breaker.try_ask(now));
            }
            breaker.failed(&error(ErrorKind::Limited, Some(retry_after)), now);
            assert!(!breaker.goes_on() && !breaker.is_well(now + Duration::from_secs(open - 1)), "{retry_after}");
            assert!(breaker.is_well(now + Duration::from_secs(open)), "{retry_after}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_requests_in_a_row_that_are_refused_open_it_and_no_other_instance_is_told() {
        let (breaker, now) = (Breaker::alone("refuses"), Instant::now());
        let wrong = error(ErrorKind::Request, None);
        for _ in 0..4 {
            breaker.refused(&wrong, now);
        }
        breaker.succeeded();
        for _ in 0..5 {
            assert!(breaker.is_well(now));
            breaker.refused(&wrong, now);
        }
        assert!(!breaker.is_well(now) && breaker.is_well(now + OPEN));
        assert!(failed_here(now).iter().all(|failed| *failed.name != *"refuses" || failed.left.is_none()));
    }

    /// Five in a row, the last with this Retry-After.
    fn fails(breaker: &Breaker, retry_after: u64, now: Instant) {
        for _ in 0..FAILURES {
            breaker.failed(&error(ErrorKind::Limited, Some(retry_after)), now);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_is_told_to_others_and_what_others_told_is_not_told_on() {
        let now = Instant::now();
        let [here, key, well, rests] = ["here", "key", "well", "rests"].map(|name| Breaker::shared("x", name));
        rests.failed(&error(ErrorKind::Limited, Some(90)), now);
        fails(&here, 90, now);
        key.failed(&error(ErrorKind::Unauthorised, None), now);
        let of = |name: &str| failed_here(now).into_iter().find(|failed| *failed.name == *name).unwrap().left;
        assert_eq!((of("here"), of("key"), of("well")), (Some(Duration::from_secs(90)), None, None));
        assert_eq!(of("rests"), None, "each instance finds that out by one request");
        failed_elsewhere(None, "well", Duration::from_secs(30), now);
        failed_elsewhere(None, "nobody", Duration::from_secs(30), now);
        assert!(!well.is_well(now + Duration::from_secs(29)) && well.is_well(now + Duration::from_secs(30)));
        assert_eq!(of("well"), None);
        assert!(well.try_ask(now + Duration::from_secs(30)));
        failed_elsewhere(None, "well", Duration::from_secs(30), now + Duration::from_secs(30));
        well.succeeded();
        assert!(well.is_well(now + Duration::from_secs(30)), "who tries finds out by themselves");
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_who_ask_at_one_moment_one_tries() {
        let (breaker, account) = (Breaker::alone("x"), Breaker::alone("x"));
        let now = Instant::now();
        fails(&breaker, 60, now);
        account.failed(&error(ErrorKind::Unauthorised, None), now);
        assert!(!breaker.try_ask_both(&account, now + OPEN - Duration::from_secs(1)));
        let later = now + OPEN;
        let ask = || breaker.try_ask_both(&account, later);
        let allowed = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().map(|one| usize::from(one.join().unwrap())).sum::<usize>()
        });
        assert_eq!(allowed, 1);
        // Neither is taken for asked where the other forbids it.
        breaker.succeeded();
        assert!(!breaker.try_ask_both(&account, later) && breaker.try_ask(later));
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_one_name_has_one_breaker_and_what_is_alone_is_told_to_nobody() {
        let now = Instant::now();
        let [one, same, other] = ["a 1", "a 1", "a 2"].map(|name| Breaker::shared("a", name));
        let alone = Breaker::alone("alone");
        fails(&one, 60, now);
        fails(&alone, 60, now);
        assert_eq!([&one, &same, &other, &alone].map(|breaker| breaker.is_well(now)), [false, false, true, false]);
        let told = failed_here(now);
        let of = |name: &str| told.iter().find(|failed| *failed.name == *name).map(|failed| failed.left.is_some());
        assert_eq!([of("a 1"), of("a 2"), of("alone")], [Some(true), Some(false), None]);
        drop((one, same));
        assert!(Breaker::shared("a", "a 1").is_well(now), "nobody remembers it");
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_one_clinic_is_no_other_s_here_or_at_another_instance() {
        let now = Instant::now();
        let [one, other] = ["one", "other"].map(|clinic| Breaker::of_clinic("emr of two", clinic));
        fails(&one, 90, now);
        assert!(!one.is_well(now) && other.is_well(now));
        let told = failed_here(now);
        let of = |clinic: &str| {
            let failed =
                told.iter().find(|failed| failed.clinic.as_deref() == Some(clinic) && *failed.name == *"emr of two");
            failed.unwrap().left
        };
        assert_eq!((of("one"), of("other")), (Some(Duration::from_secs(90)), None));
        // As the other instance hears it.
        drop((one, told));
        let one = Breaker::of_clinic("emr of two", "one");
        failed_elsewhere(Some("one"), "emr of two", Duration::from_secs(30), now);
        failed_elsewhere(None, "emr of two", Duration::from_secs(30), now);
        assert!(!one.is_well(now) && other.is_well(now));
    }

    #[tokio::test(start_paused = true)]
    async fn who_fails_without_leave_once_the_time_is_over_keeps_it_open() {
        let (breaker, now) = (Breaker::alone("x"), Instant::now());
        fails(&breaker, 1, now);
        let later = now + OPEN;
        breaker.failed(&error(ErrorKind::Connection, None), later - Duration::from_secs(1));
        assert!(breaker.is_well(later), "as long as it was open anyway");
        breaker.failed(&error(ErrorKind::Connection, None), later);
        assert!(!breaker.is_well(later + Duration::from_secs(59)) && breaker.is_well(later + OPEN));
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_says_nothing_does_not_close_the_way_for_ever() {
        let breaker = Breaker::alone("x");
        let now = Instant::now();
        breaker.failed(&error(ErrorKind::Unauthorised, None), now);
        assert!(breaker.try_ask(now + OPEN));
        assert!(!breaker.is_well(now + OPEN));
        assert!(breaker.is_well(now + OPEN + PROBE));
    }
}
