use proptest::prelude::*;

use super::*;
use crate::frame::SILENCE;

const ONE: SpeechId = SpeechId { generation: 1, utterance: 0, attempt: 0 };
const TWO: SpeechId = SpeechId { generation: 2, utterance: 0, attempt: 0 };

/// Sample n of a speech is n + 1: every sample names its place and silence is none.
fn ramp(from: u64, count: usize) -> Vec<i16> {
    (0..count as u64).map(|n| (from + n + 1) as i16).collect()
}

fn slot(playout: &mut Playout) -> (Frame, Option<Played>) {
    let mut frame = SILENCE;
    let played = playout.slot(&mut frame);
    (frame, played)
}

#[test]
fn nothing_audible_is_silence_and_no_news() {
    let mut playout = Playout::new();
    assert_eq!(playout.room(), 0);
    assert_eq!(slot(&mut playout), (SILENCE, None));
}

#[test]
fn speech_leaves_in_order_is_counted_and_finishes_once() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    assert_eq!(playout.push(ONE, &ramp(0, 400)), 400);
    playout.end(ONE);
    let (frame, played) = slot(&mut playout);
    assert_eq!(frame[..], ramp(0, 320)[..]);
    assert_eq!(played, Some(Played { id: ONE, heard: Some(320), finished: None, dry: false }));
    let (frame, played) = slot(&mut playout);
    assert_eq!(frame[..80], ramp(320, 80)[..]);
    assert_eq!(frame[80..], [0; 240]);
    assert_eq!(played, Some(Played { id: ONE, heard: Some(400), finished: Some(400), dry: false }));
    assert_eq!(slot(&mut playout).1, Some(Played { id: ONE, ..Played::default() }));
}

#[test]
fn an_empty_speech_finishes_too() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    playout.end(ONE);
    assert_eq!(slot(&mut playout).1.and_then(|played| played.finished), Some(0));
}

#[test]
fn another_id_is_heard_from_the_next_slot_on_and_the_old_one_never_again() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    playout.push(ONE, &[7; 3_200]);
    slot(&mut playout);
    playout.audible(TWO);
    assert_eq!(playout.stale(), 3_200 - 320);
    assert_eq!(playout.push(ONE, &[7; 100]), 0);
    assert_eq!(playout.stale(), 3_200 - 320 + 100);
    assert_eq!(slot(&mut playout).0, SILENCE);
    playout.push(TWO, &[9; 320]);
    assert_eq!(slot(&mut playout).0, [9; SLOT_SAMPLES]);
}

#[test]
fn naming_the_audible_speech_again_loses_nothing_of_it() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    playout.push(ONE, &ramp(0, 640));
    slot(&mut playout);
    playout.audible(ONE);
    assert_eq!(playout.stale(), 0);
    assert_eq!(slot(&mut playout).0[..], ramp(320, 320)[..]);
}

#[test]
fn speech_longer_than_the_ring_is_heard_whole_wherever_its_slots_begin() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    // The first slot is short: no later one begins at a multiple of its length.
    let (mut written, mut heard) = (playout.push(ONE, &ramp(0, 100)) as u64, 0);
    while heard < 2 * RING as u64 {
        let (frame, played) = slot(&mut playout);
        let count = (written - heard).min(SLOT_SAMPLES as u64);
        assert_eq!(frame[..count as usize], ramp(heard, count as usize)[..]);
        heard += count;
        assert_eq!(played.unwrap().heard, Some(heard));
        written += playout.push(ONE, &ramp(written, AHEAD)) as u64;
        assert_eq!(written - heard, AHEAD as u64);
    }
}

#[test]
fn a_resume_that_finds_no_audio_fades_in_what_comes_next() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    playout.push(ONE, &[8_000; 320]);
    slot(&mut playout);
    playout.pause();
    slot(&mut playout);
    playout.resume(0);
    assert!(slot(&mut playout).1.unwrap().dry);
    playout.push(ONE, &[8_000; 320]);
    let (frame, _) = slot(&mut playout);
    assert_eq!((frame[0], frame[FADE]), (0, 8_000));
}

#[test]
fn muting_leaves_no_tail() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    playout.push(ONE, &[7; 3_200]);
    slot(&mut playout);
    playout.mute();
    assert_eq!(slot(&mut playout), (SILENCE, None));
}

#[test]
fn an_open_speech_that_runs_out_is_dry_but_one_that_has_not_begun_is_not() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    assert!(!slot(&mut playout).1.unwrap().dry);
    playout.push(ONE, &[7; 330]);
    assert!(!slot(&mut playout).1.unwrap().dry);
    assert!(slot(&mut playout).1.unwrap().dry);
    assert!(slot(&mut playout).1.unwrap().dry);
    playout.end(ONE);
    let last = slot(&mut playout).1.unwrap();
    assert!(!last.dry);
    assert_eq!(last.finished, Some(330));
}

#[test]
fn a_pause_fades_within_5_ms_and_a_resume_repeats_what_was_faded() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    playout.push(ONE, &[8_000; 1_600]);
    slot(&mut playout);
    playout.pause();
    let (frame, played) = slot(&mut playout);
    assert_eq!(frame[0], 8_000);
    assert!(frame.windows(2).all(|pair| pair[0] - pair[1] <= 101 && pair[0] >= pair[1]));
    assert_eq!(frame[FADE..], [0; SLOT_SAMPLES - FADE]);
    assert_eq!(played.unwrap().heard, None);
    assert_eq!(slot(&mut playout), (SILENCE, Some(Played { id: ONE, ..Played::default() })));
    playout.resume(0);
    let (frame, played) = slot(&mut playout);
    assert_eq!(frame[0], 0);
    assert!(frame.windows(2).all(|pair| pair[1] - pair[0] <= 101 && pair[1] >= pair[0]));
    assert_eq!(played.unwrap().heard, Some(640));
}

#[test]
fn a_resume_goes_back_and_counts_nothing_twice() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    playout.push(ONE, &ramp(0, 3_200));
    for _ in 0..5 {
        slot(&mut playout);
    }
    playout.pause();
    slot(&mut playout);
    playout.resume(480);
    let (frame, played) = slot(&mut playout);
    assert_eq!(frame[FADE..], ramp(1_600 - 480 + FADE as u64, SLOT_SAMPLES - FADE)[..]);
    assert_eq!(played.unwrap().heard, None);
    let (_, played) = slot(&mut playout);
    assert_eq!(played.unwrap().heard, Some(1_600 - 480 + 640));
}

#[test]
fn a_resume_never_goes_back_more_than_400_ms_nor_before_the_beginning() {
    for (slots, place) in [(30, 30 * 320 - BEHIND as u64), (3, 0)] {
        let mut playout = Playout::new();
        playout.audible(ONE);
        let mut written = 0;
        for _ in 0..slots {
            let room = playout.room();
            written += playout.push(ONE, &ramp(written, room)) as u64;
            slot(&mut playout);
        }
        playout.push(ONE, &ramp(written, playout.room()));
        playout.pause();
        slot(&mut playout);
        playout.resume(u32::MAX);
        let (frame, _) = slot(&mut playout);
        assert_eq!(frame[FADE..], ramp(place + FADE as u64, SLOT_SAMPLES - FADE)[..]);
    }
}

#[test]
fn what_ended_during_a_pause_finishes_after_it() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    playout.push(ONE, &[7; 640]);
    slot(&mut playout);
    playout.pause();
    playout.end(ONE);
    slot(&mut playout);
    assert_eq!(slot(&mut playout).1.unwrap().finished, None);
    playout.resume(0);
    assert_eq!(slot(&mut playout).1.unwrap().finished, Some(640));
}

#[test]
fn a_pause_taken_back_before_its_slot_is_no_gap() {
    let mut playout = Playout::new();
    playout.audible(ONE);
    playout.push(ONE, &[7; 640]);
    slot(&mut playout);
    playout.pause();
    playout.resume(0);
    assert_eq!(slot(&mut playout).1.unwrap().heard, Some(640));
}

#[derive(Clone, Debug)]
enum Step {
    Push(usize),
    Slot,
    Pause,
    Resume(u32),
    Replace,
    Stale(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..2_000).prop_map(Step::Push),
        8 => Just(Step::Slot),
        1 => Just(Step::Pause),
        2 => (0_u32..8_000).prop_map(Step::Resume),
        1 => Just(Step::Replace),
        1 => (0_usize..500).prop_map(Step::Stale),
    ]
}

proptest! {
    #[test]
    fn every_sample_between_the_first_and_the_last_is_heard_and_none_of_another_id(
        steps in prop::collection::vec(step(), 1..200)
    ) {
        let mut playout = Playout::new();
        let mut id = SpeechId { generation: 1, ..SpeechId::default() };
        playout.audible(id);
        let (mut sent, mut heard, mut next) = (0_u64, 0_u64, 0_u64);
        for step in steps {
            match step {
                Step::Push(count) => {
                    let room = playout.room();
                    let taken = playout.push(id, &vec![id.generation as i16; count]);
                    prop_assert_eq!(taken, count.min(room));
                    sent += taken as u64;
                }
                Step::Slot => {
                    let (frame, played) = slot(&mut playout);
                    prop_assert!(frame.iter().all(|&sample| sample == 0 || sample.abs() <= id.generation as i16));
                    let played = played.unwrap();
                    prop_assert_eq!(played.id, id);
                    if let Some(now) = played.heard {
                        prop_assert!(now > heard && now - heard <= SLOT_SAMPLES as u64);
                        heard = now;
                    }
                    prop_assert!(heard <= sent);
                    next += 1;
                }
                Step::Pause => playout.pause(),
                Step::Resume(back) => playout.resume(back),
                Step::Replace => {
                    id.generation += 1;
                    playout.audible(id);
                    (sent, heard) = (0, 0);
                }
                Step::Stale(count) => {
                    let before = playout.stale();
                    let other = SpeechId { attempt: 9, ..id };
                    prop_assert_eq!(playout.push(other, &vec![0; count]), 0);
                    prop_assert_eq!(playout.stale(), before + count as u64);
                }
            }
        }
        prop_assert!(next < 201);
    }
}
