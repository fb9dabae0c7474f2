//! The numbers of a call: `[call]` in the configuration. Each has its unit in its name, its reason beside it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[call]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallConfig {
    /// Calls taken at once; the next one is refused with 503, or passed to the clinic's own line.
    pub max_calls: usize,
    /// A call longer than this is ended with words (Vapi's default is 600 s; a clinic's callers need longer).
    pub max_duration_s: u64,
    /// Nobody speaks for this long: "Are you still there?" (V5).
    pub silence_prompt_s: u64,
    /// So many prompts go unanswered, then a polite end.
    pub silence_prompts: u32,
    /// No packet for this long, unless on hold: the call is over.
    pub media_timeout_s: u64,
    /// The answer is late: a filler is said (V4 allows 3 s of silence in all).
    pub filler_ms: u64,
    /// Wait after the caller's last voiced sample when the words end like a sentence, or nothing is known of them.
    pub endpoint_ms: u64,
    /// The same when what was asked for is complete: all ten digits, a yes.
    pub endpoint_complete_ms: u64,
    /// The same when it is plainly not complete: three digits of a telephone number, a sentence that ends in "and".
    pub endpoint_incomplete_ms: u64,
    /// How long a paused answer waits for words after the voice over it has stopped, before it goes on.
    pub barge_in_budget_ms: u64,
    /// Above this likelihood a voice over ours is our own echo.
    pub echo_threshold: f32,
    /// Callers are passed on to this number or SIP URI when nothing else helps. Also where refused calls go.
    pub transfer_to: Option<String>,
    /// Pass refused calls to `transfer_to` instead of answering 503.
    pub divert_when_full: bool,
}

impl Default for CallConfig {
    fn default() -> Self {
        Self {
            max_calls: 100,
            max_duration_s: 1_800,
            silence_prompt_s: 10,
            silence_prompts: 2,
            media_timeout_s: 20,
            filler_ms: 1_200,
            endpoint_ms: 700,
            endpoint_complete_ms: 350,
            endpoint_incomplete_ms: 1_600,
            barge_in_budget_ms: 1_200,
            echo_threshold: 0.5,
            transfer_to: None,
            divert_when_full: false,
        }
    }
}

impl CallConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut at_least = |key: &str, value: u64, least: u64| {
            if value < least {
                wrong.push(format!("call.{key}: {value} is too small; write {least} or more"));
            }
        };
        at_least("max_calls", self.max_calls as u64, 1);
        at_least("max_duration_s", self.max_duration_s, 10);
        at_least("silence_prompt_s", self.silence_prompt_s, 3);
        at_least("media_timeout_s", self.media_timeout_s, 5);
        at_least("endpoint_complete_ms", self.endpoint_complete_ms, 200);
        at_least("endpoint_ms", self.endpoint_ms, self.endpoint_complete_ms);
        at_least("endpoint_incomplete_ms", self.endpoint_incomplete_ms, self.endpoint_ms);
        if self.filler_ms > 2_000 {
            wrong.push(format!(
                "call.filler_ms: {} would leave over 3 s of silence; write 2000 or less",
                self.filler_ms
            ));
        }
        if !(0.0..=1.0).contains(&self.echo_threshold) {
            wrong.push(format!("call.echo_threshold: {} is no likelihood; write 0.0 to 1.0", self.echo_threshold));
        }
        if self.divert_when_full && self.transfer_to.is_none() {
            wrong.push("call.divert_when_full: there is nowhere to pass calls to; set call.transfer_to as well".into());
        }
        wrong
    }

    pub(crate) const fn max_duration(&self) -> Duration {
        Duration::from_secs(self.max_duration_s)
    }

    pub(crate) const fn silence_prompt(&self) -> Duration {
        Duration::from_secs(self.silence_prompt_s)
    }

    pub(crate) const fn media_timeout(&self) -> Duration {
        Duration::from_secs(self.media_timeout_s)
    }

    pub(crate) const fn filler(&self) -> Duration {
        Duration::from_millis(self.filler_ms)
    }
}

/// The deadlines of providers. Not configurable: the 3 s promise (V4) hangs on their sum.
pub mod deadline {
    use std::time::Duration;

    /// From ringing to answered or given up. A transport answers at once, and its own timers end an INVITE long before.
    pub const RINGING: Duration = Duration::from_secs(120);
    /// A recogniser's session must be ready; the caller's words wait in the replay ring meanwhile.
    pub const STT_READY: Duration = Duration::from_millis(3_000);
    /// Voice without a single partial: the recogniser has gone deaf.
    pub const STT_PARTIAL: Duration = Duration::from_millis(3_000);
    /// The last words after a flush.
    pub const STT_FLUSH: Duration = Duration::from_millis(2_500);
    /// First words of an answer, and from one event of the answer to the next.
    pub const AGENT_EVENT: Duration = Duration::from_millis(4_000);
    /// A running tool may take longer: fillers cover it.
    pub const TOOL: Duration = Duration::from_millis(20_000);
    /// First audio of a text given to a voice, and audio still missing once the text has been spoken so far.
    pub const TTS_AUDIO: Duration = Duration::from_millis(1_200);
    /// From one filler's end to the next.
    pub const NEXT_FILLER: Duration = Duration::from_millis(2_400);
    /// The transfer must be through, or the caller is told.
    pub const TRANSFER: Duration = Duration::from_millis(30_000);
    /// After the last sample left: what the far side's jitter buffer still holds is heard before BYE.
    pub const HANG_UP_TAIL: Duration = Duration::from_millis(300);
}
