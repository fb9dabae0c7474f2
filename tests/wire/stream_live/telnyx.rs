//! Telnyx, from its webhook to its stream, in its codecs and with its disorder.

use std::time::Duration;

use attendant::call::event::{Command, Gone, Signal};
use attendant::call::registry::{Refusal, StreamOut};
use attendant::config::SecretSource;
use attendant::transport::stream::config::StreamConfig;
use attendant_media::leg::Codec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, ResponseTemplate};

use crate::desk::in_time;
use crate::wire::accounts::{telnyx_commanded, telnyx_initiated, telnyx_webhook, unix_now};
use crate::wire::stream_desk::House;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const CALL: &str = "v3:abc";

async fn post(house: &House, body: &Value, at: i64) -> u16 {
    telnyx_webhook(house.address, &house.secrets.key, body, at).await
}

fn initiated(id: &str) -> Value {
    telnyx_initiated(id, CALL, "+16045550100", "+16045550111")
}

async fn commanded(house: &House, action: &str) -> Value {
    telnyx_commanded(&house.carrier, CALL, action).await
}

async fn accept(house: &House, action: &str) {
    Mock::given(method("POST"))
        .and(path(format!("/v2/calls/{CALL}/actions/{action}")))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&house.carrier)
        .await;
}

/// The stream that the answer named, begun in this format.
async fn connect(house: &House, answer: &Value, encoding: &str) -> Socket {
    let url = answer["stream_url"].as_str().expect("a URL");
    let (_, token) = url.split_once("/stream/telnyx/").expect("the stream's path");
    let (mut socket, _) =
        connect_async(format!("ws://{}/stream/telnyx/{token}", house.address)).await.expect("the token is good");
    say(&mut socket, json!({"event": "connected", "version": "1.0.0"})).await;
    say(
        &mut socket,
        json!({"event": "start", "sequence_number": "1", "stream_id": "s1", "start": {
            "call_control_id": CALL, "from": "anonymous", "to": "x", "client_state": answer["client_state"],
            "media_format": {"encoding": encoding, "sample_rate": 8000, "channels": 1}}}),
    )
    .await;
    socket
}

async fn say(socket: &mut Socket, message: Value) {
    socket.send(Frame::text(message.to_string())).await.expect("open");
}

async fn hear(socket: &mut Socket) -> Value {
    let frame = in_time(socket.next()).await.expect("open").expect("no error");
    serde_json::from_str(frame.to_text().expect("text")).expect("JSON")
}

#[tokio::test]
async fn a_call_is_answered_with_both_directions_each_in_its_codec() {
    for (encoding, codec) in [("PCMU", Codec::Pcmu), ("PCMA", Codec::Pcma)] {
        let mut house = House::open(None).await;
        accept(&house, "answer").await;
        accept(&house, "hangup").await;
        assert_eq!(post(&house, &initiated("e1"), unix_now()).await, 200);
        let answer = commanded(&house, "answer").await;
        assert_eq!(answer["stream_bidirectional_mode"], "rtp");
        assert_eq!(answer["stream_bidirectional_target_legs"], "self");
        assert_eq!(answer["stream_bidirectional_codec"], "PCMU");
        let mut socket = connect(&house, &answer, encoding).await;
        let mut call = house.call().await;
        assert_eq!(call.signal().await, Signal::Answered);
        assert_eq!(call.arriving.caller.reveal(), "+16045550100");
        assert_eq!((call.leg.inbound.codec, call.leg.outbound.codec), (codec, Codec::Pcmu));

        for chunk in [1_u64, 3, 2, 4] {
            let payload = STANDARD.encode(vec![chunk as u8; 160]);
            say(&mut socket, json!({"event": "media", "media": {"track": "inbound", "chunk": chunk.to_string(), "timestamp": "0", "payload": payload}}))
                .await;
            let heard = call.chunk().await;
            assert_eq!((heard.sequence, heard.timestamp, heard.payload[0]), (chunk, chunk * 160, chunk as u8));
        }
        say(&mut socket, json!({"event": "dtmf", "dtmf": {"digit": "5"}})).await;
        assert_eq!(call.signal().await, Signal::Dtmf('5'));
        say(&mut socket, json!({"event": "error", "payload": {"code": 1}})).await;
        socket.send(Frame::binary(vec![1, 2])).await.expect("open");

        call.say(StreamOut::Media(Bytes::from_static(&[7; 160]))).await;
        let heard = hear(&mut socket).await;
        assert_eq!(heard, json!({"event": "media", "media": {"payload": STANDARD.encode([7; 160])}}));
        call.say(StreamOut::Clear).await;
        assert_eq!(hear(&mut socket).await, json!({"event": "clear"}));
        call.commands.send(Command::HangUp).await.expect("open");
        commanded(&house, "hangup").await;
        drop(call);
        drop(socket);
        house.close().await;
    }
}

#[tokio::test]
async fn a_caller_who_was_passed_on_is_not_hung_up_when_the_call_ends() {
    let mut house = House::open(None).await;
    accept(&house, "answer").await;
    accept(&house, "transfer").await;
    let hung_up = Mock::given(path_regex("/actions/hangup$")).respond_with(ResponseTemplate::new(200));
    hung_up.expect(0).mount(&house.carrier).await;
    assert_eq!(post(&house, &initiated("e1"), unix_now()).await, 200);
    let answer = commanded(&house, "answer").await;
    let socket = connect(&house, &answer, "PCMU").await;
    let mut call = house.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    call.commands.send(Command::Transfer { to: "+16045550199".to_owned().into() }).await.expect("open");
    assert_eq!(call.signal().await, Signal::Transferred(Ok(())));
    call.commands.send(Command::HangUp).await.expect("open");
    drop(call);
    drop(socket);
    house.close().await;
}

#[tokio::test]
async fn a_call_that_cannot_be_answered_is_not_left_ringing() {
    let house = House::open(None).await;
    let down = Mock::given(path_regex("/actions/answer$")).respond_with(ResponseTemplate::new(500));
    down.expect(2).mount(&house.carrier).await;
    accept(&house, "reject").await;
    assert_eq!(post(&house, &initiated("e1"), unix_now()).await, 200);
    assert_eq!(commanded(&house, "reject").await["cause"], "USER_BUSY");
    house.close().await;
}

#[tokio::test]
async fn an_event_is_acted_on_once_and_a_replay_refused() {
    let house = House::open(None).await;
    accept(&house, "answer").await;
    let at = unix_now();
    assert_eq!(post(&house, &initiated("e1"), at).await, 200);
    commanded(&house, "answer").await;
    assert_eq!(post(&house, &initiated("e1"), at).await, 403, "the same signature");
    assert_eq!(post(&house, &initiated("e1"), at - 1).await, 200, "delivered again: acknowledged, nothing more");
    assert_eq!(post(&house, &initiated("e2"), at - 301).await, 403, "too old");
    let over = json!({"data": {"event_type": "call.hangup", "id": "e3", "payload": {"call_control_id": CALL}}});
    assert_eq!(post(&house, &over, at).await, 200);
    house.close().await;
}

#[tokio::test]
async fn an_event_that_one_process_has_acted_on_is_not_acted_on_by_the_next() {
    let house = House::open(None).await;
    // Once, as is checked when the carrier is dropped.
    accept(&house, "answer").await;
    let at = unix_now();
    assert_eq!(post(&house, &initiated("e1"), at).await, 200);
    commanded(&house, "answer").await;
    let house = house.restarted().await;
    assert_eq!(post(&house, &initiated("e1"), at).await, 200, "acknowledged, nothing more");
    house.close().await;
}

#[tokio::test]
async fn a_stream_of_another_call_is_closed() {
    let mut house = House::open(None).await;
    accept(&house, "answer").await;
    assert_eq!(post(&house, &initiated("e1"), unix_now()).await, 200);
    let mut answer = commanded(&house, "answer").await;
    answer["client_state"] = STANDARD.encode(json!({"caller": "+16045559999", "dialled": "x"}).to_string()).into();
    let mut socket = connect(&house, &answer, "PCMU").await;
    let Some(Ok(Frame::Close(Some(close)))) = in_time(socket.next()).await else { panic!("a close frame") };
    assert_eq!(u16::from(close.code), 1008);
    assert!(house.started.try_recv().is_err());
    house.close().await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_the_call() {
    let mut house = House::open(None).await;
    accept(&house, "answer").await;
    assert_eq!(post(&house, &initiated("e1"), unix_now()).await, 200);
    let answer = commanded(&house, "answer").await;
    let mut socket = connect(&house, &answer, "PCMU").await;
    let mut call = house.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    say(&mut socket, json!({"event": "stop", "stop": {}})).await;
    assert_eq!(call.signal().await, Signal::Gone(Gone::HungUp));
    drop(call);
    drop(socket);
    house.close().await;
}

#[tokio::test]
async fn a_full_house_rejects_or_transfers_and_a_number_that_is_nobody_s_is_rejected_otherwise() {
    let busy = Refusal::Busy { retry_after: Duration::from_secs(1) };
    for (refusal, cause) in [(busy, "USER_BUSY"), (Refusal::Nobody, "CALL_REJECTED")] {
        let house = House::open(Some(refusal)).await;
        accept(&house, "reject").await;
        assert_eq!(post(&house, &initiated("e1"), unix_now()).await, 200);
        assert_eq!(commanded(&house, "reject").await["cause"], cause);
        house.close().await;
    }
    let house = House::open(Some(elsewhere())).await;
    accept(&house, "transfer").await;
    assert_eq!(post(&house, &initiated("e1"), unix_now()).await, 200);
    assert_eq!(commanded(&house, "transfer").await["to"], "+16045550199");
    house.close().await;
}

fn elsewhere() -> Refusal {
    Refusal::Divert { to: "+16045550199".to_owned().into() }
}

#[tokio::test]
async fn a_caller_who_cannot_be_passed_on_is_not_left_ringing() {
    let house = House::open(Some(elsewhere())).await;
    let refused = Mock::given(path_regex("/actions/transfer$")).respond_with(ResponseTemplate::new(403));
    refused.expect(1).mount(&house.carrier).await;
    accept(&house, "reject").await;
    assert_eq!(post(&house, &initiated("e1"), unix_now()).await, 200);
    assert_eq!(commanded(&house, "reject").await["cause"], "USER_BUSY");
    house.close().await;
}

#[tokio::test]
async fn a_call_that_another_server_answered_is_passed_on_or_hung_up_before_its_stream_closes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let secret = folder.path().join("tokens");
    std::fs::write(&secret, "kX3vQ9tLw7Zr2MfB8nYc5HsJ1dPgTa6U").expect("the folder is writable");
    let shared = |streams: &mut StreamConfig| {
        streams.token_secret = Some(SecretSource { env: None, file: Some(secret.clone()) });
    };
    for (status, last) in [(200, "transfer"), (403, "hangup")] {
        let first = House::with(None, shared).await;
        accept(&first, "answer").await;
        assert_eq!(post(&first, &initiated("e1"), unix_now()).await, 200);
        let answer = commanded(&first, "answer").await;
        let other = House::with(Some(elsewhere()), shared).await;
        let transfer = Mock::given(path_regex("/actions/transfer$")).respond_with(ResponseTemplate::new(status));
        transfer.expect(1).mount(&other.carrier).await;
        let hang_up = Mock::given(path_regex("/actions/hangup$")).respond_with(ResponseTemplate::new(200));
        hang_up.expect(u64::from(last == "hangup")).mount(&other.carrier).await;
        let mut socket = connect(&other, &answer, "PCMU").await;
        let Some(Ok(Frame::Close(Some(close)))) = in_time(socket.next()).await else { panic!("a close frame") };
        assert_eq!(u16::from(close.code), 1013);
        let asked = other.carrier.received_requests().await.expect("recorded");
        assert!(asked.last().is_some_and(|request| request.url.path().ends_with(last)), "{last}");
        drop(socket);
        other.close().await;
        first.close().await;
    }
}
