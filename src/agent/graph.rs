//! Which agents there are in each language: their prompts, greetings, tools and the hand-offs they may make.
//!
//! Read from `agents/<language>/*.toml` and `prompts/<language>/*.md`, built in or from folders, and checked whole at start: every
//! hand-off has its agent, every tool exists, every prompt renders. Nothing here talks to a model.

mod built_in;
mod directions;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::tools::ToolName;
use crate::language::Language;

pub use template::Variables;

/// An agent's file, as written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    pub name: String,
    /// Answers when the telephone rings; one in each language.
    #[serde(default)]
    pub entry: bool,
    /// File in `prompts/<language>/`.
    pub prompt: String,
    /// Said first, without asking the model. May use the prompt's variables.
    pub greeting: String,
    pub tools: Vec<ToolName>,
    /// Models that think for this agent, in the order in which they are asked; by default those that think in its language.
    #[serde(default)]
    pub models: Vec<String>,
    /// Agents of this language that may take over.
    #[serde(default)]
    pub handoffs: Vec<String>,
    /// 0 to 2.
    pub temperature: Option<f32>,
    pub max_tokens: Option<u32>,
}

impl AgentConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.name.is_empty() || !self.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            wrong.push(format!("name: `{}` cannot name an agent; write letters, digits and underscores", self.name));
        }
        if self.greeting.trim().is_empty() {
            wrong.push("greeting: empty; write what the caller hears first".into());
        }
        if let Some(t) = self.temperature.filter(|t| !(0.0..=2.0).contains(t)) {
            wrong.push(format!("temperature: {t} is out of range; write 0.0 to 2.0"));
        }
        if let Some(n) = self.max_tokens.filter(|n| *n < 400) {
            wrong.push(format!("max_tokens: {n} may cut a tool call in the middle; write 400 or more"));
        }
        if !self.tools.contains(&ToolName::TransferToPerson) {
            wrong.push("tools: no transfer_to_person; every agent can pass the caller to a person, so add it".into());
        }
        wrong
    }
}

/// Files that cannot be used: each line names the file, the key and the mend.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct GraphError(pub Vec<String>);

/// The agents of one language.
#[derive(Debug)]
struct Crew {
    agents: BTreeMap<String, AgentConfig>,
    entry: String,
}

/// All agents, checked.
#[derive(Debug)]
pub struct Graph {
    crews: BTreeMap<Language, Crew>,
    templates: template::Templates,
}

/// One file of the graph: where it came from, and its text.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub language: Language,
    /// File name alone, as prompts are named by.
    pub file: String,
    /// For errors.
    pub path: String,
    pub text: String,
}

impl Graph {
    /// The agents that come with the program.
    pub fn built_in() -> Self {
        let (agents, prompts) = built_in::sources();
        Self::new(&agents, &prompts).expect("the built-in agents are checked by a test")
    }

    /// Agents from `<agents>/<language>/*.toml` (files that name an agent) and prompts from `<prompts>/<language>/*.md`.
    pub fn load(agents: &Path, prompts: &Path) -> Result<Self, GraphError> {
        let read =
            |folder: &Path, extension: &str| built_in::read_folder(folder, extension).map_err(|e| GraphError(vec![e]));
        Self::new(&read(agents, "toml")?, &read(prompts, "md")?)
    }

    fn new(agents: &[Source], prompts: &[Source]) -> Result<Self, GraphError> {
        let mut wrong = Vec::new();
        let mut crews: BTreeMap<Language, Vec<(String, AgentConfig)>> = BTreeMap::new();
        for source in agents {
            match toml::from_str::<AgentConfig>(&source.text) {
                Ok(config) => {
                    wrong.extend(config.check().into_iter().map(|w| format!("{}: {w}", source.path)));
                    crews.entry(source.language).or_default().push((source.path.clone(), config));
                }
                Err(e) => wrong.push(format!("{}: {e}; see the built-in reception.toml for the keys", source.path)),
            }
        }
        let mut templates = template::Templates::default();
        for source in prompts {
            if let Err(e) = templates.add_prompt(source.language, &source.file, &source.text) {
                wrong.push(format!("{}: {e}", source.path));
            }
        }
        let mut checked = BTreeMap::new();
        for (language, crew) in crews {
            if let Some(crew) = crew_of(language, crew, &mut templates, &mut wrong) {
                checked.insert(language, crew);
            }
        }
        if !checked.contains_key(&Language::English) && wrong.is_empty() {
            wrong.push(
                "agents: none for en-CA; the other languages fall back on it, so add agents/en-CA/reception.toml"
                    .into(),
            );
        }
        if wrong.is_empty() { Ok(Self { crews: checked, templates }) } else { Err(GraphError(wrong)) }
    }

    /// The language whose agents answer for this one: itself, or English.
    pub fn language(&self, wanted: Language) -> Language {
        if self.crews.contains_key(&wanted) { wanted } else { Language::English }
    }

    /// Who answers first.
    pub fn entry(&self, language: Language) -> &AgentConfig {
        let crew = self.crew(language);
        &crew.agents[&crew.entry]
    }

    /// An agent by name; the entry agent if there is none of that name in this language.
    pub fn agent(&self, language: Language, name: &str) -> &AgentConfig {
        self.crew(language).agents.get(name).unwrap_or_else(|| self.entry(language))
    }

    /// Agents whose models are not among those that are configured: lines with the mend.
    pub fn unknown_models(&self, known: &[&str]) -> Vec<String> {
        let agents =
            self.crews.iter().flat_map(|(language, crew)| crew.agents.values().map(move |agent| (language, agent)));
        let unknown =
            agents.flat_map(|(language, agent)| agent.models.iter().map(move |model| (language, agent, model)));
        unknown
            .filter(|(_, _, model)| !known.contains(&model.as_str()))
            .map(|(language, agent, model)| {
                format!(
                    "agents/{language}: {}: models: `{model}` is not configured; want some of {}",
                    agent.name,
                    known.join(", ")
                )
            })
            .collect()
    }

    /// Which of these stand-ins for prompts cannot be used: lines with the mend. Every language whose agents are told the one must have
    /// the other.
    pub fn unknown_prompts(&self, instead: &BTreeMap<String, String>) -> Vec<String> {
        let mut wrong = Vec::new();
        for (file, other) in instead {
            let told = |crew: &Crew| crew.agents.values().any(|agent| agent.prompt == *file);
            let languages: Vec<Language> =
                self.crews.iter().filter(|(_, crew)| told(crew)).map(|(language, _)| *language).collect();
            if languages.is_empty() {
                wrong.push(format!("no agent is told `{file}`; name a prompt that an agent's file names"));
            }
            let missing = languages.iter().filter(|language| !self.templates.has_prompt(**language, other));
            wrong.extend(missing.map(|language| format!("no usable prompts/{language}/{other}; add the file")));
        }
        wrong
    }

    fn crew(&self, language: Language) -> &Crew {
        &self.crews[&self.language(language)]
    }

    /// What an agent is told by this file of its language's prompts.
    pub fn prompt(&self, file: &str, variables: &Variables<'_>) -> String {
        self.templates.prompt(self.language(variables.language), file, variables)
    }

    /// What the agent says first.
    pub fn greeting(&self, agent: &AgentConfig, variables: &Variables<'_>) -> String {
        self.templates.greeting(self.language(variables.language), &agent.name, variables)
    }
}

fn crew_of(
    language: Language,
    crew: Vec<(String, AgentConfig)>,
    templates: &mut template::Templates,
    wrong: &mut Vec<String>,
) -> Option<Crew> {
    let names: BTreeSet<String> = crew.iter().map(|(_, c)| c.name.clone()).collect();
    let before = wrong.len();
    let mut entry = None;
    let mut agents = BTreeMap::new();
    for (path, config) in crew {
        for to in config.handoffs.iter().filter(|to| !names.contains(*to) || **to == config.name) {
            wrong.push(format!("{path}: handoffs: no other agent `{to}` in {language}; take it out or add its file"));
        }
        if let Err(e) = templates.add_greeting(language, &config.name, &config.greeting) {
            wrong.push(format!("{path}: greeting: {e}"));
        }
        if !templates.has_prompt(language, &config.prompt) {
            wrong.push(format!("{path}: prompt: no usable prompts/{language}/{}; add the file", config.prompt));
        }
        if config.entry
            && let Some(other) = entry.replace(config.name.clone())
        {
            wrong.push(format!("{path}: entry: `{other}` is the entry of {language} already; leave it to one agent"));
        }
        if let Some(twin) = agents.insert(config.name.clone(), config) {
            wrong.push(format!("{path}: name: there are two agents `{}` in {language}; rename one", twin.name));
        }
    }
    let Some(entry) = entry else {
        wrong.push(format!("agents/{language}: no agent has entry = true; set it in the one that answers first"));
        return None;
    };
    (wrong.len() == before).then_some(Crew { agents, entry })
}

#[cfg(test)]
mod tests;
