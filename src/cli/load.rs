//! `attendant load`: many callers at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::dialling::Ring;
use super::{Exit, Failure};
use crate::config::LogConfig;
use crate::descriptors;
use crate::load::{self, Plan, Progress, report::Report};
use crate::telemetry;

/// Ring a server with many callers at once, check every answer and measure what a caller can.
///
/// The server must run with scripted providers (`attendant serve --providers scripted`), or with those of `attendant sim providers`: their
/// answers say which call, turn and part they are, so that a missing, cut, repeated or foreign answer is a fault. Callers come over SIP or over media streams. Ends with 1 if there was a fault, or if the callers' own
/// packets left over 1 ms late at p99, which makes the run invalid.
#[derive(Debug, Args)]
pub(super) struct Load {
    #[command(flatten)]
    ring: Ring,
    /// Calls at once.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2_000))]
    calls: u16,
    /// Seconds over which the calls begin.
    #[arg(long, default_value_t = 5, value_name = "S", value_parser = clap::value_parser!(u64).range(0..=3_600))]
    ramp: u64,
    /// Seconds for which all calls are up.
    #[arg(long, default_value_t = 60, value_name = "S", value_parser = clap::value_parser!(u64).range(10..=86_400))]
    duration: u64,
    /// A WAV file to say; may be given several times. Default: short recordings of Debian's pocketsphinx-testdata.
    #[arg(long, value_name = "FILE")]
    say: Vec<PathBuf>,
    /// Milliseconds of the response that are not the server's own: the endpointing wait and the scripted delays. Given, the
    /// server's own share is printed as well.
    #[arg(long, value_name = "MS")]
    less: Option<u64>,
    /// The server's process on this machine: its processor time and memory are printed per call.
    #[arg(long, value_name = "PID")]
    server: Option<u32>,
    /// The server's folder of records on this machine, with this run's calls alone and `[store]` off: how long it took from an answer's first words
    /// to its first clause at the voice is printed as well.
    #[arg(long, value_name = "DIR")]
    records: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Load {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        telemetry::start(&LogConfig { filter: "warn".into(), ..LogConfig::default() });
        descriptors::raise();
        let plan = Plan {
            calls: usize::from(self.calls),
            ramp: Duration::from_secs(self.ramp),
            duration: Duration::from_secs(self.duration),
            less: self.less.map(Duration::from_millis),
            server: self.server,
            records: self.records,
            dialling: self.ring.dialling("load"),
            say: self.say,
        };
        let progress = Arc::new(Progress::default());
        let shown = progress.clone();
        let running = std::thread::Builder::new()
            .name("load".into())
            .spawn(move || load::run(&plan, &progress))
            .map_err(Failure::internal)?;
        show(&shown, self.calls, self.ramp + self.duration, || running.is_finished());
        let report = match running.join() {
            Ok(report) => report.map_err(failure)?,
            Err(_) => return Err(Failure::internal(anyhow::anyhow!("the load run had a fault"))),
        };
        print(&report, self.json)?;
        Ok(if report.good() { Exit::Done } else { Exit::Found })
    }
}

fn failure(failure: load::Failure) -> Failure {
    match failure {
        load::Failure::Clips(_)
        | load::Failure::Telephone(_)
        | load::Failure::Server(_)
        | load::Failure::Records(_) => Failure::usage(failure),
        load::Failure::Io(_) => Failure::unavailable(failure),
    }
}

/// Shows how far the run is until it is over.
fn show(progress: &Progress, calls: u16, seconds: u64, over: impl Fn() -> bool) {
    /// How often the bar is drawn anew.
    const REDRAW: Duration = Duration::from_millis(250);
    let bar = ProgressBar::new(seconds);
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {bar:40} {msg}") {
        bar.set_style(style);
    }
    while !over() {
        let [up, refused, ended] = [&progress.up, &progress.refused, &progress.over].map(|n| n.load(Ordering::Relaxed));
        bar.set_position(bar.elapsed().as_secs().min(seconds));
        bar.set_message(format!("{} of {calls} calls up, {refused} refused, {ended} over", up.saturating_sub(ended)));
        std::thread::park_timeout(REDRAW);
    }
    bar.finish_and_clear();
}

fn print(report: &Report, json: bool) -> Result<(), Failure> {
    if json {
        println!("{}", serde_json::to_string_pretty(report).map_err(Failure::internal)?);
    } else {
        print!("{}", report.text());
    }
    Ok(())
}
