//! Golden texts and bytes of every protocol we speak, and hostile input to each.

mod accounts;
pub mod azure;
pub mod cartesia;
mod chain;
pub mod deepgram;
mod deepgram_silence;
pub mod google;
mod hostile_streams;
mod keys;
mod model_cancel;
mod openai;
pub mod openai_ears;
mod oscar;
mod oscar_sim;
mod pcm;
pub mod sarvam;
mod sdp;
mod stream_desk;
mod stream_live;
pub mod streamed_voices;
mod telnyx;
mod tls;
mod trial;
mod twilio;
mod warming;
mod whole_calls;
