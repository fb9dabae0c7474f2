//! One clinic of the server, from its checked file to an open door: its store, its agents and book, its desk, and what is done for it while the server runs.
//!
//! What the clinics share comes in from outside ([`Grounds`]): who hears, thinks and speaks, room for calls, and what instances share. A fault of one clinic is
//! an error here, and no other's.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clinics::Served;
use super::door::{Door, Line};
use super::following::Following;
use super::greeting::Greeting;
use super::keeping::Keeping;
use super::providers::{Asked, Crew, Staff};
use super::standing::Standing;
use super::{StartError, budget, holidays, keeping, plans, told, with_login};
use crate::agent::graph::Graph;
use crate::agent::tools::LeftBehind;
use crate::call::canned::{self, Canned, Phrase};
use crate::call::desk::{Desk, DeskSetup, Hall};
use crate::call::registry::FrontDesk;
use crate::call::rendering;
use crate::clinic::Clinic;
use crate::clock;
use crate::config::Config;
use crate::costs::{Meter, Prices, Till};
use crate::emr::{self, Emr};
use crate::language::Language;
use crate::notices::Notices;
use crate::records::{Hold, Records, RecordsConfig};
use crate::state::Shared;
use crate::store::Store;
use crate::store::clinics::State;
use crate::store::retention::{Retention, nightly};
use crate::tts::cache::PhraseCache;

/// What its calls have begun may take so long when they are over: a call gives up a write in the EMR after as long.
const SETTLING: Duration = Duration::from_secs(20);

/// What every clinic of a server shares.
pub(super) struct Grounds {
    pub crew: Arc<Crew>,
    pub graph: Arc<Graph>,
    pub shared: Shared,
    /// The audio of fixed phrases.
    pub kept: Option<PhraseCache>,
}

/// A clinic whose folder is ours and whose store is ready.
pub(super) struct Founded {
    pub(super) served: Served,
    pub(super) store: Option<Store>,
    pub(super) hold: Option<Hold>,
}

/// A clinic whose book and agents are ready too.
pub(super) struct Prepared {
    clinic: Clinic,
    config: Config,
    store: Option<Store>,
    ends: mpsc::Receiver<PathBuf>,
    records: Records,
    staff: Staff,
    hold: Option<Hold>,
}

/// A clinic that may be called.
pub(super) struct House {
    pub desk: Arc<Desk>,
    pub door: Arc<dyn FrontDesk>,
    pub notices: Option<Notices>,
    keeping: Keeping,
    clinic: Clinic,
    standing: Option<Standing>,
    /// `None` of the made-up clinic, which takes its calls.
    state: Option<watch::Receiver<State>>,
    purging: Option<Retention>,
    /// `None` of scripted providers, and without other instances.
    left_behind: Option<LeftBehind>,
    /// `None` of scripted providers, and of a clinic that books nothing.
    book: Option<Arc<dyn Emr>>,
    following: Following,
    /// What its agents have begun, and the calls' ends do not cut off.
    outlasting: TaskTracker,
    /// Given back last.
    hold: Option<Hold>,
}

/// A panic while a clinic is opened is that clinic's.
pub(super) async fn contained<T>(opening: impl Future<Output = Result<T, StartError>>) -> Result<T, StartError> {
    AssertUnwindSafe(opening).catch_unwind().await.unwrap_or(Err(StartError::Fault))
}

impl Founded {
    /// One after the other: an embedded database is made by the first.
    pub(super) async fn of(served: Served) -> Result<Self, StartError> {
        let folder = served.config.records.folder();
        // Before anything is written or deleted there; the server's own is held already.
        let hold = if folder == served.config.home() { None } else { Some(held(&folder)?) };
        let store = keeping::ready(&served.config, &served.clinic).await?;
        Ok(Self { served, store, hold })
    }
}

fn held(folder: &Path) -> Result<Hold, StartError> {
    Hold::take(folder).map_err(|error| StartError::Records { folder: folder.display().to_string(), error })
}

impl Prepared {
    /// Opens its book. Takes seconds if its EMR is slow.
    pub(super) async fn of(founded: Founded, grounds: &Grounds) -> Result<Self, StartError> {
        let Founded { served: Served { clinic, config }, store, hold } = founded;
        let folder = config.records.folder();
        let unusable = |error| StartError::Records { folder: folder.display().to_string(), error };
        let clinic = with_login(clinic, store.as_ref(), &folder).await?;
        let (closed, ends) = keeping::ends(store.as_ref());
        let seal = store.as_ref().map(Store::seal);
        let notes = keeping::notes(&config, store.as_ref())?;
        let records = Records::telling(&config.records, closed, notes, seal).map_err(unusable)?;
        let (opening, facts, graph) = (config.clone(), clinic.clone(), grounds.graph.clone());
        let (crew, shared, kept) = (grounds.crew.clone(), grounds.shared.clone(), store.clone());
        let staff = move || crew.staff(&opening, &facts, graph, &shared, kept.as_ref());
        let opened = tokio::task::spawn_blocking(staff).await;
        let staff = opened.map_err(|_| StartError::Fault)??;
        Ok(Self { clinic, config, store, ends, records, staff, hold })
    }

    /// Makes its phrases ready and opens its door. Its desk is in the hall of the others, if there are any.
    pub(super) async fn open(self, grounds: &Grounds, hall: Option<&Hall>) -> Result<House, StartError> {
        let Self { clinic, config, store, ends, records, staff, hold } = self;
        let clinic_id = clinic.config.id.clone();
        let kept = grounds.kept.as_ref();
        let mut canned = canned(&grounds.graph, &clinic, &config.records);
        let (providers, speech) = (staff.providers(&Asked::default()), staff.speech.clone());
        let outlasting = staff.outlasting();
        let left_behind = staff
            .messages()
            .map(|messages| LeftBehind::new(grounds.shared.clone(), &clinic_id, messages).with_files(store.is_some()));
        let book = staff.book(&clinic_id);
        let budget = budget::of(&config, &clinic, keeping::history(&config, store.as_ref())?).await?;
        let till = Arc::new(Till::new(Prices::new(&config.prices), budget).of_clinic(&clinic_id));
        let (unspoken, meter) = (canned.clone(), Meter::default());
        let failed = rendering::render(&mut canned, &providers.voices, &staff.last_resort(), kept, &meter).await;
        let plans = plans::Served::open(&config, staff, &canned, unspoken, kept, &meter).await?;
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
        let purging = store.clone().map(|store| Retention::nightly(store, &clinic, grounds.shared.clone()));
        let mut standing = Standing::of(&config, &clinic, grounds.graph.clone(), speech, store.as_ref());
        if let Some(standing) = &mut standing {
            standing.decide().await;
        }
        let line = line(&clinic, &config);
        let notices = told::open(&config, &clinic, store.as_ref())?;
        let setup = DeskSetup {
            config: config.call.clone(),
            media: config.media,
            clinic: clinic_id,
            share: clinic.config.max_calls,
            language: config.clinic.language,
            canned,
            providers,
            records,
            till,
            plans: Arc::new(plans),
            workers: config.server.workers(),
        };
        let desk = match hall {
            Some(hall) => Desk::beside(hall, setup),
            None => Desk::open(setup).map_err(StartError::Workers)?,
        };
        let keeping = Keeping::start(&config, store, ends, notices.clone());
        let door: Arc<dyn FrontDesk> = match &standing {
            Some(standing) => Arc::new(Door { desk: desk.clone(), state: standing.state(), line }),
            None => desk.clone(),
        };
        let state = standing.as_ref().map(Standing::state);
        let following = Following::default();
        Ok(House {
            desk,
            door,
            notices,
            keeping,
            clinic,
            standing,
            state,
            purging,
            left_behind,
            book,
            following,
            outlasting,
            hold,
        })
    }
}

/// A clinic from its file to its open door.
pub(super) async fn started(served: Served, grounds: &Grounds, hall: Option<&Hall>) -> Result<House, StartError> {
    let founded = Founded::of(served).await?;
    Prepared::of(founded, grounds).await?.open(grounds, hall).await
}

impl House {
    /// What is done for the clinic until `stop`. `instance` is this server's name among several.
    pub(super) fn follow(&mut self, shared: &Shared, instance: Option<&str>, stop: &CancellationToken) {
        let following = Following::until(stop);
        // Not of the made-up clinic.
        if let Some(standing) = self.standing.take() {
            following.spawn(standing.follow(following.stop()));
            following.spawn(holidays::run(self.clinic.clone(), clock::now, holidays::tell, following.stop()));
        }
        let (desk, clinic) = (self.desk.clone(), self.clinic.config.id.clone());
        match instance {
            Some(name) => {
                following.spawn(budget::share(desk, shared.clone(), clinic, name.to_owned(), following.stop()));
            }
            None => following.spawn(budget::look(desk, following.stop())),
        }
        if let Some(left_behind) = self.left_behind.take().filter(|_| instance.is_some()) {
            following.spawn(left_behind.run(following.stop()));
        }
        if let Some(book) = self.book.take() {
            following.spawn(emr::look_after(book, following.stop()));
        }
        if let Some(purging) = self.purging.take() {
            following.spawn(nightly::run(purging, self.clinic.zone.clone(), clock::now, following.stop()));
        }
        self.following = following;
    }

    /// Whether its gates have not passed yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.state.as_ref().is_some_and(|state| *state.borrow() == State::Waiting)
    }

    /// Writes what its calls have left behind. To be called when they are over.
    pub(super) async fn finish(self) {
        self.following.end(&self.clinic.config.id).await;
        if !is_settled(&self.outlasting).await {
            tracing::warn!(
                clinic = self.clinic.config.id,
                seconds = SETTLING.as_secs(),
                "what calls have begun is not done in time; the next start asks the staff about each write in the book that is cut off"
            );
        }
        self.keeping.finish(Some(self.desk.records().clone())).await;
        drop(self.hold);
    }
}

/// Waits for what calls that are over have begun: the staff's messages among it are kept before the store is closed.
async fn is_settled(outlasting: &TaskTracker) -> bool {
    outlasting.close();
    timeout(SETTLING, outlasting.wait()).await.is_ok()
}

/// Where calls go that this clinic does not take.
pub(super) fn line(clinic: &Clinic, config: &Config) -> Line {
    let to = clinic.config.transfer_to.clone().or_else(|| config.call.transfer_to.clone());
    Line { clinic: clinic.config.id.clone(), to }
}

/// The fixed phrases, and how calls begin in every language.
fn canned(graph: &Graph, clinic: &Clinic, records: &RecordsConfig) -> Canned {
    let mut canned = Canned::texts();
    for language in Language::ALL {
        let greeting = Greeting::of(graph, clinic, records, language);
        if greeting.written.as_ref().is_some_and(String::is_empty) {
            tracing::error!(clinic = clinic.config.id, %language, "calls are written down, and nothing tells callers so; write `transcript_notice` in the language's phrases.toml, or set records.transcripts = false");
        }
        canned.begins(language, greeting.version());
        let mut line =
            |phrase, text: String| canned.insert(language, phrase, canned::Line { text: text.into(), audio: None });
        if let Some(notice) = greeting.recorded {
            line(Phrase::RecordingNotice, notice);
        }
        line(Phrase::Greeting, greeting.text);
    }
    canned
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn a_panic_while_a_clinic_is_opened_is_an_error_of_that_clinic_alone() {
        let opening = poll_fn(|_| -> Poll<Result<(), StartError>> { panic!("planted") });
        let fault = contained(opening).await;
        assert!(matches!(&fault, Err(error) if !error.is_of_all() && !error.is_configuration()), "{fault:?}");
        assert!(matches!(contained(async { Ok(7) }).await, Ok(7)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_what_calls_have_begun_and_not_for_ever() {
        let outlasting = TaskTracker::new();
        let (done, mut is_done) = tokio::sync::watch::channel(false);
        outlasting.spawn(async move {
            crate::clock::elapse(SETTLING / 2).await;
            done.send_replace(true);
        });
        assert!(is_settled(&outlasting).await);
        assert!(*is_done.borrow_and_update());
        outlasting.spawn(std::future::pending::<()>());
        assert!(!is_settled(&outlasting).await);
    }
}
