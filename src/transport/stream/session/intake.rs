//! The caller's audio on its way to the call: placed on the codec's clock, in the byte order that it turns out to have.
//!
//! It never waits for the call: audio that the call does not take at once is dropped and counted, as a late packet would be.

use attendant_media::leg::Codec;
use tokio::sync::mpsc;

use crate::call::registry::StreamMedia;
use crate::transport::stream::byte_order::{ByteOrder, Detector};
use crate::transport::stream::message::Media;
use crate::transport::stream::timeline::Timeline;
use crate::transport::stream::wire::Wire;

/// See the module header.
pub(super) struct Intake {
    wire: Wire,
    codec: Codec,
    timeline: Timeline,
    /// For codecs whose byte order is in doubt.
    ear: Option<Detector>,
    to_call: mpsc::Sender<StreamMedia>,
}

impl Intake {
    pub(super) fn new(wire: Wire, codec: Codec, to_call: mpsc::Sender<StreamMedia>) -> Self {
        let doubtful = matches!((wire, codec), (Wire::Telnyx, Codec::L16 { .. }));
        Self { wire, codec, timeline: Timeline::new(codec), ear: doubtful.then(Detector::default), to_call }
    }

    /// Takes a chunk. Answers once, if the audio has another byte order than was assumed: this is its codec.
    pub(super) fn hear(&mut self, media: Media) -> Option<Codec> {
        let order = self.ear.as_mut().and_then(|ear| ear.hear(&media.payload));
        if order.is_some() {
            self.ear = None;
        }
        let (to_call, wire) = (&self.to_call, self.wire);
        self.timeline.place(media, |chunk| {
            if to_call.try_send(chunk).is_err() {
                metrics::counter!("stream_receive_dropped_total", "carrier" => wire.label()).increment(1);
            }
        });
        // Network order was assumed.
        match (order, self.codec) {
            (Some(ByteOrder::Little), Codec::L16 { rate, .. }) => {
                self.codec = Codec::L16 { rate, little_endian: true };
                Some(self.codec)
            }
            (Some(ByteOrder::Little | ByteOrder::Big) | None, _) => None,
        }
    }
}
