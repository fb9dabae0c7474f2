//! The real-time plane: RTP to samples and back. Pure: no clock, thread, lock, runtime or I/O, and no allocation per frame.
//!
//! ```text
//! packet ─► rtp ─► jitter ─► codec ─► resample ─► (denoise, gain) ─► vad, echo, dtmf, tone ─► 16 kHz frames and facts
//! 16 kHz speech by id ─► playout ─► resample ─► codec ─► pacer ─► packet, one a slot
//! ```
//!
//! [`leg`] composes the parts into one party of a call; [`bridge`] joins two legs.

pub mod bridge;
pub mod codec;
pub mod conceal;
pub mod denoise;
pub mod dtmf;
pub mod echo;
pub mod frame;
pub mod gain;
pub mod jitter;
pub mod leg;
#[cfg(any(test, feature = "netem"))]
pub mod netem;
pub mod pacer;
pub mod playout;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod speech;
pub mod time;
pub mod tone;
pub mod vad;
