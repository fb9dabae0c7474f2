//! What a simulated model says that an answer took: tokens sent, those of them that a cache had, tokens answered.
//!
//! Tokens are counted as attendant estimates them, four Latin letters or one other character; a real vendor counts otherwise. Its cache is
//! OpenAI's by the book: a beginning of at least 1,024 tokens that an earlier request had too, in steps of 128 (their page on prompt
//! caching, as read on 2026-11-22). It forgets the oldest.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::costs::estimate::Length;

/// Tokens below which nothing is found in the cache, and in what steps above.
const LEAST: u64 = 1_024;
const STEP: u64 = 128;

/// Beginnings that are remembered: 100 calls of some ten turns, each message another.
const REMEMBERED: usize = 8_192;

/// Tokens that mark a message's role and end.
const OF_MESSAGE: u64 = 4;

/// Shared by all requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache(Arc<Mutex<VecDeque<u64>>>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    prompt: u64,
    cached: u64,
}

impl Cache {
    /// What this request sends; `parts` is everything that a vendor counts, in order: the tools, then each message.
    pub(super) fn ask(&self, parts: impl Iterator<Item = String>) -> Usage {
        let mut known = self.0.lock();
        let (mut beginning, mut usage) = (DefaultHasher::new(), Usage::default());
        for part in parts {
            part.hash(&mut beginning);
            usage.prompt += OF_MESSAGE + tokens(&part);
            let so_far = beginning.finish();
            if known.contains(&so_far) {
                usage.cached = usage.prompt;
            } else {
                if known.len() == REMEMBERED {
                    known.pop_front();
                }
                known.push_back(so_far);
            }
        }
        usage.cached = if usage.cached < LEAST { 0 } else { usage.cached / STEP * STEP };
        usage
    }
}

impl Usage {
    pub(super) fn answered(self, text: &str) -> Value {
        let Self { prompt, cached } = self;
        let answer = tokens(text);
        json!({
            "prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer,
            "prompt_tokens_details": {"cached_tokens": cached},
        })
    }
}

fn tokens(text: &str) -> u64 {
    Length::default().and(text).tokens()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_that_was_sent_before_is_in_the_cache_and_a_short_one_never() {
        let cache = Cache::default();
        let system = "x".repeat(4 * 1_100);
        let ask = |rest: &[&str]| {
            let usage = cache.ask(std::iter::once(system.clone()).chain(rest.iter().map(|text| (*text).to_owned())));
            (usage.prompt, usage.cached)
        };
        assert_eq!(ask(&["Are you open?"]), (1_104 + 8, 0));
        assert_eq!(ask(&["Are you open?", "Yes.", "Until when?"]).1, 1_024, "in steps of 128");
        let short = Cache::default();
        let twice = [1, 2].map(|_| short.ask(std::iter::once("Hello.".to_owned())).cached);
        assert_eq!(twice, [0, 0]);
    }
}
