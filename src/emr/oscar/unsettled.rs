//! Writes of which nobody knows whether they happened: never sent again, and their time is given to nobody meanwhile.
//!
//! A request that was lost may still be carried out minutes later, by a server that was only slow.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::super::{Place, slot};

/// After that the server has done it or never will, and the staff have been told.
const LIVES: Duration = Duration::from_secs(900);

/// The oldest makes room: a clinic with so many at once books nothing anyway.
const MOST: usize = 512;

struct Intent {
    /// What was wished, or the appointment that was to change.
    key: String,
    place: Option<Place>,
    since: Instant,
}

/// See the module header.
#[derive(Default)]
pub(super) struct Unsettled(Mutex<Vec<Intent>>);

impl Unsettled {
    pub(super) fn keep(&self, key: &str, place: Option<Place>) {
        let now = Instant::now();
        let mut all = self.0.lock();
        all.retain(|intent| intent.key != key && now.duration_since(intent.since) < LIVES);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(Intent { key: key.to_owned(), place, since: now });
    }

    pub(super) fn has(&self, key: &str) -> bool {
        let now = Instant::now();
        self.0.lock().iter().any(|intent| intent.key == key && now.duration_since(intent.since) < LIVES)
    }

    /// It was found to have happened.
    pub(super) fn settle(&self, key: &str) {
        self.0.lock().retain(|intent| intent.key != key);
    }

    /// Whether another write may yet take a moment of this.
    pub(super) fn may_take(&self, place: &Place, except: &str) -> bool {
        let now = Instant::now();
        self.0.lock().iter().any(|intent| {
            intent.key != except
                && now.duration_since(intent.since) < LIVES
                && intent.place.as_ref().is_some_and(|other| {
                    other.provider == place.provider
                        && slot::overlap((other.start, other.end), (place.start, place.end))
                })
        })
    }
}

impl std::fmt::Debug for Unsettled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Unsettled").field(&self.0.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::super::ProviderRef;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_doubtful_time_is_kept_from_others_until_it_is_settled_or_long_ago() {
        let place = |from, to| Place {
            provider: ProviderRef("101".into()),
            start: date(2026, 3, 3).at(9, from, 0, 0),
            end: date(2026, 3, 3).at(9, to, 0, 0),
        };
        let all = Unsettled::default();
        all.keep("a", Some(place(0, 15)));
        assert!(all.has("a") && all.may_take(&place(10, 25), "b"));
        assert!(!all.may_take(&place(10, 25), "a") && !all.may_take(&place(15, 30), "b"));
        tokio::time::advance(LIVES).await;
        assert!(!all.has("a") && !all.may_take(&place(0, 15), "b"));
        all.keep("a", Some(place(0, 15)));
        all.settle("a");
        assert!(!all.has("a"));
        for n in 0..2 * MOST {
            all.keep(&n.to_string(), None);
        }
        assert_eq!(all.0.lock().len(), MOST);
    }
}
