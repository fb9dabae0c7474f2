//! What simulated models count of a prompt, and which beginnings of prompts they were sent before.
//!
//! Tokens are counted as attendant estimates them, four Latin letters or one other character; a real vendor counts otherwise. The oldest
//! beginnings are forgotten.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::costs::estimate::Length;

/// Beginnings that are remembered: 100 calls of some ten turns, each message another.
const REMEMBERED: usize = 8_192;

/// Tokens that mark a message's role and end.
const OF_MESSAGE: u64 = 4;

/// Tokens below which nothing is found in a cache.
pub(super) const LEAST: u64 = 1_024;

/// Shared by all requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Prompts(Arc<Mutex<VecDeque<u64>>>);

/// Where a prompt stands after one of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct So {
    /// Tokens so far.
    pub(super) far: u64,
    /// Whether a prompt that began so was sent before.
    pub(super) is_known: bool,
}

impl Prompts {
    /// After each of the parts that a vendor counts, in the order in which a cache compares them.
    pub(super) fn ask(&self, parts: impl Iterator<Item = String>) -> Vec<So> {
        let mut known = self.0.lock();
        let (mut beginning, mut far) = (DefaultHasher::new(), 0);
        let so = parts.map(|part| {
            part.hash(&mut beginning);
            far += OF_MESSAGE + tokens(&part);
            let so_far = beginning.finish();
            let is_known = known.contains(&so_far);
            if !is_known {
                if known.len() == REMEMBERED {
                    known.pop_front();
                }
                known.push_back(so_far);
            }
            So { far, is_known }
        });
        so.collect()
    }
}

pub(super) fn tokens(text: &str) -> u64 {
    Length::default().and(text).tokens()
}
