//! Streams that misbehave, against the real server: each ends its own call or none, loses no room, and harms nobody else.

use std::time::Duration;

use attendant::call::timeline::{EndReason, Entry};
use attendant::records::Past;
use attendant::sim::code::{Code, Heard as Made};
use attendant::transport::stream::config::TelnyxCodec;
use attendant_media::codec::Encoder;
use attendant_media::leg::Codec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};
use tokio_tungstenite::{client_async, connect_async};

use crate::desk::in_time;
use crate::wire::accounts::{SECRET, twilio_form, twilio_signature, twilio_stream, twilio_webhook};
use crate::wire::whole_calls::carrier::{DIALLED, Socket, connect, say, telnyx, telnyx_start, twilio, twilio_start};
use crate::wire::whole_calls::clinic::{Clinic, recorded, spoken};

const CALLER: &str = "+16045550100";

async fn clinic() -> Clinic {
    Clinic::open(TelnyxCodec::L16, |_| {}).await
}

async fn pcm(clinic: &Clinic) -> Socket {
    let mut socket = connect(clinic, "/stream/pcm").await;
    say(&mut socket, json!({"type": "start", "caller": CALLER, "dialled": DIALLED})).await;
    alive(&mut socket).await;
    socket
}

/// Waits for audio of the server's.
async fn alive(socket: &mut Socket) {
    in_time(async {
        loop {
            match socket.next().await.expect("open").expect("no error") {
                Frame::Binary(_) => return,
                Frame::Text(text) if text.contains("\"media\"") => return,
                Frame::Text(_) | Frame::Ping(_) | Frame::Pong(_) => {}
                other => panic!("the stream goes on, no {other:?}"),
            }
        }
    })
    .await;
}

/// The code with which the server closes; `None` if the connection ends without.
async fn closed(socket: &mut Socket) -> Option<u16> {
    in_time(async {
        loop {
            match socket.next().await {
                Some(Ok(Frame::Close(close))) => return close.map(|close| close.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    })
    .await
}

fn reason(past: &Past) -> EndReason {
    match past.entries.last() {
        Some(Entry::Ended { reason, .. }) => *reason,
        other => panic!("the journal ends with the call, not with {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_disconnected_and_nobody_else_notices() {
    let clinic = clinic().await;
    let mut other = pcm(&clinic).await;
    // A receive buffer so small that what is not read waits at the server soon.
    let slow = tokio::net::TcpSocket::new_v4().expect("a socket");
    slow.set_recv_buffer_size(4_096).expect("it can be set");
    let slow = slow.connect(clinic.http).await.expect("the server listens");
    let mut request = format!("ws://{}/stream/pcm", clinic.http).into_client_request().expect("a URL");
    request.headers_mut().insert(AUTHORIZATION, format!("Bearer {SECRET}").parse().expect("a header"));
    let (mut slow, _) = client_async(request, slow).await.expect("the key is good");
    let start = json!({"type": "start", "caller": CALLER, "dialled": DIALLED});
    slow.send(Frame::text(start.to_string())).await.expect("open");
    let reads = tokio::spawn(async move {
        loop {
            alive(&mut other).await;
        }
    });
    let past = clinic.past(1).await;
    assert_eq!(reason(&past[0]), EndReason::SignallingLost);
    clinic.active(1).await;
    assert!(!reads.is_finished());
    reads.abort();
    drop(slow);
    clinic.close().await;
}

#[tokio::test]
async fn pings_are_answered_and_sent() {
    let clinic = clinic().await;
    let mut socket = pcm(&clinic).await;
    socket.send(Frame::Ping("are you there".into())).await.expect("open");
    let (mut answered, mut asked) = (false, false);
    in_time(async {
        while !(answered && asked) {
            match socket.next().await.expect("open").expect("no error") {
                Frame::Pong(payload) => answered |= payload == "are you there",
                Frame::Ping(_) => asked = true,
                _ => {}
            }
        }
    })
    .await;
    drop(socket);
    clinic.close().await;
}

#[tokio::test]
async fn a_connection_that_breaks_ends_its_call_wherever_it_breaks() {
    let clinic = clinic().await;
    drop(pcm(&clinic).await);
    assert_eq!(reason(&clinic.past(1).await[0]), EndReason::SignallingLost);
    // In the middle of a frame: the header says 1,000 bytes, masked; three come.
    let mut socket = pcm(&clinic).await.into_inner();
    socket.write_all(&[0x82, 0xfe, 0x03, 0xe8, 1, 2, 3, 4, 9, 9, 9]).await.expect("open");
    drop(socket);
    assert_eq!(reason(&clinic.past(2).await[0]), EndReason::SignallingLost);
    clinic.close().await;
}

#[tokio::test]
async fn a_frame_of_10_mb_ends_its_stream_before_it_is_read() {
    let clinic = clinic().await;
    let mut other = pcm(&clinic).await;
    for fragmented in [false, true] {
        let mut socket = pcm(&clinic).await;
        let sent = if fragmented {
            send_in_fragments(&mut socket).await
        } else {
            socket.send(Frame::binary(vec![0; 10_000_000])).await
        };
        // The server may have closed while we were still sending.
        drop(sent);
        closed(&mut socket).await;
    }
    let past = clinic.past(2).await;
    assert!(past.iter().all(|past| reason(past) == EndReason::SignallingLost));
    alive(&mut other).await;
    drop(other);
    clinic.close().await;
}

async fn send_in_fragments(socket: &mut Socket) -> Result<(), WsError> {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame as Part;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    for n in 0..200 {
        let kind = OpCode::Data(if n == 0 { Data::Binary } else { Data::Continue });
        socket.send(Frame::Frame(Part::message(vec![0; 50_000], kind, false))).await?;
    }
    Ok(())
}

#[tokio::test]
async fn junk_is_counted_and_too_much_of_it_closes_the_stream() {
    let clinic = clinic().await;
    let junk = [
        Frame::text("not JSON"),
        Frame::text("{\"event\": 5}"),
        Frame::text(json!({"event": "media", "media": {"payload": "%%%%"}}).to_string()),
        Frame::text(json!({"event": "media", "media": {"payload": "AAAA", "chunk": "-1"}}).to_string()),
        Frame::text(json!({"event": "media", "media": {"payload": "AAAA", "chunk": u64::MAX}}).to_string()),
        Frame::text(
            json!({"event": "media", "media": {"payload": "AAAA", "timestamp": u64::MAX.to_string()}}).to_string(),
        ),
        Frame::binary(vec![1, 2, 3]),
    ];
    let mut socket = twilio(&clinic, "CA1", CALLER).await;
    say(&mut socket, twilio_start("MZ1", "CA1", CALLER)).await;
    for frame in &junk {
        socket.send(frame.clone()).await.expect("open");
    }
    // What is no junk: a kind nobody knows, a key nobody has, another party's audio, a second start, a mark never sent.
    for odd in [
        json!({"event": "whatever"}),
        json!({"event": "dtmf", "dtmf": {"digit": "55"}}),
        json!({"event": "media", "media": {"track": "outbound", "payload": "%%%%"}}),
        twilio_start("MZ2", "CA2", CALLER),
        json!({"event": "mark", "mark": {"name": "99/9.9.9/9"}}),
    ] {
        if odd["media"]["track"] != "outbound" {
            say(&mut socket, odd).await;
        }
    }
    alive(&mut socket).await;
    for frame in junk.iter().cycle().take(60) {
        if socket.send(frame.clone()).await.is_err() {
            break;
        }
    }
    assert_eq!(closed(&mut socket).await, Some(1002));
    assert_eq!(reason(&clinic.past(1).await[0]), EndReason::SignallingLost);

    let mut socket = pcm(&clinic).await;
    for frame in [
        Frame::text("what"),
        Frame::binary(vec![1, 2, 3]),
        Frame::text(json!({"type": "start", "dialled": "x"}).to_string()),
    ] {
        socket.send(frame).await.expect("open");
    }
    alive(&mut socket).await;
    drop(socket);
    clinic.close().await;
}

#[tokio::test]
async fn a_stream_that_begins_with_anything_but_start_gives_its_room_back() {
    let clinic = Clinic::open(TelnyxCodec::Pcmu, |config| config.max_calls = 1).await;
    let openings = [
        json!({"event": "stop", "streamSid": "MZ1", "stop": {}}),
        json!({"event": "media", "media": {"payload": "AAAA"}}),
        json!({"event": "mark", "mark": {"name": "1/1.1.0/1600"}}),
        json!({"event": "start"}),
        twilio_start("MZ1", "CA-of-another-call", CALLER),
    ];
    for (n, opening) in openings.into_iter().enumerate() {
        // There is room for one call: were the last one's not given back, this one would be declined.
        let mut socket = twilio(&clinic, &format!("CA{n}"), CALLER).await;
        let foreign = opening["event"] == "start" && opening["start"].is_object();
        say(&mut socket, opening).await;
        assert_eq!(closed(&mut socket).await, Some(if foreign { 1008 } else { 1002 }));
        clinic.active(0).await;
    }
    clinic.close().await;
}

#[tokio::test]
async fn a_token_opens_one_stream_of_one_call() {
    let clinic = clinic().await;
    let form = twilio_form("CA1", CALLER, DIALLED);
    let (_, twiml) = twilio_webhook(clinic.http, &form, &twilio_signature(&form)).await;
    let path = twilio_stream(&twiml);
    let url = |path: &str| format!("ws://{}{path}", clinic.http);
    let crossed = path.replace("/twilio/", "/telnyx/");
    for wrong in [&crossed, &format!("{path}x"), "/stream/twilio/"] {
        assert!(connect_async(url(wrong)).await.is_err(), "{wrong}");
    }
    let mut socket = connect(&clinic, &path).await;
    say(&mut socket, twilio_start("MZ1", "CA1", CALLER)).await;
    alive(&mut socket).await;
    let Err(WsError::Http(refused)) = connect_async(url(&path)).await else { panic!("it was used") };
    assert_eq!(refused.status(), 401);
    // The number that rings, and the number rung, are bound as well.
    for (n, start) in [twilio_start("MZ2", "CA2", "+16045559999"), {
        let mut start = twilio_start("MZ2", "CA3", CALLER);
        start["start"]["customParameters"]["dialled"] = "+16045558888".into();
        start
    }]
    .into_iter()
    .enumerate()
    {
        let mut other = twilio(&clinic, &format!("CA{}", n + 2), CALLER).await;
        say(&mut other, start).await;
        assert_eq!(closed(&mut other).await, Some(1008));
    }
    alive(&mut socket).await;
    drop(socket);
    clinic.close().await;
}

/// 20 ms of a code each, as payloads.
fn payloads(code: Code, codec: Codec) -> Vec<String> {
    let mut encoder = Encoder::new(codec);
    let audio = [vec![0; 16_000], spoken(code), vec![0; 16_000]].concat();
    let mut narrow = vec![0_i16; 320];
    let mut resampler = attendant_media::resample::Resampler::new(16_000, codec_rate(codec)).expect("it can be done");
    audio
        .as_chunks::<320>()
        .0
        .iter()
        .map(|frame| {
            let length = resampler.process(frame, &mut narrow);
            let mut bytes = [0; 2_048];
            let length = encoder.encode(&narrow[..length], &mut bytes);
            STANDARD.encode(&bytes[..length])
        })
        .collect()
}

const fn codec_rate(codec: Codec) -> u32 {
    match codec {
        Codec::L16 { rate, .. } => rate,
        Codec::Pcmu | Codec::Pcma => 8_000,
        Codec::G722 => 16_000,
        Codec::Opus => 48_000,
    }
}

fn media(chunk: usize, payload: &str) -> Value {
    json!({"event": "media", "media": {"track": "inbound", "chunk": chunk.to_string(), "timestamp": (chunk * 20).to_string(),
        "payload": payload}})
}

/// Sends chunks in real time, every second pair exchanged, every third chunk twice.
async fn send_in_disorder(socket: &mut Socket, payloads: &[String]) {
    let mut slots = tokio::time::interval(Duration::from_millis(40));
    for (pair, two) in payloads.chunks(2).enumerate() {
        slots.tick().await;
        let mut order: Vec<usize> = (0..two.len()).map(|n| pair * 2 + n).collect();
        if pair % 2 == 1 {
            order.reverse();
        }
        for n in order {
            say(socket, media(n + 1, &payloads[n])).await;
            if n % 3 == 0 {
                say(socket, media(n + 1, &payloads[n])).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_out_of_order_and_doubled_are_heard_once_and_in_order() {
    let clinic = clinic().await;
    let code = Code { call: 77, turn: 1, part: 0, parts: 1 };
    let by_twilio = async {
        let mut socket = twilio(&clinic, "CA1", CALLER).await;
        say(&mut socket, twilio_start("MZ1", "CA1", CALLER)).await;
        send_in_disorder(&mut socket, &payloads(code, Codec::Pcmu)).await;
        say(&mut socket, json!({"event": "stop"})).await;
        closed(&mut socket).await
    };
    let by_telnyx = async {
        let (mut socket, answer) = telnyx(&clinic, "v3:abc", CALLER).await;
        say(&mut socket, telnyx_start("v3:abc", &answer, 16_000)).await;
        send_in_disorder(&mut socket, &payloads(code, Codec::L16 { rate: 16_000, little_endian: false })).await;
        say(&mut socket, json!({"event": "stop"})).await;
        closed(&mut socket).await
    };
    assert_eq!(tokio::join!(by_twilio, by_telnyx), (Some(1000), Some(1000)));
    for past in clinic.past(2).await {
        assert_eq!(reason(&past), EndReason::Caller);
        assert_eq!(recorded(&past).await, [Made::Part(code)], "{:?}", past.entries[0]);
    }
    clinic.close().await;
}
