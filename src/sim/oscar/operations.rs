//! What each operation does with the store: which service answers, and who may ask.

mod booking;
mod demographic;
mod login;
mod provider;
mod schedule;
mod system_info;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Dialect;
use super::accounts::Account;
use super::refusal::Refusal;
use super::store::Store;
use super::times::wall;
use super::value::{Object, Value};

/// `AbstractDao.MAX_LIST_RETURN_SIZE`.
const LONGEST_LIST: i64 = 5_000;

/// One call, with everything it may touch.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) store: &'a mut Store,
    pub(super) accounts: &'a [Account],
    /// Of the security header; None where no header is wanted.
    pub(super) caller: Option<&'a Account>,
    pub(super) java_zone: &'a TimeZone,
    pub(super) java_started: Timestamp,
    pub(super) now: Timestamp,
    pub(super) dialect: Dialect,
}

/// `None`: null or void.
type Answer = Result<Option<Value>, Refusal>;

impl Call<'_> {
    pub(super) fn answer(&mut self, service: &str, operation: &str, arguments: &Object) -> Answer {
        match service {
            "LoginService" => self.login(operation, arguments),
            "SystemInfoService" => self.system_info(operation),
            "ScheduleService" => self.schedule(operation, arguments),
            "BookingService" => self.booking(operation),
            "ProviderService" => self.provider(operation, arguments),
            "DemographicService" => self.demographic(operation, arguments),
            _ => Err(self.unserved(operation)),
        }
    }

    /// For what the contract names and nobody answers; a test calls every operation.
    fn unserved(&self, operation: &str) -> Refusal {
        Refusal::NotRecognised(format!("{{{}}}{operation}", self.dialect.namespace()))
    }

    /// The server's clock on the wall.
    fn wall(&self) -> DateTime {
        wall(self.now, self.java_zone)
    }

    fn caller(&self) -> Result<&Account, Refusal> {
        self.caller.ok_or(Refusal::Server)
    }

    fn requires(&self, right: &str) -> Result<(), Refusal> {
        if self.caller()?.may(right) {
            return Ok(());
        }
        Err(Refusal::Exception(format!("missing required security object ({right})")))
    }
}

/// A page of a list, as `startIndex` and `itemsToReturn` ask for it.
fn page<T>(found: Vec<T>, from: i64, items: i64) -> Result<Vec<T>, Refusal> {
    limit(items)?;
    let from = usize::try_from(from).map_err(|_| Refusal::Server)?;
    let items = usize::try_from(items).map_err(|_| Refusal::Server)?;
    Ok(found.into_iter().skip(from).take(items).collect())
}

fn limit(items: i64) -> Result<(), Refusal> {
    if items > LONGEST_LIST {
        return Err(Refusal::Exception(format!(
            "Requested result list size : {items}, exceeds maximum allowed : {LONGEST_LIST}"
        )));
    }
    Ok(())
}
