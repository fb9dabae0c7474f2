//! OSCAR behind the EMR's contract: golden envelopes, hostile answers, and whole bookings against the simulator.

mod added;
mod bookings;
pub mod by_voice;
pub mod clinic;
mod command;
mod envelopes;
mod faults;
mod hostile;
pub mod house;
mod interrupted;
mod late;
mod logs;
mod races;
mod shared;
