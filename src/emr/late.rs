//! How often an EMR is looked in for what was sent to it and shows up when nobody waits for it any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Emr;

/// Two appointments that came to stand in one time share it for no longer than 15 s: a look takes 4 s, and so does taking one back. Nothing is asked while
/// nothing is in doubt.
const LOOK: Duration = Duration::from_secs(4);

/// Until stopped.
pub async fn look_after(emr: Arc<dyn Emr>, stop: CancellationToken) {
    let mut due = interval(LOOK);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(due.tick()).await.is_some() {
        if let Some(Err(error)) = stop.run_until_cancelled(emr.settle_late()).await {
            tracing::debug!(%error, "what may have come late to the EMR cannot be looked at now");
        }
    }
}
