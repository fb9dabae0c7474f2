//! Two voice detectors on recorded speech through a telephone: how right, how early, how dear.
//!
//! `cargo bench -p attendant-media --bench vad`; the figures are in ../README.md. The recordings are the
//! Debian package `pocketsphinx-testdata`. A 20 ms slot counts as speech where the clean recording is at most 12 dB
//! below its mean level and as silence where it is 30 dB below for 60 ms around; the rest (breath, fading) as neither.

use std::hint::black_box;

use attendant_media::codec::{Decoder, Encoder};
use attendant_media::frame::{Frame, SLOT_SAMPLES};
use attendant_media::leg::Codec;
use attendant_media::resample::whole;
use attendant_media::vad::{Earshot, Edge, Score, Tuning, Vad, WINDOW, level_db};
use criterion::{Criterion, criterion_group, criterion_main};
use webrtc_vad::{SampleRate, VadMode};

/// The classic Gaussian-mixture detector. It wants 10 ms; a window is given the share of voiced ones in it.
struct WebRtc {
    vad: webrtc_vad::Vad,
    pending: Vec<i16>,
    last: f32,
}

impl WebRtc {
    fn new(mode: VadMode) -> Self {
        let vad = webrtc_vad::Vad::new_with_rate_and_mode(SampleRate::Rate16kHz, mode);
        Self { vad, pending: Vec::with_capacity(512), last: 0.0 }
    }
}

impl Score for WebRtc {
    fn score(&mut self, window: &[i16; WINDOW]) -> f32 {
        self.pending.extend_from_slice(window);
        let (mut voiced, mut all) = (0, 0);
        while self.pending.len() >= 160 {
            voiced += i32::from(self.vad.is_voice_segment(&self.pending[..160]).expect("10 ms at 16 kHz"));
            all += 1;
            self.pending.drain(..160);
        }
        if all > 0 {
            self.last = voiced as f32 / all as f32;
        }
        self.last
    }
}

struct Case {
    line: Vec<i16>,
    /// Per slot: speech, none, or neither.
    truth: Vec<Option<bool>>,
    /// First slots of speech after a second of none.
    begins: Vec<usize>,
}

fn recordings() -> Vec<i16> {
    let mut audio = vec![0; 32_000];
    for clip in ["0870", "0880", "0890", "0920", "0930"] {
        let path =
            format!("/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-{clip}.wav");
        let reader = hound::WavReader::open(&path).expect("install the Debian package pocketsphinx-testdata");
        audio.extend(reader.into_samples::<i16>().map(|sample| sample.expect("the recording is sound")));
        audio.resize(audio.len() + 32_000, 0);
    }
    audio.truncate(audio.len() / SLOT_SAMPLES * SLOT_SAMPLES);
    audio
}

/// 300 to 3,400 Hz, 8 kHz, mu-law, and back.
fn telephone(audio: &[i16]) -> Vec<i16> {
    let mut low = [0.0_f32; 2];
    let share = 1.0 - (-std::f32::consts::TAU * 300.0 / 16_000.0).exp();
    let high: Vec<i16> = audio
        .iter()
        .map(|&sample| {
            let mut value = f32::from(sample);
            for stage in &mut low {
                *stage += share * (value - *stage);
                value -= *stage;
            }
            value as i16
        })
        .collect();
    let mut narrow = whole(&high, 16_000, 8_000).expect("a ratio in use");
    let mut wire = vec![0; narrow.len()];
    Encoder::new(Codec::Pcmu).encode(&narrow, &mut wire);
    Decoder::new(Codec::Pcmu).decode(&wire, &mut narrow).expect("as long as the other");
    whole(&narrow, 8_000, 16_000).expect("a ratio in use")
}

/// The recordings with white noise so many dB below the speech, or none.
fn case(snr_db: Option<f32>) -> Case {
    let clean = recordings();
    let levels: Vec<f32> = clean.chunks_exact(SLOT_SAMPLES).map(level_db).collect();
    let loud = levels.iter().copied().filter(|&level| level > -45.0).collect::<Vec<_>>();
    let speech_db = loud.iter().sum::<f32>() / loud.len() as f32;
    let truth = (0..levels.len())
        .map(|n| {
            let around = &levels[n.saturating_sub(3)..(n + 4).min(levels.len())];
            if levels[n] > speech_db - 12.0 {
                Some(true)
            } else {
                around.iter().all(|&level| level < speech_db - 30.0).then_some(false)
            }
        })
        .collect();
    let loud = |n: usize| levels[n] > speech_db - 12.0;
    let begins = (50..levels.len()).filter(|&n| loud(n) && !(n - 50..n).any(loud)).collect();
    let mut state = 1_u32;
    let amplitude = snr_db.map_or(0.0, |snr| 32_768.0 * 10.0_f32.powf((speech_db - snr) / 20.0) * 3.0_f32.sqrt());
    let noisy: Vec<i16> = clean
        .iter()
        .map(|&sample| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sample.saturating_add((((state >> 16) as f32 / 32_768.0 - 1.0) * amplitude) as i16)
        })
        .collect();
    Case { line: telephone(&noisy), truth, begins }
}

fn frames(case: &Case) -> impl Iterator<Item = Frame> + '_ {
    case.line.chunks_exact(SLOT_SAMPLES).map(|frame| frame.try_into().expect("a slot"))
}

fn percent(count: usize, of: usize) -> f32 {
    100.0 * count as f32 / of.max(1) as f32
}

/// One line: slots of speech found, slots of none mistaken, and how late the starts were said and dated.
fn judge<S: Score>(name: &str, scorer: S, tuning: Tuning, case: &Case) {
    let mut vad = Vad::new(scorer, tuning);
    let (mut found, mut speech, mut mistaken, mut silence) = (0, 0, 0, 0);
    let mut starts = Vec::new();
    for (slot, (frame, truth)) in frames(case).zip(&case.truth).enumerate() {
        if let Some(Edge::Start { at }) = vad.push(&frame) {
            starts.push((slot, at));
        }
        match truth {
            Some(true) => (found, speech) = (found + usize::from(vad.voiced()), speech + 1),
            Some(false) => (mistaken, silence) = (mistaken + usize::from(vad.voiced()), silence + 1),
            None => {}
        }
    }
    let mut delays: Vec<i64> = case
        .begins
        .iter()
        .filter_map(|&begin| {
            let (slot, _) = starts.iter().find(|(slot, _)| *slot + 10 >= begin && *slot < begin + 25)?;
            Some((*slot as i64 + 1 - begin as i64) * 20)
        })
        .collect();
    delays.sort_unstable();
    let false_starts = starts
        .iter()
        .filter(|(slot, _)| {
            case.truth[slot.saturating_sub(8)..(slot + 8).min(case.truth.len())].iter().all(|t| *t == Some(false))
        })
        .count();
    println!(
        "| {name} | {:.1} % | {:.1} % | {} of {} | {} ms | {} ms | {false_starts} |",
        percent(found, speech),
        percent(mistaken, silence),
        delays.len(),
        case.begins.len(),
        delays.get(delays.len() / 2).copied().unwrap_or(-1),
        delays.last().copied().unwrap_or(-1),
    );
}

fn accuracy(_: &mut Criterion) {
    println!("| detector, line | speech found | silence mistaken | starts | median | last | false starts |");
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    for (line, snr) in [("clean", None), ("20 dB", Some(20.0)), ("10 dB", Some(10.0)), ("5 dB", Some(5.0))] {
        let case = case(snr);
        judge(&format!("earshot, {line}"), Earshot::default(), Tuning::default(), &case);
        for (name, mode) in [("quality", VadMode::Quality), ("very aggressive", VadMode::VeryAggressive)] {
            judge(&format!("webrtc {name}, {line}"), WebRtc::new(mode), Tuning::default(), &case);
        }
    }
}

fn cost(criterion: &mut Criterion) {
    let case = case(Some(20.0));
    let windows: Vec<[i16; WINDOW]> =
        case.line.chunks_exact(WINDOW).map(|window| window.try_into().expect("a window")).collect();
    let mut group = criterion.benchmark_group("voice detection, 16 ms");
    let mut at = 0;
    let mut next = || {
        at = (at + 1) % windows.len();
        &windows[at]
    };
    let mut earshot = Earshot::default();
    group.bench_function("earshot", |bencher| bencher.iter(|| black_box(earshot.score(next()))));
    let mut webrtc = WebRtc::new(VadMode::Quality);
    group.bench_function("webrtc", |bencher| bencher.iter(|| black_box(webrtc.score(next()))));
    group.finish();
}

criterion_group!(benches, accuracy, cost);
criterion_main!(benches);
