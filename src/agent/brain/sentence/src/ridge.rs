//! Which class a vector belongs to, by how near it is to vectors of known class: kernel ridge regression.
//!
//! Gaussian kernel, least squares on one column a class, and the Nyström approximation (Williams and Seeger, 2000): only some of the
//! examples, evenly taken, are the ones compared with. Pure and deterministic.

use ndarray::{Array1, Array2, ArrayView1, Axis, s};

use crate::{Vector, WIDTH};

/// Examples that others are compared with: 1,000 lose up to a point of intents, 3,000 gain little and take twice as long to train.
const LANDMARKS: usize = 2000;
/// How fast likeness fades with distance: exp(-SHARPNESS d²). Between 0.6 and 1.5 nothing changes by more than half a point.
const SHARPNESS: f32 = 1.0;
/// Pulls weights to zero.
const SHRINKAGE: f32 = 0.3;
/// Added to the diagonal, so that it stays positive definite in spite of rounding.
const JITTER: f64 = 0.01;

/// Opens the bytes of a trained one.
const MAGIC: &[u8; 8] = b"ridge\0\0\x01";

#[derive(Debug)]
pub struct Ridge {
    landmarks: Array2<f32>,
    /// A row for each landmark, a column for each class.
    weights: Array2<f32>,
    /// Share of each class.
    means: Array1<f32>,
}

impl Ridge {
    /// Learns from vectors and their class, below `classes`: 5 s for 13,000 (2026-11-21). `None` for no examples.
    #[must_use]
    pub fn train(examples: &[(Vector, usize)], classes: usize) -> Option<Self> {
        let count = examples.len();
        let rows = |of: &[usize]| Array2::from_shape_fn((of.len(), WIDTH), |(row, column)| examples[of[row]].0[column]);
        let chosen = LANDMARKS.min(count);
        let landmarks = rows(&(0..chosen).map(|n| n * count / chosen).collect::<Vec<_>>());
        let mut targets = Array2::zeros((count, classes));
        for (mut row, (_, class)) in targets.rows_mut().into_iter().zip(examples) {
            row[*class] = 1.0_f32;
        }
        let means = targets.mean_axis(Axis(0))?;
        targets -= &means;
        let near = likeness(&rows(&(0..count).collect::<Vec<_>>()), &landmarks);
        let mut square = near.t().dot(&near).mapv(f64::from);
        square.scaled_add(f64::from(SHRINKAGE), &likeness(&landmarks, &landmarks).mapv(f64::from));
        square.diag_mut().iter_mut().for_each(|number| *number += JITTER);
        let weights = solve(square, near.t().dot(&targets).mapv(f64::from)).mapv(|number| number as f32);
        Some(Self { landmarks, weights, means })
    }

    /// By class: near 1 for the one it belongs to, near 0 for the others.
    #[must_use]
    pub fn scores(&self, vector: &Vector) -> Vec<f32> {
        let near = self.landmarks.dot(&ArrayView1::from(vector)).mapv_into(faded);
        (near.dot(&self.weights) + &self.means).to_vec()
    }

    /// As [`Self::from_bytes`] reads it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let shape = [self.landmarks.nrows() as u32, self.weights.ncols() as u32].map(u32::to_le_bytes);
        let numbers = self.landmarks.iter().chain(&self.weights).chain(&self.means);
        MAGIC.iter().copied().chain(shape.into_iter().flatten()).chain(numbers.flat_map(|n| n.to_le_bytes())).collect()
    }

    /// `None` if the bytes are not of a trained one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, []) = bytes.strip_prefix(MAGIC)?.as_chunks::<4>() else { return None };
        let ([landmarks, classes], words) = words.split_first_chunk()?;
        let [landmarks, classes] = [landmarks, classes].map(|word| u32::from_le_bytes(*word) as usize);
        let numbers: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        let (vectors, rest) = numbers.split_at_checked(landmarks.checked_mul(WIDTH)?)?;
        let (weights, means) = rest.split_at_checked(landmarks.checked_mul(classes)?)?;
        (means.len() == classes).then_some(())?;
        Some(Self {
            landmarks: Array2::from_shape_vec((landmarks, WIDTH), vectors.to_vec()).ok()?,
            weights: Array2::from_shape_vec((landmarks, classes), weights.to_vec()).ok()?,
            means: Array1::from(means.to_vec()),
        })
    }
}

/// Of each row to each row, all of length 1.
fn likeness(these: &Array2<f32>, those: &Array2<f32>) -> Array2<f32> {
    these.dot(&those.t()).mapv_into(faded)
}

/// From the cosine between two of length 1.
fn faded(cosine: f32) -> f32 {
    (-SHARPNESS * (2.0 - 2.0 * cosine)).exp()
}

/// What `square`, symmetric and positive definite, takes to `right` (Cholesky).
fn solve(mut square: Array2<f64>, mut right: Array2<f64>) -> Array2<f64> {
    let size = square.nrows();
    // The lower half becomes the factor, a row at a time.
    for at in 0..size {
        let (above, mut rest) = square.view_mut().split_at(Axis(0), at);
        let mut row = rest.row_mut(0);
        for column in 0..at {
            let other = above.row(column);
            let known = row.slice(s![..column]).dot(&other.slice(s![..column]));
            row[column] = (row[column] - known) / other[column];
        }
        let known = row.slice(s![..at]).dot(&row.slice(s![..at]));
        row[at] = (row[at] - known).max(JITTER * JITTER).sqrt();
    }
    for at in 0..size {
        let (known, mut rest) = right.view_mut().split_at(Axis(0), at);
        let factors = square.row(at);
        let mut row = rest.row_mut(0);
        for (factor, other) in factors.iter().zip(known.rows()) {
            row.scaled_add(-factor, &other);
        }
        row /= factors[at];
    }
    for at in (0..size).rev() {
        let (mut known, rest) = right.view_mut().split_at(Axis(0), at + 1);
        let mut row = known.row_mut(at);
        for (below, other) in rest.rows().into_iter().enumerate() {
            row.scaled_add(-square[[at + 1 + below, at]], &other);
        }
        row /= square[[at, at]];
    }
    right
}
