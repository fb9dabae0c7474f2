//! What a load run found: how many calls and turns, what went wrong, how long things took, and whether the run itself can be trusted.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::caller::{Fault, Tally};
use super::process::Usage;
use crate::softphone::report::percentile;
use crate::softphone::{Ended, Outcome};

/// A run whose own packets left later than this at p99 measures itself.
const OWN_LATENESS_US: u32 = 1_000;

/// A packet that comes over this late is counted.
const LATE_US: u32 = 5_000;

/// Fewer turns a minute are no telephone conversation.
const TURNS_PER_MINUTE: f64 = 6.0;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub calls: Calls,
    pub turns: u32,
    pub turns_per_minute_and_call: f64,
    pub interruptions: u32,
    pub answers_whole: u32,
    pub faults: BTreeMap<String, usize>,
    /// Milliseconds, as the callers measured them.
    pub response_ms: Spread,
    /// The response less the waits and delays that were named: the server's own share, the way there and back included.
    pub own_share_ms: Option<Spread>,
    /// From an answer's first words at the call to its first clause at the voice, by the server's records.
    pub token_to_voice_ms: Option<Spread>,
    pub greeting_ms: Spread,
    pub silenced_ms: Spread,
    /// The server's packets, against the earliest of each call.
    pub lateness_ms: Spread,
    pub late_packets: usize,
    pub packets_lost: u64,
    /// The callers' own packets.
    pub own_lateness_ms: Spread,
    pub server: Option<Server>,
    /// Why the figures above cannot be trusted; empty if they can.
    pub invalid: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Calls {
    pub asked: usize,
    pub answered: usize,
    pub refused: usize,
    /// Answered and without fault.
    pub good: usize,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Server {
    /// Of one core, per call.
    pub cpu_percent_per_call: f64,
    pub mib_per_call: f64,
}

/// How values are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    pub count: usize,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

impl Spread {
    /// Of microseconds, in milliseconds.
    pub fn of(mut us: Vec<u32>) -> Self {
        us.sort_unstable();
        let ms = |percent| percentile(&us, percent).map_or(0.0, |us: &u32| f64::from(*us) / 1_000.0);
        Self { count: us.len(), p50: ms(50), p90: ms(90), p95: ms(95), p99: ms(99), max: ms(100) }
    }
}

/// One call that was answered.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) outcome: Outcome,
    pub(super) tally: Tally,
}

/// What was measured beside the calls.
#[derive(Clone, Debug)]
pub(super) struct Around {
    pub(super) asked: usize,
    pub(super) refused: usize,
    /// Waits and delays that are not the server's own.
    pub(super) less: Option<Duration>,
    pub(super) server: Option<[Usage; 3]>,
    /// While all calls were up.
    pub(super) steady: Duration,
    /// Of the server's records, microseconds.
    pub(super) token_to_voice: Option<Vec<u32>>,
}

impl Report {
    pub(super) fn of(done: &[Done], around: Around) -> Self {
        let mut faults: BTreeMap<String, usize> = BTreeMap::new();
        let mut good = 0;
        for call in done {
            let dropped = (call.outcome.ended != Ended::HungUp).then_some(Fault::Dropped);
            good += usize::from(call.tally.faults.is_empty() && dropped.is_none());
            for fault in call.tally.faults.iter().copied().chain(dropped) {
                *faults.entry(name(fault)).or_default() += 1;
            }
        }
        let exchanges = || done.iter().flat_map(|call| call.outcome.measure.exchanges());
        let responses: Vec<u32> = exchanges().filter_map(|exchange| exchange.response().map(us)).collect();
        let own_share = around.less.map(|less| {
            let less = us(less);
            Spread::of(responses.iter().map(|response| response.saturating_sub(less)).collect())
        });
        let lateness: Vec<u32> = done.iter().flat_map(|call| call.outcome.arrivals.late_us()).collect();
        let talked: f64 = done.iter().map(|call| call.outcome.over.since(call.outcome.answered).as_secs_f64()).sum();
        let turns: u32 = done.iter().map(|call| call.tally.turns).sum();
        let mut report = Self {
            calls: Calls { asked: around.asked, answered: done.len(), refused: around.refused, good },
            turns,
            turns_per_minute_and_call: if talked > 0.0 { f64::from(turns) * 60.0 / talked } else { 0.0 },
            interruptions: done.iter().map(|call| call.tally.interruptions).sum(),
            answers_whole: done.iter().map(|call| call.tally.whole).sum(),
            faults,
            response_ms: Spread::of(responses),
            own_share_ms: own_share,
            token_to_voice_ms: around.token_to_voice.map(Spread::of),
            greeting_ms: Spread::of(
                done.iter()
                    .filter_map(|call| Some(us(call.outcome.measure.greeting()?.since(call.outcome.answered))))
                    .collect(),
            ),
            silenced_ms: Spread::of(exchanges().filter_map(|exchange| exchange.silenced().map(us)).collect()),
            late_packets: lateness.iter().filter(|late| **late > LATE_US).count(),
            lateness_ms: Spread::of(lateness),
            packets_lost: done.iter().map(|call| call.outcome.stats.lost).sum(),
            own_lateness_ms: Spread::of(
                done.iter().flat_map(|call| call.outcome.sent.late_us.iter().copied()).collect(),
            ),
            server: around.server.map(|usage| server(usage, around.steady, done.len())),
            invalid: Vec::new(),
        };
        report.judge();
        report
    }

    fn judge(&mut self) {
        let own = self.own_lateness_ms.p99;
        if own > f64::from(OWN_LATENESS_US) / 1_000.0 {
            self.invalid.push(format!(
                "the callers' own packets left {own:.2} ms late at p99: this machine is too busy to measure"
            ));
        }
        if self.turns > 0 && self.turns_per_minute_and_call < TURNS_PER_MINUTE {
            self.invalid.push(format!(
                "{:.1} turns a minute and call; a conversation has {TURNS_PER_MINUTE}: shorter clips or answers are needed",
                self.turns_per_minute_and_call
            ));
        }
        if self.calls.answered == 0 {
            self.invalid.push("no call was answered".into());
        }
    }

    /// No fault, no refusal, and to be trusted.
    pub fn good(&self) -> bool {
        self.calls.good == self.calls.asked && self.invalid.is_empty()
    }

    /// For a person.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let calls = self.calls;
        line(
            &mut out,
            &format!(
                "calls          {} asked, {} answered, {} refused, {} without fault",
                calls.asked, calls.answered, calls.refused, calls.good
            ),
        );
        line(
            &mut out,
            &format!(
                "turns          {} ({:.1} a minute and call), {} interruptions, {} answers whole",
                self.turns, self.turns_per_minute_and_call, self.interruptions, self.answers_whole
            ),
        );
        let faults: Vec<String> = self.faults.iter().map(|(name, count)| format!("{count} {name}")).collect();
        line(
            &mut out,
            &format!("faults         {}", if faults.is_empty() { "none".into() } else { faults.join(", ") }),
        );
        line(&mut out, "");
        line(&mut out, "ms                         p50      p90      p95      p99      max    count");
        row(&mut out, "response", &self.response_ms);
        if let Some(own) = &self.own_share_ms {
            row(&mut out, "own share of it", own);
        }
        if let Some(stage) = &self.token_to_voice_ms {
            row(&mut out, "first token to voice", stage);
        }
        row(&mut out, "greeting", &self.greeting_ms);
        row(&mut out, "interruption to silence", &self.silenced_ms);
        row(&mut out, "server's packets late", &self.lateness_ms);
        row(&mut out, "our packets late", &self.own_lateness_ms);
        line(&mut out, "");
        line(&mut out, &format!("packets        {} over 5 ms late, {} lost", self.late_packets, self.packets_lost));
        if let Some(server) = &self.server {
            line(
                &mut out,
                &format!(
                    "server         {:.3} % of a core and {:.2} MiB per call",
                    server.cpu_percent_per_call, server.mib_per_call
                ),
            );
        }
        for why in &self.invalid {
            line(&mut out, &format!("INVALID        {why}"));
        }
        out
    }
}

/// Before the calls, when all were up, and at the end of the run.
fn server([before, full, after]: [Usage; 3], steady: Duration, calls: usize) -> Server {
    let calls = calls.max(1) as f64;
    let grown = full.resident_kib.max(after.resident_kib).saturating_sub(before.resident_kib);
    Server {
        cpu_percent_per_call: (after.cpu_s - full.cpu_s) / steady.as_secs_f64().max(f64::EPSILON) * 100.0 / calls,
        mib_per_call: grown as f64 / 1_024.0 / calls,
    }
}

fn name(fault: Fault) -> String {
    let word = match fault {
        Fault::NoGreeting => "not greeted",
        Fault::Missing => "missing",
        Fault::Cut => "cut",
        Fault::Foreign => "foreign",
        Fault::Repeated => "repeated",
        Fault::TalkedOn => "talked on",
        Fault::Dropped => "dropped",
    };
    word.to_owned()
}

fn row(out: &mut String, what: &str, spread: &Spread) {
    let Spread { count, p50, p90, p95, p99, max } = spread;
    line(out, &format!("{what:<24}{p50:>8.1} {p90:>8.1} {p95:>8.1} {p99:>8.1} {max:>8.1} {count:>8}"));
}

fn line(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    writeln!(out, "{}", text.trim_end()).unwrap_or_default();
}

fn us(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_whose_own_packets_were_late_calls_itself_invalid() {
        let mut report = Report {
            calls: Calls { asked: 1, answered: 1, refused: 0, good: 1 },
            own_lateness_ms: Spread { p99: 1.2, ..Spread::default() },
            ..Report::default()
        };
        report.judge();
        assert!(!report.good());
        assert!(report.text().contains("INVALID"));
    }

    #[test]
    fn what_a_server_costs_is_counted_per_call_while_all_are_up() {
        let usage = |cpu_s, resident_kib| Usage { cpu_s, resident_kib };
        let cost = server([usage(1.0, 10_240), usage(5.0, 20_480), usage(65.0, 30_720)], Duration::from_secs(120), 100);
        assert!((cost.cpu_percent_per_call - 0.5).abs() < 1e-9);
        assert!((cost.mib_per_call - 0.2).abs() < 1e-9);
    }

    #[test]
    fn a_report_reads_as_a_table() {
        let spread = Spread::of((1..=100).map(|n| n * 1_000).collect());
        let report = Report {
            calls: Calls { asked: 100, answered: 100, refused: 0, good: 99 },
            turns: 1_400,
            turns_per_minute_and_call: 7.0,
            interruptions: 466,
            answers_whole: 933,
            faults: BTreeMap::from([("cut".to_owned(), 1)]),
            response_ms: spread,
            own_share_ms: Some(spread),
            token_to_voice_ms: Some(spread),
            server: Some(Server { cpu_percent_per_call: 0.41, mib_per_call: 0.5 }),
            ..Report::default()
        };
        insta::assert_snapshot!(report.text());
    }
}
