//! The clinics of a server that starts, from their checked files to their doors, and who stands in front of them.
//!
//! Decides what one clinic's failure costs: a server of one does not start; of several, calls to one that cannot be opened are passed on to its own line, unless
//! what is wrong is wrong for all. Nothing is sealed before every store was asked for its keys.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::clinics::{self, Served};
use super::door::Entrance;
use super::house::{self, Founded, Grounds, Prepared, contained};
use super::reception::Reception;
use super::shelf::Shelf;
use super::street::{Lot, Street};
use super::{StartError, check_clinic, reopening, standing};
use crate::call::desk::Hall;
use crate::call::registry::FrontDesk;
use crate::clinic::number::Directory;
use crate::clinic::{ClinicError, Tenant};
use crate::config::Config;

/// Every clinic, as far as it could be started.
pub(super) struct Opened {
    pub street: Arc<Street>,
    /// `None`: none could be.
    pub hall: Option<Hall>,
    pub front: Arc<dyn FrontDesk>,
}

/// A clinic, and what came of making its folder and its store ready.
pub(super) type Begun = (Served, Result<Founded, StartError>);

/// Makes every clinic's folder and store ready, before anything is sealed: what is wrong with the store is wrong for all. One after the other.
pub(super) async fn found(clinics: Vec<Served>, is_alone: bool) -> Result<Vec<Begun>, StartError> {
    let mut all = Vec::with_capacity(clinics.len());
    for served in clinics {
        let founded = match check_clinic(&served) {
            Ok(()) => contained(Box::pin(Founded::of(served.clone()))).await,
            Err(error) => Err(error),
        };
        match founded {
            Err(error) if is_alone || error.is_of_all() => return Err(error),
            founded => all.push((served, founded)),
        }
    }
    Ok(all)
}

/// Opens every clinic's door. Of several, one that cannot be opened passes its calls on to its own line.
pub(super) async fn open(config: &Config, founded: Vec<Begun>, grounds: &Grounds) -> Result<Opened, StartError> {
    let is_alone = config.clinic.files.is_empty();
    let mut directory = if is_alone {
        Directory::default()
    } else {
        clinics::directory(founded.iter().map(|(served, _)| served)).map_err(ClinicError)?
    };
    if let Some(user) = config.sip.trunk.as_ref().and_then(|trunk| trunk.user.as_ref()) {
        directory = directory.with_trunk(&user.name);
    }
    let preparing = founded.into_iter().map(|(served, founded)| async move {
        let prepared = match founded {
            Ok(founded) => contained(Box::pin(Prepared::of(founded, grounds))).await,
            Err(error) => Err(error),
        };
        (served, prepared)
    });
    let (mut lots, mut hall): (Vec<Lot>, Option<Hall>) = (Vec::new(), None);
    let mut doors: HashMap<Tenant, Arc<Entrance>> = HashMap::new();
    for (served, prepared) in join_all(preparing).await {
        let tenant = served.clinic.tenant().clone();
        let opened = match prepared {
            Ok(prepared) => contained(Box::pin(prepared.open(grounds, hall.as_ref()))).await,
            Err(error) => Err(error),
        };
        let lot = match opened {
            Ok(house) => {
                hall.get_or_insert_with(|| house.desk.hall());
                Lot::of(house)
            }
            Err(error) if is_alone || error.is_of_all() => return Err(error),
            Err(error) => {
                reopening::shut(&tenant, &error, standing::FIRST_LOOK.as_secs());
                let line = house::line(&served.clinic, &served.config);
                Lot::shut(line, Shelf::after(&error, served, &grounds.shared).await)
            }
        };
        doors.insert(tenant, lot.entrance.clone());
        lots.push(lot);
    }
    let front: Arc<dyn FrontDesk> = match &lots[..] {
        [alone] if is_alone => alone.entrance.clone(),
        _ => Arc::new(Reception { directory, doors }),
    };
    Ok(Opened { street: Arc::new(Street::new(lots)), hall, front })
}
