//! Telnyx media streaming: the messages of its "stream call media over WebSocket" page, and the traps other clients fell into.

use attendant::transport::stream::message::{Malformed, Media, Message, Start};
use attendant::transport::stream::telnyx::{ClientState, clear, codec, mark, media, parse};
use attendant_media::leg::Codec;
use base64::Engine as _;
use bytes::Bytes;

fn start(state: &str, format: &str) -> String {
    format!(
        r#"{{"event":"start","sequence_number":"1","stream_id":"s1","start":{{"user_id":"u","call_control_id":"v3:c","call_session_id":"x",
        "from":"+1 604 555 0100","to":"+16045550111",{state}"media_format":{format}}}}}"#
    )
}

#[test]
fn the_codec_of_each_direction_is_read_from_start() {
    for (format, codec) in [
        (r#"{"encoding":"PCMU","sample_rate":8000,"channels":1}"#, Codec::Pcmu),
        (r#"{"encoding":"PCMA","sample_rate":"8000","channels":1}"#, Codec::Pcma),
        (r#"{"encoding":"G722","sample_rate":8000}"#, Codec::G722),
        (r#"{"encoding":"OPUS","sample_rate":16000}"#, Codec::Opus),
        (r#"{"encoding":"L16","sample_rate":16000}"#, Codec::L16 { rate: 16_000, little_endian: false }),
    ] {
        let Ok(Message::Start(start)) = parse(&start("", format)) else { panic!("{format}") };
        assert_eq!(start.codec, codec);
    }
    assert_eq!(parse(&start("", r#"{"encoding":"AMR-WB","sample_rate":16000}"#)), Err(Malformed::Codec));
    assert_eq!(codec("L16", None), None, "a rate must be named");
}

#[test]
fn who_rings_is_told_by_our_own_client_state_before_theirs() {
    let format = r#"{"encoding":"PCMU","sample_rate":8000}"#;
    let theirs = Start {
        stream: "s1".into(),
        call: "v3:c".into(),
        caller: "+1 604 555 0100".to_owned().into(),
        dialled: "+16045550111".into(),
        codec: Codec::Pcmu,
    };
    assert_eq!(parse(&start("", format)), Ok(Message::Start(theirs.clone())));
    let state = ClientState { caller: "+16045550100".into(), dialled: "clinic".into() }.encode();
    let ours = Start { caller: "+16045550100".to_owned().into(), dialled: "clinic".into(), ..theirs.clone() };
    assert_eq!(parse(&start(&format!(r#""client_state":"{state}","#), format)), Ok(Message::Start(ours)));
    assert_eq!(parse(&start(r#""client_state":"bm90IGpzb24=","#, format)), Ok(Message::Start(theirs)));
}

#[test]
fn media_keys_marks_complaints_and_the_end_are_read() {
    let audio = r#"{"event":"media","sequence_number":"4","media":{"track":"inbound","chunk":"2","timestamp":"5","payload":"AAEC/w=="},"stream_id":"s1"}"#;
    let heard = Media { chunk: Some(2), at_ms: None, payload: Bytes::from_static(&[0, 1, 2, 255]) };
    assert_eq!(parse(audio), Ok(Message::Media(heard)));
    let ours = audio.replace("inbound", "outbound");
    assert_eq!(parse(&ours), Ok(Message::Other));
    assert_eq!(parse(r##"{"event":"dtmf","stream_id":"s1","dtmf":{"digit":"#"}}"##), Ok(Message::Dtmf('#')));
    assert_eq!(parse(r#"{"event":"mark","mark":{"name":"m"}}"#), Ok(Message::Mark("m".into())));
    let complaint =
        r#"{"event":"error","stream_id":"s1","payload":{"code":100003,"title":"malformed_frame","detail":"..."}}"#;
    assert_eq!(parse(complaint), Ok(Message::Failed { code: "100003".into() }));
    assert_eq!(parse(r#"{"event":"error"}"#), Ok(Message::Failed { code: "none".into() }));
    assert_eq!(parse(r#"{"event":"stop","sequence_number":"9","stop":{"user_id":"u"}}"#), Ok(Message::Stop));
    assert_eq!(parse(r#"{"event":"connected","version":"1.0.0"}"#), Ok(Message::Connected));
}

#[test]
fn what_we_send_is_what_telnyx_documents() {
    assert_eq!(media(&[0, 1, 2, 255]), r#"{"event":"media","media":{"payload":"AAEC/w=="}}"#);
    assert_eq!(mark("m"), r#"{"event":"mark","mark":{"name":"m"}}"#);
    assert_eq!(clear(), r#"{"event":"clear"}"#);
    let state = ClientState { caller: "a".into(), dialled: "b".into() }.encode();
    let json = base64::engine::general_purpose::STANDARD.decode(state).unwrap();
    assert_eq!(json, br#"{"caller":"a","dialled":"b"}"#);
}
