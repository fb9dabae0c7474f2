//! The threads that recognise, few and at low priority: media workers are never behind them. Finals go before partials, the oldest
//! first; a partial is only begun where a thread would otherwise rest, and one that nobody waits for any more is not begun. A
//! recognition that panics fails alone.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::engine::{Heard, LoadError};
use crate::language::Language;

/// Finals that may wait for each thread: at half a second each, the last would be 8 s late, and its call has long said so.
const FINALS: usize = 16;
/// Niceness of inference: below everything that moves audio.
const NICE: i32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    Final,
    Partial,
}

pub(super) type Recognition = oneshot::Receiver<Result<Heard, String>>;

#[derive(Debug)]
struct Job {
    audio: Vec<i16>,
    language: Language,
    done: oneshot::Sender<Result<Heard, String>>,
}

#[derive(Debug, Default)]
struct Waiting {
    finals: VecDeque<Job>,
    partials: VecDeque<Job>,
    /// Threads that have a job.
    working: usize,
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
    threads: usize,
}

impl Pool {
    /// Starts the threads on what `load` makes: the models, or what a test has instead. `load` runs at their priority, for threads
    /// that it starts inherit it.
    pub(super) fn start<R>(
        threads: usize,
        load: impl FnOnce() -> Result<R, LoadError> + Send + 'static,
    ) -> Result<Self, LoadError>
    where
        R: Fn(&[i16], Language) -> Result<Heard, String> + Send + Sync + 'static,
    {
        let queue = Arc::new(Queue::default());
        let jobs = queue.clone();
        let (loaded, loading) = std::sync::mpsc::sync_channel(1);
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        thread("whisper").spawn(move || {
            if rustix::process::nice(NICE).is_err() {
                tracing::warn!("the recogniser runs at normal priority: it may not be lowered here");
            }
            let started = load().and_then(|recognise| {
                let recognise = Arc::new(recognise);
                for _ in 1..threads {
                    let (jobs, recognise) = (jobs.clone(), recognise.clone());
                    thread("whisper").spawn(move || work(&jobs, recognise.as_ref()))?;
                }
                Ok(recognise)
            });
            match started {
                Ok(recognise) => {
                    if loaded.send(Ok(())).is_ok() {
                        work(&jobs, recognise.as_ref());
                    }
                }
                Err(error) => drop(loaded.send(Err(error))),
            }
        })?;
        let gone = || LoadError::Threads(std::io::Error::other("the thread ended while loading"));
        // Made first: dropped, it ends the threads that have started.
        let pool = Self { queue, threads };
        loading.recv().map_err(|_| gone())??;
        Ok(pool)
    }

    /// Queues a recognition. `None` if too many finals are waiting, or if a partial would have to wait.
    pub(super) fn submit(&self, urgency: Urgency, audio: Vec<i16>, language: Language) -> Option<Recognition> {
        let (done, result) = oneshot::channel();
        let job = Job { audio, language, done };
        let mut waiting = self.queue.waiting.lock();
        match urgency {
            Urgency::Final => {
                waiting.finals.retain(|job| !job.done.is_closed());
                if waiting.finals.len() >= FINALS * self.threads {
                    metrics::counter!("whisper_refused_total").increment(1);
                    return None;
                }
                waiting.finals.push_back(job);
            }
            Urgency::Partial => {
                let wanted = waiting.working + waiting.finals.len() + waiting.partials.len();
                if wanted >= self.threads {
                    metrics::counter!("whisper_partials_skipped_total").increment(1);
                    return None;
                }
                waiting.partials.push_back(job);
            }
        }
        drop(waiting);
        self.queue.changed.notify_one();
        Some(result)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.waiting.lock().closed = true;
        self.queue.changed.notify_all();
    }
}

fn work(queue: &Queue, recognise: &impl Fn(&[i16], Language) -> Result<Heard, String>) {
    let mut waiting = queue.waiting.lock();
    loop {
        let next = waiting.finals.pop_front().or_else(|| waiting.partials.pop_front());
        let Some(job) = next else {
            if waiting.closed {
                return;
            }
            queue.changed.wait(&mut waiting);
            continue;
        };
        if job.done.is_closed() {
            continue;
        }
        waiting.working += 1;
        drop(waiting);
        // The models keep nothing of one recognition for the next: a fault in one fails that one, and the thread goes on.
        let result = catch_unwind(AssertUnwindSafe(|| recognise(&job.audio, job.language))).unwrap_or_else(|_| {
            metrics::counter!("whisper_faults_total").increment(1);
            tracing::error!("a recognition panicked; its call opens another session, the other calls go on");
            Err("the recognition panicked".to_owned())
        });
        // The session may be gone by now; then nobody misses the words.
        job.done.send(result).ok();
        waiting = queue.waiting.lock();
        waiting.working -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    fn heard(text: String) -> Heard {
        Heard { text, log_probability: 0.0, no_speech: 0.0, repeated: 0.0 }
    }

    #[tokio::test]
    async fn finals_go_first_the_oldest_before_the_rest_and_a_partial_waits_for_nobody() {
        let (started, running) = sync_channel(1);
        let (release, held) = sync_channel::<()>(8);
        let held = Mutex::new(held);
        let order = Arc::new(Mutex::new(Vec::new()));
        let done = order.clone();
        let pool = Pool::start(1, move || {
            Ok(move |audio: &[i16], _| {
                started.send(()).ok();
                held.lock().recv().ok();
                done.lock().push(audio[0]);
                Ok(heard(String::new()))
            })
        })
        .unwrap();
        let submit = |urgency, id| pool.submit(urgency, vec![id], Language::English);
        let partial = submit(Urgency::Partial, 0).unwrap();
        running.recv().unwrap();
        assert!(submit(Urgency::Partial, 1).is_none());
        let finals = [submit(Urgency::Final, 2).unwrap(), submit(Urgency::Final, 3).unwrap()];
        drop(submit(Urgency::Final, 4));
        drop(running);
        for _ in 0..3 {
            release.send(()).unwrap();
        }
        partial.await.unwrap().unwrap();
        for job in finals {
            job.await.unwrap().unwrap();
        }
        assert_eq!(*order.lock(), [0, 2, 3]);
    }

    #[tokio::test]
    async fn two_threads_recognise_two_calls_at_once() {
        let both = Arc::new(std::sync::Barrier::new(2));
        let meet = both.clone();
        let pool = Pool::start(2, move || {
            Ok(move |_: &[i16], _| {
                meet.wait();
                Ok(heard("met".to_owned()))
            })
        })
        .unwrap();
        let submit = || pool.submit(Urgency::Final, vec![0], Language::English).unwrap();
        let (one, two) = (submit(), submit());
        assert_eq!(one.await.unwrap().unwrap().text, "met");
        assert_eq!(two.await.unwrap().unwrap().text, "met");
    }

    #[tokio::test]
    async fn a_recognition_that_panics_fails_alone_and_the_next_ones_are_served() {
        let pool = Pool::start(1, || {
            Ok(|audio: &[i16], _| {
                assert_ne!(audio[0], 13, "a fault in the model");
                Ok(heard("well".to_owned()))
            })
        })
        .unwrap();
        let submit = |urgency, id| pool.submit(urgency, vec![id], Language::English);
        let answer = |job: Recognition| tokio::time::timeout(std::time::Duration::from_secs(20), job);
        for urgency in [Urgency::Partial, Urgency::Final] {
            let job = submit(urgency, 13).expect("nothing else is waiting");
            let failed = answer(job).await.expect("in time").expect("the thread lives");
            assert!(failed.is_err_and(|what| what.contains("panicked")));
            let job = submit(Urgency::Final, 1).expect("nothing else is waiting");
            let well = answer(job).await.expect("in time").expect("the thread lives");
            assert_eq!(well.unwrap().text, "well");
        }
    }
}
