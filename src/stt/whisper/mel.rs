//! Sound as Whisper was taught to see it: 80 mel bands every 10 ms, their logarithm, floored 8 decades below the loudest of the whole
//! window and scaled to about -1 to 1. Audio is 16 kHz, -1 to 1; columns are 10 ms.
//!
//! The crate's own front end floors each column by its own loudest band and fills what is empty with a level that no silence has
//! (read in ct2rs 0.10.3); then the model takes quiet for loud.

use std::f32::consts::PI;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

/// Bands.
pub(super) const BANDS: usize = 80;
/// Samples from one column to the next: 10 ms.
pub(super) const HOP: usize = 160;
/// Samples of a column's window: 25 ms.
const FRAME: usize = 400;
const BINS: usize = FRAME / 2 + 1;
const RATE: f32 = 16_000.0;
/// The least power that counts, and how many decades below the loudest are seen.
const LEAST: f32 = 1e-10;
const DEPTH: f32 = 8.0;

/// One band: a triangle over neighbouring bins.
struct Band {
    first: usize,
    weights: Vec<f32>,
}

pub(super) struct Mel {
    bands: Vec<Band>,
    window: Vec<f32>,
    transform: Arc<dyn RealToComplex<f32>>,
}

impl Mel {
    pub(super) fn new() -> Self {
        let window = (0..FRAME).map(|n| 0.5 - 0.5 * (2.0 * PI * n as f32 / FRAME as f32).cos()).collect();
        Self { bands: bands(), window, transform: RealFftPlanner::new().plan_fft_forward(FRAME) }
    }

    /// `columns` columns of all bands, band by band; silence where there is no audio.
    pub(super) fn of(&self, audio: &[f32], columns: usize) -> Vec<f32> {
        let audio = &audio[..audio.len().min(columns * HOP)];
        let mut seen = vec![LEAST.log10(); BANDS * columns];
        let mut loudest = LEAST.log10();
        let (mut frame, mut spectrum) = (self.transform.make_input_vec(), self.transform.make_output_vec());
        let mut power = [0.0_f32; BINS];
        let sounding = columns.min((audio.len() + FRAME / 2).div_ceil(HOP));
        for column in 0..sounding {
            // A column is centred on its place; the beginning is mirrored.
            for (n, (value, window)) in frame.iter_mut().zip(&self.window).enumerate() {
                let place = (column * HOP + n).abs_diff(FRAME / 2);
                *value = audio.get(place).copied().unwrap_or(0.0) * window;
            }
            self.transform.process(&mut frame, &mut spectrum).expect("the buffers have the plan's lengths");
            for (power, value) in power.iter_mut().zip(&spectrum) {
                *power = value.norm_sqr();
            }
            for (n, band) in self.bands.iter().enumerate() {
                let sum: f32 =
                    band.weights.iter().zip(&power[band.first..]).map(|(weight, power)| weight * power).sum();
                let level = sum.max(LEAST).log10();
                loudest = loudest.max(level);
                seen[n * columns + column] = level;
            }
        }
        for level in &mut seen {
            *level = (level.max(loudest - DEPTH) + 4.0) / 4.0;
        }
        seen
    }
}

/// Slaney's bands: linear below 1 kHz, logarithmic above, each of the same area.
fn bands() -> Vec<Band> {
    let edges: Vec<f32> = (0..BANDS + 2).map(|n| hertz(mels(RATE / 2.0) * n as f32 / (BANDS + 1) as f32)).collect();
    let place = |bin: usize| bin as f32 * RATE / FRAME as f32;
    edges
        .windows(3)
        .map(|edge| {
            let weight = |bin: usize| {
                let (up, down) =
                    ((place(bin) - edge[0]) / (edge[1] - edge[0]), (edge[2] - place(bin)) / (edge[2] - edge[1]));
                up.min(down).max(0.0) * 2.0 / (edge[2] - edge[0])
            };
            let first = (0..BINS).find(|bin| place(*bin) > edge[0]).unwrap_or(0);
            Band { first, weights: (first..BINS).take_while(|bin| place(*bin) < edge[2]).map(weight).collect() }
        })
        .collect()
}

const LINEAR: f32 = 200.0 / 3.0;
const KNEE_HZ: f32 = 1_000.0;
const KNEE_MELS: f32 = 15.0;
/// The natural logarithm of 6.4, over 27.
const STEP: f32 = 0.068_751_78;

fn mels(hertz: f32) -> f32 {
    if hertz < KNEE_HZ { hertz / LINEAR } else { KNEE_MELS + (hertz / KNEE_HZ).ln() / STEP }
}

fn hertz(mels: f32) -> f32 {
    if mels < KNEE_MELS { mels * LINEAR } else { KNEE_HZ * ((mels - KNEE_MELS) * STEP).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_in_its_band_and_silence_is_the_floor() {
        let tone: Vec<f32> = (0..16_000).map(|n| 0.5 * (2.0 * PI * 1_000.0 * n as f32 / RATE).sin()).collect();
        let seen = Mel::new().of(&tone, 200);
        let column = |column: usize| -> Vec<f32> { (0..BANDS).map(|band| seen[band * 200 + column]).collect() };
        let loudest = (0..BANDS).max_by(|a, b| column(50)[*a].total_cmp(&column(50)[*b])).unwrap();
        // 1 kHz is 15 mels of 45.2 up to 8 kHz, in 81 steps.
        assert!((25..=27).contains(&loudest), "{loudest}");
        let (top, floor) = (column(50)[loudest], column(150)[0]);
        assert!((top - floor - DEPTH / 4.0).abs() < 0.02, "{top} {floor}");
        assert!(column(150).iter().all(|level| *level == floor));
    }

    #[test]
    fn bands_cover_the_spectrum_with_equal_area() {
        let bands = bands();
        assert_eq!(bands.len(), BANDS);
        assert!(bands.iter().all(|band| !band.weights.is_empty()));
        let area = |band: &Band| band.weights.iter().sum::<f32>() * RATE / FRAME as f32;
        assert!((area(&bands[70]) - 1.0).abs() < 0.05, "{}", area(&bands[70]));
    }
}
