//! Where a short wait for the disk is spent: on the thread that runs the tool, while another takes over what else it had to do.
//!
//! To give it to another thread and be woken again costs more than a line that only goes to the kernel's cache, and a booking has nine of them. A disk that
//! stands still must stop nobody else, so no more threads wait like this than there are files: whoever finds a file taken waits for it on a thread made for waiting.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinError, block_in_place, spawn_blocking};

/// Works on what is locked, one at a time. Once begun it goes on to its end, also if nobody waits for it any more.
pub(crate) async fn with<T: Send + 'static, R: Send + 'static>(
    locked: &Arc<Mutex<T>>,
    work: impl FnOnce(&mut T) -> R + Send + 'static,
) -> Result<R, JoinError> {
    if may_wait_here()
        && let Some(mut free) = locked.try_lock()
    {
        return Ok(block_in_place(|| work(&mut free)));
    }
    let locked = locked.clone();
    spawn_blocking(move || work(&mut locked.lock())).await
}

/// A runtime of one thread has no other to go on with.
fn may_wait_here() -> bool {
    Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Whoever works first does not end before it is told to.
    async fn one_after_the_other() -> Vec<&'static str> {
        let file = Arc::new(Mutex::new(Vec::new()));
        let (begun, is_begun) = tokio::sync::oneshot::channel();
        let (end, may_end) = mpsc::sync_channel::<()>(1);
        let first = tokio::spawn({
            let file = file.clone();
            async move {
                let work = move |lines: &mut Vec<&str>| {
                    begun.send(()).unwrap();
                    may_end.recv().unwrap();
                    lines.push("first");
                };
                with(&file, work).await.unwrap();
            }
        });
        is_begun.await.unwrap();
        let second = tokio::spawn({
            let file = file.clone();
            async move { with(&file, |lines| lines.push("second")).await.unwrap() }
        });
        tokio::spawn(async {}).await.expect("others go on while a file is taken");
        end.send(()).unwrap();
        first.await.unwrap();
        second.await.unwrap();
        Arc::into_inner(file).unwrap().into_inner()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_disk_that_stands_still_stops_nobody_but_those_who_want_the_same_file() {
        assert_eq!(one_after_the_other().await, ["first", "second"]);
    }

    #[tokio::test]
    async fn nor_on_one_thread() {
        assert_eq!(one_after_the_other().await, ["first", "second"]);
    }
}
