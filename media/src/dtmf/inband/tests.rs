use super::*;
use crate::frame::SLOT_SAMPLES;

/// 0 dBm0 as the amplitude of a sine.
const DBM0: f32 = 22_800.0;

fn samples(millis: f32) -> usize {
    (millis * 16.0) as usize
}

/// A key's two tones, with levels in dBm0, at these shares of their frequencies.
fn tones(key: char, millis: f32, low_db: f32, high_db: f32, low_off: f32, high_off: f32) -> Vec<i16> {
    let place = KEYS.iter().flatten().position(|known| *known == key).unwrap();
    let sine = |hz: f32, db: f32, n: usize| {
        let turns = f64::from(hz) * n as f64 / f64::from(RATE);
        f64::from(DBM0 * 10.0_f32.powf(db / 20.0)) * (turns * std::f64::consts::TAU).sin()
    };
    (0..samples(millis))
        .map(|n| {
            (sine(TONES[place / 4] * low_off, low_db, n) + sine(TONES[4 + place % 4] * high_off, high_db, n)) as i16
        })
        .collect()
}

fn key(key: char, millis: f32) -> Vec<i16> {
    tones(key, millis, -8.0, -6.0, 1.0, 1.0)
}

fn silence(millis: f32) -> Vec<i16> {
    vec![0; samples(millis)]
}

fn noise(audio: &mut [i16], amplitude: f32) {
    let mut state = 7_u32;
    for sample in audio {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *sample = sample.saturating_add((((state >> 16) as f32 / 32_768.0 - 1.0) * amplitude) as i16);
    }
}

/// What is heard of it at each of eight places of the frames.
fn heard(audio: &[i16]) -> Vec<String> {
    (0..8)
        .map(|place| {
            let mut all = vec![0; place * 40 + 16];
            all.extend_from_slice(audio);
            all.extend([0; 4 * SLOT_SAMPLES]);
            let mut in_band = InBand::new();
            all.chunks_exact(SLOT_SAMPLES).filter_map(|frame| in_band.push(frame.try_into().unwrap())).collect()
        })
        .collect()
}

#[test]
fn all_sixteen_keys_are_heard_at_40_ms_with_gaps_of_40_ms() {
    let mut audio = Vec::new();
    for digit in KEYS.iter().flatten() {
        audio.extend(key(*digit, 40.0));
        audio.extend(silence(40.0));
    }
    assert_eq!(heard(&audio), ["123A456B789C*0#D"; 8]);
}

#[test]
fn the_same_key_twice_is_two_keys_and_a_long_one_is_one() {
    let audio = [key('5', 50.0), silence(40.0), key('5', 50.0), silence(40.0), key('5', 5_000.0)].concat();
    assert_eq!(heard(&audio), ["555"; 8]);
}

#[test]
fn a_break_of_10_ms_is_no_gap_and_a_tone_of_23_ms_no_key() {
    let audio = [key('5', 60.0), silence(10.0), key('5', 60.0)].concat();
    assert_eq!(heard(&audio), ["5"; 8]);
    assert_eq!(heard(&key('5', 23.0)), [""; 8]);
}

#[test]
fn levels_and_twists_of_q24_are_taken_and_what_is_far_beyond_is_not() {
    for (low, high) in [(-3.0, -3.0), (-25.0, -25.0), (-12.0, -8.0), (-8.0, -16.0)] {
        assert_eq!(heard(&tones('7', 50.0, low, high, 1.0, 1.0)), ["7"; 8], "{low}, {high} dBm0");
    }
    for (low, high) in [(-45.0, -45.0), (-20.0, -10.0), (-6.0, -20.0)] {
        assert_eq!(heard(&tones('7', 50.0, low, high, 1.0, 1.0)), [""; 8], "{low}, {high} dBm0");
    }
}

#[test]
fn tones_1_and_a_half_percent_off_are_keys_and_3_and_a_half_are_not() {
    for digit in ['1', '5', '9', 'D'] {
        for (low, high) in [(1.016, 1.016), (0.984, 0.984), (1.016, 0.984), (0.984, 1.016)] {
            assert_eq!(heard(&tones(digit, 50.0, -8.0, -6.0, low, high)), vec![digit.to_string(); 8], "{low}, {high}");
        }
        for (low, high) in [(1.035, 1.0), (0.965, 1.0), (1.0, 1.035), (1.0, 0.965)] {
            assert_eq!(heard(&tones(digit, 50.0, -8.0, -6.0, low, high)), [""; 8], "{digit} at {low}, {high}");
        }
    }
}

#[test]
fn keys_are_heard_over_noise_15_db_below() {
    let mut audio = Vec::new();
    for digit in "0123456789*#".chars() {
        audio.extend(key(digit, 60.0));
        audio.extend(silence(60.0));
    }
    // Both tones together have -3.9 dBm0; this noise, -19.
    noise(&mut audio, 0.158 * 14_600.0 * 3.0_f32.sqrt());
    assert_eq!(heard(&audio), ["0123456789*#"; 8]);
}

#[test]
fn dial_tone_ringing_fax_single_tones_and_noise_are_no_keys() {
    let sines = |frequencies: &[f32]| -> Vec<i16> {
        (0..32_000)
            .map(|n| {
                frequencies
                    .iter()
                    .map(|hz| 5_000.0 * (f64::from(*hz) * f64::from(n) / 16_000.0 * std::f64::consts::TAU).sin() as f32)
                    .sum::<f32>() as i16
            })
            .collect()
    };
    for frequencies in [
        &[350.0, 440.0][..],
        &[440.0, 480.0],
        &[480.0, 620.0],
        &[1_100.0],
        &[2_100.0],
        &[697.0],
        &[1_209.0],
        &[697.0, 770.0],
        &[941.0, 1_209.0, 2_000.0],
    ] {
        assert_eq!(heard(&sines(frequencies)), [""; 8], "{frequencies:?}");
    }
    let mut audio = silence(2_000.0);
    noise(&mut audio, 10_000.0);
    assert_eq!(heard(&audio), [""; 8]);
}
