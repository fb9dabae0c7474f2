//! SIP (RFC 3261): takes calls from a carrier's trunk or a desk phone, and rings others.
//!
//! It decides signalling only: who may ring, which codec, where media goes, when a call is up, on hold, moved or over. What is
//! said is the call's. The stack below (rsipstack) parses, retransmits and runs transactions; everything above them
//! (dialogs, offers, timers, gates) is here, on our own types. Callers' numbers never reach a log.
//!
//! ```text
//! socket ─► gate ─► (rsipstack) ─► server ─► inbound: screen, ring, answer ─┐
//!                                └─► dialog table ────────────────────────► session: holds, refreshes, ends the call
//!                                     phone: dial ─────────────────────────┘
//! ```

mod accept;
pub mod allow;
mod challenge;
mod client;
mod clock;
pub mod config;
pub mod counters;
mod dialog;
pub mod digest;
pub mod exchange;
pub mod gate;
mod gated;
mod hearing;
mod inbound;
mod lanes;
pub mod latch;
mod merged;
pub mod message;
pub mod negotiate;
pub mod phone;
pub mod ports;
mod registration;
mod screen;
pub mod sdp;
mod server;
mod session;
pub mod session_timer;
#[cfg(test)]
mod session_timer_tests;
mod stack;
mod stateless;
mod streams;
pub mod unknown_method;

pub use config::SipConfig;
pub use counters::{Counters, Dropped};
pub use digest::Credentials;
pub use negotiate::CodecName;
pub use phone::{Answered, DialError, DialOptions, DialTimes, Phone, PhoneConfig};
pub use server::Server;
pub use stack::{LOG_DIRECTIVE, Listening, Wire};

/// What we call ourselves in messages.
pub(crate) const USER_AGENT: &str = concat!("attendant/", env!("CARGO_PKG_VERSION"));

/// Why SIP cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Bind(#[source] std::io::Error),
    #[error("the configuration is wrong:\n{}", .0.join("\n"))]
    Config(Vec<String>),
    #[error("the log filter would write whole SIP messages, callers' numbers included; add `{LOG_DIRECTIVE}` to it")]
    LogsWouldLeak,
}

/// Where the stack's log lines come from, to filter them out by.
pub const STACK_TARGET: &str = "rsipstack";

/// The stack logs every message in full at INFO, and parts of them elsewhere: a process whose filter lets that through does
/// not start.
fn refuse_leaking_logs() -> Result<(), Error> {
    use tracing::Level;
    let leaks = tracing::enabled!(target: "rsipstack::transport::udp", Level::INFO)
        || tracing::enabled!(target: "rsipstack::transport::stream", Level::INFO)
        || tracing::enabled!(target: "rsipstack::transport::tcp", Level::INFO)
        || tracing::enabled!(target: "rsipstack::transaction::endpoint", Level::DEBUG)
        || tracing::enabled!(target: "rsipstack::transport::transport_layer", Level::DEBUG)
        || tracing::enabled!(target: "rsipstack::transaction::transaction", Level::TRACE);
    if leaks { Err(Error::LogsWouldLeak) } else { Ok(()) }
}
