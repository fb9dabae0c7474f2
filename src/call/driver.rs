//! Performs what the machine of one call wants, and tells it what happened. It holds no decision.
//!
//! One task a call, on the media worker that owns the call's sockets: it reads the clock once a wake-up, moves audio between
//! path, leg, machine and ears, and never waits for a provider. Each step runs under `catch_unwind`: a fault ends this call with
//! words ([`fault`]), and nothing else; [`intake`] takes what came from the caller, [`perform`] carries out each effect, [`response`] counts how long each answer took, [`farewell`]
//! tells the desk of the end.

mod farewell;
mod fault;
mod intake;
mod perform;
mod response;

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use attendant_media::leg::{self, Leg, LegConfig, Output};
use attendant_media::time::Time;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use farewell::{Ended, Farewell};

use super::CallId;
use super::ears::Ears;
use super::event::{Command, Event, Mailbox, Reporter, Signal};
use super::fetching::Fetching;
use super::machine::{Input, Machine, Service};
use super::marking::Marking;
use super::path::{DATAGRAM, Path};
use super::providers::Providers;
use super::registry::{MediaPath, StreamMedia};
use super::tap::Tap;
use super::timeline::{Counters, EndReason, Entry};
use crate::agent::concluded::Conclusion;
use crate::agent::{Agent, CallFacts};
use crate::costs::Account;
use crate::language::Language;
use crate::provider::chain::Speaker;
use crate::records::{Journal, Recorder};
use crate::tts;

/// So many events of providers are taken before audio has its turn again.
const EVENTS_AT_ONCE: usize = 64;

/// Everything a call needs on its worker.
pub(super) struct Start {
    pub(super) facts: CallFacts,
    pub(super) leg: LegConfig,
    pub(super) media: MediaPath,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) mailbox: Mailbox,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) machine: super::machine::Setup,
    pub(super) providers: Arc<Providers>,
    /// The runtime on which providers and agents work.
    pub(super) shared: Handle,
    pub(super) journal: Journal,
    pub(super) recorder: Option<Recorder>,
    pub(super) account: Account,
    /// Told when the call is over, on the worker; must not wait.
    pub(super) ended: Ended,
}

impl std::fmt::Debug for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Start").field("call", &self.facts.call).finish_non_exhaustive()
    }
}

pub(super) struct Driver {
    call: CallId,
    /// Time zero of the worker.
    epoch: Instant,
    config: LegConfig,
    /// From the answer on.
    leg: Option<Leg>,
    fetching: Fetching,
    machine: Machine,
    path: Path,
    ears: Ears,
    /// Of the present session, and of the one whose words another is asked for.
    recogniser: Reporter,
    doubted: Reporter,
    /// The last ones, by their numbers, newest first.
    sessions: VecDeque<(u32, Reporter)>,
    tap: Option<Tap>,
    voices: Vec<Option<mpsc::Sender<tts::Input>>>,
    /// Of each, who has the utterance.
    speakers: Vec<Speaker>,
    /// What the agent speaks.
    language: watch::Sender<Language>,
    agent: Box<dyn Agent>,
    providers: Arc<Providers>,
    shared: Handle,
    mailbox: Mailbox,
    commands: mpsc::Sender<Command>,
    journal: Journal,
    account: Account,
    marking: Marking,
    ended: Option<EndReason>,
    apology: Option<super::effect::Audio>,
}

/// Runs a call to its end.
pub(super) async fn run(start: Start, epoch: Instant) {
    let (call, commands) = (start.facts.call, start.commands.clone());
    let (farewell, mut events, mut driver) = match Driver::begin(start, epoch) {
        Ok(begun) => begun,
        Err((error, farewell)) => {
            tracing::error!(%call, %error, "cannot use the call's media socket");
            // The transport is gone if nobody takes this; then there is nothing to hang up.
            if commands.send(Command::HangUp).await.is_err() {
                tracing::debug!(%call, "transport already gone");
            }
            farewell.say(EndReason::Failed, Service::Failed);
            return;
        }
    };
    // It would keep the transport waiting after the driver is gone.
    drop(commands);
    driver.warm_up();
    let reason = driver.talk(&mut events).await;
    let service = driver.machine.service();
    events.close();
    // Its recording is settled before anybody hears of the end, also when it is dropped in a panic: what follows may be the end of the process.
    drop(driver);
    farewell.say(reason, service);
}

impl Driver {
    /// Takes over the call's sockets.
    fn begin(start: Start, epoch: Instant) -> Result<(Farewell, mpsc::Receiver<Event>, Self), (io::Error, Farewell)> {
        let call = start.facts.call;
        let farewell = Farewell::new(call, start.ended);
        let path = match Path::new(start.media, &start.leg) {
            Ok(path) => path,
            Err(error) => return Err((error, farewell)),
        };
        let now = Time::from_micros(epoch.elapsed().as_micros() as u64);
        let agent = {
            let _runtime = start.shared.enter();
            start.providers.agents.open(&start.facts)
        };
        let (canned, language) = (&start.machine.canned, start.machine.language);
        let apology = canned.get(language, super::canned::Phrase::Apology).and_then(|line| line.audio.clone());
        let machine = Machine::new(start.machine, now);
        let tap = start.recorder.map(Tap::new);
        // Nobody need be told.
        if let Some(tap) = tap.as_ref().filter(|_| machine.may_keep_recording()) {
            tap.keep();
        }
        let driver = Self {
            call,
            epoch,
            config: start.leg,
            leg: None,
            fetching: Fetching::new(now),
            machine,
            path,
            ears: Ears::new(),
            recogniser: Reporter::default(),
            doubted: Reporter::default(),
            sessions: VecDeque::new(),
            tap,
            voices: start.providers.voices.iter().map(|_| None).collect(),
            speakers: start.providers.voices.iter().map(|_| Speaker::default()).collect(),
            language: watch::Sender::new(language),
            agent,
            providers: start.providers,
            shared: start.shared,
            mailbox: start.mailbox,
            commands: start.commands,
            journal: start.journal,
            account: start.account,
            marking: Marking::default(),
            ended: None,
            apology,
        };
        Ok((farewell, start.events, driver))
    }

    /// The first voice connects while the phone rings.
    fn warm_up(&mut self) {
        if !self.voices.is_empty() {
            // One that fails here is opened again when there is something to say.
            self.voices[0] = catch_unwind(AssertUnwindSafe(|| self.open_voice(0))).ok();
        }
    }

    /// Who stands behind the first is asked only when that one fails: nobody connects to them ahead.
    fn open_voice(&self, place: usize) -> mpsc::Sender<tts::Input> {
        let _runtime = self.shared.enter();
        let mailbox = self.mailbox.spoken_by(self.speakers[place].clone());
        let (voice, reports) = (&self.providers.voices[place], tts::Reports { mailbox });
        if place == 0 { voice.open_ahead(self.language.subscribe(), reports) } else { voice.open(reports) }
    }

    async fn talk(&mut self, events: &mut mpsc::Receiver<Event>) -> EndReason {
        let mut buffer = [0_u8; DATAGRAM];
        loop {
            let now = self.now();
            if catch_unwind(AssertUnwindSafe(|| self.settle(now))).is_err() {
                return self.fault().await;
            }
            if let Some(reason) = self.ended {
                return reason;
            }
            let wake = self.wake();
            let happened = tokio::select! {
                chunk = self.path.receive(), if self.leg.is_some() && !self.machine.is_leaving() => Happened::Chunk(chunk),
                event = events.recv() => Happened::Event(event),
                () = sleep_until(wake) => Happened::Timeout,
            };
            let now = self.now();
            let step = catch_unwind(AssertUnwindSafe(|| self.step(now, happened, &mut buffer, events)));
            if step.is_err() {
                return self.fault().await;
            }
        }
    }

    fn step(&mut self, now: Time, happened: Happened, buffer: &mut [u8; DATAGRAM], events: &mut mpsc::Receiver<Event>) {
        // Whatever woke it, a slot that is due first has the packets that came before it.
        if self.leg.as_ref().is_some_and(|leg| self.fetching.is_due(leg.poll_timeout(), now)) {
            self.fetch(now, buffer);
        }
        match happened {
            Happened::Chunk(chunk) => self.chunk(now, chunk),
            Happened::Event(Some(event)) => {
                self.event(now, event);
                for _ in 0..EVENTS_AT_ONCE {
                    let Ok(event) = events.try_recv() else { break };
                    self.event(now, event);
                }
            }
            // The mailbox is held by this driver too, so it cannot close before the call ends.
            Happened::Event(None) => {}
            Happened::Timeout => {
                if let Some(leg) = &mut self.leg
                    && leg.poll_timeout() <= now
                {
                    leg.handle(now, leg::Input::Timeout);
                }
                if self.machine.poll_timeout() <= now {
                    self.machine.handle(now, Input::Timeout);
                }
            }
        }
    }

    fn event(&mut self, now: Time, event: Event) {
        match &event {
            Event::Signal(Signal::Answered) if self.leg.is_none() => {
                self.leg = Some(Leg::new(self.config.clone(), now));
                self.fetching = Fetching::new(now);
            }
            Event::Signal(Signal::Media { inbound, dtmf, remote, rtcp, .. }) => {
                self.path.signalled(*remote, *rtcp, inbound.payload_type, *dtmf);
            }
            Event::Signal(Signal::Hold) => self.path.held(),
            Event::Signal(Signal::Unhold) => self.path.resumed(),
            Event::Signal(_) | Event::Stt { .. } | Event::Tts(_) | Event::Agent { .. } => {}
        }
        self.machine.handle(now, Input::Event(event));
    }

    /// Moves everything that is ready: the leg's output, the machine's effects, audio, until nothing more moves.
    fn settle(&mut self, now: Time) {
        loop {
            self.leg_output(now);
            let mut moved = false;
            while let Some(effect) = self.machine.poll_effect() {
                moved = true;
                self.perform(now, effect);
            }
            if let Some(leg) = &mut self.leg {
                while let room @ 1.. = leg.room() {
                    let Some((id, audio)) = self.machine.poll_audio(room) else { break };
                    moved = true;
                    leg.handle(now, leg::Input::Speech { id, audio });
                }
                self.machine.audio_taken();
            }
            if !moved {
                return;
            }
        }
    }

    fn leg_output(&mut self, now: Time) {
        let Some(leg) = &mut self.leg else { return };
        while let Some(output) = leg.poll_output() {
            match &output {
                Output::Rtp { packet, .. } => self.path.send(packet),
                Output::Rtcp { packet } => self.path.send_rtcp(packet),
                Output::Payload { payload, .. } => self.path.stream(payload),
                Output::Heard { at, audio } => {
                    self.ears.heard(*at, audio);
                    if let Some(tap) = &mut self.tap {
                        tap.heard(*at, audio);
                    }
                }
                Output::Said { at, audio } => {
                    if let Some(tap) = &mut self.tap {
                        tap.said(*at, audio);
                    }
                }
                Output::Played { id, samples } => {
                    if let Some(samples) = self.marking.left(*id, *samples) {
                        self.path.mark(*id, samples);
                    }
                    self.machine.handle(now, Input::Leg(&output));
                }
                Output::Finished { .. } | Output::Dry { .. } => {
                    self.path.rests(&mut self.marking);
                    self.machine.handle(now, Input::Leg(&output));
                }
                Output::SpeechStart { .. }
                | Output::Speaking { .. }
                | Output::SpeechEnd { .. }
                | Output::Dtmf { .. }
                | Output::FaxTone { .. } => self.machine.handle(now, Input::Leg(&output)),
            }
        }
    }

    fn end(&mut self, now: Time, reason: EndReason) {
        self.journal_end(now, reason);
        self.ended = Some(reason);
    }

    fn journal_end(&self, now: Time, reason: EndReason) {
        let mut counters = self.machine.counters();
        counters.stt_dropped_frames = self.ears.dropped();
        if let Some(leg) = &self.leg {
            let stats = leg.stats();
            counters = Counters {
                packets_lost: stats.lost,
                late_slots: stats.late_slots,
                dry_slots: stats.dry_slots,
                rtt_us: stats.rtt_us,
                jitter_us: stats.jitter_us,
                remote_lost: stats.remote_lost,
                remote_jitter_us: stats.remote_jitter_us,
                packets_foreign: stats.foreign,
                drift_us: stats.drift_us(),
                drift_ppm: stats.drift_ppm(),
                ..counters
            };
        }
        let Conclusion { outcome, intent } = match reason {
            EndReason::Transferred => self.agent.concluded().transferred(),
            EndReason::Caller
            | EndReason::Goodbye
            | EndReason::CallerSilent
            | EndReason::MaxDuration
            | EndReason::MediaLost
            | EndReason::Fax
            | EndReason::SignallingLost
            | EndReason::Cancelled
            | EndReason::Failed
            | EndReason::Fault
            | EndReason::Drained => self.agent.concluded(),
        };
        self.journal.append(&Entry::Concluded { outcome, intent, language: *self.language.borrow() });
        let at_us = self.machine.at_us_of(now);
        if let Some(bill) = self.account.settle(self.mailbox.meter(), u64::from(counters.cached_characters)) {
            self.journal.append(&Entry::Costs { at_us, bill });
        }
        self.journal.append(&Entry::Ended { at_us, reason, counters });
    }

    fn now(&self) -> Time {
        Time::from_micros(self.epoch.elapsed().as_micros() as u64)
    }

    fn wake(&self) -> Instant {
        let leg = self.leg.as_ref().map_or(Time::NEVER, Leg::poll_timeout);
        let at = self.fetching.wake(leg.min(self.machine.poll_timeout()));
        // A call always has a deadline; a day stands for "none".
        let micros = at.as_micros().min(self.now().as_micros() + 86_400_000_000);
        self.epoch + std::time::Duration::from_micros(micros)
    }
}

impl Drop for Driver {
    /// A call that broke off, by a fault or with its worker, told nobody what becomes of its recording: the rule is that of every end, and in
    /// doubt it is deleted.
    fn drop(&mut self) {
        let Some(tap) = self.tap.take() else { return };
        let keeps = catch_unwind(AssertUnwindSafe(|| self.machine.may_keep_recording()));
        if !matches!(keeps, Ok(true)) {
            tap.discard();
        }
    }
}

enum Happened {
    Chunk(Option<StreamMedia>),
    Event(Option<Event>),
    Timeout,
}

#[cfg(test)]
mod tests;
