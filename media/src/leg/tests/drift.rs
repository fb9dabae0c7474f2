//! A sender whose clock is not ours: slots stay exact, and what is left out or comes twice for it is a pause.

use super::network::{Heard, MILLI, carry, listen, speech};
use super::*;
use crate::netem::Conditions;

#[test]
fn a_clock_200_ppm_off_is_absorbed_without_a_slot_too_many_or_too_few() {
    // Ten minutes: six slots of drift each way.
    for ppm in [200, -200] {
        let heard = listen(Codec::Pcmu, Conditions { jitter: 5 * MILLI, ..Conditions::default() }, 9, ppm, 30_000);
        assert_eq!(heard.stats.slots, 30_000);
        assert!(heard.audio.len() >= 29_997 * 320 && heard.audio.len() <= 30_006 * 320);
        assert!(heard.behind <= 3 && heard.ahead <= 5, "{ppm}: {} behind, {} ahead", heard.behind, heard.ahead);
        assert_eq!((heard.stats.lost, heard.stats.late), (0, 0), "{ppm}: {:?}", heard.stats);
        let moved = (heard.stats.drift_dropped + heard.stats.drift_inserted) / 320;
        assert!((2..=7).contains(&moved), "{ppm}: {:?}", heard.stats);
    }
}

/// Five minutes of syllables on a line with this much noise.
fn five_minutes(noise: f32, ppm: i64) -> Heard {
    let mut state = 7_u32;
    let audio: Vec<i16> = speech(16_000 * 2)
        .into_iter()
        .map(|sample| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sample + (((state >> 16) as f32 / 32_768.0 - 1.0) * noise) as i16
        })
        .collect();
    carry(&audio, Codec::Pcmu, Conditions { jitter: 3 * MILLI, ..Conditions::default() }, 9, ppm, 15_000)
}

/// Lengths of the syllables in slots, without the first and the last.
fn syllables(audio: &[i16]) -> Vec<usize> {
    let mut lengths = vec![0];
    for frame in audio.chunks_exact(320) {
        let length = lengths.last_mut().expect("it begins with one");
        if crate::vad::level_db(frame) > -20.0 {
            *length += 1;
        } else if *length > 0 {
            lengths.push(0);
        }
    }
    lengths[1..lengths.len() - 2].to_vec()
}

#[test]
fn drift_is_absorbed_in_pauses_and_no_syllable_is_cut_or_stretched() {
    for noise in [0.0, 300.0] {
        for ppm in [200, -200, 1_000, -1_000] {
            let heard = five_minutes(noise, ppm);
            let stats = heard.stats;
            println!(
                "{ppm} ppm, noise {noise}: {} corrections, {} in speech",
                stats.drift_corrections, stats.drift_in_speech
            );
            assert_eq!(stats.slots, 15_000);
            assert!(
                heard.audio.len() >= 14_997 * 320 && heard.audio.len() <= 15_005 * 320,
                "{}",
                heard.audio.len() / 320
            );
            assert!(heard.behind <= 3 && heard.ahead <= 5, "{} behind, {} ahead", heard.behind, heard.ahead);
            let least = if ppm.abs() == 200 { 1 } else { 11 };
            assert!(stats.drift_corrections >= least || ppm == 200, "{ppm} ppm, noise {noise}: {stats:?}");
            // Each correction is 67 ppm of five minutes, and four may be yet to come or be the network's.
            assert!((stats.drift_ppm() - ppm).abs() <= 270, "{} for {ppm} ppm", stats.drift_ppm());
            assert_eq!(stats.drift_in_speech, 0, "{ppm} ppm, noise {noise}: {stats:?}");
            assert_eq!((stats.concealed_slots, stats.lost, stats.late), (0, 0, 0), "{ppm} ppm: {stats:?}");
            let lengths = syllables(&heard.audio);
            assert!(
                lengths.len() > 700 && lengths.iter().all(|&length| length == lengths[0]),
                "{ppm} ppm: {lengths:?}"
            );
        }
    }
}
