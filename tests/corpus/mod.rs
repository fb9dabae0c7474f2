//! Recorded and written language with what is expected of it.

mod intents;
mod spoken;
pub mod wer;
