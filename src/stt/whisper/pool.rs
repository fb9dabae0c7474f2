//! The one thread that recognises, at low priority: media workers are never behind it. Finals go before partials; a partial that
//! nobody waits for any more is not begun.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::engine::{Engine, LoadError};
use crate::language::Language;

/// Finals that may wait: at half a second each, the last would be 8 s late, and its call has long said so.
const FINALS: usize = 16;
/// Partials that may wait.
const PARTIALS: usize = 4;
/// Niceness of inference: below everything that moves audio.
const NICE: i32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    Final,
    Partial,
}

#[derive(Debug)]
struct Job {
    audio: Vec<i16>,
    language: Language,
    done: oneshot::Sender<Result<String, String>>,
}

#[derive(Debug, Default)]
struct Waiting {
    finals: VecDeque<Job>,
    partials: VecDeque<Job>,
    /// A job is on the thread.
    running: bool,
    closed: bool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug)]
pub(super) struct Pool {
    queue: Arc<Queue>,
}

impl Pool {
    pub(super) fn start(threads: usize) -> Result<Self, LoadError> {
        Self::of(move || {
            let engine = Engine::load(threads)?;
            Ok(move |audio: &[i16], language| engine.recognise(audio, language))
        })
    }

    /// Runs what `load` makes: the models, or what a test has instead.
    pub(super) fn of<R>(load: impl FnOnce() -> Result<R, LoadError> + Send + 'static) -> Result<Self, LoadError>
    where
        R: FnMut(&[i16], Language) -> Result<String, String>,
    {
        let queue = Arc::new(Queue::default());
        let jobs = queue.clone();
        let (loaded, loading) = std::sync::mpsc::sync_channel(1);
        std::thread::Builder::new().name("whisper".to_owned()).spawn(move || {
            if rustix::process::nice(NICE).is_err() {
                tracing::warn!("the recogniser runs at normal priority: it may not be lowered here");
            }
            // The model is loaded here, so that its own threads inherit the priority.
            match load() {
                Ok(recognise) => {
                    if loaded.send(Ok(())).is_ok() {
                        work(&jobs, recognise);
                    }
                }
                Err(error) => drop(loaded.send(Err(error))),
            }
        })?;
        let gone = || LoadError::Threads(std::io::Error::other("the thread ended while loading"));
        loading.recv().map_err(|_| gone())??;
        Ok(Self { queue })
    }

    /// Queues a recognition. `None` if too many are waiting.
    pub(super) fn submit(
        &self,
        urgency: Urgency,
        audio: Vec<i16>,
        language: Language,
    ) -> Option<oneshot::Receiver<Result<String, String>>> {
        let (done, result) = oneshot::channel();
        let mut waiting = self.queue.waiting.lock();
        let (line, most) = match urgency {
            Urgency::Final => (&mut waiting.finals, FINALS),
            Urgency::Partial => (&mut waiting.partials, PARTIALS),
        };
        line.retain(|job| !job.done.is_closed());
        if line.len() >= most {
            metrics::counter!("whisper_refused_total").increment(1);
            return None;
        }
        line.push_back(Job { audio, language, done });
        drop(waiting);
        self.queue.changed.notify_one();
        Some(result)
    }

    /// Whether a partial would be begun at once.
    pub(super) fn is_idle(&self) -> bool {
        let waiting = self.queue.waiting.lock();
        !waiting.running && waiting.finals.is_empty() && waiting.partials.is_empty()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.waiting.lock().closed = true;
        self.queue.changed.notify_one();
    }
}

fn work(queue: &Queue, mut recognise: impl FnMut(&[i16], Language) -> Result<String, String>) {
    loop {
        let mut waiting = queue.waiting.lock();
        waiting.running = false;
        let job = loop {
            if let Some(job) = waiting.finals.pop_front() {
                break job;
            }
            if let Some(job) = waiting.partials.pop_front() {
                break job;
            }
            if waiting.closed {
                return;
            }
            queue.changed.wait(&mut waiting);
        };
        waiting.running = true;
        drop(waiting);
        if !job.done.is_closed() {
            let result = recognise(&job.audio, job.language);
            // The session may be gone by now; then nobody misses the words.
            job.done.send(result).ok();
        }
    }
}
