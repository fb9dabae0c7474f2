//! What users read, word for word: a change here must be meant.

mod alerts;
mod configuration;
mod help;
mod metrics;
mod providers;
mod tools;
