//! What goes on for one clinic beside its calls, for as long as it stands on the server: it ends with the clinic, and with the server at the latest.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// It may take so long to end.
const ENDING: Duration = Duration::from_secs(5);

/// See the module header.
#[derive(Debug, Default)]
pub(super) struct Following {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Following {
    /// `stop` ends it with the server.
    pub(super) fn until(stop: &CancellationToken) -> Self {
        Self { tasks: TaskTracker::new(), stop: stop.child_token() }
    }

    /// Cancelled when a task is to end.
    pub(super) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    pub(super) async fn end(self, clinic: &str) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(ENDING, self.tasks.wait()).await.is_err() {
            tracing::warn!(clinic, "what goes on for the clinic beside its calls did not end in time");
        }
    }
}
