//! Short-time spectra of the telephone band: 32 ms windows every 10 ms, 32 bins between 310 and 3,220 Hz.

use std::fmt;
use std::sync::{Arc, LazyLock};

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Samples between two spectra: 10 ms.
pub(super) const HOP: usize = 160;

/// Samples of a window: 32 ms, three times the hop, so that an echo whose delay lies between two hops still shares five
/// sixths of its window with the nearest.
const WINDOW: usize = 512;

/// Bins kept.
pub(super) const BINS: usize = 32;

/// 312 Hz: below that a telephone passes little.
const FIRST_BIN: usize = 10;

/// 94 Hz apart: the bins between say nearly the same (a Hann window spreads a tone over four).
const BIN_STEP: usize = 3;

/// One plan and one window for all legs of the process.
static PLAN: LazyLock<Arc<dyn RealToComplex<f32>>> = LazyLock::new(|| RealFftPlanner::new().plan_fft_forward(WINDOW));
static HANN: LazyLock<[f32; WINDOW]> = LazyLock::new(|| {
    std::array::from_fn(|n| 0.5 - 0.5 * (std::f32::consts::TAU * (n as f32 + 0.5) / WINDOW as f32).cos())
});

/// One spectrum, its real and imaginary parts apart for the vector unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bins {
    pub(super) re: [f32; BINS],
    pub(super) im: [f32; BINS],
}

impl Bins {
    pub(super) const ZERO: Self = Self { re: [0.0; BINS], im: [0.0; BINS] };

    pub(super) fn powers(&self) -> [f32; BINS] {
        std::array::from_fn(|k| self.re[k] * self.re[k] + self.im[k] * self.im[k])
    }
}

/// The newest 32 ms of one signal.
#[derive(Clone, Debug)]
pub(super) struct Window([i16; WINDOW]);

impl Window {
    pub(super) const SILENT: Self = Self([0; WINDOW]);
}

/// The transform and its scratch space, shared by the signals of one leg.
pub(super) struct Transform {
    plan: Arc<dyn RealToComplex<f32>>,
    input: Box<[f32]>,
    output: Box<[Complex<f32>]>,
    scratch: Box<[Complex<f32>]>,
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transform")
    }
}

impl Transform {
    pub(super) fn new() -> Self {
        LazyLock::force(&HANN);
        let plan = Arc::clone(&PLAN);
        Self {
            input: plan.make_input_vec().into(),
            output: plan.make_output_vec().into(),
            scratch: plan.make_scratch_vec().into(),
            plan,
        }
    }

    /// The spectrum of `window` after `hop` was appended to it.
    pub(super) fn push(&mut self, window: &mut Window, hop: &[i16]) -> Bins {
        window.0.copy_within(HOP.., 0);
        window.0[WINDOW - HOP..].copy_from_slice(hop);
        if window.0 == Window::SILENT.0 {
            return Bins::ZERO;
        }
        for ((input, &sample), weight) in self.input.iter_mut().zip(&window.0).zip(&*HANN) {
            *input = f32::from(sample) * weight;
        }
        self.plan
            .process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch)
            .expect("the buffers were made by this plan");
        let mut bins = Bins::ZERO;
        for (k, bin) in self.output[FIRST_BIN..].iter().step_by(BIN_STEP).take(BINS).enumerate() {
            bins.re[k] = bin.re;
            bins.im[k] = bin.im;
        }
        bins
    }
}
