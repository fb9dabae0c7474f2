//! A conversation in turns, for models whose chat template refuses any other: one system message at the beginning, then caller and model, one
//! after the other, the caller last. A model of that kind (Mistral's, Qwen's from 3.5 on) says so by refusing, from behind vLLM, llama.cpp
//! or Ollama: "System message must be at the beginning", "roles must alternate".
//!
//! Nothing is left out: notes of the system are said in the caller's place, marked as such.

use crate::agent::llm::Message;
use crate::agent::llm::hosted::notes::{BEGINS, SILENCE, of_the_system};

pub(super) fn in_turns(messages: &[Message]) -> Vec<Message> {
    let (prompt, rest) = match messages.split_first() {
        Some((Message::System(prompt), rest)) => (Some(Message::System(prompt.clone())), rest),
        Some(_) | None => (None, messages),
    };
    let mut turns: Vec<Message> = prompt.into_iter().collect();
    let begin = turns.len();
    for message in rest {
        let is_begun = turns.len() > begin;
        match message {
            Message::System(note) => said(&mut turns, &of_the_system(note.reveal())),
            Message::User(text) => said(&mut turns, text.reveal()),
            Message::Tool { .. } => turns.push(message.clone()),
            Message::Assistant { text, calls } => match turns.last_mut() {
                Some(Message::Assistant { text: before, calls: none }) if none.is_empty() => {
                    *before = joined(before.reveal(), text.reveal());
                    none.clone_from(calls);
                }
                Some(_) | None => {
                    if !is_begun {
                        said(&mut turns, BEGINS);
                    }
                    turns.push(message.clone());
                }
            },
        }
    }
    match turns.last() {
        Some(Message::User(_) | Message::Tool { .. }) => {}
        Some(Message::Assistant { .. }) => said(&mut turns, SILENCE),
        Some(Message::System(_)) | None => said(&mut turns, BEGINS),
    }
    turns
}

fn said(turns: &mut Vec<Message>, text: &str) {
    match turns.last_mut() {
        Some(Message::User(before)) => *before = joined(before.reveal(), text),
        Some(_) | None => turns.push(Message::User(text.to_owned().into())),
    }
}

fn joined(before: &str, text: &str) -> crate::privacy::Pii<String> {
    format!("{before}\n{text}").trim().to_owned().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::agent::llm::ToolCall;

    fn user(text: &str) -> Message {
        Message::User(text.to_owned().into())
    }

    fn system(text: &str) -> Message {
        Message::System(text.to_owned().into())
    }

    fn assistant(text: &str, calls: &[&str]) -> Message {
        let call = |id: &&str| ToolCall { id: (*id).into(), name: "one".into(), arguments: "{}".to_owned().into() };
        Message::Assistant { text: text.to_owned().into(), calls: calls.iter().map(call).collect() }
    }

    #[test]
    fn a_greeting_notes_and_an_answer_that_broke_off_become_turns() {
        let tool = || Message::Tool { id: "1".into(), content: "9-5".to_owned().into() };
        let messages = [
            system("You are."),
            assistant("Good morning.", &[]),
            user("Hours?"),
            assistant("", &["1"]),
            tool(),
            system("The transfer failed."),
            assistant("We are open", &[]),
            system("Go on."),
        ];
        let wanted = [
            system("You are."),
            user("[The call begins.]"),
            assistant("Good morning.", &[]),
            user("Hours?"),
            assistant("", &["1"]),
            tool(),
            user("[A note of the system, which the caller did not say: The transfer failed.]"),
            assistant("We are open", &[]),
            user("[A note of the system, which the caller did not say: Go on.]"),
        ];
        assert_eq!(in_turns(&messages), wanted);
        assert_eq!(in_turns(&wanted), wanted);
        assert_eq!(in_turns(&[]), [user("[The call begins.]")]);
        let twice = [user("One"), user("two"), assistant("Three", &[]), assistant("four", &["1"]), tool()];
        assert_eq!(in_turns(&twice), [user("One\ntwo"), assistant("Three\nfour", &["1"]), tool()]);
    }

    proptest! {
        #[test]
        fn nobody_speaks_twice_in_a_row_and_no_word_is_lost(kinds in prop::collection::vec(0..3_u8, 0..12)) {
            let messages: Vec<Message> = kinds.iter().enumerate().map(|(n, kind)| match kind {
                0 => system(&format!("word{n}.")),
                1 => user(&format!("word{n}.")),
                _ => assistant(&format!("word{n}."), &[]),
            }).collect();
            let turns = in_turns(&messages);
            let is_caller = |message: &Message| matches!(message, Message::User(_));
            let after_prompt = &turns[usize::from(matches!(turns.first(), Some(Message::System(_))))..];
            prop_assert!(after_prompt.first().is_some_and(is_caller) && after_prompt.last().is_some_and(is_caller));
            prop_assert!(after_prompt.windows(2).all(|two| is_caller(&two[0]) != is_caller(&two[1])));
            let all = format!("{:?}", turns.iter().map(|message| match message {
                Message::System(text) | Message::User(text) | Message::Assistant { text, .. } => text.reveal().clone(),
                Message::Tool { .. } => String::new(),
            }).collect::<Vec<_>>());
            for n in 0..kinds.len() {
                let word = format!("word{n}.");
                prop_assert_eq!(all.matches(&word).count(), 1);
            }
        }
    }
}
