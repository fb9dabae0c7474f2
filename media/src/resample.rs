//! Changes the sample rate of a stream, chunk by chunk, as if it had come in one piece.
//!
//! A polyphase FIR of our own: a Kaiser-windowed sinc cut once per ratio. Against an FFT resampler it trades a few
//! microseconds for most of its delay: 1.4 ms at 8 to 16 kHz instead of 10 ms (docs/decisions.md has the figures).
//! Flat to 85 % of the lower Nyquist frequency (3.4 kHz of 4), images and aliases 55 dB down outside the transition.
//! It must never forget its history between chunks, and never allocate after construction.
//! Units: rates in Hz, audio 16-bit linear mono.

/// Attenuation of images and aliases that the filter is cut for, in dB: below the noise of mu-law (38 dB) with a margin.
const ATTENUATION_DB: f64 = 55.0;

/// Passband edge as a share of the lower Nyquist frequency: a telephone band ends at 3.4 of 4 kHz.
const PASSBAND: f64 = 0.85;

/// Input samples taken up before any is filtered: a window over a sample written just before waits for the processor's store buffer,
/// which took half of a conversion (`make bench`, 2026-11-21). A part of every frame.
const BLOCK: usize = 40;

/// Lanes that the dot product runs in; tap rows are padded to a multiple of it.
const LANES: usize = 8;

/// A ratio that cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot resample {from} Hz to {to} Hz: both must be 8,000 to 48,000 with a ratio of at most 640 phases")]
pub struct BadRatio {
    pub from: u32,
    pub to: u32,
}

/// A stateful converter between two fixed rates.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// Output samples per `step` input samples.
    phases: usize,
    /// Input samples per `phases` output samples.
    step: usize,
    /// Rows of `width` taps, one row per phase, in the order of the history: oldest sample first.
    taps: Box<[f32]>,
    width: usize,
    /// The `width` input samples before a block, then the block.
    history: Box<[f32]>,
    /// Position of the next output within the input grid, in 1/`phases` of an input sample.
    phase: usize,
    /// Group delay in output samples.
    delay: f64,
}

impl Resampler {
    pub fn new(from: u32, to: u32) -> Result<Self, BadRatio> {
        let bad = BadRatio { from, to };
        if !(8_000..=48_000).contains(&from) || !(8_000..=48_000).contains(&to) {
            return Err(bad);
        }
        let common = greatest_common_divisor(from, to);
        let phases = (to / common) as usize;
        let step = (from / common) as usize;
        if phases > 640 {
            return Err(bad);
        }
        if phases == step {
            return Ok(Self::through());
        }
        let lower = f64::from(from.min(to));
        let dense = f64::from(from) * phases as f64;
        let half_width = kaiser_length(ATTENUATION_DB, lower * (1.0 - PASSBAND) / dense).div_ceil(2 * phases);
        let width = (2 * half_width).next_multiple_of(LANES);
        let centre = (half_width * phases) as f64;
        // The transition is centred on the lower Nyquist frequency: what aliases there is above the telephone band.
        let cutoff = lower / 2.0 / dense;
        let mut taps = vec![0.0_f32; phases * width];
        for phase in 0..phases {
            let row = &mut taps[phase * width..(phase + 1) * width];
            let mut sum = 0.0;
            for (age, tap) in row.iter_mut().rev().enumerate().take(2 * half_width) {
                let position = (age * phases + phase) as f64;
                let value = windowed_sinc(position - centre, cutoff, centre) * phases as f64;
                *tap = value as f32;
                sum += value;
            }
            // Each phase passes a constant unchanged: without this, phases differ by the window's ripple, a faint tone.
            row.iter_mut().for_each(|tap| *tap /= sum as f32);
        }
        Ok(Self {
            phases,
            step,
            taps: taps.into(),
            width,
            history: vec![0.0; width + BLOCK].into(),
            phase: 0,
            delay: centre / step as f64,
        })
    }

    /// Same rate on both sides: samples pass untouched.
    fn through() -> Self {
        Self { phases: 1, step: 1, taps: Box::default(), width: 0, history: Box::default(), phase: 0, delay: 0.0 }
    }

    /// How long a sample stays inside, in output samples.
    pub fn delay(&self) -> f64 {
        self.delay
    }

    /// The most samples that `input` more samples can give.
    pub fn most(&self, input: usize) -> usize {
        (input * self.phases).div_ceil(self.step)
    }

    /// Converts all of `input` into the front of `output` and returns how many samples that were.
    /// `output` must hold [`Resampler::most`] samples.
    pub fn process(&mut self, input: &[i16], output: &mut [i16]) -> usize {
        if self.width == 0 {
            output[..input.len()].copy_from_slice(input);
            return input.len();
        }
        let mut made = 0;
        for block in input.chunks(BLOCK) {
            for (kept, &sample) in self.history[self.width..].iter_mut().zip(block) {
                *kept = f32::from(sample);
            }
            for newest in 0..block.len() {
                let window = &self.history[newest + 1..][..self.width];
                while self.phase < self.phases {
                    let row = &self.taps[self.phase * self.width..][..self.width];
                    output[made] = rounded(dot(window, row));
                    made += 1;
                    self.phase += self.step;
                }
                self.phase -= self.phases;
            }
            self.history.copy_within(block.len()..block.len() + self.width, 0);
        }
        made
    }

    /// Forgets what went before, for a new stream.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        self.phase = 0;
    }
}

/// Converts a whole recording at once, offline.
pub fn whole(audio: &[i16], from: u32, to: u32) -> Result<Vec<i16>, BadRatio> {
    let mut resampler = Resampler::new(from, to)?;
    let mut converted = vec![0; resampler.most(audio.len())];
    let made = resampler.process(audio, &mut converted);
    converted.truncate(made);
    Ok(converted)
}

/// Eight running sums, so that the compiler may use vector registers: one float sum has a fixed order.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    total(sums)
}

/// In pairs, so that fewer additions wait for one another.
fn total(sums: [f32; LANES]) -> f32 {
    let four: [f32; 4] = std::array::from_fn(|n| sums[n] + sums[n + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// To the nearest, within range. `f32::round` is a call into the C library where the processor is any x86-64, once a sample.
fn rounded(value: f32) -> i16 {
    (value + 0.5_f32.copysign(value)) as i16
}

/// Taps that a Kaiser window needs (Kaiser 1974): `transition` as a share of the sampling rate.
fn kaiser_length(attenuation_db: f64, transition: f64) -> usize {
    ((attenuation_db - 7.95) / (14.36 * transition)).ceil() as usize + 1
}

fn windowed_sinc(offset: f64, cutoff: f64, half: f64) -> f64 {
    use std::f64::consts::PI;
    if offset.abs() > half {
        return 0.0;
    }
    // Kaiser's fit of beta to the attenuation, for more than 50 dB.
    let beta = 0.1102 * (ATTENUATION_DB - 8.7);
    let window = bessel_i0(beta * (1.0 - (offset / half).powi(2)).max(0.0).sqrt()) / bessel_i0(beta);
    let x = 2.0 * cutoff * offset;
    let sinc = if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
    2.0 * cutoff * sinc * window
}

/// Modified Bessel function of the first kind, order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

const fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATES: [u32; 5] = [8_000, 16_000, 22_050, 24_000, 48_000];

    fn tone(hz: f64, rate: u32, seconds: f64) -> Vec<i16> {
        let samples = (f64::from(rate) * seconds) as usize;
        (0..samples)
            .map(|n| (10_000.0 * (std::f64::consts::TAU * hz * n as f64 / f64::from(rate)).sin()) as i16)
            .collect()
    }

    /// Level of the part of `audio` at `hz`, and of everything else, in dB against the tone that went in.
    fn levels(audio: &[i16], hz: f64, rate: u32) -> (f64, f64) {
        let settled = &audio[audio.len() / 4..];
        let step = std::f64::consts::TAU * hz / f64::from(rate);
        let (mut re, mut im, mut power) = (0.0, 0.0, 0.0);
        // A Hann window keeps the tone's own edges out of "everything else".
        let mut weight = 0.0;
        for (n, &sample) in settled.iter().enumerate() {
            let w = 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / settled.len() as f64).cos();
            re += w * f64::from(sample) * (step * n as f64).cos();
            im += w * f64::from(sample) * (step * n as f64).sin();
            weight += w;
        }
        let (cosine, sine) = (2.0 * re / weight, 2.0 * im / weight);
        for (n, &sample) in settled.iter().enumerate() {
            let model = cosine * (step * n as f64).cos() + sine * (step * n as f64).sin();
            power += (f64::from(sample) - model).powi(2);
        }
        let amplitude = cosine.hypot(sine);
        let rest = (2.0 * power / settled.len() as f64).sqrt();
        (20.0 * (amplitude / 10_000.0).log10(), 20.0 * (rest.max(1e-9) / 10_000.0).log10())
    }

    #[test]
    fn the_telephone_band_passes_flat_and_clean_between_all_rates() {
        for from in RATES {
            for to in RATES {
                let edge = 0.85 * f64::from(from.min(to)) / 2.0;
                for hz in [300.0, 1_000.0, 0.5 * edge, edge] {
                    let out = whole(&tone(hz, from, 0.5), from, to).unwrap();
                    let (level, rest) = levels(&out, hz, to);
                    assert!(level.abs() < 0.3, "{from} -> {to} Hz, tone {hz}: level {level:.2} dB");
                    assert!(rest < -50.0, "{from} -> {to} Hz, tone {hz}: rest {rest:.1} dB");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_kept_is_50_db_down() {
        for (from, to, hz) in [(16_000, 8_000, 4_650.0), (16_000, 8_000, 6_000.0), (48_000, 16_000, 9_300.0)] {
            let out = whole(&tone(hz, from, 0.5), from, to).unwrap();
            let power = out[out.len() / 4..].iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
            let level = 10.0 * (2.0 * power / (0.75 * out.len() as f64) / 1e8).log10();
            assert!(level < -50.0, "{from} -> {to} Hz, tone {hz}: {level:.1} dB");
        }
    }

    #[test]
    fn eight_and_sixteen_kilohertz_cost_under_two_milliseconds_each() {
        assert!(Resampler::new(8_000, 16_000).unwrap().delay() / 16.0 < 2.0);
        assert!(Resampler::new(16_000, 8_000).unwrap().delay() / 8.0 < 2.0);
    }

    #[test]
    fn a_slot_gives_exactly_a_slot() {
        let mut up = Resampler::new(8_000, 16_000).unwrap();
        let mut down = Resampler::new(16_000, 8_000).unwrap();
        let mut out = [0; 320];
        for _ in 0..100 {
            assert_eq!(up.process(&[5; 160], &mut out), 320);
            assert_eq!(down.process(&[5; 320], &mut out), 160);
        }
    }

    #[test]
    fn loud_audio_is_clipped_and_not_wrapped() {
        let square: Vec<i16> = (0..800).map(|n| if n / 5 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        let out = whole(&square, 8_000, 16_000).unwrap();
        assert!(out.windows(2).all(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs() < 60_000));
    }

    #[test]
    fn odd_rates_are_refused_with_a_reason() {
        let refused = Resampler::new(8_000, 44_101).unwrap_err();
        assert!(refused.to_string().contains("44101"));
        assert!(Resampler::new(0, 8_000).is_err());
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            cuts in prop::collection::vec(1_usize..400, 1..20),
            from in prop::sample::select(RATES.to_vec()),
            to in prop::sample::select(RATES.to_vec()),
        ) {
            let total: usize = cuts.iter().sum();
            let audio: Vec<i16> = (0..total).map(|n| ((n * n * 7919) % 20_011) as i16 - 10_000).collect();
            let expected = whole(&audio, from, to).unwrap();
            let mut resampler = Resampler::new(from, to).unwrap();
            let mut made = Vec::new();
            let mut rest = &audio[..];
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut);
                rest = after;
                let mut out = vec![0; resampler.most(cut)];
                let count = resampler.process(chunk, &mut out);
                made.extend_from_slice(&out[..count]);
            }
            prop_assert_eq!(made, expected);
        }
    }
}
