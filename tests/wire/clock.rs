//! The clock turned by hand beside real sockets: seconds pass at once, or none at all. For tests on one thread.

use std::pin::pin;
use std::time::Duration;

/// Looks at what the sockets have, far more often than anything on this machine takes.
const LOOKS: usize = 200_000;

/// As if so long had passed: what is due comes to pass, one after the other, and nothing waits for it.
pub async fn turn_on(time: Duration) {
    const STEP: Duration = Duration::from_millis(10);
    tokio::time::pause();
    let mut passed = Duration::ZERO;
    while passed < time {
        tokio::time::advance(STEP).await;
        passed += STEP;
    }
    tokio::time::resume();
}

/// What comes of it while the clock stands: whatever waits for a time to pass has no part in it.
pub async fn at_once<T>(work: impl Future<Output = T>) -> T {
    tokio::time::pause();
    let mut work = pin!(work);
    // A clock that is paused would go on by itself as soon as everybody waits.
    let busy = async {
        for _ in 0..LOOKS {
            tokio::task::yield_now().await;
        }
    };
    let done = tokio::select! {
        biased;
        done = &mut work => Some(done),
        () = busy => None,
    };
    tokio::time::resume();
    done.expect("it needs no time")
}
