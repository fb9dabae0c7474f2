//! The caller's telephone, whatever carries it: a real leg at the far end, slot by slot in real time, which says what it is told and
//! reports what it makes out.

use attendant::call::event::{Command, Gone, Signal};
use attendant::sim::code::{Code, Heard as Made, Listener};
use attendant::softphone::{Change, Ear};
use attendant::transport::sip::Phone;
use attendant_media::frame::SLOT;
use attendant_media::leg::{Input, Leg, LegConfig, Output};
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;
use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::carrier::{Carrier, Told};

/// What the caller makes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Began,
    Part(Code),
    /// A part began and did not come to its end.
    Broken,
    /// 700 ms of silence after sound.
    Finished,
    /// The carrier was told to drop what it had not played.
    Cleared,
    /// The other side hung up.
    Over,
}

/// What the caller does.
pub enum Act {
    Say(Vec<i16>),
    Press(&'static str),
}

/// How the telephone is connected.
#[expect(clippy::large_enum_variant, reason = "one a call")]
pub enum Wire {
    Rtp {
        socket: UdpSocket,
        remote: std::net::SocketAddr,
        signals: mpsc::Receiver<Signal>,
        _commands: mpsc::Sender<Command>,
        _phone: Phone,
    },
    Stream(Carrier),
}

/// The caller's side of the telephone.
pub struct Caller {
    acts: mpsc::Sender<Act>,
    heard: mpsc::Receiver<Heard>,
}

impl Caller {
    /// Picks up the telephone.
    pub fn begin(wire: Wire, leg: LegConfig) -> Self {
        let (acts, to_do) = mpsc::channel(8);
        let (reports, heard) = mpsc::channel(4_096);
        tokio::spawn(Line::new(wire, leg, reports).run(to_do));
        Self { acts, heard }
    }

    pub async fn act(&self, act: Act) {
        self.acts.send(act).await.expect("the call goes on");
    }

    /// Puts the receiver down.
    pub async fn hang_up(self) {
        let Self { acts, mut heard } = self;
        drop(acts);
        while heard.recv().await.is_some() {}
    }

    pub async fn next(&mut self) -> Heard {
        crate::desk::in_time(self.heard.recv()).await.expect("the call goes on")
    }
}

struct Line {
    wire: Wire,
    leg: Leg,
    epoch: Instant,
    ear: Ear,
    listener: Listener,
    reports: mpsc::Sender<Heard>,
    speech: Option<(SpeechId, Vec<i16>)>,
    spoken: u32,
    /// Codec time of 20 ms.
    ticks: u64,
    /// When a stream's carrier plays next.
    plays: Time,
    /// A stream's time: of the last thing that was due. However late the machine is, its carrier and its telephone are punctual.
    at: Time,
}

enum Happened {
    Datagram(usize),
    Signal(Option<Signal>),
    Told(Told),
    Played(Option<(u64, Bytes)>),
    Act(Option<Act>),
    Due,
}

/// What the leg wants done with the wire.
enum Out {
    Packet(Bytes),
    Payload(Bytes),
}

impl Line {
    fn new(wire: Wire, config: LegConfig, reports: mpsc::Sender<Heard>) -> Self {
        use attendant_media::leg::Codec;
        let ticks = match config.inbound.codec {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 160,
            Codec::Opus => 960,
            Codec::L16 { rate, .. } => u64::from(rate) / 50,
        };
        Self {
            wire,
            leg: Leg::new(config, Time::ZERO),
            epoch: Instant::now(),
            ear: Ear::default(),
            listener: Listener::new(),
            reports,
            speech: None,
            spoken: 0,
            ticks,
            plays: Time::ZERO,
            at: Time::ZERO,
        }
    }

    fn now(&self) -> Time {
        match self.wire {
            Wire::Rtp { .. } => Time::from_micros(self.epoch.elapsed().as_micros() as u64),
            Wire::Stream(_) => self.at,
        }
    }

    fn report(&self, heard: Heard) {
        self.reports.try_send(heard).expect("the test listens");
    }

    async fn run(mut self, mut acts: mpsc::Receiver<Act>) {
        let mut buffer = [0; 2_048];
        loop {
            self.settle().await;
            let wake = self.instant(self.leg.poll_timeout());
            let due = self.instant(self.leg.poll_timeout().min(self.plays));
            let happened = match &mut self.wire {
                Wire::Rtp { socket, signals, .. } => tokio::select! {
                    received = socket.recv_from(&mut buffer) => Happened::Datagram(received.map_or(0, |(length, _)| length)),
                    signal = signals.recv() => Happened::Signal(signal),
                    act = acts.recv() => Happened::Act(act),
                    () = sleep_until(wake) => Happened::Due,
                },
                Wire::Stream(carrier) => tokio::select! {
                    frame = carrier.next() => Happened::Told(carrier.take(frame).await),
                    act = acts.recv() => Happened::Act(act),
                    () = sleep_until(due) => self.due().await,
                },
            };
            let over = self.happened(happened, &buffer).await;
            if over {
                // What is in the telephone is still heard.
                for _ in 0..10 {
                    self.at = self.leg.poll_timeout();
                    sleep_until(self.instant(self.at)).await;
                    self.happened(Happened::Due, &buffer).await;
                    self.settle().await;
                }
                return self.report(Heard::Over);
            }
        }
    }

    fn instant(&self, time: Time) -> Instant {
        self.epoch + std::time::Duration::from_micros(time.as_micros())
    }

    /// The carrier plays, or the telephone's slot is over, whichever is due first.
    async fn due(&mut self) -> Happened {
        let slot = self.leg.poll_timeout();
        let Wire::Stream(carrier) = &mut self.wire else { return Happened::Due };
        if slot < self.plays {
            self.at = slot;
            return Happened::Due;
        }
        self.at = self.plays;
        self.plays += SLOT;
        Happened::Played(carrier.play().await.map(|audio| (carrier.played(), audio)))
    }

    /// `true` once the call is over.
    async fn happened(&mut self, happened: Happened, buffer: &[u8]) -> bool {
        let now = self.now();
        match happened {
            // RTCP on the same port (RFC 5761 section 4), which a caller does not hear.
            Happened::Datagram(length) if length < 12 || (192..=223).contains(&buffer[1]) => {}
            Happened::Datagram(length) => self.leg.handle(now, Input::Rtp(&buffer[..length])),
            Happened::Signal(signal) => return matches!(signal, Some(Signal::Gone(Gone::HungUp))),
            Happened::Told(Told::Nothing) | Happened::Played(None) => {}
            Happened::Told(Told::Cleared) => self.report(Heard::Cleared),
            Happened::Told(Told::Closed(code)) => {
                assert_eq!(code, Some(1000), "a call that is over is closed normally");
                return true;
            }
            Happened::Played(Some((sequence, payload))) => {
                let timestamp = sequence * self.ticks;
                self.leg.handle(now, Input::Payload { sequence, timestamp, payload: &payload });
            }
            Happened::Act(act) => return self.act(act).await,
            Happened::Due => self.leg.handle(now, Input::Timeout),
        }
        false
    }

    /// `true` if the caller hung up.
    async fn act(&mut self, act: Option<Act>) -> bool {
        let now = self.now();
        match act {
            Some(Act::Say(audio)) => {
                self.spoken += 1;
                let id = SpeechId { generation: self.spoken, utterance: 0, attempt: 0 };
                self.leg.handle(now, Input::Audible(id));
                self.speech = Some((id, audio));
                // Whatever was being said is spoken over: it may break off.
                self.listener.forget();
            }
            Some(Act::Press(keys)) => match &mut self.wire {
                Wire::Rtp { .. } => self.leg.handle(now, Input::Dtmf(keys)),
                Wire::Stream(carrier) => {
                    for key in keys.chars() {
                        carrier.press(key).await;
                    }
                }
            },
            None => return true,
        }
        false
    }

    async fn settle(&mut self) {
        let now = self.now();
        if let Some((id, audio)) = &mut self.speech {
            let room = self.leg.room().min(audio.len());
            if room > 0 {
                self.leg.handle(now, Input::Speech { id: *id, audio: &audio[..room] });
                audio.drain(..room);
            }
            if audio.is_empty() {
                self.leg.handle(now, Input::SpeechEnd { id: *id });
                self.speech = None;
            }
        }
        let mut out = Vec::new();
        let mut frames = Vec::new();
        while let Some(output) = self.leg.poll_output() {
            match output {
                Output::Rtp { packet, .. } => out.push(Out::Packet(Bytes::copy_from_slice(packet))),
                Output::Payload { payload, .. } => out.push(Out::Payload(Bytes::copy_from_slice(payload))),
                Output::Heard { audio, .. } => frames.push(*audio),
                _ => {}
            }
        }
        for frame in frames {
            if let Some(change) = self.ear.hear(now, &frame) {
                match change {
                    Change::Began { .. } => self.report(Heard::Began),
                    Change::Finished { .. } => self.report(Heard::Finished),
                }
            }
            match self.listener.hear(&frame) {
                Some(Made::Part(code)) => self.report(Heard::Part(code)),
                Some(Made::Broken) => self.report(Heard::Broken),
                None => {}
            }
        }
        for out in out {
            match (&mut self.wire, out) {
                (Wire::Rtp { socket, remote, .. }, Out::Packet(packet)) => {
                    socket.send_to(&packet, *remote).await.expect("loopback takes it");
                }
                (Wire::Stream(carrier), Out::Payload(payload)) => carrier.speak(&payload).await,
                (Wire::Rtp { .. }, Out::Payload(_)) | (Wire::Stream(_), Out::Packet(_)) => {
                    panic!("the leg is framed otherwise")
                }
            }
        }
    }
}
