//! Faults in a call's own code: the caller hears words, the room is given back, and nobody else notices.

mod costs;
mod health;
mod language;
mod recording;
mod room;

use attendant_media::leg::{Codec, Format, LegConfig};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::agent::{Agent, Agents};
use crate::call::canned::{Line, Phrase};
use crate::call::event::{Command, RtcpTo};
use crate::call::providers::AsUsual;
use crate::call::registry::{MediaPath, Transport};
use crate::sim::{ScriptedAgents, ScriptedConfig, ScriptedRecognizer, ScriptedVoice};
use crate::tts::{self, Voice};

const PATIENCE: Duration = Duration::from_secs(10);
const PCMU: Format = Format { codec: Codec::Pcmu, payload_type: 0 };
const PCMA: Format = Format { codec: Codec::Pcma, payload_type: 8 };

struct NoAgents;

impl Agents for NoAgents {
    fn open(&self, _call: &CallFacts) -> Box<dyn Agent> {
        panic!("planted");
    }
}

struct NoVoice;

impl Voice for NoVoice {
    fn name(&self) -> &'static str {
        "none"
    }

    fn capabilities(&self, language: Language) -> Option<tts::Capabilities> {
        ScriptedVoice(ScriptedConfig::default()).capabilities(language)
    }

    fn open(&self, _reports: tts::Reports) -> mpsc::Sender<tts::Input> {
        panic!("planted");
    }
}

/// A desk with room for one call, which begins by asking the agent.
fn desk(agents: Arc<dyn Agents>, voice: Arc<dyn Voice>) -> Arc<Desk> {
    desk_with(Canned::default(), Records::none(), agents, voice)
}

fn desk_with(mut canned: Canned, records: Records, agents: Arc<dyn Agents>, voice: Arc<dyn Voice>) -> Arc<Desk> {
    let apology = Line { text: "I am sorry.".into(), audio: Some(vec![6_000; 3_200].into()) };
    canned.insert(Language::English, Phrase::Apology, apology);
    let recogniser = ScriptedRecognizer(ScriptedConfig::default());
    let setup = DeskSetup {
        config: CallConfig { max_calls: 1, ..CallConfig::default() },
        media: MediaConfig::default(),
        clinic: "sample".to_owned(),
        share: None,
        language: Language::English,
        canned,
        providers: Providers { recognisers: vec![Arc::new(recogniser)], voices: vec![voice], agents },
        records,
        till: Arc::default(),
        plans: Arc::new(AsUsual),
        workers: 1,
    };
    Desk::open(setup).expect("a thread")
}

fn arriving() -> Arriving {
    let caller = Pii::new("anonymous".to_owned());
    Arriving { dialled: "100".to_owned(), addressed: None, caller, transport: Transport::Sip }
}

/// A call from the socket that is given back, and its commands.
async fn call(desk: &Desk) -> (UdpSocket, CallHandle, mpsc::Receiver<Command>) {
    started(desk, desk.admit(&arriving()).expect("there is room")).await
}

async fn started(desk: &Desk, ticket: Ticket) -> (UdpSocket, CallHandle, mpsc::Receiver<Command>) {
    let caller = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let remote = caller.local_addr().expect("bound");
    let (to_us, commands) = mpsc::channel(8);
    let leg = LegConfig::plain(PCMU, 7);
    let media = MediaPath::Rtp { socket, rtcp: None, rtcp_to: RtcpTo::Muxed, remote, peer: None };
    let handle = desk.start(ticket, NewCall { arriving: arriving(), leg, media, commands: to_us });
    (caller, handle, commands)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_begin_gives_its_room_back() {
    let desk = desk(Arc::new(NoAgents), Arc::new(ScriptedVoice(ScriptedConfig::default())));
    let (_caller, _handle, mut commands) = call(&desk).await;
    let told = timeout(PATIENCE, commands.recv()).await.expect("the transport is told");
    assert!(matches!(told, None | Some(Command::HangUp)), "{told:?}");
    timeout(PATIENCE, desk.until_empty()).await.expect("the desk hears of its end");
    assert_eq!((desk.active(), desk.premises.left(desk.carried)), (0, 1));
    // A worker begins a call once the one before has left nothing behind: the first is no longer counted when the second ends.
    let (_caller, _handle, _commands) = call(&desk).await;
    assert!(desk.drain(PATIENCE).await);
    let counted = desk.premises.workers.active();
    assert!(counted <= 1, "{counted} calls counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_says_why_it_takes_no_call() {
    let desk = desk(Arc::new(NoAgents), Arc::new(ScriptedVoice(ScriptedConfig::default())));
    assert_eq!(desk.ready(), Ok(()));
    let ticket = desk.admit(&arriving()).expect("there is room");
    assert_eq!(desk.ready(), Err(NotReady::Full));
    drop(ticket);
    assert_eq!(desk.ready(), Ok(()));
    for _ in 0..5 {
        desk.calls.lock().health.ended(crate::call::timeline::EndReason::Failed, Service::Failed, Instant::now());
    }
    assert_eq!(desk.ready(), Err(NotReady::Unwell));
    assert!(desk.drain(PATIENCE).await);
    assert_eq!(desk.ready(), Err(NotReady::Draining));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_apology_for_a_fault_is_a_stream_that_the_caller_can_hear() {
    let desk = desk(Arc::new(ScriptedAgents(ScriptedConfig::default())), Arc::new(NoVoice));
    let (caller, handle, mut commands) = call(&desk).await;
    let media = Signal::Media { inbound: PCMA, outbound: PCMA, dtmf: None, remote: None, rtcp: RtcpTo::Above };
    for signal in [Signal::Answered, media] {
        assert!(handle.mailbox.send(Event::Signal(signal)).await);
    }
    assert_eq!(timeout(PATIENCE, commands.recv()).await.expect("in time"), Some(Command::HangUp));
    let mut packets = Vec::new();
    let mut packet = [0; 1_500];
    while let Ok(length) = caller.try_recv(&mut packet) {
        packets.push(packet[..length].to_vec());
    }
    let loud = |packet: &&Vec<u8>| packet[12..].iter().any(|sample| !matches!(sample, 0xd5 | 0x55 | 0xff | 0x7f));
    let apology: Vec<_> = packets.iter().filter(loud).collect();
    assert!(apology.len() >= 10, "{} packets of {}", apology.len(), packets.len());
    assert!(apology.iter().all(|packet| packet[1] & 0x7f == PCMA.payload_type), "in the format agreed last");
    let stream = |packet: &[u8]| u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]);
    let number = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]);
    for pair in packets.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        assert!(stream(before) != stream(after) || number(before) < number(after), "no stream goes back in its count");
    }
}
