//! Fills what was lost with more of the same: the last pitch period again and again, fading to the line's background within 60 ms.
//!
//! It is told of every frame that came, so that it knows what went before, and blends the first frame after a loss into
//! what it made up. A codec that knows better how to go on has the first [`CODEC`] of a hole. It makes no speech: of longer losses the noise
//! of the line remains. Unit: samples at 16 kHz.

mod background;

use background::Background;

/// Pitch periods looked for: 2.5 ms (400 Hz) to 16 ms (62 Hz).
const SHORTEST: usize = 40;
const LONGEST: usize = 256;

/// Samples compared for the pitch: 16 ms.
const COMPARED: usize = 256;

/// What is remembered: 32 ms, what is compared and the longest pitch period before it.
const MEMORY: usize = COMPARED + LONGEST;

/// Full level for the first 10 ms of a loss, then falling to the background at 60 ms.
const STEADY: usize = 160;
const SILENT: usize = 960;

/// What a codec makes up of a hole before we go on from there: 60 ms. Opus falls by 3 to 6 dB every 20 ms there and is down at the noise of the
/// line then (eight places in a recorded reader, 2026-11-21); after unvoiced sounds it would hiss on.
const CODEC: usize = 960;

/// Blend into the frame that ends a loss: 5 ms.
const BLEND: usize = 80;

/// See the module header.
#[derive(Clone, Debug)]
pub struct Conceal {
    memory: Box<[i16; MEMORY]>,
    background: Background,
    /// Samples made up since the last that came, and the period they repeat.
    made: usize,
    period: u16,
    /// Samples that the codec made up before these.
    by_codec: u16,
    sound: Sound,
}

/// What went before a loss. Noise that is repeated like a voice hums, and is taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sound {
    Voice,
    Background,
}

impl Default for Conceal {
    fn default() -> Self {
        Self::new()
    }
}

impl Conceal {
    pub fn new() -> Self {
        Self {
            memory: Box::new([0; MEMORY]),
            background: Background::new(),
            made: 0,
            period: LONGEST as u16,
            by_codec: 0,
            sound: Sound::Background,
        }
    }

    /// Audio that came: its beginning is blended if it ends a loss.
    pub fn came(&mut self, audio: &mut [i16]) {
        if self.made == 0 && self.by_codec > 0 {
            // It need not go on where the codec left off: late audio is what should have been there instead, and Opus begins a steady tone
            // anew. So it is blended with what we would have gone on with.
            self.begin();
        }
        if self.made > 0 || self.by_codec > 0 {
            let length = BLEND.min(audio.len());
            for (n, sample) in audio[..length].iter_mut().enumerate() {
                let share = (n + 1) as f32 / (length + 1) as f32;
                *sample = (f32::from(*sample) * share + self.next() * (1.0 - share)) as i16;
            }
            self.made = 0;
        }
        self.by_codec = 0;
        self.remember(audio);
        self.background.came(audio);
    }

    /// Samples of the hole at hand that the codec may make up; what it made is told by [`Conceal::made_by_codec`].
    pub fn left_to_codec(&self) -> usize {
        if self.made == 0 { CODEC - usize::from(self.by_codec) } else { 0 }
    }

    /// The codec made up for audio that did not come. It is what we would go on from, and no background.
    pub fn made_by_codec(&mut self, audio: &[i16]) {
        self.by_codec += audio.len() as u16;
        self.remember(audio);
    }

    /// Makes up for audio that did not come.
    pub fn lost(&mut self, audio: &mut [i16]) {
        if self.made == 0 {
            self.begin();
        }
        for sample in audio.iter_mut() {
            *sample = self.next() as i16;
        }
    }

    fn begin(&mut self) {
        self.sound = if self.background.like(&self.memory[..]) { Sound::Background } else { Sound::Voice };
        if self.sound == Sound::Voice {
            self.period = self.pitch() as u16;
        }
    }

    fn next(&mut self) -> f32 {
        if self.sound == Sound::Background {
            self.made += 1;
            return self.background.next();
        }
        let period = usize::from(self.period);
        let (first, place) = (MEMORY - period, self.made % period);
        // A sound that changes does not end as the sound before its last period did: each begins where the one before it ended.
        let seam = f32::from(self.memory[MEMORY - 1]) - f32::from(self.memory[first - 1]);
        let span = BLEND.min(period);
        let share = 1.0 - (place + 1).min(span) as f32 / span as f32;
        let sample = f32::from(self.memory[first + place]) + seam * share;
        let level = (1.0 - self.made.saturating_sub(STEADY) as f32 / (SILENT - STEADY) as f32).max(0.0);
        self.made += 1;
        // Their powers add up to that of the background where it is the background that went before.
        sample * level + self.background.next() * (1.0 - level * level).sqrt()
    }

    fn remember(&mut self, audio: &[i16]) {
        let newest = &audio[audio.len().saturating_sub(MEMORY)..];
        self.memory.copy_within(newest.len().., 0);
        self.memory[MEMORY - newest.len()..].copy_from_slice(newest);
    }

    /// The period at which the end of the memory resembles itself most.
    fn pitch(&self) -> usize {
        let memory = self.memory.map(f32::from);
        let end = &memory[MEMORY - COMPARED..];
        let mut best = (0.0, LONGEST);
        for period in SHORTEST..=LONGEST {
            let earlier = &memory[MEMORY - COMPARED - period..][..COMPARED];
            let (mut product, mut power) = (0.0_f32, 1.0_f32);
            for (a, b) in end.iter().zip(earlier) {
                product += a * b;
                power += b * b;
            }
            let likeness = product.max(0.0) * product / power;
            if likeness > best.0 {
                best = (likeness, period);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(from: usize, count: usize) -> Vec<i16> {
        (from..from + count).map(|n| (8_000.0 * (n as f32 * std::f32::consts::TAU / 100.0).sin()) as i16).collect()
    }

    #[test]
    fn a_voiced_sound_goes_on_through_the_first_10_ms_in_phase() {
        let mut conceal = Conceal::new();
        conceal.came(&mut tone(0, 640));
        let mut lost = [0; 160];
        conceal.lost(&mut lost);
        let wanted = tone(640, 160);
        assert!(lost.iter().zip(&wanted).all(|(a, b)| a.abs_diff(*b) < 400), "{lost:?}");
    }

    #[test]
    fn a_long_loss_is_silent_after_60_ms() {
        let mut conceal = Conceal::new();
        conceal.came(&mut tone(0, 640));
        let mut lost = [0; 1_280];
        conceal.lost(&mut lost);
        assert!(lost[960..].iter().all(|&sample| sample == 0));
        assert!(lost[..320].iter().any(|&sample| sample > 6_000));
    }

    #[test]
    fn a_long_loss_on_a_noisy_line_leaves_its_noise() {
        let mut state = 7_u32;
        let noise: Vec<i16> = (0..16_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 16) as i32 / 64 - 512) as i16
            })
            .collect();
        let mut conceal = Conceal::new();
        conceal.came(&mut noise.clone());
        conceal.came(&mut tone(0, 640));
        let mut lost = [0; 16_000];
        conceal.lost(&mut lost);
        let (wanted, made) = (crate::vad::level_db(&noise), crate::vad::level_db(&lost[SILENT..]));
        assert!((wanted - made).abs() < 2.0, "{made} dB on a line of {wanted} dB");
    }

    #[test]
    fn what_comes_after_a_loss_joins_without_a_step() {
        let mut conceal = Conceal::new();
        conceal.came(&mut tone(0, 640));
        let mut lost = [0; 320];
        conceal.lost(&mut lost);
        let mut back = tone(1_000, 320);
        conceal.came(&mut back);
        let joined: Vec<i16> = lost.iter().chain(&back).copied().collect();
        assert!(joined.windows(2).all(|pair| pair[0].abs_diff(pair[1]) < 1_200));
        assert_eq!(back[BLEND..], tone(1_000, 320)[BLEND..]);
    }

    #[test]
    fn a_loss_before_anything_came_is_silence() {
        let mut lost = [1; 320];
        Conceal::new().lost(&mut lost);
        assert_eq!(lost, [0; 320]);
    }
}
