//! The clinic's budget of the day while the server runs: counted again at the start, looked at now and then, and spent by all instances together.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::{StartError, keeping};
use crate::call::desk::Desk;
use crate::clinic::Clinic;
use crate::clock;
use crate::config::Config;
use crate::costs::budget::Budget;
use crate::costs::money::Money;
use crate::state::{Key, Shared, State};
use crate::store::{History, HistoryError};

/// A new day shows in the metrics within this time, also without a call.
const LOOK: Duration = Duration::from_secs(60);

/// What one instance spends, the others know within this time.
const SHARE: Duration = Duration::from_secs(5);

pub(super) async fn look(desk: Arc<Desk>, stop: CancellationToken) {
    let mut due = interval(LOOK);
    while stop.run_until_cancelled(due.tick()).await.is_some() {
        desk.look_at_budget();
    }
}

/// The same, with what the other instances tell. While Redis is lost, what they told last counts.
pub(super) async fn share(desk: Arc<Desk>, shared: Shared, clinic: String, instance: String, stop: CancellationToken) {
    let mut due = interval(SHARE);
    while stop.run_until_cancelled(due.tick()).await.is_some() {
        desk.look_at_budget();
        let (Some(redis), Some((day, own))) = (shared.redis(), desk.till().own(clock::now())) else { continue };
        let key = Key::spent(&clinic, day);
        if redis.put(&key, &instance, &own.0.to_string()).await.is_err() {
            continue;
        }
        let Ok(all) = redis.table(&key).await else { continue };
        let others = all.iter().filter(|(who, _)| **who != instance);
        let spent = others.filter_map(|(_, spent)| spent.parse().ok()).map(Money).sum();
        desk.till().others(day, spent);
    }
}

/// The clinic's budget with today's calls, as far as their records tell.
pub(super) async fn of(config: &Config, clinic: &Clinic, history: History) -> Result<Option<Budget>, StartError> {
    let Some(wanted) = clinic.config.budget.clone() else { return Ok(None) };
    let currency = &config.prices.currency;
    let mut budget = Budget::new(wanted, clinic.zone.clone(), clock::now());
    // Records are of days in UTC; today's calls began at most a day before.
    let since = budget.today().yesterday().unwrap_or_else(|_| budget.today()).to_string();
    let bills = match history.bills(&since).await {
        Ok(bills) => bills,
        Err(HistoryError::Library { folder, error }) => return Err(StartError::Records { folder, error }),
        Err(HistoryError::Store(error)) => {
            tracing::error!(%error, "today's calls that are in the store are not on the budget");
            keeping::history(config, None)?.bills(&since).await.unwrap_or_default()
        }
    };
    let told = budget.recount(bills, currency);
    tracing::info!(calls = told.calls, spent = %told.spent, currency, "today's calls so far, of their records");
    if told.in_other_currencies > 0 {
        tracing::warn!(calls = told.in_other_currencies, "today's calls in another currency are not on the budget");
    }
    Ok(Some(budget))
}
