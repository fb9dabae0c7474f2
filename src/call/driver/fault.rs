//! A fault in a call's own code: the caller hears an apology, then the call ends. No other call notices.

use std::panic::{AssertUnwindSafe, catch_unwind};

use attendant_media::leg::{Input, Leg, LegConfig, Output};
use attendant_media::speech::SpeechId;
use tokio::time::sleep_until;

use super::Driver;
use crate::call::event::Command;
use crate::call::timeline::EndReason;

/// An id that no machine uses: the last generation.
const LAST_WORDS: SpeechId = SpeechId { generation: u32::MAX, utterance: 0, attempt: 0 };

/// The apology and what the far side buffers are out by then: 8 s of slots.
const SLOTS_AT_MOST: u32 = 400;

impl Driver {
    pub(super) async fn fault(&mut self) -> EndReason {
        tracing::error!(call = %self.call, "a fault in this call's code; it ends with an apology");
        metrics::counter!("call_faults_total").increment(1);
        if let (Some(audio), Some(leg)) = (self.apology.clone(), self.leg.take()) {
            // The leg may be what failed: a new one says the last words. Its count of packets begins anew, so its stream must be another
            // one, or the far side takes them for packets of long ago.
            drop(leg);
            let config = LegConfig { ssrc: self.config.ssrc.wrapping_add(1), ..self.config.clone() };
            let mut leg = Leg::new(config, self.now());
            leg.handle(self.now(), Input::Audible(LAST_WORDS));
            let mut offset = 0;
            for _ in 0..SLOTS_AT_MOST {
                let spoke = catch_unwind(AssertUnwindSafe(|| self.last_words(&mut leg, &audio, &mut offset)));
                if !matches!(spoke, Ok(true)) {
                    break;
                }
                let due = self.epoch + std::time::Duration::from_micros(leg.poll_timeout().as_micros());
                sleep_until(due).await;
            }
        }
        if self.commands.try_send(Command::HangUp).is_err() {
            metrics::counter!("transport_commands_dropped_total").increment(1);
        }
        let now = self.now();
        // The machine may be what failed: without its counters the record still says how the call ended.
        if catch_unwind(AssertUnwindSafe(|| self.journal_end(now, EndReason::Fault))).is_err() {
            tracing::warn!(call = %self.call, "the call's record has no end");
        }
        EndReason::Fault
    }

    /// One slot of the apology; `false` when it has been said.
    fn last_words(&self, leg: &mut Leg, audio: &[i16], offset: &mut usize) -> bool {
        let now = self.now();
        let take = leg.room().min(audio.len() - *offset);
        leg.handle(now, Input::Speech { id: LAST_WORDS, audio: &audio[*offset..*offset + take] });
        *offset += take;
        if *offset == audio.len() {
            leg.handle(now, Input::SpeechEnd { id: LAST_WORDS });
        }
        leg.handle(now, Input::Timeout);
        let mut going_on = true;
        while let Some(output) = leg.poll_output() {
            match output {
                Output::Rtp { packet, .. } => self.path.send(packet),
                Output::Payload { payload, .. } => self.path.stream(payload),
                Output::Finished { .. } => going_on = false,
                Output::Rtcp { .. }
                | Output::Heard { .. }
                | Output::Said { .. }
                | Output::SpeechStart { .. }
                | Output::Speaking { .. }
                | Output::SpeechEnd { .. }
                | Output::Played { .. }
                | Output::Dry { .. }
                | Output::Dtmf { .. }
                | Output::FaxTone { .. } => {}
            }
        }
        going_on
    }
}
