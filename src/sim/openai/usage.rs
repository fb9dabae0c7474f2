//! What a simulated model says that an answer took: tokens sent, those of them that a cache had, tokens answered.
//!
//! Its cache is OpenAI's by the book: a beginning of at least 1,024 tokens that an earlier request had too, in steps of 128 (their page on
//! prompt caching, as read on 2026-11-22).

use serde_json::{Value, json};

use crate::sim::prompt::{LEAST, Prompts, tokens};

const STEP: u64 = 128;

/// Shared by all requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache(Prompts);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    prompt: u64,
    cached: u64,
}

impl Cache {
    /// What this request sends; `parts` is everything that a vendor counts, in order: the tools, then each message.
    pub(super) fn ask(&self, parts: impl Iterator<Item = String>) -> Usage {
        let parts = self.0.ask(parts);
        let known = parts.iter().rev().find(|so| so.is_known).map_or(0, |so| so.far);
        let cached = if known < LEAST { 0 } else { known / STEP * STEP };
        Usage { prompt: parts.last().map_or(0, |so| so.far), cached }
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
