//! Many callers at once against one server, each with recorded speech, who check every answer and measure what a caller can.
//!
//! The server must run with scripted providers, or with simulated vendors: their answers carry a code ([`crate::sim::code`]), so that a missing, cut, repeated
//! or foreign answer is a fault. A run bounds itself in calls and time, and calls itself invalid if its own packets left late.

mod caller;
mod clips;
mod process;
pub mod report;
mod run;
mod stages;

pub use caller::{Fault, Tally};
pub use clips::{DEFAULT_FOLDER, clips};
pub use run::{Failure, Plan, Progress, run};
