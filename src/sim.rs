//! Stand-ins for the outside world: scripted providers (ears, brain and voice that answer after a known delay, for load runs and
//! whole-call tests), the vendors behind their own protocols, and a clinic's EMR ([`oscar`], [`fhir`]).
//!
//! Scripted providers stand behind the same traits as real providers, chosen by `[providers] kind = "scripted"`. What they say carries a [`code`]:
//! which call, which turn and which part of the answer, as words in the text and as tones in the audio, so that a caller can tell a
//! missing, cut or foreign answer from the right one. They hear nothing and know nothing; a real call must never get them.

mod agent;
mod answer;
mod anthropic;
mod azure;
mod cartesia;
mod clock;
pub mod code;
mod connection;
pub mod deepgram;
mod delay;
mod ear;
mod elevenlabs;
mod fault;
pub mod fhir;
pub mod google;
mod habit;
pub mod hold;
mod knob;
mod lapse;
mod listening;
mod mouth;
pub mod openai;
pub mod oscar;
mod pace;
mod posted;
mod profile;
mod prompt;
mod qwen;
mod recognizer;
mod sarvam;
mod settings;
pub mod vendor;
pub mod vendors;
mod voice;
mod xml;

pub use agent::ScriptedAgents;
pub use clock::Clock;
pub use delay::Delay;
pub use fault::{Fault, Moment, Struck, Trouble};
pub use habit::Habit;
pub use profile::Profile;
pub use recognizer::ScriptedRecognizer;
pub use settings::ScriptedConfig;
pub use voice::ScriptedVoice;

const NAME: &str = "scripted";
