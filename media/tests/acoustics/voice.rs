//! Recorded callers through a telephone line: when speech starts and ends, and what is no speech.

use attendant_media::dtmf::InBand;
use attendant_media::frame::{SLOT_SAMPLES, Samples};
use attendant_media::leg::Codec;
use attendant_media::vad::level_db;

use crate::recordings::*;

#[test]
fn a_recorded_sentence_starts_where_it_starts_and_ends_where_it_ends() {
    for clip in CLIPS {
        let audio = librivox(clip);
        let total = (audio.len() + 48_000) / SLOT_SAMPLES * SLOT_SAMPLES;
        let line = mixed(&after(16_000, &audio, total), &noise(20.0, total));
        let call = call(config(Codec::Pcmu), &[], &line, None);
        let starts: Vec<_> = call.facts.iter().filter(|(_, fact)| matches!(fact, Fact::Start { .. })).collect();
        let (now, Fact::Start { at, echo }) = starts[0] else { panic!("{clip}: no start") };
        let began = 16_000 + onset(&audio) as u64;
        assert!(at.0.abs_diff(began) < 2_400, "{clip}: began at {began}, said {}", at.0);
        assert!(now.as_millis() < began / 16 + 150, "{clip}: said at {} ms", now.as_millis());
        assert_eq!(*echo, 0.0);
        let (now, Fact::End { at }) = call.facts[call.facts.len() - 1] else { panic!("{clip}: no end") };
        let loud = 16_000 + audio.chunks(160).rposition(|chunk| level_db(chunk) > -38.0).unwrap() as u64 * 160;
        let rest = 16_000 + audio.len() as u64;
        assert!((loud - 1_600..rest + 800).contains(&at.0), "{clip}: ended in {loud}..{rest}, said {}", at.0);
        assert!(now.as_millis() < at.as_millis() + 280, "{clip}: end said at {} ms", now.as_millis());
    }
}

#[test]
fn speech_is_no_fax_machine_and_a_fax_machine_is_one() {
    for clip in CLIPS {
        let audio = librivox(clip);
        let call = call(config(Codec::Pcmu), &[], &audio, None);
        assert!(!call.facts.iter().any(|(_, fact)| *fact == Fact::Fax), "{clip}");
    }
    let cng: Vec<i16> =
        (0..64_000).map(|n| if n < 8_000 { (3_000.0 * (0.431_969 * f64::from(n)).sin()) as i16 } else { 0 }).collect();
    let call = call(config(Codec::Pcmu), &[], &cng, None);
    assert_eq!(call.facts.iter().filter(|(_, fact)| *fact == Fact::Fax).count(), 1);
}

/// Every clip, at three levels, each at four places of the detector's windows.
#[test]
fn speech_presses_no_keys() {
    let clips: Vec<Vec<i16>> = CLIPS.iter().map(|clip| librivox(clip)).chain([cards()]).collect();
    for (n, clip) in clips.iter().enumerate() {
        for db in [-10.0, 0.0, 8.0] {
            for place in [0, 40, 80, 120] {
                let audio = after(place, &scaled(clip, db), (clip.len() + place) / SLOT_SAMPLES * SLOT_SAMPLES);
                let mut keys = InBand::new();
                let pressed: String = audio
                    .chunks_exact(SLOT_SAMPLES)
                    .filter_map(|frame| keys.push(frame.try_into().expect("a slot")))
                    .collect();
                assert_eq!(pressed, "", "clip {n} at {db} dB, {place} samples on");
            }
        }
        let call = call(config(Codec::Pcmu), &[], clip, None);
        assert!(!call.facts.iter().any(|(_, fact)| *fact == Fact::Key), "clip {n} through mu-law");
    }
}

#[test]
fn a_noisy_line_alone_says_nothing() {
    let call = call(config(Codec::Pcmu), &[], &noise(300.0, 320_000), None);
    let starts = call.facts.iter().filter(|(_, fact)| matches!(fact, Fact::Start { .. })).count();
    assert_eq!(starts, 0);
    assert!(Samples(call.heard.len() as u64) >= Samples(320_000 - 4 * 320));
}
