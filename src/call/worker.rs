//! Media workers: one thread a core, each with its own single-threaded runtime. A worker owns the sockets, legs and machines of its
//! calls and never waits for a provider.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::driver::{self, Start};

/// Calls handed over and not yet begun, a worker: a burst of arrivals.
const WAITING: usize = 64;

#[derive(Debug)]
pub(super) struct Workers {
    workers: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    calls: mpsc::Sender<Start>,
    active: Arc<AtomicUsize>,
}

impl Workers {
    pub(super) fn start(count: usize) -> io::Result<Self> {
        let workers = (0..count.max(1)).map(Worker::start).collect::<io::Result<_>>()?;
        Ok(Self { workers })
    }

    /// One worker on this task's own [`LocalSet`]: its calls pass in the test's virtual time.
    #[cfg(test)]
    pub(super) fn here() -> Self {
        let (calls, queue) = mpsc::channel::<Start>(WAITING);
        let active = Arc::new(AtomicUsize::new(0));
        tokio::task::spawn_local(work(queue, active.clone()));
        Self { workers: vec![Worker { calls, active }] }
    }

    /// Calls that are going on or waiting to begin.
    #[cfg(test)]
    pub(super) fn active(&self) -> usize {
        self.workers.iter().map(|worker| worker.active.load(Ordering::Relaxed)).sum()
    }

    /// Gives the call to the worker with the fewest. `Err` gives it back: the queue is full, or the worker is gone.
    #[expect(clippy::result_large_err, reason = "the call is given back to be refused, once in a blue moon")]
    pub(super) fn place(&self, call: Start) -> Result<(), Start> {
        let Some(worker) = self.workers.iter().min_by_key(|worker| worker.active.load(Ordering::Relaxed)) else {
            return Err(call);
        };
        worker.active.fetch_add(1, Ordering::Relaxed);
        worker.calls.try_send(call).map_err(|error| {
            worker.active.fetch_sub(1, Ordering::Relaxed);
            error.into_inner()
        })
    }
}

/// Begins calls as they come; on a [`LocalSet`].
async fn work(mut queue: mpsc::Receiver<Start>, counted: Arc<AtomicUsize>) {
    let epoch = Instant::now();
    while let Some(call) = queue.recv().await {
        let active = Active(counted.clone());
        tokio::task::spawn_local(async move {
            driver::run(call, epoch).await;
            drop(active);
        });
    }
}

/// Counts a call until it is over, also by a fault.
struct Active(Arc<AtomicUsize>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Worker {
    fn start(number: usize) -> io::Result<Self> {
        let (calls, queue) = mpsc::channel::<Start>(WAITING);
        let active = Arc::new(AtomicUsize::new(0));
        let counted = active.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name(format!("media-{number}")).spawn(move || {
            if !crate::priority::media() {
                tracing::debug!("media threads run at ordinary priority; CAP_SYS_NICE raises them");
            }
            let local = LocalSet::new();
            local.block_on(&runtime, work(queue, counted));
        })?;
        Ok(Self { calls, active })
    }
}
