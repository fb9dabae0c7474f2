//! What is on a line when nobody speaks, made from numbers: the same each time. 16 kHz; levels in dB of full scale.

use std::f64::consts::TAU;

const RATE: f64 = 16_000.0;

/// Independent values about as normal as twelve uniform ones are, with a variance of 1.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        let mut noise = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        noise.uniform();
        noise
    }

    pub fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// White noise added at so many dB relative to the audio's own level.
pub fn noisy(audio: &[i16], relative_db: f64, seed: u64) -> Vec<i16> {
    let power = audio.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / audio.len() as f64;
    let level = power.sqrt() * 10_f64.powf(relative_db / 20.0);
    let mut noise = Noise::new(seed);
    audio.iter().map(|sample| (f64::from(*sample) + level * noise.normal()) as i16).collect()
}

fn made(seconds: f64, mut value: impl FnMut(f64) -> f64) -> Vec<i16> {
    (0..(seconds * RATE) as usize).map(|n| value(n as f64 / RATE) as i16).collect()
}

fn amplitude(db: f64) -> f64 {
    32_768.0 * 10_f64.powf(db / 20.0)
}

fn sines(at: f64, parts: &[(f64, f64)]) -> f64 {
    parts.iter().map(|(hertz, level)| level * (TAU * hertz * at).sin()).sum()
}

/// Every sound by name.
pub fn all(seconds: f64) -> Vec<(String, Vec<i16>)> {
    let mut noise = Noise::new(7);
    let mut sounds = vec![("silence".to_owned(), made(seconds, |_| 0.0))];
    for db in [-60.0, -50.0, -40.0, -30.0, -20.0] {
        sounds.push((format!("hiss at {db} dB"), made(seconds, |_| amplitude(db) * noise.normal())));
    }
    for db in [-50.0, -30.0] {
        let mut slow = 0.0;
        let rumble = made(seconds, |_| {
            slow = 0.95 * slow + 0.31 * noise.normal();
            amplitude(db) * slow
        });
        sounds.push((format!("rumble at {db} dB"), rumble));
    }
    let hum = made(seconds, |at| sines(at, &[(60.0, 400.0), (120.0, 400.0), (360.0, 240.0), (420.0, 160.0)]));
    sounds.push(("mains hum".to_owned(), hum));
    let ringing = made(seconds, |at| if at % 3.0 < 2.0 { sines(at, &[(440.0, 3e3), (480.0, 3e3)]) } else { 0.0 });
    sounds.push(("ringing".to_owned(), ringing));
    sounds.push(("hold music".to_owned(), made(seconds, music)));
    let (mut throat, mut mouth) = (0.0, 0.0);
    let cough = made(seconds, |at| {
        throat = 0.75 * throat + 0.25 * noise.normal();
        mouth = 0.5 * mouth + 0.5 * throat;
        14_000.0 * breath(at % 1.5) * (throat + 0.3 * (TAU * 190.0 * at).sin())
    });
    sounds.push(("coughs".to_owned(), cough));
    let keys = made(seconds, |at| {
        let since = at % 0.23;
        if since < 0.01 { 8_000.0 * (1.0 - 100.0 * since) * noise.normal() } else { 0.0 }
    });
    sounds.push(("typing".to_owned(), keys));
    sounds
}

/// Three notes a second over a chord.
fn music(at: f64) -> f64 {
    const NOTES: [f64; 8] = [261.6, 329.6, 392.0, 523.3, 392.0, 329.6, 440.0, 349.2];
    let since = (3.0 * at).fract();
    let note = NOTES[(3.0 * at) as usize % NOTES.len()];
    let plucked = (-3.0 * since).exp() * (40.0 * since).min(1.0);
    let string: Vec<(f64, f64)> = (1..6).map(|n| (note * f64::from(n), 1.0 / f64::from(n))).collect();
    let chord = [(130.8, 1.0), (164.8, 1.0), (196.0, 1.0), (261.6, 0.5), (329.6, 0.5), (392.0, 0.5)];
    2_500.0 * plucked * sines(at, &string) + 900.0 * sines(at, &chord)
}

/// Two bursts: the cough and its echo.
fn breath(since: f64) -> f64 {
    let burst = |begin: f64, fall: f64| if since < begin { 0.0 } else { (-(since - begin) * fall).exp() };
    burst(0.0, 12.0) * (200.0 * since).min(1.0) + 0.6 * burst(0.45, 14.0)
}
