//! The whole server, put together: providers, the front desk, and the transports that bring calls to it.
//!
//! Everything is checked and made ready before a port is bound; a bound port means that calls are answered.

mod asked;
mod budget;
mod door;
pub(crate) mod keeping;
mod login;
mod order;
mod phrases;
mod plans;
mod providers;
mod residency;
mod settings;
mod standing;
mod told;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agent::graph::{Graph, GraphError, Variables};
use crate::api;
use crate::call::canned::{Canned, Line, Phrase};
use crate::call::desk::{Desk, DeskSetup, NotReady};
use crate::call::registry::FrontDesk;
use crate::call::rendering;
use crate::clinic::{Clinic, ClinicError, Tenant};
use crate::clock;
use crate::config::Config;
use crate::costs::{Meter, Prices, Till};
use crate::emr::book::{self, BookError};
use crate::language::Language;
use crate::phrases::Phrases;
use crate::records::{self, FirstTimes, Hold, Recording, Records};
use crate::state::{self, OpenError, Shared};
use crate::store::retention::{Retention, nightly};
use crate::store::{Store, StoreError};
use crate::telemetry;
use crate::transport::sip;
use crate::tts::cache::PhraseCache;

use door::Door;
use keeping::Keeping;
use standing::Standing;

pub use login::{Place, login, with_login};
pub use providers::{Hosted, Speech};
pub use residency::{Sends, sends};
pub use settings::{AgentsConfig, Cheaper, ClinicSection, Kind, ProvidersConfig, ServerConfig};

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Clinic(#[from] ClinicError),
    #[error(transparent)]
    Agents(#[from] GraphError),
    #[error("records cannot be kept in {folder}: {error}; see to the folder, or name another in records.path")]
    Records { folder: String, error: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the embedded speech is not complete:\n{}", .0.join("\n"))]
    Missing(Vec<String>),
    #[error(transparent)]
    Speech(#[from] crate::speech::LoadError),
    /// A provider of `[providers]` cannot be asked.
    #[error("{0}")]
    Provider(String),
    /// A provider would take what callers say where the clinic does not allow it.
    #[error("{}", .0.join("\n"))]
    Residency(Vec<String>),
    /// Notices for the staff that cannot be sent.
    #[error("{}", .0.join("\n"))]
    Notices(Vec<String>),
    /// An account at the EMR that is missing, or that anybody could guess.
    #[error("{0}")]
    Login(String),
    /// A budget that cannot be kept.
    #[error("{}", .0.join("\n"))]
    Budget(Vec<String>),
    #[error(transparent)]
    NoClinic(#[from] crate::agent::conversation::NoClinic),
    #[error(transparent)]
    Book(#[from] BookError),
    #[error(
        "fixed phrases cannot be kept in {folder}: {error}; see to the folder, or name another in server.phrase_cache"
    )]
    Phrases { folder: String, error: io::Error },
    /// A state that cannot be shared.
    #[error("{0}")]
    State(String),
    #[error("the media workers cannot be started: {0}")]
    Workers(io::Error),
    #[error("SIP: {0}")]
    Sip(#[from] sip::Error),
    #[error(transparent)]
    Http(#[from] api::Error),
}

impl StartError {
    /// A mistake in the configuration, rather than a machine that cannot do what is asked.
    pub const fn is_configuration(&self) -> bool {
        match self {
            Self::Clinic(_)
            | Self::Agents(_)
            | Self::NoClinic(_)
            | Self::Provider(_)
            | Self::Residency(_)
            | Self::State(_)
            | Self::Notices(_)
            | Self::Login(_)
            | Self::Budget(_) => true,
            Self::Sip(error) => matches!(error, sip::Error::Config(_) | sip::Error::LogsWouldLeak),
            Self::Http(error) => matches!(error, api::Error::Config(_)),
            Self::Book(error) => matches!(error, BookError::Seed(_)),
            Self::Store(error) => matches!(error, StoreError::Keys(_) | StoreError::Schema(_) | StoreError::Secret(_)),
            Self::Records { .. } | Self::Phrases { .. } | Self::Workers(_) | Self::Missing(_) | Self::Speech(_) => {
                false
            }
        }
    }
}

/// Whose calls the configuration is for.
pub fn clinic(config: &Config) -> Result<Clinic, ClinicError> {
    config.clinic.file.as_ref().map_or_else(|| Ok(Clinic::sample()), |file| Clinic::load(file))
}

/// The clinic's store, if calls are kept in one; it is not made ready.
pub fn store(config: &Config) -> Result<Option<Store>, StartError> {
    Ok(keeping::open(config, &clinic(config)?)?)
}

/// The store of this clinic, whoever is configured; it is not made ready.
pub fn store_of(config: &Config, clinic: &Tenant) -> Result<Option<Store>, StartError> {
    Ok(keeping::open_for(config, clinic)?)
}

/// Reads the files that the configuration names: what [`Server::start`] would refuse, without starting anything.
pub fn check(config: &Config) -> Result<Clinic, StartError> {
    let graph = config.agents.graph()?;
    let mut wrong = graph.unknown_models(&config.providers.thinkers());
    for (experiment, arm, instead) in config.experiments.all() {
        let unknown = graph.unknown_prompts(&instead.prompts);
        wrong.extend(unknown.into_iter().map(|what| format!("experiments.{experiment}.arms.{arm}.prompts: {what}")));
    }
    if !wrong.is_empty() && config.providers.kind == Kind::Embedded {
        return Err(GraphError(wrong).into());
    }
    let clinic = clinic(config)?;
    book::check(&clinic)?;
    keeping::check(config)?;
    let wrong = plans::check_budget(config, &clinic);
    if !wrong.is_empty() {
        return Err(StartError::Budget(wrong));
    }
    login::check(config, &clinic)?;
    let wrong = told::check(config, &clinic);
    if !wrong.is_empty() {
        return Err(StartError::Notices(wrong));
    }
    if let Some(country) = &clinic.config.residency {
        let file = config.clinic.file.as_ref().map_or_else(String::new, |file| format!("{}: ", file.display()));
        let mut leaving = residency::leaving(&config.providers, country);
        if !leaving.is_empty() {
            leaving.push(residency::allowed(country));
            return Err(StartError::Residency(leaving.into_iter().map(|line| format!("{file}{line}")).collect()));
        }
    }
    Ok(clinic)
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    desk: Arc<Desk>,
    listening: Vec<sip::Listening>,
    http: Vec<SocketAddr>,
    transports: TaskTracker,
    stop: CancellationToken,
    /// Cancelled once SIP is not heard any more.
    deaf: CancellationToken,
    /// For tests that let the SIP stack have a fault.
    #[cfg(test)]
    pub(crate) sip_running: tokio::task::AbortHandle,
    keeping: Keeping,
    /// Given back last.
    _hold: Hold,
}

impl Server {
    /// Makes everything ready and binds. Must be called within the shared runtime.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        // Fails only if something in this process was quicker, and then the provider is there.
        rustls::crypto::ring::default_provider().install_default().ok();
        telemetry::metrics::start();
        let clinic = check(&config)?;
        let graph = config.agents.graph()?;
        let folder = config.records.folder();
        let unusable = |error| StartError::Records { folder: folder.display().to_string(), error };
        // Before anything is written or deleted there.
        let hold = Hold::take(&folder).map_err(unusable)?;
        let store = keeping::ready(&config, &clinic).await?;
        let clinic = with_login(clinic, store.as_ref(), &folder).await?;
        let (closed, ends) = keeping::ends(store.as_ref());
        let sealing = store.as_ref().map(Store::recording_keys);
        let records = Records::telling(&config.records, closed, keeping::notes(&config, store.as_ref())?, sealing)
            .map_err(unusable)?;
        let announced = FirstTimes::open(&folder).map_err(unusable)?;
        let mut canned = canned(&graph, &clinic, config.records.recording);
        let shared = share(&config, &folder).await?;
        let (loading, facts, state) = (config.clone(), clinic.clone(), shared.clone());
        let loaded = tokio::task::spawn_blocking(move || providers::open(&loading, &facts, graph, &state)).await;
        let staff = loaded.map_err(|fault| StartError::Workers(io::Error::other(fault)))??;
        let providers = staff.providers(&providers::Asked::default());
        let speech = staff.speech.clone();
        let kept = phrases::folder(&config).map(|folder| {
            PhraseCache::open(&folder)
                .map_err(|error| StartError::Phrases { folder: folder.display().to_string(), error })
        });
        let kept = kept.transpose()?;
        let till = Arc::new(Till::new(
            Prices::new(&config.prices),
            budget::of(&config, &clinic, keeping::history(&config, store.as_ref())).await?,
        ));
        let unspoken = canned.clone();
        let meter = Meter::default();
        let failed =
            rendering::render(&mut canned, &providers.voices, &staff.last_resort(), kept.as_ref(), &meter).await;
        let plans = plans::Served::open(&config, staff, &canned, unspoken, kept.as_ref(), &meter).await?;
        if let Some(bill) = till.bill(&meter, 0) {
            tracing::info!(cost = %bill.total, currency = bill.currency, "a voice that is paid has said the fixed phrases; they are kept for the next start");
        }
        let (mute, later): (Vec<_>, Vec<_>) = failed.into_iter().partition(|(_, phrase)| phrase.needs_audio());
        if !later.is_empty() {
            tracing::warn!(phrases = later.len(), "some fixed phrases have no audio yet; they are spoken when needed");
        }
        if !mute.is_empty() {
            tracing::error!(
                phrases = mute.len(),
                "nobody could say what callers hear while they wait or when a voice fails; see to espeak-ng"
            );
        }
        let purging = store.clone().map(|store| Retention::nightly(store, &clinic, shared.clone()));
        let mut standing = Standing::of(&config, &clinic, config.agents.graph()?, speech, store.as_ref());
        if let Some(standing) = &mut standing {
            standing.decide().await;
        }
        let line = clinic.config.transfer_to.clone().or_else(|| config.call.transfer_to.clone());
        let notices = told::open(&config, &clinic, store.as_ref())?;
        let keeping = Keeping::start(&config, store, ends, notices.clone());
        let zone = clinic.zone;
        let clinic_id = clinic.config.id;
        let desk = Desk::open(DeskSetup {
            config: config.call,
            media: config.media,
            clinic: clinic_id.clone(),
            language: config.clinic.language,
            canned,
            providers,
            records,
            till,
            plans: Arc::new(plans),
            workers: config.server.workers(),
        })
        .map_err(StartError::Workers)?;

        let stop = CancellationToken::new();
        let transports = TaskTracker::new();
        let front: Arc<dyn FrontDesk> = match standing {
            Some(standing) => {
                let door = Door { desk: desk.clone(), state: standing.state(), line };
                transports.spawn(standing.follow(stop.clone()));
                Arc::new(door)
            }
            None => desk.clone(),
        };
        let sip = sip::Server::bind(config.sip, front.clone(), stop.clone()).await?;
        let ready = {
            let (desk, deaf) = (desk.clone(), sip.deaf());
            // A fault comes first: what follows it, draining, is no reason.
            move || if deaf.is_cancelled() { Err(NotReady::Deaf) } else { desk.ready() }
        };
        let http =
            api::Server::bind(&config.api, &config.stream, front, ready, announced, shared.clone(), stop.clone())
                .await?
                .with_notices(notices);
        let (listening, deaf) = (sip.addresses().to_vec(), sip.deaf());
        #[cfg(test)]
        let sip_running = sip.running();
        let addresses = http.addresses().to_vec();
        transports.spawn(sip.run());
        transports.spawn(http.run());
        if shared.redis().is_some() {
            let name = records::instance(&folder).map_err(unusable)?;
            transports.spawn(budget::share(
                desk.clone(),
                shared.clone(),
                clinic_id.clone(),
                name.clone(),
                stop.clone(),
            ));
            transports.spawn(state::tend(shared, clinic_id, name, stop.clone()));
        } else {
            transports.spawn(budget::look(desk.clone(), stop.clone()));
        }
        if let Some(purging) = purging {
            transports.spawn(nightly::run(purging, zone, clock::now, stop.clone()));
        }
        transports.close();
        Ok(Self {
            desk,
            listening,
            http: addresses,
            transports,
            stop,
            keeping,
            deaf,
            #[cfg(test)]
            sip_running,
            _hold: hold,
        })
    }

    /// Where it listens for SIP.
    pub fn listening(&self) -> &[sip::Listening] {
        &self.listening
    }

    /// Where it listens for HTTP and media streams.
    pub fn http(&self) -> &[SocketAddr] {
        &self.http
    }

    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Returns when calls cannot be taken any more by a fault of our own: only a new process takes some again.
    pub async fn fault(&self) {
        self.deaf.cancelled().await;
    }

    /// Takes no new calls, lets those going on end for as long as `grace`, then closes every socket. `true` if every call ended by
    /// itself or with a goodbye.
    pub async fn drain(self, grace: Duration) -> bool {
        let drained = self.desk.drain(grace).await;
        self.stop.cancel();
        if tokio::time::timeout(CLOSING, self.transports.wait()).await.is_err() {
            tracing::warn!("a transport did not close in time");
        }
        self.keeping.finish(self.desk.records().clone()).await;
        drained
    }
}

/// The state of this process and of all instances. A Redis that does not answer yet keeps nobody from calling.
async fn share(config: &Config, folder: &Path) -> Result<Shared, StartError> {
    if config.providers.kind == Kind::Scripted && config.state.redis.is_empty() {
        // Nothing is booked.
        return Ok(Shared::default());
    }
    let shared = Shared::open(&config.state, folder).map_err(|error| match error {
        OpenError::Folder(error) => StartError::Records { folder: folder.display().to_string(), error },
        OpenError::Config(what) => StartError::State(what),
    })?;
    if let Some(redis) = shared.redis() {
        // If it is lost, that is logged, and it is asked again.
        if let Ok(about) = redis.about().await {
            tracing::info!(version = about.version, millis = about.took.as_secs_f64() * 1e3, "Redis answers");
            about.wrong.iter().for_each(|wrong| tracing::warn!("{wrong}"));
        }
    }
    Ok(shared)
}

/// A transport has this long to close its sockets.
const CLOSING: Duration = Duration::from_secs(5);

/// The fixed phrases and the clinic's own greeting in every language, and the notice that calls are recorded if they are.
fn canned(graph: &Graph, clinic: &Clinic, recording: Recording) -> Canned {
    let mut canned = Canned::texts();
    for language in Language::ALL {
        let variables = Variables { clinic: clinic.name(language), language, now: "" };
        let text = graph.greeting(graph.entry(language), &variables);
        if recording == Recording::Announced {
            let notice = Phrases::of(language).recording_notice();
            canned.insert(language, Phrase::RecordingNotice, Line { text: notice.into(), audio: None });
        }
        canned.insert(language, Phrase::Greeting, Line { text: text.into(), audio: None });
    }
    canned
}
