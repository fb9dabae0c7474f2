//! Prompts and greetings: text with named variables. A name nobody sets is an error at start, not an empty place in a prompt.

use std::collections::BTreeSet;

use minijinja::{Environment, UndefinedBehavior, context};

use crate::language::Language;

/// What a prompt may use.
#[derive(Clone, Debug)]
pub struct Variables<'a> {
    /// `{{ clinic }}`: its name in this language.
    pub clinic: &'a str,
    /// `{{ language }}`, named in English: what is told to a model.
    pub language: Language,
    /// `{{ now }}`: weekday, date and time at the clinic.
    pub now: &'a str,
    /// `{{ notice }}`: in a greeting, that what is said is written down; empty where it is not.
    pub notice: &'a str,
}

#[derive(Debug)]
pub(super) struct Templates {
    environment: Environment<'static>,
    prompts: BTreeSet<String>,
}

impl Default for Templates {
    fn default() -> Self {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        Self { environment, prompts: BTreeSet::new() }
    }
}

impl Templates {
    pub(super) fn add_prompt(&mut self, language: Language, file: &str, text: &str) -> Result<(), String> {
        let name = prompt_name(language, file);
        self.add(name.clone(), text, language)?;
        self.prompts.insert(name);
        Ok(())
    }

    pub(super) fn add_greeting(&mut self, language: Language, agent: &str, text: &str) -> Result<(), String> {
        self.add(greeting_name(language, agent), text, language)
    }

    pub(super) fn has_prompt(&self, language: Language, file: &str) -> bool {
        self.prompts.contains(&prompt_name(language, file))
    }

    pub(super) fn prompt(&self, language: Language, file: &str, variables: &Variables<'_>) -> String {
        self.render(&prompt_name(language, file), variables)
    }

    pub(super) fn greeting(&self, language: Language, agent: &str, variables: &Variables<'_>) -> String {
        self.render(&greeting_name(language, agent), variables)
    }

    /// Keeps the text if it renders.
    fn add(&mut self, name: String, text: &str, language: Language) -> Result<(), String> {
        if text.trim().is_empty() {
            return Err("empty; write the text".to_owned());
        }
        let mend = |e: minijinja::Error| format!("{e}; the variables are clinic, language, now, notice and style");
        self.environment.add_template_owned(name.clone(), text.to_owned()).map_err(mend)?;
        let now = "Saturday, 2026-11-21, 10:05";
        let sample = Variables { clinic: "Sample Clinic", language, now, notice: "It is written down." };
        self.try_render(&name, &sample).map(drop).map_err(mend)
    }

    fn render(&self, name: &str, variables: &Variables<'_>) -> String {
        self.try_render(name, variables).expect("every template rendered when it was added")
    }

    fn try_render(&self, name: &str, v: &Variables<'_>) -> Result<String, minijinja::Error> {
        let values = context! {
            clinic => v.clinic, language => english_name(v.language), now => v.now, notice => v.notice, style => STYLE
        };
        self.environment.get_template(name)?.render(values)
    }
}

/// `{{ style }}`: the same for every agent that talks with callers.
const STYLE: &str = "Warm, calm and brief: one or two short sentences, then stop and listen. Plain words, no lists, no \
                     markup, no abbreviations. Times, dates and numbers as people say them. If you did not understand, say so \
                     and ask in another way; after the second time offer a person. Never say that you look something up.";

const fn english_name(language: Language) -> &'static str {
    match language {
        Language::English => "English",
        Language::Mandarin => "Mandarin Chinese, in simplified characters",
        Language::Cantonese => "Cantonese as spoken in Hong Kong, in traditional characters",
        Language::Punjabi => "Punjabi, in Gurmukhi",
        Language::French => "Canadian French",
    }
}

fn prompt_name(language: Language, file: &str) -> String {
    format!("{language}/{file}")
}

fn greeting_name(language: Language, agent: &str) -> String {
    format!("{language}/{agent}/greeting")
}
