//! Something that is done once, however often it is asked for: the second gets what came of the first.
//!
//! Begun before it is done and told after, so that what was interrupted in between is known to be doubtful: it is never done again, and whoever
//! asks is told that nobody knows.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Begun, Key, Lost, Owner, Shared, State};

/// A second asker waits for the first so long; a call waits 20 s for a tool in all.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks at what another is doing.
const LOOK: Duration = Duration::from_millis(50);

/// What is to be done now.
#[derive(Debug)]
pub enum Once {
    /// It is this asker's to do.
    New(Run),
    /// It was done, and this came of it.
    Known(String),
    /// It was begun, and nobody told what came of it.
    Doubtful,
    /// Whether it was done cannot be known now: it must not be.
    Refused(Lost),
}

/// Something that is being done. Dropped without a word, it stays doubtful.
#[derive(Debug)]
pub struct Run {
    shared: Shared,
    key: Key,
    owner: Owner,
}

impl Shared {
    /// Begins it, unless it was begun before.
    pub async fn once(&self, key: &Key) -> Once {
        let owner = Owner::new();
        match begin(self.here(), key, owner).await {
            Ok(Begun::New) => {}
            Ok(Begun::Running) => return Once::Doubtful,
            Ok(Begun::Done(value)) => return Once::Known(value),
            Err(lost) => return Once::Refused(lost),
        }
        let run = Run { shared: self.clone(), key: key.clone(), owner };
        if self.redis().is_none() {
            return Once::New(run);
        }
        match begin(&**self.all(), key, owner).await {
            Ok(Begun::New) => Once::New(run),
            Ok(Begun::Running) => {
                run.forget().await;
                Once::Doubtful
            }
            Ok(Begun::Done(value)) => {
                run.remember(&value).await;
                Once::Known(value)
            }
            // A call is one instance's: this one would know.
            Err(_) => Once::New(run),
        }
    }
}

impl Run {
    /// It was done.
    pub async fn finish(self, value: &str) {
        self.remember(value).await;
        if self.shared.redis().is_some() && self.shared.all().finish(&self.key, self.owner, value).await.is_err() {
            self.shared.later(&self.key, self.owner, Some(value));
        }
    }

    /// Nothing was done.
    pub async fn abandon(self) {
        self.forget().await;
        if self.shared.redis().is_some() && self.shared.all().abandon(&self.key, self.owner).await.is_err() {
            self.shared.later(&self.key, self.owner, None);
        }
    }

    async fn remember(&self, value: &str) {
        if let Err(lost) = self.shared.here().finish(&self.key, self.owner, value).await {
            tracing::error!(key = self.key.text(), %lost, "what was done once is not remembered; asked for again, it is doubtful");
        }
    }

    async fn forget(&self) {
        if let Err(lost) = self.shared.here().abandon(&self.key, self.owner).await {
            tracing::error!(key = self.key.text(), %lost, "what was not done is still marked as begun");
        }
    }
}

/// Waits a while for another who is doing it.
async fn begin(state: &dyn State, key: &Key, owner: Owner) -> Result<Begun, Lost> {
    let until = Instant::now() + PATIENCE;
    loop {
        let begun = state.begin(key, owner).await?;
        let again = Instant::now() + LOOK;
        if begun != Begun::Running || again > until {
            return Ok(begun);
        }
        sleep_until(again).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::tool_call("a")
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_gets_what_came_of_the_first_also_while_it_is_done() {
        let shared = Shared::default();
        let Once::New(run) = shared.once(&key()).await else { panic!("it is new") };
        let second = tokio::spawn({
            let shared = shared.clone();
            async move { shared.once(&key()).await }
        });
        crate::clock::elapse(Duration::from_secs(2)).await;
        run.finish("booked").await;
        assert!(matches!(second.await.unwrap(), Once::Known(value) if value == "booked"));
        crate::clock::elapse(Duration::from_secs(23 * 3_600)).await;
        assert!(matches!(shared.once(&key()).await, Once::Known(_)));
        crate::clock::elapse(Duration::from_secs(3_600)).await;
        assert!(matches!(shared.once(&key()).await, Once::New(_)), "after 24 h it is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_done_may_be_done_and_what_broke_off_is_doubtful() {
        let shared = Shared::default();
        let Once::New(run) = shared.once(&key()).await else { panic!("it is new") };
        run.abandon().await;
        let Once::New(run) = shared.once(&key()).await else { panic!("nothing was done") };
        drop(run);
        assert!(matches!(shared.once(&key()).await, Once::Doubtful));
    }
}
