//! One call for a person to read: the transcript, and under each turn the stages it went through, drawn to scale.

use std::fmt::Write;

use console::style;

use super::costs;
use super::list::ended;
use crate::agent::Who;
use crate::call::timeline::{BargeIn, Counters, Entry, Recovery, TurnTimeline};
use crate::records::Past;

/// Columns left of the bars.
const LABEL: usize = 18;
/// Columns right of the bars.
const FIGURE: usize = 10;

pub(super) fn call(past: &Past, width: usize) -> String {
    let mut page = Page { out: String::new(), width };
    page.line(style(&past.call).bold().to_string());
    for entry in &past.entries {
        page.entry(entry);
    }
    if let Some(recording) = &past.recording {
        page.line(format!("recording  {}", recording.display()));
    }
    for what in &past.closed {
        page.line(format!("not shown  {what}"));
    }
    page.out
}

struct Page {
    out: String,
    width: usize,
}

impl Page {
    fn line(&mut self, text: impl AsRef<str>) {
        // Writing to a String cannot fail.
        writeln!(self.out, "{}", text.as_ref().trim_end()).unwrap_or_default();
    }

    fn event(&mut self, at_us: u64, text: &str) {
        self.line(format!("{} {}", time(at_us), style(text).dim()));
    }

    fn entry(&mut self, entry: &Entry) {
        match entry {
            Entry::Rang { at, transport, caller, dialled, language, .. } => {
                let via = format!("{transport:?}").to_lowercase();
                self.line(format!("{at}  {via}  {} -> {dialled}  {language}", caller.reveal()));
            }
            Entry::Planned { cheaper, arms } => {
                if *cheaper {
                    self.line(style("cheaper providers: the day's budget was spent").dim().to_string());
                }
                for (experiment, arm) in arms {
                    self.line(style(format!("experiment {experiment}: {arm}")).dim().to_string());
                }
            }
            Entry::Notice { version } => self.line(style(format!("notice {version}")).dim().to_string()),
            Entry::Answered { at_us } => self.event(*at_us, "answered"),
            Entry::Line { at_us, who, text, cut, .. } => {
                let who = match who {
                    Who::Caller => style("caller").cyan(),
                    Who::Agent => style("agent ").green(),
                    Who::System => style("note  ").dim(),
                };
                let cut = if *cut { style(" [cut]").yellow().to_string() } else { String::new() };
                self.line(format!("{} {who}  {}{cut}", time(*at_us), text.reveal()));
            }
            Entry::Estimated { at_us, .. } => self.event(*at_us, "where that was cut is estimated"),
            Entry::Turn(turn) => self.turn(turn),
            Entry::BargeIn { at_us, onset_us, outcome } => {
                let word = match outcome {
                    BargeIn::Confirmed => "interrupted",
                    BargeIn::Resumed => "went on after a sound",
                    BargeIn::Echo => "own echo, went on",
                };
                let after = at_us.saturating_sub(*onset_us) / 1_000;
                self.event(*at_us, &format!("{word}, decided {after} ms after the onset"));
            }
            Entry::Recovered { at_us, what, detail } => {
                let word = match what {
                    Recovery::SttReopened => "recogniser opened again",
                    Recovery::AgentAskedAgain => "agent asked again",
                    Recovery::NextModel => "next model",
                    Recovery::Hedged => "second model asked",
                    Recovery::NextVoice => "next voice",
                    Recovery::Apologised => "apologised",
                };
                self.event(*at_us, &format!("{word}: {detail}"));
            }
            Entry::Key { at_us } => self.event(*at_us, "key pressed"),
            Entry::Hold { at_us } => self.event(*at_us, "on hold"),
            Entry::Unhold { at_us } => self.event(*at_us, "off hold"),
            Entry::Concluded { outcome, intent, language } => {
                let (outcome, intent) = (outcome.words(), intent.words());
                self.line(
                    style(format!("  came to: {outcome}; the caller wanted {intent}, in {language} at the end"))
                        .dim()
                        .to_string(),
                );
            }
            Entry::Costs { bill, .. } => self.line(costs::table(bill)),
            Entry::Ended { at_us, reason, counters } => {
                let text = format!(
                    "ended: {}; {} turns, {} barge-ins, {} packets lost, {} late and {} dry slots",
                    ended(*reason),
                    counters.turns,
                    counters.barge_ins,
                    counters.packets_lost,
                    counters.late_slots,
                    counters.dry_slots
                );
                self.event(*at_us, &text);
                if let Some(text) = reported(counters) {
                    self.event(*at_us, &text);
                }
            }
        }
    }

    fn turn(&mut self, turn: &TurnTimeline) {
        let stages = stages(turn);
        // A greeting has no question before it: one stage, nothing to draw.
        let [(_, first), .., (_, last)] = stages[..] else { return };
        let total = (last - first).max(1);
        self.line(style(format!("{:LABEL$}{} ms", format!("  turn {}", turn.turn), total / 1_000)).bold().to_string());
        let room = self.width.saturating_sub(LABEL + FIGURE).max(20) as u64;
        let column = |at: u64| ((at - first) * room / total) as usize;
        for pair in stages.windows(2) {
            let ((_, from), (name, to)) = (pair[0], pair[1]);
            let bar = "█".repeat((column(to) - column(from)).max(1));
            let indent = column(from).min(room as usize - 1);
            let figure = format!("{} ms", (to - from) / 1_000);
            self.line(format!("    {name:<14}{:indent$}{} {}", "", style(bar).cyan(), style(figure).dim()));
        }
    }
}

/// The stages that happened, in the order in which they did, the caller's last voiced sample first.
fn stages(turn: &TurnTimeline) -> Vec<(&'static str, u64)> {
    let mut stages: Vec<(&'static str, u64)> = [
        ("drafting", turn.drafted_us),
        ("speech end", turn.speech_end_us),
        ("endpoint", turn.endpoint_us),
        ("last words", turn.stt_final_us),
        ("first token", turn.first_token_us),
        ("to the voice", turn.first_tts_us),
        ("first audio", turn.first_audio_us),
        ("first packet", turn.first_packet_us),
    ]
    .into_iter()
    .filter_map(|(name, at)| at.map(|at| (name, at)))
    // What was drafted while the caller still spoke cost nobody time.
    .filter(|(_, at)| turn.speech_end_us.is_none_or(|end| *at >= end))
    .collect();
    stages.sort_by_key(|(_, at)| *at);
    stages
}

/// How the line was, by both sides' reports and what had to be done about it; `None` if there is nothing of either.
fn reported(counters: &Counters) -> Option<String> {
    let mut text = format!("line: jitter {:.1} ms here", counters.jitter_us as f64 / 1_000.0);
    let before = text.len();
    if let Some(jitter) = counters.remote_jitter_us {
        text.push_str(&format!(", {:.1} ms there", jitter as f64 / 1_000.0));
    }
    if let Some(lost) = counters.remote_lost {
        text.push_str(&format!("; {lost} of our packets lost there"));
    }
    if let Some(rtt) = counters.rtt_us {
        text.push_str(&format!("; {:.1} ms there and back", rtt as f64 / 1_000.0));
    }
    match counters.drift_us {
        0 => {}
        fast @ 1.. => text.push_str(&format!("; {} ms left out", fast / 1_000)),
        slow => text.push_str(&format!("; {} ms heard twice", -slow / 1_000)),
    }
    if counters.drift_us != 0 {
        text.push_str(&format!(" to keep pace ({:+} ppm)", counters.drift_ppm));
    }
    if counters.packets_foreign > 0 {
        text.push_str(&format!("; {} packets of strangers", counters.packets_foreign));
    }
    (text.len() > before).then_some(text)
}

fn time(at_us: u64) -> String {
    let ms = at_us / 1_000;
    format!("{:>2}:{:02}.{}", ms / 60_000, ms / 1_000 % 60, ms / 100 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::Pii;

    #[test]
    fn the_line_is_told_of_as_far_as_the_other_side_reported() {
        let counters = Counters { jitter_us: 2_340, ..Counters::default() };
        assert_eq!(reported(&counters), None);
        let counters =
            Counters { rtt_us: Some(41_960), remote_lost: Some(12), remote_jitter_us: Some(5_100), ..counters };
        let text = "line: jitter 2.3 ms here, 5.1 ms there; 12 of our packets lost there; 42.0 ms there and back";
        assert_eq!(reported(&counters).as_deref(), Some(text));
        let counters = Counters { drift_us: 40_000, drift_ppm: 133, packets_foreign: 7, ..Counters::default() };
        let text = "line: jitter 0.0 ms here; 40 ms left out to keep pace (+133 ppm); 7 packets of strangers";
        assert_eq!(reported(&counters).as_deref(), Some(text));
    }

    #[test]
    fn a_turn_is_drawn_to_scale() {
        let turn = TurnTimeline {
            turn: 2,
            speech_end_us: Some(1_000_000),
            endpoint_us: Some(1_700_000),
            stt_final_us: Some(1_600_000),
            first_token_us: Some(1_710_000),
            first_tts_us: Some(1_711_000),
            first_audio_us: Some(1_980_000),
            first_packet_us: Some(2_000_000),
            ..TurnTimeline::default()
        };
        let words =
            |who, text: &str, at_us| Entry::Line { at_us, who, text: Pii::new(text.into()), cut: false, turn: 2 };
        let past = Past {
            call: "01a2".into(),
            entries: vec![
                words(Who::Caller, "Are you open on Sunday?", 900_000),
                words(Who::Agent, "We are closed on Sundays.", 2_000_000),
                Entry::Turn(turn),
            ],
            recording: None,
            closed: Vec::new(),
        };
        insta::assert_snapshot!(console::strip_ansi_codes(&call(&past, 70)));
    }
}
