//! Twilio Media Streams: the messages of twilio.com/docs/voice/media-streams/websocket-messages.

use attendant::transport::stream::message::{Malformed, Media, Message, Start};
use attendant::transport::stream::twilio::{clear, mark, media, parse};
use attendant::transport::stream::wire::Wire;
use attendant_media::leg::Codec;
use bytes::Bytes;

#[test]
fn every_documented_message_is_read() {
    let connected = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;
    assert_eq!(parse(connected), Ok(Message::Connected));
    let start = r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","tracks":["inbound"],
        "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
        "customParameters":{"caller":"+16045550100","dialled":"+16045550111","Other":"x"}},"streamSid":"MZ1"}"#;
    assert_eq!(
        parse(start),
        Ok(Message::Start(Start {
            stream: "MZ1".into(),
            call: "CA1".into(),
            caller: "+16045550100".to_owned().into(),
            dialled: "+16045550111".into(),
            codec: Codec::Pcmu,
        }))
    );
    let audio = r#"{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":"AAEC/w=="},"streamSid":"MZ1"}"#;
    let heard = Media { chunk: Some(1), at_ms: Some(5), payload: Bytes::from_static(&[0, 1, 2, 255]) };
    assert_eq!(parse(audio), Ok(Message::Media(heard)));
    let dtmf =
        r#"{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}"#;
    assert_eq!(parse(dtmf), Ok(Message::Dtmf('1')));
    let marked = r#"{"event":"mark","sequenceNumber":"4","streamSid":"MZ1","mark":{"name":"my label"}}"#;
    assert_eq!(parse(marked), Ok(Message::Mark("my label".into())));
    let stop = r#"{"event":"stop","sequenceNumber":"5","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}"#;
    assert_eq!(parse(stop), Ok(Message::Stop));
}

#[test]
fn numbers_may_be_numbers_and_base64_may_lack_its_padding() {
    let audio = r#"{"event":"media","media":{"chunk":7,"timestamp":140,"payload":"AAEC/w"}}"#;
    let heard = Media { chunk: Some(7), at_ms: Some(140), payload: Bytes::from_static(&[0, 1, 2, 255]) };
    assert_eq!(parse(audio), Ok(Message::Media(heard)));
}

#[test]
fn our_own_track_and_unknown_events_are_passed_over() {
    let ours = r#"{"event":"media","media":{"track":"outbound","chunk":"1","timestamp":"5","payload":"AA=="}}"#;
    assert_eq!(parse(ours), Ok(Message::Other));
    assert_eq!(parse(r#"{"event":"whatever","x":[1]}"#), Ok(Message::Other));
    assert_eq!(parse(r#"{"event":"dtmf","dtmf":{"digit":"12"}}"#), Ok(Message::Other));
}

#[test]
fn what_twilio_never_sends_is_malformed() {
    for junk in ["", "{}", "[]", "null", r#"{"event":"media"}"#, r#"{"event":"start","start":{}}"#] {
        assert_eq!(parse(junk), Err(Malformed::Json), "{junk}");
    }
    assert_eq!(parse(r#"{"event":"media","media":{"payload":"*"}}"#), Err(Malformed::Base64));
    let wide = r#"{"event":"start","start":{"streamSid":"a","callSid":"b","mediaFormat":{"encoding":"audio/l16","sampleRate":16000}}}"#;
    assert_eq!(parse(wide), Err(Malformed::Codec));
    assert_eq!(Wire::Twilio.binary(Bytes::from_static(b"x")), Err(Malformed::Binary));
}

#[test]
fn what_we_send_is_what_twilio_documents() {
    assert_eq!(media("MZ1", &[0, 1, 2, 255]), r#"{"event":"media","media":{"payload":"AAEC/w=="},"streamSid":"MZ1"}"#);
    assert_eq!(mark("MZ1", "1/1.0.0/1600"), r#"{"event":"mark","mark":{"name":"1/1.0.0/1600"},"streamSid":"MZ1"}"#);
    assert_eq!(clear("MZ1"), r#"{"event":"clear","streamSid":"MZ1"}"#);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", payload in "[A-Za-z0-9+/=]{0,40}") {
        for parse in [parse, attendant::transport::stream::telnyx::parse, attendant::transport::stream::pcm::parse] {
            parse(&text).ok();
            parse(&format!("{{\"event\":\"media\",\"media\":{{\"payload\":\"{payload}\"}}}}")).ok();
        }
    }
}
