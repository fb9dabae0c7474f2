//! How many tokens a text may be, for requests of which the vendor does not say: cancelled ones, and servers that never do.
//!
//! Pure. Rather too many than too few, since it guards a budget: four Latin letters are a token, any other character is one.

use crate::agent::llm::{Message, Request};

/// Of plain Latin text, as vendors say themselves.
const LETTERS: u64 = 4;

/// Tokens that mark a message's role and end.
const OF_MESSAGE: u64 = 4;

/// Letters and others of a text that may come in pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Length {
    latin: u64,
    other: u64,
}

impl Length {
    #[must_use]
    pub fn and(mut self, text: &str) -> Self {
        for c in text.chars() {
            if c.is_ascii() {
                self.latin += 1;
            } else {
                self.other += 1;
            }
        }
        self
    }

    pub const fn tokens(self) -> u64 {
        self.latin.div_ceil(LETTERS) + self.other
    }
}

/// The tokens that a model is sent with a request.
pub fn prompt(request: &Request) -> u64 {
    let messages = request.messages.iter().map(|message| OF_MESSAGE + length(message).tokens());
    let tools = request.tools.iter().map(|tool| {
        let parameters = tool.parameters.to_string();
        OF_MESSAGE + Length::default().and(tool.name).and(tool.description).and(&parameters).tokens()
    });
    messages.chain(tools).sum()
}

fn length(message: &Message) -> Length {
    let none = Length::default();
    match message {
        Message::System(text) | Message::User(text) | Message::Tool { content: text, .. } => none.and(text.reveal()),
        Message::Assistant { text, calls } => calls
            .iter()
            .fold(none.and(text.reveal()), |length, call| length.and(&call.name).and(call.arguments.reveal())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_letters_are_a_token_and_a_chinese_character_is_one() {
        let tokens = |text: &str| Length::default().and(text).tokens();
        assert_eq!((tokens(""), tokens("a"), tokens("Are you open?"), tokens("你好吗")), (0, 1, 4, 3));
        let pieces = Length::default().and("Are ").and("you open?");
        assert_eq!(pieces.tokens(), tokens("Are you open?"), "pieces are not rounded up each");
    }
}
