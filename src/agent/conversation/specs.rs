//! The tools of an agent as a model is shown them. Their schemas are made from types, and every request has them: they are made once.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;

use crate::agent::graph::AgentConfig;
use crate::agent::llm::ToolSpec;
use crate::agent::tools::{self, ToolName};

/// Moves the conversation to another agent; its arguments name one of those allowed.
pub(super) const HAND_OFF: &str = "hand_off";

/// What agents were asked with so far: as many as there are agents.
#[derive(Debug, Default)]
pub(super) struct Specs(Mutex<HashMap<Usable, Arc<[ToolSpec]>>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Usable {
    tools: Vec<ToolName>,
    handoffs: Vec<String>,
}

impl Specs {
    /// `with_book`: also those that need one.
    pub(super) fn of(&self, agent: &AgentConfig, with_book: bool) -> Arc<[ToolSpec]> {
        let tools = agent.tools.iter().copied().filter(|tool| with_book || !tool.needs_book()).collect();
        let usable = Usable { tools, handoffs: agent.handoffs.clone() };
        self.0.lock().entry(usable).or_insert_with_key(made).clone()
    }
}

fn made(usable: &Usable) -> Arc<[ToolSpec]> {
    let mut specs: Vec<ToolSpec> = usable.tools.iter().map(|tool| tool.spec()).collect();
    if !usable.handoffs.is_empty() {
        specs.push(ToolSpec {
            name: HAND_OFF,
            description: "Let another agent go on. Silent: say nothing about it.",
            parameters: tools::object(json!({ "to": { "type": "string", "enum": usable.handoffs } }), &["to"]),
        });
    }
    specs.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::graph::Graph;
    use crate::language::Language;

    #[test]
    fn they_are_made_once_and_those_that_need_a_book_are_shown_only_with_one() {
        let graph = Graph::built_in();
        let agent = graph.entry(Language::English);
        let specs = Specs::default();
        let [with, without] = [true, false].map(|with_book| specs.of(agent, with_book));
        assert!(Arc::ptr_eq(&with, &specs.of(agent, true)) && Arc::ptr_eq(&without, &specs.of(agent, false)));
        let named = |all: &[ToolSpec]| all.iter().map(|spec| spec.name).collect::<Vec<_>>();
        let needing = agent.tools.iter().filter(|tool| tool.needs_book()).map(|tool| tool.name());
        let needing: Vec<_> = needing.collect();
        assert!(needing.iter().all(|name| named(&with).contains(name) && !named(&without).contains(name)));
        let mut leading = agent.clone();
        leading.handoffs = vec!["another".to_owned()];
        assert_eq!(named(&specs.of(&leading, true)).last(), Some(&HAND_OFF));
    }
}
