//! How a simulated vendor fails, how often, and at which moment. Which vendor can have which fault, and when, is [`super::vendor`]'s table.
//!
//! A fault that a vendor cannot have is refused where it would strike, so that no test rests on one that does nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::vendor::{CancelledBy, Does, Vendor};

/// What [`Fault::Limits`] and [`Fault::Fails`] tell a client to wait: seconds.
pub(super) const RETRY_AFTER: &str = "20";

/// What [`Fault::Slow`] adds to an answer, or to the first audio.
const SLOW: Duration = Duration::from_millis(1_500);

/// What [`Fault::Lags`] adds to everything that a recogniser says.
const LAG: Duration = Duration::from_secs(4);

/// From word to word of a voice that lags: a word of 100 ms is 0.7 of it.
const LAGGING: Duration = Duration::from_millis(143);

/// From word to word of a voice that must have some left when it is cancelled: faster than they are heard, so that none is late.
const PACED: Duration = Duration::from_millis(60);

/// Who is asked for each clause anew cannot tell that one was cancelled between two: so long without a request is taken for it. The clauses of
/// an answer are asked for one right after the other.
const GIVEN_UP: Duration = Duration::from_millis(500);

/// What goes wrong at a vendor of speech. Each means what it can mean to the vendor's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// Answers, each time 1.5 s late.
    Slow,
    /// Is slow all along: words come 4 s late, or 0.7 s of sound in a second.
    Lags,
    /// Begins to answer, and then says nothing more.
    Stalls,
    /// Connects, and never says anything.
    Deaf,
    /// Sends its error message in mid-answer.
    Errors,
    /// Breaks the connection in mid-answer.
    Breaks,
    /// Sends the parts of an answer in the wrong order.
    Disorder,
    /// Does not answer the request for last words, as it may.
    Unanswered,
    /// What was cancelled goes on.
    Late,
    /// Done without any audio, or without a word, as when a quota is used up.
    Empty,
    /// Nothing but digital silence.
    Silence,
    /// Refuses the key: 401.
    Unauthorised,
    /// Refuses with 429 and Retry-After.
    Limits,
    /// Refuses with 503 and Retry-After.
    Fails,
}

impl Fault {
    /// What recognisers can have.
    pub const OF_HEARING: [Self; 12] = [
        Self::Slow,
        Self::Lags,
        Self::Stalls,
        Self::Deaf,
        Self::Errors,
        Self::Breaks,
        Self::Disorder,
        Self::Unanswered,
        Self::Empty,
        Self::Unauthorised,
        Self::Limits,
        Self::Fails,
    ];

    /// What voices can have.
    pub const OF_SPEAKING: [Self; 12] = [
        Self::Slow,
        Self::Lags,
        Self::Stalls,
        Self::Deaf,
        Self::Errors,
        Self::Breaks,
        Self::Late,
        Self::Empty,
        Self::Silence,
        Self::Unauthorised,
        Self::Limits,
        Self::Fails,
    ];
}

/// When a fault strikes. What is not struck within an answer has it from the first word on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moment {
    /// From the first connection on; within an answer, a recogniser after its first words, a voice in its second sentence.
    #[default]
    Usual,
    /// While a connection is made: it is never made.
    Connecting,
    /// A voice, after so many words on the connection; who is asked for each clause anew, after so many of all.
    Words(u32),
    /// A recogniser, instead of its second turn's last words.
    LastWords,
    /// A recogniser, half a second after its first turn's last words.
    Between,
    /// A recogniser, in the voice after its first turn: with its first words, or, if it strikes within an answer, after them.
    SecondVoice,
    /// A voice, once it was cancelled in the middle of what it said.
    Cancelled,
}

/// What becomes of connections to a vendor that cannot have the fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Elsewhere {
    #[default]
    Refused,
    Well,
}

/// A fault, for so many connections or for all.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    fault: Option<Fault>,
    at: Moment,
    /// From word to word of a voice that is well.
    pace: Duration,
    /// Connections that are well first.
    well: Arc<AtomicU32>,
    /// Connections that still have it; `None`: every one.
    left: Option<Arc<AtomicU32>>,
    elsewhere: Elsewhere,
    struck: Arc<Mutex<Option<Struck>>>,
    cancelled: Cancelled,
    asked: Arc<Mutex<Vec<Vendor>>>,
}

/// Whether a voice was cancelled in the middle of what it said.
#[derive(Clone, Debug, Default)]
struct Cancelled {
    was: Arc<AtomicBool>,
    /// Since when nothing is asked of who is asked for each clause anew.
    idle: Arc<Mutex<Option<Instant>>>,
}

/// The first time that a fault struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck {
    /// By the wall clock, as records' beginnings are.
    pub at: OffsetDateTime,
    /// That a voice had given of the utterance by then.
    pub words: u32,
}

impl Trouble {
    /// Every connection has it.
    pub fn always(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    /// The first so many are well; all after them have it.
    pub fn after(connections: u32, fault: Fault) -> Self {
        Self { fault: Some(fault), well: Arc::new(AtomicU32::new(connections)), ..Self::default() }
    }

    /// The first so many have it; those after them are well.
    pub fn first(connections: u32, fault: Fault) -> Self {
        Self { fault: Some(fault), left: Some(Arc::new(AtomicU32::new(connections))), ..Self::default() }
    }

    /// It strikes at this moment of a connection.
    #[must_use]
    pub fn at(self, at: Moment) -> Self {
        Self { at, ..self }
    }

    /// A voice is well, and takes so long from word to word.
    pub fn paced(pace: Duration) -> Self {
        Self { pace, ..Self::default() }
    }

    /// Vendors that cannot have it are well, and are not refused to whoever tries them with it.
    #[must_use]
    pub fn where_possible(self) -> Self {
        Self { elsewhere: Elsewhere::Well, ..self }
    }

    /// When it struck first; `None`: it has not yet.
    pub fn struck(&self) -> Option<Struck> {
        *self.struck.lock()
    }

    /// Who was asked so far, each once.
    pub fn asked(&self) -> Vec<Vendor> {
        self.asked.lock().clone()
    }

    /// What is wrong with the next connection, or request.
    pub(super) fn strike(&self, vendor: Vendor) -> Result<Strike, CannotHave> {
        let mut asked = self.asked.lock();
        if !asked.contains(&vendor) {
            asked.push(vendor);
        } else if vendor.cancelled_by() == CancelledBy::Leaving {
            // Nothing else makes anybody connect again.
            self.cancelled.was.store(true, Ordering::Relaxed);
        }
        drop(asked);
        let take = |left: &AtomicU32| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        };
        let strikes = !take(&self.well) && self.left.as_ref().is_none_or(|left| take(left));
        let impossible = self
            .fault
            .and_then(|fault| Some(CannotHave { vendor, fault, why: vendor.cannot_have_at(fault, self.at)? }));
        match (impossible, self.elsewhere) {
            (Some(impossible), Elsewhere::Refused) => Err(impossible),
            (Some(_), Elsewhere::Well) => Ok(Strike::default()),
            (None, Elsewhere::Refused | Elsewhere::Well) => {
                let (fault, at, pace) = (self.fault.filter(|_| strikes), self.at, self.pace);
                let does = Some(vendor.does());
                Ok(Strike { fault, at, pace, does, struck: self.struck.clone(), cancelled: self.cancelled.clone() })
            }
        }
    }
}

/// What is wrong with one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Strike {
    fault: Option<Fault>,
    pub(super) at: Moment,
    pace: Duration,
    /// Whom it strikes.
    does: Option<Does>,
    struck: Arc<Mutex<Option<Struck>>>,
    cancelled: Cancelled,
}

impl Strike {
    /// What is wrong by now.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault.filter(|_| self.at != Moment::Cancelled || self.cancelled.was.load(Ordering::Relaxed))
    }

    pub(super) fn is(&self, fault: Fault) -> bool {
        self.fault() == Some(fault)
    }

    /// It is one of those that strike within an answer, after some of it was given.
    pub(super) fn is_within(&self) -> bool {
        matches!(self.fault(), Some(Fault::Stalls | Fault::Errors | Fault::Breaks))
    }

    /// From word to word of a voice.
    pub(super) fn pace(&self) -> Duration {
        if self.is(Fault::Lags) {
            LAGGING
        } else if self.fault == Some(Fault::Late) || self.at == Moment::Cancelled {
            PACED
        } else {
            self.pace
        }
    }

    /// Whether a voice has nothing but noughts for the word after so many.
    pub(super) fn is_silent(&self, before: u32) -> bool {
        let from = if let Moment::Words(words) = self.at { words } else { 0 };
        self.is(Fault::Silence) && before >= from
    }

    /// How late a recogniser says what it has to say, and a voice has its first audio.
    pub(super) fn late(&self) -> Duration {
        match (self.fault(), self.does) {
            (Some(Fault::Slow), _) => SLOW,
            (Some(Fault::Lags), Some(Does::Hears)) => LAG,
            (Some(_) | None, _) => Duration::ZERO,
        }
    }

    /// It was cancelled in the middle of what it said.
    pub(super) fn cancelled(&self) {
        self.cancelled.was.store(true, Ordering::Relaxed);
    }

    /// A clause is asked for, until what is given back is dropped.
    pub(super) fn asked(&self) -> Asked {
        if self.cancelled.idle.lock().take().is_some_and(|since| since.elapsed() >= GIVEN_UP) {
            self.cancelled();
        }
        Asked(self.cancelled.clone())
    }

    /// It is felt from now on, after so many words of an utterance.
    pub(super) fn felt(&self, words: u32) {
        if self.fault().is_some() {
            self.struck.lock().get_or_insert_with(|| Struck { at: crate::clock::wall(), words });
        }
    }

    /// Of a vendor over HTTP: waits for ever if the connection is never to be made; else the status of its refusal, if it refuses.
    pub(super) async fn refusal(&self) -> Option<StatusCode> {
        if self.at == Moment::Connecting && self.fault().is_some() {
            self.felt(0);
            std::future::pending::<()>().await;
        }
        let status = match self.fault()? {
            Fault::Unauthorised => StatusCode::UNAUTHORIZED,
            Fault::Limits => StatusCode::TOO_MANY_REQUESTS,
            Fault::Fails => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Slow
            | Fault::Lags
            | Fault::Stalls
            | Fault::Deaf
            | Fault::Errors
            | Fault::Breaks
            | Fault::Disorder
            | Fault::Unanswered
            | Fault::Late
            | Fault::Empty
            | Fault::Silence => return None,
        };
        self.felt(0);
        Some(status)
    }
}

/// A clause that is being spoken for who asks for each anew.
pub(super) struct Asked(Cancelled);

impl Drop for Asked {
    fn drop(&mut self) {
        *self.0.idle.lock() = Some(Instant::now());
    }
}

/// The refusal with its Retry-After, where the status has one.
pub(super) fn come_again(status: StatusCode, refusal: Response) -> Response {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            ([(header::RETRY_AFTER, RETRY_AFTER)], refusal).into_response()
        }
        _ => refusal,
    }
}

/// A fault that means nothing in a vendor's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot have the fault {fault:?}: {why}", .vendor.name())]
pub(super) struct CannotHave {
    vendor: Vendor,
    fault: Fault,
    why: &'static str,
}

impl IntoResponse for CannotHave {
    fn into_response(self) -> Response {
        (StatusCode::NOT_IMPLEMENTED, self.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_first_two_leaves_the_third_alone() {
        let fault = |trouble: &Trouble| trouble.strike(Vendor::Nova).map(|strike| strike.fault());
        let trouble = Trouble::first(2, Fault::Deaf);
        let struck: Vec<_> = (0..3).map(|_| fault(&trouble)).collect();
        assert_eq!(struck, [Ok(Some(Fault::Deaf)), Ok(Some(Fault::Deaf)), Ok(None)]);
        assert_eq!(fault(&Trouble::always(Some(Fault::Fails))), Ok(Some(Fault::Fails)));
    }

    #[test]
    fn a_fault_that_cannot_be_is_refused_unless_it_is_given_to_many_vendors() {
        let impossible = Trouble::always(Some(Fault::Late));
        let refused = impossible.strike(Vendor::Azure).unwrap_err().to_string();
        assert!(refused.starts_with("Azure cannot have the fault Late: "), "{refused}");
        let well = impossible.where_possible();
        assert_eq!(well.strike(Vendor::Azure).map(|strike| strike.fault()), Ok(None));
        assert_eq!(well.strike(Vendor::Cartesia).map(|strike| strike.fault()), Ok(Some(Fault::Late)));
    }

    #[test]
    fn a_fault_at_a_moment_that_its_vendor_does_not_have_is_refused() {
        let refused = Trouble::always(Some(Fault::Fails)).at(Moment::LastWords).strike(Vendor::Flux).unwrap_err();
        assert!(refused.to_string().starts_with("Deepgram's Flux cannot have the fault Fails"), "{refused}");
        let late = Trouble::always(Some(Fault::Late)).at(Moment::Cancelled);
        assert_eq!(late.strike(Vendor::Cartesia).map(|strike| strike.fault()), Ok(None));
    }

    #[tokio::test(start_paused = true)]
    async fn what_strikes_once_something_was_cancelled_does_so_with_the_sign_that_the_vendor_has_of_it() {
        let trouble = || Trouble::always(Some(Fault::Stalls)).at(Moment::Cancelled);
        // A connection that is left.
        let (left, fault) = (trouble(), |strike: &Strike| strike.fault());
        let struck: Vec<_> = (0..2).map(|_| fault(&left.strike(Vendor::Qwen).unwrap())).collect();
        assert_eq!(struck, [None, Some(Fault::Stalls)]);
        // A message.
        let told = trouble().strike(Vendor::ElevenLabs).unwrap();
        assert_eq!(fault(&told), None);
        told.cancelled();
        assert_eq!(fault(&told), Some(Fault::Stalls));
        // A pause between two clauses.
        let paused = trouble();
        for (pause, struck) in [(0, None), (400, None), (500, Some(Fault::Stalls)), (0, Some(Fault::Stalls))] {
            crate::clock::elapse(Duration::from_millis(pause)).await;
            let strike = paused.strike(Vendor::Azure).unwrap();
            let asked = strike.asked();
            assert_eq!(fault(&strike), struck, "{pause}");
            drop(asked);
        }
    }

    #[test]
    fn the_first_time_that_it_is_felt_is_kept() {
        let trouble = Trouble::always(Some(Fault::Stalls));
        assert_eq!(trouble.struck(), None);
        for words in [12, 13] {
            trouble.strike(Vendor::Cartesia).unwrap().felt(words);
        }
        assert_eq!(trouble.struck().map(|struck| struck.words), Some(12));
        let well = Trouble::default();
        well.strike(Vendor::Cartesia).unwrap().felt(1);
        assert_eq!(well.struck(), None);
    }
}
