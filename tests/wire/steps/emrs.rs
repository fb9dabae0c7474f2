//! The three kinds of book, asked alike: who stands where, what was asked, and which request is to stand still.

use std::path::Path;
use std::sync::Arc;

use attendant::clinic::Clinic;
use attendant::emr::Emr;
use attendant::emr::book::Book;
use attendant::sim::fhir::Conduct;
use attendant::sim::hold::{Held, When};
use attendant::state::Shared;
use jiff::civil::DateTime;

use crate::wire::fhir::house as fhir;
use crate::wire::oscar::house::{self as oscar, JANE, MONDAY};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Oscar,
    Fhir(Conduct),
    Book,
}

pub enum Emrs {
    Oscar(Box<oscar::House>),
    Fhir(fhir::House),
    Book,
}

/// A provider's time.
pub type Standing = (String, DateTime);

impl Emrs {
    pub async fn open(kind: Kind) -> Self {
        match kind {
            Kind::Oscar => Self::Oscar(Box::new(oscar::House::open().await)),
            Kind::Fhir(conduct) => Self::Fhir(fhir::House::open(conduct).await),
            Kind::Book => Self::Book,
        }
    }

    /// For a process of this state. It waits longer than a request is held.
    pub fn of_process(&self, shared: &Shared, folder: &Path) -> (Clinic, Arc<dyn Emr>) {
        match self {
            Self::Oscar(house) => {
                let (clinic, oscar) = house.patient(shared);
                (clinic, Arc::new(oscar))
            }
            Self::Fhir(house) => house.sharing(shared, [2_000, 4_000, 4_000]),
            Self::Book => {
                let clinic = Clinic::sample();
                let book = Book::open(&folder.join("book"), &clinic, MONDAY.yesterday().expect("as the test has it"));
                (clinic, Arc::new(book.expect("as the test has it")))
            }
        }
    }

    /// `None`: nothing is asked of anybody.
    pub fn hold(&self, spared: usize, when: When) -> Option<Held> {
        match self {
            Self::Oscar(house) => Some(house.sim.hold(spared, when)),
            Self::Fhir(house) => Some(house.sim.hold(spared, when)),
            Self::Book => None,
        }
    }

    /// Requests so far.
    pub fn requests(&self) -> usize {
        match self {
            Self::Oscar(house) => house.sim.envelopes().len(),
            Self::Fhir(house) => house.sim.exchanges().len(),
            Self::Book => 0,
        }
    }

    /// Those of them that write.
    pub fn written(&self) -> usize {
        match self {
            Self::Oscar(house) => house.asked("addAppointment") + house.asked("updateAppointment"),
            Self::Fhir(house) => {
                let writes = ["Appointment.create", "Appointment.book", "Appointment.update"];
                writes.into_iter().map(|operation| house.asked(operation)).sum()
            }
            Self::Book => 0,
        }
    }

    /// Where Jane Roe stands from Monday on, in order.
    pub async fn standing(&self, emr: &dyn Emr) -> Vec<Standing> {
        let mut all: Vec<Standing> = match self {
            Self::Oscar(house) => {
                let rows = house.sim.appointments_of(1_001).into_iter().filter(|row| row.is_active());
                rows.map(|row| (row.provider.unwrap_or_default(), row.day.to_datetime(row.start))).collect()
            }
            Self::Fhir(house) => {
                let is_hers = |row: &attendant::sim::fhir::Booked| {
                    row.is_active() && row.status != "pending" && row.patient.as_deref() == Some(JANE)
                };
                let rows = house.sim.appointments().into_iter().filter(is_hers);
                rows.map(|row| (row.practitioner, row.start)).collect()
            }
            Self::Book => {
                let hers = emr.appointments_for_patient(&super::scene::jane(), MONDAY.at(0, 0, 0, 0)).await;
                let hers = hers.expect("as the test has it").into_iter();
                hers.map(|appointment| (appointment.provider.0, appointment.start)).collect()
            }
        };
        all.retain(|(_, start)| start.date() >= MONDAY);
        all.sort();
        all
    }

    /// Nobody stands on anybody; the book refuses that itself.
    pub fn has_doubles(&self) -> bool {
        match self {
            Self::Oscar(house) => !house.sim.active_overlaps().is_empty(),
            Self::Fhir(house) => !house.sim.overlaps().is_empty(),
            Self::Book => false,
        }
    }
}
