//! What a caller says of a call: the conversation with its times, and the latencies. Times count from the answer.

use std::fmt::Write;
use std::time::Duration;

use attendant_media::time::Time;
use serde::Serialize;

use super::{Ended, Outcome, Step};

/// A call, summed up.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub ended: &'static str,
    pub duration_ms: u64,
    /// From the answer to the first sound.
    pub greeting_ms: Option<u64>,
    pub conversation: Vec<Spoken>,
    pub exchanges: Vec<Latency>,
    pub packets: Packets,
}

/// One stretch of speech of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spoken {
    pub at_ms: u64,
    pub who: &'static str,
    /// The agent's: how long.
    pub lasted_ms: Option<u64>,
    /// The caller's: what, by the name of its file. The agent's: its words, if they were transcribed.
    pub what: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Latency {
    pub said: String,
    /// From our last packet with voice to the first of the answer.
    pub response_ms: Option<u64>,
    /// Of an interruption: from our first packet with voice to their last.
    pub silenced_ms: Option<u64>,
    pub interrupted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Packets {
    pub sent: usize,
    pub received: u64,
    pub lost: u64,
    /// How late our own packets left.
    pub sent_late_p99_us: u32,
    pub jitter_us: u64,
}

impl Report {
    pub fn of(outcome: &Outcome, steps: &[Step]) -> Self {
        let at = |time: Time| ms(time.since(outcome.answered));
        let conversation: Vec<Spoken> = steps
            .iter()
            .map(|step| match step {
                Step::Heard { began, last } => {
                    let lasted_ms = Some(ms(last.since(*began)) + 20);
                    Spoken { at_ms: at(*began), who: "agent", lasted_ms, what: None }
                }
                Step::Said { at: time, name } => {
                    Spoken { at_ms: at(*time), who: "caller", lasted_ms: None, what: Some(name.clone()) }
                }
                Step::NoAnswer { at: time } => {
                    Spoken { at_ms: at(*time), who: "", lasted_ms: None, what: Some("(nobody spoke)".to_owned()) }
                }
            })
            .collect();
        let mut sorted = conversation;
        sorted.sort_by_key(|spoken| spoken.at_ms);
        let names = steps.iter().filter_map(|step| match step {
            Step::Said { name, .. } => Some(name.clone()),
            Step::Heard { .. } | Step::NoAnswer { .. } => None,
        });
        let exchanges = outcome
            .measure
            .exchanges()
            .iter()
            .zip(names)
            .map(|(exchange, said)| Latency {
                said,
                response_ms: exchange.response().map(ms),
                silenced_ms: exchange.silenced().map(ms),
                interrupted: exchange.interrupted,
            })
            .collect();
        let mut late = outcome.sent.late_us.clone();
        late.sort_unstable();
        Self {
            ended: match outcome.ended {
                Ended::HungUp => "we hung up",
                Ended::FarSide => "the other side hung up",
                Ended::TimedOut => "the call took too long",
            },
            duration_ms: at(outcome.over),
            greeting_ms: outcome.measure.greeting().map(at),
            conversation: sorted,
            exchanges,
            packets: Packets {
                sent: late.len(),
                received: outcome.stats.received,
                lost: outcome.stats.lost,
                sent_late_p99_us: percentile(&late, 99).copied().unwrap_or_default(),
                jitter_us: outcome.stats.jitter_us,
            },
        }
    }

    /// Every utterance was answered.
    pub fn complete(&self) -> bool {
        self.greeting_ms.is_some() && self.exchanges.iter().all(|exchange| exchange.response_ms.is_some())
    }

    /// For a person.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for spoken in &self.conversation {
            let what = match (&spoken.what, spoken.lasted_ms) {
                (Some(words), Some(ms)) => format!("{words}  ({})", seconds(ms)),
                (Some(words), None) => words.clone(),
                (None, Some(ms)) => format!("speaks for {}", seconds(ms)),
                (None, None) => String::new(),
            };
            line(&mut out, &format!("{}  {:<6}  {what}", clock(spoken.at_ms), spoken.who));
        }
        line(&mut out, &format!("{}  {}", clock(self.duration_ms), self.ended));
        line(&mut out, "");
        line(&mut out, "latency                               ms");
        latency(&mut out, "answer to greeting", self.greeting_ms);
        for exchange in &self.exchanges {
            if exchange.interrupted {
                latency(&mut out, &format!("onset of `{}` to silence", exchange.said), exchange.silenced_ms);
            }
            latency(&mut out, &format!("end of `{}` to answer", exchange.said), exchange.response_ms);
        }
        line(&mut out, "");
        let packets = &self.packets;
        line(
            &mut out,
            &format!(
                "packets  {} sent (late p99 {:.2} ms), {} received, {} lost, jitter {:.1} ms",
                packets.sent,
                f64::from(packets.sent_late_p99_us) / 1_000.0,
                packets.received,
                packets.lost,
                packets.jitter_us as f64 / 1_000.0
            ),
        );
        out
    }
}

/// The value that this percentage of the sorted values does not exceed.
pub fn percentile<T>(sorted: &[T], percent: usize) -> Option<&T> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1).min(last))
}

fn line(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    writeln!(out, "{}", text.trim_end()).unwrap_or_default();
}

fn latency(out: &mut String, what: &str, ms: Option<u64>) {
    let figure = ms.map_or_else(|| "none".to_owned(), |ms| ms.to_string());
    line(out, &format!("  {what:<30}{figure:>8}"));
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1_000, ms / 100 % 10)
}

fn clock(ms: u64) -> String {
    format!("{:>2}:{:02}.{}", ms / 60_000, ms / 1_000 % 60, ms / 100 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let values: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&values, 50), Some(&50));
        assert_eq!(percentile(&values, 99), Some(&99));
        assert_eq!(percentile(&values, 100), Some(&100));
        assert_eq!(percentile(&[7], 99), Some(&7));
        assert_eq!(percentile::<u32>(&[], 50), None);
    }

    #[test]
    fn a_report_reads_as_a_conversation() {
        let spoken =
            |at_ms, who, lasted_ms, what: Option<&str>| Spoken { at_ms, who, lasted_ms, what: what.map(str::to_owned) };
        let report = Report {
            ended: "we hung up",
            duration_ms: 15_320,
            greeting_ms: Some(310),
            conversation: vec![
                spoken(310, "agent", Some(4_100), None),
                spoken(5_100, "caller", None, Some("hours")),
                spoken(8_000, "agent", Some(3_200), None),
                spoken(9_000, "caller", None, Some("parking")),
            ],
            exchanges: vec![
                Latency { said: "hours".into(), response_ms: Some(840), silenced_ms: None, interrupted: false },
                Latency { said: "parking".into(), response_ms: None, silenced_ms: Some(96), interrupted: true },
            ],
            packets: Packets { sent: 766, received: 760, lost: 1, sent_late_p99_us: 113, jitter_us: 240 },
        };
        assert!(!report.complete());
        insta::assert_snapshot!(report.text());
    }
}
