//! FHIR R4 behind the EMR's contract: golden requests, hostile answers, and whole bookings against the simulator.

mod account;
mod bookings;
mod by_voice;
mod command;
mod faults;
mod golden;
mod hostile;
pub mod house;
mod logs;
mod proposals;
mod races;
mod registrations;
