//! Media over WebSockets: Twilio Media Streams, Telnyx media streaming, and plain 16 kHz PCM for anything else.
//!
//! It decides framing, who may connect, and how a carrier is told to hang up or transfer. What is said is the call's; pacing,
//! order and holes are the leg's. Callers' numbers never reach a log, nor a URL: the one-time token in the stream's path
//! carries a keyed digest of them.
//!
//! ```text
//! webhook ─► signature ─► desk.admit ─► token ─► answer with /stream/{carrier}/{token}
//! upgrade ─► token ─► `start` frame ─► desk.start ─► session: frames ⇄ channels of the call
//! ```

pub mod byte_order;
pub mod carrier;
pub mod client;
pub mod config;
pub mod entrance;
pub mod marks;
pub mod message;
pub mod pcm;
pub mod session;
pub mod signature;
pub mod socket;
pub mod telnyx;
pub mod timeline;
pub mod token;
pub mod twilio;
pub mod wire;

pub use config::{PcmConfig, StreamConfig, TelnyxConfig, TwilioConfig};
pub use entrance::Entrance;
