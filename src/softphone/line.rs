//! One call as its caller lives it: a leg, its packets, and a behaviour, until one side hangs up.
//!
//! Packets leave on the absolute schedule of the leg; how late each really left is kept, because a late measurer measures itself.

use std::io;
use std::time::Duration;

use attendant_media::frame::SLOT;
use attendant_media::leg::{Input, Leg, LegConfig, LegStats, Output};
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::arrivals::Arrivals;
use super::behaviour::{Act, Behaviour};
use super::keys::Keys;
use super::measure::Measure;
use super::path::{Arrived, DATAGRAM, Path};
use super::slots::Slots;
use super::tape::Tape;
use super::utterance::Utterance;
use crate::call::event::{Command, Signal};
use crate::call::registry::{MediaPath, StreamMedia};

/// Both sides wait a moment before the first packet, so that neither loses it: one slot.
const LEAD: Duration = SLOT;

/// How long a hang-up may take to be confirmed; then the call counts as over all the same.
const GOODBYE: Duration = Duration::from_secs(2);

/// A call that was answered.
#[derive(Debug)]
pub struct Line {
    pub media: MediaPath,
    pub leg: LegConfig,
    /// What the transport tells; a closed channel is the end of the call.
    pub signals: mpsc::Receiver<Signal>,
    pub commands: mpsc::Sender<Command>,
}

/// How a call went, seen by its caller.
#[derive(Debug)]
pub struct Outcome {
    pub measure: Measure,
    pub ended: Ended,
    pub sent: Sent,
    /// How the other side's packets came.
    pub arrivals: Arrivals,
    pub stats: LegStats,
    /// When the call was answered, on the clock of every time in `measure`.
    pub answered: Time,
    pub over: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Our behaviour hung up.
    HungUp,
    /// The other side did.
    FarSide,
    /// The call took longer than it may.
    TimedOut,
}

/// Our own packets.
#[derive(Debug, Default)]
pub struct Sent {
    /// How late each packet left, microseconds.
    pub late_us: Vec<u32>,
    /// Packets that the socket or the stream did not take.
    pub refused: u64,
}

/// Lives through the call. `epoch` is the zero of every time; `limit` bounds the call. Must be called within a tokio runtime.
pub async fn run(
    line: Line,
    behaviour: &mut impl Behaviour,
    tape: Option<&mut Tape>,
    epoch: Instant,
    limit: Duration,
) -> io::Result<Outcome> {
    let mut path = Path::new(line.media)?;
    let mut signals = line.signals;
    let answered = now(epoch);
    let start = answered + LEAD;
    let mut slots = Slots::after(LEAD)?;
    let mut caller = Caller {
        // A caller listens by level; the packets of many leave sooner without what the leg would make of each.
        leg: Leg::new(LegConfig { ears: false, ..line.leg }, start),
        start,
        epoch,
        speaking: None,
        pressing: None,
        generation: 0,
        measure: Measure::default(),
        sent: Sent::default(),
        arrivals: Arrivals::default(),
        behaviour,
        tape,
    };
    let mut buffer = [0; DATAGRAM];
    let ended = loop {
        tokio::select! {
            biased;
            due = slots.due() => {
                due?;
                caller.step(now(epoch), Input::Timeout, &mut path)?;
                let at = now(epoch);
                if at.since(answered) > limit {
                    break Ended::TimedOut;
                }
                caller.released(at);
                match caller.behaviour.act(at, &caller.measure) {
                    Some(Act::Speak(utterance)) => caller.begin(at, utterance, &mut path)?,
                    Some(Act::Press(keys)) => caller.press(at, &keys, &mut path)?,
                    Some(Act::HangUp) => break Ended::HungUp,
                    None => {}
                }
                caller.feed(at, &mut path)?;
            }
            arrived = path.receive(&mut buffer) => match arrived {
                Arrived::Datagram(len) => {
                    let at = now(epoch);
                    if let [_, _, high, low, ..] = buffer[..len] {
                        caller.arrivals.note(at, u16::from_be_bytes([high, low]));
                    }
                    caller.step(at, Input::Rtp(&buffer[..len]), &mut path)?;
                }
                Arrived::Rtcp(len) => caller.step(now(epoch), Input::Rtcp(&buffer[..len]), &mut path)?,
                Arrived::Chunk(chunk) => {
                    let StreamMedia { sequence, timestamp, payload } = chunk;
                    let at = now(epoch);
                    caller.arrivals.note(at, sequence as u16);
                    caller.step(at, Input::Payload { sequence, timestamp, payload: &payload }, &mut path)?;
                }
                Arrived::Closed => break Ended::FarSide,
            },
            signal = signals.recv() => match signal {
                Some(Signal::Gone(_)) | None => break Ended::FarSide,
                Some(Signal::Media { inbound, outbound, dtmf, remote, rtcp }) => {
                    path.redirect(remote, rtcp);
                    caller.step(now(epoch), Input::Formats { inbound, outbound, dtmf }, &mut path)?;
                }
                // These change nothing for a caller who only talks and listens.
                Some(
                    Signal::Answered
                    | Signal::Hold
                    | Signal::Unhold
                    | Signal::Dtmf(_)
                    | Signal::Mark { .. }
                    | Signal::Transferred(_)
                    | Signal::Drain,
                ) => {}
            },
        }
    };
    let over = now(epoch);
    if ended != Ended::FarSide {
        hang_up(&line.commands, &mut signals).await;
    }
    Ok(Outcome {
        ended,
        answered,
        over,
        stats: caller.leg.stats(),
        measure: caller.measure,
        sent: caller.sent,
        arrivals: caller.arrivals,
    })
}

/// Waits until the transport says that the call is gone, for a while.
async fn hang_up(commands: &mpsc::Sender<Command>, signals: &mut mpsc::Receiver<Signal>) {
    if commands.send(Command::HangUp).await.is_err() {
        return;
    }
    let gone = async { while !matches!(signals.recv().await, None | Some(Signal::Gone(_))) {} };
    if tokio::time::timeout(GOODBYE, gone).await.is_err() {
        tracing::warn!("the other side did not confirm the hang-up");
    }
}

fn now(epoch: Instant) -> Time {
    Time::from_micros(epoch.elapsed().as_micros() as u64)
}

struct Caller<'a, B> {
    leg: Leg,
    start: Time,
    epoch: Instant,
    speaking: Option<Speaking>,
    /// Until then keys are being pressed.
    pressing: Option<Time>,
    generation: u32,
    measure: Measure,
    sent: Sent,
    arrivals: Arrivals,
    behaviour: &'a mut B,
    tape: Option<&'a mut Tape>,
}

struct Speaking {
    id: SpeechId,
    utterance: Utterance,
    /// Samples given to the leg; all of them once it was told that no more will come.
    given: usize,
    voice: Voice,
}

/// How much of the voice has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Before,
    Within,
    After,
}

impl<B: Behaviour> Caller<'_, B> {
    fn begin(&mut self, at: Time, utterance: Utterance, path: &mut Path) -> io::Result<()> {
        self.generation += 1;
        let id = SpeechId { generation: self.generation, utterance: 0, attempt: 0 };
        self.speaking = Some(Speaking { id, utterance, given: 0, voice: Voice::Before });
        self.step(at, Input::Audible(id), path)
    }

    fn press(&mut self, at: Time, keys: &Keys, path: &mut Path) -> io::Result<()> {
        self.pressing = Some(at + keys.lasts());
        self.measure.begins(at);
        self.step(at, Input::Dtmf(keys.text()), path)
    }

    /// The last key has been released, if keys were being pressed.
    fn released(&mut self, at: Time) {
        if self.pressing.take_if(|until| *until <= at).is_some() {
            self.measure.ends(at);
            self.behaviour.said(at, &self.measure);
        }
    }

    /// Gives the leg as much of the utterance as it takes.
    fn feed(&mut self, at: Time, path: &mut Path) -> io::Result<()> {
        let Some(speaking) = &mut self.speaking else { return Ok(()) };
        let (id, audio, given) = (speaking.id, speaking.utterance.audio.clone(), speaking.given);
        if given == audio.len() {
            return Ok(());
        }
        let to = audio.len().min(given + self.leg.room());
        speaking.given = to;
        self.step(at, Input::Speech { id, audio: &audio[given..to] }, path)?;
        if to == audio.len() {
            self.step(at, Input::SpeechEnd { id }, path)?;
        }
        Ok(())
    }

    /// Steps the leg and does what it says.
    fn step(&mut self, at: Time, input: Input<'_>, path: &mut Path) -> io::Result<()> {
        self.leg.handle(at, input);
        while let Some(output) = self.leg.poll_output() {
            match output {
                Output::Rtp { slot, packet } => {
                    let sent = path.send(packet);
                    self.sent.note(now(self.epoch).since(due(self.start, slot)), sent);
                }
                Output::Payload { slot, payload } => {
                    let sent = path.send_payload(payload);
                    self.sent.note(now(self.epoch).since(due(self.start, slot)), sent);
                }
                Output::Heard { at: place, audio } => {
                    let change = self.measure.hear(at, audio);
                    self.behaviour.heard(at, audio, change, &self.measure);
                    if let Some(tape) = &mut self.tape {
                        tape.heard(place, audio)?;
                    }
                }
                Output::Said { at: place, audio } => {
                    if let Some(tape) = &mut self.tape {
                        tape.said(place, audio)?;
                    }
                }
                Output::Played { id, samples } => {
                    if let Some(speaking) = self.speaking.as_mut().filter(|speaking| speaking.id == id) {
                        speaking.played(at, samples as usize, &mut self.measure);
                    }
                }
                Output::Finished { id, .. } => {
                    if self.speaking.as_ref().is_some_and(|speaking| speaking.id == id) {
                        self.speaking = None;
                        self.behaviour.said(at, &self.measure);
                    }
                }
                Output::Rtcp { packet } => path.send_rtcp(packet),
                // A caller listens by level, and to no keys.
                Output::SpeechStart { .. }
                | Output::Speaking { .. }
                | Output::SpeechEnd { .. }
                | Output::Dry { .. }
                | Output::Dtmf { .. }
                | Output::FaxTone { .. } => {}
            }
        }
        Ok(())
    }
}

impl Speaking {
    fn played(&mut self, at: Time, samples: usize, measure: &mut Measure) {
        let (first, last) = self.utterance.voiced;
        if self.voice == Voice::Before && samples > first {
            self.voice = Voice::Within;
            measure.begins(at);
        }
        if self.voice == Voice::Within && samples >= last {
            self.voice = Voice::After;
            measure.ends(at);
        }
    }
}

impl Sent {
    fn note(&mut self, late: Duration, sent: bool) {
        self.late_us.push(u32::try_from(late.as_micros()).unwrap_or(u32::MAX));
        self.refused += u64::from(!sent);
    }
}

fn due(start: Time, slot: u64) -> Time {
    start + SLOT * u32::try_from(slot).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use attendant_media::leg::{Codec, Format};

    use super::super::behaviour::{Script, Step};
    use super::*;
    use crate::call::event::RtcpTo;

    fn leg(ssrc: u32) -> LegConfig {
        let format = Format { codec: Codec::Pcmu, payload_type: 0 };
        LegConfig {
            // Short, so that a call of seconds holds several.
            rtcp_interval: Duration::from_millis(200),
            ..LegConfig::plain(format, ssrc)
        }
    }

    fn utterance(name: &str, ms: usize) -> Utterance {
        Utterance::new(name, (0..16 * ms).map(|n| if n % 40 < 20 { 6_000 } else { -6_000 }).collect()).unwrap()
    }

    #[tokio::test]
    async fn two_callers_hear_each_other_out() {
        let sockets = [0, 1].map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
        let addresses = [0, 1].map(|n: usize| sockets[n].local_addr().unwrap());
        let [ours, theirs] = sockets;
        let media = |socket, remote| MediaPath::Rtp { socket, rtcp: None, remote, peer: None, rtcp_to: RtcpTo::Muxed };
        let (_hold, signals) = mpsc::channel(1);
        let (hang_up, far_signals) = mpsc::channel(1);
        let line = Line { media: media(ours, addresses[1]), leg: leg(1), signals, commands: mpsc::channel(1).0 };
        let far_line = Line {
            media: media(theirs, addresses[0]),
            leg: leg(2),
            signals: far_signals,
            commands: mpsc::channel(1).0,
        };
        let epoch = Instant::now();
        let limit = Duration::from_secs(20);

        let far = tokio::spawn(async move {
            // Greets at once, answers once, and then waits to be left.
            let said = [utterance("greeting", 300), utterance("answer", 300), utterance("never", 300)];
            let mut script = Script::new(said, None, Duration::from_secs(3), now(epoch));
            run(far_line, &mut script, None, epoch, limit).await.unwrap()
        });
        let mut script = Script::new([utterance("question", 400)], None, Duration::from_secs(5), now(epoch));
        let outcome = run(line, &mut script, None, epoch, limit).await.unwrap();
        drop(hang_up);
        assert_eq!(far.await.unwrap().ended, Ended::FarSide);

        assert_eq!(outcome.ended, Ended::HungUp);
        assert!(outcome.measure.greeting().is_some());
        assert_eq!(outcome.measure.exchanges().len(), 1);
        assert!(outcome.measure.exchanges()[0].response().is_some());
        let said: Vec<&Step> = script.steps().iter().filter(|step| matches!(step, Step::Said { .. })).collect();
        assert_eq!(said.len(), 1);
        assert_eq!(outcome.sent.late_us.len() as u64, outcome.stats.slots);
        let stats = outcome.stats;
        assert!(stats.rtt_us.is_some_and(|rtt| rtt < 1_000_000), "{stats:?}");
        assert!(stats.remote_lost.is_some(), "{stats:?}");
        assert_eq!(stats.rtcp_refused, 0);
    }
}
