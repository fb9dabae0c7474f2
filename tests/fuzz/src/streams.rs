//! Media streams: frame after frame through the reader of its carrier, and the audio in them through a whole leg.
//!
//! Input: frames divided by newlines; for plain streams a frame that begins with `{` is text, any other is audio.

use attendant_media::leg::{Codec, Format, Framing, Input, Leg, LegConfig, Output};
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;
use bytes::Bytes;

use crate::transport::stream::byte_order::Detector;
use crate::transport::stream::marks::Marks;
use crate::transport::stream::message::{Malformed, Media, Message};
use crate::transport::stream::timeline::Timeline;
use crate::transport::stream::{pcm as plain, telnyx as telnyx_wire, twilio as twilio_wire};

const ID: SpeechId = SpeechId { generation: 1, utterance: 1, attempt: 0 };

/// Frames are 64 KiB at most, and arrive 20 ms apart.
const SLOT_MS: u64 = 20;

pub fn twilio(bytes: &[u8]) {
    frames(bytes, |frame| std::str::from_utf8(frame).map_err(|_| Malformed::Json).and_then(twilio_wire::parse));
}

pub fn telnyx(bytes: &[u8]) {
    frames(bytes, |frame| std::str::from_utf8(frame).map_err(|_| Malformed::Json).and_then(telnyx_wire::parse));
}

pub fn pcm(bytes: &[u8]) {
    frames(bytes, |frame| match frame {
        [b'{', ..] => std::str::from_utf8(frame).map_err(|_| Malformed::Json).and_then(plain::parse),
        audio => plain::audio(Bytes::copy_from_slice(audio)),
    });
}

fn frames(bytes: &[u8], read: impl Fn(&[u8]) -> Result<Message, Malformed>) {
    let mut call: Option<Call> = None;
    let mut marks = Marks::default();
    for (n, frame) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let now = Time::from_millis(n as u64 * SLOT_MS);
        match read(frame) {
            Ok(Message::Start(start)) => {
                call.get_or_insert_with(|| Call::new(start.codec, now));
            }
            Ok(Message::Media(media)) => {
                if let Some(call) = &mut call {
                    call.hear(now, media);
                }
            }
            Ok(Message::Mark(name)) => {
                marks.send(ID, n as u64, tokio::time::Instant::now());
                if let Some((id, _)) = marks.back(&name) {
                    assert_eq!(id, ID);
                }
            }
            Ok(Message::Dtmf(key)) => assert!("0123456789*#ABCD".contains(key)),
            Ok(Message::Failed { code }) => assert!(code == "none" || code.bytes().all(|digit| digit.is_ascii_digit())),
            Ok(Message::Connected | Message::Stop | Message::Other) | Err(_) => {}
        }
    }
}

/// A call as far as its hearing goes.
struct Call {
    leg: Leg,
    timeline: Timeline,
    ear: Detector,
    heard: u64,
}

impl Call {
    fn new(codec: Codec, now: Time) -> Self {
        let format = Format { codec, payload_type: 0 };
        let config = LegConfig { framing: Framing::Transport, ..LegConfig::plain(format, 1) };
        Self { leg: Leg::new(config, now), timeline: Timeline::new(codec), ear: Detector::default(), heard: 0 }
    }

    /// One frame heard per slot at most, in order, whatever the chunks say of themselves.
    fn hear(&mut self, now: Time, media: Media) {
        self.ear.hear(&media.payload);
        let leg = &mut self.leg;
        let heard = &mut self.heard;
        self.timeline.place(media, |chunk| {
            leg.handle(
                now,
                Input::Payload { sequence: chunk.sequence, timestamp: chunk.timestamp, payload: &chunk.payload },
            );
            while let Some(output) = leg.poll_output() {
                if let Output::Heard { at, .. } = output {
                    assert_eq!(at.0, *heard);
                    *heard += 320;
                }
            }
        });
    }
}
