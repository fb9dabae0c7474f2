//! Counts how long a caller waited for an answer (V3), once a turn, when its timeline is closed: never in the path of a frame. Seconds.

use crate::call::timeline::TurnTimeline;
use crate::language::Language;

/// A turn of a call in this language. One whose wait was covered by a filler is told apart: its answer also waits for the filler to end.
pub(super) fn count(turn: &TurnTimeline, language: Language) {
    let Some(response) = turn.response() else { return };
    let filler = if turn.filler_us.is_some() { "yes" } else { "no" };
    metrics::histogram!("attendant_response_seconds", "language" => language.tag(), "filler" => filler)
        .record(response);
    if let Some(own) = turn.own_share() {
        metrics::histogram!("attendant_response_own_seconds", "language" => language.tag(), "filler" => filler)
            .record(own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::recorder;

    fn counted(turn: &TurnTimeline, language: Language) -> String {
        let recorder = recorder();
        metrics::with_local_recorder(&recorder, || count(turn, language));
        recorder.handle().render()
    }

    #[test]
    fn an_answer_is_counted_by_language_with_its_own_share() {
        let turn = TurnTimeline {
            speech_end_us: Some(1_000_000),
            endpoint_due_us: Some(1_700_000),
            endpoint_us: Some(1_700_000),
            first_token_us: Some(3_500_000),
            first_audio_us: Some(3_980_000),
            first_packet_us: Some(4_000_000),
            ..TurnTimeline::default()
        };
        let text = counted(&turn, Language::French);
        for line in [
            "attendant_response_seconds_bucket{language=\"fr-CA\",filler=\"no\",le=\"2.5\"} 0",
            "attendant_response_seconds_bucket{language=\"fr-CA\",filler=\"no\",le=\"3\"} 1",
            "attendant_response_seconds_sum{language=\"fr-CA\",filler=\"no\"} 3",
            "attendant_response_own_seconds_bucket{language=\"fr-CA\",filler=\"no\",le=\"0.015\"} 0",
            "attendant_response_own_seconds_bucket{language=\"fr-CA\",filler=\"no\",le=\"0.02\"} 1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        let covered = counted(&TurnTimeline { filler_us: Some(2_900_000), ..turn }, Language::English);
        assert!(covered.contains("attendant_response_seconds_count{language=\"en-CA\",filler=\"yes\"} 1"), "{covered}");
    }

    #[test]
    fn a_greeting_is_no_answer() {
        let greeting = TurnTimeline { first_packet_us: Some(20_000), ..TurnTimeline::default() };
        assert_eq!(counted(&greeting, Language::English), "");
    }
}
