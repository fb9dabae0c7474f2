//! What signalling tells a call, as its media's address feels it: times go in by hand.

use attendant_media::leg::{Codec, Format};

use super::*;
use crate::call::canned::Canned;
use crate::call::event::RtcpTo;
use crate::call::machine::Setup;
use crate::language::Language;
use crate::privacy::Pii;
use crate::records::Records;
use crate::sim::{ScriptedAgents, ScriptedConfig, ScriptedRecognizer, ScriptedVoice};
use crate::stt::hearers;

const CALLER: &str = "192.0.2.1:4000";
/// Of the caller's host, by another port.
const MOVED: &str = "192.0.2.1:5000";

/// A call of this caller's that is answered, and has heard one packet.
fn answered() -> (Driver, Farewell) {
    let (mailbox, events) = Mailbox::new();
    let format = Format { codec: Codec::Pcmu, payload_type: 0 };
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let remote = CALLER.parse().expect("it is an address");
    let start = Start {
        facts: CallFacts {
            call: CallId::new(),
            clinic: "sample".to_owned(),
            caller: Pii::new("anonymous".to_owned()),
            language: Language::English,
        },
        leg: LegConfig::plain(format, 7),
        media: MediaPath::Rtp { socket, rtcp: None, remote, peer: None, rtcp_to: RtcpTo::Muxed },
        commands: mpsc::channel(8).0,
        mailbox,
        events,
        machine: Setup {
            config: Arc::default(),
            canned: Arc::new(Canned::default()),
            language: Language::English,
            recognisers: vec![hearers(&ScriptedRecognizer(ScriptedConfig::default()))],
            names: Vec::new(),
            voices: 1,
            recorded: false,
        },
        providers: Arc::new(Providers {
            recognisers: vec![Arc::new(ScriptedRecognizer(ScriptedConfig::default()))],
            voices: vec![Arc::new(ScriptedVoice(ScriptedConfig::default()))],
            agents: Arc::new(ScriptedAgents(ScriptedConfig::default())),
        }),
        shared: Handle::current(),
        account: Account::default(),
        journal: Records::none().journal(CallId::new(), crate::clock::wall()),
        recorder: None,
        ended: Box::new(|_, _, _| {}),
    };
    let Ok((farewell, _events, mut driver)) = Driver::begin(start, Instant::now()) else {
        panic!("the socket is good")
    };
    tell(&mut driver, 0, Signal::Answered);
    assert!(hears(&mut driver, 0, CALLER, 1));
    (driver, farewell)
}

fn tell(driver: &mut Driver, at_ms: u64, signal: Signal) {
    driver.event(Time::from_millis(at_ms), Event::Signal(signal));
}

/// Whether a packet of the caller's stream with this number is taken from there.
fn hears(driver: &mut Driver, at_ms: u64, from: &str, sequence: u8) -> bool {
    let packet = [0x80, 0, 0, sequence, 0, 0, 0, 0, 0, 0, 0, 9];
    driver.path.is_caller(Time::from_millis(at_ms), from.parse().expect("it is an address"), &packet)
}

#[tokio::test]
async fn a_silence_on_hold_moves_no_media_and_one_of_a_call_does() {
    let (mut driver, farewell) = answered();
    assert!(hears(&mut driver, 5_000, MOVED, 2), "after 5 s of silence the caller may have moved");
    farewell.say(EndReason::Caller, Service::Unproven);

    let (mut driver, farewell) = answered();
    tell(&mut driver, 100, Signal::Hold);
    assert!(!hears(&mut driver, 5_000, MOVED, 2), "on hold silence says nothing");
    farewell.say(EndReason::Caller, Service::Unproven);
}

#[tokio::test]
async fn whoever_is_back_from_hold_is_heard_at_once_from_where_the_call_went_meanwhile() {
    let (mut driver, farewell) = answered();
    assert!(!hears(&mut driver, 60, MOVED, 2), "nobody moves in the middle of a stream");
    tell(&mut driver, 100, Signal::Hold);
    tell(&mut driver, 200, Signal::Unhold);
    assert!(hears(&mut driver, 220, MOVED, 3));
    assert!(!hears(&mut driver, 240, CALLER, 4), "and it is a stream like any other from then on");
    farewell.say(EndReason::Caller, Service::Unproven);
}
