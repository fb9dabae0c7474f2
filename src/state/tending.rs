//! Looks after what instances share: notices when Redis is lost and when it is back, tells it what it missed, and gives signs of life.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::redis::Redis;
use super::{Key, Lost, Shared, State};
use crate::provider::breaker::{self, FailedHere};

/// Whether it answers is asked so often: a lost Redis is told before a caller meets it.
const LOOK: Duration = Duration::from_secs(1);

/// Twice in its life.
const BEAT: Duration = Duration::from_secs(30);

/// For whom it is looked after.
#[derive(Clone, Debug, Default)]
pub struct Tended {
    /// Ids of clinics.
    pub clinics: Vec<String>,
    pub emrs: Emrs,
}

/// [`crate::emr::identity`] of each EMR that is written to; more may come to it.
#[derive(Clone, Debug, Default)]
pub struct Emrs(Arc<Mutex<BTreeSet<String>>>);

impl Emrs {
    pub fn add(&self, emr: String) {
        self.0.lock().insert(emr);
    }

    fn all(&self) -> BTreeSet<String> {
        self.0.lock().clone()
    }
}

impl FromIterator<String> for Emrs {
    fn from_iter<T: IntoIterator<Item = String>>(emrs: T) -> Self {
        Self(Arc::new(Mutex::new(emrs.into_iter().collect())))
    }
}

/// Until stopped. Without Redis there is nothing to do.
pub async fn tend(shared: Shared, tended: Tended, instance: String, stop: CancellationToken) {
    if shared.redis().is_none() {
        return;
    }
    let mut due = interval(LOOK);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let told = Key::told(&instance);
    let (mut next_beat, mut known) = (Instant::now(), 0);
    while stop.run_until_cancelled(due.tick()).await.is_some() {
        let Some(redis) = shared.redis() else { return };
        // A Redis that came back empty has forgotten this, however short it was away, and with it what is unsettled.
        let Ok(remembers) = redis.get(&told).await else { continue };
        if shared.catch_up().await.is_err() {
            continue;
        }
        if remembers.is_none()
            && (restore(&shared, tended.emrs.all()).await.is_err() || redis.set(&told, "").await.is_err())
        {
            continue;
        }
        if remembers.is_none() {
            // It knows of no instance either.
            next_beat = Instant::now();
        }
        if circuits(redis, &tended.clinics, &instance).await.is_err() {
            continue;
        }
        if Instant::now() < next_beat {
            continue;
        }
        let Ok(instances) = redis.beat(&Key::instances(), &instance).await else { continue };
        next_beat = Instant::now() + BEAT;
        metrics::gauge!("state_instances").set(instances.len() as f64);
        if instances.len() != known {
            known = instances.len();
            tracing::info!(instances = known, "instances that share the state");
        }
    }
}

/// Brings back what is unsettled.
async fn restore(shared: &Shared, emrs: BTreeSet<String>) -> Result<(), Lost> {
    for emr in emrs {
        shared.restore(&Key::unsettled(&emr)).await?;
    }
    Ok(())
}

/// Tells of the providers that failed here, and hears of those that failed elsewhere. They are the same for every clinic, but for services of its EMR.
async fn circuits(redis: &Redis, clinics: &[String], instance: &str) -> Result<(), Lost> {
    for FailedHere { clinic: whose, name, left } in breaker::failed_here(Instant::now()) {
        for clinic in clinics.iter().filter(|clinic| whose.as_ref().is_none_or(|whose| **whose == ***clinic)) {
            let key = Key::circuit(clinic, &name);
            if let Some(left) = left {
                let value = format!("{instance} {}", left.as_millis());
                redis.set(&key.living(left), &value).await?;
            } else if let Some(told) = redis.get(&key).await?
                && let Some((who, left)) = told.split_once(' ')
                && who != instance
                && let Ok(left) = left.parse()
            {
                breaker::failed_elsewhere(whose.as_deref(), &name, Duration::from_millis(left), Instant::now());
            }
        }
    }
    Ok(())
}
