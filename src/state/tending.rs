//! Looks after what instances share: notices when Redis is lost and when it is back, tells it what it missed, and gives signs of life.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::redis::Redis;
use super::{Key, Lost, Shared, State};
use crate::provider::breaker;

/// Whether it answers is asked so often: a lost Redis is told before a caller meets it.
const LOOK: Duration = Duration::from_secs(1);

/// Twice in its life.
const BEAT: Duration = Duration::from_secs(30);

/// Until stopped, for these clinics. Without Redis there is nothing to do.
pub async fn tend(shared: Shared, clinics: Vec<String>, instance: String, stop: CancellationToken) {
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
        if remembers.is_none() && (restore(&shared, &clinics).await.is_err() || redis.set(&told, "").await.is_err()) {
            continue;
        }
        if circuits(redis, &clinics, &instance).await.is_err() {
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
async fn restore(shared: &Shared, clinics: &[String]) -> Result<(), Lost> {
    for clinic in clinics {
        shared.restore(&Key::unsettled(clinic)).await?;
    }
    Ok(())
}

/// Tells of the providers that failed here, and hears of those that failed elsewhere. They are the same for every clinic.
async fn circuits(redis: &Redis, clinics: &[String], instance: &str) -> Result<(), Lost> {
    for (name, left) in breaker::failed_here(Instant::now()) {
        for clinic in clinics {
            let key = Key::circuit(clinic, &name);
            if let Some(left) = left {
                let value = format!("{instance} {}", left.as_millis());
                redis.set(&key.living(left), &value).await?;
            } else if let Some(told) = redis.get(&key).await?
                && let Some((who, left)) = told.split_once(' ')
                && who != instance
                && let Ok(left) = left.parse()
            {
                breaker::failed_elsewhere(&name, Duration::from_millis(left), Instant::now());
            }
        }
    }
    Ok(())
}
