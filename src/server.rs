//! The whole server, put together: providers, the clinics whose calls are answered, and the transports that bring calls to them.
//!
//! Everything is checked and made ready before a port is bound; a bound port means that calls are answered. Of several clinics one that cannot be started
//! takes no calls and is told of; the others do (`opening`), and it is tried again meanwhile (`reopening`).

mod asked;
mod budget;
mod clinics;
mod door;
mod following;
mod greeting;
mod holidays;
mod house;
pub(crate) mod keeping;
mod login;
mod opening;
mod order;
mod phrases;
mod plans;
mod providers;
mod reception;
mod reopening;
mod residency;
mod settings;
mod shelf;
mod sign;
mod standing;
mod street;
mod told;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agent::graph::GraphError;
use crate::api;
use crate::call::desk::{Desk, NotReady};
use crate::clinic::{Clinic, ClinicError, Tenant};
use crate::config::Config;
use crate::emr;
use crate::emr::book::{self, BookError};
use crate::notices::Notices;
use crate::records::bucket::BucketError;
use crate::records::{self, FirstTimes, Hold};
use crate::state::{self, OpenError, Shared, Tended};
use crate::store::{Store, StoreError};
use crate::telemetry;
use crate::transport::sip;
use crate::tts::cache::PhraseCache;

use house::Grounds;
use opening::{Begun, Opened, found, open};
use providers::Crew;
use reopening::Reopening;
use street::Street;

pub use clinics::{Served, config_of, one, served};
pub(crate) use greeting::Greeting;
pub(crate) use keeping::known_sealing;
pub use login::{Place, login, with_login};
pub use providers::{Hosted, Speech};
pub use residency::{Sends, keeps, sends};
pub use settings::{AgentsConfig, Cheaper, ClinicSection, Kind, ProvidersConfig, ServerConfig};
pub(crate) use told::check as unheard;

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
    /// The account is where nobody can read it now.
    #[error("emr.oscar: the account at the EMR is in the store, and there is no copy of it yet: {0}")]
    LoginAway(StoreError),
    /// A panic while a clinic was opened: the log has it.
    #[error("a fault of attendant itself while the clinic was opened, which the log shows; report it")]
    Fault,
    /// A budget that cannot be kept.
    #[error("{}", .0.join("\n"))]
    Budget(Vec<String>),
    /// What is wrong with several clinics.
    #[error("{}", .0.join("\n"))]
    Clinics(Vec<String>),
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
            | Self::Clinics(_)
            | Self::Budget(_) => true,
            Self::Sip(error) => matches!(error, sip::Error::Config(_) | sip::Error::LogsWouldLeak),
            Self::Http(error) => matches!(error, api::Error::Config(_)),
            Self::Book(error) => matches!(error, BookError::Seed(_) | BookError::Several { .. }),
            Self::Store(error) => matches!(
                error,
                StoreError::Keys(_)
                    | StoreError::Schema(_)
                    | StoreError::Secret(_)
                    | StoreError::Bucket(BucketError::Settings(_))
            ),
            Self::Records { .. }
            | Self::Phrases { .. }
            | Self::Workers(_)
            | Self::Missing(_)
            | Self::Speech(_)
            | Self::LoginAway(_)
            | Self::Fault => false,
        }
    }

    /// Whether it is no one clinic's: the others could not be started either.
    const fn is_of_all(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Workers(_))
    }
}

/// Whose calls the configuration is for; of several clinics there is none.
pub fn clinic(config: &Config) -> Result<Clinic, ClinicError> {
    Ok(one(config, None)?.clinic)
}

/// The clinic's store, if calls are kept in one; it is not made ready.
pub fn store(config: &Config) -> Result<Option<Store>, StartError> {
    Ok(keeping::open(config, &clinic(config)?)?)
}

/// The store of this clinic, whoever is configured; it is not made ready.
pub fn store_of(config: &Config, clinic: &Tenant) -> Result<Option<Store>, StartError> {
    Ok(keeping::open_for(config, clinic)?)
}

/// Reads the files that the configuration names: what [`Server::start`] would refuse, or would not take the calls of a clinic for, without starting anything.
pub fn check(config: &Config) -> Result<Vec<Served>, StartError> {
    let all = check_server(config)?;
    let mut wrong: Vec<StartError> = all.iter().filter_map(|served| check_clinic(served).err()).collect();
    match wrong.len() {
        0 => Ok(all),
        1 => Err(wrong.remove(0)),
        _ => Err(StartError::Clinics(wrong.iter().map(ToString::to_string).collect())),
    }
}

/// What no clinic could be served with.
fn check_server(config: &Config) -> Result<Vec<Served>, StartError> {
    let graph = config.agents.graph()?;
    let mut wrong = graph.unknown_models(&config.providers.thinkers());
    for (experiment, arm, instead) in config.experiments.all() {
        let unknown = graph.unknown_prompts(&instead.prompts);
        wrong.extend(unknown.into_iter().map(|what| format!("experiments.{experiment}.arms.{arm}.prompts: {what}")));
    }
    if !wrong.is_empty() && config.providers.kind == Kind::Embedded {
        return Err(GraphError(wrong).into());
    }
    keeping::check(config)?;
    Ok(served(config)?)
}

/// What keeps one clinic from taking calls.
fn check_clinic(served: &Served) -> Result<(), StartError> {
    let Served { clinic, config } = served;
    if !clinic.faults().is_empty() {
        return Err(ClinicError(clinic.faults().to_vec()).into());
    }
    book::check(clinic, &config.state, config.store.kind())?;
    let wrong = plans::check_budget(config, clinic);
    if !wrong.is_empty() {
        return Err(StartError::Budget(wrong));
    }
    login::check(config, clinic)?;
    let wrong = told::check(config, clinic);
    if !wrong.is_empty() {
        return Err(StartError::Notices(wrong));
    }
    if let Some(country) = &clinic.config.residency {
        let file = config.clinic.file.as_ref().map_or_else(String::new, |file| format!("{}: ", file.display()));
        let mut leaving = residency::leaving(&config.providers, country);
        if !leaving.is_empty() {
            leaving.push(residency::allowed(country));
        }
        leaving.extend(residency::recordings_leaving(&config.records, country));
        if !leaving.is_empty() {
            return Err(StartError::Residency(leaving.into_iter().map(|line| format!("{file}{line}")).collect()));
        }
    }
    Ok(())
}

/// A running server.
pub struct Server {
    street: Arc<Street>,
    /// Starts clinics again until `closing`.
    reopening: JoinHandle<()>,
    closing: CancellationToken,
    listening: Vec<sip::Listening>,
    http: Vec<SocketAddr>,
    transports: TaskTracker,
    stop: CancellationToken,
    /// Cancelled once SIP is not heard any more.
    deaf: CancellationToken,
    /// For tests that let the SIP stack have a fault.
    #[cfg(test)]
    pub(crate) sip_running: tokio::task::AbortHandle,
    /// Given back last.
    _hold: Hold,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("listening", &self.listening).field("http", &self.http).finish_non_exhaustive()
    }
}

impl Server {
    /// Makes everything ready and binds. Must be called within the shared runtime.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        // Fails only if something in this process was quicker, and then the provider is there.
        rustls::crypto::ring::default_provider().install_default().ok();
        telemetry::metrics::start();
        let clinics = check_server(&config)?;
        let served = clinics.clone();
        if let ([alone], true) = (&clinics[..], config.clinic.files.is_empty()) {
            check_clinic(alone)?;
        }
        let tended = Tended {
            clinics: clinics.iter().map(|served| served.clinic.config.id.clone()).collect(),
            emrs: clinics.iter().map(|served| emr::identity(&served.clinic)).collect(),
        };
        let graph = Arc::new(config.agents.graph()?);
        let folder = config.home();
        let unusable = |error| StartError::Records { folder: folder.display().to_string(), error };
        // Before anything is written or deleted there.
        let hold = Hold::take(&folder).map_err(unusable)?;
        let announced = FirstTimes::open(&folder).map_err(unusable)?;
        let loading = config.clone();
        let loaded = tokio::task::spawn_blocking(move || Crew::open(&loading)).await;
        let crew = Arc::new(loaded.map_err(|fault| StartError::Workers(io::Error::other(fault)))??);
        let kept = phrases::folder(&config).map(|folder| {
            PhraseCache::open(&folder)
                .map_err(|error| StartError::Phrases { folder: folder.display().to_string(), error })
        });
        let kept = kept.transpose()?;
        let founded = found(clinics, config.clinic.files.is_empty()).await?;
        let shared = share(&config, &folder, &founded).await?;
        let grounds = Grounds { crew, graph, shared: shared.clone(), kept };
        let Opened { street, hall, front } = open(&config, founded, &grounds).await?;

        let stop = CancellationToken::new();
        let transports = TaskTracker::new();
        let sip = sip::Server::bind(config.sip.clone(), front.clone(), stop.clone()).await?;
        let ready = {
            let (street, deaf) = (street.clone(), sip.deaf());
            // A fault comes first: what follows it, draining, is no reason.
            move || if deaf.is_cancelled() { Err(NotReady::Deaf) } else { any_ready(&street.desks()) }
        };
        let links = street.clone();
        let http =
            api::Server::bind(&config.api, &config.stream, front, ready, announced, shared.clone(), stop.clone())
                .await?
                .with_notices(move || -> Vec<Notices> { links.notices() });
        let (listening, deaf) = (sip.addresses().to_vec(), sip.deaf());
        #[cfg(test)]
        let sip_running = sip.running();
        let addresses = http.addresses().to_vec();
        transports.spawn(sip.run());
        transports.spawn(http.run());
        let name = shared.redis().map(|_| records::instance(&folder).map_err(unusable)).transpose()?;
        street.follow(&shared, name.as_deref(), &stop);
        let closing = CancellationToken::new();
        let reopening = Reopening {
            config,
            street: street.clone(),
            grounds,
            hall,
            instance: name.clone(),
            emrs: tended.emrs.clone(),
            stop: stop.clone(),
        };
        let reopening = tokio::spawn(reopening.run(served, closing.clone()));
        if let Some(name) = name {
            transports.spawn(state::tend(shared, tended, name, stop.clone()));
        }
        transports.close();
        Ok(Self {
            street,
            reopening,
            closing,
            listening,
            http: addresses,
            transports,
            stop,
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

    /// The desk of each clinic that was started, in the order of the configuration.
    pub fn desks(&self) -> Vec<Arc<Desk>> {
        self.street.desks()
    }

    /// Calls that are going on, of all clinics.
    pub fn active(&self) -> usize {
        self.desks().iter().map(|desk| desk.active()).sum()
    }

    /// Returns when calls cannot be taken any more by a fault of our own: only a new process takes some again.
    pub async fn fault(&self) {
        self.deaf.cancelled().await;
    }

    /// Takes no new calls, lets those going on end for as long as `grace`, then closes every socket. `true` if every call ended by
    /// itself or with a goodbye.
    pub async fn drain(self, grace: Duration) -> bool {
        self.closing.cancel();
        let desks = self.desks();
        let (drained, reopening) = tokio::join!(drained_all(&desks, grace), self.reopening);
        if let Err(fault) = reopening {
            tracing::error!(%fault, "what starts clinics again broke down");
        }
        // One that was opened at the last moment.
        let late = self.street.desks().into_iter().filter(|desk| !desks.iter().any(|known| Arc::ptr_eq(known, desk)));
        let drained = drained_all(&late.collect::<Vec<_>>(), grace).await && drained;
        self.stop.cancel();
        if tokio::time::timeout(CLOSING, self.transports.wait()).await.is_err() {
            tracing::warn!("a transport did not close in time");
        }
        self.street.finish().await;
        drained
    }
}

async fn drained_all(desks: &[Arc<Desk>], grace: Duration) -> bool {
    join_all(desks.iter().map(|desk| desk.drain(grace))).await.into_iter().all(|drained| drained)
}

/// Whether some clinic takes calls. Who has none that could be started passes all of them on, which is to be done.
fn any_ready(desks: &[Arc<Desk>]) -> Result<(), NotReady> {
    let mut not_ready = Ok(());
    for desk in desks {
        match desk.ready() {
            Ok(()) => return Ok(()),
            Err(why) => not_ready = Err(why),
        }
    }
    not_ready
}

/// The state of this process and of all instances. A Redis that does not answer yet keeps nobody from calling. What was written is sealed anew once a clinic's
/// store knows the keys.
async fn share(config: &Config, folder: &Path, founded: &[Begun]) -> Result<Shared, StartError> {
    if config.providers.kind == Kind::Scripted && config.state.redis.is_empty() {
        // Nothing is booked.
        return Ok(Shared::default());
    }
    let mut stores = founded.iter().filter_map(|(_, founded)| founded.as_ref().ok()?.store.as_ref());
    let store = stores.find(|store| store.is_sure_of_keys());
    let shared =
        Shared::sealed(&config.state, folder, keeping::sealing(config, store)?).map_err(|error| match error {
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
