//! Makes the providers that the configuration names, each in the order in which they are fallen back on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::settings::{Kind, ProvidersConfig};
use super::{StartError, order};
use crate::agent::brain::RuleBrain;
use crate::agent::conversation::{Books, Desk};
use crate::agent::graph::Graph;
use crate::agent::llm::Model;
use crate::agent::llm::openai::OpenAi;
use crate::agent::tools::{Ledger, Messages};
use crate::call::providers::Providers;
use crate::clinic::Clinic;
use crate::clock;
use crate::config::Config;
use crate::emr::book::Book;
use crate::emr::oscar::Oscar;
use crate::emr::{Emr, EmrKind};
use crate::provider::chain::{self, Thinkers};
use crate::sim::{ScriptedAgents, ScriptedRecognizer, ScriptedVoice};
use crate::speech;
use crate::stt::deepgram::Deepgram;
use crate::tts::Voice;
use crate::tts::azure::Azure;
use crate::tts::cartesia::Cartesia;
use crate::tts::spoken::{self, Lexicon};

/// Providers on other machines that the configuration names.
#[derive(Default)]
pub struct Hosted {
    pub deepgram: Option<Arc<Deepgram>>,
    pub cartesia: Option<Arc<Cartesia>>,
    pub azure_speech: Option<Arc<Azure>>,
    pub openai: Option<Arc<OpenAi>>,
    /// By name.
    pub models: Vec<Arc<OpenAi>>,
}

impl std::fmt::Debug for Hosted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hosted").finish_non_exhaustive()
    }
}

impl Hosted {
    /// Connects to nobody yet.
    pub fn of(config: &ProvidersConfig) -> Result<Self, StartError> {
        fn made<C, P>(
            config: Option<&C>,
            section: &str,
            new: impl Fn(&C, &str) -> Result<P, String>,
        ) -> Result<Option<Arc<P>>, StartError> {
            config.map(|config| new(config, section).map(Arc::new).map_err(StartError::Provider)).transpose()
        }
        Ok(Self {
            deepgram: made(config.deepgram.as_ref(), "providers.deepgram", Deepgram::new)?,
            cartesia: made(config.cartesia.as_ref(), "providers.cartesia", Cartesia::new)?,
            azure_speech: made(config.azure_speech.as_ref(), "providers.azure_speech", Azure::new)?,
            openai: made(config.openai.as_ref(), "providers.openai", OpenAi::new)?,
            models: (config.models.iter())
                .map(|(name, model)| OpenAi::new(model, &format!("providers.models.{name}")).map(Arc::new))
                .collect::<Result<_, _>>()
                .map_err(StartError::Provider)?,
        })
    }
}

/// Loading models takes seconds; call it where waiting is allowed.
pub(super) fn open(config: &Config, clinic: &Clinic, graph: Graph) -> Result<Providers, StartError> {
    let mut providers = match config.providers.kind {
        Kind::Embedded => {
            let missing = config.speech.missing();
            if !missing.is_empty() {
                return Err(StartError::Missing(missing));
            }
            let hosted = Hosted::of(&config.providers)?;
            let embedded = speech::load(&config.speech)?;
            let mut recognisers = embedded.recognisers;
            if let Some(deepgram) = hosted.deepgram {
                recognisers.insert(0, deepgram);
            }
            let ears: Vec<&str> = recognisers.iter().map(|recogniser| recogniser.name()).collect();
            let hearing = order::places(&config.providers.hearing, &ears);
            let mut voices: Vec<Arc<dyn Voice>> = Vec::new();
            let mut names = Vec::new();
            if let Some(cartesia) = hosted.cartesia {
                names.push("cartesia");
                voices.push(cartesia);
            }
            if let Some(azure) = hosted.azure_speech {
                names.push("azure_speech");
                voices.push(azure);
            }
            voices.extend(embedded.voices);
            names.resize(voices.len(), "embedded");
            let speaking = order::places(&config.providers.speaking, &names);
            let folder = config.records.folder();
            let ledger = Ledger::open(folder.clone())
                .map_err(|error| StartError::Records { folder: folder.display().to_string(), error })?;
            let clinics = vec![clinic.clone()];
            let models = hosted.openai.into_iter().chain(hosted.models).map(|model| model as Arc<dyn Model>);
            let models = models.chain([Arc::new(RuleBrain::new()) as Arc<dyn Model>]).collect();
            let thinking = order::places(&config.providers.thinking, &config.providers.thinkers());
            let thinkers = Thinkers::new(models, thinking);
            let books = books(clinic, &folder)?;
            let desk = Desk::new(thinkers, graph, clinics, books, Messages::new(folder), ledger, clock::now)?;
            Providers {
                recognisers: chain::recognisers(recognisers, hearing),
                voices: chain::voices(voices, speaking),
                agents: Arc::new(desk),
            }
        }
        Kind::Scripted => Providers {
            recognisers: vec![Arc::new(ScriptedRecognizer(config.scripted))],
            voices: vec![Arc::new(ScriptedVoice(config.scripted))],
            agents: Arc::new(ScriptedAgents(config.scripted)),
        },
    };
    providers.voices = spoken::voice::in_front_of(providers.voices, Lexicon::new(&clinic.config.lexicon));
    Ok(providers)
}

/// What keeps the clinic's appointments, in `<records>/book`.
fn books(clinic: &Clinic, records: &Path) -> Result<Books, StartError> {
    let Some(emr) = &clinic.config.emr else { return Ok(Books::new()) };
    let book: Arc<dyn Emr> = match emr.kind {
        EmrKind::Book => Arc::new(Book::open(&records.join("book"), clinic, clinic.local(clock::now()).date())?),
        EmrKind::Oscar => {
            let oscar = Oscar::new(clinic).map_err(StartError::Provider)?;
            Handle::current().block_on(warm(&oscar, clinic));
            Arc::new(oscar)
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
