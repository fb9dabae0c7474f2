//! Noise suppression and gain on recorded speech, switched on for the leg.

use attendant_media::frame::SLOT_SAMPLES;
use attendant_media::leg::{Codec, LegConfig};
use attendant_media::vad::level_db;

use crate::recordings::*;

#[test]
fn noise_suppression_takes_10_db_of_noise_and_under_2_db_of_speech() {
    let audio = librivox("0870");
    let total = 32_000 + audio.len() / SLOT_SAMPLES * SLOT_SAMPLES;
    let line = mixed(&after(32_000, &audio, total), &noise(300.0, total));
    let plain = call(config(Codec::Pcmu), &[], &line, None).heard;
    let clean = call(LegConfig { denoise: true, ..config(Codec::Pcmu) }, &[], &line, None).heard;
    let noise = 24_000..31_000;
    let fallen = level_db(&plain[noise.clone()]) - level_db(&clean[noise]);
    assert!(fallen > 8.0, "noise fell by {fallen:.1} dB");
    let speech = 36_000..plain.len();
    let lost = level_db(&plain[speech.clone()]) - level_db(&clean[speech]);
    assert!(lost.abs() < 2.0, "speech fell by {lost:.1} dB");
}

#[test]
fn a_quiet_caller_comes_up_and_a_loud_one_stays() {
    let clip = librivox("0870");
    let twice = [&clip[..], &clip[..]].concat();
    let total = twice.len() / SLOT_SAMPLES * SLOT_SAMPLES;
    let gained = |db| {
        let line = scaled(&twice, db)[..total].to_vec();
        let plain = call(config(Codec::Pcmu), &[], &line, None).heard;
        let louder = call(LegConfig { gain: true, ..config(Codec::Pcmu) }, &[], &line, None).heard;
        let last = total - clip.len()..total - 1_600;
        level_db(&louder[last.clone()]) - level_db(&plain[last])
    };
    let (quiet, loud) = (gained(-24.0), gained(6.0));
    assert!(quiet > 10.0, "quiet caller: {quiet:.1} dB");
    assert!(loud.abs() < 6.0, "loud caller: {loud:.1} dB");
    assert!(quiet > loud + 8.0, "{quiet:.1} and {loud:.1} dB");
}
