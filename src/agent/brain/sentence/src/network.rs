//! The arithmetic of the encoder: pieces of words to one vector.
//!
//! Each piece has 512 numbers, kept in a byte each with a scale and a least value per block of the table. Three branches look at runs
//! of two, three and five pieces (two convolutions each, added to what came in), each at its own narrower numbers, which are normalised
//! together; beside the pieces' own numbers they are normalised again, summed over the sentence, divided by the root of its length,
//! and put through four dense layers.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis, concatenate, s};

use crate::weights::Arrays;
use crate::{Vector, WIDTH};

/// Blocks of the table: piece n is row n / 17 of block n % 17.
const BLOCKS: usize = 17;
const ROWS: usize = 7530;
/// Width of a branch.
const NARROW: usize = 256;
/// All that is known of a piece.
const WIDE: usize = WIDTH + 3 * NARROW;
/// Width within the dense layers.
const DENSE: usize = 320;
/// Each branch's run of pieces, and how many of them stand before the piece it is for.
const BRANCHES: [(usize, usize); 3] = [(2, 0), (3, 1), (5, 2)];

#[derive(Debug)]
struct Normal {
    gain: Array1<f32>,
    bias: Array1<f32>,
}

#[derive(Debug)]
struct Branch {
    run: usize,
    before: usize,
    first: (Array2<f32>, Array1<f32>),
    second: (Array2<f32>, Array1<f32>),
}

#[derive(Debug)]
pub(crate) struct Network {
    table: Vec<Vec<u8>>,
    least: Array1<f32>,
    scale: Array1<f32>,
    /// The branches' own numbers beside each other.
    narrow: (Array2<f32>, Array1<f32>),
    narrow_normal: Normal,
    branches: Vec<Branch>,
    wide_normal: Normal,
    output: (Array2<f32>, Array1<f32>),
    /// Named by from which layer to which: the dense ones skip.
    dense: Dense,
    epsilon: f32,
}

#[derive(Debug)]
struct Dense {
    sum_to_0: Array2<f32>,
    zero_to_1: Array2<f32>,
    sum_to_1: Array2<f32>,
    one_to_2: Array2<f32>,
    one_to_out: Array2<f32>,
    two_to_out: Array2<f32>,
}

impl Network {
    pub(crate) fn new(mut arrays: Arrays) -> Result<Self, &'static str> {
        let a = &mut arrays;
        let table = (0..BLOCKS).map(|_| a.bytes(&[ROWS, WIDTH])).collect::<Result<_, _>>()?;
        let (least, scale) = (a.row(BLOCKS)?, a.row(BLOCKS)?);
        // How many bits the package's own table once had; all eight are used.
        a.bytes(&[1])?;
        let (mut narrow, mut narrow_biases) = (Vec::new(), Vec::new());
        let (mut gains, mut biases) = (Vec::new(), Vec::new());
        let mut branches = Vec::new();
        for (run, before) in BRANCHES {
            narrow.push(a.matrix(WIDTH, NARROW)?);
            narrow_biases.push(a.row(NARROW)?);
            gains.push(a.row(NARROW)?);
            biases.push(a.row(NARROW)?);
            let first = (a.matrix(run * NARROW, NARROW)?, a.row(NARROW)?);
            let second = (a.matrix(run * NARROW, NARROW)?, a.row(NARROW)?);
            branches.push(Branch { run, before, first, second });
        }
        let narrow = (beside(&narrow), joined(&narrow_biases));
        let narrow_normal = Normal { gain: joined(&gains), bias: joined(&biases) };
        let wide_normal = Normal { gain: a.row(WIDE)?, bias: a.row(WIDE)? };
        let output = (a.matrix(WIDE, WIDTH)?, a.row(WIDTH)?);
        let dense = Dense {
            sum_to_0: a.matrix(WIDTH, DENSE)?,
            zero_to_1: a.matrix(DENSE, DENSE)?,
            sum_to_1: a.matrix(WIDTH, DENSE)?,
            one_to_2: a.matrix(DENSE, WIDTH)?,
            one_to_out: a.matrix(DENSE, WIDTH)?,
            two_to_out: a.matrix(WIDTH, WIDTH)?,
        };
        Ok(Self {
            table,
            least,
            scale,
            narrow,
            narrow_normal,
            branches,
            wide_normal,
            output,
            dense,
            epsilon: a.double()? as f32,
        })
    }

    /// One vector for each sentence of a few, given by its pieces (at least one each).
    pub(crate) fn encode(&self, sentences: &[Vec<u32>]) -> Vec<Vector> {
        let pieces: Vec<u32> = sentences.iter().flatten().copied().collect();
        let mut numbers = Array2::zeros((pieces.len(), WIDTH));
        for (row, piece) in numbers.rows_mut().into_iter().zip(&pieces) {
            self.look_up(*piece, row);
        }
        let mut narrow = numbers.dot(&self.narrow.0) + &self.narrow.1;
        self.narrow_normal.apply(&mut narrow, self.epsilon);
        let mut parts = vec![numbers];
        for (number, branch) in self.branches.iter().enumerate() {
            parts.push(branch.of(narrow.slice(s![.., number * NARROW..(number + 1) * NARROW]), sentences));
        }
        let mut wide = beside(&parts);
        self.wide_normal.apply(&mut wide, self.epsilon);
        let mut sums = Array2::zeros((sentences.len(), WIDE));
        let mut from = 0;
        for (mut sum, sentence) in sums.rows_mut().into_iter().zip(sentences) {
            sum.assign(&wide.slice(s![from..from + sentence.len(), ..]).sum_axis(Axis(0)));
            from += sentence.len();
        }
        let mut sums: Array2<f32> = sums.dot(&self.output.0);
        for (mut sum, sentence) in sums.rows_mut().into_iter().zip(sentences) {
            let length = sentence.len() as f32;
            sum.scaled_add(length, &self.output.1);
            sum /= length.sqrt();
        }
        self.dense.of(&sums).rows().into_iter().map(|row| self.unit(row)).collect()
    }

    fn look_up(&self, piece: u32, row: ArrayViewMut1<'_, f32>) {
        let (block, at) = (piece as usize % BLOCKS, piece as usize / BLOCKS * WIDTH);
        let (least, scale) = (self.least[block], self.scale[block]);
        let bytes = self.table[block].get(at..at + WIDTH).unwrap_or(&[]);
        for (number, byte) in row.into_iter().zip(bytes) {
            *number = f32::from(*byte) * scale + least;
        }
    }

    fn unit(&self, row: ArrayView1<'_, f32>) -> Vector {
        let length = row.dot(&row).max(self.epsilon).sqrt();
        std::array::from_fn(|at| row[at] / length)
    }
}

/// Matrices of as many rows, beside each other.
fn beside(parts: &[Array2<f32>]) -> Array2<f32> {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    concatenate(Axis(1), &views).expect("all parts have as many rows")
}

fn joined(parts: &[Array1<f32>]) -> Array1<f32> {
    parts.iter().flatten().copied().collect()
}

impl Normal {
    /// Each row to mean 0 and variance 1, then to what was learnt.
    fn apply(&self, rows: &mut Array2<f32>, epsilon: f32) {
        for mut row in rows.rows_mut() {
            let width = row.len() as f32;
            row -= row.sum() / width;
            let deviation = (row.dot(&row) / width + epsilon).sqrt();
            row /= deviation;
            row *= &self.gain;
            row += &self.bias;
        }
    }
}

impl Branch {
    fn of(&self, rows: ArrayView2<'_, f32>, sentences: &[Vec<u32>]) -> Array2<f32> {
        let once = self.convolve(&self.first, rows, sentences);
        self.convolve(&self.second, once.view(), sentences)
    }

    /// Each piece's run of pieces, nothing beyond its sentence, through the weights; what came in is added.
    fn convolve(
        &self,
        weights: &(Array2<f32>, Array1<f32>),
        rows: ArrayView2<'_, f32>,
        sentences: &[Vec<u32>],
    ) -> Array2<f32> {
        let mut runs = Array2::zeros((rows.nrows(), self.run * NARROW));
        let mut from = 0;
        for sentence in sentences {
            let to = from + sentence.len();
            for at in from..to {
                for place in 0..self.run {
                    if let Some(other) =
                        (at + place).checked_sub(self.before).filter(|other| (from..to).contains(other))
                    {
                        runs.slice_mut(s![at, place * NARROW..(place + 1) * NARROW]).assign(&rows.row(other));
                    }
                }
            }
            from = to;
        }
        (runs.dot(&weights.0) + &weights.1).mapv_into(|n: f32| n.max(0.0)) + rows
    }
}

impl Dense {
    fn of(&self, sums: &Array2<f32>) -> Array2<f32> {
        let relu = |n: f32| n.max(0.0);
        let zero = sums.dot(&self.sum_to_0).mapv_into(relu);
        let one = (sums.dot(&self.sum_to_1) + zero.dot(&self.zero_to_1)).mapv_into(relu);
        let two = one.dot(&self.one_to_2).mapv_into(relu);
        (one.dot(&self.one_to_out) + two.dot(&self.two_to_out)).mapv_into(f32::tanh)
    }
}
