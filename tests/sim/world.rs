//! The world of one simulated call: a heap of things to come, the machine and its leg, and a clock that jumps to the earliest.

mod effects;
mod far_side;
mod history;
mod leg_facts;
mod script;
mod verdict;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use attendant::call::canned::{self, Canned, Phrase};
use attendant::call::event::{Event, Signal};
use attendant::call::machine::{Input, Machine, Setup};
use attendant::call::marking::Marking;
use attendant::call::settings::CallConfig;
use attendant::call::timeline::{EndReason, Entry};
use attendant::language::Language;
use attendant::{stt, tts};
use attendant_media::frame::{SLOT, Samples};
use attendant_media::leg::{self, Codec, Format, Framing, Leg, LegConfig};
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::brain::Brain;
use super::caller::Caller;
use super::code;
use super::ears::{Ears, Spoken};
use super::faults::Fault;
use super::invariants::{Invariant, Watch};
use super::line::{DTMF, Wire};
use super::models::Thinker;
use super::mood::Later;
use super::voices::{Timbre, Voices};
use script::Slot;
pub use script::{Note, Outcome, Script, Transfer};

/// A call that lasts longer is stuck.
const AT_MOST: Time = Time::from_millis(240_000);

/// That the call is recorded.
const NOTICE: &str = "This call is recorded say so if you mind";

/// What is said without a voice, and for how many milliseconds. The fillers come last.
const PHRASES: [(Phrase, &str, usize); 11] = [
    (Phrase::Greeting, "Hello this is the clinic how can I help", 2_400),
    (Phrase::RecordingNotice, NOTICE, 2_600),
    (Phrase::StillThere, "Are you still there", 1_000),
    (Phrase::SilenceGoodbye, "Goodbye then", 900),
    (Phrase::RepeatPlease, "Please say that again", 1_100),
    (Phrase::Apology, "I am sorry something went wrong", 1_600),
    (Phrase::Transfer, "I will connect you", 1_000),
    (Phrase::TransferFailed, "Nobody could be reached", 1_200),
    (Phrase::TimeLimit, "We have to end here", 1_100),
    (Phrase::Filler(0), "One moment please", 900),
    (Phrase::Filler(1), "Still looking for it", 950),
];

struct Coming {
    at: Time,
    order: u64,
    what: Happening,
}

enum Happening {
    Answer,
    CallerTick,
    Event(Box<Event>),
    /// A carrier reports what it played; so many clears were sent when the mark was.
    Mark {
        id: SpeechId,
        samples: u64,
        clears: u32,
    },
}

impl PartialEq for Coming {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Coming {}
impl PartialOrd for Coming {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Coming {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

pub struct World {
    now: Time,
    order: u64,
    heap: BinaryHeap<Reverse<Coming>>,
    rng: StdRng,
    script: Script,
    machine: Machine,
    leg: Option<Leg>,
    origin: Time,
    caller: Caller,
    hung_up: Option<Time>,
    holds_until: Option<Time>,
    pressed: Vec<(Time, char)>,
    /// When the caller was passed on, until it failed: what is said meanwhile is not said to us.
    transferring: Option<Time>,
    away: Vec<(Time, Time)>,
    wire: Wire,
    /// Chunks of a media stream so far.
    chunks: u64,
    /// What the caller has said so far, on the leg clock.
    spoken: Vec<Spoken>,
    ears: Ears,
    session_open: bool,
    heard: Vec<Samples>,
    voices: Voices,
    brain: Brain,
    thinker: Option<Thinker>,
    watch: Watch,
    reason: Option<EndReason>,
    /// The recording was deleted.
    discarded: bool,
    journal: Vec<Entry>,
    /// Fixed phrases and the samples of their audio.
    fixed: Vec<(&'static str, u64)>,
    fillers: Vec<&'static str>,
    audible_source: Option<u32>,
    /// Of the audible speech, slot by slot: how much of it had left.
    left: Vec<(Time, u64)>,
    marking: Marking,
    clears: u32,
    slots: Vec<Slot>,
    notes: Vec<(Time, Note)>,
    planted: u32,
    /// Prints what the machine wants and the leg hears, for looking into a call: TRACE=1.
    traced: bool,
}

const PCMU: Format = Format { codec: Codec::Pcmu, payload_type: 0 };

impl World {
    pub fn new(script: Script) -> Self {
        let mut voices = Voices::new(script.voice, script.timbre.clone());
        let mut canned = Canned::default();
        for (phrase, text, ms) in PHRASES {
            let filler = matches!(phrase, Phrase::Filler(_));
            let source = voices.new_source();
            let audio = voices.timbre.audio(source, 0, ms * 16);
            let audio = Some(audio).filter(|_| !(filler && script.fault == Some(Fault::NoFillers)));
            for language in Language::ALL {
                canned.insert(language, phrase, canned::Line { text: text.into(), audio: audio.clone() });
            }
        }
        let config = CallConfig { transfer_to: script.transfer_to.clone(), ..CallConfig::default() };
        let setup = Setup {
            config: Arc::new(config),
            canned: Arc::new(canned),
            language: script.language,
            recognisers: vec![script.hearers(0, script.eager.is_some()), script.hearers(1, false)],
            names: Vec::new(),
            voices: 2,
            recorded: script.recorded,
        };
        let now = Time::from_millis(1_000);
        let mut brain = Brain::new(script.brain, script.answers.clone());
        brain.goodbye_after = script.goodbye_after;
        brain.tool_every = script.tool_every;
        brain.transfer_every = script.transfer_every;
        let mut world = Self {
            now,
            order: 0,
            heap: BinaryHeap::new(),
            rng: StdRng::seed_from_u64(script.seed),
            machine: Machine::new(setup, now),
            leg: None,
            origin: now,
            caller: Caller::new(script.acts.clone()),
            hung_up: None,
            holds_until: None,
            pressed: Vec::new(),
            transferring: None,
            away: Vec::new(),
            wire: Wire::new(&script.line, script.seed),
            chunks: 0,
            spoken: Vec::new(),
            ears: Ears::new(script.ears),
            session_open: false,
            heard: Vec::new(),
            voices,
            brain,
            thinker: (!script.models.is_empty()).then(|| Thinker::new(&script.models, now)),
            watch: Watch::new(matches!(script.timbre, Timbre::Coded), script.late_words()),
            reason: None,
            discarded: false,
            journal: Vec::new(),
            fixed: PHRASES.iter().map(|(_, text, ms)| (*text, *ms as u64 * 16)).collect(),
            fillers: PHRASES[9..].iter().map(|(_, text, _)| *text).collect(),
            audible_source: None,
            left: Vec::new(),
            marking: Marking::default(),
            clears: 0,
            slots: Vec::new(),
            notes: Vec::new(),
            planted: 0,
            traced: std::env::var_os("TRACE").is_some(),
            script,
        };
        world.later(Duration::from_millis(500), Happening::Answer);
        world
    }

    pub fn run(mut self) -> Outcome {
        self.settle();
        let mut over_since = None;
        while self.now < AT_MOST {
            self.step();
            if self.reason.is_some() {
                // Half a second more: nothing may leave any longer.
                let since = *over_since.get_or_insert(self.now);
                if self.now.since(since) > Duration::from_millis(500) {
                    break;
                }
            }
        }
        self.judge_the_whole();
        let tools_run = self.thinker.as_mut().map_or(self.brain.tools_run, Thinker::end);
        Outcome {
            broken: self.watch.broken,
            reason: self.reason,
            transcript: self.journal,
            lasted: self.now.since(self.origin),
            stretches: self.caller.stretches,
            notes: self.notes,
            slots: self.slots,
            tools_run,
            drift_corrections: self.leg.as_ref().map_or(0, |leg| leg.stats().drift_corrections),
        }
    }

    fn later(&mut self, after: Duration, what: Happening) {
        self.order += 1;
        self.heap.push(Reverse(Coming { at: self.now + after, order: self.order, what }));
    }

    fn all_later(&mut self, later: Later) {
        for (after, event) in later {
            self.later(after, Happening::Event(Box::new(event)));
        }
    }

    fn note(&mut self, note: Note) {
        self.notes.push((self.now, note));
    }

    fn step(&mut self) {
        let heap = self.heap.peek().map_or(Time::NEVER, |Reverse(coming)| coming.at);
        let leg = self.leg.as_ref().map_or(Time::NEVER, Leg::poll_timeout);
        let timers_lost = self.script.fault == Some(Fault::TimersLost);
        let machine = if timers_lost { Time::NEVER } else { self.machine.poll_timeout() };
        self.now = self.now.max(heap.min(leg).min(machine).min(self.wire.next()));
        if self.now == Time::NEVER {
            self.now = AT_MOST;
            return;
        }
        if heap <= self.now
            && let Some(Reverse(coming)) = self.heap.pop()
        {
            self.happens(coming.what);
        }
        if let Some(thinker) = &mut self.thinker {
            for event in thinker.advance(self.now) {
                self.event(event);
            }
        }
        self.arrivals();
        if leg <= self.now
            && let Some(leg) = &mut self.leg
        {
            leg.handle(self.now, leg::Input::Timeout);
        }
        if machine <= self.now {
            self.machine.handle(self.now, Input::Timeout);
        }
        self.settle();
        self.after_step();
    }

    fn happens(&mut self, what: Happening) {
        match what {
            Happening::Answer => self.answer(),
            Happening::CallerTick => self.caller_tick(),
            Happening::Mark { id, samples, clears } => self.marked(id, samples, clears),
            Happening::Event(event) => self.event(*event),
        }
    }

    fn answer(&mut self) {
        self.origin = self.now;
        let framing = if self.script.carrier.is_some() { Framing::Transport } else { Framing::Rtp };
        let config = LegConfig { framing, dtmf: Some(DTMF), first_sequence: 65_530, ..LegConfig::plain(PCMU, 1) };
        self.leg = Some(Leg::new(config, self.now));
        if self.fault(Fault::AnsweredLate) {
            self.later(Duration::from_millis(2_200), Happening::Event(Box::new(Event::Signal(Signal::Answered))));
        } else {
            self.signal(Signal::Answered);
        }
        self.later(Duration::ZERO, Happening::CallerTick);
    }

    fn event(&mut self, event: Event) {
        match &event {
            Event::Tts(tts::Event::Audio { id, audio })
                if self.watch.audible.is_some_and(|audible| audible != *id) && self.fault(Fault::LateChunkAudible) =>
            {
                let id = self.watch.audible.unwrap_or(*id);
                let late = Event::Tts(tts::Event::Audio { id, audio: audio.clone() });
                self.machine.handle(self.now, Input::Event(late));
                return;
            }
            Event::Stt { event: stt::Event::Final { .. }, .. } if self.fault(Fault::FinalTwice) => {
                self.machine.handle(self.now, Input::Event(event.clone()));
            }
            Event::Signal(Signal::Transferred(_)) => self.back(),
            Event::Agent { event: attendant::agent::Event::ToolStarted { .. }, .. } => self.note(Note::ToolStarted),
            Event::Agent { event: attendant::agent::Event::ToolDone { .. }, .. } => self.note(Note::ToolDone),
            Event::Signal(_) | Event::Stt { .. } | Event::Tts(_) | Event::Agent { .. } => {}
        }
        self.machine.handle(self.now, Input::Event(event));
    }

    fn clock(&self) -> Samples {
        Samples(self.now.since(self.origin).as_micros() as u64 * 16 / 1_000)
    }

    /// As the driver does: everything that is ready moves.
    fn settle(&mut self) {
        loop {
            self.leg_output();
            let mut moved = false;
            while let Some(effect) = self.machine.poll_effect() {
                moved = true;
                if self.traced {
                    println!("{:?} {:?} {effect:?}", self.now.since(self.origin), self.machine.floor());
                }
                self.perform(effect);
            }
            moved |= self.move_audio();
            if !moved {
                return;
            }
        }
    }

    fn move_audio(&mut self) -> bool {
        let Some(leg) = &mut self.leg else { return false };
        let mut moved = false;
        while let room @ 1.. = leg.room() {
            let Some((id, audio)) = self.machine.poll_audio(room) else { break };
            moved = true;
            *self.watch.offered.entry(id).or_default() += audio.len() as u64;
            if self.audible_source.is_none() {
                self.audible_source = audio.first().and_then(|sample| code::decode(*sample)).map(|(source, _)| source);
            }
            if self.script.fault == Some(Fault::ChunkLost) && self.planted == 0 && self.watch.slots > 200 {
                self.planted = 1;
                continue;
            }
            leg.handle(self.now, leg::Input::Speech { id, audio });
            if self.script.fault == Some(Fault::DoubleSpeech) && self.planted == 0 && audio.len() * 2 <= room {
                self.planted += 1;
                leg.handle(self.now, leg::Input::Speech { id, audio });
            }
        }
        self.machine.audio_taken();
        moved
    }

    /// The code of a speech; that of a fixed phrase is read from its first sample.
    fn source_of(&self, id: SpeechId) -> Option<u32> {
        self.voices.made.get(&id).map(|made| made.source)
    }

    fn after_step(&mut self) {
        if self.caller.is_speaking(self.now) {
            self.watch.pause_is_excused(self.now);
        }
        let owes = self.machine.owes_speech() && self.reason.is_none();
        self.watch.step(self.now, owes, Duration::from_millis(3_050));
        if let Some(leg) = &self.leg
            && self.reason.is_none()
        {
            let due = self.now.since(self.origin).as_micros() / SLOT.as_micros() + 1;
            if leg.poll_timeout() > self.now && u128::from(self.watch.slots) != due {
                let slots = self.watch.slots;
                self.watch.broke(Invariant::SlotForSlot, format!("{slots} slots, {due} due"));
                self.watch.slots = due as u64;
            }
        }
    }

    /// Whether the planted fault is this one; it strikes at most a few times, then the call goes on.
    fn fault(&mut self, fault: Fault) -> bool {
        let strikes = self.script.fault == Some(fault) && self.planted < fault.strikes();
        self.planted += u32::from(strikes);
        strikes
    }
}
