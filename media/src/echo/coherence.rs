//! How much of one signal is a delayed, filtered copy of another: short-time coherence at every delay at once.
//!
//! For each delay and bin the cross-spectrum is averaged over about 80 ms. Of independent signals it averages out; of an
//! echo it does not, whatever the echo path does to level and phase. Nothing has to converge first, so the very first
//! syllable is judged as well as any later one. Few windows agree by chance: `chance` says how well.

use super::spectrum::{BINS, Bins};

/// Delays looked at, in hops: 0 to 510 ms.
pub(super) const DELAYS: usize = 52;

/// Spectra of our side kept: the delays, and 60 ms for a heard frame that comes late.
const HISTORY: usize = DELAYS + 6;

/// What an average keeps per hop: a time constant of 80 ms. Shorter, and more windows agree by chance; longer, and speech
/// over an echo is noticed later (measured on recorded speech, see docs/decisions.md).
const KEEP: f32 = 0.88;

/// Added to powers, far below one quantisation step, so that digital silence divides to nothing.
const TINY: f32 = 1e5;

/// The delay that explains the heard signal best.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Match {
    /// In hops.
    pub(super) delay: usize,
    /// Share of the heard signal that is explained, 0 to 1: each bin counted alike, and each by its energy, averaged.
    pub(super) explained: f32,
    /// What independent signals of the same envelopes would reach on average.
    pub(super) chance: f32,
}

#[derive(Clone, Copy, Debug)]
struct Ours {
    spectrum: Bins,
    /// Averages at the time of this spectrum.
    powers: [f32; BINS],
    energy: f32,
    mean_energy: f32,
}

#[derive(Debug)]
pub(super) struct Coherence {
    ours: Box<[Ours]>,
    ours_count: u64,
    /// Spectra in a row, to the newest of ours, in which there was nothing at all.
    ours_silent: u64,
    theirs_count: u64,
    theirs_powers: [f32; BINS],
    theirs_mean_energy: f32,
    cross: Box<[Bins]>,
    /// Average product of both energies at each delay: how few windows carry the averages.
    joint: [f32; DELAYS],
}

impl Coherence {
    pub(super) fn new() -> Self {
        let silent = Ours { spectrum: Bins::ZERO, powers: [0.0; BINS], energy: 0.0, mean_energy: 0.0 };
        Self {
            ours: vec![silent; HISTORY].into(),
            ours_count: 0,
            ours_silent: HISTORY as u64,
            theirs_count: 0,
            theirs_powers: [0.0; BINS],
            theirs_mean_energy: 0.0,
            cross: vec![Bins::ZERO; DELAYS].into(),
            joint: [0.0; DELAYS],
        }
    }

    /// The next spectrum of what we said.
    pub(super) fn ours(&mut self, spectrum: Bins) {
        let last = self.ours[(self.ours_count.wrapping_sub(1) % HISTORY as u64) as usize];
        let powers = spectrum.powers();
        let energy = sum(&powers);
        self.ours[(self.ours_count % HISTORY as u64) as usize] = Ours {
            spectrum,
            powers: std::array::from_fn(|k| last.powers[k] * KEEP + powers[k]),
            energy,
            mean_energy: last.mean_energy * KEEP + energy,
        };
        self.ours_silent = if energy > 0.0 { 0 } else { self.ours_silent + 1 };
        self.ours_count += 1;
    }

    /// The next spectrum of what we heard.
    pub(super) fn theirs(&mut self, spectrum: &Bins) {
        let powers = spectrum.powers();
        let energy = sum(&powers);
        for (mean, power) in self.theirs_powers.iter_mut().zip(powers) {
            *mean = *mean * KEEP + power;
        }
        self.theirs_mean_energy = self.theirs_mean_energy * KEEP + energy;
        if self.nothing_said() {
            self.forget();
        } else {
            self.correlate(spectrum, energy);
        }
        self.theirs_count += 1;
    }

    /// Whether every spectrum of ours that is kept is digital silence: nothing of ours can come back.
    fn nothing_said(&self) -> bool {
        self.ours_silent >= HISTORY as u64
    }

    /// The averages over what was said long ago, which decay towards zero: they would end among numbers so small that
    /// arithmetic on them is many times slower.
    fn forget(&mut self) {
        if self.joint != [0.0; DELAYS] {
            self.cross.fill(Bins::ZERO);
            self.joint.fill(0.0);
        }
    }

    fn correlate(&mut self, spectrum: &Bins, energy: f32) {
        for delay in 0..DELAYS {
            let cross = &mut self.cross[delay];
            let Some(ours) = ours_at(&self.ours, self.ours_count, self.theirs_count, delay) else {
                for k in 0..BINS {
                    cross.re[k] *= KEEP;
                    cross.im[k] *= KEEP;
                }
                self.joint[delay] *= KEEP * KEEP;
                continue;
            };
            for k in 0..BINS {
                let (xr, xi, yr, yi) = (ours.spectrum.re[k], ours.spectrum.im[k], spectrum.re[k], spectrum.im[k]);
                cross.re[k] = cross.re[k] * KEEP + xr * yr + xi * yi;
                cross.im[k] = cross.im[k] * KEEP + xr * yi - xi * yr;
            }
            self.joint[delay] = self.joint[delay] * KEEP * KEEP + ours.energy * energy;
        }
    }

    /// The best match as of the newest spectra.
    pub(super) fn best(&self) -> Match {
        let theirs = sum(&self.theirs_powers) + TINY;
        let each: [f32; BINS] = std::array::from_fn(|k| 1.0 / (BINS as f32 * (self.theirs_powers[k] + TINY)));
        let Some(newest) = self.theirs_count.checked_sub(1) else { return Match::default() };
        let mut best = (f32::MIN, Match::default());
        for delay in 0..DELAYS {
            let Some(ours) = ours_at(&self.ours, self.ours_count, newest, delay) else { continue };
            if ours.mean_energy < TINY {
                continue;
            }
            let cross = &self.cross[delay];
            let powers: [f32; BINS] = std::array::from_fn(|k| {
                (cross.re[k] * cross.re[k] + cross.im[k] * cross.im[k]) / (ours.powers[k] + TINY)
            });
            let alike = sum(&std::array::from_fn(|k| powers[k] * each[k]));
            let by_energy = sum(&powers);
            let chance = (self.joint[delay] / (ours.mean_energy * self.theirs_mean_energy + TINY)).min(1.0);
            // Windows overlap threefold, so that chance agreement is up to twice that of independent ones.
            let beyond_chance = (alike - 2.0 * chance) / (1.0 - 2.0 * chance).max(0.05);
            if beyond_chance > best.0 {
                let explained = (alike * by_energy / theirs).sqrt().min(1.0);
                best = (beyond_chance, Match { delay, explained, chance });
            }
        }
        best.1
    }

    /// Whether we said anything within the delays looked at.
    pub(super) fn audible(&self) -> bool {
        self.ours.iter().any(|ours| ours.energy > 1e3 * TINY)
    }
}

fn ours_at(ours: &[Ours], count: u64, theirs: u64, delay: usize) -> Option<&Ours> {
    let wanted = theirs.checked_sub(delay as u64)?;
    (wanted < count && wanted + HISTORY as u64 >= count).then(|| &ours[(wanted % HISTORY as u64) as usize])
}

/// In pairs, which the compiler may do in vector registers: one float sum has a fixed order.
fn sum(values: &[f32; BINS]) -> f32 {
    let mut sums = *values;
    let mut half = BINS / 2;
    while half > 0 {
        for n in 0..half {
            sums[n] += sums[n + half];
        }
        half /= 2;
    }
    sums[0]
}
