//! One stream, from its upgrade to its end: which call it carries, then frames to the call and back.
//!
//! It decides when a stream is over. It never waits for the call: audio that the call does not take at once is dropped and
//! counted, as a late packet would be.

use std::sync::Arc;
use std::time::Duration;

use attendant_media::leg::{Codec, Format, Framing, LegConfig};
use axum::extract::ws::WebSocket;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use super::byte_order::{ByteOrder, Detector};
use super::carrier::{Carrier, Failed};
use super::entrance::Entrance;
use super::marks::Marks;
use super::message::{Media, Message, Start};
use super::socket::{Closing, Incoming, Link, NotTaken, PING_EVERY};
use super::timeline::Timeline;
use super::token::{Admission, Claims};
use super::wire::Wire;
use crate::call::event::{Command, Event, Gone, Mailbox, Signal};
use crate::call::registry::{Arriving, MediaPath, NewCall, Refusal, StreamMedia, StreamOut};

/// From the upgrade to `start`.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// Chunks on the way to the worker: 640 ms; more means that it does not keep up.
const INBOUND: usize = 32;

/// What the call sends: 1 s of audio and its marks.
const OUTBOUND: usize = 64;

/// Signals on their way to a mailbox that may be full for a moment.
const SIGNALS: usize = 32;

/// Commands of a call that wait: it hangs up once and transfers seldom.
const COMMANDS: usize = 8;

/// A call takes so long to end once its stream is gone; then its channels close all the same.
const ENDING: Duration = Duration::from_secs(2);

/// How often overdue marks are looked for.
const WATCH: Duration = Duration::from_secs(1);

/// Frames that are not of the protocol: more, and the other side does not speak it.
const MOST_MALFORMED: u32 = 50;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// The caller hung up: `stop`.
    Stopped,
    /// The connection broke, or nobody is there.
    Lost,
    /// The call is over on our side.
    HangUp,
    /// The server closes.
    Closing,
    /// The other side does not speak the protocol.
    Protocol,
}

/// Serves a stream to its end. `place` is given back once the stream has said which call it carries.
pub(crate) async fn serve(
    entrance: Arc<Entrance>,
    wire: Wire,
    admission: Option<Admission>,
    socket: WebSocket,
    place: OwnedSemaphorePermit,
) {
    let mut link = Link::new(socket, wire);
    let start = tokio::select! {
        start = started(&mut link) => start,
        () = sleep(START_DEADLINE) => None,
        () = entrance.stop.cancelled() => None,
    };
    drop(place);
    let Some(start) = start else {
        refused(wire, "no_start");
        return link.close(Closing::ProtocolError).await;
    };
    if let Some(admission) = &admission {
        let claims = Claims { wire, call: &start.call, caller: start.caller.reveal(), dialled: &start.dialled };
        if !entrance.is_for(admission, &claims) {
            entrance.withdraw(&admission.nonce);
            refused(wire, "not_its_call");
            tracing::warn!(carrier = wire.label(), "a stream carries another call than its token was issued for");
            return link.close(Closing::PolicyViolation).await;
        }
    }
    let arriving =
        Arriving { dialled: start.dialled.clone(), caller: start.caller.clone(), transport: wire.transport() };
    match entrance.ticket(admission.as_ref(), &arriving) {
        Ok(ticket) => {
            let (inbound, from_stream) = mpsc::channel(INBOUND);
            let (to_stream, outbound) = mpsc::channel(OUTBOUND);
            let (commands_in, commands) = mpsc::channel(COMMANDS);
            let call = NewCall {
                arriving,
                leg: leg(&entrance, wire, start.codec),
                media: MediaPath::Stream { inbound: from_stream, outbound: to_stream },
                commands: commands_in,
            };
            let handle = entrance.desk.start(ticket, call);
            tracing::info!(call = %handle.call, carrier = wire.label(), "a stream begins");
            let session = Session::new(&entrance, wire, start, link, handle.mailbox, inbound);
            session.run(outbound, commands).await;
            tracing::info!(call = %handle.call, carrier = wire.label(), "a stream is over");
        }
        Err(refusal) => {
            refused(wire, "no_room");
            turn_away(&entrance, wire, start, refusal);
            link.close(Closing::TryAgainLater).await;
        }
    }
}

fn refused(wire: Wire, why: &'static str) {
    metrics::counter!("stream_refused_total", "carrier" => wire.label(), "why" => why).increment(1);
}

/// Everything before `start` is greeting.
async fn started(link: &mut Link) -> Option<Start> {
    loop {
        match link.read().await {
            Incoming::Message(Message::Start(start)) => return Some(start),
            Incoming::Message(Message::Connected | Message::Other) | Incoming::Alive => {}
            Incoming::Message(
                Message::Media(_) | Message::Dtmf(_) | Message::Mark(_) | Message::Stop | Message::Failed { .. },
            )
            | Incoming::Malformed(_)
            | Incoming::Closed => return None,
        }
    }
}

/// There was room when the call was announced, elsewhere, and there is none here.
fn turn_away(entrance: &Entrance, wire: Wire, start: Start, refusal: Refusal) {
    let Some(carrier) = entrance.carrier(wire) else { return };
    entrance.tasks.spawn(async move {
        let done = match refusal {
            Refusal::Busy { .. } => carrier.hang_up(&start.call).await,
            Refusal::Divert { to } => carrier.transfer(&start.call, &to).await,
        };
        if let Err(Failed { status }) = done {
            tracing::warn!(status, "a call could not be turned away");
        }
    });
}

fn leg(entrance: &Entrance, wire: Wire, inbound: Codec) -> LegConfig {
    let outbound = match (wire, &entrance.telnyx) {
        (Wire::Telnyx, Some(door)) => door.telnyx.outbound().codec(),
        (Wire::Twilio | Wire::Telnyx | Wire::Pcm, _) => inbound,
    };
    LegConfig {
        inbound: format(inbound),
        outbound: format(outbound),
        framing: Framing::Transport,
        // Keys come as messages.
        dtmf: None,
        ssrc: rand::random(),
        first_sequence: rand::random(),
        first_timestamp: rand::random(),
        denoise: false,
        gain: false,
        echo_control: false,
    }
}

const fn format(codec: Codec) -> Format {
    Format { codec, payload_type: 0 }
}

struct Session {
    wire: Wire,
    stream: String,
    call: String,
    codec: Codec,
    link: Link,
    mailbox: Mailbox,
    signals: mpsc::Sender<Signal>,
    inbound: mpsc::Sender<StreamMedia>,
    carrier: Option<Arc<Carrier>>,
    entrance: Arc<Entrance>,
    timeline: Timeline,
    /// For codecs whose byte order is in doubt.
    ear: Option<Detector>,
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
        inbound: mpsc::Sender<StreamMedia>,
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
        let doubtful = matches!((wire, start.codec), (Wire::Telnyx, Codec::L16 { .. }));
        Self {
            wire,
            stream: start.stream,
            call: start.call,
            codec: start.codec,
            link,
            mailbox,
            signals,
            inbound,
            carrier: entrance.carrier(wire),
            entrance: entrance.clone(),
            timeline: Timeline::new(start.codec),
            ear: doubtful.then(Detector::default),
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
            Incoming::Message(Message::Media(media)) => self.hear(media),
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

    fn hear(&mut self, media: Media) {
        if let Some(order) = self.ear.as_mut().and_then(|ear| ear.hear(&media.payload)) {
            self.ear = None;
            self.byte_order(order);
        }
        let (inbound, wire) = (&self.inbound, self.wire);
        self.timeline.place(media, |chunk| {
            if inbound.try_send(chunk).is_err() {
                metrics::counter!("stream_receive_dropped_total", "carrier" => wire.label()).increment(1);
            }
        });
    }

    /// Network order was assumed. Who sends the other one takes it too.
    fn byte_order(&mut self, order: ByteOrder) {
        if let (ByteOrder::Little, Codec::L16 { rate, .. }) = (order, self.codec) {
            self.codec = Codec::L16 { rate, little_endian: true };
            let outbound = match leg(&self.entrance, self.wire, self.codec).outbound.codec {
                Codec::L16 { rate, .. } => Codec::L16 { rate, little_endian: true },
                other => other,
            };
            self.signal(Signal::Media {
                inbound: format(self.codec),
                outbound: format(outbound),
                dtmf: None,
                remote: None,
            });
        }
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

    async fn end(mut self, over: Over, mut outbound: mpsc::Receiver<StreamOut>) {
        let (gone, closing) = match over {
            Over::Stopped => (Some(Gone::HungUp), Closing::Normal),
            Over::Lost => (Some(Gone::Lost), Closing::GoingAway),
            Over::HangUp => (None, Closing::Normal),
            Over::Closing => (Some(Gone::Lost), Closing::GoingAway),
            Over::Protocol => (Some(Gone::Lost), Closing::ProtocolError),
        };
        if let Some(gone) = gone {
            // The call ends by this signal; were its channels closed first, it would call the stream lost.
            let told = async {
                if self.signals.send(Signal::Gone(gone)).await.is_ok() {
                    self.mailbox.closed().await;
                }
            };
            if timeout(ENDING, told).await.is_err() {
                metrics::counter!("stream_slow_endings_total", "carrier" => self.wire.label()).increment(1);
            }
        } else {
            // The last words, which the call sent before it hung up.
            while let Ok(out) = outbound.try_recv() {
                if self.write(out).await.is_some() {
                    break;
                }
            }
        }
        match (over, self.carrier.take()) {
            (Over::HangUp | Over::Closing | Over::Protocol, Some(carrier)) => {
                let call = std::mem::take(&mut self.call);
                self.entrance.tasks.spawn(async move {
                    // 481: ended already.
                    if let Err(Failed { status }) = carrier.hang_up(&call).await
                        && status != 481
                    {
                        tracing::warn!(status, "the carrier would not hang up; closing the stream must do");
                    }
                });
            }
            (Over::Stopped | Over::Lost | Over::HangUp | Over::Closing | Over::Protocol, _) => {}
        }
        self.link.close(closing).await;
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
