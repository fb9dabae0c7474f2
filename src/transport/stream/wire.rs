//! One stream's way of writing: which carrier's frames, and to which stream.

use bytes::Bytes;

use super::message::{Malformed, Message};
use super::{pcm, telnyx, twilio};
use crate::call::registry::Transport;

/// Whose frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Twilio,
    Telnyx,
    Pcm,
}

/// A frame to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    Text(String),
    Binary(Bytes),
}

impl Wire {
    pub const fn transport(self) -> Transport {
        match self {
            Self::Twilio => Transport::Twilio,
            Self::Telnyx => Transport::Telnyx,
            Self::Pcm => Transport::Pcm,
        }
    }

    /// In paths and metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Pcm => "pcm",
        }
    }

    pub fn text(self, text: &str) -> Result<Message, Malformed> {
        match self {
            Self::Twilio => twilio::parse(text),
            Self::Telnyx => telnyx::parse(text),
            Self::Pcm => pcm::parse(text),
        }
    }

    pub fn binary(self, payload: Bytes) -> Result<Message, Malformed> {
        match self {
            Self::Twilio | Self::Telnyx => Err(Malformed::Binary),
            Self::Pcm => pcm::audio(payload),
        }
    }

    pub fn media(self, stream: &str, payload: Bytes) -> Written {
        match self {
            Self::Twilio => Written::Text(twilio::media(stream, &payload)),
            Self::Telnyx => Written::Text(telnyx::media(&payload)),
            Self::Pcm => Written::Binary(payload),
        }
    }

    pub fn mark(self, stream: &str, name: &str) -> Written {
        Written::Text(match self {
            Self::Twilio => twilio::mark(stream, name),
            Self::Telnyx => telnyx::mark(name),
            Self::Pcm => pcm::mark(name),
        })
    }

    pub fn clear(self, stream: &str) -> Written {
        Written::Text(match self {
            Self::Twilio => twilio::clear(stream),
            Self::Telnyx => telnyx::clear(),
            Self::Pcm => pcm::clear(),
        })
    }

    /// Said before we close, where the protocol has a word for it.
    pub fn stop(self) -> Option<Written> {
        match self {
            Self::Twilio | Self::Telnyx => None,
            Self::Pcm => Some(Written::Text(pcm::stop())),
        }
    }
}
