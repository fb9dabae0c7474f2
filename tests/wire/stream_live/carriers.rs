//! Twilio and plain streams: audio both ways, marks, keys, the end from either side, transfers.

use std::time::Duration;

use attendant::call::event::{Command, Gone, Signal};
use attendant::call::registry::{MediaPath, StreamOut, Transport};
use attendant::transport::stream::client::{Answered, Target, dial};
use attendant_media::leg::Codec;
use attendant_media::speech::SpeechId;
use bytes::Bytes;
use wiremock::matchers::{body_string_contains, method};
use wiremock::{Mock, ResponseTemplate};

use crate::desk::in_time;
use crate::wire::accounts::{ACCOUNT, PUBLIC, Secrets};
use crate::wire::stream_desk::{House, Started};

const ID: SpeechId = SpeechId { generation: 1, utterance: 0, attempt: 0 };
const CALLER: &str = "+16045550100";
const DIALLED: &str = "+16045550111";

fn pcm(house: &House) -> Target {
    Target::Pcm { url: format!("ws://{}/stream/pcm", house.address), key: Secrets::secret() }
}

fn twilio(house: &House) -> Target {
    Target::Twilio {
        server: house.url(""),
        public_url: PUBLIC.into(),
        account_sid: ACCOUNT.into(),
        auth_token: Secrets::secret(),
    }
}

async fn ring(house: &mut House, target: fn(&House) -> Target) -> (Answered, Started) {
    let answered = in_time(dial(&target(house), CALLER, DIALLED)).await.expect("the server answers");
    let mut call = house.call().await;
    assert_eq!(call.signal().await, Signal::Answered);
    (answered, call)
}

/// Each side says ten slots; the other hears them as they were, in order.
async fn both_ways(answered: &mut Answered, call: &mut Started, slot: usize, ticks: u64) {
    let MediaPath::Stream { inbound, outbound } = &mut answered.media else { panic!("a stream") };
    for n in 0..10_u8 {
        let audio = Bytes::from(vec![n; slot]);
        outbound.send(StreamOut::Media(audio.clone())).await.expect("open");
        let heard = call.chunk().await;
        assert_eq!(heard.payload, audio);
        let first = if slot == 160 { 1 } else { 0 };
        assert_eq!((heard.sequence, heard.timestamp), (u64::from(n) + first, (u64::from(n) + first) * ticks));
        call.say(StreamOut::Media(audio.clone())).await;
        assert_eq!(in_time(inbound.recv()).await.expect("open").payload, audio);
    }
}

#[tokio::test]
async fn a_plain_stream_carries_audio_both_ways_until_the_caller_stops() {
    let mut house = House::open(None).await;
    let (mut answered, mut call) = ring(&mut house, pcm).await;
    assert_eq!(call.arriving.transport, Transport::Pcm);
    assert_eq!((call.arriving.caller.reveal().as_str(), call.arriving.dialled.as_str()), (CALLER, DIALLED));
    assert_eq!(call.leg.inbound.codec, Codec::L16 { rate: 16_000, little_endian: true });
    both_ways(&mut answered, &mut call, 640, 320).await;
    answered.commands.send(Command::HangUp).await.expect("open");
    assert_eq!(call.signal().await, Signal::Gone(Gone::HungUp));
    drop(call);
    house.close().await;
}

#[tokio::test]
async fn a_twilio_call_goes_from_its_signed_webhook_to_audio_both_ways() {
    let mut house = House::open(None).await;
    let (mut answered, mut call) = ring(&mut house, twilio).await;
    assert_eq!(call.arriving.transport, Transport::Twilio);
    assert_eq!((call.arriving.caller.reveal().as_str(), call.arriving.dialled.as_str()), (CALLER, DIALLED));
    assert_eq!((call.leg.inbound.codec, call.leg.outbound.codec), (Codec::Pcmu, Codec::Pcmu));
    both_ways(&mut answered, &mut call, 160, 160).await;
    answered.commands.send(Command::HangUp).await.expect("open");
    assert_eq!(call.signal().await, Signal::Gone(Gone::HungUp));
    drop(call);
    house.close().await;
}

#[tokio::test]
async fn a_mark_comes_back_with_its_speech_and_a_lost_caller_is_told() {
    let mut house = House::open(None).await;
    for target in [pcm as fn(&House) -> Target, twilio] {
        let (answered, mut call) = ring(&mut house, target).await;
        call.say(StreamOut::Mark { id: ID, samples: 1_600 }).await;
        assert_eq!(call.signal().await, Signal::Mark { id: ID, samples: 1_600 });
        call.say(StreamOut::Clear).await;
        call.say(StreamOut::Mark { id: ID, samples: 3_200 }).await;
        assert_eq!(call.signal().await, Signal::Mark { id: ID, samples: 3_200 });
        drop(answered);
        assert!(matches!(call.signal().await, Signal::Gone(_)));
    }
    house.close().await;
}

#[tokio::test]
async fn the_agents_last_words_leave_before_it_hangs_up() {
    let mut house = House::open(None).await;
    let updated = Mock::given(method("POST")).and(body_string_contains("Status=completed"));
    updated.respond_with(ResponseTemplate::new(200)).expect(1).mount(&house.carrier).await;
    let (mut answered, call) = ring(&mut house, twilio).await;
    for n in 0..5 {
        call.say(StreamOut::Media(Bytes::from(vec![n; 160]))).await;
    }
    call.commands.send(Command::HangUp).await.expect("open");
    let MediaPath::Stream { inbound, .. } = &mut answered.media else { panic!("a stream") };
    for n in 0..5 {
        assert_eq!(in_time(inbound.recv()).await.expect("still open").payload[0], n);
    }
    assert_eq!(in_time(answered.signals.recv()).await, Some(Signal::Gone(Gone::HungUp)));
    drop(call);
    house.close().await;
}

#[tokio::test]
async fn a_transfer_is_asked_of_the_carrier_and_its_answer_told() {
    let mut house = House::open(None).await;
    let (_answered, mut call) = ring(&mut house, twilio).await;
    let to = || Command::Transfer { to: "+16045550199".to_owned().into() };
    call.commands.send(to()).await.expect("open");
    assert_eq!(call.signal().await, Signal::Transferred(Err(481)), "no such call there: the mock answers 404");
    let good = Mock::given(method("POST")).and(body_string_contains("Twiml=%3CResponse%3E%3CDial%3E%2B16045550199"));
    good.respond_with(ResponseTemplate::new(200)).expect(1).mount(&house.carrier).await;
    call.commands.send(to()).await.expect("open");
    assert_eq!(call.signal().await, Signal::Transferred(Ok(())));
    let asked = house.carrier.received_requests().await.expect("recorded");
    let asked = &asked[0];
    assert!(asked.url.path().starts_with(&format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/CA")), "{}", asked.url);
    assert!(asked.headers["authorization"].to_str().expect("text").starts_with("Basic "));
    drop(call);
    house.close().await;
}

#[tokio::test]
async fn a_caller_who_was_passed_on_is_not_hung_up_when_the_call_ends() {
    for told in [true, false] {
        let mut house = House::open(None).await;
        let passed = Mock::given(method("POST")).and(body_string_contains("Twiml="));
        let answer = ResponseTemplate::new(200).set_delay(Duration::from_millis(if told { 0 } else { 300 }));
        passed.respond_with(answer).expect(1).mount(&house.carrier).await;
        // Judged when the carrier is dropped.
        let ended = Mock::given(method("POST")).and(body_string_contains("Status=completed"));
        ended.respond_with(ResponseTemplate::new(200)).expect(0).mount(&house.carrier).await;
        let (mut answered, mut call) = ring(&mut house, twilio).await;
        call.commands.send(Command::Transfer { to: "+16045550199".to_owned().into() }).await.expect("open");
        if told {
            assert_eq!(call.signal().await, Signal::Transferred(Ok(())));
        }
        // Or the call ends while the carrier is still being asked.
        call.commands.send(Command::HangUp).await.expect("open");
        assert_eq!(in_time(answered.signals.recv()).await, Some(Signal::Gone(Gone::HungUp)));
        drop(call);
        house.close().await;
    }
}

#[tokio::test]
async fn a_caller_whom_the_carrier_would_not_pass_on_is_hung_up_when_the_call_ends() {
    let mut house = House::open(None).await;
    let ended = Mock::given(method("POST")).and(body_string_contains("Status=completed"));
    ended.respond_with(ResponseTemplate::new(200)).expect(1).mount(&house.carrier).await;
    let (mut answered, call) = ring(&mut house, twilio).await;
    // The mock knows no transfer: 404.
    call.commands.send(Command::Transfer { to: "+16045550199".to_owned().into() }).await.expect("open");
    call.commands.send(Command::HangUp).await.expect("open");
    assert_eq!(in_time(answered.signals.recv()).await, Some(Signal::Gone(Gone::HungUp)));
    drop(call);
    house.close().await;
}

#[tokio::test]
async fn a_plain_stream_cannot_be_transferred() {
    let mut house = House::open(None).await;
    let (_answered, mut call) = ring(&mut house, pcm).await;
    call.commands.send(Command::Transfer { to: "x".to_owned().into() }).await.expect("open");
    assert_eq!(call.signal().await, Signal::Transferred(Err(501)));
    drop(call);
    house.close().await;
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_to_everyone() {
    let mut house = House::open(None).await;
    let (mut answered, mut call) = ring(&mut house, pcm).await;
    house.stop.cancel();
    assert_eq!(call.signal().await, Signal::Gone(Gone::Lost));
    drop(call);
    assert_eq!(in_time(answered.signals.recv()).await, Some(Signal::Gone(Gone::HungUp)));
    house.close().await;
}
