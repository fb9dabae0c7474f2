//! What passes between a call and a transport with its own framing.

use attendant_media::speech::SpeechId;
use bytes::Bytes;

/// A chunk from a media stream, in the order of arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamMedia {
    pub sequence: u64,
    /// In the codec's clock.
    pub timestamp: u64,
    pub payload: Bytes,
}

/// What a call sends into a media stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamOut {
    /// 20 ms, encoded in the outbound format.
    Media(Bytes),
    /// Sent after every 100 ms of speech and at its end; echoed as [`crate::call::event::Signal::Mark`].
    Mark { id: SpeechId, samples: u64 },
    /// Forget what was sent and not played.
    Clear,
}
