//! attendant: the telephone receptionist that a clinic runs on its own machines.

pub mod agent;
pub mod api;
pub mod call;
pub mod cli;
pub mod clinic;
pub mod clock;
pub mod config;
pub mod language;
pub mod load;
pub mod models;
pub mod phrases;
pub mod privacy;
pub mod provider;
pub mod records;
pub mod server;
pub mod sim;
pub mod softphone;
pub mod speech;
pub mod stt;
pub mod telemetry;
pub mod tokens;
pub mod transport;
pub mod tts;
