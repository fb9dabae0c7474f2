//! Recorded speech to say: a WAV file as 16 kHz samples, and where its voice begins and ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use attendant_media::codec::{Decoder, Encoder};
use attendant_media::frame::{RATE, SLOT_SAMPLES};
use attendant_media::leg::Codec;
use attendant_media::resample;
use attendant_media::vad::{Edge, Vad, level_db};

/// A caller who speaks longer at a stretch is no caller.
const LONGEST_S: u64 = 60;

/// 10 ms: how finely the ends of the voice are found.
const STEP: usize = RATE as usize / 100;

/// Softer than the loudest 10 ms by this much is not voice any more.
const RANGE_DB: f32 = 35.0;

/// Speech is active within so much of its level (ITU-T P.56).
const MARGIN_DB: f32 = 15.9;

/// Recorded speech, ready to be said.
#[derive(Clone, Debug)]
pub struct Utterance {
    pub name: Arc<str>,
    pub audio: Arc<[i16]>,
    /// The first sample that is plainly speech, and one past the last with voice in it.
    pub voiced: (usize, usize),
}

/// The file cannot be said.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}; want a WAV file of up to 60 s, 16-bit, 8 to 48 kHz, with speech in it", file.display())]
pub struct NotSpeech {
    file: PathBuf,
    why: String,
}

impl Utterance {
    pub fn read(file: &Path) -> Result<Self, NotSpeech> {
        let wrong = |why: String| NotSpeech { file: file.to_path_buf(), why };
        let mut wav = hound::WavReader::open(file).map_err(|error| wrong(error.to_string()))?;
        let spec = wav.spec();
        if spec.sample_format != hound::SampleFormat::Int || spec.bits_per_sample != 16 {
            return Err(wrong(format!("{} bits, {:?}", spec.bits_per_sample, spec.sample_format)));
        }
        if u64::from(wav.duration()) > LONGEST_S * u64::from(spec.sample_rate) {
            return Err(wrong("too long".into()));
        }
        let samples = wav.samples().collect::<Result<Vec<i16>, _>>().map_err(|error| wrong(error.to_string()))?;
        let channels = usize::from(spec.channels).max(1);
        let mono: Vec<i16> = samples.chunks(channels).map(|frame| frame[0]).collect();
        let audio = if spec.sample_rate == RATE {
            mono
        } else {
            resample::whole(&mono, spec.sample_rate, RATE).map_err(|error| wrong(error.to_string()))?
        };
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Self::new(&name, audio).ok_or_else(|| wrong("silent".into()))
    }

    /// Speech in these samples at 16 kHz; `None` if they are silent. What lies before and after the sound is cut to 100 ms.
    ///
    /// Where the voice begins and ends is the voice detector's word on what a telephone leaves of it: recordings open and close with
    /// breath and room noise, a quarter of a second of it in some, and mu-law moves the ends by up to 64 ms (measured 2026-11-21).
    /// Of the beginning only what is plainly speech counts: over the breath before it the detector decides now so, now so, which
    /// moved the onset of an interruption by 160 ms. Sounds that it takes for no voice (tones) are taken by their level.
    pub fn new(name: &str, audio: Vec<i16>) -> Option<Self> {
        let levels: Vec<f32> = audio.chunks(STEP).map(level_db).collect();
        let loudest = levels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sounds = |level: &f32| *level > (loudest - RANGE_DB).max(-55.0);
        let first = levels.iter().position(sounds)? * STEP;
        let last = ((levels.iter().rposition(sounds)? + 1) * STEP).min(audio.len());
        let margin = 10 * STEP;
        let (from, to) = (first.saturating_sub(margin), (last + margin).min(audio.len()));
        let audio = &audio[from..to];
        Some(Self {
            name: name.into(),
            voiced: voiced(audio).unwrap_or((first - from, last - from)),
            audio: Arc::from(audio),
        })
    }
}

/// See [`Utterance::voiced`], as a telephone brings it.
fn voiced(audio: &[i16]) -> Option<(usize, usize)> {
    // Silence before, to settle; and after, for the end to be noticed.
    const AROUND: usize = RATE as usize / 2;
    let mut padded = vec![0; AROUND];
    padded.extend_from_slice(audio);
    padded.resize(padded.len() + AROUND + SLOT_SAMPLES, 0);
    let padded = by_telephone(&padded)?;
    let mut vad = Vad::default();
    let (mut first, mut last) = (None, None);
    for frame in padded.as_chunks::<SLOT_SAMPLES>().0 {
        match vad.push(frame) {
            Some(Edge::Start { at }) => first = first.or(Some(at.0)),
            Some(Edge::End { at }) => last = Some(at.0),
            None => {}
        }
    }
    let place = |at: usize| at.saturating_sub(AROUND).min(audio.len());
    let (first, last) = (first? as usize, last? as usize);
    Some((place(plain(&padded, first, last)), place(last)))
}

/// Where speech that begins at `begin` is plainly heard.
fn plain(audio: &[i16], begin: usize, end: usize) -> usize {
    let levels: Vec<f32> = audio[begin..end].chunks(STEP).map(level_db).collect();
    let power = |db: f32| 10.0_f32.powf(db / 10.0);
    let mean = |above: f32| {
        let (sum, count) =
            levels.iter().filter(|db| **db > above).fold((0.0, 0.0), |(s, n), db| (s + power(*db), n + 1.0));
        10.0 * (sum / f32::max(count, 1.0)).log10()
    };
    // Silence within the sentence is no part of its level.
    let active = mean(mean(f32::NEG_INFINITY) - MARGIN_DB);
    levels.iter().position(|db| *db > active - MARGIN_DB).map_or(begin, |step| begin + step * STEP)
}

/// As it arrives by G.711: 8 kHz, mu-law. As long as it was, in whole slots.
fn by_telephone(audio: &[i16]) -> Option<Vec<i16>> {
    const RATE_8K: u32 = 8_000;
    const SLOT_8K: usize = SLOT_SAMPLES / 2;
    let (mut encoder, mut decoder) = (Encoder::new(Codec::Pcmu), Decoder::new(Codec::Pcmu));
    let narrow = resample::whole(audio, RATE, RATE_8K).ok()?;
    let mut coded = Vec::with_capacity(narrow.len());
    let mut payload = [0; SLOT_8K];
    let mut decoded = vec![0; Codec::Pcmu.most_samples()];
    for slot in narrow.as_chunks::<SLOT_8K>().0 {
        let bytes = encoder.encode(slot, &mut payload);
        let samples = decoder.decode(&payload[..bytes], &mut decoded).ok()?;
        coded.extend_from_slice(&decoded[..samples]);
    }
    resample::whole(&coded, RATE_8K, RATE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_around_the_voice_is_cut_and_its_ends_are_known() {
        let mut audio = vec![0; 16_000];
        audio.extend((0..8_000).map(|n| if n % 20 < 10 { 4_000 } else { -4_000 }));
        audio.extend(vec![0; 16_000]);
        let utterance = Utterance::new("test", audio).unwrap();
        assert_eq!(utterance.audio.len(), 1_600 + 8_000 + 1_600);
        assert!((800..2_400).contains(&utterance.voiced.0) && (9_000..10_400).contains(&utterance.voiced.1));
        assert!(Utterance::new("silence", vec![3; 16_000]).is_none());
    }

    #[test]
    fn the_ends_of_the_voice_are_those_that_the_other_side_can_hear() {
        // Half a second of voice-like pulses, then the same above the telephone's band: nobody at the other end hears that.
        let pulse = |n: usize, every: usize| if n.is_multiple_of(every) { 12_000 } else { 0 };
        let low = (0..8_000).map(|n| pulse(n, 120));
        let high = (0..8_000_usize).map(|n| if n.is_multiple_of(3) { 6_000 } else { -3_000 });
        let utterance = Utterance::new("test", low.chain(high).collect()).unwrap();
        assert!(utterance.voiced.1 < 10_400, "{:?}", utterance.voiced);
    }

    #[test]
    fn breath_before_the_first_word_is_not_its_beginning() {
        let word = Utterance::read(Path::new("/usr/share/pocketsphinx/test/data/cards/001.wav")).unwrap();
        let onset = word.voiced.0 as f32 / RATE as f32;
        // Breath of -46 dB until 0.18 s, then -28 and -17 dB.
        assert!((0.15..0.21).contains(&onset), "{onset}");
    }

    #[test]
    fn a_file_of_another_rate_is_brought_to_ours() {
        let file = tempfile::Builder::new().suffix(".wav").tempfile().unwrap();
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(file.path(), spec).unwrap();
        (0..8_000).for_each(|n| wav.write_sample(if n % 16 < 8 { 4_000i16 } else { -4_000 }).unwrap());
        wav.finalize().unwrap();
        let utterance = Utterance::read(file.path()).unwrap();
        assert!((15_900..16_100).contains(&utterance.audio.len()));
    }

    #[test]
    fn a_file_that_is_not_speech_is_named_with_what_is_wanted() {
        let error = Utterance::read(Path::new("nowhere.wav")).unwrap_err().to_string();
        assert!(error.starts_with("nowhere.wav: ") && error.contains("want a WAV file"));
    }
}
