//! What a model is shown of a call: its prompt, what was said as it was heard, and what tools returned, in order.
//!
//! Pure. Tool results keep the place they had: after the lines that were there when they were asked for. Consecutive words of
//! the caller become one message; words cut off end in a dash.

use serde_json::Value;

use super::llm::{Message, ToolCall};
use super::tools::ToolName;
use super::{Line, Who};
use crate::privacy::Pii;

/// Tools run together for one answer, with their results.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    pub turn: u32,
    /// How many lines there were when the tools were asked for.
    pub after: usize,
    /// What the model said before it asked.
    pub text: Pii<String>,
    pub calls: Vec<ToolCall>,
    /// JSON, one for each call, in their order.
    pub results: Vec<Pii<String>>,
}

impl Round {
    /// Each tool, if it is one of ours, and what it returned.
    pub(super) fn results(&self) -> impl Iterator<Item = (Option<ToolName>, Value)> {
        self.calls.iter().zip(&self.results).map(|(call, result)| {
            (ToolName::named(&call.name), serde_json::from_str(result.reveal()).unwrap_or_default())
        })
    }
}

/// The messages for one request. `turn` is the turn being answered: what was said in earlier ones stands in `said`.
pub fn messages(prompt: String, said: &[Line], rounds: &[Round], turn: u32) -> Vec<Message> {
    let mut messages = vec![Message::System(Pii::new(prompt))];
    let mut rounds = rounds.iter().peekable();
    for (at, line) in said.iter().enumerate() {
        while let Some(round) = rounds.next_if(|r| r.after <= at) {
            push_round(&mut messages, round, turn);
        }
        push_line(&mut messages, line);
    }
    for round in rounds {
        push_round(&mut messages, round, turn);
    }
    messages
}

fn push_line(messages: &mut Vec<Message>, line: &Line) {
    let text = line.text.reveal().trim();
    if text.is_empty() {
        return;
    }
    match (line.who, messages.last_mut()) {
        (Who::Caller, Some(Message::User(before))) => {
            *before = Pii::new(format!("{} {text}", before.reveal()));
        }
        (Who::Caller, _) => messages.push(Message::User(Pii::new(text.to_owned()))),
        (Who::Agent, _) => {
            let heard = if line.cut { format!("{text} \u{2014}") } else { text.to_owned() };
            messages.push(Message::Assistant { text: Pii::new(heard), calls: Vec::new() });
        }
        (Who::System, _) => messages.push(Message::System(Pii::new(text.to_owned()))),
    }
}

fn push_round(messages: &mut Vec<Message>, round: &Round, turn: u32) {
    let text = if round.turn == turn { round.text.clone() } else { Pii::default() };
    messages.push(Message::Assistant { text, calls: round.calls.clone() });
    for (call, result) in round.calls.iter().zip(&round.results) {
        messages.push(Message::Tool { id: call.id.clone(), content: result.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(who: Who, text: &str, cut: bool) -> Line {
        Line { who, text: Pii::new(text.to_owned()), cut }
    }

    fn round(turn: u32, after: usize) -> Round {
        Round {
            turn,
            after,
            text: Pii::new("Let me see.".to_owned()),
            calls: vec![ToolCall {
                id: format!("c{turn}"),
                name: "clinic_info".into(),
                arguments: Pii::new("{}".into()),
            }],
            results: vec![Pii::new("{\"ok\":true}".to_owned())],
        }
    }

    fn shape(messages: &[Message]) -> Vec<String> {
        messages
            .iter()
            .map(|m| match m {
                Message::System(t) => format!("system {}", t.reveal()),
                Message::User(t) => format!("user {}", t.reveal()),
                Message::Assistant { text, calls } => format!("agent {} +{}", text.reveal(), calls.len()),
                Message::Tool { id, .. } => format!("tool {id}"),
            })
            .collect()
    }

    #[test]
    fn results_stay_where_they_were_asked_for_even_if_their_answer_was_never_heard() {
        let said = [
            line(Who::Agent, "Hello.", false),
            line(Who::Caller, "when are you", false),
            line(Who::Caller, "open", false),
            line(Who::Agent, "We are open from", true),
            line(Who::Caller, "stop", false),
        ];
        let messages = messages("prompt".into(), &said, &[round(1, 3), round(2, 5)], 2);
        assert_eq!(
            shape(&messages),
            [
                "system prompt",
                "agent Hello. +0",
                "user when are you open",
                "agent  +1",
                "tool c1",
                "agent We are open from \u{2014} +0",
                "user stop",
                "agent Let me see. +1",
                "tool c2",
            ]
        );
    }
}
