//! Which threads run first when there are fewer cores than work: media, then what somebody waits for, then inference.
//!
//! Raising a thread needs a privilege (`CAP_SYS_NICE`, or a limit on nice); without it every thread but media's is lowered, which is
//! always allowed and nearly as good. Nothing here may fail a start. Units: nice values, -20 first to 19 last.

use rustix::process::{nice, setpriority_process};

/// Above every ordinary program.
const MEDIA: i32 = -11;

/// The runtime of providers, agents and the API: a tenth of a contended core beside media threads.
const SHARED: i32 = 5;

/// Makes the calling thread one that sends and hears packets. Whether it was raised.
pub fn media() -> bool {
    // Linux counts the calling thread, not its process.
    setpriority_process(None, MEDIA).is_ok()
}

/// Makes the calling thread one that lets media threads go first.
pub fn shared() {
    if nice(SHARED).is_err() {
        tracing::debug!("a thread of the shared runtime could not be lowered");
    }
}

/// How many threads the shared runtime has: half the cores. Media has a thread on each, and the tasks here mostly wait; with more,
/// idle threads wake each other to look for work (8 % of the processor at 100 calls on two cores, measured 2026-11-21).
pub fn shared_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (cores / 2).max(1)
}

#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn a_shared_thread_is_lowered_and_its_process_is_not() {
        let before = getpriority_process(None).unwrap();
        let lowered = std::thread::spawn(|| {
            shared();
            getpriority_process(None).unwrap()
        });
        assert_eq!(lowered.join().unwrap(), (before + SHARED).min(19));
        assert_eq!(getpriority_process(None).unwrap(), before);
    }

    #[test]
    fn a_media_thread_is_raised_where_that_is_allowed() {
        let raised = std::thread::spawn(|| (media(), getpriority_process(None).unwrap()));
        let (raised, priority) = raised.join().unwrap();
        assert_eq!(raised, priority == MEDIA);
    }
}
