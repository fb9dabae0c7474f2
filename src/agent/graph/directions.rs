//! A second agent for what needs no judgement: where the clinic is, and when it is open. A cheaper model can think for it.
//!
//! It has facts and no patients, and hands everything else back to whoever answered first. It is there only where models are named for it.

use super::{AgentConfig, Graph};

const AGENT: &str = include_str!("../../../agents/directions.toml");
const PROMPT: &str = include_str!("../../../prompts/directions.md");

impl Graph {
    /// The same, with this agent in every language, for which these models think. Whoever answers first may hand over to it.
    #[must_use]
    pub fn with_directions(mut self, models: &[String]) -> Self {
        let agent: AgentConfig = toml::from_str(AGENT).expect("what comes with the program is checked by a test");
        for (language, crew) in &mut self.crews {
            let prompt = self.templates.add_prompt(*language, &agent.prompt, PROMPT);
            prompt
                .and_then(|()| self.templates.add_greeting(*language, &agent.name, &agent.greeting))
                .expect("what comes with the program is checked by a test");
            let own = AgentConfig { models: models.to_vec(), handoffs: vec![crew.entry.clone()], ..agent.clone() };
            if let Some(entry) = crew.agents.get_mut(&crew.entry) {
                entry.handoffs.push(own.name.clone());
            }
            crew.agents.insert(own.name.clone(), own);
        }
        self
    }
}
