//! Whole calls in virtual time: scripted caller, lossy network, the real leg, the real machine, scripted providers, and invariants
//! that hold after every step. No runtime, no clock, no sleep.

mod caller;
mod calls;
mod code;
mod faults;
mod invariants;
mod network;
mod providers;
mod world;
