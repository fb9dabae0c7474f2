//! Trying something on a share of the calls: another model, prompt or voice for some, and what came of each.
//!
//! Pure. Which arm a call is in follows from its id and the experiment's name alone: the same call is in the same arm from its first word
//! to its last, on every server and after every restart, and two experiments divide the calls independently of each other.

pub mod results;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::call::CallId;
use crate::language::Language;

/// What the shares of an experiment come to. Percent.
const ALL: u32 = 100;

/// `[experiments]`, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExperimentsConfig(pub BTreeMap<String, Experiment>);

/// `[experiments.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    pub arms: BTreeMap<String, Arm>,
}

/// `[experiments.NAME.arms.NAME]`: what is other than usual in it. With nothing but a share it is what the others are compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Of the calls, in whole percent.
    pub share: u32,
    /// Models that think, in the order in which they are asked, for every agent.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// Which file of prompts/LANGUAGE stands for which: `"reception.md" = "reception-brief.md"`.
    #[serde(default)]
    pub prompts: BTreeMap<String, String>,
    /// Who speaks, in the order in which they are asked.
    #[serde(default)]
    pub speaking: Option<Vec<String>>,
    /// Whose voice it is, by provider and language.
    #[serde(default)]
    pub voices: BTreeMap<String, BTreeMap<Language, String>>,
}

impl Arm {
    /// What it changes, by key.
    fn changes(&self) -> impl Iterator<Item = &'static str> {
        let speaks = self.speaking.is_some() || !self.voices.is_empty();
        let all = [("models", self.models.is_some()), ("prompts", !self.prompts.is_empty()), ("voice", speaks)];
        all.into_iter().filter(|(_, is_changed)| *is_changed).map(|(key, _)| key)
    }

    /// The fixed phrases are said by another voice.
    pub fn speaks_otherwise(&self) -> bool {
        self.changes().any(|key| key == "voice")
    }
}

/// Who may be named in an arm.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    pub models: Vec<&'a str>,
    pub voices: Vec<&'a str>,
    /// Hosted voices that are configured and have a voice for each language.
    pub named_voices: Vec<&'a str>,
}

impl ExperimentsConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`. Prompts are looked for when the agents are read.
    pub fn check(&self, known: &Known<'_>) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut changed: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, experiment) in &self.0 {
            let section = format!("experiments.{name}");
            if !is_name(name) {
                wrong.push(format!(
                    "{section}: `{name}` cannot name an experiment; write small letters, digits and underscores"
                ));
            }
            let sum: u32 = experiment.arms.values().fold(0, |sum, arm| sum.saturating_add(arm.share));
            if sum != ALL {
                wrong.push(format!("{section}: the shares of its arms are {sum} in all; make them {ALL}"));
            }
            if experiment.arms.len() < 2 {
                wrong.push(format!(
                    "{section}: there is nothing to compare; give it two arms or more, one of them with a share alone"
                ));
            }
            for (arm, config) in &experiment.arms {
                wrong.extend(config.check(&format!("{section}.arms.{arm}"), arm, known));
            }
            let mine: BTreeSet<&str> = experiment.arms.values().flat_map(Arm::changes).collect();
            if mine.is_empty() && experiment.arms.len() > 1 {
                wrong.push(format!(
                    "{section}: its arms are all as usual; give one models, prompts, speaking or voices"
                ));
            }
            for key in mine {
                if let Some(other) = changed.insert(key, name) {
                    wrong.push(format!(
                        "{section}: {other} changes the {key} too; let one experiment end before the other"
                    ));
                }
            }
        }
        wrong
    }

    /// The arm of this call in each experiment.
    pub fn arms(&self, call: CallId) -> BTreeMap<String, String> {
        let arm =
            |(name, experiment): (&String, &Experiment)| Some((name.clone(), experiment.arm(name, call)?.to_owned()));
        self.0.iter().filter_map(arm).collect()
    }

    pub fn arm(&self, experiment: &str, arm: &str) -> Option<&Arm> {
        self.0.get(experiment)?.arms.get(arm)
    }

    /// Every arm, with the names of its experiment and of itself.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, &Arm)> {
        self.0.iter().flat_map(|(name, experiment)| {
            experiment.arms.iter().map(move |(arm, config)| (name.as_str(), arm.as_str(), config))
        })
    }
}

impl Experiment {
    /// Arms take their shares in the order of their names.
    fn arm(&self, name: &str, call: CallId) -> Option<&str> {
        let point = point(name, call);
        let mut end = 0;
        self.arms.iter().find_map(|(arm, config)| {
            end += u64::from(config.share);
            (point < end).then_some(arm.as_str())
        })
    }
}

impl Arm {
    fn check(&self, section: &str, name: &str, known: &Known<'_>) -> Vec<String> {
        let mut wrong = Vec::new();
        if !is_name(name) {
            wrong.push(format!("{section}: `{name}` cannot name an arm; write small letters, digits and underscores"));
        }
        if self.share == 0 {
            wrong.push(format!("{section}.share: no call would be in it; write 1 to 99, or take the arm out"));
        }
        let lists = [("models", &self.models, &known.models), ("speaking", &self.speaking, &known.voices)];
        for (key, list, known) in lists {
            let Some(list) = list else { continue };
            if list.is_empty() {
                wrong.push(format!("{section}.{key}: nobody is asked; name some of {}", known.join(", ")));
            }
            let unknown = list.iter().filter(|name| !known.contains(&name.as_str()));
            wrong.extend(
                unknown.map(|name| {
                    format!("{section}.{key}: `{name}` is not configured; want some of {}", known.join(", "))
                }),
            );
        }
        for provider in self.voices.keys().filter(|name| !known.named_voices.contains(&name.as_str())) {
            wrong.push(match known.named_voices.as_slice() {
                [] => format!(
                    "{section}.voices: `{provider}` is not configured, and no other voice has a name; take voices out"
                ),
                some => format!("{section}.voices: `{provider}` is not configured; want some of {}", some.join(", ")),
            });
        }
        wrong
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Where a call stands among a hundred, as good as drawn.
fn point(experiment: &str, call: CallId) -> u64 {
    let mut hash = Sha256::new();
    hash.update(experiment);
    // A name has no such byte: no two pairs run into each other.
    hash.update([0]);
    hash.update(call.0.as_bytes());
    let drawn = hash.finalize().iter().take(8).fold(0_u64, |drawn, byte| drawn << 8 | u64::from(*byte));
    ((u128::from(drawn) * u128::from(ALL)) >> 64) as u64
}

#[cfg(test)]
mod tests;
