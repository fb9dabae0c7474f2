//! Whole calls over every transport, with the real desk, machine and legs behind real sockets: greeted, answered, interrupted, keys pressed,
//! and the goodbye heard whole before the line closes. What is said carries markers, so that nothing missing, cut or foreign passes.

mod booking;
pub mod carrier;
pub mod clinic;
mod danger;
mod habits;
mod keys;
mod letters;
mod line;
pub mod models;
mod outages;
pub mod vendors;

use attendant::call::timeline::{Entry, TurnTimeline};
use attendant::privacy::Pii;
use attendant::records::Past;
use attendant::sim::code::{Code, Heard as Made, call_of};
use attendant::softphone::Utterance;
use attendant::transport::sip::{CodecName, DialOptions, Phone, PhoneConfig};
use attendant::transport::stream::config::TelnyxCodec;
use attendant_media::leg::{Codec, Format, Framing, LegConfig};
use tokio_util::sync::CancellationToken;

use carrier::{Carrier, Kind};
use clinic::{ANSWERS, Clinic, GREETING, recorded, spoken, spoken_in};
use line::{Act, Caller, Heard, Wire};

use crate::desk::{PATIENCE, in_time};

/// What carries a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Sip(CodecName),
    Twilio,
    Telnyx(TelnyxCodec),
    Pcm,
}

const EVERY: [Over; 9] = [
    Over::Sip(CodecName::Pcmu),
    Over::Sip(CodecName::Opus),
    Over::Twilio,
    Over::Telnyx(TelnyxCodec::Pcmu),
    Over::Telnyx(TelnyxCodec::Pcma),
    Over::Telnyx(TelnyxCodec::G722),
    Over::Telnyx(TelnyxCodec::Opus),
    Over::Telnyx(TelnyxCodec::L16),
    Over::Pcm,
];

/// A second and a half of recorded speech.
fn question() -> Vec<i16> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/trial/question.wav");
    let whole = Utterance::read(&file).expect("the question is in the repository");
    whole.audio[..24_000].to_vec()
}

fn leg(codec: Codec) -> LegConfig {
    let format = Format { codec, payload_type: 0 };
    LegConfig { framing: Framing::Transport, ..LegConfig::plain(format, 1) }
}

async fn ring(clinic: &Clinic, over: Over, caller: &str) -> Caller {
    let (kind, codec) = match over {
        Over::Sip(codec) => return ring_by_sip(clinic, codec, caller).await,
        Over::Twilio => (Kind::Twilio, Codec::Pcmu),
        Over::Telnyx(codec) => (Kind::Telnyx, codec.codec()),
        Over::Pcm => (Kind::Pcm, Codec::L16 { rate: 16_000, little_endian: true }),
    };
    let carrier = in_time(Carrier::ring(clinic, kind, codec, caller)).await;
    Caller::begin(Wire::Stream(carrier), leg(codec))
}

async fn ring_by_sip(clinic: &Clinic, codec: CodecName, caller: &str) -> Caller {
    let config = PhoneConfig { bind: "127.0.0.1:0".parse().expect("it is an address"), ..PhoneConfig::default() };
    let phone = Phone::bind(config, CancellationToken::new()).await.expect("loopback has free ports");
    let from = Pii::new(caller.to_owned());
    let options = DialOptions { from, codecs: vec![codec], patience: PATIENCE, ..DialOptions::default() };
    let answered = phone.dial(&format!("sip:clinic@{}", clinic.sip), options).await.expect("the clinic answers");
    let socket = tokio::net::UdpSocket::from_std(answered.socket).expect("it is non-blocking");
    let (remote, signals) = (answered.remote, answered.signals);
    Caller::begin(Wire::Rtp { socket, remote, signals, _commands: answered.commands, _phone: phone }, answered.leg)
}

/// Hears an utterance out: its parts in order, each once, nothing between them, then silence.
async fn hear_out(caller: &mut Caller, parts: impl Iterator<Item = Code>, over: Over) {
    for code in parts {
        let heard = loop {
            match caller.next().await {
                Heard::Began => {}
                heard => break heard,
            }
        };
        assert_eq!(heard, Heard::Part(code), "{over:?}");
    }
    assert_eq!(caller.next().await, Heard::Finished, "{over:?}");
}

/// The caller's own marker.
const fn asked(call: u16) -> Code {
    Code { call, turn: 200, part: 0, parts: 1 }
}

fn answer(call: u16, turn: u8) -> impl Iterator<Item = Code> {
    let parts = ANSWERS[usize::from(turn) - 1];
    (0..parts).map(move |part| Code { call, turn, part, parts })
}

/// The same conversation over any transport.
async fn converse(mut caller: Caller, call: u16, over: Over) {
    hear_out(&mut caller, [GREETING].into_iter(), over).await;
    // What the caller says carries a marker too, which must be on the recording.
    caller.act(Act::Say([spoken(asked(call)), question()].concat())).await;
    hear_out(&mut caller, answer(call, 1), over).await;

    // The second answer is interrupted after its first part.
    caller.act(Act::Say(question())).await;
    let first = answer(call, 2).next().expect("it has parts");
    assert_eq!((caller.next().await, caller.next().await), (Heard::Began, Heard::Part(first)), "{over:?}");
    caller.act(Act::Say(question())).await;
    let (mut cleared, mut parts) = (false, 1);
    loop {
        match caller.next().await {
            Heard::Cleared => cleared = true,
            Heard::Part(code) => {
                assert_eq!(code, Code { part: parts, ..first }, "{over:?}");
                parts += 1;
            }
            Heard::Broken => {}
            Heard::Finished => break,
            heard @ (Heard::Began | Heard::Over) => panic!("{over:?}: {heard:?}"),
        }
    }
    assert!(parts <= 3, "{over:?}: the agent talked on");
    assert_eq!(cleared, !matches!(over, Over::Sip(_)), "{over:?}");
    hear_out(&mut caller, answer(call, 3), over).await;

    caller.act(Act::Press("42#")).await;
    hear_out(&mut caller, answer(call, 4), over).await;

    caller.act(Act::Say(question())).await;
    let heard = [caller.next().await, caller.next().await, caller.next().await];
    let goodbye: Vec<Heard> = answer(call, 5).map(Heard::Part).collect();
    assert_eq!((heard[0], &heard[1..]), (Heard::Began, &goodbye[..]), "{over:?}: the goodbye is heard whole");
    // Silence may have been noticed before the line closes, or not.
    let closes = match caller.next().await {
        Heard::Finished => caller.next().await,
        heard => heard,
    };
    assert_eq!(closes, Heard::Over, "{over:?}: and then the line closes");
}

/// Everything about an entry that does not depend on when it was and on how it travelled.
fn shape(entry: &Entry) -> String {
    match entry {
        Entry::Rang { caller, language, .. } => {
            let caller = call_of(caller.reveal());
            format!("rang {language:?} {}", if caller > 0 { "with a number" } else { "without a number" })
        }
        Entry::Line { who, cut: true, turn, .. } => format!("line {who:?} cut {turn}"),
        Entry::Line { who, text, cut: false, turn, .. } => {
            // The call's own symbols differ.
            let text = text.reveal();
            let words = text.split_whitespace().count();
            let said = if text.starts_with("Marker") { format!("{words} words of marker") } else { text.clone() };
            format!("line {who:?} {said:?} {turn}")
        }
        Entry::Turn(turn) => {
            let TurnTimeline { turn, cut, .. } = turn.clone();
            let stages = stages(entry);
            format!("turn {turn} {stages:?} cut: {cut}")
        }
        Entry::BargeIn { outcome, .. } => format!("barge-in {outcome:?}"),
        Entry::Recovered { what, .. } => format!("recovered {what:?}"),
        Entry::Ended { reason, counters, .. } => format!(
            "ended {reason:?}, turns {}, interruptions {} and {} false, fillers {}, lost {}",
            counters.turns, counters.barge_ins, counters.false_barge_ins, counters.fillers, counters.packets_lost
        ),
        Entry::Concluded { outcome, intent, language } => format!("came to {outcome:?} {intent:?} {language:?}"),
        Entry::Costs { bill, .. } => format!("costs {}", bill.total),
        Entry::Planned { cheaper, arms } => format!("planned {cheaper} {arms:?}"),
        Entry::Notice { version } => format!("notice {version}"),
        Entry::Answered { .. } => "answered".into(),
        Entry::Estimated { turn, .. } => format!("estimated {turn}"),
        Entry::Key { .. } => "key".into(),
        Entry::Hold { .. } => "hold".into(),
        Entry::Unhold { .. } => "unhold".into(),
    }
}

/// The stages that a turn went through.
fn stages(turn: &Entry) -> Vec<String> {
    let json = serde_json::to_value(turn).expect("it is written as JSON");
    let fields = json.as_object().expect("an object");
    fields
        .iter()
        .filter(|(name, value)| name.ends_with("_us") && !value.is_null())
        .map(|(name, _)| name.clone())
        .collect()
}

fn transcript(past: &Past) -> Vec<String> {
    past.entries.iter().map(shape).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_conversation_goes_the_same_way_over_every_transport() {
    let calls = EVERY.into_iter().enumerate().map(|(n, over)| {
        tokio::spawn(async move {
            let codec = if let Over::Telnyx(codec) = over { codec } else { TelnyxCodec::Pcmu };
            let clinic = Clinic::open(codec, |_| {}).await;
            let number = format!("+1604555{:04}", 101 + n);
            let caller = ring(&clinic, over, &number).await;
            converse(caller, call_of(&number), over).await;
            let carrier = clinic.carrier.received_requests().await.expect("recorded");
            let hung_up = carrier
                .iter()
                .any(|request| request.url.path().ends_with("/actions/hangup") || request.body == b"Status=completed");
            let has_carrier = matches!(over, Over::Twilio | Over::Telnyx(_));
            assert_eq!(hung_up, has_carrier, "{over:?}: the carrier is asked to hang up");
            let past = clinic.past(1).await.remove(0);
            assert_eq!(
                recorded(&past).await,
                [Made::Part(asked(call_of(&number)))],
                "{over:?}: the caller is heard whole"
            );
            clinic.close().await;
            (over, transcript(&past))
        })
    });
    let mut transcripts = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        transcripts.push(call.await.expect("every call goes well"));
    }
    insta::assert_snapshot!(transcripts[0].1.join("\n"));
    for (over, transcript) in &transcripts {
        assert_eq!(transcript, &transcripts[0].1, "{over:?}");
    }
}
