//! A front desk for tests of transports: admits everyone, or refuses everyone in one way, and hands each call that starts to the test.

use std::time::Duration;

use attendant::call::CallId;
use attendant::call::event::{Command, Event, Mailbox, Signal};
use attendant::call::registry::{Arriving, CallHandle, FrontDesk, MediaPath, NewCall, Refusal, Ticket};
use attendant_media::leg::LegConfig;
use tokio::sync::mpsc;

/// Longest wait for anything but the 32 s timers of SIP.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("in time")
}

/// Looks until it is there, a hundred times a second: looking all the time would keep calls in real time waiting.
pub async fn comes<T>(look: impl FnMut() -> Option<T>) -> T {
    comes_within(PATIENCE, look).await
}

/// The same for what takes longer.
pub async fn comes_within<T>(patience: Duration, look: impl FnMut() -> Option<T>) -> T {
    came_within(patience, look).await.expect("in time")
}

/// The same; `None`: it did not come.
pub async fn came_within<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    let comes = async {
        loop {
            looks.tick().await;
            if let Some(there) = look() {
                return there;
            }
        }
    };
    tokio::time::timeout(patience, comes).await.ok()
}

/// A call that the desk has started; `media` is what the test makes of its media path.
pub struct Started<M> {
    pub arriving: Arriving,
    pub leg: LegConfig,
    pub media: M,
    pub events: mpsc::Receiver<Event>,
    pub commands: mpsc::Sender<Command>,
}

impl<M> Started<M> {
    pub async fn signal(&mut self) -> Signal {
        match in_time(self.events.recv()).await.expect("the transport keeps the mailbox until the end") {
            Event::Signal(signal) => signal,
            other => panic!("a transport sends signals only, not {other:?}"),
        }
    }

    /// Every signal up to and including the call's end.
    pub async fn signals(&mut self) -> Vec<Signal> {
        let mut signals = Vec::new();
        loop {
            let signal = self.signal().await;
            let over = matches!(signal, Signal::Gone(_));
            signals.push(signal);
            if over {
                return signals;
            }
        }
    }
}

/// See the module header.
pub struct Desk<M> {
    refusal: Option<Refusal>,
    take: fn(MediaPath, &Mailbox) -> M,
    started: mpsc::Sender<Started<M>>,
}

impl<M> Desk<M> {
    /// `take` is called with the media of each call as it starts.
    pub fn new(refusal: Option<Refusal>, take: fn(MediaPath, &Mailbox) -> M) -> (Self, mpsc::Receiver<Started<M>>) {
        let (started, calls) = mpsc::channel(256);
        (Self { refusal, take, started }, calls)
    }
}

impl<M: Send + 'static> FrontDesk for Desk<M> {
    fn admit(&self, _arriving: &Arriving) -> Result<Ticket, Refusal> {
        match &self.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(Ticket::unlimited(CallId::new())),
        }
    }

    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle {
        let (mailbox, events) = Mailbox::new();
        let NewCall { arriving, leg, media, commands } = call;
        let media = (self.take)(media, &mailbox);
        let started = Started { arriving, leg, media, events, commands };
        assert!(self.started.try_send(started).is_ok(), "a test takes each call that starts");
        CallHandle { call: ticket.call, mailbox }
    }
}
