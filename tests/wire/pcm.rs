//! Plain streams: what docs/streams.md promises.

use attendant::transport::stream::message::{Malformed, Media, Message, Start};
use attendant::transport::stream::pcm::{CODEC, audio, clear, mark, parse, stop};
use bytes::Bytes;

#[test]
fn the_documented_messages_are_read() {
    let start = Start {
        stream: String::new(),
        call: String::new(),
        caller: "+16045550100".to_owned().into(),
        dialled: "clinic".into(),
        codec: CODEC,
    };
    let text = r#"{"type": "start", "caller": "+16045550100", "dialled": "clinic"}"#;
    assert_eq!(parse(text), Ok(Message::Start(start)));
    assert_eq!(parse(r#"{"type": "dtmf", "digit": "d"}"#), Ok(Message::Dtmf('D')));
    assert_eq!(parse(r#"{"type": "mark", "name": "1/1.0.0/1600"}"#), Ok(Message::Mark("1/1.0.0/1600".into())));
    assert_eq!(parse(r#"{"type": "stop"}"#), Ok(Message::Stop));
    assert_eq!(parse(r#"{"type": "later"}"#), Ok(Message::Other));
    assert_eq!(parse(r#"{"type": "start"}"#), Err(Malformed::Json), "the number dialled decides the clinic");
}

#[test]
fn audio_is_whole_samples() {
    let two = Bytes::from_static(&[1, 2, 3, 4]);
    assert_eq!(audio(two.clone()), Ok(Message::Media(Media { chunk: None, at_ms: None, payload: two })));
    assert_eq!(audio(Bytes::from_static(&[1])), Err(Malformed::Odd));
}

#[test]
fn the_documented_messages_are_written() {
    assert_eq!(mark("m"), r#"{"name":"m","type":"mark"}"#);
    assert_eq!(clear(), r#"{"type":"clear"}"#);
    assert_eq!(stop(), r#"{"type":"stop"}"#);
}
