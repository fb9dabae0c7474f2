//! attendant: the telephone receptionist that a clinic runs on its own machines.
//!
//! The path of a call, and the order of the modules below:
//!
//! ```text
//! caller ──► transport::{sip, stream}                      bytes and their time of arrival
//!              ▼
//!            attendant_media::leg   rtp → jitter → codec → resample → vad           pure
//!              │ 16 kHz audio ─► stt           │ facts: speech starts and ends, echo, keys
//!              ▼                               ▼
//!            stt ─ partial, final ────────►  call::machine  ◄── timers, tools, hang-up    pure
//!                                            call::turn decides: listen, endpoint, pause, confirm, resume
//!                                              │ think
//!                                              ▼
//!                                            agent   graph → prompt → llm → tools
//!                                              │ words → tts::sentence → speak(speech id, expect)
//!                                              ▼
//!                                            tts ─ audio and word times ─►
//!            attendant_media::leg   playout → resample → codec → pacer              pure
//!              │ packet when due               │ heard(speech id, samples) ─► call::machine
//!              ▼
//! caller ◄── transport
//! ```

pub mod transport;

pub mod call;

pub mod stt;

pub mod agent;

pub mod tts;

// What the path is served by.
pub mod clinic;
pub mod clock;
pub mod costs;
pub mod descriptors;
mod disk;
pub mod emr;
pub mod experiments;
pub mod language;
pub mod models;
pub mod notices;
pub mod onboarding;
pub mod phrases;
pub mod priority;
pub mod privacy;
pub mod provider;
pub mod records;
pub mod speech;
pub mod state;
pub mod store;
pub mod tokens;

// The process around it.
pub mod api;
pub mod cli;
pub mod config;
pub mod server;
pub mod telemetry;

// Callers and providers for trying and measuring.
pub mod load;
pub mod sim;
pub mod softphone;

#[cfg(test)]
extern crate self as attendant;

// Of these tests' processes too.
#[cfg(test)]
#[path = "../tests/logs/mod.rs"]
mod logs;
