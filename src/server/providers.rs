//! Makes the providers that the configuration names, and puts them together for a call, in the order in which they are fallen back on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::settings::{Kind, ProvidersConfig};
use super::{StartError, keeping, order};
use crate::agent::brain::RuleBrain;
use crate::agent::conversation::{Books, Desk, Unusual};
use crate::agent::graph::Graph;
use crate::agent::llm::{self, Model};
use crate::agent::tools::{self, Ledger, MESSAGES, Messages};
use crate::call::providers::Providers;
use crate::clinic::Clinic;
use crate::clock;
use crate::config::Config;
use crate::emr::book::{self, Book};
use crate::emr::{self, Emr, EmrKind};
use crate::language::Language;
use crate::provider::chain::{self, Ears, Mouths, Thinkers};
use crate::sim::{ScriptedAgents, ScriptedConfig, ScriptedRecognizer, ScriptedVoice};
use crate::speech;
use crate::state::Shared;
use crate::store::Store;
use crate::store::at_rest::Sealing;
use crate::stt::deepgram::Deepgram;
use crate::stt::google::Google;
use crate::stt::{self, Recognizer};
use crate::tts::azure;
use crate::tts::espeak::Espeak;
use crate::tts::spoken::{self, Lexicon};
use crate::tts::{Voice, cartesia, elevenlabs, google, openai, qwen, sarvam};

/// Providers on other machines that the configuration names, each kind in the order in which they are asked.
#[derive(Default)]
pub struct Hosted {
    pub ears: Vec<Arc<dyn Recognizer>>,
    /// `openai`, `anthropic`, then those with names.
    pub models: Vec<Arc<dyn Model>>,
    /// By their sections.
    pub voices: Vec<Named>,
}

/// A voice, and the section that names it.
pub type Named = (&'static str, Arc<dyn Voice>);

impl std::fmt::Debug for Hosted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hosted").finish_non_exhaustive()
    }
}

impl Hosted {
    /// Connects to nobody yet.
    pub fn of(config: &ProvidersConfig) -> Result<Self, StartError> {
        Self::made(config).map_err(StartError::Provider)
    }

    pub fn is_empty(&self) -> bool {
        self.ears.is_empty() && self.models.is_empty() && self.voices.is_empty()
    }

    /// The voices of these providers under other names, by section.
    pub fn of_arm(
        config: &ProvidersConfig,
        names: &BTreeMap<String, BTreeMap<Language, String>>,
    ) -> Result<Vec<Named>, StartError> {
        let made = Self::of(&named(config, names))?.voices.into_iter();
        Ok(made.filter(|(name, _)| names.contains_key(*name)).collect())
    }

    fn made(config: &ProvidersConfig) -> Result<Self, String> {
        let mut hosted = Self::default();
        // Who knows few languages is there for these, and asked first.
        if let Some(sarvam) = &config.sarvam {
            if !sarvam.own.hears.is_empty() {
                hosted.ears.push(Arc::new(stt::sarvam::ears(sarvam, "providers.sarvam")?));
            }
            if !sarvam.own.voices.is_empty() {
                hosted.voices.push(("sarvam", Arc::new(sarvam::voice(sarvam, "providers.sarvam")?)));
            }
        }
        if let Some(qwen) = &config.qwen {
            hosted.voices.push(("qwen", Arc::new(qwen::voice(qwen, "providers.qwen")?)));
        }
        if let Some(deepgram) = &config.deepgram {
            hosted.ears.push(Arc::new(Deepgram::new(deepgram, "providers.deepgram")?));
        }
        if let Some(google) = &config.google {
            hosted.ears.push(Arc::new(Google::new(google, "providers.google")?));
        }
        if let Some(openai) = &config.openai_stt {
            hosted.ears.push(Arc::new(stt::openai::ears(openai, "providers.openai_stt")?));
        }
        if let Some(azure) = &config.azure_stt {
            hosted.ears.push(Arc::new(stt::azure::ears(azure, "providers.azure_stt")?));
        }
        if let Some(cartesia) = &config.cartesia {
            hosted.voices.push(("cartesia", Arc::new(cartesia::voice(cartesia, "providers.cartesia")?)));
        }
        if let Some(eleven) = &config.elevenlabs {
            hosted.voices.push(("elevenlabs", Arc::new(elevenlabs::voice(eleven, "providers.elevenlabs")?)));
        }
        if let Some(azure) = &config.azure_speech {
            hosted.voices.push(("azure_speech", Arc::new(azure::voice(azure, "providers.azure_speech")?)));
        }
        if let Some(google) = &config.google_tts {
            hosted.voices.push(("google_tts", Arc::new(google::voice(google, "providers.google_tts")?)));
        }
        if let Some(openai) = &config.openai_tts {
            hosted.voices.push(("openai_tts", Arc::new(openai::voice(openai, "providers.openai_tts")?)));
        }
        if let Some(model) = &config.openai {
            hosted.models.push(Arc::new(llm::openai::model(model, "providers.openai")?));
        }
        if let Some(model) = &config.anthropic {
            hosted.models.push(Arc::new(llm::anthropic::model(model, "providers.anthropic")?));
        }
        for (name, model) in &config.models {
            hosted.models.push(Arc::new(llm::openai::model(model, &format!("providers.models.{name}"))?));
        }
        Ok(hosted)
    }
}

/// The same, with voices of other names.
fn named(config: &ProvidersConfig, names: &BTreeMap<String, BTreeMap<Language, String>>) -> ProvidersConfig {
    let mut config = config.clone();
    let known = [
        ("cartesia", config.cartesia.as_mut().map(|cartesia| &mut cartesia.own.voices)),
        ("elevenlabs", config.elevenlabs.as_mut().map(|eleven| &mut eleven.own.voices)),
        ("azure_speech", config.azure_speech.as_mut().map(|azure| &mut azure.own.voices)),
        ("google_tts", config.google_tts.as_mut().map(|google| &mut google.own.voices)),
        ("openai_tts", config.openai_tts.as_mut().map(|openai| &mut openai.own.voices)),
        ("sarvam", config.sarvam.as_mut().map(|sarvam| &mut sarvam.own.voices)),
        ("qwen", config.qwen.as_mut().map(|qwen| &mut qwen.own.voices)),
    ];
    for (name, voices) in known {
        if let (Some(voices), Some(others)) = (voices, names.get(name)) {
            voices.extend(others.clone());
        }
    }
    config
}

/// Who hears and who speaks, each by the name that the configuration has for it.
#[derive(Clone)]
pub struct Speech {
    ears: Vec<(&'static str, Arc<dyn Recognizer>)>,
    mouths: Vec<(&'static str, Arc<dyn Voice>)>,
}

impl Speech {
    /// Connects to nobody yet; loading models takes seconds. `None`: scripted providers hear and speak.
    pub fn load(config: &Config) -> Result<Option<Self>, StartError> {
        if config.providers.kind == Kind::Scripted {
            return Ok(None);
        }
        let missing = config.speech.missing();
        if !missing.is_empty() {
            return Err(StartError::Missing(missing));
        }
        Self::of(&Hosted::of(&config.providers)?, &config.speech).map(Some)
    }

    /// In the order in which they are asked, if nothing else is configured.
    fn of(hosted: &Hosted, embedded: &speech::SpeechConfig) -> Result<Self, StartError> {
        let speech::Embedded { recognisers, voices } = speech::load(embedded)?;
        let ears = hosted.ears.iter().cloned().chain(recognisers).map(|ears| (ears.name(), ears)).collect();
        let voices = voices.into_iter().map(|voice| ("embedded", voice));
        let mouths = hosted.voices.iter().cloned().chain(voices).collect();
        Ok(Self { ears, mouths })
    }

    /// Those of these names, in their order.
    pub fn ears<'a>(&'a self, names: Vec<&'a str>) -> impl Iterator<Item = &'a (&'static str, Arc<dyn Recognizer>)> {
        names.into_iter().flat_map(|name| self.ears.iter().filter(move |(known, _)| *known == name))
    }

    /// The same of voices; several on this machine have one name.
    pub fn voices<'a>(&'a self, names: Vec<&'a str>) -> impl Iterator<Item = &'a Named> {
        names.into_iter().flat_map(|name| self.mouths.iter().filter(move |(known, _)| *known == name))
    }
}

impl std::fmt::Debug for Speech {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ears: Vec<_> = self.ears.iter().map(|(name, _)| name).collect();
        let mouths: Vec<_> = self.mouths.iter().map(|(name, _)| name).collect();
        f.debug_struct("Speech").field("ears", &ears).field("mouths", &mouths).finish()
    }
}

/// Who hears, thinks and speaks for every clinic: what is known of a provider is known to all of them.
pub(super) enum Crew {
    Real(Box<Trained>),
    Scripted(ScriptedConfig),
}

pub(super) struct Trained {
    members: Members,
    thinkers: Arc<Thinkers>,
    speech: Speech,
}

/// Everybody who can be asked in a clinic's calls, to be put together for a call.
pub(super) struct Staff {
    team: Team,
    lexicon: Lexicon,
    /// `None` of scripted providers.
    pub speech: Option<Speech>,
}

enum Team {
    Real(Box<Real>),
    Scripted(ScriptedConfig),
}

struct Real {
    members: Members,
    desk: Desk,
}

/// Who hears and who speaks, and in which order they are asked.
#[derive(Clone)]
struct Members {
    ears: Ears,
    /// As `[providers.hearing]` names them, by place.
    ear_names: Vec<&'static str>,
    hearing: chain::Order,
    mouths: Mouths,
    mouth_names: Vec<&'static str>,
    speaking: chain::Order,
}

/// Who is asked in place of the usual ones; where nothing is said, as usual.
#[derive(Clone, Default)]
pub(super) struct Asked {
    pub hearing: Option<Vec<String>>,
    pub thinking: Option<Vec<String>>,
    pub speaking: Option<Vec<String>>,
    /// Which file stands for which of an agent's prompts.
    pub prompts: BTreeMap<String, String>,
    /// In place of the usual voices: [`Staff::voices`].
    pub voices: Option<Mouths>,
}

impl Staff {
    /// All voices, those of these providers under other names; `None` if nothing is other than usual. To be made once: what is known of a
    /// voice is known to all calls that it serves.
    pub(super) fn voices(
        &self,
        config: &ProvidersConfig,
        names: &BTreeMap<String, BTreeMap<Language, String>>,
    ) -> Result<Option<Mouths>, StartError> {
        let Team::Real(real) = &self.team else { return Ok(None) };
        if names.is_empty() {
            return Ok(None);
        }
        let members = &real.members;
        let mut mouths = members.mouths.clone();
        for (name, voice) in Hosted::of_arm(config, names)? {
            if let Some(place) = members.mouth_names.iter().position(|mouth| *mouth == name) {
                mouths = mouths.with(place, voice);
            }
        }
        Ok(Some(mouths))
    }

    /// Who says the phrases that must be heard although no voice speaks, whatever the configuration says of who speaks.
    pub(super) fn last_resort(&self) -> Vec<Arc<dyn Voice>> {
        let voices: Vec<Arc<dyn Voice>> = match &self.team {
            Team::Real(_) => vec![Arc::new(Espeak::default())],
            Team::Scripted(_) => Vec::new(),
        };
        spoken::voice::in_front_of(voices, self.lexicon.clone())
    }

    /// What its agents have begun and outlasts their calls.
    pub(super) fn outlasting(&self) -> TaskTracker {
        match &self.team {
            Team::Real(real) => real.desk.outlasting().clone(),
            // They use no tools.
            Team::Scripted(_) => TaskTracker::new(),
        }
    }

    /// Where its agents leave what the staff are to know.
    pub(super) fn messages(&self) -> Option<Arc<Messages>> {
        match &self.team {
            Team::Real(real) => Some(real.desk.messages().clone()),
            Team::Scripted(_) => None,
        }
    }

    /// What its agents book in.
    pub(super) fn book(&self, clinic: &str) -> Option<Arc<dyn Emr>> {
        match &self.team {
            Team::Real(real) => real.desk.books().get(clinic).cloned(),
            Team::Scripted(_) => None,
        }
    }

    /// They share what is known of each: a provider that fails one call is passed over by all, however they are served.
    pub(super) fn providers(&self, asked: &Asked) -> Providers {
        let mut providers = match &self.team {
            Team::Real(real) => real.providers(asked),
            Team::Scripted(scripted) => Providers {
                recognisers: vec![Arc::new(ScriptedRecognizer(*scripted))],
                voices: vec![Arc::new(ScriptedVoice(*scripted))],
                agents: Arc::new(ScriptedAgents(*scripted)),
            },
        };
        providers.voices = spoken::voice::in_front_of(providers.voices, self.lexicon.clone());
        providers
    }
}

impl Real {
    fn providers(&self, asked: &Asked) -> Providers {
        let Members { ears, ear_names, hearing: usual, mouths, mouth_names, speaking } = &self.members;
        let hearing = asked
            .hearing
            .as_ref()
            .map_or_else(|| usual.clone(), |wanted| ears.only(&order::places_of(wanted, ear_names), usual));
        let speaking = asked
            .speaking
            .as_ref()
            .map_or_else(|| speaking.clone(), |wanted| mouths.only(&order::places_of(wanted, mouth_names), speaking));
        let mouths = asked.voices.as_ref().unwrap_or(mouths);
        let unusual = Unusual { models: asked.thinking.clone(), prompts: asked.prompts.clone() };
        Providers {
            recognisers: ears.places(hearing),
            voices: mouths.places(speaking),
            agents: Arc::new(if unusual == Unusual::default() {
                self.desk.clone()
            } else {
                self.desk.answering(unusual)
            }),
        }
    }
}

impl Crew {
    /// Loading models takes seconds; call it where waiting is allowed.
    pub(super) fn open(config: &Config) -> Result<Self, StartError> {
        if config.providers.kind == Kind::Scripted {
            return Ok(Self::Scripted(config.scripted));
        }
        let missing = config.speech.missing();
        if !missing.is_empty() {
            return Err(StartError::Missing(missing));
        }
        let hosted = Hosted::of(&config.providers)?;
        let speech = Speech::of(&hosted, &config.speech)?;
        let (ear_names, recognisers): (Vec<&'static str>, Vec<_>) = speech.ears.iter().cloned().unzip();
        let (mouth_names, voices): (Vec<&'static str>, Vec<_>) = speech.mouths.iter().cloned().unzip();
        let members = Members {
            hearing: order::places(&config.providers.hearing, &ear_names),
            speaking: order::places(&config.providers.speaking, &mouth_names),
            ears: Ears::new(recognisers),
            mouths: Mouths::new(voices),
            ear_names,
            mouth_names,
        };
        let models = hosted.models.into_iter().chain([Arc::new(RuleBrain::new()) as Arc<dyn Model>]).collect();
        let thinking = order::places(&config.providers.thinking, &config.providers.thinkers());
        let thinkers = Arc::new(Thinkers::new(models, thinking));
        Ok(Self::Real(Box::new(Trained { members, thinkers, speech })))
    }

    /// With the agents, the book and the messages of this clinic, whose keys seal what its tools touch. Waits for its EMR; call it where waiting is allowed.
    pub(super) fn staff(
        &self,
        config: &Config,
        clinic: &Clinic,
        graph: impl Into<Arc<Graph>>,
        shared: &Shared,
        store: Option<&Store>,
    ) -> Result<Staff, StartError> {
        let lexicon = Lexicon::new(&clinic.config.lexicon);
        let Trained { members, thinkers, speech } = match self {
            Self::Scripted(scripted) => {
                return Ok(Staff { team: Team::Scripted(*scripted), lexicon, speech: None });
            }
            Self::Real(trained) => &**trained,
        };
        let folder = config.records.folder();
        let unusable = |error| StartError::Records { folder: folder.display().to_string(), error };
        let ledger = Ledger::open(folder.clone()).map_err(unusable)?.sealing(store.map(Store::recording_keys));
        let sealing = keeping::sealing(config, store)?;
        let books = books(clinic, &folder, shared, store, &sealing)?;
        let messages = Messages::new(folder.join(MESSAGES)).sealing(sealing);
        let messages = Arc::new(if store.is_some() { messages.telling(shared.clone()) } else { messages });
        messages.take_over(&folder.join(format!("{}.jsonl", clinic.config.id))).map_err(unusable)?;
        Handle::current().block_on(tools::deliver(shared, &clinic.config.id, &messages));
        let clinics = vec![clinic.clone()];
        let desk = Desk::new(thinkers.clone(), graph, clinics, books, messages, ledger, clock::now)?;
        let real = Real { members: members.clone(), desk: desk.sharing(shared.clone()) };
        Ok(Staff { team: Team::Real(Box::new(real)), lexicon, speech: Some(speech.clone()) })
    }
}

/// What keeps the clinic's appointments: of its own book, `<records>/book`, or the PostgreSQL that several servers share.
fn books(
    clinic: &Clinic,
    records: &Path,
    shared: &Shared,
    store: Option<&Store>,
    sealing: &Sealing,
) -> Result<Books, StartError> {
    let Some(config) = &clinic.config.emr else { return Ok(Books::new()) };
    let book: Arc<dyn Emr> = match config.kind {
        EmrKind::Book => {
            let (folder, today) = (records.join(book::FOLDER), clinic.local(clock::now()).date());
            match store.filter(|store| !store.is_embedded()) {
                Some(store) => {
                    let book = Book::shared(store.clone(), &folder, clinic, today)?;
                    Handle::current().block_on(warm(&book, clinic));
                    Arc::new(book)
                }
                None => Arc::new(Book::sealed(&folder, clinic, today, &sealing.of_clinic(&clinic.config.id))?),
            }
        }
        EmrKind::Oscar | EmrKind::Fhir => {
            let across = emr::across(clinic, shared).map_err(StartError::Provider)?;
            let Some(across) = across else { return Ok(Books::new()) };
            Handle::current().block_on(warm(across.as_ref(), clinic));
            across
        }
    };
    Ok(Books::from([(clinic.config.id.clone(), book)]))
}

/// An EMR that answers is asked about a week of each provider before the first call; one that does not, keeps no caller waiting.
const WARM: Duration = Duration::from_secs(15);

/// Asks for what the first calls will need, and logs what is wrong; calls are answered whatever it is.
async fn warm(emr: &dyn Emr, clinic: &Clinic) {
    let clinic_id = clinic.config.id.as_str();
    match timeout(WARM, emr.health(clinic.local(clock::now()).datetime())).await {
        Ok(Ok(findings)) => {
            for finding in findings {
                match finding.mend {
                    Some(mend) => tracing::warn!(clinic = clinic_id, mend, "EMR: {}", finding.what),
                    None => tracing::info!(clinic = clinic_id, "EMR: {}", finding.what),
                }
            }
        }
        Ok(Err(error)) => tracing::error!(clinic = clinic_id, %error, "callers cannot book for now"),
        Err(_) => tracing::warn!(
            clinic = clinic_id,
            seconds = WARM.as_secs(),
            "the EMR is slow; it was not asked about everything"
        ),
    }
}

#[cfg(test)]
mod tests;
