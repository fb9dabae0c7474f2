//! What an EMR said, for as long as it is believed: templates, providers, what the server offers. Never an appointment.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// A change in the EMR is seen after so long at the latest.
const FRESH: Duration = Duration::from_secs(300);

/// See the module header.
#[derive(Debug)]
pub(super) struct Kept<K, V> {
    most: usize,
    all: Mutex<HashMap<K, (Instant, V)>>,
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    /// At most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { most, all: Mutex::default() }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        let now = Instant::now();
        let all = self.all.lock();
        all.get(key).filter(|(since, _)| now.duration_since(*since) < FRESH).map(|(_, value)| value.clone())
    }

    /// Whether it will be believed for long enough that whoever uses it soon need not ask.
    pub(super) fn is_young(&self, key: &K) -> bool {
        let now = Instant::now();
        self.all.lock().get(key).is_some_and(|(since, _)| now.duration_since(*since) < FRESH / 2)
    }

    /// Not kept if there is no room for it.
    pub(super) fn put(&self, key: K, value: V) {
        let now = Instant::now();
        let mut all = self.all.lock();
        if all.len() >= self.most {
            all.retain(|_, (since, _)| now.duration_since(*since) < FRESH);
        }
        if all.len() < self.most || all.contains_key(&key) {
            all.insert(key, (now, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_said_is_believed_for_five_minutes_and_makes_room_then() {
        let kept = Kept::new(2);
        for key in ["a", "b", "c"] {
            kept.put(key, key.len());
        }
        assert_eq!((kept.get(&"a"), kept.get(&"c")), (Some(1), None));
        kept.put("a", 2);
        assert_eq!(kept.get(&"a"), Some(2));
        tokio::time::advance(FRESH / 2).await;
        assert!(!kept.is_young(&"a") && kept.get(&"a").is_some() && !kept.is_young(&"c"));
        kept.put("a", 2);
        assert!(kept.is_young(&"a"));
        tokio::time::advance(FRESH).await;
        assert_eq!(kept.get(&"a"), None);
        kept.put("c", 3);
        assert_eq!(kept.get(&"c"), Some(3));
    }
}
