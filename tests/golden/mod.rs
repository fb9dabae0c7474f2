//! What users read, word for word: a change here must be meant.

mod configuration;
mod help;
mod metrics;
