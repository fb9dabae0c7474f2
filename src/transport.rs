//! The ways a call comes in. Each turns its wire into the same thing: a leg's media, [`crate::call::event::Signal`]s to the
//! call and [`crate::call::event::Command`]s from it.

pub mod sip;
pub mod stream;
