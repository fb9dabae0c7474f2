//! The far end of a telephone: a caller with recorded speech, for trying and measuring a server from outside.
//!
//! [`line`] runs a media leg as a caller, on absolute slots kept by a kernel timer; a [`Behaviour`] decides when to speak and
//! when to hang up; [`Measure`] tells from what is sent and heard how quickly the other side answered and fell silent. Nothing
//! here looks into the server: every figure is what a caller would have.

mod arrivals;
mod behaviour;
pub mod dial;
mod ear;
mod keys;
pub mod line;
mod measure;
mod path;
pub mod report;
mod slots;
mod tape;
mod utterance;

pub use arrivals::Arrivals;
pub use behaviour::{Act, Behaviour, Script, Step};
pub use ear::{Change, Ear};
pub use keys::{Keys, NotKeys};
pub use line::{Ended, Line, Outcome, Sent};
pub use measure::{Exchange, Measure};
pub use tape::Tape;
pub use utterance::{NotSpeech, Utterance};
