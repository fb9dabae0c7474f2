//! What a model is asked at the first turn of a call, without a call: for who tries a model, which must then refuse whatever it would refuse
//! in a call. Nothing of any caller or clinic is in it.

use super::specs::Specs;
use crate::agent::graph::{Graph, Variables};
use crate::agent::llm::{Message, Request};
use crate::clinic::operator::Operator;
use crate::language::Language;
use crate::privacy::Pii;

/// Stands for a clinic's name and its clock.
const CLINIC: &str = "the clinic";
const NOW: &str = "Monday, 2026-01-05, 09:00";

/// What the caller says.
const SAID: &str = "Hello, can you hear me? Please answer in one short sentence.";

/// As the agent that answers the telephone in this language asks, with all of its tools.
pub fn first_question(graph: &Graph, language: Language) -> Request {
    let agent = graph.entry(language);
    let variables = Variables { clinic: CLINIC, language, now: NOW, notice: "" };
    let said = |text: String| Pii::new(text);
    Request {
        messages: vec![
            Message::System(said(graph.prompt(&agent.prompt, &variables))),
            Message::Assistant { text: said(graph.greeting(agent, &variables)), calls: Vec::new() },
            Message::User(said(SAID.to_owned())),
        ],
        tools: Specs::default().of(agent, true),
        language,
        today: None,
        operator: Operator::There,
        temperature: agent.temperature,
        max_tokens: agent.max_tokens,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_with_everything_that_an_agent_is_asked_with() {
        let graph = Graph::built_in();
        for language in Language::ALL {
            let (asked, agent) = (first_question(&graph, language), graph.entry(language));
            assert_eq!((asked.temperature, asked.max_tokens), (agent.temperature, agent.max_tokens));
            assert!(asked.tools.len() >= agent.tools.len() && asked.temperature.is_some(), "{language}");
            let Message::System(prompt) = &asked.messages[0] else { panic!("the prompt comes first") };
            assert!(prompt.reveal().contains(CLINIC) && prompt.reveal().contains(NOW), "{language}");
        }
    }
}
