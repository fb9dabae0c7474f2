//! What a call leaves behind: one entry a line in its journal. Times are microseconds since the call's leg began.
//!
//! The words in it belong to a patient: entries go to the call's own record (mode 0600), never to a log.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::CallId;
use super::registry::Transport;
use crate::agent::Who;
use crate::agent::concluded::{CallOutcome, Intent};
use crate::costs::Bill;
use crate::language::Language;
use crate::privacy::Pii;

/// One line of a call's journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The phone rang.
    Rang {
        call: CallId,
        at: String,
        /// Whose call it is; absent in records of older releases.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        clinic: String,
        transport: Transport,
        caller: Pii<String>,
        dialled: String,
        language: Language,
    },
    /// It is served otherwise than usual.
    Planned {
        /// The day's budget was spent.
        cheaper: bool,
        /// The arm of each experiment it is in.
        arms: BTreeMap<String, String>,
    },
    /// What the caller is told of what is kept of the call, before the greeting or in it. Whether it was heard whole, its line says.
    Notice {
        /// The same for the same words.
        version: String,
    },
    Answered {
        at_us: u64,
    },
    /// Somebody said something, as it was heard.
    Line {
        at_us: u64,
        who: Who,
        text: Pii<String>,
        cut: bool,
        turn: u32,
    },
    /// How much was heard of the agent's line before is estimated: its voice tells no times of words, or it is a recorded phrase.
    Estimated {
        at_us: u64,
        turn: u32,
    },
    /// One question and its answer, stage by stage; written when the answer has been heard, cut or given up.
    Turn(TurnTimeline),
    /// A voice over ours: what became of it.
    BargeIn {
        at_us: u64,
        onset_us: u64,
        outcome: BargeIn,
    },
    /// Something failed and was recovered from.
    Recovered {
        at_us: u64,
        what: Recovery,
        detail: String,
    },
    Key {
        at_us: u64,
    },
    Hold {
        at_us: u64,
    },
    Unhold {
        at_us: u64,
    },
    /// What the call came to, and in which language it ended. Written by the server at every end.
    Concluded {
        outcome: CallOutcome,
        intent: Intent,
        language: Language,
    },
    /// What was used that is paid by use, and its price. Absent if nothing was.
    Costs {
        at_us: u64,
        bill: Bill,
    },
    Ended {
        at_us: u64,
        reason: EndReason,
        counters: Counters,
    },
}

/// The stages of a turn. A stage that did not happen is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnTimeline {
    pub turn: u32,
    /// Last voiced sample of the caller.
    pub speech_end_us: Option<u64>,
    /// The wait after it was over: what is later than this is not endpointing. At the earliest when the words were there that set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_due_us: Option<u64>,
    /// It was decided that the caller has finished.
    pub endpoint_us: Option<u64>,
    /// The recogniser's last words were there.
    pub stt_final_us: Option<u64>,
    /// The agent began to draft the answer that was given, before the turn was final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drafted_us: Option<u64>,
    /// First words of the answer came from the agent; of a draft, when it could be used.
    pub first_token_us: Option<u64>,
    /// The first clause went to the voice.
    pub first_tts_us: Option<u64>,
    /// The voice's first audio came.
    pub first_audio_us: Option<u64>,
    /// The slot of the first packet with it.
    pub first_packet_us: Option<u64>,
    /// A filler covered the wait; when it began.
    pub filler_us: Option<u64>,
    /// The answer was heard to its end, or cut.
    pub finished_us: Option<u64>,
    pub cut: bool,
}

impl TurnTimeline {
    /// From the caller's last voiced sample to the first packet of the answer; fillers are no answer. `None` for an answer to nobody's
    /// voice: a greeting, keys.
    pub fn response(&self) -> Option<Duration> {
        self.first_packet_us?.checked_sub(self.speech_end_us?).map(Duration::from_micros)
    }

    /// What of the response was neither endpointing nor a provider's time: how late the endpoint was, the last words to the agent, its
    /// first clause to the voice, and the voice's first audio to its packet. The wait for more words of a clause is the model's.
    pub fn own_share(&self) -> Option<Duration> {
        self.response()?;
        let (endpoint, due) = (self.endpoint_us?, self.endpoint_due_us?);
        let (audio, packet) = (self.first_audio_us?, self.first_packet_us?);
        // An answer from before the endpoint, or from the turn before it, has another story.
        (endpoint <= self.first_token_us? && endpoint <= audio)
            .then(|| Some(Duration::from_micros(endpoint.saturating_sub(due) + packet.checked_sub(audio)?)))?
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BargeIn {
    Confirmed,
    Resumed,
    Echo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    SttReopened,
    AgentAskedAgain,
    /// A model failed, and the next one went on.
    NextModel,
    /// A model was late, and a second one was asked as well.
    Hedged,
    NextVoice,
    Apologised,
}

/// Why a call ended; set once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The caller hung up.
    Caller,
    /// The agent said goodbye.
    Goodbye,
    Transferred,
    CallerSilent,
    MaxDuration,
    /// No packet for the media time-out.
    MediaLost,
    Fax,
    /// The connection of the signalling or the stream broke.
    SignallingLost,
    /// Before the answer.
    Cancelled,
    /// Nothing else helped, and there was nobody to pass the caller to.
    Failed,
    /// A fault in the call's own code.
    Fault,
    Drained,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    pub turns: u32,
    pub barge_ins: u32,
    pub false_barge_ins: u32,
    pub fillers: u32,
    /// Characters of fixed phrases said from their recordings.
    #[serde(default)]
    pub cached_characters: u32,
    /// Answers begun before the turn was final, and those of them that were given.
    #[serde(default)]
    pub drafts: u32,
    #[serde(default)]
    pub drafts_used: u32,
    pub packets_lost: u64,
    pub late_slots: u64,
    pub dry_slots: u64,
    pub stt_dropped_frames: u64,
    /// Time there and back, by RTCP; absent if the other side sent no report that tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_us: Option<u64>,
    /// Of their packets here, at the end.
    #[serde(default)]
    pub jitter_us: u64,
    /// What the other side reported last of our packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_lost: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_jitter_us: Option<u64>,
    /// Packets at our port of another source than the one that was heard.
    #[serde(default)]
    pub packets_foreign: u64,
    /// Audio of theirs that was left out (above zero) or heard twice (below) to keep pace with their clock and the network's delay, in all,
    /// and the same in millionths of the call: how fast their clock is, if the call is long.
    #[serde(default)]
    pub drift_us: i64,
    #[serde(default)]
    pub drift_ppm: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn() -> TurnTimeline {
        TurnTimeline {
            turn: 1,
            speech_end_us: Some(1_000_000),
            endpoint_due_us: Some(1_700_000),
            endpoint_us: Some(1_704_000),
            stt_final_us: Some(1_900_000),
            first_token_us: Some(2_100_000),
            first_tts_us: Some(2_150_000),
            first_audio_us: Some(2_400_000),
            first_packet_us: Some(2_411_000),
            ..TurnTimeline::default()
        }
    }

    #[test]
    fn the_own_share_of_a_response_is_what_neither_the_wait_nor_a_provider_took() {
        assert_eq!(turn().response(), Some(Duration::from_micros(1_411_000)));
        assert_eq!(turn().own_share(), Some(Duration::from_micros(4_000 + 11_000)));
        let early = TurnTimeline { endpoint_us: Some(1_500_000), ..turn() };
        assert_eq!(
            early.own_share(),
            Some(Duration::from_micros(11_000)),
            "the recogniser ended the turn before the wait was over"
        );
    }

    #[test]
    fn what_was_not_asked_by_a_voice_has_no_response_and_a_draft_no_share() {
        let keys = TurnTimeline { speech_end_us: None, ..turn() };
        assert_eq!((keys.response(), keys.own_share()), (None, None));
        let unheard = TurnTimeline { first_packet_us: None, ..turn() };
        assert_eq!((unheard.response(), unheard.own_share()), (None, None));
        let draft = TurnTimeline { first_token_us: Some(1_600_000), ..turn() };
        assert_eq!((draft.response().is_some(), draft.own_share()), (true, None));
    }

    #[test]
    fn a_record_of_an_older_release_is_read() {
        let line = r#"{"turn":1,"speech_end_us":5,"endpoint_us":null,"stt_final_us":null,"first_token_us":null,"first_tts_us":null,"first_audio_us":null,"first_packet_us":9,"filler_us":null,"finished_us":null,"cut":false}"#;
        let turn: TurnTimeline = serde_json::from_str(line).unwrap();
        assert_eq!((turn.response(), turn.own_share()), (Some(Duration::from_micros(4)), None));
    }
}
