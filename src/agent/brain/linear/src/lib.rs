//! A linear classifier over sparse features: multinomial logistic regression by stochastic gradient descent.
//!
//! Pure and deterministic: the same examples in the same order give the same weights. A feature is a 64-bit hash of its name and a
//! value; one met in a single example is left out, for it teaches that example by heart. A crate of its own so that it is compiled with
//! optimisation in debug builds too: a test that talks to the brain would wait ten seconds for it otherwise.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Hash of its name, and its value.
pub type Feature = (u64, f32);

/// At most so many classes; fills whole vector registers.
pub const CLASSES: usize = 20;

/// By class.
pub type Row = [f32; CLASSES];

/// More change little: cross-validation reads the same within half a point from 8 to 20.
const EPOCHS: usize = 12;
const RATE: f32 = 0.5;
/// Pulls weights to zero, per example.
const DECAY: f32 = 5e-4;
/// Length every example's features are brought to: with it the probabilities of training settle within the epochs.
const LENGTH: f32 = 4.0;

/// Features by their place among the weights, with their values.
type Known = Vec<(u32, f32)>;

/// Weights by feature and class.
#[derive(Debug)]
pub struct Linear {
    classes: usize,
    index: HashMap<u64, u32, AsItIs>,
    weights: Vec<Row>,
}

type AsItIs = BuildHasherDefault<Hashed>;

/// Hashes a hash: by itself.
#[derive(Debug, Default)]
pub struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Starts a hash, or goes on with one (FNV-1a).
#[must_use]
pub fn hash(seed: u64, text: &str) -> u64 {
    text.bytes().chain([0xff]).fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Joins two hashes into one; the order counts.
#[must_use]
pub const fn join(left: u64, right: u64) -> u64 {
    let mixed = (left.rotate_left(23) ^ right).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

impl Linear {
    /// Learns from features, their class, below `classes`, and how many times each counts.
    ///
    /// # Panics
    /// With more than [`CLASSES`] classes.
    #[must_use]
    pub fn train(examples: &[(Vec<Feature>, usize, f32)], classes: usize) -> Self {
        assert!(classes <= CLASSES && examples.iter().all(|(_, class, _)| *class < classes), "a class out of range");
        let mut seen: HashMap<u64, u32, AsItIs> = HashMap::default();
        let mut count: Vec<u32> = Vec::new();
        let mut rows: Vec<(Known, usize, f32)> = examples
            .iter()
            .map(|(features, class, weight)| {
                let known = features.iter().map(|(name, value)| {
                    let next = count.len() as u32;
                    let at = *seen.entry(*name).or_insert(next);
                    if at == next {
                        count.push(0);
                    }
                    count[at as usize] += 1;
                    (at, *value)
                });
                (known.collect(), *class, *weight)
            })
            .collect();
        let mut kept = 0;
        let moved: Vec<Option<u32>> = count
            .iter()
            .map(|n| {
                (*n > 1).then(|| {
                    kept += 1;
                    kept - 1
                })
            })
            .collect();
        let index = seen.into_iter().filter_map(|(name, at)| Some((name, moved[at as usize]?))).collect();
        for (row, ..) in &mut rows {
            row.retain_mut(|(at, _)| {
                moved[*at as usize].is_some_and(|to| {
                    *at = to;
                    true
                })
            });
            normalise(row);
        }
        let mut linear = Self { classes, index, weights: vec![[0.0; CLASSES]; kept as usize] };
        for epoch in 0..EPOCHS {
            let rate = RATE / (1.0 + epoch as f32 * 0.1);
            for (row, class, weight) in &rows {
                linear.learn(row, *class, rate * weight);
            }
        }
        linear
    }

    /// How likely each class is.
    #[must_use]
    pub fn probabilities(&self, features: &[Feature]) -> Row {
        let mut row: Vec<_> =
            features.iter().filter_map(|(name, value)| Some((*self.index.get(name)?, *value))).collect();
        normalise(&mut row);
        self.of_row(&row)
    }

    /// Whether several examples had this feature.
    #[must_use]
    pub fn knows(&self, feature: u64) -> bool {
        self.index.contains_key(&feature)
    }

    /// Features it has weights for.
    #[must_use]
    pub fn features(&self) -> usize {
        self.weights.len()
    }

    fn learn(&mut self, row: &[(u32, f32)], class: usize, rate: f32) {
        let mut error = self.of_row(row).map(|p| -p * rate);
        error[class] += rate;
        let keep = 1.0 - rate * DECAY;
        for (at, value) in row {
            for (weight, error) in self.weights[*at as usize].iter_mut().zip(error) {
                *weight = *weight * keep + error * value;
            }
        }
    }

    fn of_row(&self, row: &[(u32, f32)]) -> Row {
        let mut scores = [0.0_f32; CLASSES];
        for (at, value) in row {
            for (score, weight) in scores.iter_mut().zip(&self.weights[*at as usize]) {
                *score += weight * value;
            }
        }
        let most = scores[..self.classes].iter().copied().fold(f32::MIN, f32::max);
        let mut parts = [0.0; CLASSES];
        for (part, score) in parts.iter_mut().zip(scores).take(self.classes) {
            *part = (score - most).exp();
        }
        let sum: f32 = parts.iter().sum();
        parts.map(|p| p / sum)
    }
}

fn normalise(row: &mut [(u32, f32)]) {
    let length = row.iter().map(|(_, v)| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    row.iter_mut().for_each(|(_, v)| *v *= LENGTH / length);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Feature> {
        text.split(' ').map(|word| (hash(0, word), 1.0)).collect()
    }

    #[test]
    fn what_two_examples_share_tells_their_class() {
        let examples = [("open today", 0), ("open tomorrow", 0), ("park here", 1), ("park there", 1)];
        let linear = Linear::train(&examples.map(|(text, class)| (words(text), class, 1.0)), 2);
        assert_eq!(linear.features(), 2, "words of one example are left out");
        assert!(linear.probabilities(&words("open sunday"))[0] > 0.9);
        assert!(linear.probabilities(&words("park anywhere"))[1] > 0.9);
        let unknown = linear.probabilities(&words("zorp"));
        assert!((unknown.iter().sum::<f32>() - 1.0).abs() < 1e-6 && (unknown[0] - 0.5).abs() < 1e-6);
    }

    #[test]
    fn joined_hashes_keep_their_order() {
        let (a, b) = (hash(0, "a"), hash(0, "b"));
        assert_ne!(join(a, b), join(b, a));
        assert_ne!(hash(0, "ab"), hash(hash(0, "a"), "b"));
    }
}
