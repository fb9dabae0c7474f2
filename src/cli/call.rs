//! `attendant call`: a softphone with recorded speech.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use attendant_media::time::Time;
use clap::Args;
use tokio::time::Instant;

use super::dialling::Ring;
use super::{Exit, Failure};
use crate::config::LogConfig;
use crate::softphone::dial::Telephone;
use crate::softphone::report::Report;
use crate::softphone::{Keys, Script, Tape, Utterance, line};
use crate::telemetry;

/// Ring somebody and talk with recorded speech.
///
/// Waits until the other side has finished speaking, presses the next keys or says the next file, and hangs up after the answer to
/// the last. Prints the conversation with its times and a table of latencies. Ends with 1 if a question got no answer.
#[derive(Debug, Args)]
pub(super) struct Call {
    #[command(flatten)]
    ring: Ring,
    /// A WAV file to say; may be given several times.
    #[arg(long, value_name = "FILE", required_unless_present = "dtmf")]
    say: Vec<PathBuf>,
    /// Keys to press before the files are said, as telephone-events (RFC 4733): 0 to 9, *, #, A to D. After a comma the answer is
    /// heard out first: `1,2#`. Over SIP only.
    #[arg(long, value_name = "KEYS")]
    dtmf: Option<String>,
    /// Interrupt each answer after so many seconds, as long as there is something left to say.
    #[arg(long, value_name = "S")]
    barge_in_after: Option<f64>,
    /// Record the call: stereo, ourselves left, the other side right.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Number to call from.
    #[arg(long, default_value = "softphone", value_name = "NUMBER")]
    from: String,
    /// Seconds to wait for the other side to begin speaking.
    #[arg(long, default_value_t = 10.0, value_name = "S")]
    patience: f64,
    /// Hang up after so many seconds, whatever happens.
    #[arg(long, default_value_t = 300, value_name = "S")]
    limit: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Call {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        telemetry::start(&LogConfig { filter: "warn".into(), ..LogConfig::default() });
        let said =
            self.say.iter().map(|file| Utterance::read(file)).collect::<Result<Vec<_>, _>>().map_err(Failure::usage)?;
        let keys = self.dtmf.as_deref().map(Keys::groups).transpose().context("--dtmf").map_err(Failure::usage)?;
        let keys = keys.unwrap_or_default();
        let barge_in_after = self.barge_in_after.map(seconds).transpose()?;
        let patience = seconds(self.patience)?;
        let mut tape =
            self.record.as_deref().map(Tape::create).transpose().context("--record").map_err(Failure::usage)?;
        let dialling = self.ring.dialling(&self.from);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(Failure::internal)?;
        let (rang, codec, outcome, script) = runtime.block_on(async {
            let telephone = Telephone::for_target(&dialling).await.map_err(Failure::usage)?;
            let answered = telephone
                .dial(&dialling)
                .await
                .with_context(|| format!("{} was not reached", dialling.target))
                .map_err(Failure::unavailable)?;
            if !keys.is_empty() && answered.line.leg.dtmf.is_none() {
                return Err(Failure::unavailable(anyhow!(
                    "--dtmf: {} takes no telephone-events, so that keys cannot be sent to it",
                    dialling.target
                )));
            }
            let codec = answered.line.leg.outbound.codec;
            let epoch = Instant::now();
            let mut script = Script::new(said, barge_in_after, patience, Time::ZERO).with_keys(keys);
            let limit = Duration::from_secs(self.limit);
            let outcome = line::run(answered.line, &mut script, tape.as_mut(), epoch, limit)
                .await
                .context("the call's media failed")
                .map_err(Failure::unavailable)?;
            Ok((answered.rang, codec, outcome, script))
        })?;
        if let Some(tape) = tape {
            tape.finish().context("--record").map_err(Failure::unavailable)?;
        }
        let report = Report::of(&outcome, script.steps());
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report).map_err(Failure::internal)?);
        } else {
            println!("answered after {:.2} s, {codec:?}\n", rang.as_secs_f64());
            print!("{}", report.text());
        }
        Ok(if report.complete() { Exit::Done } else { Exit::Found })
    }
}

fn seconds(value: f64) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(value)
        .with_context(|| format!("{value} s is no time to wait; write for example 1.5"))
        .map_err(Failure::usage)
}
