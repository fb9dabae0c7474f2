//! What is heard on the telephone: recorded speech, words spoken by espeak-ng, coughs and clicks made of noise. 8 kHz, 16 bit.

use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use attendant::language::Language;

/// Samples a second of everything here.
pub const RATE: usize = 8_000;

const LIBRIVOX: &str = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-";

/// A clip of 16 kHz as it is on disk: Debian's pocketsphinx-testdata.
pub fn librivox(number: &str) -> Arc<[i16]> {
    let file = format!("{LIBRIVOX}{number}.wav");
    let mut reader = hound::WavReader::open(&file).expect("Debian's pocketsphinx-testdata is installed (make deps)");
    reader.samples::<i16>().map(|sample| sample.expect("a whole file")).collect()
}

/// Half the rate: pairs are averaged, which is filter enough for speech.
pub fn narrow(audio: &[i16]) -> Arc<[i16]> {
    audio.chunks_exact(2).map(|pair| ((i32::from(pair[0]) + i32::from(pair[1])) / 2) as i16).collect()
}

/// From the first 10 ms that are plainly speech (-35 dB of full scale) on.
pub fn from_onset(audio: &[i16]) -> Arc<[i16]> {
    let block = RATE / 100;
    let first = audio.chunks_exact(block).position(|block| power(block) > 340_000).expect("the clip holds speech");
    audio[first * block..].into()
}

fn power(block: &[i16]) -> i64 {
    block.iter().map(|sample| i64::from(*sample).pow(2)).sum::<i64>() / block.len() as i64
}

/// Recorded speech without its pauses, for callers whose words are only numbered.
pub fn speech() -> &'static [i16] {
    static SPEECH: OnceLock<Vec<i16>> = OnceLock::new();
    SPEECH.get_or_init(|| {
        let narrow = narrow(&librivox("0870"));
        narrow.chunks_exact(400).filter(|block| power(block) > 250_000).flatten().copied().collect()
    })
}

/// A text as espeak-ng says it in this language, at the level of a telephone caller, without silence around it.
pub fn spoken(text: &str, language: Language) -> Arc<[i16]> {
    let voice = match language {
        Language::English => "en-us",
        Language::French => "fr",
        Language::Mandarin => "cmn",
        Language::Cantonese => "yue",
        Language::Punjabi => "pa",
    };
    let output = Command::new("espeak-ng")
        .args(["-v", voice, "--stdout", "--", text])
        .stdin(Stdio::null())
        .output()
        .expect("Debian's espeak-ng is installed (make deps)");
    assert!(output.status.success(), "espeak-ng does not say {text:?}");
    // espeak-ng does not know the length when it writes the header of a pipe: what follows the header is the audio.
    let rate = u32::from_le_bytes(output.stdout[24..28].try_into().expect("a header")) as usize;
    let audio: Vec<i16> =
        output.stdout[44..].chunks_exact(2).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect();
    let narrow: Vec<i16> = (0..audio.len() * RATE / rate)
        .map(|n| {
            let span = &audio[n * rate / RATE..((n + 1) * rate / RATE).min(audio.len())];
            (span.iter().map(|sample| i32::from(*sample)).sum::<i32>() / span.len().max(1) as i32) as i16
        })
        .collect();
    let loud = |sample: &i16| sample.unsigned_abs() > 300;
    let from = narrow.iter().position(loud).expect("espeak-ng made a sound");
    let to = narrow.iter().rposition(loud).expect("espeak-ng made a sound");
    narrow[from..=to].into()
}

/// Samples of noise there are before it repeats.
pub const NOISE: usize = 4 * RATE;

/// No telephone is digitally silent: noise of an amplitude of 8, and the same as mu-law.
pub fn noise() -> &'static (Vec<i16>, Vec<u8>) {
    static NOISES: OnceLock<(Vec<i16>, Vec<u8>)> = OnceLock::new();
    NOISES.get_or_init(|| {
        let mut noise = Noise(7);
        let samples: Vec<i16> = (0..NOISE).map(|_| (8.0 * noise.next()) as i16).collect();
        let coded = samples.iter().map(|sample| mu_law(*sample)).collect();
        (samples, coded)
    })
}

/// Noise for sounds that are none of speech.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) as f32 / 32_768.0 - 1.0
    }
}

/// A cough of about 350 ms, after the three phases of the literature on cough sounds: an explosive burst (40 ms, attack of
/// 5 ms), the turbulent flow after it (200 ms, falling by 20 dB), and a shorter voiced close (110 ms, pulses of 160 Hz in
/// noise). The noise is low-passed as a throat does. `seed` varies the noise and the level.
pub fn cough(seed: u32) -> Arc<[i16]> {
    let mut noise = Noise(seed.wrapping_mul(2_654_435_761) | 1);
    let level = 6_000.0 + 1_500.0 * (seed % 5) as f32;
    let mut low = 0.0_f32;
    (0..RATE * 350 / 1_000)
        .map(|n| {
            let ms = n as f32 * 1_000.0 / RATE as f32;
            low += 0.45 * (noise.next() - low);
            let envelope = match ms {
                _ if ms < 5.0 => ms / 5.0,
                _ if ms < 40.0 => 1.0,
                _ if ms < 240.0 => 10.0_f32.powf(-(ms - 40.0) / 200.0),
                _ => 0.35 * (1.0 - (ms - 240.0) / 110.0),
            };
            let voiced = if ms < 240.0 { 0.0 } else { (std::f32::consts::TAU * 0.160 * ms).sin().powi(5) };
            (level * envelope * (low + 0.6 * voiced)) as i16
        })
        .collect()
}

/// A handset put down, a key of a keyboard: 12 ms of noise that dies away within 3 ms.
pub fn click(seed: u32) -> Arc<[i16]> {
    let mut noise = Noise(seed.wrapping_mul(2_654_435_761) | 1);
    (0..RATE * 12 / 1_000).map(|n| (16_000.0 * noise.next() * (-(n as f32) / 24.0).exp()) as i16).collect()
}

/// G.711 mu-law, looked up: thousands of calls are coded by tests that are not optimised.
pub fn mu_law(sample: i16) -> u8 {
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    TABLE.get_or_init(|| (0..=u16::MAX).map(|bits| by_definition(bits as i16)).collect())[usize::from(sample as u16)]
}

fn by_definition(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (i32::from(sample).abs().min(32_635)) + 132;
    let exponent = (31 - magnitude.leading_zeros() as i32 - 7).max(0);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

/// And back.
pub fn linear(byte: u8) -> i16 {
    let byte = !byte;
    let magnitude = ((i32::from(byte & 0x0f) << 3) + 132) << ((byte >> 4) & 0x07);
    let magnitude = (magnitude - 132) as i16;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}
