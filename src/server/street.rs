//! The clinics of the server side by side: at each lot a house that may be called, or what is left of a clinic that could not be started.
//!
//! What stands at a lot may be replaced while the server runs, as long as it takes no calls ([`super::reopening`] decides when); a call finds what is there
//! when it rings.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::door::{Entrance, Line, Shut};
use super::house::House;
use super::shelf::Shelf;
use crate::call::desk::Desk;
use crate::notices::Notices;
use crate::state::Shared;
use crate::store::Store;

/// In the order of the configuration.
pub(super) struct Street(Vec<Lot>);

pub(super) struct Lot {
    pub entrance: Arc<Entrance>,
    /// Held for a moment, never while anything is waited for.
    stands: Mutex<Stands>,
}

/// What there is of a clinic.
pub(super) enum Stands {
    /// It may be called once its gates have passed.
    House(Box<House>),
    /// It could not be started; what it left behind is looked after.
    Shelf(Box<Shelf>),
    /// It could not be started, and what it left behind cannot be reached.
    Nothing,
}

/// What becomes of calls to a clinic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// Or a person wants them passed on; or some are going on.
    Taken,
    /// Passed on until the gates have passed.
    Waiting,
    /// Passed on: it could not be started.
    Broken,
}

impl Stands {
    fn calls(&self) -> Calls {
        match self {
            Self::House(house) if house.is_waiting() && house.desk.active() == 0 => Calls::Waiting,
            Self::House(_) => Calls::Taken,
            Self::Shelf(_) | Self::Nothing => Calls::Broken,
        }
    }

    pub(super) fn of(shelf: Option<Shelf>) -> Self {
        shelf.map_or(Self::Nothing, |shelf| Self::Shelf(Box::new(shelf)))
    }

    /// Writes what is left to write, and gives the folder back.
    pub(super) async fn finish(self) {
        match self {
            Self::House(house) => house.finish().await,
            Self::Shelf(shelf) => shelf.finish().await,
            Self::Nothing => {}
        }
    }
}

impl Lot {
    pub(super) fn of(house: House) -> Self {
        let entrance = Arc::new(Entrance::to(house.door.clone()));
        Self { entrance, stands: Mutex::new(Stands::House(Box::new(house))) }
    }

    /// Of a clinic that could not be started.
    pub(super) fn shut(line: Line, shelf: Option<Shelf>) -> Self {
        Self { entrance: Arc::new(Entrance::to(Arc::new(Shut(line)))), stands: Mutex::new(Stands::of(shelf)) }
    }

    /// Calls are passed on from now on, and what stood there is for the caller to finish. `None`: it takes its calls by now, and stays.
    pub(super) fn clear(&self, line: Line) -> Option<Stands> {
        let mut stands = self.stands.lock();
        // First of all: who comes in after this meets nobody.
        let door = self.entrance.lead_to(Arc::new(Shut(line)));
        if stands.calls() == Calls::Taken {
            self.entrance.lead_to(door);
            return None;
        }
        Some(std::mem::replace(&mut *stands, Stands::Nothing))
    }

    /// Calls come to this house from now on.
    pub(super) fn build(&self, house: House) {
        let door = house.door.clone();
        *self.stands.lock() = Stands::House(Box::new(house));
        self.entrance.lead_to(door);
    }

    /// Calls are passed on as before.
    pub(super) fn keep(&self, shelf: Option<Shelf>) {
        *self.stands.lock() = Stands::of(shelf);
    }

    pub(super) fn calls(&self) -> Calls {
        self.stands.lock().calls()
    }

    /// Of a clinic that could not be started, as far as it can be had.
    pub(super) fn left(&self) -> Option<Store> {
        match &*self.stands.lock() {
            Stands::Shelf(shelf) => shelf.store().cloned(),
            Stands::House(_) | Stands::Nothing => None,
        }
    }

    fn desk(&self) -> Option<Arc<Desk>> {
        match &*self.stands.lock() {
            Stands::House(house) => Some(house.desk.clone()),
            Stands::Shelf(_) | Stands::Nothing => None,
        }
    }

    fn notices(&self) -> Option<Notices> {
        match &*self.stands.lock() {
            Stands::House(house) => house.notices.clone(),
            Stands::Shelf(shelf) => shelf.notices.clone(),
            Stands::Nothing => None,
        }
    }
}

impl Street {
    pub(super) const fn new(lots: Vec<Lot>) -> Self {
        Self(lots)
    }

    pub(super) fn lots(&self) -> &[Lot] {
        &self.0
    }

    /// Of the clinics that could be started.
    pub(super) fn desks(&self) -> Vec<Arc<Desk>> {
        self.0.iter().filter_map(Lot::desk).collect()
    }

    /// Whose links are opened.
    pub(super) fn notices(&self) -> Vec<Notices> {
        self.0.iter().filter_map(Lot::notices).collect()
    }

    /// What goes on for each clinic until `stop`. `instance` is this server's name among several.
    pub(super) fn follow(&self, shared: &Shared, instance: Option<&str>, stop: &CancellationToken) {
        for lot in &self.0 {
            match &mut *lot.stands.lock() {
                Stands::House(house) => house.follow(shared, instance, stop),
                Stands::Shelf(shelf) => shelf.follow(stop),
                Stands::Nothing => {}
            }
        }
    }

    /// To be called when the last call is over.
    pub(super) async fn finish(&self) {
        let all = self.0.iter().map(|lot| std::mem::replace(&mut *lot.stands.lock(), Stands::Nothing));
        let all: Vec<Stands> = all.collect();
        futures_util::future::join_all(all.into_iter().map(Stands::finish)).await;
    }
}
