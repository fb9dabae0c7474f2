//! Running it: signalling on one runtime, media on a few threads with many calls each, results gathered at the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use attendant_media::time::Time;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::caller::Caller;
use super::clips::clips;
use super::process::Usage;
use super::report::{Around, Done, Report};
use super::stages::token_to_voice;
use crate::sim::code::call_of;
use crate::softphone::dial::{Dialling, Telephone};
use crate::softphone::{Line, Utterance, line};

/// Calls a media thread can keep on time.
const CALLS_PER_THREAD: usize = 50;

/// A caller finishes the turn it is in; then the call is ended for it.
const LAST_TURN: Duration = Duration::from_secs(30);

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub calls: usize,
    /// Calls begin over this time, evenly but not in step.
    pub ramp: Duration,
    /// From then on all are up for this time.
    pub duration: Duration,
    /// Files to say; none for the defaults.
    pub say: Vec<PathBuf>,
    /// Waits and delays that are not the server's own, taken off the response.
    pub less: Option<Duration>,
    /// The server's process, if it runs on this machine.
    pub server: Option<u32>,
    /// Its folder of records, with this run's calls alone, if it is on this machine.
    pub records: Option<PathBuf>,
    pub dialling: Dialling,
}

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Clips(#[from] crate::softphone::NotSpeech),
    #[error("no telephone on this machine: {0}")]
    Telephone(String),
    #[error("the server's records cannot be read: {0}; name its folder of records, or none")]
    Records(std::io::Error),
    #[error("the server's process cannot be read: {0}; name a running one, or none")]
    Server(std::io::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// How far a run is.
#[derive(Debug, Default)]
pub struct Progress {
    pub up: AtomicUsize,
    pub refused: AtomicUsize,
    pub over: AtomicUsize,
}

struct Job {
    line: Line,
    call: u16,
    until: Instant,
}

/// Runs the plan to its end and sums up. `progress` is kept up to date meanwhile.
pub fn run(plan: &Plan, progress: &Arc<Progress>) -> Result<Report, Failure> {
    let clips = clips(&plan.say)?;
    let usage = || plan.server.map(Usage::of).transpose().map_err(Failure::Server);
    let before = usage()?;
    let epoch = Instant::now();
    let (results, mut done) = mpsc::channel(plan.calls.max(1));
    let threads = plan.calls.div_ceil(CALLS_PER_THREAD).max(1);
    let media: Vec<mpsc::Sender<Job>> = (0..threads)
        .map(|n| {
            media_thread(
                n,
                epoch,
                plan.ramp + plan.duration + LAST_TURN,
                clips.clone(),
                results.clone(),
                progress.clone(),
            )
        })
        .collect::<Result<_, _>>()?;
    drop(results);

    let signalling = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    signalling.block_on(async {
        let telephone = Arc::new(
            Telephone::for_target(&plan.dialling).await.map_err(|error| Failure::Telephone(error.to_string()))?,
        );
        let begin = Instant::now();
        let until = begin + plan.ramp + plan.duration;
        // People do not ring in step; calls a multiple of 20 ms apart would all send in the same moment.
        let mut chance = SmallRng::seed_from_u64(plan.calls as u64);
        for n in 0..plan.calls {
            let at = begin + plan.ramp.mul_f64((n as f64 + chance.random::<f64>()) / plan.calls as f64);
            let dialling = Dialling { from: format!("load-{:04}", n + 1), ..plan.dialling.clone() };
            let (telephone, media, progress) = (telephone.clone(), media[n % threads].clone(), progress.clone());
            tokio::spawn(async move {
                tokio::time::sleep_until(at).await;
                let call = call_of(&dialling.from);
                match telephone.dial(&dialling).await {
                    Ok(answered) => {
                        progress.up.fetch_add(1, Ordering::Relaxed);
                        let job = Job { line: answered.line, call, until };
                        if media.send(job).await.is_err() {
                            tracing::error!("a media thread is gone: its calls are lost");
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a call was not answered");
                        progress.refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        drop(media);
        tokio::time::sleep_until(begin + plan.ramp).await;
        let full = usage()?;
        tokio::time::sleep_until(until).await;
        let after = usage()?;
        let mut calls = Vec::new();
        while let Some(call) = done.recv().await {
            calls.push(call);
        }
        // Each call has ended, and what it wrote of its turns stands before its end.
        let token_to_voice = plan.records.as_deref().map(token_to_voice).transpose().map_err(Failure::Records)?;
        let around = Around {
            asked: plan.calls,
            refused: progress.refused.load(Ordering::Relaxed),
            less: plan.less,
            server: before.zip(full).zip(after).map(|((before, full), after)| [before, full, after]),
            steady: plan.duration,
            token_to_voice,
        };
        Ok(Report::of(&calls, around))
    })
}

/// A thread for media alone: it does nothing that could make a packet late but send and hear packets.
fn media_thread(
    number: usize,
    epoch: Instant,
    limit: Duration,
    clips: Vec<Utterance>,
    results: mpsc::Sender<Done>,
    progress: Arc<Progress>,
) -> Result<mpsc::Sender<Job>, Failure> {
    let (jobs, mut queue) = mpsc::channel::<Job>(CALLS_PER_THREAD);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(format!("callers-{number}")).spawn(move || {
        crate::priority::media();
        let local = LocalSet::new();
        local.spawn_local(async move {
            while let Some(job) = queue.recv().await {
                let (clips, results, progress) = (clips.clone(), results.clone(), progress.clone());
                tokio::task::spawn_local(async move {
                    let now = Time::from_micros(epoch.elapsed().as_micros() as u64);
                    let until = Time::from_micros(job.until.duration_since(epoch).as_micros() as u64);
                    let mut caller = Caller::new(job.call, clips, now, until);
                    let outcome = line::run(job.line, &mut caller, None, epoch, limit).await;
                    progress.over.fetch_add(1, Ordering::Relaxed);
                    match outcome {
                        Ok(outcome) => {
                            if results.send(Done { outcome, tally: caller.into_tally() }).await.is_err() {
                                tracing::error!("the run is over, a call's result is lost");
                            }
                        }
                        Err(error) => tracing::error!(%error, "a caller's socket failed"),
                    }
                });
            }
        });
        runtime.block_on(local);
    })?;
    Ok(jobs)
}
