//! What has been seen already: keys with a value each, at most so many, the oldest dropped first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Calls of many hours, or webhooks of five minutes at 50 a second with room to spare.
pub const MOST: usize = 16_384;

/// See the module header.
#[derive(Debug)]
pub struct Seen<K, V> {
    values: HashMap<K, V>,
    order: VecDeque<K>,
    most: usize,
}

impl<K: Clone + Eq + Hash, V> Seen<K, V> {
    pub fn new(most: usize) -> Self {
        Self { values: HashMap::new(), order: VecDeque::new(), most }
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    /// Remembers a key; `false` if it was known.
    pub fn insert(&mut self, key: K, value: V) -> bool {
        if self.values.contains_key(&key) {
            return false;
        }
        if self.order.len() >= self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
        self.values.insert(key.clone(), value);
        self.order.push_back(key);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_new_once_and_the_oldest_makes_room() {
        let mut seen = Seen::new(2);
        assert!(seen.insert("a", 1));
        assert!(!seen.insert("a", 2));
        assert!(seen.insert("b", 3));
        assert!(seen.insert("c", 4));
        assert_eq!((seen.get(&"a"), seen.get(&"b"), seen.get(&"c")), (None, Some(&3), Some(&4)));
    }
}
