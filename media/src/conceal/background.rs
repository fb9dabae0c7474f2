//! What the line sounds like when nobody speaks, and more of the same.
//!
//! A hole that fades to digital silence on a noisy line sounds like a dropped call, and the return of the noise like an onset: voice
//! detectors take it for one. So the quietest sound of late is kept and played in random pieces. It must never be loud: who
//! speaks from the first sample on is no background. Unit: samples at 16 kHz.

/// Kept of the background, and the stretches it is looked for in: 20 ms.
const KEPT: usize = 320;

/// A piece played: 10 ms, half of it overlapping with the one before and half with the one after.
const PIECE: usize = 160;

/// Louder than this nothing is taken for background: -40 dB of full scale, as a mean square.
const LOUDEST: f32 = 107_000.0;

/// The level follows a quieter stretch halfway at once and creeps up 3 dB a second, in 20 ms.
const RISE: f32 = 1.013_9;

/// How far above the level a stretch may be and be kept, as a ratio of powers: 2 dB.
const NEAR: f32 = 1.6;

/// See the module header.
#[derive(Clone, Debug)]
pub(super) struct Background {
    kept: Box<[i16; KEPT]>,
    coming: Box<[i16; KEPT]>,
    filled: usize,
    /// Mean square of the background; `None` before anything came.
    power: Option<f32>,
    random: u32,
    /// Where the two pieces heard now began in `kept`, with their signs; the older first.
    pieces: [(usize, f32); 2],
    played: usize,
}

impl Background {
    pub(super) fn new() -> Self {
        Self {
            kept: Box::new([0; KEPT]),
            coming: Box::new([0; KEPT]),
            filled: 0,
            power: None,
            random: 1,
            pieces: [(0, 1.0); 2],
            played: 0,
        }
    }

    /// Audio that came.
    pub(super) fn came(&mut self, audio: &[i16]) {
        let mut rest = audio;
        while !rest.is_empty() {
            let taken = rest.len().min(KEPT - self.filled);
            self.coming[self.filled..][..taken].copy_from_slice(&rest[..taken]);
            self.filled += taken;
            rest = &rest[taken..];
            if self.filled == KEPT {
                self.filled = 0;
                self.judge();
            }
        }
    }

    /// Whether this is no louder than the background.
    pub(super) fn like(&self, audio: &[i16]) -> bool {
        let power = mean_square(audio);
        self.power.is_some_and(|level| power <= level * NEAR)
    }

    /// The next sample of it.
    pub(super) fn next(&mut self) -> f32 {
        if self.played == PIECE / 2 {
            self.played = 0;
            self.pieces = [self.pieces[1], self.draw()];
        }
        let share = (self.played as f32 + 0.5) / (PIECE / 2) as f32;
        let [(old, old_sign), (new, new_sign)] = self.pieces;
        let old = f32::from(self.kept[old + PIECE / 2 + self.played]) * old_sign;
        let new = f32::from(self.kept[new + self.played]) * new_sign;
        self.played += 1;
        // Pieces do not resemble each other: their powers add up, so shares of power do to one.
        old * (1.0 - share).sqrt() + new * share.sqrt()
    }

    fn judge(&mut self) {
        let power = mean_square(&self.coming[..]);
        let level = match self.power {
            None => power,
            Some(level) if power < level => (level + power) / 2.0,
            Some(level) => level * RISE,
        };
        let level = level.clamp(1.0, LOUDEST);
        self.power = Some(level);
        if power <= level * NEAR {
            std::mem::swap(&mut self.kept, &mut self.coming);
        }
    }

    fn draw(&mut self) -> (usize, f32) {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let start = (self.random >> 16) as usize % (KEPT - PIECE);
        (start, if self.random >> 31 == 0 { 1.0 } else { -1.0 })
    }
}

fn mean_square(audio: &[i16]) -> f32 {
    audio.iter().map(|&sample| f32::from(sample).powi(2)).sum::<f32>() / audio.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(amplitude: f32, count: usize) -> Vec<i16> {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (((state >> 16) as f32 / 32_768.0 - 1.0) * amplitude) as i16
        };
        (0..count).map(|_| next()).collect()
    }

    fn level(samples: &[f32]) -> f32 {
        10.0 * (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).log10()
    }

    fn more(background: &mut Background) -> Vec<f32> {
        (0..16_000).map(|_| background.next()).collect()
    }

    #[test]
    fn the_noise_of_the_line_goes_on_as_loud_as_it_was_and_does_not_repeat() {
        let mut background = Background::new();
        let line = noise(300.0, 16_000);
        background.came(&line);
        let made = more(&mut background);
        let wanted: Vec<f32> = line.iter().map(|&sample| f32::from(sample)).collect();
        assert!((level(&made) - level(&wanted)).abs() < 1.5, "{} for {}", level(&made), level(&wanted));
        for lag in [80, 160, 320, 640] {
            let product: f32 = made.iter().zip(&made[lag..]).map(|(a, b)| a * b).sum();
            let power: f32 = made.iter().map(|sample| sample * sample).sum();
            assert!(product.abs() < 0.3 * power, "it repeats after {lag}: {}", product / power);
        }
    }

    #[test]
    fn speech_is_no_background_and_the_noise_before_it_is() {
        let mut background = Background::new();
        background.came(&noise(100.0, 16_000));
        background.came(&noise(8_000.0, 64_000));
        let made = level(&more(&mut background));
        assert!((33.0..38.0).contains(&made), "{made} dB");
        let mut background = Background::new();
        background.came(&noise(8_000.0, 64_000));
        assert_eq!(more(&mut background).iter().map(|sample| sample.abs()).fold(0.0, f32::max), 0.0);
    }

    #[test]
    fn before_anything_came_and_on_a_silent_line_it_is_silence() {
        let mut background = Background::new();
        assert!(more(&mut background).iter().all(|&sample| sample == 0.0));
        background.came(&[0; 3_200]);
        assert!(more(&mut background).iter().all(|&sample| sample == 0.0));
    }
}
