//! Spectra to sound: a pulse train at the pitch, shaped by the voiced spectrum; noise, shaped by the noise spectrum; and the rest
//! as it is. All three are added in the frequency domain and brought back with one inverse short-time transform.

use std::f32::consts::PI;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex32;

use super::network::{BINS, Spectra};

/// Of the sound, in Hz.
pub(super) const RATE: u32 = 24_000;
/// Samples of a window, and from one to the next (12.5 ms).
const WINDOW: usize = 1_200;
const HOP: usize = 300;
/// Below this pitch, in Hz, a column is unvoiced.
const VOICED: f32 = 40.0;
/// Harmonics above this are left to the noise.
const HIGHEST: f32 = 11_000.0;
/// Magnitudes beyond this are the network's error: e^7.
const LOUDEST: f32 = 7.0;

/// Sound at [`RATE`], 300 samples per column.
pub(super) fn synthesise(spectra: &Spectra) -> Vec<f32> {
    let columns = spectra.pitch.len();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(WINDOW), planner.plan_fft_inverse(WINDOW));
    let window: Vec<f32> = (0..WINDOW).map(|n| 0.5 - 0.5 * (2.0 * PI * n as f32 / WINDOW as f32).cos()).collect();
    let pulses = reflected(&pulses(&spectra.pitch));
    // The same noise for the same sentence: a phrase sounds alike each time, and tests can compare.
    let mut random = SmallRng::seed_from_u64(columns as u64);
    let mut frame = vec![0.0_f32; WINDOW];
    let mut spectrum = vec![Complex32::default(); BINS];
    let mut sound = vec![0.0_f32; columns * HOP + WINDOW];
    let mut weight = vec![0.0_f32; sound.len()];
    for column in 0..columns {
        let source = &pulses[column * HOP..column * HOP + WINDOW];
        for ((frame, source), window) in frame.iter_mut().zip(source).zip(&window) {
            *frame = source * window / (WINDOW as f32 / 4.0);
        }
        // Lengths are the plan's own: it cannot refuse them.
        forward.process(&mut frame, &mut spectrum).expect("the buffers have the plan's lengths");
        for (bin, value) in spectrum.iter_mut().enumerate() {
            let at = bin * columns + column;
            let magnitude = |log: f32| log.min(LOUDEST).exp();
            let voiced = Complex32::from_polar(magnitude(spectra.voiced[at]), PI * spectra.turn[at].tanh());
            let noise = normal(&mut random) * magnitude(spectra.noise[at]);
            let rest = Complex32::from_polar(magnitude(spectra.rest[at]), spectra.phase[at]);
            *value = *value * voiced + noise + rest;
        }
        // A real signal has no phase at its ends.
        spectrum[0].im = 0.0;
        spectrum[BINS - 1].im = 0.0;
        inverse.process(&mut spectrum, &mut frame).expect("the buffers have the plan's lengths");
        for (n, (value, window)) in frame.iter().zip(&window).enumerate() {
            sound[column * HOP + n] += value / WINDOW as f32 * window;
            weight[column * HOP + n] += window * window;
        }
    }
    let half = WINDOW / 2;
    let scaled = sound.iter().zip(&weight).skip(half).take(columns * HOP);
    scaled.map(|(value, weight)| value / weight.max(1e-11)).collect()
}

/// All harmonics below [`HIGHEST`] with amplitude 1, as their closed sum; silent where unvoiced.
fn pulses(pitch: &[f32]) -> Vec<f32> {
    let mut phase = 0.0_f64;
    (0..pitch.len() * HOP)
        .map(|n| {
            let hz = interpolated(pitch, n);
            let voiced = hz > VOICED;
            let hz = hz.max(VOICED);
            phase = (phase + f64::from(hz) / f64::from(RATE)).fract();
            if !voiced {
                return 0.0;
            }
            let angle = phase as f32 * 2.0 * PI;
            let harmonics = (HIGHEST / hz).floor() + 0.5;
            let divisor = 2.0 * (angle / 2.0).sin();
            let sum = if divisor.abs() <= 2e-3 { harmonics } else { (harmonics * angle).sin() / divisor };
            sum - 0.5
        })
        .collect()
}

/// The pitch at sample `n`: each value stands at the middle of its column.
fn interpolated(pitch: &[f32], n: usize) -> f32 {
    let place = (n as f32 + 0.5) / HOP as f32 - 0.5;
    let before = place.floor();
    let share = place - before;
    let at = |column: f32| pitch[(column.max(0.0) as usize).min(pitch.len() - 1)];
    at(before) * (1.0 - share) + at(before + 1.0) * share
}

/// Half a window of mirror image on both sides, so that the first column is centred on the first sample.
fn reflected(signal: &[f32]) -> Vec<f32> {
    let half = WINDOW / 2;
    let last = signal.len().saturating_sub(1);
    let at = |n: isize| signal[n.unsigned_abs().min(2 * last - n.unsigned_abs().min(2 * last)).min(last)];
    (-(half as isize)..(signal.len() + half) as isize).map(at).collect()
}

/// Two independent normal values (Box and Muller).
fn normal(random: &mut SmallRng) -> Complex32 {
    let radius = (-2.0 * (1.0 - random.random::<f32>()).ln()).sqrt();
    Complex32::from_polar(radius, 2.0 * PI * random.random::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voiced_pitch_gives_pulses_and_an_unvoiced_one_silence() {
        let pulses = pulses(&[100.0, 100.0, 0.0, 0.0, 0.0]);
        assert!(pulses[..HOP].iter().any(|value| *value > 50.0));
        assert!(pulses[4 * HOP..].iter().all(|value| *value == 0.0));
    }

    #[test]
    fn a_mirror_has_no_edge() {
        let signal: Vec<f32> = (0..2_000).map(|n| n as f32).collect();
        let padded = reflected(&signal);
        assert_eq!(padded.len(), 2_000 + WINDOW);
        assert_eq!((padded[WINDOW / 2 - 1], padded[WINDOW / 2], padded[WINDOW / 2 + 1]), (1.0, 0.0, 1.0));
        assert_eq!(padded[2_000 + WINDOW / 2], 1_998.0);
    }
}
