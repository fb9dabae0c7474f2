//! The sections of the configuration that concern how the server is put together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::order::{self, Order};
use crate::agent::graph::{Graph, GraphError};
use crate::agent::llm::anthropic::AnthropicConfig;
use crate::agent::llm::openai::OpenAiConfig;
use crate::costs::Kind as Use;
use crate::experiments::Known;
use crate::language::Language;
use crate::provider::account::{Own, Section, Stated};
use crate::provider::sarvam::SarvamConfig;
use crate::stt::azure::{self, AzureEarsConfig};
use crate::stt::deepgram::DeepgramConfig;
use crate::stt::google::GoogleConfig;
use crate::stt::openai::OpenAiEarsConfig;
use crate::tts::azure::AzureConfig;
use crate::tts::cartesia::CartesiaConfig;
use crate::tts::elevenlabs::ElevenLabsConfig;
use crate::tts::google::{self, GoogleVoiceConfig};
use crate::tts::openai::OpenAiVoiceConfig;
use crate::tts::qwen::QwenConfig;

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Media threads; 0: one for each core.
    pub workers: usize,
    /// On SIGTERM, calls going on may go on for so long.
    pub grace_s: u64,
    /// Folder in which the audio of fixed phrases is kept from one start to the next; unset: in the folder of records if a voice is paid by
    /// use, else they are rendered at every start.
    pub phrase_cache: Option<PathBuf>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { workers: 0, grace_s: 120, phrase_cache: None }
    }
}

impl ServerConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let most = 64;
        (self.workers > most)
            .then(|| format!("server.workers: {} is more than any machine needs; write 0 to {most}", self.workers))
            .into_iter()
            .collect()
    }

    pub(super) fn workers(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            count => count,
        }
    }
}

/// `[clinic]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClinicSection {
    /// The clinic's facts, a TOML file; without it the sample clinic answers.
    pub file: Option<PathBuf>,
    /// The files of several clinics, in place of `file`: the number dialled says which of them answers.
    pub files: Vec<PathBuf>,
    /// The language in which calls begin.
    pub language: Language,
}

impl ClinicSection {
    /// What is wrong, as `key: what is wrong; what to write instead`. The file's own mistakes are found when it is read.
    pub fn check(&self) -> Vec<String> {
        let named = self.file.iter().map(|file| ("file", file)).chain(self.files.iter().map(|file| ("files", file)));
        let missing = named.filter(|(_, file)| !file.is_file());
        let mut wrong: Vec<String> = missing
            .map(|(key, file)| {
                format!("clinic.{key}: {} is not a file; copy agents/sample-clinic.toml and name it", file.display())
            })
            .collect();
        if self.file.is_some() && !self.files.is_empty() {
            wrong.push("clinic.files: there is clinic.file as well; name every clinic in clinic.files, and take clinic.file out".to_owned());
        }
        wrong
    }
}

/// `[agents]`: who answers and what they are told. Both or neither: agents name their prompts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentsConfig {
    /// Folder with a folder of agents for each language, as agents/ in the source.
    pub folder: Option<PathBuf>,
    /// Folder with a folder of prompts for each language, as prompts/ in the source.
    pub prompts: Option<PathBuf>,
    /// Models that say where the clinic is and when it is open, in their order; the receptionist hands over to them. Empty: she says it.
    pub directions: Vec<String>,
}

impl AgentsConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`. The files' own mistakes are found when they are read.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.directions.iter().any(|model| model == RULES) {
            wrong.push("agents.directions: `rules` hand nothing back; name models alone".to_owned());
        }
        if self.folder.is_some() && !self.directions.is_empty() {
            wrong.push(
                "agents.directions: in folders of your own an agent names its models itself; leave it out, and write directions.toml there"
                    .to_owned(),
            );
        }
        for (key, folder, other) in [("folder", &self.folder, &self.prompts), ("prompts", &self.prompts, &self.folder)]
        {
            match (folder, other) {
                (Some(folder), _) if !folder.is_dir() => {
                    wrong.push(format!(
                        "agents.{key}: {} is not a folder; name one like agents/ or prompts/",
                        folder.display()
                    ));
                }
                (None, Some(_)) => {
                    wrong.push(format!("agents.{key}: missing; set both agents.folder and agents.prompts, or neither"));
                }
                (Some(_) | None, _) => {}
            }
        }
        wrong
    }

    /// Every agent of these folders, or of those that come with the program.
    pub fn graph(&self) -> Result<Graph, GraphError> {
        match (&self.folder, &self.prompts, &self.directions[..]) {
            (Some(agents), Some(prompts), _) => Graph::load(agents, prompts),
            (Some(_) | None, _, []) => Ok(Graph::built_in()),
            (Some(_) | None, _, models) => Ok(Graph::built_in().with_directions(models)),
        }
    }
}

/// `[providers]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProvidersConfig {
    pub kind: Kind,
    /// `[providers.openai]`: a language model behind chat completions thinks in place of the rules. Any server that speaks them
    /// will do: a local one needs no key.
    pub openai: Option<OpenAiConfig>,
    /// `[providers.anthropic]`: one of Anthropic's models thinks, after `openai` if that is there too.
    pub anthropic: Option<AnthropicConfig>,
    /// `[providers.models.NAME]`: further models, asked after these in the order of their names when those before them fail.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, OpenAiConfig>,
    /// `[providers.deepgram]`: hears first; the embedded recogniser hears when it fails.
    pub deepgram: Option<DeepgramConfig>,
    /// `[providers.cartesia]`: speaks the languages that it has voices for; the embedded voices speak the others, and when it fails.
    pub cartesia: Option<CartesiaConfig>,
    /// `[providers.elevenlabs]`: speaks the languages that it has voices for, after Cartesia if that is there too.
    pub elevenlabs: Option<ElevenLabsConfig>,
    /// `[providers.azure_speech]`: speaks every language, after these if they are there too.
    pub azure_speech: Option<AzureConfig>,
    /// `[providers.google_tts]`: speaks the languages that it has voices for, after Azure if that is there too.
    pub google_tts: Option<GoogleVoiceConfig>,
    /// `[providers.azure_stt]`: hears every language, after OpenAI if that is there too.
    pub azure_stt: Option<AzureEarsConfig>,
    /// `[providers.openai_stt]`: hears the languages that it is to, after Google if that is there too.
    pub openai_stt: Option<OpenAiEarsConfig>,
    /// `[providers.openai_tts]`: speaks the languages that it has voices for, after Google if that is there too.
    pub openai_tts: Option<OpenAiVoiceConfig>,
    /// `[providers.google]`: hears every language, after Deepgram if that is there too.
    pub google: Option<GoogleConfig>,
    /// `[providers.sarvam]`: hears and speaks Punjabi, before everybody else who does.
    pub sarvam: Option<SarvamConfig>,
    /// `[providers.qwen]`: speaks Mandarin and Cantonese, before everybody else who does.
    pub qwen: Option<QwenConfig>,
    /// Who is asked in new calls once the clinic's budget of the day is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cheaper: Option<Cheaper>,
    /// Who thinks in a language, if not as usual: `openai`, `anthropic`, names of `models`, `rules`.
    #[serde(skip_serializing_if = "Order::is_empty")]
    pub thinking: Order,
    /// Who hears a language, if not as usual: `sarvam`, `deepgram`, `google`, `openai_stt`, `azure_stt`,
    /// `whisper`.
    #[serde(skip_serializing_if = "Order::is_empty")]
    pub hearing: Order,
    /// Who speaks a language, if not as usual: `sarvam`, `qwen`, `cartesia`, `elevenlabs`, `azure_speech`, `google_tts`,
    /// `openai_tts`, `embedded`.
    #[serde(skip_serializing_if = "Order::is_empty")]
    pub speaking: Order,
}

impl ProvidersConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self, language: Language) -> Vec<String> {
        let mut wrong = self.openai.as_ref().map(|openai| openai.check("providers.openai")).unwrap_or_default();
        for (name, model) in &self.models {
            let section = format!("providers.models.{name}");
            let fits =
                !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if !fits || [OPENAI, ANTHROPIC, RULES].contains(&name.as_str()) {
                wrong.push(format!(
                    "{section}: `{name}` cannot name a model; write small letters, digits and underscores, and none of {OPENAI}, {ANTHROPIC}, {RULES}"
                ));
            }
            wrong.extend(model.check(&section));
        }
        let accounts = self.accounts();
        wrong.extend(accounts.iter().flat_map(|(name, account)| account.check(&format!("providers.{name}"))));
        let deepgram = self.deepgram.as_ref().map(|deepgram| &deepgram.own);
        wrong.extend(deepgram.and_then(|deepgram| deepgram.check_language("providers.deepgram", language)));
        let [ears, models, voices] = self.names();
        wrong.extend(self.check_cheaper());
        for (key, orders, names, what) in [
            ("thinking", &self.thinking, models, Use::Thinking),
            ("hearing", &self.hearing, ears, Use::Hearing),
            ("speaking", &self.speaking, voices, Use::Speaking),
        ] {
            let knows = |name: &str, language| self.knows(what, name, language);
            wrong.extend(order::check(&format!("providers.{key}"), orders, &names, knows));
        }
        for (name, _) in accounts.iter().filter(|_| self.kind == Kind::Scripted) {
            wrong.push(format!("providers.{name}: scripted providers replace every other; leave it out, or kind"));
        }
        wrong
    }
}

impl ProvidersConfig {
    /// The accounts that are there, of all but chat-completions models, by their names.
    pub fn accounts(&self) -> Vec<(&'static str, &dyn Stated)> {
        fn of<'a, O: Own>(
            name: &'static str,
            section: &'a Option<Section<O>>,
        ) -> Option<(&'static str, &'a dyn Stated)> {
            section.as_ref().map(|section| (name, section as &dyn Stated))
        }
        let accounts = [
            of("deepgram", &self.deepgram),
            of("google", &self.google),
            of("cartesia", &self.cartesia),
            of("elevenlabs", &self.elevenlabs),
            of("azure_speech", &self.azure_speech),
            of("google_tts", &self.google_tts),
            of("azure_stt", &self.azure_stt),
            of("openai_stt", &self.openai_stt),
            of("openai_tts", &self.openai_tts),
            of(SARVAM, &self.sarvam),
            of("qwen", &self.qwen),
            of(ANTHROPIC, &self.anthropic),
        ];
        accounts.into_iter().flatten().collect()
    }
}

/// `[providers.cheaper]`: each in the order in which they are asked, in every language that one of them knows; what is left out is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cheaper {
    pub hearing: Option<Vec<String>>,
    pub thinking: Option<Vec<String>>,
    pub speaking: Option<Vec<String>>,
}

impl ProvidersConfig {
    /// Who may be named where somebody is to hear, to think and to speak.
    pub(super) fn names(&self) -> [Vec<&str>; 3] {
        let is_set = |name, set| if set { Some(name) } else { None };
        let hears = self.sarvam.as_ref().is_some_and(|sarvam| !sarvam.own.hears.is_empty());
        let speaks = self.sarvam.as_ref().is_some_and(|sarvam| !sarvam.own.voices.is_empty());
        let (deepgram, google) = (self.deepgram.is_some(), self.google.is_some());
        let ears = [
            is_set(SARVAM, hears),
            is_set("deepgram", deepgram),
            is_set("google", google),
            is_set("openai_stt", self.openai_stt.is_some()),
            is_set("azure_stt", self.azure_stt.is_some()),
        ];
        let ears = ears.into_iter().flatten().chain(["whisper"]).collect();
        let hosted = [
            is_set(SARVAM, speaks),
            is_set("qwen", self.qwen.is_some()),
            is_set("cartesia", self.cartesia.is_some()),
            is_set("elevenlabs", self.elevenlabs.is_some()),
            is_set("azure_speech", self.azure_speech.is_some()),
            is_set("google_tts", self.google_tts.is_some()),
            is_set("openai_tts", self.openai_tts.is_some()),
        ];
        let voices = hosted.into_iter().flatten().chain(["embedded"]).collect();
        [ears, self.thinkers(), voices]
    }

    /// Who may be named in an experiment.
    pub fn known(&self) -> Known<'_> {
        let [_, models, voices] = self.names();
        let named_voices = voices.iter().copied().filter(|name| *name != "embedded").collect();
        Known { models, voices, named_voices }
    }

    fn check_cheaper(&self) -> Vec<String> {
        let Some(cheaper) = &self.cheaper else { return Vec::new() };
        let lists = [("hearing", &cheaper.hearing), ("thinking", &cheaper.thinking), ("speaking", &cheaper.speaking)];
        if lists.iter().all(|(_, list)| list.is_none()) {
            return vec!["providers.cheaper: nobody is named; write hearing, thinking or speaking".to_owned()];
        }
        let known = self.names();
        let named = lists.iter().zip(&known).filter_map(|((key, list), known)| Some((key, list.as_ref()?, known)));
        named
            .flat_map(|(key, list, known)| order::check_list(&format!("providers.cheaper.{key}"), list, known))
            .collect()
    }
}

/// `[providers.openai]`, where models are named.
const OPENAI: &str = "openai";

/// `[providers.anthropic]`, the same.
const ANTHROPIC: &str = "anthropic";

/// Sarvam's section, where it hears and where it speaks.
const SARVAM: &str = "sarvam";

/// The rule-based brain, the same.
const RULES: &str = "rules";

impl ProvidersConfig {
    /// Every model that can be asked, in the order in which they are.
    pub(super) fn thinkers(&self) -> Vec<&str> {
        let openai = self.openai.as_ref().map(|_| OPENAI);
        let anthropic = self.anthropic.as_ref().map(|_| ANTHROPIC);
        openai.into_iter().chain(anthropic).chain(self.models.keys().map(String::as_str)).chain([RULES]).collect()
    }
}

impl ProvidersConfig {
    /// The sections of providers that are paid by use, configured or not, and what for; by these prices name them.
    pub fn paid(&self) -> Vec<(&str, Use)> {
        let hosted = [
            ("deepgram", Use::Hearing),
            ("google", Use::Hearing),
            ("cartesia", Use::Speaking),
            ("elevenlabs", Use::Speaking),
            ("azure_speech", Use::Speaking),
            ("google_tts", Use::Speaking),
            ("azure_stt", Use::Hearing),
            ("openai_stt", Use::Hearing),
            ("openai_tts", Use::Speaking),
            (SARVAM, Use::Hearing),
            (SARVAM, Use::Speaking),
            ("qwen", Use::Speaking),
            (OPENAI, Use::Thinking),
            (ANTHROPIC, Use::Thinking),
        ];
        hosted.into_iter().chain(self.models.keys().map(|name| (name.as_str(), Use::Thinking))).collect()
    }

    /// The models that may be used as configured and are paid by use: what for, section, and the vendor's name of the model.
    pub fn paid_models(&self) -> Vec<(Use, &str, String)> {
        let mut models: Vec<(Use, &str, String)> = Vec::new();
        let named = Language::ALL.into_iter().filter_map(|language| self.deepgram.as_ref()?.own.model_name(language));
        models.extend(named.map(|name| (Use::Hearing, "deepgram", name.to_owned())));
        models.extend(self.google.iter().map(|google| (Use::Hearing, "google", google.own.model.clone())));
        if let Some(openai) = &self.openai {
            models.push((Use::Thinking, OPENAI, openai.model.clone()));
        }
        models.extend(self.anthropic.iter().map(|claude| (Use::Thinking, ANTHROPIC, claude.own.model.clone())));
        models.extend(self.models.iter().map(|(name, model)| (Use::Thinking, name.as_str(), model.model.clone())));
        models.extend(self.cartesia.iter().map(|cartesia| (Use::Speaking, "cartesia", cartesia.own.model.clone())));
        models.extend(self.elevenlabs.iter().map(|eleven| (Use::Speaking, "elevenlabs", eleven.own.model.clone())));
        let azure = |language| self.azure_speech.as_ref().map(|azure| azure.own.voice(language).to_owned());
        let voices = Language::ALL.into_iter().filter_map(azure);
        models.extend(voices.map(|name| (Use::Speaking, "azure_speech", name)));
        models.extend(self.google_tts.iter().map(|_| (Use::Speaking, "google_tts", google::MODEL.to_owned())));
        models.extend(self.azure_stt.iter().map(|_| (Use::Hearing, "azure_stt", azure::MODEL.to_owned())));
        models.extend(self.openai_stt.iter().map(|openai| (Use::Hearing, "openai_stt", openai.own.model.clone())));
        models.extend(self.openai_tts.iter().map(|openai| (Use::Speaking, "openai_tts", openai.own.model.clone())));
        if let Some(sarvam) = &self.sarvam {
            models.extend((!sarvam.own.hears.is_empty()).then(|| (Use::Hearing, SARVAM, sarvam.own.stt_model.clone())));
            models
                .extend((!sarvam.own.voices.is_empty()).then(|| (Use::Speaking, SARVAM, sarvam.own.tts_model.clone())));
        }
        models.extend(self.qwen.iter().map(|qwen| (Use::Speaking, "qwen", qwen.own.model.clone())));
        models.sort();
        models.dedup();
        models
    }
}

/// Who hears, thinks and speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Whisper, the rule-based brain, and the neural and espeak voices: on this machine, without keys.
    #[default]
    Embedded,
    /// Nobody: answers of known length after known delays, for measuring (`[scripted]`).
    Scripted,
}
