//! What a simulated Claude says that an answer took. Its cache is Anthropic's by the book: the beginning up to the last mark
//! (`cache_control`), if it has at least 1,024 tokens, is read where an earlier request marked the same, and else written (their page on prompt
//! caching, as read on 2026-11-22; other models want 512 to 4,096 tokens).

use serde_json::{Value, json};

use crate::sim::prompt::{LEAST, Prompts, tokens};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Neither read nor written.
    fresh: u64,
    written: u64,
    read: u64,
}

impl Usage {
    /// In the order in which the cache compares: tools, system, turns.
    pub(super) fn of(request: &Value, prompts: &Prompts) -> Self {
        let turns = request["messages"].as_array().into_iter().flatten().map(|turn| &turn["content"]);
        let all: Vec<&Value> =
            [&request["tools"], &request["system"]].into_iter().chain(turns).flat_map(blocks).collect();
        let marked = all.iter().rposition(|block| !block["cache_control"].is_null());
        let so = prompts.ask(all.iter().map(|block| block.to_string()));
        let whole = so.last().map_or(0, |so| so.far);
        let marked = marked.map(|at| so[at]).filter(|so| so.far >= LEAST);
        match marked {
            Some(so) if so.is_known => Self { fresh: whole - so.far, written: 0, read: so.far },
            Some(so) => Self { fresh: whole - so.far, written: so.far, read: 0 },
            None => Self { fresh: whole, written: 0, read: 0 },
        }
    }

    pub(super) fn answered(self, text: &str) -> Value {
        let Self { fresh, written, read } = self;
        json!({"input_tokens": fresh, "cache_creation_input_tokens": written, "cache_read_input_tokens": read,
            "output_tokens": 1 + tokens(text)})
    }
}

/// A text alone is one block.
fn blocks(content: &Value) -> Vec<&Value> {
    match content {
        Value::Null => Vec::new(),
        Value::Array(blocks) => blocks.iter().collect(),
        text => vec![text],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_marked_is_written_once_and_read_after_that_and_a_short_prompt_never() {
        let prompts = Prompts::default();
        let ask = |prompt: &str, said: &str| {
            let system = json!([{"type": "text", "text": prompt, "cache_control": {"type": "ephemeral"}},
                {"type": "text", "text": "It is noon."}]);
            Usage::of(&json!({"system": system, "messages": [{"role": "user", "content": said}]}), &prompts)
        };
        let long = "x".repeat(4 * 1_100);
        let (first, second) = (ask(&long, "Are you open?"), ask(&long, "Until when?"));
        assert!(first.written > 1_100 && first.read == 0 && first.fresh > 0, "{first:?}");
        assert_eq!((second.written, second.read), (0, first.written));
        for _ in 0..2 {
            let short = ask("be kind", "Are you open?");
            assert_eq!((short.written, short.read), (0, 0));
        }
    }
}
