//! Which class a vector belongs to, by how near it is to vectors of known class: kernel ridge regression.
//!
//! Gaussian kernel, least squares on one column a class, and the Nyström approximation (Williams and Seeger, 2000): vectors are compared
//! with some of the examples only, the landmarks. All that is learnt from an example is added to a few sums, so that what was learnt from
//! several sets can be put together, and a part judged by the rest, without going through all of them again. Pure and deterministic.

use std::ops::{AddAssign, SubAssign};

use ndarray::{Array1, Array2, ArrayView1, Axis, s};

use crate::{Vector, WIDTH};

/// How fast likeness fades with distance: exp(-SHARPNESS d²). Between 0.6 and 1.6 nothing changes by more than half a point.
const SHARPNESS: f32 = 1.0;
/// Pulls weights to zero.
const SHRINKAGE: f64 = 0.3;
/// Added to the diagonal, so that it stays positive definite in spite of rounding.
const JITTER: f64 = 0.01;

/// Examples gone through at once: their likeness to all landmarks stands in memory.
const TOGETHER: usize = 1024;
/// Columns of a symmetric product computed at once: what is above the diagonal is left out but for a corner of such a block.
const BLOCK: usize = 256;

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

/// What others are compared with: 1,000 lose up to a point of intents, 3,000 gain half a point over 2,000 and take twice as long to learn.
#[derive(Debug)]
pub struct Landmarks(Array2<f32>);

/// A vector of known class; counts as so many as its weight says.
#[derive(Clone, Copy, Debug)]
pub struct Lesson<'a> {
    pub vector: &'a Vector,
    pub class: usize,
    pub weight: f32,
}

/// Sums over lessons; those of two sets are added.
#[derive(Clone, Debug)]
pub struct Lessons {
    /// Likeness of the lessons to each two landmarks, multiplied; the lower half.
    square: Array2<f32>,
    /// Likeness to each landmark, by class: a column each.
    near: Array2<f32>,
    /// Weight of each class.
    shares: Array1<f32>,
}

impl AddAssign<&Self> for Lessons {
    fn add_assign(&mut self, others: &Self) {
        self.square += &others.square;
        self.near += &others.near;
        self.shares += &others.shares;
    }
}

impl SubAssign<&Self> for Lessons {
    fn sub_assign(&mut self, others: &Self) {
        self.square -= &others.square;
        self.near -= &others.near;
        self.shares -= &others.shares;
    }
}

impl Landmarks {
    #[must_use]
    pub fn new(vectors: &[&Vector]) -> Self {
        Self(rows(vectors))
    }

    /// Goes through lessons whose classes are below `classes`.
    #[must_use]
    pub fn learn(&self, lessons: &[Lesson<'_>], classes: usize) -> Lessons {
        let size = self.0.nrows();
        let mut sums = Lessons {
            square: Array2::zeros((size, size)),
            near: Array2::zeros((size, classes)),
            shares: Array1::zeros(classes),
        };
        for lessons in lessons.chunks(TOGETHER) {
            let mut near = likeness(&rows(&lessons.iter().map(|lesson| lesson.vector).collect::<Vec<_>>()), &self.0);
            let mut classed = Array2::zeros((lessons.len(), classes));
            for ((mut near, mut classed), lesson) in near.rows_mut().into_iter().zip(classed.rows_mut()).zip(lessons) {
                // Once in each factor of a product.
                let root = lesson.weight.sqrt();
                near *= root;
                classed[lesson.class] = root;
                sums.shares[lesson.class] += lesson.weight;
            }
            for from in (0..size).step_by(BLOCK) {
                let to = (from + BLOCK).min(size);
                let part = near.slice(s![.., from..]).t().dot(&near.slice(s![.., from..to]));
                let mut square = sums.square.slice_mut(s![from.., from..to]);
                square += &part;
            }
            sums.near += &near.t().dot(&classed);
        }
        sums
    }

    /// The regression that the sums lead to, by the landmarks at these places. `None` for no lessons or no landmarks.
    #[must_use]
    pub fn solve(&self, sums: &Lessons, kept: &[usize]) -> Option<Ridge> {
        let total = sums.shares.sum();
        if kept.is_empty() || total <= 0.0 {
            return None;
        }
        let landmarks = self.0.select(Axis(0), kept);
        let between = likeness(&landmarks, &landmarks);
        let square = Array2::from_shape_fn((kept.len(), kept.len()), |(row, column)| {
            // The lower half is all that is asked for.
            let sum = if column <= row { sums.square[[kept[row], kept[column]]] } else { 0.0 };
            f64::from(sum) + SHRINKAGE * f64::from(between[[row, column]]) + if row == column { JITTER } else { 0.0 }
        });
        let means = &sums.shares / total;
        // Of what is more than the class's share.
        let right = Array2::from_shape_fn((kept.len(), means.len()), |(row, class)| {
            let near = sums.near.row(kept[row]);
            f64::from(near[class]) - f64::from(near.sum()) * f64::from(means[class])
        });
        let weights = solve(square, right).mapv(|number| number as f32);
        Some(Ridge { landmarks, weights, means })
    }
}

impl Ridge {
    /// By class: near 1 for the one it belongs to, near 0 for the others.
    #[must_use]
    pub fn scores(&self, vector: &Vector) -> Vec<f32> {
        let near = self.landmarks.dot(&ArrayView1::from(vector)).mapv_into(faded);
        (near.dot(&self.weights) + &self.means).to_vec()
    }

    /// The same of many, ten times as quick as one by one.
    #[must_use]
    pub fn scores_of(&self, vectors: &[&Vector]) -> Vec<Vec<f32>> {
        let chunks = vectors.chunks(TOGETHER);
        chunks
            .flat_map(|vectors| {
                let scores = likeness(&rows(vectors), &self.landmarks).dot(&self.weights) + &self.means;
                scores.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>()
            })
            .collect()
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

fn rows(vectors: &[&Vector]) -> Array2<f32> {
    Array2::from_shape_fn((vectors.len(), WIDTH), |(row, column)| vectors[row][column])
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
    // The lower half becomes the factor, a block of columns at a time; within a block a row at a time.
    for from in (0..size).step_by(BLOCK) {
        let to = (from + BLOCK).min(size);
        let known = square.slice(s![from.., ..from]).dot(&square.slice(s![from..to, ..from]).t());
        let mut block = square.slice_mut(s![from.., from..to]);
        block -= &known;
        for at in 0..block.nrows() {
            let (above, mut rest) = block.view_mut().split_at(Axis(0), at);
            let mut row = rest.row_mut(0);
            let width = row.len();
            for column in 0..at.min(width) {
                let other = above.row(column);
                let known = row.slice(s![..column]).dot(&other.slice(s![..column]));
                row[column] = (row[column] - known) / other[column];
            }
            if at < width {
                let known = row.slice(s![..at]).dot(&row.slice(s![..at]));
                row[at] = (row[at] - known).max(JITTER * JITTER).sqrt();
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_solved_gives_the_right_side_again_beyond_one_block() {
        let size = 2 * BLOCK + 3;
        let square = Array2::from_shape_fn((size, size), |(a, b)| {
            (-0.05 * (a.abs_diff(b) as f64)).exp() + if a == b { 0.5 } else { 0.0 }
        });
        let right = Array2::from_shape_fn((size, 2), |(row, column)| (row % 7) as f64 - column as f64);
        let again = square.dot(&solve(square.clone(), right.clone()));
        assert!(again.iter().zip(&right).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
