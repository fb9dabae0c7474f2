//! What is still done for one of several clinics that takes no calls because it could not be started: what it left behind is kept, told of and purged as ever.
//!
//! Only where its folder and its store can be reached, and only what its file says without a doubt: a `[notices]` that is wrong tells nobody, and a
//! `[retention]` or a time zone that is wrong takes nothing away. A fault here is logged and stops nobody.

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::clinics::Served;
use super::following::Following;
use super::house::{Founded, contained};
use super::keeping::{self, Keeping};
use super::told;
use crate::clinic::Clinic;
use crate::clock;
use crate::notices::Notices;
use crate::records::Hold;
use crate::state::Shared;
use crate::store::Store;
use crate::store::retention::{Retention, nightly};

/// See the module header.
pub(super) struct Shelf {
    pub notices: Option<Notices>,
    clinic: Clinic,
    keeping: Keeping,
    purging: Option<Retention>,
    following: Following,
    /// No journal is closed while nobody calls; what waits in the folder is looked for now and then.
    _ends: Option<mpsc::Sender<PathBuf>>,
    /// Given back last.
    hold: Option<Hold>,
}

impl Shelf {
    /// Of a clinic that could not be started for this reason. What broke down may hold its folder still.
    pub(super) async fn after(error: &StartError, served: Served, shared: &Shared) -> Option<Self> {
        if matches!(error, StartError::Fault) { None } else { Box::pin(Self::of(served, shared)).await }
    }

    /// `None` if there is no store, or it cannot be had: said in the log.
    async fn of(served: Served, shared: &Shared) -> Option<Self> {
        let clinic = served.clinic.config.id.clone();
        match contained(Box::pin(Self::open(served, shared))).await {
            Ok(shelf) => shelf,
            Err(error) => {
                tracing::error!(clinic, %error, "what the clinic has left behind cannot be reached: nobody is told of its messages, and nothing is purged");
                None
            }
        }
    }

    async fn open(served: Served, shared: &Shared) -> Result<Option<Self>, StartError> {
        let Founded { served: Served { clinic, config }, store, hold } = Founded::of(served).await?;
        let Some(store) = store else { return Ok(None) };
        let notices = match &clinic.config.notices {
            Some(wanted) if wanted.check().is_empty() && told::check(&config, &clinic).is_empty() => {
                told::open(&config, &clinic, Some(&store))?
            }
            Some(_) | None => None,
        };
        let purging = clinic.knows_its_nights().then(|| Retention::nightly(store.clone(), &clinic, shared.clone()));
        if purging.is_none() {
            tracing::error!(
                clinic = clinic.config.id,
                "nothing of the clinic is purged until its timezone and [retention] are mended"
            );
        }
        let (closed, ends) = keeping::ends(Some(&store));
        let keeping = Keeping::start(&config, Some(store), ends, notices.clone());
        Ok(Some(Self { notices, clinic, keeping, purging, following: Following::default(), _ends: closed, hold }))
    }

    /// What is done for it until `stop`.
    pub(super) fn follow(&mut self, stop: &CancellationToken) {
        self.following = Following::until(stop);
        if let Some(purging) = self.purging.take() {
            let stop = self.following.stop();
            self.following.spawn(nightly::run(purging, self.clinic.zone.clone(), clock::now, stop));
        }
    }

    /// The clinic's.
    pub(super) fn store(&self) -> Option<&Store> {
        self.keeping.store()
    }

    /// Writes and tells what is left.
    pub(super) async fn finish(self) {
        self.following.end(&self.clinic.config.id).await;
        self.keeping.finish(None).await;
        drop(self.hold);
    }
}
