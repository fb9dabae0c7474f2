//! What a language model says is said only if it is known.

pub mod mention;
