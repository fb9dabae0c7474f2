//! One stream that carries a call: frames to the call and back, and commands of the call to the carrier.
//!
//! It decides when a stream is over.
//!
//! | file | decides |
//! | --- | --- |
//! | `session/opening` | which call a stream carries, and whether it may |
//! | `session/intake` | where the caller's audio lies in time, and its byte order |
//! | `session/ending` | who is told of the end, and what must still be heard |

mod ending;
mod intake;
mod opening;

use std::sync::Arc;
use std::time::Duration;

use attendant_media::leg::Codec;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::carrier::{Carrier, Failed};
use super::entrance::Entrance;
use super::marks::Marks;
use super::message::{Message, Start};
use super::socket::{Incoming, Link, NotTaken, PING_EVERY};
use super::wire::Wire;
use crate::call::event::{Command, Event, Mailbox, RtcpTo, Signal};
use crate::call::registry::{StreamMedia, StreamOut};
use ending::Over;
use intake::Intake;
use opening::{format, leg};

pub(crate) use opening::serve;

/// Signals on their way to a mailbox that may be full for a moment.
const SIGNALS: usize = 32;

/// How often overdue marks are looked for.
const WATCH: Duration = Duration::from_secs(1);

/// Frames that are not of the protocol: more, and the other side does not speak it.
const MOST_MALFORMED: u32 = 50;

struct Session {
    wire: Wire,
    stream: String,
    call: String,
    link: Link,
    mailbox: Mailbox,
    signals: mpsc::Sender<Signal>,
    intake: Intake,
    carrier: Option<Arc<Carrier>>,
    entrance: Arc<Entrance>,
    marks: Marks,
    unheard: Unheard,
    malformed: u32,
    transfer: Option<JoinHandle<Result<(), Failed>>>,
}

/// Whether it has been said that marks do not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unheard {
    NotSaid,
    Said,
}

impl Session {
    fn new(
        entrance: &Arc<Entrance>,
        wire: Wire,
        start: Start,
        link: Link,
        mailbox: Mailbox,
        to_call: mpsc::Sender<StreamMedia>,
    ) -> Self {
        let (signals, mut forward) = mpsc::channel(SIGNALS);
        let to = mailbox.clone();
        entrance.tasks.spawn(async move {
            while let Some(signal) = forward.recv().await {
                if !to.send(Event::Signal(signal)).await {
                    return;
                }
            }
        });
        Self {
            wire,
            stream: start.stream,
            call: start.call,
            link,
            mailbox,
            signals,
            intake: Intake::new(wire, start.codec, to_call),
            carrier: entrance.carrier(wire),
            entrance: entrance.clone(),
            marks: Marks::default(),
            unheard: Unheard::NotSaid,
            malformed: 0,
            transfer: None,
        }
    }

    async fn run(mut self, mut outbound: mpsc::Receiver<StreamOut>, mut commands: mpsc::Receiver<Command>) {
        self.signal(Signal::Answered);
        let now = Instant::now();
        let mut pings = interval_at(now + PING_EVERY, PING_EVERY);
        let mut watch = interval_at(now + WATCH, WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.entrance.stop.clone();
        let over = loop {
            let over = tokio::select! {
                Some(out) = outbound.recv() => self.write(out).await,
                incoming = self.link.read() => self.take(incoming),
                command = commands.recv() => self.obey(command),
                result = finished(&mut self.transfer) => {
                    self.transfer = None;
                    if result.is_ok() {
                        // The caller is with somebody else, and not ours to hang up.
                        self.carrier = None;
                    }
                    self.signal(Signal::Transferred(result));
                    None
                }
                now = watch.tick() => {
                    self.watch(now);
                    (!self.link.is_alive(now)).then_some(Over::Lost)
                }
                _ = pings.tick() => self.link.ping().await.err().map(|NotTaken| Over::Lost),
                () = stop.cancelled() => Some(Over::Closing),
            };
            if let Some(over) = over {
                break over;
            }
        };
        self.end(over, outbound).await;
    }

    async fn write(&mut self, out: StreamOut) -> Option<Over> {
        let written = match out {
            StreamOut::Media(payload) => self.wire.media(&self.stream, payload),
            StreamOut::Mark { id, samples } => {
                let name = self.marks.send(id, samples, Instant::now());
                self.wire.mark(&self.stream, &name)
            }
            StreamOut::Clear => {
                self.marks.clear();
                self.wire.clear(&self.stream)
            }
        };
        self.link.write(written).await.err().map(|NotTaken| Over::Lost)
    }

    fn take(&mut self, incoming: Incoming) -> Option<Over> {
        match incoming {
            Incoming::Message(Message::Media(media)) => {
                if let Some(codec) = self.intake.hear(media) {
                    self.inbound_codec(codec);
                }
            }
            Incoming::Message(Message::Dtmf(key)) => self.signal(Signal::Dtmf(key)),
            Incoming::Message(Message::Mark(name)) => {
                if let Some((id, samples)) = self.marks.back(&name) {
                    self.signal(Signal::Mark { id, samples });
                }
            }
            Incoming::Message(Message::Stop) => return Some(Over::Stopped),
            Incoming::Message(Message::Failed { code }) => {
                metrics::counter!("stream_carrier_errors_total", "carrier" => self.wire.label()).increment(1);
                tracing::warn!(carrier = self.wire.label(), code, "the carrier complains of our stream");
            }
            // A second start changes nothing: the call has begun.
            Incoming::Message(Message::Connected | Message::Start(_) | Message::Other) | Incoming::Alive => {}
            Incoming::Malformed(what) => {
                metrics::counter!("stream_malformed_total", "carrier" => self.wire.label()).increment(1);
                self.malformed += 1;
                if self.malformed >= MOST_MALFORMED {
                    tracing::warn!(carrier = self.wire.label(), %what, "a stream is closed: it is not of this protocol");
                    return Some(Over::Protocol);
                }
            }
            Incoming::Closed => return Some(Over::Lost),
        }
        None
    }

    /// The other side sends this codec after all. Who sends linear audio in one byte order takes it so too.
    fn inbound_codec(&mut self, codec: Codec) {
        let outbound = match (leg(&self.entrance, self.wire, codec).outbound.codec, codec) {
            (Codec::L16 { rate, .. }, Codec::L16 { little_endian, .. }) => Codec::L16 { rate, little_endian },
            (other, _) => other,
        };
        let (inbound, outbound) = (format(codec), format(outbound));
        self.signal(Signal::Media { inbound, outbound, dtmf: None, remote: None, rtcp: RtcpTo::Above });
    }

    fn obey(&mut self, command: Option<Command>) -> Option<Over> {
        match command {
            Some(Command::HangUp) | None => Some(Over::HangUp),
            Some(Command::Transfer { to }) => {
                match &self.carrier {
                    Some(carrier) => {
                        let (carrier, call) = (carrier.clone(), self.call.clone());
                        let work = async move { carrier.transfer(&call, &to).await };
                        self.transfer = Some(self.entrance.tasks.spawn(work));
                    }
                    // A plain stream has nobody who could pass the caller on: 501, not implemented.
                    None => self.signal(Signal::Transferred(Err(501))),
                }
                None
            }
        }
    }

    fn watch(&mut self, now: Instant) {
        if self.unheard == Unheard::NotSaid && self.marks.overdue(now) {
            self.unheard = Unheard::Said;
            metrics::counter!("stream_marks_overdue_total", "carrier" => self.wire.label()).increment(1);
            tracing::warn!(
                carrier = self.wire.label(),
                "speech was sent and the carrier does not report it played; the caller may hear nothing"
            );
        }
    }

    fn signal(&self, signal: Signal) {
        if self.signals.try_send(signal).is_err() {
            metrics::counter!("stream_signals_dropped_total", "carrier" => self.wire.label()).increment(1);
        }
    }
}

/// The result of a transfer under way; never, while there is none.
async fn finished(transfer: &mut Option<JoinHandle<Result<(), Failed>>>) -> Result<(), u16> {
    match transfer {
        // A task that was lost with the runtime is a carrier not reached.
        Some(task) => task.await.map_or(Err(503), |result| result.map_err(|failed| failed.status)),
        None => std::future::pending().await,
    }
}
