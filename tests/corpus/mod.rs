//! Recorded and written language with what is expected of it.

mod intents;
pub mod wer;
