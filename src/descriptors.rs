//! How many files and sockets this process may hold open: a call holds two sockets for its media and one for each hosted provider.
//!
//! The soft limit that a login or a service starts with (1,024 on Debian) is for programs that still use `select`; the hard limit is what the
//! administrator allows. Never fails a start.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a call may hold: RTP and RTCP, a recogniser, a voice and a model, each with a spare while one is replaced.
const A_CALL: u64 = 8;

/// Listening sockets, telephones' TCP connections (256 at most), records; and the HTTP interface (1,024 at most).
const BESIDE: u64 = 512 + 1_024;

/// Kernels that set no hard limit allow no more than this (`fs.nr_open`).
const MOST: u64 = 1 << 20;

/// Raises the soft limit to the hard one. What may be open now.
pub fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(MOST);
    if current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            return wanted;
        }
    }
    current.unwrap_or(MOST)
}

/// What so many calls at once need.
pub const fn needed(calls: usize) -> u64 {
    calls as u64 * A_CALL + BESIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        let before = getrlimit(Resource::Nofile);
        let hard = before.maximum.unwrap_or(MOST);
        let low = Rlimit { current: Some(hard.min(256)), maximum: before.maximum };
        setrlimit(Resource::Nofile, low).unwrap();
        assert_eq!(raise(), hard);
        assert_eq!(getrlimit(Resource::Nofile).current, Some(hard));
        assert_eq!(raise(), hard, "a second time nothing is left to do");
    }

    #[test]
    fn debians_limit_is_not_enough_for_a_hundred_calls() {
        assert!(needed(100) > 1_024);
    }
}
