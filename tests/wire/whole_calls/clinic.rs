//! The real server's own parts, put together with scripted ears and voice and a receptionist who knows when to say goodbye: the real
//! front desk, workers, driver, machine and legs behind the real SIP and HTTP servers.

use std::net::SocketAddr;
use std::sync::Arc;

use attendant::agent::{Agent, Agents, CallFacts, Event, Reports, Turn};
use attendant::api::{self, ApiConfig};
use attendant::call::canned::{Canned, Line, Phrase};
use attendant::call::cleaning::MediaConfig;
use attendant::call::desk::{Desk, DeskSetup};
use attendant::call::providers::{AsUsual, Providers};
use attendant::call::rendering;
use attendant::call::settings::CallConfig;
use attendant::call::timeline::Entry;
use attendant::costs::Meter;
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::records::{FirstTimes, Library, Past, Recording, Records, RecordsConfig};
use attendant::sim::code::{Code, Heard as Made, Listener, call_of, speak, words};
use attendant::sim::{Delay, ScriptedConfig, ScriptedRecognizer, ScriptedVoice};
use attendant::state::Shared;
use attendant::transport::sip::{self, SipConfig};
use attendant::transport::stream::config::TelnyxCodec;
use attendant_media::frame::SLOT_SAMPLES;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wiremock::MockServer;

use crate::desk::{comes, in_time};
use crate::recorded::Recorded;
use crate::wire::accounts::{PUBLIC, Secrets};

/// What the greeting carries.
pub const GREETING: Code = Code { call: 4_000, turn: 0, part: 0, parts: 1 };

/// Parts of each answer, 0.9 s each: the second is long enough to be interrupted, the last is the goodbye.
pub const ANSWERS: [u8; 5] = [2, 6, 2, 2, 2];

const SCRIPTED: ScriptedConfig =
    ScriptedConfig { stt_ms: Delay::Fixed(20), llm_ms: Delay::Fixed(20), tts_ms: Delay::Fixed(20), parts: 2 };

pub struct Clinic {
    pub http: SocketAddr,
    pub sip: SocketAddr,
    /// The carriers' HTTP interface.
    pub carrier: MockServer,
    pub secrets: Secrets,
    pub desk: Arc<Desk>,
    folder: tempfile::TempDir,
    running: TaskTracker,
    stop: CancellationToken,
}

impl Clinic {
    pub async fn open(codec: TelnyxCodec, change: impl FnOnce(&mut CallConfig)) -> Self {
        Self::open_with(codec, change, &ANSWERS, |_| {}).await
    }

    /// With these answers, and other providers for what is not a fixed phrase.
    pub async fn open_with(
        codec: TelnyxCodec,
        change: impl FnOnce(&mut CallConfig),
        answers: &'static [u8],
        replace: impl FnOnce(&mut Providers),
    ) -> Self {
        Self::open_in(Language::English, codec, change, answers, replace).await
    }

    /// The same, where calls begin in this language.
    pub async fn open_in(
        language: Language,
        codec: TelnyxCodec,
        change: impl FnOnce(&mut CallConfig),
        answers: &'static [u8],
        replace: impl FnOnce(&mut Providers),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let secrets = Secrets::in_folder(folder.path());
        let carrier = MockServer::start().await;
        let mut config = CallConfig::default();
        change(&mut config);
        let mut providers = Providers {
            recognisers: vec![Arc::new(ScriptedRecognizer(SCRIPTED))],
            voices: vec![Arc::new(ScriptedVoice(SCRIPTED))],
            agents: Arc::new(Receptionists(answers)),
        };
        let mut canned = Canned::texts();
        let greeting = Line { text: GREETING.sentence_in(language).into(), audio: None };
        canned.insert(language, Phrase::Greeting, greeting);
        let unspoken = rendering::render(&mut canned, &providers.voices, &[], None, &Meter::default()).await;
        assert!(unspoken.is_empty(), "the scripted voice says everything");
        replace(&mut providers);
        let path = Some(folder.path().to_path_buf());
        let records = RecordsConfig { path, recording: Recording::Announced, ..RecordsConfig::default() };
        let desk = Desk::open(DeskSetup {
            config,
            media: MediaConfig::default(),
            clinic: "sample".into(),
            share: None,
            language,
            canned,
            providers,
            records: Records::open(&records).expect("the folder is writable"),
            till: Arc::default(),
            plans: Arc::new(AsUsual),
            workers: 1,
        })
        .expect("threads can be started");

        let any: SocketAddr = "127.0.0.1:0".parse().expect("it is an address");
        let stop = CancellationToken::new();
        let ports = "20000-29999".parse().expect("it is a range");
        let telephony =
            SipConfig { udp: vec![any], tcp: vec![], ring_ms: 50, rtp_ports: ports, ..SipConfig::default() };
        let sip = sip::Server::bind(telephony, desk.clone(), stop.clone()).await.expect("loopback has free ports");
        let streams = secrets.streams(&carrier.uri(), codec);
        let web = ApiConfig { listen: vec![any], public_url: Some(PUBLIC.into()) };
        let ready = {
            let desk = desk.clone();
            move || desk.ready()
        };
        let http = api::Server::bind(
            &web,
            &streams,
            desk.clone(),
            ready,
            FirstTimes::in_memory(),
            Shared::default(),
            stop.clone(),
        )
        .await
        .expect("loopback has free ports");
        let running = TaskTracker::new();
        let (sip_at, http_at) = (sip.addresses()[0].address, http.addresses()[0]);
        running.spawn(sip.run());
        running.spawn(http.run());
        running.close();
        Self { http: http_at, sip: sip_at, carrier, secrets, desk, folder, running, stop }
    }

    /// Waits until so many calls are going on: a place is given back after the journal is closed.
    pub async fn active(&self, calls: usize) {
        comes(|| (self.desk.active() == calls).then_some(())).await;
    }

    /// What the calls have left behind that are over, newest first; waits until there are so many.
    pub async fn past(&self, calls: usize) -> Vec<Past> {
        let library = Library::new(self.folder.path().to_path_buf());
        // Journals are written by a thread of their own.
        comes(|| {
            let past = library.newest(calls + 1).expect("the folder can be read");
            let over: Vec<Past> = past.into_iter().filter(is_whole).collect();
            (over.len() == calls).then_some(over)
        })
        .await
    }

    /// Ends it.
    pub async fn close(self) {
        self.active(0).await;
        self.stop.cancel();
        in_time(self.running.wait()).await;
    }
}

/// The codes that the caller is recorded to have said: what reached the call, on the leg's clock.
pub async fn recorded(past: &Past) -> Vec<Made> {
    let caller = Recorded::of(past).await.caller;
    let mut listener = Listener::new();
    caller.as_chunks::<SLOT_SAMPLES>().0.iter().filter_map(|frame| listener.hear(frame)).collect()
}

/// A code as a caller says it.
pub fn spoken(code: Code) -> Vec<i16> {
    spoken_in(Language::English, code)
}

pub fn spoken_in(language: Language, code: Code) -> Vec<i16> {
    words(&code.sentence_in(language)).flat_map(speak).collect()
}

fn is_whole(past: &Past) -> bool {
    matches!(past.entries.last(), Some(Entry::Ended { .. }))
}

/// Answers with so many parts, in turn, and hangs up after the last.
struct Receptionists(&'static [u8]);

impl Agents for Receptionists {
    fn open(&self, facts: &CallFacts) -> Box<dyn Agent> {
        Box::new(Receptionist { answers: self.0, call: call_of(facts.caller.reveal()), answered: 0 })
    }
}

struct Receptionist {
    answers: &'static [u8],
    call: u16,
    answered: usize,
}

impl Agent for Receptionist {
    fn think(&mut self, turn: Turn, reports: Reports) {
        let language = turn.language;
        let parts = self.answers[self.answered.min(self.answers.len() - 1)];
        self.answered += 1;
        let (call, turn) = (self.call, self.answered as u8);
        let last = self.answered >= self.answers.len();
        tokio::spawn(async move {
            let said = (0..parts).map(|part| Code { call, turn, part, parts }.sentence_in(language));
            let events = said.map(|text| Event::Text(Pii::new(format!("{text} "))));
            for event in events.chain(last.then_some(Event::HangUp)).chain([Event::Done]) {
                if !reports.send(event).await {
                    return;
                }
            }
        });
    }

    fn cancel(&mut self) {}
}
