//! What the machine wants done. The driver does it and decides nothing.

use std::sync::Arc;

use attendant_media::frame::Samples;
use attendant_media::leg::Format;
use attendant_media::speech::SpeechId;

use super::event::Command;
use super::timeline::{EndReason, Entry};
use crate::agent::Turn;
use crate::language::Language;
use crate::{stt, tts};

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "effects are few, and moved once")]
pub enum Effect {
    Leg(LegEffect),
    Stt(SttEffect),
    /// To the voice of this place in the ordered list.
    Tts {
        voice: usize,
        input: tts::Input,
    },
    /// The voice of this place let the call wait for the audio of this utterance.
    TtsLate {
        voice: usize,
        id: SpeechId,
    },
    /// From now on the agent speaks this language.
    Speaks(Language),
    Think(Turn),
    CancelThought,
    /// The turn that is being drafted is final.
    ConfirmThought,
    Transport(Command),
    /// The stream transport forgets what it was sent and has not played.
    ClearStream,
    Journal(Entry),
    /// The caller has heard that the call is recorded.
    KeepRecording,
    /// The caller refused to be recorded, or never heard of it.
    DiscardRecording,
    /// The call is over; nothing follows.
    End(EndReason),
}

#[derive(Clone, Debug, PartialEq)]
pub enum LegEffect {
    Audible(SpeechId),
    Mute,
    SpeechEnd(SpeechId),
    Pause,
    Resume { back: u32 },
    Hold,
    Unhold,
    Formats { inbound: Format, outbound: Format, dtmf: Option<u8> },
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "effects are few, and moved once")]
pub enum SttEffect {
    /// Close the session before and open this one with the recogniser of this place in the list, beginning with what was
    /// heard since `replay_from`. One that tells the end of turns is given each frame at once.
    Open { session: u32, recogniser: usize, setup: stt::Setup, replay_from: Samples, end_of_turn: bool },
    /// In the order of the audio.
    Input(stt::Input),
    /// The present session found no word in a voice that another one is to hear again.
    Doubt,
    /// That one found words: the session that was doubted missed them.
    Missed,
    /// This session let the call wait for words that there were.
    Late { session: u32 },
}

/// Audio of a speech, shared between the voice that made it and the mouth that plays it.
pub type Audio = Arc<[i16]>;
