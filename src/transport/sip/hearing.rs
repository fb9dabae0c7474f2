//! Whether SIP is still heard: notices when the stack below has ended, which it does only by a fault.
//!
//! Its loop is a task that can be joined. The reader of a UDP socket is a task of its own that nobody can join: it is known by coming back
//! for the next datagram, which it does within microseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock;

/// How often readers are looked at; one that has not come back from one look to the next has ended.
const LOOK: Duration = Duration::from_secs(5);

/// A socket's reader. Counts its comings and goings: odd while it waits for a datagram.
#[derive(Debug, Default)]
pub(crate) struct Reader(AtomicU64);

impl Reader {
    /// The reader is there, until this is dropped.
    pub(crate) fn waits(&self) -> Waiting<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// See [`Reader::waits`].
pub(crate) struct Waiting<'a>(&'a Reader);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Cancels `deaf` when SIP is no longer heard, unless the sockets are being closed.
pub(crate) async fn watch<T>(
    served: JoinHandle<T>,
    readers: Vec<Arc<Reader>>,
    closing: CancellationToken,
    deaf: CancellationToken,
) {
    let why = tokio::select! {
        biased;
        () = closing.cancelled() => return,
        ended = served => if ended.is_err() { "the stack had a fault" } else { "the stack has ended" },
        () = gone(&readers) => "the reader of a UDP socket has ended",
    };
    tracing::error!(why, "SIP is not heard any more");
    deaf.cancel();
}

/// Returns once one of them has ended.
async fn gone(readers: &[Arc<Reader>]) {
    let counts = || readers.iter().map(|reader| reader.count()).collect::<Vec<_>>();
    let mut before = counts();
    loop {
        clock::elapse(LOOK).await;
        let now = counts();
        if now.iter().zip(&before).any(|(now, before)| now == before && now % 2 == 0) {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    fn watched<T: Send + 'static>(served: JoinHandle<T>, reader: &Arc<Reader>) -> [CancellationToken; 2] {
        let (closing, deaf) = (CancellationToken::new(), CancellationToken::new());
        tokio::spawn(watch(served, vec![reader.clone()], closing.clone(), deaf.clone()));
        [closing, deaf]
    }

    #[tokio::test(start_paused = true)]
    async fn a_stack_that_ends_or_has_a_fault_is_noticed_at_once() {
        let reader = Arc::default();
        for served in [tokio::spawn(async {}), tokio::spawn(async { panic!("planted") })] {
            let [_, deaf] = watched(served, &reader);
            tokio::time::timeout(Duration::from_secs(1), deaf.cancelled()).await.expect("it is noticed");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_does_not_come_back_is_noticed_and_one_that_waits_or_works_is_not() {
        let reader = Arc::<Reader>::default();
        let [_closing, deaf] = watched(tokio::spawn(std::future::pending::<()>()), &reader);
        let waiting = reader.waits();
        assert!(tokio::time::timeout(LONG, deaf.cancelled()).await.is_err(), "nothing comes, and it waits");
        drop(waiting);
        for _ in 0..100 {
            // Looked at just when it works on a datagram, again and again.
            tokio::time::advance(LOOK).await;
            tokio::task::yield_now().await;
            drop(reader.waits());
        }
        assert!(!deaf.is_cancelled());
        tokio::time::timeout(LOOK * 3, deaf.cancelled()).await.expect("it is noticed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stack_that_is_closed_is_not_lost() {
        let reader = Arc::default();
        let (closing, deaf) = (CancellationToken::new(), CancellationToken::new());
        let served = tokio::spawn(closing.clone().cancelled_owned());
        closing.cancel();
        watch(served, vec![reader], closing, deaf.clone()).await;
        assert!(!deaf.is_cancelled());
    }
}
